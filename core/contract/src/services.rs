//! What a plugin may ask of its host. It has no sockets, no tables and no clock of its own.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::time::Timestamp;

/// An outbound call to the partner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// A name for the interface: limits and metrics are counted by it.
    pub api: String,
    /// `POST`, `GET`, …
    pub method: String,
    /// Absolute; its host must be allowed for the application.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body as text; none for `GET`.
    pub body: Option<String>,
    /// How long to wait, in milliseconds; the call's own deadline may be nearer.
    pub timeout_ms: u32,
    /// Headers whose values are secrets.
    #[serde(default)]
    pub secret_headers: Vec<String>,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.method, self.api, self.body.as_ref().map_or(0, String::len))
    }
}

/// The partner's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Something happened.
    Info,
    /// For the author.
    Debug,
    /// A level added after this build.
    #[serde(other)]
    Unknown,
}

/// A value of the shared cache with its stamp for compare-and-swap.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached {
    /// The value; often a token, never logged.
    pub value: String,
    /// Changes with every write.
    pub stamp: u64,
}

impl std::fmt::Debug for Cached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cached(stamp {})", self.stamp)
    }
}

/// The requests, in the words of the boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "service", rename_all = "snake_case")]
pub enum ServiceRequest {
    /// Call the partner.
    Http(HttpRequest),
    /// Read the application's shared cache.
    CacheGet {
        /// The name, local to the instance's application.
        key: String,
    },
    /// Write it, if its stamp still is `expected` (0: not there). One winner in the whole deployment.
    CacheSwap {
        /// The name.
        key: String,
        /// The stamp read before.
        expected: u64,
        /// The new value.
        value: CacheValue,
        /// How long it lives, in milliseconds.
        lives_ms: u64,
    },
    /// A secret of the application or connection.
    Secret {
        /// Its name, declared in the manifest.
        name: String,
    },
    /// A request added after this build.
    #[serde(other)]
    Unknown,
}

/// A cache value on its way; never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CacheValue(pub String);

impl std::fmt::Debug for CacheValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cache value")
    }
}

/// The answers, one for each request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ServiceResponse {
    /// To `http`.
    Http(HttpResponse),
    /// To `cache_get`.
    Cache {
        /// What is there.
        found: Option<Cached>,
    },
    /// To `cache_swap`.
    Swapped {
        /// The new stamp, or none when somebody else was first.
        stamp: Option<u64>,
    },
    /// To `secret`.
    #[serde(with = "value_as_field")]
    Secret(CacheValue),
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// A bare text cannot carry the tag of its answer, so it stands in a field named `value`.
mod value_as_field {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::CacheValue;

    #[derive(Serialize)]
    struct Written<'a> {
        value: &'a CacheValue,
    }

    #[derive(Deserialize)]
    struct Read {
        value: CacheValue,
    }

    pub fn serialize<S: Serializer>(value: &CacheValue, serializer: S) -> Result<S::Ok, S::Error> {
        Written { value }.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CacheValue, D::Error> {
        Read::deserialize(deserializer).map(|read| read.value)
    }
}

/// The host, as one call of a plugin sees it. The same trait serves built-ins and, over messages, libraries.
#[async_trait]
pub trait Services: Send + Sync {
    /// Asks for something.
    async fn request(&self, request: ServiceRequest) -> Result<ServiceResponse, Fault>;
    /// Leaves a line in the host's log; it is scrubbed of values the host knows as secret.
    fn log(&self, level: LogLevel, text: &str);
    /// The present instant.
    fn now(&self) -> Timestamp;
}
