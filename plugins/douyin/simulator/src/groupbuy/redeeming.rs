//! Redemption of a reservation: whole, not early, not while a refund is open; it completes the purchase
//! (groupbuy rules 26 to 30, B12, B14).

use crate::misuse::Misuse;
use crate::orders::{Order, OrderState, RefundState};
use crate::outcomes::SOURCE_ISSUE_FAILED;
use crate::platform::{Platform, World};
use crate::redemptions::{Mark, RedemptionKind};
use crate::refunding::{RefundAsk, RefundReply};

/// Why an order cannot be redeemed now, beyond its own state; `None`: it can.
pub(crate) fn forbidden(world: &World, order: &Order, now_ms: i64) -> Option<&'static str> {
    if order.purchase.solution.family().is_some() {
        return Some("a voucher with reservation is redeemed by its reservation order (groupbuy rule 26)");
    }
    let source_id = order.purchase.solution.source_order_id()?;
    let source = world.orders.get(source_id);
    if source.is_some_and(Order::has_refund_under_way) {
        return Some("a refund of the voucher is under way (groupbuy rule 30)");
    }
    let first_s = order.purchase.valid_s().map(|(first_s, _)| first_s);
    if first_s.is_some_and(|first_s| now_ms / 1000 < first_s) {
        return Some("the first valid day has not come (groupbuy rule 28)");
    }
    None
}

impl Order {
    /// One used unit redeems the whole reservation (rule 27); other orders stay as they are.
    pub(crate) fn redeem_whole(&mut self, mark: &Mark, next_id: &dyn Fn() -> String) {
        let any = self.units.iter().flat_map(|unit| &unit.voucher).any(|one| one.items.iter().any(|item| item.used));
        if any && self.purchase.solution.source_order_id().is_some() {
            let all: Vec<usize> = (0..self.units.len()).collect();
            self.redeem_rest(&all, mark, next_id);
        }
    }
}

impl World {
    /// Completes the purchase of a reservation that is redeemed.
    pub(crate) fn complete_source(&mut self, order_id: &str, now_ms: i64) {
        let Some(order) = self.orders.get(order_id).filter(|order| order.state == OrderState::Used) else {
            return;
        };
        let Some(source_id) = order.purchase.solution.source_order_id().map(str::to_owned) else {
            return;
        };
        if let Some(source) = self.orders.get_mut(&source_id).filter(|source| !source.state.is_over()) {
            source.units.iter_mut().for_each(crate::Unit::use_all);
            source.enter(OrderState::Used, now_ms);
        }
    }
}

impl Platform {
    /// The expiry of a reservation: a status query first; one used unit redeems the whole order, none leads to the
    /// question with source 302 (B14, row M7). `None` when the query was not answered or the order was used.
    pub(crate) async fn expire_reservation(&self, order_id: &str) -> Result<Option<RefundReply>, Misuse> {
        if !self.query(order_id).await?.is_ok() {
            return Ok(None);
        }
        let state = self.change(order_id, |order| order.state)?;
        if state != OrderState::Issued {
            return Ok(None);
        }
        let ask = RefundAsk { source: 302, ..RefundAsk::user() };
        let mut review = self.ask(order_id, ask, 1).await?;
        if review.state == RefundState::Agreed {
            self.conclude_refund(order_id, &review.key, self.shared.options.group_buy.telling).await?;
            review.state = RefundState::Done;
        }
        Ok(Some(review))
    }

    /// What a redemption that was heard of otherwise does to a reservation and its purchase.
    pub(crate) fn follow_redemption(&self, order_id: &str, kind: RedemptionKind) -> Result<(), Misuse> {
        let now_ms = self.now_ms();
        let mark = Mark { kind, verify_ms: now_ms, now_ms, poi_id: None };
        self.change(order_id, |order| order.redeem_whole(&mark, &|| self.shared.ids.verify()))?;
        self.shared.world().complete_source(order_id, now_ms);
        Ok(())
    }
}

/// The refunds that forbid a redemption dated after them: those of a calendar ticket that were refused (scenic §13). For
/// group-buy the order is to refuse first and redeem then (rule 30), so none does.
pub(crate) fn dates_of_refusals(order: &Order) -> impl Iterator<Item = i64> {
    let refused = order.refunds.iter().filter(|refund| refund.state == RefundState::Refused);
    // A refund refused with repaired vouchers (301) came before there was anything to redeem.
    let refused = refused.filter(|refund| refund.source != SOURCE_ISSUE_FAILED);
    refused.filter(|_| !order.purchase.solution.is_group_buy()).map(|refund| refund.asked_ms)
}
