//! Notifications on their way (§8). The desk prepares them, a sender takes those that are due and reports what came
//! back; nothing is sent by itself, and waiting is a matter of the injected clock.

use crate::notice::NoticeKind;

/// A notification to send: an HTTP GET of `url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Its number here.
    pub id: u64,
    /// Which notification.
    pub kind: NoticeKind,
    /// The registered URL with the query.
    pub url: String,
    /// When it is due, Unix milliseconds.
    pub due_ms: i64,
    /// Attempts made.
    pub attempts: u32,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// An answer came.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body's begin.
        body: String,
    },
    /// None in time.
    TimedOut,
    /// No connection, or it broke.
    Unreachable,
}

impl Sent {
    /// Status 200 and the bare word `success`; anything else means failure (§8; the status is inferred).
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Sent::Answered { status: 200, body } if body == "success")
    }
}

/// One attempt, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at_ms: i64,
    /// What was sent; `attempts` counts this one.
    pub callback: Callback,
    /// What came of it.
    pub sent: Sent,
    /// Whether it is over: accepted, or the ladder has no further step.
    pub over: bool,
}

/// `base` with query parameters, form-url-encoded.
pub(crate) fn url(base: &str, parameters: &[(String, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}{query}")
}
