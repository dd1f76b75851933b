//! What came back from a call to the other side.

use serde_json::Value;

/// Whether an attempt was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer came in time.
    Answered,
    /// None within the time limit, or it was lost by a fault.
    TimedOut,
    /// No connection, or it broke.
    Unreachable,
}

/// One attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whether it was answered.
    pub outcome: Outcome,
    /// HTTP status; 0 without an answer.
    pub http_status: u16,
    /// `data.error_code`, when readable.
    pub error_code: Option<i64>,
    /// Seconds waited before this attempt by the ladder, before scaling.
    pub delay_s: u64,
}

/// The result of an SPI call or webhook after all its attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct SpiReply {
    /// Whether the last attempt was answered.
    pub outcome: Outcome,
    /// Last HTTP status; 0 without an answer.
    pub http_status: u16,
    /// Last body as JSON; null when absent or not JSON.
    pub body: Value,
    /// Content type of the last answer; empty without one.
    pub content_type: String,
    /// Real milliseconds of the last attempt.
    pub elapsed_ms: u64,
    /// Attempts made.
    pub attempts: u32,
    /// `X-Bytedance-Logid`, the same on every attempt.
    pub logid: String,
    /// Each attempt in order.
    pub history: Vec<Attempt>,
    /// The other answer of a request that a fault delivered twice.
    pub twin: Option<Value>,
}

impl SpiReply {
    /// The last attempt had no answer.
    pub fn is_unanswered(&self) -> bool {
        self.outcome != Outcome::Answered
    }

    /// The object `data` of the answer; null without one.
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    /// `data.error_code` of a 200 answer (common §7.4).
    pub fn error_code(&self) -> Option<i64> {
        if self.http_status == 200 { self.body["data"]["error_code"].as_i64() } else { None }
    }

    /// HTTP 200 and error_code 0.
    pub fn is_ok(&self) -> bool {
        self.error_code() == Some(0)
    }
}
