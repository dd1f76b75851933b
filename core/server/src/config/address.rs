//! URLs of partners and of the database.

use std::borrow::Cow;
use std::fmt;

use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::{self, MASK};

/// A partner's base URL: http or https, without user, query, fragment or a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Parses the text; slashes at its end are dropped.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("its scheme is {:?}", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it carries a user name or password, which belong in credentials".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it carries a query or fragment".to_owned());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// As text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host, with the port where it is not the scheme's own.
    #[must_use]
    pub fn host(&self) -> String {
        let url = Url::parse(&self.0).expect("parse() accepted the same text but for slashes at its end");
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for BaseUrl {
    fn schema_name() -> Cow<'static, str> {
        "BaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "base-url" })
    }
}

/// The hosts allowed by name, else the one of the base URL.
pub(super) fn allowed_hosts(named: &[String], base_url: Option<&BaseUrl>) -> Vec<String> {
    if named.is_empty() { base_url.map(BaseUrl::host).into_iter().collect() } else { named.to_vec() }
}

/// Which database a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// Embedded, one file.
    Sqlite,
    /// A PostgreSQL server, or one that speaks its protocol.
    Postgres,
}

/// The database's URL. It may carry a password, so printing it masks that.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    kind: DatabaseKind,
}

impl DatabaseUrl {
    /// Parses the text; only SQLite and PostgreSQL are known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let kind = match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => DatabaseKind::Sqlite,
            Some("postgres" | "postgresql") => DatabaseKind::Postgres,
            Some(other) if other.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                return Err(format!("its scheme is {other:?}"));
            }
            _ => return Err("it has no scheme".to_owned()),
        };
        let url = Self { text: text.to_owned(), kind };
        match kind {
            DatabaseKind::Sqlite if url.sqlite_path().is_none_or(str::is_empty) => Err("it names no file".to_owned()),
            DatabaseKind::Postgres => {
                let parsed = Url::parse(text).map_err(|error| error.to_string())?;
                let elsewhere = parsed.query_pairs().any(|(name, _)| name == "host");
                let named = parsed.host_str().is_some_and(|host| !host.is_empty()) || elsewhere;
                if named { Ok(url) } else { Err("it names no host".to_owned()) }
            }
            DatabaseKind::Sqlite => Ok(url),
        }
    }

    /// The URL with its password, for the driver.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Which database it names.
    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The file of a SQLite database as the URL writes it, without options.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&str> {
        if self.kind != DatabaseKind::Sqlite {
            return None;
        }
        let rest = self.text.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        Some(rest.split_once('?').map_or(rest, |(path, _)| path))
    }

    /// The URL without its password, for people.
    #[must_use]
    pub fn redacted(&self) -> String {
        let Ok(mut url) = Url::parse(&self.text) else {
            return self.text.clone();
        };
        if self.kind == DatabaseKind::Sqlite {
            return self.text.clone();
        }
        if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
            return format!("{}:{MASK}", url.scheme());
        }
        if url.query().is_some_and(|query| query.contains("password")) {
            url.set_query(Some(MASK));
        }
        url.to_string()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for DatabaseUrl {
    fn schema_name() -> Cow<'static, str> {
        "DatabaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        secret::schema_with_format(Some("database-url"))
    }
}
