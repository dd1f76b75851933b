//! What the platform remembers of the traffic, for tests and for the demo.

use crate::scene::Scene;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// How many entries each log keeps; older ones are dropped.
pub const LOG_LIMIT: usize = 100_000;

/// One OpenAPI call received.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Platform time.
    pub at_ms: i64,
    /// HTTP method.
    pub method: String,
    /// Path with its trailing slash.
    pub path: String,
    /// Decoded query pairs.
    pub query: Vec<(String, String)>,
    /// Parsed JSON body, null when empty or unreadable; a client_secret is masked.
    pub body: Value,
    /// Headers, lower-case names, without secrets.
    pub headers: BTreeMap<String, String>,
    /// error_code of the answer; `None` when the call was left hanging.
    pub error_code: Option<i64>,
    /// `extra.logid` of the answer.
    pub logid: String,
}

/// One SPI call or webhook made, all its attempts together.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Platform time at the start.
    pub at_ms: i64,
    /// Which call.
    pub scene: Scene,
    /// `X-Bytedance-Logid`.
    pub logid: String,
    /// Body as built, before any fault.
    pub request: Value,
    /// Last HTTP status; 0 without an answer.
    pub http_status: u16,
    /// Last body; null without one.
    pub answer: Value,
    /// Attempts made.
    pub attempts: u32,
}

/// A breach of the platform's rules by the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Platform time.
    pub at_ms: i64,
    /// The order, when there is one.
    pub order_id: Option<String>,
    /// Which rule, with its section.
    pub rule: String,
}

/// A log with a bound.
#[derive(Debug)]
pub(crate) struct Log<T> {
    entries: VecDeque<T>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new() }
    }
}

impl<T: Clone> Log<T> {
    pub(crate) fn push(&mut self, entry: T) {
        if self.entries.len() == LOG_LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
