//! The named formats of texts: what the schema's `format` says beyond "a text".

use std::net::SocketAddr;

use entrepot_contract::ids::ConnectionId;

use super::address::{BaseUrl, DatabaseUrl};
use super::alerts::WebhookUrl;
use super::security::GuestKey;

/// A named format.
pub(super) struct Format {
    /// As the schema writes it.
    pub name: &'static str,
    /// What it allows, for people.
    pub expected: &'static str,
    /// Why a text is not of this format; never repeats the text.
    pub check: fn(&str) -> Result<(), String>,
}

/// Every format of this configuration.
pub(super) static FORMATS: [Format; 11] = [
    Format { name: "entrepot-id", expected: "1 to 128 bytes without spaces", check: id },
    Format {
        name: "application-id",
        expected: "1 to 128 letters, digits, '-', '_' or '.' (it is part of URLs)",
        check: application_id,
    },
    Format {
        name: "listen-address",
        expected: "an IP address and port, such as 127.0.0.1:8080 or [::1]:8080",
        check: listen,
    },
    Format { name: "base-url", expected: "an http or https URL without user, query or fragment", check: base_url },
    Format {
        name: "database-url",
        expected: "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME",
        check: database_url,
    },
    Format { name: "webhook-url", expected: "an http or https URL without fragment", check: webhook_url },
    Format {
        name: "guest-key",
        expected: "32 bytes in base64, as `openssl rand -base64 32` makes them",
        check: guest_key,
    },
    Format { name: "host-name", expected: "a host or host:port, without scheme or path", check: host_name },
    Format {
        name: "log-filter",
        expected: "a level (error, warn, info, debug, trace) or directives such as info,entrepot_engine=debug",
        check: log_filter,
    },
    Format { name: "sha256", expected: "64 hexadecimal digits", check: sha256 },
    Format { name: "header-name", expected: "the name of an HTTP header", check: header_name },
];

/// Finds a format by name.
pub(super) fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

fn id(text: &str) -> Result<(), String> {
    ConnectionId::parse(text).map(drop).map_err(|error| error.found)
}

fn application_id(text: &str) -> Result<(), String> {
    id(text)?;
    match text.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        Some(bad) => Err(format!("the character {bad:?}")),
        None => Ok(()),
    }
}

fn listen(text: &str) -> Result<(), String> {
    text.parse::<SocketAddr>().map(drop).map_err(|error| error.to_string())
}

fn base_url(text: &str) -> Result<(), String> {
    BaseUrl::parse(text).map(drop)
}

fn database_url(text: &str) -> Result<(), String> {
    DatabaseUrl::parse(text).map(drop)
}

fn webhook_url(text: &str) -> Result<(), String> {
    WebhookUrl::parse(text).map(drop)
}

fn guest_key(text: &str) -> Result<(), String> {
    GuestKey::parse(text).map(drop)
}

fn host_name(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return Err("a scheme or path".to_owned());
    }
    let url = BaseUrl::parse(&format!("https://{text}"))?;
    let plain = url.as_str().trim_start_matches("https://");
    if plain.is_empty() { Err("no host".to_owned()) } else { Ok(()) }
}

fn log_filter(text: &str) -> Result<(), String> {
    tracing_subscriber::EnvFilter::builder().parse(text).map(drop).map_err(|error| error.to_string())
}

fn sha256(text: &str) -> Result<(), String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err(format!("{} characters", text.chars().count()))
    }
}

fn header_name(text: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !text.is_empty() && text.bytes().all(token) {
        Ok(())
    } else {
        Err("characters that a header name may not have".to_owned())
    }
}
