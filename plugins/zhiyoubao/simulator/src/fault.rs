//! What goes wrong with one call, on the way there or back.

use crate::refusal::Refusal;
use crate::transaction::Transaction;
use crate::xml::Element;

/// Bytes of an oversize answer.
pub(crate) const OVERSIZE_BYTES: usize = 4 * 1024 * 1024;

/// An answer other than the right one. Of a call without effect, the right one is an empty success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadAnswer {
    /// None, ever: the caller times out.
    Never,
    /// The right one, when [`crate::Desk::release_held`] is pressed.
    Late,
    /// This HTTP status with a short text.
    Status(u16),
    /// A redirect to this URL (§1: to be refused).
    Redirect(String),
    /// Status 200 and a page of HTML.
    Html,
    /// Status 200 and what is no XML.
    Garbage,
    /// Status 200 and no body.
    Empty,
    /// The first half of the right one.
    Truncated,
    /// The right one with a description of 4 MiB.
    Oversize,
    /// The right one with the numbers, codes and contact of another order; an error answer stays as it is.
    OtherOrder,
    /// The right one with the name of another transaction.
    OtherTransaction,
    /// A refusal.
    Refusal(Refusal),
    /// Any code and text.
    Code(u32, String),
}

/// A fault of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whether the call has its effect all the same.
    pub effect: bool,
    /// What is answered.
    pub answer: BadAnswer,
}

impl Fault {
    /// The call does nothing.
    #[must_use]
    pub fn without_effect(answer: BadAnswer) -> Self {
        Self { effect: false, answer }
    }

    /// The call has its effect, only the answer goes wrong.
    #[must_use]
    pub fn after_effect(answer: BadAnswer) -> Self {
        Self { effect: true, answer }
    }

    /// The call is refused and does nothing.
    #[must_use]
    pub fn refuse(refusal: Refusal) -> Self {
        Self::without_effect(BadAnswer::Refusal(refusal))
    }
}

/// Faults waiting, first in, first out per matching call.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<(Option<Transaction>, Fault)>,
}

impl Faults {
    pub fn push(&mut self, transaction: Option<Transaction>, fault: Fault) {
        self.waiting.push((transaction, fault));
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The fault for a call of this transaction.
    pub fn take(&mut self, transaction: Transaction) -> Option<Fault> {
        let place = self.waiting.iter().position(|(wanted, _)| wanted.is_none_or(|wanted| wanted == transaction))?;
        Some(self.waiting.remove(place).1)
    }
}

/// Turns a document into the same about another order.
pub(crate) fn another_order(document: &mut Element) {
    document.walk(&mut |element| match element.name.as_str() {
        "orderCode" | "scenicThirdCode" | "ticketThirdCode" => element.text.insert(0, 'X'),
        "assistCheckNo" => "00000000".clone_into(&mut element.text),
        "retreatBatchNo" => element.text = "0".repeat(32),
        "linkName" => "旁人".clone_into(&mut element.text),
        "linkMobile" => "19900009999".clone_into(&mut element.text),
        _ => {}
    });
}
