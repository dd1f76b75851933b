//! Calls to partners, and how their failures are read.

use std::time::Duration;

use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::services::{HttpRequest, HttpResponse};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};

use crate::fault::HostFault;
use crate::limits::ANSWER_LIMIT_BYTES;

/// How long a connection may take to stand, in milliseconds.
pub const CONNECT_TIMEOUT_MS: u64 = 3_000;
/// How long an unused connection is kept, in milliseconds; shorter than most servers keep theirs.
pub const IDLE_TIMEOUT_MS: u64 = 20_000;
/// Unused connections kept for one host.
pub const IDLE_LIMIT: usize = 32;
/// Headers of one request.
pub const HEADERS_LIMIT: usize = 64;

/// Headers that belong to the connection and not to a plugin.
const OWN_HEADERS: [&str; 6] = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te"];

/// The one HTTP client of the host. It follows no redirect, repeats nothing, uses no proxy and keeps no cookie.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
}

impl HttpClient {
    /// Builds the client on the machine's certificates. Where there are none, plain HTTP still works, and every call
    /// over TLS fails.
    pub fn new() -> Result<Self, HostFault> {
        // The provider may have been installed by somebody else: then theirs is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = match builder().build() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "no CA certificates on this machine: calls over https will fail; install ca-certificates");
                builder().tls_certs_only([]).build().map_err(|error| HostFault::Http(error.to_string()))?
            }
        };
        Ok(Self { client })
    }

    /// Sends a request that was checked by [`check`], waits at most `wait`, and reads the whole answer.
    pub(crate) async fn send(
        &self,
        checked: Checked,
        body: Option<String>,
        wait: Duration,
    ) -> Result<HttpResponse, Fault> {
        let safe = checked.method.is_safe();
        let mut request = self.client.request(checked.method, checked.url).headers(checked.headers).timeout(wait);
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(|error| read_failure(&error, safe))?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| read_failure(&error, safe))? {
            if bytes.len() + chunk.len() > ANSWER_LIMIT_BYTES {
                return Err(of_effect(
                    FaultKind::Garbled,
                    safe,
                    format!("the answer is longer than {ANSWER_LIMIT_BYTES} bytes"),
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        let headers = response.headers().iter();
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        })
    }
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .pool_idle_timeout(Duration::from_millis(IDLE_TIMEOUT_MS))
        .pool_max_idle_per_host(IDLE_LIMIT)
        .user_agent(concat!("entrepot/", env!("CARGO_PKG_VERSION")))
}

/// A request whose parts were found good.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) method: Method,
    pub(crate) url: Url,
    headers: HeaderMap,
}

/// Reads a plugin's request and refuses what cannot or must not be sent.
pub(crate) fn check(request: &HttpRequest, allow_hosts: &[String]) -> Result<Checked, Fault> {
    let method: Method = request.method.parse().map_err(|_| Fault::invalid("the HTTP method is none"))?;
    if method == Method::CONNECT || method == Method::TRACE {
        return Err(Fault::invalid(format!("the HTTP method {method} is not allowed")));
    }
    let url: Url = request.url.parse().map_err(|_| Fault::invalid("the URL cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::invalid("a URL must be http or https and carry no credentials"));
    }
    let host = url.host_str().unwrap_or_default();
    if !host_allowed(&url, allow_hosts) {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        return Err(Fault::invalid(format!("the host {host}{port} is not in the application's allow-list")));
    }
    if request.body.as_ref().is_some_and(|body| body.len() > entrepot_contract::abi::MESSAGE_LIMIT_BYTES) {
        return Err(Fault::invalid("the body is too long"));
    }
    Ok(Checked { method, headers: headers(&request.headers)?, url })
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, Fault> {
    if given.len() > HEADERS_LIMIT {
        return Err(Fault::invalid(format!("a request may carry {HEADERS_LIMIT} headers")));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let parsed: HeaderName = name.parse().map_err(|_| Fault::invalid("the name of a header cannot be read"))?;
        if OWN_HEADERS.contains(&parsed.as_str()) {
            return Err(Fault::invalid(format!("the header {parsed} is the host's own")));
        }
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Fault::invalid(format!("the value of the header {parsed} cannot be sent")))?;
        value.set_sensitive(true);
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// `host` allows the scheme's own port, `host:port` that port; both compare the whole name.
fn host_allowed(url: &Url, allow_hosts: &[String]) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
    allow_hosts.iter().any(|allowed| {
        (url.port().is_none() && allowed.eq_ignore_ascii_case(host))
            || with_port.as_ref().is_some_and(|with_port| allowed.eq_ignore_ascii_case(with_port))
    })
}

/// Before the connection stands nothing was sent. After that, only a method without effect is certain.
fn read_failure(error: &reqwest::Error, safe: bool) -> Fault {
    if error.is_builder() {
        return Fault::invalid("the request cannot be sent");
    }
    if error.is_connect() {
        let text = if error.is_timeout() {
            "the partner's connection does not stand in time"
        } else {
            "the partner cannot be reached"
        };
        return Fault::not_done(FaultKind::Unavailable, format!("{text}: {}", causes(error)));
    }
    if error.is_timeout() {
        return of_effect(FaultKind::TimedOut, safe, "the partner did not answer in time".to_owned());
    }
    of_effect(FaultKind::Unavailable, safe, format!("the exchange with the partner broke off: {}", causes(error)))
}

pub(crate) fn of_effect(kind: FaultKind, safe: bool, text: String) -> Fault {
    let effect = if safe { Effect::NotDone } else { Effect::Unknown };
    Fault { effect, ..Fault::not_done(kind, text) }
}

/// The innermost cause; the outer ones repeat the URL, whose query may carry secrets.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if std::ptr::addr_eq(std::ptr::from_ref(cause), std::ptr::from_ref(error)) {
        "no cause given".to_owned()
    } else {
        cause.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> HttpRequest {
        HttpRequest {
            api: "a".to_owned(),
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![],
            body: None,
            timeout_ms: 1,
            secret_headers: vec![],
        }
    }

    #[test]
    fn only_named_hosts_are_called() {
        let allow = ["open.test".to_owned(), "127.0.0.1:8080".to_owned(), "tls.test:443".to_owned()];
        for good in [
            "https://open.test/x",
            "https://OPEN.test:443",
            "http://open.test/",
            "http://127.0.0.1:8080/a",
            "https://tls.test/",
        ] {
            assert!(check(&request(good), &allow).is_ok(), "{good}");
        }
        for bad in [
            "https://open.test:8443/",
            "https://open.test.evil.test/",
            "https://evil.test/?open.test",
            "https://open.test@evil.test/",
            "https://u:p@open.test/",
            "http://127.0.0.1/",
            "http://tls.test/",
            "file:///etc/passwd",
            "ftp://open.test/",
            "open.test",
        ] {
            assert_eq!(check(&request(bad), &allow).unwrap_err().kind, FaultKind::Invalid, "{bad}");
        }
    }

    #[test]
    fn the_connections_own_headers_are_the_hosts() {
        let allow = ["open.test".to_owned()];
        for (name, value) in [("Host", "evil.test"), ("content-length", "1"), ("x y", "1"), ("x", "a\r\nb: c")] {
            let mut request = request("https://open.test/");
            request.headers.push((name.to_owned(), value.to_owned()));
            assert!(check(&request, &allow).is_err(), "{name}");
        }
    }
}
