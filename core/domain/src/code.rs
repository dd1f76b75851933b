//! Imported codes (码库): where one stands, on which days it is good, and which days an order needs.
//!
//! A code is taken in the change that issues its order, so none is ever reserved for one: what is reserved is handed over
//! to a channel's own pool ([`crate::upload`]). Dates are those of the venue.

use entrepot_contract::ids::{BatchId, CodeId, OrderId, PoolName};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, Visit};
use entrepot_contract::time::{Timestamp, VisitDate};
use serde::{Deserialize, Serialize};

use crate::venue;

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// May be given.
    Available,
    /// Given back by an order of which nobody had seen it: may be given again, after those that never were.
    Returned,
    /// Kept back with its batch.
    Paused,
    /// A channel's own pool has it, or may have it: never given here.
    Reserved,
    /// Given to a unit.
    Assigned,
    /// Used at a gate.
    Used,
    /// Taken out for ever.
    Void,
    /// Its last day has ended everywhere, and nobody had it.
    Expired,
}

impl CodeState {
    /// Whether it may be given to an order, or reserved for a channel.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Self::Available | Self::Returned)
    }
}

/// A pool of imported codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// Codes that may be given: those in state `available` or `returned`.
    pub available: u32,
    /// Alert below this many.
    pub threshold: u32,
    /// Alert when codes end within so many days; 0: never.
    pub expiring_days: u16,
}

/// First and last day, inclusive, on which a code is good; an end that is left out is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ValidDays {
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<VisitDate>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<VisitDate>,
}

impl ValidDays {
    /// Whether it is good on all of these days.
    #[must_use]
    pub fn cover(&self, days: Days) -> bool {
        self.from.is_none_or(|from| from <= days.first) && self.to.is_none_or(|to| to >= days.last)
    }

    /// Sorts what ends earlier before what ends later, and what never ends last.
    #[must_use]
    pub fn end(&self) -> (bool, Option<VisitDate>) {
        (self.to.is_none(), self.to)
    }
}

/// Days on which an order's codes have to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    /// First.
    pub first: VisitDate,
    /// Last, inclusive.
    pub last: VisitDate,
}

impl Days {
    /// For codes that are good until this day at least, whenever they begin to be.
    #[must_use]
    pub fn until(last: VisitDate) -> Self {
        let first = chrono::NaiveDate::from_ymd_opt(2100, 12, 31).and_then(VisitDate::new).unwrap_or(last);
        Self { first, last }
    }
}

/// The days that an order needs: those of its visit; otherwise what is left of its window of use; otherwise today. None
/// where no day can be told: then any code will do.
#[must_use]
pub fn days_needed(
    visit: Option<&Visit>,
    usable: Option<(VisitDate, VisitDate)>,
    time_zone: &str,
    at: Timestamp,
) -> Option<Days> {
    if let Some(visit) = visit {
        return Some(Days { first: visit.arrive, last: visit.leave.max(visit.arrive) });
    }
    let today = venue::zone(time_zone).and_then(|zone| venue::today(zone, at));
    match (usable, today) {
        (Some((first, last)), Some(today)) => Some(Days { first: first.max(today), last: last.max(today) }),
        (Some((first, last)), None) => Some(Days { first, last }),
        (None, Some(today)) => Some(Days { first: today, last: today }),
        (None, None) => None,
    }
}

/// The first day that has not ended everywhere: what was good until the day before it is over, whatever the venue.
#[must_use]
pub fn first_day_left(at: Timestamp) -> Option<VisitDate> {
    VisitDate::new(at.plus_millis(-12 * 3_600_000).to_utc().date_naive())
}

/// What is known of a code besides what a guest shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFacts {
    /// With what it came.
    pub batch: BatchId,
    /// When it is good.
    pub valid: ValidDays,
    /// What is printed on it, where it says so; never posted.
    pub face: Option<Money>,
}

impl CodeFacts {
    /// A code of a batch that is good for ever and says no value.
    #[must_use]
    pub fn of(batch: BatchId) -> Self {
        Self { batch, valid: ValidDays::default(), face: None }
    }
}

/// A code of a pool that may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableCode {
    /// Its id.
    pub id: CodeId,
    /// When it is good.
    pub valid: ValidDays,
    /// What the guest will show.
    pub credentials: Vec<Credential>,
    /// Whether an order gave it back.
    pub returned: bool,
}

impl AvailableCode {
    /// Sorts codes as they are given: those that never were first, and of them what ends first.
    #[must_use]
    pub fn turn(&self) -> (bool, (bool, Option<VisitDate>)) {
        (self.returned, self.valid.end())
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> CodeState {
        if self.returned { CodeState::Returned } else { CodeState::Available }
    }
}

/// A code that is stored for the first time.
#[derive(Clone, PartialEq, Eq)]
pub struct FreshCode {
    /// Its id.
    pub id: CodeId,
    /// What makes it unique; stored only as a keyed digest.
    pub text: String,
    /// What the guest will show.
    pub credentials: Vec<Credential>,
    /// The rest.
    pub facts: CodeFacts,
    /// `available`, or `paused` with its batch.
    pub state: CodeState,
}

impl std::fmt::Debug for FreshCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code {} ({:?}, {:?})", self.id, self.facts, self.state)
    }
}

