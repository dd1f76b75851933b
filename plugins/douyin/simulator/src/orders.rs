//! The platform's own view of an order (`spec/douyin-scenic-calendar.md` §1.2).

use crate::groupbuy::Event;
use crate::purchase::Purchase;
use crate::redemptions::Redemption;
use crate::vouchers::IssuedVoucher;
use serde_json::Value;

/// Minutes for accepting and for issuing (scenic §1.1), in milliseconds.
pub const TEN_MINUTES_MS: i64 = 600_000;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderState {
    /// Created before payment.
    Created,
    /// Paid, not yet accepted.
    Paid,
    /// Accepted by us (接单).
    Accepted,
    /// The issue SPI was called, no voucher yet.
    Issuing,
    /// Every copy has its voucher.
    Issued,
    /// Some vouchers redeemed.
    PartUsed,
    /// Every voucher that was not refunded is redeemed.
    Used,
    /// Every copy refunded.
    Refunded,
    /// Cancelled.
    Cancelled,
    /// Refused by us: creation or acceptance failed.
    Refused,
}

impl OrderState {
    /// Nothing that the other side answers moves the order any more.
    pub fn is_over(self) -> bool {
        matches!(self, OrderState::Refunded | OrderState::Cancelled | OrderState::Refused)
    }

    /// The `order_status` sent unless the options name another: numbers of ours, no page lists them (common §14).
    pub fn default_number(self) -> i64 {
        match self {
            OrderState::Created => 1,
            OrderState::Paid => 2,
            OrderState::Accepted => 3,
            OrderState::Issuing => 4,
            OrderState::Issued => 5,
            OrderState::PartUsed => 6,
            OrderState::Used => 7,
            OrderState::Refunded => 8,
            OrderState::Cancelled => 9,
            OrderState::Refused => 10,
        }
    }
}

/// Where one copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitState {
    /// No voucher yet.
    Unissued,
    /// Voucher delivered, not redeemed.
    Unused,
    /// Some of its items redeemed.
    PartUsed,
    /// Redeemed.
    Used,
    /// Refunded.
    Refunded,
}

impl UnitState {
    /// The `item_status` of the order query and the `status` of a voucher, unless the options name another: numbers of
    /// ours, no page lists them (common §§13, 14).
    pub fn default_number(self) -> i64 {
        match self {
            UnitState::Unissued => 1,
            UnitState::Unused => 2,
            UnitState::PartUsed => 3,
            UnitState::Used => 4,
            UnitState::Refunded => 5,
        }
    }
}

/// What went back for one copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRefund {
    /// Fen.
    pub amount_fen: i64,
    /// When.
    pub at_ms: i64,
}

/// One copy of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Sub order of the create SPI.
    pub item_order_id: String,
    /// Douyin's id of the voucher.
    pub certificate_id: String,
    /// The voucher, once issued.
    pub voucher: Option<IssuedVoucher>,
    /// Refunded.
    pub refunded: bool,
    /// What went back, once it is refunded.
    pub refund: Option<UnitRefund>,
    /// Ids of its redemptions.
    pub verify_ids: Vec<String>,
    /// The last change.
    pub updated_ms: i64,
}

impl Unit {
    /// Where the copy stands.
    pub fn state(&self) -> UnitState {
        let Some(voucher) = &self.voucher else {
            return if self.refunded { UnitState::Refunded } else { UnitState::Unissued };
        };
        let used = voucher.items.iter().filter(|item| item.used).count();
        match (self.refunded, used) {
            (true, _) => UnitState::Refunded,
            (false, 0) => UnitState::Unused,
            (false, many) if many == voucher.items.len() => UnitState::Used,
            (false, _) => UnitState::PartUsed,
        }
    }

    /// Whether one of its items has this project_id.
    pub fn has_project(&self, project_id: &str) -> bool {
        self.voucher.as_ref().is_some_and(|v| v.items.iter().any(|item| item.project_id == project_id))
    }

