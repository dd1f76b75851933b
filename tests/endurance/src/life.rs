//! What becomes of one order, from its creation to its end, over any number of kills.

use std::time::Duration;

use douyin_simulator::{OrderState, Purchase, RefundState};
use entrepot_journeys::office::new_key;
use entrepot_journeys::wait::Patience;
use serde_json::Value;

use crate::said::Call;
use crate::world::{World, answer_of};

/// How long the other side may take to come by itself: kills and the checks after them lie between.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an order is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The guest does not pay and cancels.
    Cancelled,
    /// The guest holds vouchers and that is all.
    Kept,
    /// All units are used at once.
    Used,
    /// The units are used one after the other.
    UsedOneByOne,
    /// Paid back before there are vouchers.
    RefundedEarly,
    /// Paid back after a question.
    Refunded,
    /// One unit is paid back, the others are used.
    RefundedInPart,
    /// Paid back by customer service, without a question.
    Announced,
    /// A person agrees to the refund.
    PersonAgrees,
    /// A person refuses the refund.
    PersonRefuses,
}

/// One order to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is bought.
    pub purchase: Purchase,
    /// How it ends.
    pub fate: Fate,
    /// Whether the guest pays although nobody heard the answer to the creation.
    pub hasty: bool,
}

struct Life<'a> {
    world: &'a World,
    order: String,
    units: u16,
}

/// Lives an order.
pub async fn live(world: &World, plan: &Plan) {
    let Some((life, ours)) = create(world, plan).await else { return };
    match plan.fate {
        Fate::Cancelled => return life.cancel(1).await,
        Fate::RefundedEarly => {
            life.pay().await;
            return life.refund("early", None).await;
        }
        _ => {}
    }
    life.pay().await;
    life.issue().await;
    let all: Vec<u16> = (1..=life.units).collect();
    match plan.fate {
        Fate::Used => life.redeem(&ours, all).await,
        Fate::UsedOneByOne => {
            for unit in all {
                life.redeem(&ours, vec![unit]).await;
            }
        }
        Fate::Refunded => life.refund("whole", None).await,
        Fate::RefundedInPart => {
            life.refund("part", Some(vec![0])).await;
            life.redeem(&ours, all[1..].to_vec()).await;
        }
        Fate::Announced => life.announce("service").await,
        Fate::PersonAgrees | Fate::PersonRefuses => life.ask_a_person(&ours, plan.fate == Fate::PersonAgrees).await,
        Fate::Kept | Fate::Cancelled | Fate::RefundedEarly => {}
    }
}

/// The order, with our number of it; none when it was refused.
async fn create<'a>(world: &'a World, plan: &Plan) -> Option<(Life<'a>, String)> {
    world.door().await;
    world.moments.pass();
    let made = world.platform.create_order(&plan.purchase).await;
    let life = Life { world, order: made.order_id.clone(), units: plan.purchase.count as u16 };
    let call = Call::Create { order: made.order_id.clone() };
    let answer = match answer_of(&made.reply) {
        Some(answer) => {
            world.acknowledge(call, answer.clone());
            answer
        }
        None if made.state == OrderState::Refused => {
            // Asked to call again to the end of its patience, the platform gives up and says so.
            life.cancel(3).await;
            return None;
        }
        None => {
            if plan.hasty && plan.fate != Fate::Cancelled {
                world.ask(Call::Pay { order: made.order_id.clone() }).await;
            }
            world.ask(call).await
        }
    };
    let ours = answer["data"]["order_out_id"].as_str().filter(|_| answer["code"] == 0)?.to_owned();
    Some((life, ours))
}

impl Life<'_> {
    fn key(&self, what: &str) -> String {
        format!("{}-{what}", self.order)
    }

    async fn done(&self, call: Call) -> Value {
        let answer = self.world.ask(call.clone()).await;
        assert!(answer["code"] == 0 || answer["status"] == 200, "{call:?}: {answer}");
        answer
    }

    async fn cancel(&self, kind: i64) {
        self.done(Call::Cancel { order: self.order.clone(), kind }).await;
    }

    async fn pay(&self) {
        let answer = self.done(Call::Pay { order: self.order.clone() }).await;
        assert_eq!(answer["data"]["confirm_info"]["confirm_result"], 1, "{}: {answer}", self.order);
    }

    /// Until the platform has the vouchers: in the answer, or brought later.
    async fn issue(&self) {
        let answer = self.done(Call::Issue { order: self.order.clone() }).await;
        assert_ne!(answer["data"]["result"], 2, "{}: {answer}", self.order);
        self.until("its vouchers", |order| order.state == OrderState::Issued).await;
    }

    async fn redeem(&self, ours: &str, units: Vec<u16>) {
        let (order, ours) = (self.order.clone(), ours.to_owned());
        self.done(Call::Redeem { order, ours, units, key: new_key() }).await;
    }

    async fn refund(&self, what: &str, units: Option<Vec<usize>>) {
        let key = self.key(what);
        self.done(Call::AskRefund { order: self.order.clone(), key: key.clone(), units }).await;
        let state = self.decided(&key).await;
        assert_eq!(state, RefundState::Agreed, "{} {key}", self.order);
        self.announce(what).await;
    }

    async fn announce(&self, what: &str) {
        self.done(Call::Announce { order: self.order.clone(), key: self.key(what) }).await;
    }

    async fn ask_a_person(&self, ours: &str, agree: bool) {
        let key = self.key("care");
        self.done(Call::AskRefund { order: self.order.clone(), key: key.clone(), units: None }).await;
        let refund = self.refund_of(ours, &key).await;
        self.done(Call::Decide { order: self.order.clone(), refund, agree, key: new_key() }).await;
        let state = self.decided(&key).await;
        assert_eq!(state, if agree { RefundState::Agreed } else { RefundState::Refused }, "{} {key}", self.order);
        if agree {
            self.announce("care").await;
        }
    }

    /// Our number of a refund, read as a person would look it up.
    async fn refund_of(&self, ours: &str, key: &str) -> String {
        let path = format!("/merchants/lakeside/orders/{ours}");
        let what = format!("{} shows refund {key}", self.order);
        let patience = Patience::of(PATIENCE, &what);
        loop {
            let office = self.world.door().await;
            if let Ok((200, body)) = office.try_ask("GET", &path, &new_key(), None).await {
                let refunds = body["refunds"].as_array().unwrap();
                let refund = refunds.iter().find(|refund| refund["key"] == key).unwrap();
                return refund["id"].as_str().unwrap().to_owned();
            }
            patience.wait().await;
        }
    }

    async fn decided(&self, key: &str) -> RefundState {
        self.until("a decision", |order| order.refund(key).is_some_and(|refund| !refund.is_open())).await;
        self.world.platform.order(&self.order).unwrap().refund(key).unwrap().state
    }

    async fn until(&self, what: &str, so: impl Fn(&douyin_simulator::Order) -> bool) {
        let what = format!("order {} gets {what}", self.order);
        let patience = Patience::of(PATIENCE, &what);
        while !self.world.platform.order(&self.order).is_some_and(|order| so(&order)) {
            patience.wait().await;
        }
    }
}