/// A code with the unit that gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCode {
    /// The code.
    pub code: CodeId,
    /// The order.
    pub order: OrderId,
    /// The unit.
    pub unit: u16,
    /// When.
    pub at: Timestamp,
}

/// Whether the codes of a batch are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// They are.
    Active,
    /// Not for now.
    Paused,
    /// Never again.
    Void,
}

impl BatchState {
    /// Where a code stands that comes into such a batch and that nobody has.
    #[must_use]
    pub const fn standing(self) -> CodeState {
        match self {
            Self::Active => CodeState::Available,
            Self::Paused => CodeState::Paused,
            Self::Void => CodeState::Void,
        }
    }

    /// Where a code of such a batch stands that an order gives back unseen.
    #[must_use]
    pub const fn standing_of_returned(self) -> CodeState {
        match self.standing() {
            CodeState::Available => CodeState::Returned,
            other => other,
        }
    }
}

/// Codes that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeBatch {
    /// Whether they are given.
    pub state: BatchState,
    /// Who brought the first of them.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Codes that move together, as many at once as one command may touch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeMove {
    /// Those of a batch that nobody has.
    Batch(PoolName, BatchId, Vec<CodeState>),
    /// Those that were good until the day before this one at most.
    Ended(PoolName, VisitDate),
}

impl CodeMove {
    /// The pool.
    #[must_use]
    pub const fn pool(&self) -> &PoolName {
        match self {
            Self::Batch(pool, ..) | Self::Ended(pool, _) => pool,
        }
    }

    /// The states that are left.
    #[must_use]
    pub fn from(&self) -> &[CodeState] {
        match self {
            Self::Batch(_, _, from) => from,
            Self::Ended(..) => &[CodeState::Available, CodeState::Returned, CodeState::Paused],
        }
    }
}

/// The states that a batch's codes leave when it becomes this.
#[must_use]
pub const fn left_for(to: BatchState) -> &'static [CodeState] {
    match to {
        BatchState::Active => &[CodeState::Paused],
        BatchState::Paused => &[CodeState::Available, CodeState::Returned],
        BatchState::Void => &[CodeState::Available, CodeState::Returned, CodeState::Paused],
    }
}

/// A code that an order has, and whether its batch still lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCode {
    /// The code.
    pub id: CodeId,
    /// How its batch stands.
    pub batch: BatchState,
}

/// An order that waits for codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeWait {
    /// The pool.
    pub pool: PoolName,
    /// The order.
    pub order: OrderId,
    /// Codes that it needs.
    pub wanted: u32,
    /// On which days they have to be good.
    pub days: Option<Days>,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> VisitDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
    }

    #[test]
    fn a_visit_needs_its_own_days_and_a_window_what_is_left_of_it() {
        let now = at("2026-09-30T17:00:00Z");
        let visit = Visit { arrive: date("2026-10-03"), leave: date("2026-10-04") };
        let window = Some((date("2026-09-01"), date("2026-10-31")));
        let needed = |visit, window| days_needed(visit, window, "Asia/Shanghai", now).unwrap();
        assert_eq!(needed(Some(&visit), window), Days { first: visit.arrive, last: visit.leave });
        let left = Days { first: date("2026-10-01"), last: date("2026-10-31") };
        assert_eq!(needed(None, window), left, "at the venue it is the first of October already");
        assert_eq!(needed(None, None), Days { first: date("2026-10-01"), last: date("2026-10-01") });
        assert_eq!(days_needed(None, None, "nowhere", now), None);
    }

    #[test]
    fn a_code_covers_whole_visits_only_and_ends_when_its_day_has_ended_everywhere() {
        let valid = ValidDays { from: Some(date("2026-10-02")), to: Some(date("2026-10-04")) };
        let days = |first, last| Days { first: date(first), last: date(last) };
        assert!(valid.cover(days("2026-10-02", "2026-10-04")));
        assert!(!valid.cover(days("2026-10-01", "2026-10-02")));
        assert!(!valid.cover(days("2026-10-04", "2026-10-05")));
        assert!(ValidDays::default().cover(days("2026-10-04", "2026-10-05")));
        assert_eq!(first_day_left(at("2026-10-05T11:59:00Z")), Some(date("2026-10-04")));
        assert_eq!(first_day_left(at("2026-10-05T12:00:00Z")), Some(date("2026-10-05")));
    }
}

/// A code on its way into a pool.
#[derive(Clone)]
pub struct NewCode {
    /// Line in the file.
    pub line: u32,
    /// What makes it unique: the code's text as imported; stored only as a keyed digest.
    pub text: String,
    /// What the guest will show.
    pub credentials: Vec<Credential>,
    /// The rest.
    pub facts: CodeFacts,
}

impl std::fmt::Debug for NewCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code of line {}", self.line)
    }
}
