//! What was answered to whom. Whoever got an answer can rely on it: here is where the checks find them all again.

use std::collections::BTreeMap;

use entrepot_contract::intent::UnitChoice;
use entrepot_contract::outcome::{Outcome, Reason};
use entrepot_domain::answer::Answer;

/// An order as a channel knows it: the connection's number, and the channel's own.
pub(crate) type ChannelName = (usize, String);

/// What a guest wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) sku: &'static str,
    pub(crate) count: u32,
    pub(crate) nights: u32,
}

/// A call with its answer.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) order: ChannelName,
    pub(crate) scene: &'static str,
    pub(crate) key: String,
    /// What decides the answer besides the key.
    pub(crate) contents: String,
    /// The units that a refund named.
    pub(crate) units: Option<UnitChoice>,
    pub(crate) outcome: Outcome,
}

/// Everything that was answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By order and contents: a channel may come with other contents under one number.
    pub(crate) wanted: BTreeMap<(ChannelName, String), Wanted>,
    pub(crate) answers: Vec<Answered>,
    /// What gates and the office were answered, by key.
    pub(crate) commands: BTreeMap<String, Answer>,
    /// Money that came in, by distributor.
    pub(crate) top_ups: BTreeMap<String, i64>,
}

/// Whether an answer says that nothing was decided.
pub(crate) const fn undecided(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Busy | Outcome::CallAgain | Outcome::Unknown)
}

impl Ledger {
    /// Writes an answer down; says how it differs from one that was given before.
    pub(crate) fn write(&mut self, answered: Answered) -> Option<String> {
        let same = |other: &&Answered| {
            other.order == answered.order
                && other.scene == answered.scene
                && other.key == answered.key
                && other.contents == answered.contents
        };
        let differs = self.answers.iter().filter(same).find(|other| !agree(&other.outcome, &answered.outcome));
        let breach = differs.map(|other| {
            format!(
                "one key, two answers: {} {:?} {}: {:?}, then {:?}",
                answered.scene, answered.order, answered.key, other.outcome, answered.outcome
            )
        });
        self.answers.push(answered);
        breach
    }

    /// Writes the answer to a command down; says how it differs from one that was given before.
    pub(crate) fn write_command(&mut self, key: &str, answer: &Answer) -> Option<String> {
        let before = self.commands.entry(key.to_owned()).or_insert_with(|| answer.clone());
        (&*before != answer).then(|| format!("one key, two answers: {key}: {before:?}, then {answer:?}"))
    }

    /// The answers of a scene about an order.
    pub(crate) fn about<'a>(&'a self, order: &'a ChannelName, scene: &'a str) -> impl Iterator<Item = &'a Answered> {
        self.answers.iter().filter(move |answered| &answered.order == order && answered.scene == scene)
    }
}

/// Whether two answers to one question can both be true. What is not decided yet may be decided later.
fn agree(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Outcome::Usage { .. } | Outcome::Bookable, _) | (_, Outcome::Usage { .. } | Outcome::Bookable) => true,
        (Outcome::RefundWaiting | Outcome::Issuing { .. } | Outcome::Recorded, _)
        | (_, Outcome::RefundWaiting | Outcome::Issuing { .. } | Outcome::Recorded) => true,
        // Nobody knew the order, then it came; or credentials came, then the order ended.
        (Outcome::Refused(refusal), _) | (_, Outcome::Refused(refusal))
            if matches!(refusal.reason, Reason::OrderUnknown | Reason::SupplierRefused) =>
        {
            true
        }
        // What the channel kept counts; the fee is told again as it stands.
        (Outcome::RefundAgreed { .. }, Outcome::RefundAgreed { .. }) => true,
        // What we refused and the channel gave back all the same is done; the end shows whether it is.
        (Outcome::RefundRefused { .. }, Outcome::RefundRefused { .. } | Outcome::RefundAgreed { .. }) => true,
        _ => one == other,
    }
}