    /// Marks every item redeemed.
    pub(crate) fn use_all(&mut self) {
        for item in self.voucher.iter_mut().flat_map(|voucher| &mut voucher.items) {
            item.used = true;
        }
    }

    /// Marks the items with these ids redeemed.
    pub(crate) fn use_projects(&mut self, project_ids: &[String]) {
        for item in self.voucher.iter_mut().flat_map(|voucher| &mut voucher.items) {
            item.used |= project_ids.contains(&item.project_id);
        }
    }
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// Asked, no readable decision (no answer, or error_code 100 to the end).
    Asked,
    /// We answered "waiting" (scenic §7, result 3).
    Reviewing,
    /// Agreed.
    Agreed,
    /// Refused.
    Refused,
    /// The money went back and the notice was sent.
    Done,
}

/// One refund of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// `biz_uniq_key`.
    pub key: String,
    /// `after_sale_type`: 1 refund, 2 cancel the reservation (groupbuy B8).
    pub after_sale_type: i64,
    /// `apply_source`; 0 for refunds that nobody was asked about.
    pub source: i64,
    /// The fee Douyin computed, fen.
    pub fee_fen: i64,
    /// Places of the copies concerned, from 0.
    pub units: Vec<usize>,
    /// Where it stands.
    pub state: RefundState,
    /// When it was asked.
    pub asked_ms: i64,
    /// What went back to the guest, fen.
    pub amount_fen: Option<i64>,
    /// The body of the review request, for repeats.
    pub ask_body: Option<Value>,
    /// The body of the result notice, for repeats.
    pub notice_body: Option<Value>,
}

impl Refund {
    /// Whether a decision is still to come.
    pub fn is_open(&self) -> bool {
        matches!(self.state, RefundState::Asked | RefundState::Reviewing)
    }
}

/// One order as the platform sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Douyin's id.
    pub order_id: String,
    /// Ours, once answered.
    pub order_out_id: Option<String>,
    /// What was bought.
    pub purchase: Purchase,
    /// Where it stands.
    pub state: OrderState,
    /// Its copies.
    pub units: Vec<Unit>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Creation had no answer and was taken as done (scenic §1.1).
    pub assumed_created: bool,
    /// Why it was refused: the answer's error_code.
    pub refusal_code: Option<i64>,
    /// Every state entered, with its time.
    pub history: Vec<(i64, OrderState)>,
    /// When it was paid.
    pub paid_ms: Option<i64>,
    /// When it was accepted.
    pub accepted_ms: Option<i64>,
    /// When the first issue call was made.
    pub issuing_ms: Option<i64>,
    /// The create body, for repeats.
    pub create_body: Value,
    /// Its redemptions, oldest first.
    pub redemptions: Vec<Redemption>,
    /// The last change, of the order or of a copy.
    pub updated_ms: i64,
    /// What happened to it, with the time, oldest first.
    pub events: Vec<(i64, Event)>,
}

impl Order {
    /// Merchant account.
    pub fn account_id(&self) -> &str {
        &self.purchase.account_id
    }

    /// Copies.
    pub fn count(&self) -> u32 {
        self.purchase.count
    }

    /// Entry day.
    pub fn day(&self) -> &str {
        &self.purchase.day
    }

    /// What the guest paid or is to pay, fen.
    pub fn pay_amount_fen(&self) -> i64 {
        self.purchase.pay_amount_fen()
    }

    /// Copies in one state.
    pub fn units_in(&self, state: UnitState) -> usize {
        self.units.iter().filter(|unit| unit.state() == state).count()
    }

    /// When it was placed.
    pub fn created_ms(&self) -> i64 {
        self.history.first().map_or(self.updated_ms, |(at_ms, _)| *at_ms)
    }

    /// Remembers what happened.
    pub(crate) fn note(&mut self, event: Event, now_ms: i64) {
        self.events.push((now_ms, event));
    }

