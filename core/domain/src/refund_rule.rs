//! What a guest gets back, by the rule snapshotted at the sale. The same for preview and for decision.

use entrepot_contract::money::{Money, MoneyFault};
use entrepot_contract::order::{Order, RefundCause};
use entrepot_contract::product::{RefundFee, RefundOtherwise};
use entrepot_contract::time::Timestamp;

use crate::planted::{self, Bug};
use crate::venue;

/// Who decides a refund of an order whose credentials are being issued, and none are there yet. What the channel asks
/// because none came in time has a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnissuedRefund {
    /// Whoever decides its refunds at any other time.
    #[default]
    Rule,
    /// A person: the ticket may be there in a moment.
    Person,
}

/// What the rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Give back, less this fee.
    Allow(RefundFee),
    /// Give nothing back.
    Refuse,
    /// A person decides.
    AskPerson,
}

/// Applies an order's rule to a request made at `asked_at`. Causes that are not the guest's wish cost no fee.
#[must_use]
pub fn judge(order: &Order, cause: RefundCause, units: usize, asked_at: Timestamp) -> Verdict {
    let rule = &order.terms.refund;
    if matches!(cause, RefundCause::IssueFailed | RefundCause::NotAccepted) {
        return Verdict::Allow(RefundFee::Free);
    }
    if !rule.partial && units < order.units.len() {
        return Verdict::AskPerson;
    }
    let zone = venue::zone(&order.terms.time_zone);
    let start = match (zone, &order.visit) {
        (Some(zone), Some(visit)) => Some(venue::start_of(zone, visit.arrive)),
        _ => None,
    };
    let step = rule.steps.iter().filter(|_| !planted::is(Bug::StepsIgnored)).find(|step| {
        start.is_none_or(|start| {
            let until = start.plus_millis(-i64::from(step.hours_before_visit) * 3_600_000);
            asked_at < until
        })
    });
    match (step, rule.otherwise) {
        (Some(step), _) => Verdict::Allow(step.fee),
        (None, RefundOtherwise::Free) => Verdict::Allow(RefundFee::Free),
        (None, RefundOtherwise::Never) => Verdict::Refuse,
        (None, RefundOtherwise::Manual) => Verdict::AskPerson,
    }
}

/// The fee on one unit of that price; never above the price.
pub fn fee_on(price: Money, fee: RefundFee) -> Result<Money, MoneyFault> {
    let amount = match fee {
        RefundFee::Free => 0,
        RefundFee::Fixed(minor) => minor.max(0),
        RefundFee::Ratio(ten_thousandths) => {
            let product = i128::from(price.amount_minor) * i128::from(ten_thousandths.min(10_000));
            i64::try_from(product / 10_000).map_err(|_| MoneyFault::Overflow)?
        }
    };
    Ok(Money::new(amount.min(price.amount_minor), price.currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_never_exceed_the_price_and_round_in_the_guests_favour() {
        let price = Money::fen(999);
        assert_eq!(fee_on(price, RefundFee::Ratio(1000)).unwrap(), Money::fen(99));
        assert_eq!(fee_on(price, RefundFee::Fixed(5_000)).unwrap(), price);
        assert_eq!(fee_on(price, RefundFee::Fixed(-5)).unwrap(), Money::fen(0));
        assert_eq!(fee_on(Money::fen(i64::MAX), RefundFee::Ratio(10_000)).unwrap(), Money::fen(i64::MAX));
    }
}
