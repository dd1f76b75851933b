//! Refunds and cancellations of a reserved voucher: the question (groupbuy B8), its end (B10, B11, B11b) and the acts of
//! guest, customer service and merchant (A5, rows M1 to M8).

use super::events::Event;
use super::states::{PurchaseState, ReservationState};
use super::syncing::{self, Sync};
use super::telling::{By, Message, Telling, Told};
use crate::bodies;
use crate::ids::day_start_s;
use crate::mishaps::CancelNotice;
use crate::misuse::Misuse;
use crate::orders::{Order, OrderState, RefundState};
use crate::platform::Platform;
use crate::reconciling::DeadlineEvent;
use crate::refunding::{RefundAsk, RefundNotice, RefundReply};
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::Map;

/// What is wanted: `after_sale_type` of the question (B8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSale {
    /// 1: the money back.
    Refund,
    /// 2: the reservation alone; the guest keeps the voucher.
    CancelReservation,
}

impl AfterSale {
    pub(crate) fn number(self) -> i64 {
        match self {
            AfterSale::Refund => 1,
            AfterSale::CancelReservation => 2,
        }
    }

    fn of(number: i64) -> Self {
        if number == 2 { AfterSale::CancelReservation } else { AfterSale::Refund }
    }
}

/// A refund or cancellation that has come to its end.
struct Ending {
    key: String,
    after_sale: AfterSale,
    /// Money; `None`: all that is left of the payment.
    amount_fen: Option<i64>,
    /// Places of a purchase's units; `None`: all that are left.
    places: Option<Vec<usize>>,
    scene: i64,
    asked_ms: i64,
    telling: Telling,
}

/// The `refund_scene` that follows from an `apply_source` (B8, B11).
fn scene_of(source: i64) -> i64 {
    match source {
        301 => 155,
        302 => 150,
        307 => 151,
        102 | 308 => 100,
        103 => 50,
        _ => 1,
    }
}

