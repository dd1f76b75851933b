//! The table of an order's states. What is not in it cannot happen.

use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::{Reason, Refusal};

/// What moves an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The guest paid.
    Pay,
    /// We accept.
    Accept,
    /// We refuse after payment.
    Refuse,
    /// A supplier is asked.
    StartIssue,
    /// Credentials are there.
    Issue,
    /// Credentials will not come; the channel refunds.
    FailIssue,
    /// The last open unit was used.
    UseLast,
    /// The last open unit was given back, and none was used.
    RefundAll,
    /// Ended before payment: by the channel, or because the hold ran out.
    Cancel,
}

/// The table: from, step, to.
const TABLE: &[(OrderState, Step, OrderState)] = &[
    (OrderState::Created, Step::Pay, OrderState::Paid),
    (OrderState::Created, Step::Cancel, OrderState::Cancelled),
    (OrderState::Created, Step::RefundAll, OrderState::Cancelled),
    (OrderState::Paid, Step::Accept, OrderState::Accepted),
    (OrderState::Paid, Step::Refuse, OrderState::Refused),
    (OrderState::Paid, Step::RefundAll, OrderState::Refunded),
    (OrderState::Accepted, Step::StartIssue, OrderState::Issuing),
    (OrderState::Accepted, Step::Issue, OrderState::Issued),
    (OrderState::Accepted, Step::FailIssue, OrderState::Refused),
    (OrderState::Accepted, Step::RefundAll, OrderState::Refunded),
    (OrderState::Issuing, Step::Issue, OrderState::Issued),
    (OrderState::Issuing, Step::FailIssue, OrderState::Refused),
    (OrderState::Issuing, Step::RefundAll, OrderState::Refunded),
    // A voucher is used through its reservations, whether or not anything was issued for itself.
    (OrderState::Accepted, Step::UseLast, OrderState::Completed),
    (OrderState::Issuing, Step::UseLast, OrderState::Completed),
    (OrderState::Issued, Step::UseLast, OrderState::Completed),
    (OrderState::Issued, Step::RefundAll, OrderState::Refunded),
    (OrderState::Completed, Step::RefundAll, OrderState::Completed),
];

/// Where a step leads, or a refusal that names what was found and what the step needs.
pub fn next(from: OrderState, step: Step) -> Result<OrderState, Refusal> {
    TABLE.iter().find(|(state, taken, _)| *state == from && *taken == step).map(|(_, _, to)| *to).ok_or_else(|| {
        let needed: Vec<String> =
            TABLE.iter().filter(|(_, taken, _)| *taken == step).map(|(state, _, _)| format!("{state:?}")).collect();
        Refusal::new(
            Reason::StateForbids,
            format!("{step:?} needs an order that is {}; this one is {from:?}", needed.join(" or ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pair_leads_to_two_states_and_refusals_explain_themselves() {
        for (index, (state, step, _)) in TABLE.iter().enumerate() {
            let again = TABLE.iter().skip(index + 1).any(|(other, taken, _)| other == state && taken == step);
            assert!(!again, "{state:?} {step:?} stands twice");
        }
        let refusal = next(OrderState::Cancelled, Step::Pay).unwrap_err();
        assert_eq!(refusal.text, "Pay needs an order that is Created; this one is Cancelled");
    }

    #[test]
    fn an_ended_order_stays_ended() {
        for (from, _, to) in TABLE {
            assert!(!from.ended() || to.ended(), "{from:?} comes back to {to:?}");
        }
    }
}
