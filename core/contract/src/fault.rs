//! How a call across the boundary fails. The core decides on `kind` and `outcome`; text is for people.

use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The message or its settings are wrong; repeating it does not help.
    Invalid,
    /// The other side does not know the thing.
    NotFound,
    /// Nothing left to sell.
    SoldOut,
    /// The other side said no, for a business reason.
    Refused,
    /// Credentials or a signature do not hold.
    Unauthenticated,
    /// The quota is used up; wait.
    RateLimited,
    /// The other side cannot be reached or is busy.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// The plugin's code failed.
    Crashed,
    /// The plugin does not declare this call.
    Unsupported,
    /// The host's in-flight share or breaker refused to start the call.
    Busy,
    /// The answer cannot be what was asked for.
    Garbled,
    /// Anything else.
    Internal,
    /// A kind added after this build.
    #[serde(other)]
    Unknown,
}

/// Whether the call had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Certainly without effect; may be repeated.
    NotDone,
    /// Certainly with effect.
    Done,
    /// Nobody knows: inquire before anything else.
    #[serde(other)]
    Unknown,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind:?} (effect {effect:?}): {text}")]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// Whether it had its effect.
    pub effect: Effect,
    /// For people; never holds secrets or guests' data.
    pub text: String,
    /// The partner's own code, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
    /// When a repeat may help, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A failure certainly without effect.
    #[must_use]
    pub fn not_done(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, effect: Effect::NotDone, text: text.into(), partner_code: None, retry_after_ms: None }
    }

    /// A failure whose effect nobody knows.
    #[must_use]
    pub fn unknown(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { effect: Effect::Unknown, ..Self::not_done(kind, text) }
    }

    /// The message or settings are wrong.
    #[must_use]
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::not_done(FaultKind::Invalid, text)
    }

    /// The call is not declared by the plugin.
    #[must_use]
    pub fn unsupported(call: &str) -> Self {
        Self::not_done(FaultKind::Unsupported, format!("this plugin does not declare the call {call}"))
    }

    /// The answer cannot be read; the call may have had its effect.
    #[must_use]
    pub fn garbled(text: impl Into<String>) -> Self {
        Self::unknown(FaultKind::Garbled, text)
    }

    /// With the partner's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.partner_code = Some(code.into());
        self
    }

    /// Whether repeating the same call may succeed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::RateLimited
                | FaultKind::Unavailable
                | FaultKind::TimedOut
                | FaultKind::Busy
                | FaultKind::Crashed
                | FaultKind::Garbled
                | FaultKind::Internal
                | FaultKind::Unknown
        )
    }
}
