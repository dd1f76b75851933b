//! What is kept of the traffic, for tests and for the demo.

use std::collections::VecDeque;
use std::fmt;

use crate::reply::Pace;

/// How many entries each log keeps; older ones are dropped.
pub const LOG_LIMIT: usize = 10_000;

/// A call as it came in.
#[derive(Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub at_ms: i64,
    /// `transactionName`; empty when it could not be read.
    pub transaction: String,
    /// The order, sub-order or batch number it names.
    pub subject: Option<String>,
    /// `xmlMsg` as received. It may name guests, so `Debug` leaves it out.
    pub xml: String,
    /// `code` that was made, even when a fault kept it back; `None` for calls refused below the message.
    pub code: Option<u32>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Whether the answer went out at once.
    pub pace: Pace,
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("at_ms", &self.at_ms)
            .field("transaction", &self.transaction)
            .field("subject", &self.subject)
            .field("xml_bytes", &self.xml.len())
            .field("code", &self.code)
            .field("status", &self.status)
            .field("pace", &self.pace)
            .finish()
    }
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
    pub fn push(&mut self, entry: T) {
        if self.entries.len() == LOG_LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub fn all(&self) -> Vec<T> {
        self.entries.iter().cloned().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter()
    }
}
