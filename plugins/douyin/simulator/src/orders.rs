//! The platform's own view of an order (`spec/douyin-scenic-calendar.md` §1.2).

use crate::purchase::Purchase;
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
}

/// Where one copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Ids of its redemptions.
    pub verify_ids: Vec<String>,
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

    /// Enters a state and remembers when; the same state again is not remembered.
    pub(crate) fn enter(&mut self, state: OrderState, now_ms: i64) {
        match state {
            OrderState::Paid => self.paid_ms = self.paid_ms.or(Some(now_ms)),
            OrderState::Accepted => self.accepted_ms = self.accepted_ms.or(Some(now_ms)),
            OrderState::Issuing => self.issuing_ms = self.issuing_ms.or(Some(now_ms)),
            _ => {}
        }
        if self.state != state {
            self.state = state;
            self.history.push((now_ms, state));
        }
    }

    /// Stores delivered vouchers, one per copy, and becomes issued.
    pub(crate) fn take_vouchers(&mut self, vouchers: Vec<IssuedVoucher>, now_ms: i64) {
        for (unit, voucher) in self.units.iter_mut().zip(vouchers) {
            unit.voucher = Some(voucher);
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

    /// Marks copies refunded.
    pub(crate) fn refund_units(&mut self, places: &[usize], now_ms: i64) {
        for place in places {
            if let Some(unit) = self.units.get_mut(*place) {
                unit.refunded = true;
            }
        }
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
