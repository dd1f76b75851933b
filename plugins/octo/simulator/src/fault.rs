//! What goes wrong with a call. A fault hits one call: the next one, or the next of its kind.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::Call;
use crate::corruption::Corruption;

/// Most bytes that [`Fault::Oversize`] adds.
pub const OVERSIZE_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Never answered, and nothing happens.
    HangBefore,
    /// It has its effect and is never answered.
    HangAfter,
    /// INTERNAL_SERVER_ERROR, and nothing happens.
    ServerError,
    /// It has its effect and is answered with INTERNAL_SERVER_ERROR.
    ServerErrorAfter,
    /// GATEWAY_TIMEOUT although it has its effect.
    GatewayTimeout,
    /// It has its effect and is answered 200 with a page of HTML.
    Html,
    /// It has its effect and is answered 200 without a body.
    EmptyBody,
    /// It has its effect; half of the answer's body comes.
    Truncated,
    /// The answer is about another booking: the newest other one, or a made-up one.
    OtherBooking,
    /// A successful answer with wrong or missing values.
    Corrupt(Corruption),
    /// A right answer, made longer by this many blanks.
    Oversize(usize),
    /// A right answer, late.
    Slow(Duration),
}

/// Faults that wait for their call.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: VecDeque<(Option<Call>, Fault)>,
}

impl Faults {
    pub(crate) fn push(&mut self, call: Option<Call>, fault: Fault) {
        self.waiting.push_back((call, fault));
    }

    /// The first fault that this call fits.
    pub(crate) fn take(&mut self, call: Call) -> Option<Fault> {
        let at = self.waiting.iter().position(|(wanted, _)| wanted.is_none_or(|wanted| wanted == call))?;
        self.waiting.remove(at).map(|(_, fault)| fault)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
