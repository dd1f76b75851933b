//! When something has to have happened, and when somebody is warned. Each is a line of its order.

use entrepot_contract::order::{Deadline, DeadlineKind, Order};
use entrepot_contract::time::Timestamp;

use crate::alert::AlertKind;

/// How long a connection's channel gives for each step; none where nobody counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// An unpaid order holds stock and credit.
    pub hold_ms: i64,
    /// A paid order is accepted or refused.
    pub accept_ms: Option<i64>,
    /// Credentials are there.
    pub issue_ms: Option<i64>,
    /// From when on the credentials of a reservation are counted for.
    pub issue_from: IssueFrom,
    /// A refund is decided once it was asked.
    pub audit_ms: Option<i64>,
    /// The channel's next call comes.
    pub progress_ms: Option<i64>,
    /// How much of a time may pass before somebody is warned, in percent; 100 and more warns nobody.
    pub warn_percent: u8,
}

/// When a channel begins to count for the credentials of a reservation. For what was bought it always is its first call
/// for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssueFrom {
    /// At its first call for them.
    #[default]
    Call,
    /// When the reservation is accepted, whether or not it calls.
    Acceptance,
}

impl Times {
    /// The ten minutes that ticket channels give for credentials, three days for a refund, and a quarter of an hour
    /// for a payment; somebody is warned after four fifths.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            hold_ms: 900_000,
            accept_ms: Some(600_000),
            issue_ms: Some(600_000),
            issue_from: IssueFrom::Call,
            audit_ms: Some(259_200_000),
            progress_ms: Some(3_600_000),
            warn_percent: 80,
        }
    }

    /// A deadline that begins now.
    #[must_use]
    pub fn from_now(&self, kind: DeadlineKind, now: Timestamp, within_ms: i64) -> Deadline {
        self.until(kind, now, now.plus_millis(within_ms))
    }

    /// A deadline at an instant, for something that begins now.
    #[must_use]
    pub fn until(&self, kind: DeadlineKind, now: Timestamp, due: Timestamp) -> Deadline {
        let share = i128::from(due.since(now).max(0)) * i128::from(self.warn_percent) / 100;
        let warn = (self.warn_percent < 100).then(|| now.plus_millis(i64::try_from(share).unwrap_or(i64::MAX)));
        Deadline { kind, due, warn, passed: false }
    }
}

/// The alert that warns of a deadline, and tells that it passed.
#[must_use]
pub const fn alert_of(kind: &DeadlineKind) -> AlertKind {
    match kind {
        DeadlineKind::Hold => AlertKind::HoldEnding,
        DeadlineKind::Accept => AlertKind::AcceptanceDue,
        DeadlineKind::Issue => AlertKind::IssueDue,
        DeadlineKind::Audit { .. } => AlertKind::RefundDue,
        DeadlineKind::Reserve => AlertKind::ReserveEnding,
        DeadlineKind::Progress | DeadlineKind::Usage => AlertKind::Stuck,
    }
}

/// What the alert is about.
#[must_use]
pub fn subject_of(order: &Order, kind: &DeadlineKind) -> String {
    match kind {
        DeadlineKind::Audit { refund } => refund.to_string(),
        _ => order.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minute_eight_of_ten() {
        let start = Timestamp::from_millis(0);
        let deadline = Times::usual().from_now(DeadlineKind::Issue, start, 600_000);
        assert_eq!(deadline.warn, Some(Timestamp::from_millis(480_000)));
        assert_eq!(deadline.next(), Some(Timestamp::from_millis(480_000)));
        let silent = Times { warn_percent: 100, ..Times::usual() }.from_now(DeadlineKind::Issue, start, 600_000);
        assert_eq!(silent.next(), Some(Timestamp::from_millis(600_000)));
    }
}