    pub(crate) fn touch(&mut self, now_ms: i64) {
        self.updated_ms = self.updated_ms.max(now_ms);
    }

    /// Enters a state and remembers when; the same state again is not remembered.
    pub(crate) fn enter(&mut self, state: OrderState, now_ms: i64) {
        match state {
            OrderState::Paid => self.paid_ms = self.paid_ms.or(Some(now_ms)),
            OrderState::Accepted => self.accepted_ms = self.accepted_ms.or(Some(now_ms)),
            OrderState::Issuing => self.issuing_ms = self.issuing_ms.or(Some(now_ms)),
            _ => {}
        }
        self.touch(now_ms);
        if self.state != state {
            match state {
                OrderState::Accepted => self.note(Event::Accepted, now_ms),
                OrderState::Refused => self.note(Event::Rejected, now_ms),
                OrderState::Cancelled => self.note(Event::Cancelled, now_ms),
                _ => {}
            }
            self.state = state;
            self.history.push((now_ms, state));
        }
    }

    /// Stores delivered vouchers, one per copy, and becomes issued.
    pub(crate) fn take_vouchers(&mut self, vouchers: Vec<IssuedVoucher>, now_ms: i64) {
        for (unit, voucher) in self.units.iter_mut().zip(vouchers) {
            unit.voucher = Some(voucher);
            unit.updated_ms = now_ms;
        }
        self.enter(OrderState::Issued, now_ms);
    }

    /// Recomputes the state from the copies after a redemption or a refund.
    pub(crate) fn settle_units(&mut self, now_ms: i64) {
        let refunded = self.units_in(UnitState::Refunded);
        let used = self.units_in(UnitState::Used);
        let part = self.units_in(UnitState::PartUsed);
        if refunded == self.units.len() {
            self.enter(OrderState::Refunded, now_ms);
        } else if used > 0 && used + refunded == self.units.len() {
            self.enter(OrderState::Used, now_ms);
        } else if used + part > 0 {
            self.enter(OrderState::PartUsed, now_ms);
        }
    }

    /// Marks copies refunded and divides the amount among those that were not.
    pub(crate) fn refund_units(&mut self, places: &[usize], amount_fen: i64, now_ms: i64) {
        let is_fresh = |place: &&usize| self.units.get(**place).is_some_and(|unit| !unit.refunded);
        let fresh: Vec<usize> = places.iter().filter(is_fresh).copied().collect();
        for (number, place) in fresh.iter().enumerate() {
            if let Some(unit) = self.units.get_mut(*place) {
                unit.refunded = true;
                unit.refund = Some(UnitRefund { amount_fen: part_of(amount_fen, number, fresh.len()), at_ms: now_ms });
                unit.updated_ms = now_ms;
            }
        }
        if !fresh.is_empty() {
            self.note(Event::Refunded { amount_fen, units: fresh.len() }, now_ms);
        }
        self.touch(now_ms);
        self.settle_units(now_ms);
    }

    /// The refund with this key.
    pub fn refund(&self, key: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.key == key)
    }

    pub(crate) fn refund_mut(&mut self, key: &str) -> Option<&mut Refund> {
        self.refunds.iter_mut().find(|refund| refund.key == key)
    }
}

/// The part of a sum that falls on one of `count` equal shares: whole fen, and all parts together are the sum.
pub(crate) fn part_of(sum_fen: i64, number: usize, count: usize) -> i64 {
    let whole = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let count = whole(count.max(1));
    let up_to = |number: i64| sum_fen.saturating_mul(number) / count;
    up_to(whole(number) + 1) - up_to(whole(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_sum() {
        let parts: Vec<i64> = (0..3).map(|number| part_of(100, number, 3)).collect();
        assert_eq!(parts, [33, 33, 34]);
        assert_eq!(part_of(7, 0, 0), 7);
    }
}
