//! Redemptions as the platform keeps them: what the history, the bills and the order query are made of
//! (common §§13 to 15, scenic §13).

use crate::groupbuy::Event;
use crate::misuse::Misuse;
use crate::orders::{Order, OrderState, RefundState, UnitState};
use crate::platform::Platform;

/// What redeemed a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedemptionKind {
    /// A redemption call of ours.
    Call,
    /// A status 1 in our answer to the status query (scenic §10).
    StatusQuery,
    /// A clerk in Laike.
    Laike,
    /// The settlement on the day after the visit (scenic §13).
    Settlement,
}

impl RedemptionKind {
    /// `verify_type`: numbers of ours, no page lists them.
    pub fn number(self) -> i64 {
        match self {
            RedemptionKind::Call => 1,
            RedemptionKind::StatusQuery => 2,
            RedemptionKind::Laike => 3,
            RedemptionKind::Settlement => 4,
        }
    }
}

/// One redemption of one copy or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Douyin's id of the redemption.
    pub verify_id: String,
    /// The voucher.
    pub certificate_id: String,
    /// Place of the copy in the order, from 0.
    pub place: usize,
    /// The items redeemed.
    pub project_ids: Vec<String>,
    /// The redemption time that counts, which may be dated back.
    pub verify_ms: i64,
    /// When the platform learnt of it.
    pub noted_ms: i64,
    /// What redeemed it.
    pub kind: RedemptionKind,
    /// The redeeming shop.
    pub poi_id: String,
}

/// What is the same for all redemptions of one call.
pub(crate) struct Mark {
    pub(crate) kind: RedemptionKind,
    pub(crate) verify_ms: i64,
    pub(crate) now_ms: i64,
    /// `None`: the shop of the order.
    pub(crate) poi_id: Option<String>,
}

impl Order {
    /// Redeems items of one copy and remembers it.
    pub(crate) fn redeem(&mut self, place: usize, project_ids: &[String], mark: &Mark, verify_id: String) {
        let poi_id = mark.poi_id.clone().unwrap_or_else(|| self.purchase.poi_id.clone());
        let Some(unit) = self.units.get_mut(place) else {
            return;
        };
        unit.use_projects(project_ids);
        unit.verify_ids.push(verify_id.clone());
        unit.updated_ms = mark.now_ms;
        match self.events.last_mut() {
            Some((at_ms, Event::Verified { units })) if *at_ms == mark.now_ms => *units += 1,
            _ => self.events.push((mark.now_ms, Event::Verified { units: 1 })),
        }
        self.redemptions.push(Redemption {
            verify_id,
            certificate_id: unit.certificate_id.clone(),
            place,
            project_ids: project_ids.to_vec(),
            verify_ms: mark.verify_ms,
            noted_ms: mark.now_ms,
            kind: mark.kind,
            poi_id,
        });
        self.touch(mark.now_ms);
    }

    /// Remembers the items that are used without a redemption of their own: an answer to the status query said so.
    pub(crate) fn note_used(&mut self, mark: &Mark, next_id: &dyn Fn() -> String) {
        for place in 0..self.units.len() {
            let known =
                |id: &String| self.redemptions.iter().any(|one| one.place == place && one.project_ids.contains(id));
            let items = self.units[place].voucher.iter().flat_map(|voucher| &voucher.items);
            let unknown: Vec<String> = items
                .filter(|item| item.used && !known(&item.project_id))
                .map(|item| item.project_id.clone())
                .collect();
            if !unknown.is_empty() {
                self.redeem(place, &unknown, mark, next_id());
            }
        }
    }

    /// Redeems what is left of some copies; gives how many of them had something left.
    pub(crate) fn redeem_rest(&mut self, places: &[usize], mark: &Mark, next_id: &dyn Fn() -> String) -> usize {
        let mut redeemed = 0;
        for place in places {
            let open = self.units.get(*place).filter(|unit| !unit.refunded);
            let items = open.and_then(|unit| unit.voucher.as_ref()).into_iter().flat_map(|voucher| &voucher.items);
            let left: Vec<String> = items.filter(|item| !item.used).map(|item| item.project_id.clone()).collect();
            if !left.is_empty() {
                self.redeem(*place, &left, mark, next_id());
                redeemed += 1;
            }
        }
        self.settle_units(mark.now_ms);
        redeemed
    }

    /// Whether a refund is asked for or agreed and not yet paid.
    pub(crate) fn has_refund_under_way(&self) -> bool {
        self.refunds.iter().any(|refund| refund.is_open() || refund.state == RefundState::Agreed)
    }
}

impl Platform {
    /// A clerk redeems copies in Laike, without any call of ours; the other side learns of it only by asking. Gives
    /// how many were redeemed.
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub fn redeem_in_laike(&self, order_id: &str, places: &[usize]) -> Result<usize, Misuse> {
        let now_ms = self.now_ms();
        let mark = Mark { kind: RedemptionKind::Laike, verify_ms: now_ms, now_ms, poi_id: None };
        let redeemed = self.change(order_id, |order| {
            if let Some(place) = places.iter().find(|place| **place >= order.units.len()) {
                return Err(Misuse::NoSuchUnit { order_id: order_id.to_owned(), place: *place });
            }
            Ok(order.redeem_rest(places, &mark, &|| self.shared.ids.verify()))
        })??;
        self.follow_redemption(order_id, RedemptionKind::Laike)?;
        Ok(redeemed)
    }

    /// The settlement on the day after the visit (scenic §13): every order for `day` that has vouchers and no refund
    /// under way counts as used from now on. Gives the orders it changed.
    pub fn settle_day(&self, day: &str) -> Vec<String> {
        let now_ms = self.now_ms();
        let mark = Mark { kind: RedemptionKind::Settlement, verify_ms: now_ms, now_ms, poi_id: None };
        let mut settled = Vec::new();
        let mut world = self.shared.world();
        for order in world.orders.values_mut().filter(|order| order.day() == day) {
            let is_open = matches!(order.state, OrderState::Issued | OrderState::PartUsed);
            if !is_open || order.has_refund_under_way() {
                continue;
            }
            let places: Vec<usize> =
                (0..order.units.len()).filter(|place| order.units[*place].state() != UnitState::Refunded).collect();
            if order.redeem_rest(&places, &mark, &|| self.shared.ids.verify()) > 0 {
                settled.push(order.order_id.clone());
            }
        }
        for order_id in &settled {
            world.complete_source(order_id, now_ms);
        }
        settled
    }
}