impl Platform {
    /// Asks for a refund or a cancellation, whatever Douyin's rules say (B8); for `source` see `apply_source`. An
    /// agreement is not carried out: call [`Platform::conclude_refund`], or let [`Platform::run_deadlines`] do it.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn ask_after_sale(&self, order_id: &str, wanted: AfterSale, source: i64) -> Result<RefundReply, Misuse> {
        self.ask(order_id, RefundAsk { source, ..RefundAsk::user() }, wanted.number()).await
    }

    /// A guest asks for the money of a reserved voucher, or cancels the reservation (rows M4, M6, M7), by Laike's
    /// cancellation rule. Agreed at once, it is carried out at once.
    ///
    /// # Errors
    /// When the order is no reservation, the guest cannot ask any more (M8) or not online (M5), or asks already.
    pub async fn guest_refund(&self, order_id: &str, wanted: AfterSale) -> Result<RefundReply, Misuse> {
        let state = self.reservation_state(order_id)?;
        let (rule, day) = self.change(order_id, |order| (order.purchase.terms.cancel, order.day().to_owned()))?;
        let refuse = |why: String| Err(Misuse::not_played(order_id, why));
        match state {
            ReservationState::Issuing => {}
            ReservationState::Issued | ReservationState::Expired => {
                if !rule.allows(day_start_s(&day).unwrap_or_default(), self.now_ms() / 1000) {
                    return refuse(format!("the rule is {rule:?}; only customer service can do it now (M5, M6)"));
                }
            }
            other => return refuse(format!("a guest cannot ask for the refund of a reservation that is {other:?}")),
        }
        self.ask_and_conclude(order_id, wanted, 101).await
    }

    /// A guest cancels the reservation and keeps the voucher (`after_sale_type` 2).
    ///
    /// # Errors
    /// As [`Platform::guest_refund`].
    pub async fn cancel_reservation(&self, order_id: &str) -> Result<RefundReply, Misuse> {
        self.guest_refund(order_id, AfterSale::CancelReservation).await
    }

    /// Somebody asks for the refund of a redeemed reservation (row M8); `source` 304, 305 or 310.
    ///
    /// # Errors
    /// When the order is no redeemed reservation.
    pub async fn ask_after_redemption(&self, order_id: &str, source: i64) -> Result<RefundReply, Misuse> {
        match self.reservation_state(order_id)? {
            ReservationState::Redeemed => self.ask_and_conclude(order_id, AfterSale::Refund, source).await,
            state => Err(Misuse::not_played(order_id, format!("it is {state:?}, not redeemed"))),
        }
    }

    /// A guest gives back a voucher that is not reserved: nobody asks us (row M1). `count` units of it, or all.
    ///
    /// # Errors
    /// When the order is no purchase of a voucher, is not to be reserved, has a living reservation, or has fewer units.
    pub async fn refund_unreserved(&self, order_id: &str, count: Option<usize>) -> Result<SpiReply, Misuse> {
        self.give_back(order_id, count, 1).await
    }

    /// The reservation window ended and the voucher was never reserved: Douyin gives the money back by itself (row M2).
    ///
    /// # Errors
    /// As [`Platform::refund_unreserved`], and while the window is open.
    pub async fn window_over(&self, order_id: &str) -> Result<SpiReply, Misuse> {
        let valid_s = self.change(order_id, |order| order.purchase.valid_s())?;
        if valid_s.is_none_or(|(_, last_s)| self.now_ms() / 1000 <= last_s) {
            return Err(Misuse::not_played(order_id, "its window is still open"));
        }
        self.give_back(order_id, None, 150).await
    }

    async fn give_back(&self, order_id: &str, count: Option<usize>, scene: i64) -> Result<SpiReply, Misuse> {
        let state = self.purchase_state(order_id)?;
        let live = self.live_reservation(order_id);
        if state != PurchaseState::ToReserve || live.is_some() {
            let why = format!("it is {state:?}{}", live.map_or("", |_| " with a living reservation"));
            return Err(Misuse::not_played(order_id, why));
        }
        let open = self.change(order_id, |order| open_places(order))?;
        let count = count.unwrap_or(open.len());
        if count == 0 || count > open.len() {
            return Err(Misuse::not_played(order_id, format!("{count} of its {} units", open.len())));
        }
        let units = Some(open.into_iter().take(count).collect());
        let notice = RefundNotice { key: None, scene, amount_fen: None, units };
        self.notify_result(order_id, notice, Telling::NOTICE.by(self.results_by(order_id)?)).await
    }

    /// Customer service gives back money, or for 0 fen cancels the reservation, and asks nobody (row M5). A purchase
    /// without reservation is named itself.
    ///
    /// # Errors
    /// When the order is unknown, redeemed (M8) or ended already.
    pub async fn customer_service(
        &self,
        order_id: &str,
        amount_fen: i64,
        telling: Telling,
    ) -> Result<Vec<SpiReply>, Misuse> {
        self.unasked(order_id, amount_fen, 50, telling).await
    }

    /// The merchant gives back money by Laike's own audit, without a question (the third cause of B11b).
    ///
    /// # Errors
    /// As [`Platform::customer_service`].
    pub async fn laike_refund(
        &self,
        order_id: &str,
        amount_fen: i64,
        telling: Telling,
    ) -> Result<Vec<SpiReply>, Misuse> {
        self.unasked(order_id, amount_fen, 100, telling).await
    }

    async fn unasked(
        &self,
        order_id: &str,
        amount_fen: i64,
        scene: i64,
        telling: Telling,
    ) -> Result<Vec<SpiReply>, Misuse> {
        let order = self.order(order_id).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))?;
        if order.state == OrderState::Used || order.state.is_over() {
            return Err(Misuse::not_played(order_id, format!("it is {:?} (M8)", order.state)));
        }
        let after_sale = if amount_fen == 0 { AfterSale::CancelReservation } else { AfterSale::Refund };
        let key = format!("R{}", self.shared.ids.number());
        let amount_fen = Some(amount_fen);
        let (places, asked_ms) = (None, self.now_ms());
        let ending = Ending { key, after_sale, amount_fen, places, scene, asked_ms, telling };
        self.end(order_id, ending).await
    }

    /// The merchant refuses a refund in Laike's own audit, and we learn it by the information sync (T17).
    ///
    /// # Errors
    /// When the order has no such question that is open.
    pub async fn laike_refuses(&self, order_id: &str, key: &str) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        let refund = self.change(order_id, |order| {
            let refund = order.refund_mut(key).filter(|refund| refund.is_open())?;
            refund.state = RefundState::Refused;
            let refused = refund.clone();
            order.note(Event::RefundRefused { key: key.to_owned(), vouchers: false, counted: true }, now_ms);
            Some(refused)
        })?;
        let refund = refund.ok_or_else(|| Misuse::not_played(order_id, format!("no refund {key} of it is open")))?;
        let sync = Sync {
            after_sale_id: key.to_owned(),
            after_sale_type: refund.after_sale_type,
            places: refund.units,
            apply_ms: refund.asked_ms,
            audit_ms: now_ms,
            audit_result: 2,
            times: None,
            overrides: Map::new(),
        };
        self.sync_refund(order_id, &sync).await
    }

    async fn ask_and_conclude(&self, order_id: &str, wanted: AfterSale, source: i64) -> Result<RefundReply, Misuse> {
        let mut reply = self.ask_after_sale(order_id, wanted, source).await?;
        if reply.state == RefundState::Agreed {
            self.conclude_refund(order_id, &reply.key, self.shared.options.group_buy.telling).await?;
            reply.state = RefundState::Done;
        }
        Ok(reply)
    }

    /// Carries out a refund or cancellation that was agreed: money, units, notices. Gives the answers to the notices.
    ///
    /// # Errors
    /// When the order is unknown or has no such refund that is agreed.
    pub async fn conclude_refund(&self, order_id: &str, key: &str, telling: Telling) -> Result<Vec<SpiReply>, Misuse> {
        let refund = self.change(order_id, |order| order.refund(key).cloned())?;
        let Some(refund) = refund.filter(|refund| refund.state == RefundState::Agreed) else {
            return Err(Misuse::not_played(order_id, format!("it has no refund {key} that is agreed")));
        };
        let after_sale = AfterSale::of(refund.after_sale_type);
        let (scene, asked_ms) = (scene_of(refund.source), refund.asked_ms);
        let is_purchase = self.change(order_id, |order| order.purchase.solution.family().is_some())?;
        let places = is_purchase.then_some(refund.units);
        let ending = Ending { key: key.to_owned(), after_sale, amount_fen: None, places, scene, asked_ms, telling };
        self.end(order_id, ending).await
    }

    /// Ends units and moves money first, then tells it.
    async fn end(&self, order_id: &str, ending: Ending) -> Result<Vec<SpiReply>, Misuse> {
        let (purchase_id, reservation_id) = self.both(order_id)?;
        let of_purchase = purchase_id == order_id;
        let money = ending.after_sale == AfterSale::Refund;
        let left_fen = self.change(&purchase_id, |order| {
            let units = ending.places.as_ref().map_or_else(|| open_places(order).len(), Vec::len);
            order.purchase.pay_share_fen(units)
        })?;
        let amount_fen = if money { ending.amount_fen.unwrap_or(left_fen) } else { 0 };
        // What was asked of the purchase is told of it; a cancellation without money is the reservation's alone.
        let both = ending.telling.of == Told::Both;
        let tells_purchase = of_purchase || (money && (both || ending.telling.of == Told::Purchase));
        let tells_reservation = !money || both || (!of_purchase && ending.telling.of == Told::Reservation);
        let mut messages = Vec::new();
        if let Some(reservation_id) = reservation_id {
            let told_fen = if tells_reservation { amount_fen } else { 0 };
            let told = self.close(&reservation_id, &ending, told_fen, of_purchase)?;
            messages.extend(told.into_iter().filter(|_| tells_reservation));
        }
        if money || of_purchase {
            let told = self.close(&purchase_id, &ending, amount_fen, !of_purchase)?;
            messages.extend(told.into_iter().filter(|_| tells_purchase));
        }
        if let Some(when) = ending.telling.cancel {
            let now_ms = self.now_ms();
            let body = self.change(order_id, |order| bodies::cancel_order(order, 2, now_ms))?;
            let place = if when == CancelNotice::Before { 0 } else { messages.len() };
            messages.insert(place, Message::new(Scene::CancelOrder, order_id, body));
        }
        let mut replies = Vec::new();
        for message in messages {
            replies.push(self.post(message).await);
        }
        Ok(replies)
    }

    /// The purchase, and the reservation that is meant: itself, or the one that holds the purchase.
    fn both(&self, order_id: &str) -> Result<(String, Option<String>), Misuse> {
        let order = self.order(order_id).ok_or_else(|| Misuse::UnknownOrder(order_id.to_owned()))?;
        Ok(match order.purchase.solution.source_order_id() {
            Some(source_id) => (source_id.to_owned(), Some(order.order_id)),
            None => (order.order_id, self.live_reservation(order_id).map(|live| live.order_id)),
        })
    }

    /// Ends all open units of one order and makes the calls that tell it; with `other_key` it is told as another fact of
    /// the same money.
    fn close(&self, order_id: &str, ending: &Ending, amount_fen: i64, other_key: bool) -> Result<Vec<Message>, Misuse> {
        let places = self.change(order_id, |order| match (&ending.places, open_places(order)) {
            (Some(places), _) if !other_key => places.clone(),
            (_, ended) if ended.is_empty() => (0..order.units.len()).collect(),
            (_, open) => open,
        })?;
        let key = if other_key { format!("R{}", self.shared.ids.number()) } else { ending.key.clone() };
        let notice = RefundNotice {
            key: Some(key.clone()),
            scene: ending.scene,
            amount_fen: Some(amount_fen),
            units: Some(places.clone()),
        };
        let notice = self.prepare_notice(order_id, &notice)?;
        let sync = Sync {
            after_sale_id: key,
            after_sale_type: ending.after_sale.number(),
            places,
            apply_ms: ending.asked_ms,
            audit_ms: self.now_ms(),
            audit_result: 1,
            times: None,
            overrides: Map::new(),
        };
        let sync = self.change(order_id, |order| syncing::body(order, &sync))?;
        // The results of F3 are told by calls of its own, unless the sync was asked for.
        let by = match ending.telling.by {
            By::Notice => self.results_by(order_id)?,
            by => by,
        };
        let sync = by.has_sync().then(|| Message::new(Scene::SyncRefund, order_id, sync));
        let notice = by.has_notice().then(|| Message::new(Scene::NotifyRefund, order_id, notice));
        Ok(sync.into_iter().chain(notice).collect())
    }

    /// One result of a purchase alone, of some of its units.
    async fn notify_result(&self, order_id: &str, notice: RefundNotice, telling: Telling) -> Result<SpiReply, Misuse> {
        let places = notice.units.clone().unwrap_or_default();
        let body = self.prepare_notice(order_id, &notice)?;
        if telling.by.has_sync() {
            let mut sync = self.sync_of(order_id, AfterSale::Refund.number())?;
            sync.places = places;
            let reply = self.sync_refund(order_id, &sync).await?;
            if !telling.by.has_notice() {
                return Ok(reply);
            }
        }
        Ok(self.post(Message::new(Scene::NotifyRefund, order_id, body)).await)
    }

    /// By which calls the results of a purchase are told: family F3 has calls of its own (B16.5).
    fn results_by(&self, order_id: &str) -> Result<By, Misuse> {
        let family = self.change(order_id, |order| order.purchase.solution.family())?;
        let is_f3 = family == Some(crate::Family::F3);
        Ok(if is_f3 { self.shared.options.group_buy.f3_results } else { By::Notice })
    }

    /// Whether issuing failed without a question, and nobody was told of the refund yet.
    pub(crate) fn fails_untold(&self, order_id: &str) -> bool {
        self.order(order_id).is_some_and(|order| {
            order.purchase.solution.is_group_buy()
                && order.events.iter().any(|(_, event)| *event == Event::IssueFailed)
                && order.refunds.iter().all(|refund| refund.notice_body.is_none())
        })
    }

    /// Gives the money of an order back whose issue failed for good, and tells it (B5, B15.2: no question).
    pub(crate) async fn tell_failed_issue(&self, order_id: &str) -> Result<DeadlineEvent, Misuse> {
        let (key, telling) = (format!("R{}", self.shared.ids.number()), self.shared.options.group_buy.telling);
        let (after_sale, asked_ms) = (AfterSale::Refund, self.now_ms());
        // A purchase's units ended when issuing failed; of a reservation's, the purchase's money is still there.
        let of_purchase = |order: &mut Order| order.purchase.solution.family().map(|_| order.pay_amount_fen());
        let amount_fen = self.change(order_id, of_purchase)?;
        let ending = Ending { key, after_sale, amount_fen, places: None, scene: 155, asked_ms, telling };
        let notices = self.end(order_id, ending).await?;
        Ok(DeadlineEvent::IssueFailed { order_id: order_id.to_owned(), notices })
    }
}

/// Places of the units that did not go back.
fn open_places(order: &Order) -> Vec<usize> {
    order.units.iter().enumerate().filter(|(_, unit)| !unit.refunded).map(|(place, _)| place).collect()
}
