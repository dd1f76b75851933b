//! What the engine notes down beside commands: what a channel was told last, how far a look got, when a partner's call
//! passed last, and the differences that comparing with a channel found. Nothing of it decides about money or stock;
//! what is lost is found again by the next comparison.

use async_trait::async_trait;
use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::order::{Order, Refund};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::difference::{Difference, DifferenceKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::storage::StorageFault;

/// Most rows of one page of [`Notes::orders_made`].
pub const ORDERS_PAGE: u32 = 500;

/// Under what notes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// A date as a channel was told it last. Scope: connection; subject: `listing/date`.
    ToldDate,
    /// How telling a calendar goes. Scope: connection; subject: the product's name.
    TellingCalendar,
    /// How telling a product goes. Scope: connection; subject: the product's name.
    TellingProduct,
    /// What a person, or the channel itself, asked to be done soon. Scope: connection; subject: what.
    Wish,
    /// How far the changes of a channel's orders were followed. Scope: connection.
    CatchUp,
    /// A day's comparison with a channel. Scope: connection; subject: the day.
    Reconciliation,
    /// A message of a partner that was seen before. Scope: application; subject: its id.
    Message,
    /// The last call of a partner that passed. Scope: connection; subject: the scene.
    Scene,
}

impl NoteKind {
    /// Its name in stored rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToldDate => "told_date",
            Self::TellingCalendar => "telling_calendar",
            Self::TellingProduct => "telling_product",
            Self::Wish => "wish",
            Self::CatchUp => "catch_up",
            Self::Reconciliation => "reconciliation",
            Self::Message => "message",
            Self::Scene => "scene",
        }
    }
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// About what, within its scope and kind.
    pub subject: String,
    /// What is noted.
    pub body: Value,
    /// When.
    pub at: Timestamp,
}

/// A day of one connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ComparedDay {
    /// Whose.
    pub merchant: MerchantId,
    /// The channel connection.
    pub connection: ConnectionId,
    /// The day, in the channel's time.
    pub day: VisitDate,
}

/// A difference as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingDifference {
    /// The channel connection.
    pub connection: ConnectionId,
    /// The day whose comparison found it.
    pub day: VisitDate,
    /// What was found.
    #[serde(flatten)]
    pub difference: Difference,
    /// When it was found first.
    pub found_at: Timestamp,
    /// When it was found last.
    pub seen_at: Timestamp,
    /// When it was gone, or a person settled it; none while it stands.
    pub settled_at: Option<Timestamp>,
    /// Who settled it, and why; `gone` where a later comparison did not find it any more.
    pub settled_by: Option<String>,
}

/// A difference by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceName {
    /// Its day.
    pub of: ComparedDay,
    /// Its kind.
    pub kind: DifferenceKind,
    /// What it is about.
    pub subject: String,
}

/// An order with its refunds, as a comparison needs them.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeOrder {
    /// The order.
    pub order: Order,
    /// Its refunds.
    pub refunds: Vec<Refund>,
}

/// Where notes are kept.
#[async_trait]
pub trait Notes: Send + Sync {
    /// All notes of a kind, ordered by subject.
    async fn notes(&self, scope: &str, kind: NoteKind) -> Result<Vec<Note>, StorageFault>;
    /// Writes notes over what was there under their subjects; without a body a note is taken away.
    async fn note(
        &self,
        scope: &str,
        kind: NoteKind,
        changes: Vec<(String, Option<Value>)>,
        at: Timestamp,
    ) -> Result<(), StorageFault>;
    /// Writes a note that is not there, or is older than `since`; whether that was so. Of several who ask at once one is
    /// told so.
    async fn first_note(
        &self,
        scope: &str,
        kind: NoteKind,
        subject: &str,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StorageFault>;
    /// Takes away the notes of a kind that are older.
    async fn forget_notes(&self, kind: NoteKind, before: Timestamp) -> Result<(), StorageFault>;
    /// Orders that came through a connection and were made here in a time, page by page, ordered by id.
    async fn orders_made(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&OrderId>,
    ) -> Result<Vec<MadeOrder>, StorageFault>;
    /// What a comparison of that day found: it replaces what stood before, and what was not found again is gone.
    async fn found(&self, of: &ComparedDay, found: Vec<Difference>, at: Timestamp) -> Result<(), StorageFault>;
    /// A person settles a difference. False: it does not stand.
    async fn settle(&self, which: &DifferenceName, by: &str, at: Timestamp) -> Result<bool, StorageFault>;
    /// A merchant's differences, the newest day first: those that stand, or all.
    async fn differences(
        &self,
        merchant: &MerchantId,
        filter: &DifferenceFilter,
    ) -> Result<Vec<StandingDifference>, StorageFault>;
}

/// Which differences are asked for.
#[derive(Debug, Clone, Default)]
pub struct DifferenceFilter {
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Of this day.
    pub day: Option<VisitDate>,
    /// Those that were settled, too.
    pub settled: bool,
    /// At most so many; [`DIFFERENCES_LIMIT`] when zero.
    pub limit: u32,
}

/// Most differences of one answer.
pub const DIFFERENCES_LIMIT: u32 = 10_000;

impl DifferenceFilter {
    /// How many are wanted.
    #[must_use]
    pub const fn most(&self) -> u32 {
        if self.limit == 0 || self.limit > DIFFERENCES_LIMIT { DIFFERENCES_LIMIT } else { self.limit }
    }
}
