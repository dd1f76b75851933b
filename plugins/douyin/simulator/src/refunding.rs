//! Refunds as the platform drives them (scenic §§7 and 9).

use crate::bodies;
use crate::groupbuy::telling::Message;
use crate::groupbuy::{self, Event};
use crate::misuse::Misuse;
use crate::orders::{Order, Refund, RefundState};
use crate::outcomes;
use crate::platform::Platform;
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::Value;

/// A refund to be reviewed by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsk {
    /// `apply_source`: 101 user, 301 issuing failed, 302 expired …
    pub source: i64,
    /// The fee Douyin computed, fen.
    pub fee_fen: i64,
    /// Places of the copies from 0; `None`: all that are not refunded.
    pub units: Option<Vec<usize>>,
    /// `biz_uniq_key`; `None`: a new one. A key used before repeats that request unchanged.
    pub key: Option<String>,
}

impl RefundAsk {
    /// The user asks for everything back, without a fee.
    pub fn user() -> Self {
        Self { source: 101, fee_fen: 0, units: None, key: None }
    }
}

/// The result of a refund review.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundReply {
    /// `biz_uniq_key`.
    pub key: String,
    /// Where the refund stands after the answer.
    pub state: RefundState,
    /// The answer.
    pub reply: SpiReply,
}

/// A refund that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundNotice {
    /// `biz_uniq_key` of the review; `None`: nobody was asked (customer service), a new key.
    pub key: Option<String>,
    /// `refund_scene`: 1 user, 50 customer service, 150 expired, 155 issuing failed …
    pub scene: i64,
    /// What goes back, fen; `None`: the copies' share of the payment less the fee.
    pub amount_fen: Option<i64>,
    /// Places of the copies; `None`: those of the review, else all that are not refunded.
    pub units: Option<Vec<usize>>,
}

impl RefundNotice {
    /// The result of a reviewed refund.
    pub fn of(key: &str, scene: i64) -> Self {
        Self { key: Some(key.to_owned()), scene, amount_fen: None, units: None }
    }

    /// A refund of everything that nobody was asked about.
    pub fn unasked(scene: i64) -> Self {
        Self { key: None, scene, amount_fen: None, units: None }
    }
}

/// The places named, or all copies that are not refunded.
fn places(order: &Order, named: Option<&Vec<usize>>) -> Result<Vec<usize>, Misuse> {
    let Some(named) = named else {
        let open = order.units.iter().enumerate().filter(|(_, unit)| !unit.refunded);
        return Ok(open.map(|(place, _)| place).collect());
    };
    match named.iter().find(|place| **place >= order.units.len()) {
        Some(place) => Err(Misuse::NoSuchUnit { order_id: order.order_id.clone(), place: *place }),
        None => Ok(named.clone()),
    }
}

impl Platform {
    fn refund_key(&self, key: Option<&String>) -> String {
        key.cloned().unwrap_or_else(|| format!("R{}", self.shared.ids.number()))
    }

    /// Asks for the review of a refund (scenic §7).
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn apply_refund(&self, order_id: &str, ask: RefundAsk) -> Result<RefundReply, Misuse> {
        self.ask(order_id, ask, 1).await
    }

    /// The same with an `after_sale_type` (groupbuy B8).
    pub(crate) async fn ask(
        &self,
        order_id: &str,
        ask: RefundAsk,
        after_sale_type: i64,
    ) -> Result<RefundReply, Misuse> {
        let now_ms = self.now_ms();
        let key = self.refund_key(ask.key.as_ref());
        let body = self.change(order_id, |order| {
            if let Some(body) = order.refund(&key).and_then(|refund| refund.ask_body.clone()) {
                return Ok(body);
            }
            let mut refund = Refund {
                key: key.clone(),
                after_sale_type,
                source: ask.source,
                fee_fen: ask.fee_fen,
                units: places(order, ask.units.as_ref())?,
                state: RefundState::Asked,
                asked_ms: now_ms,
                amount_fen: None,
                ask_body: None,
                notice_body: None,
            };
            let body = self.in_form(order, bodies::apply_refund(order, &refund));
            refund.ask_body = Some(body.clone());
            order.note(Event::RefundAsked { key: key.clone(), source: ask.source }, now_ms);
            order.refunds.push(refund);
            order.touch(now_ms);
            Ok(body)
        })??;
        let reply = self.call(Scene::ApplyRefund, &body).await;
        let now_ms = self.now_ms();
        outcomes::refund_asked(&mut self.shared.world(), order_id, &key, &reply, now_ms);
        let state = self.change(order_id, |order| order.refund(&key).map(|refund| refund.state))?;
        Ok(RefundReply { key, state: state.unwrap_or(RefundState::Asked), reply })
    }

    /// Pays a refund back and sends its notice (scenic §9). The money moves before the notice, whatever is answered.
    /// A key that was notified before repeats that notice unchanged.
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn notify_refund(&self, order_id: &str, notice: RefundNotice) -> Result<SpiReply, Misuse> {
        let body = self.prepare_notice(order_id, &notice)?;
        Ok(self.post(Message::new(Scene::NotifyRefund, order_id, body)).await)
    }

    /// Pays a refund back and gives the body of its notice.
    pub(crate) fn prepare_notice(&self, order_id: &str, notice: &RefundNotice) -> Result<Value, Misuse> {
        let now_ms = self.now_ms();
        let key = self.refund_key(notice.key.as_ref());
        self.change(order_id, |order| {
            if let Some(body) = order.refund(&key).and_then(|refund| refund.notice_body.clone()) {
                return Ok(body);
            }
            let asked = order.refund(&key).map(|refund| refund.units.clone());
            let units = places(order, notice.units.as_ref().or(asked.as_ref()))?;
            let share_fen = order.purchase.pay_share_fen(units.len());
            let mut refund = order.refund(&key).cloned().unwrap_or_else(|| Refund {
                key: key.clone(),
                after_sale_type: 1,
                source: 0,
                fee_fen: 0,
                units: Vec::new(),
                state: RefundState::Done,
                asked_ms: now_ms,
                amount_fen: None,
                ask_body: None,
                notice_body: None,
            });
            refund.amount_fen = Some(notice.amount_fen.unwrap_or((share_fen - refund.fee_fen).max(0)));
            refund.units = units;
            refund.state = RefundState::Done;
            let body = self.in_form(order, bodies::notify_refund(order, &refund, notice.scene, now_ms));
            refund.notice_body = Some(body.clone());
            order.refund_units(&refund.units, refund.amount_fen.unwrap_or(0), now_ms);
            match order.refund_mut(&key) {
                Some(known) => *known = refund,
                None => order.refunds.push(refund),
            }
            Ok(body)
        })?
    }

    /// A refund body in the revision that this platform sends for group-buy; a calendar ticket's stays.
    fn in_form(&self, order: &Order, mut body: Value) -> Value {
        if order.purchase.solution.is_group_buy() {
            groupbuy::bodies::refund_form(&mut body, self.shared.options.group_buy.refund_form);
        }
        body
    }

    /// Review, and when it agrees at once, the notice with `refund_scene` 1.
    ///
    /// # Errors
    /// When the order or a copy does not exist.
    pub async fn refund(&self, order_id: &str, ask: RefundAsk) -> Result<RefundReply, Misuse> {
        let mut result = self.apply_refund(order_id, ask).await?;
        if result.state == RefundState::Agreed {
            self.notify_refund(order_id, RefundNotice::of(&result.key, 1)).await?;
            result.state = RefundState::Done;
        }
        Ok(result)
    }
}
