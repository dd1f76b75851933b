//! Refunds that a channel asks for because it saw no ticket in time (出票失败, 301). The guest did not wish them: tickets
//! that are there, or come while such a refund waits, repair the order (补码). A refusal goes out with the tickets and
//! never without: the channel would take that for an agreement. And refunds that a guest asks for while tickets are on
//! their way: a person may have to decide those.

use entrepot_contract::money::Money;
use entrepot_contract::order::{DeadlineKind, Order, OrderState, Refund, RefundCause, RefundState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::product::Fulfilment;

use super::draft::Draft;
use super::refund;
use crate::change::Change;
use crate::planted::{self, Bug};
use crate::refund_rule::UnissuedRefund;

/// Whether there is something that a guest can show.
fn has_tickets(order: &Order) -> bool {
    matches!(order.state, OrderState::Issued | OrderState::Completed) && order.terms.fulfilment != Fulfilment::Nothing
}

/// Whether a person decides this question because the order's tickets are on their way: what a guest wishes, while the
/// channel counts for them or a supplier is at work. A voucher that nobody reserved yet waits for no ticket.
pub(super) fn on_its_way(draft: &Draft<'_>, order: &Order, asked: &Refund) -> Result<bool, Refusal> {
    let counted = order.deadlines.iter().any(|deadline| deadline.kind == DeadlineKind::Issue);
    let under_way = match order.state {
        OrderState::Issuing => true,
        OrderState::Paid | OrderState::Accepted => counted,
        _ => false,
    };
    let by_person = draft.channel(&order.connection)?.unissued_refund == UnissuedRefund::Person;
    let by_person = by_person && !planted::is(Bug::UnissuedByRule);
    Ok(under_way && by_person && asked.cause != RefundCause::IssueFailed)
}

/// By rule: tickets that are there go out with a refusal; when none can come any more, the money goes back; as long as a
/// ticket may still come, a person decides, unless it comes before.
pub(super) fn asked(draft: &mut Draft<'_>, order: &Order, asked: &mut Refund) {
    if has_tickets(order) {
        refund::decide(draft, order, asked, "rule", Err("the tickets are there".to_owned()));
    } else if matches!(order.state, OrderState::Refused | OrderState::Refunded | OrderState::Cancelled) {
        agree(draft, order, asked);
    } else {
        refund::ask_person(draft, order, asked);
    }
}

fn agree(draft: &mut Draft<'_>, order: &Order, asked: &mut Refund) {
    asked.settlement_fee = Some(Money::zero(order.terms.settlement.currency));
    refund::decide(draft, order, asked, "rule", Ok(()));
}

/// A refusal would have no effect at the channel without tickets.
pub(super) fn refusable(order: &Order, asked: &Refund) -> Result<(), Refusal> {
    if asked.cause != RefundCause::IssueFailed || has_tickets(order) || planted::is(Bug::RefusedWithoutCodes) {
        return Ok(());
    }
    let text = format!(
        "refund {} was asked because no ticket came, and order {} has none: the channel takes a refusal without tickets \
         for an agreement; issue the order first, which refuses the refund by itself, or agree",
        asked.id, order.id
    );
    let zh = "该退款因未出票发起：不带凭证的拒绝平台不认。必须先出票，系统会带上凭证自动拒绝；或者同意退款";
    Err(Refusal::new(Reason::StateForbids, text).in_chinese(zh))
}

/// Tickets came. Whoever waits for a decision gets them with it; nobody is told who agreed to the refund before.
/// Whether that is all the channel has to be told.
pub(super) fn tickets_came(draft: &mut Draft<'_>, order: &mut Order) -> bool {
    let about = |refund: &&Refund| refund.cause == RefundCause::IssueFailed;
    let all: Vec<Refund> = draft.state.refunds(order).filter(about).cloned().collect();
    let told = all.iter().any(|refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed));
    end_waiting(draft, order, all, |draft, order, refund| {
        refund::decide(draft, order, refund, "rule", Err("the tickets came".to_owned()));
    });
    told
}

/// No ticket will come: where refunds are decided by rule, nothing is left to decide.
pub(super) fn tickets_will_not_come(draft: &mut Draft<'_>, order: &mut Order) {
    if !draft.channel(&order.connection).is_ok_and(|channel| channel.refund_by_rule) {
        return;
    }
    let about = |refund: &&Refund| refund.cause == RefundCause::IssueFailed;
    let all: Vec<Refund> = draft.state.refunds(order).filter(about).cloned().collect();
    end_waiting(draft, order, all, agree);
}

fn end_waiting(
    draft: &mut Draft<'_>,
    order: &mut Order,
    all: Vec<Refund>,
    end: impl Fn(&mut Draft<'_>, &Order, &mut Refund),
) {
    for mut refund in all.into_iter().filter(|refund| refund.state == RefundState::Waiting) {
        end(draft, order, &mut refund);
        refund::decided(draft, order, &refund);
        draft.push(Change::Refund(Box::new(refund)));
    }
}
