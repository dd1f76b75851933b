//! How a call across the boundary fails. The core decides on `kind` and `outcome`; text is for people.

use serde::{Deserialize, Serialize};

use crate::message::CallNature;

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

    /// A plugin's fault as the host believes it. A call without effect has none; a call that was not taken has none,
    /// either. A failure that says nothing about the partner leaves the effect open once something was `sent` to it.
    /// "Done" is believed only where the answer to what was done cannot be read.
    #[must_use]
    pub fn settled(mut self, nature: CallNature, sent: bool) -> Self {
        self.effect = match self.kind {
            _ if !nature.has_effect() => Effect::NotDone,
            FaultKind::Unsupported | FaultKind::Busy => Effect::NotDone,
            FaultKind::Garbled if self.effect == Effect::Done => Effect::Done,
            FaultKind::TimedOut
            | FaultKind::Crashed
            | FaultKind::Garbled
            | FaultKind::Internal
            | FaultKind::Unknown
                if sent =>
            {
                Effect::Unknown
            }
            _ if self.effect == Effect::Done => Effect::Unknown,
            _ => self.effect,
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_effect_fit_together() {
        use CallNature::{Acts, Asks};
        use Effect::{Done, NotDone, Unknown};
        let settled = |kind, effect, nature| Fault { effect, ..Fault::not_done(kind, "") }.settled(nature, true).effect;
        for (kind, told, believed) in [
            (FaultKind::Busy, Done, NotDone),
            (FaultKind::Unsupported, Unknown, NotDone),
            (FaultKind::Refused, NotDone, NotDone),
            (FaultKind::Refused, Unknown, Unknown),
            (FaultKind::SoldOut, Done, Unknown),
            (FaultKind::Unavailable, NotDone, NotDone),
            (FaultKind::TimedOut, NotDone, Unknown),
            (FaultKind::TimedOut, Done, Unknown),
            (FaultKind::Crashed, NotDone, Unknown),
            (FaultKind::Garbled, NotDone, Unknown),
            (FaultKind::Garbled, Done, Done),
            (FaultKind::Internal, NotDone, Unknown),
            (FaultKind::Unknown, NotDone, Unknown),
        ] {
            assert_eq!(settled(kind, told, Acts), believed, "{kind:?} told as {told:?}");
            assert_eq!(settled(kind, told, Asks), NotDone, "a question has no effect");
        }
        let unsent = Fault::not_done(FaultKind::TimedOut, "").settled(Acts, false);
        assert_eq!(unsent.effect, NotDone, "nothing went out");
    }
}
