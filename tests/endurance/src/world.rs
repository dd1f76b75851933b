//! What is around the servers: the partners, the doors that are open, and what was acknowledged so far.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use douyin_simulator::{Platform, RefundAsk, RefundNotice, SpiReply};
use entrepot_journeys::office::Office;
use serde_json::{Value, json};
use simple_gate_simulator::Desk;
use tokio::sync::watch;

use crate::moment::Moments;
use crate::said::{Call, Said};

/// The platform's "call again".
const CALL_AGAIN: i64 = 100;

/// Customer service gives the money back and asks nobody.
const BY_CUSTOMER_SERVICE: i64 = 50;

/// The partners, and their way to the servers.
pub struct World {
    /// The platform that sells.
    pub platform: Platform,
    /// The supplier's gate.
    pub gate: Arc<Desk>,
    /// Requests and answers.
    pub moments: Moments,
    doors: watch::Sender<Vec<Office>>,
    turn: AtomicUsize,
    said: Mutex<Vec<Said>>,
    given_back: Mutex<BTreeSet<String>>,
}

impl World {
    /// Partners whose servers are still closed.
    pub fn new(platform: Platform, gate: Arc<Desk>) -> Self {
        Self {
            platform,
            gate,
            moments: Moments::default(),
            doors: watch::Sender::new(Vec::new()),
            turn: AtomicUsize::new(0),
            said: Mutex::default(),
            given_back: Mutex::default(),
        }
    }

    /// Lets requests go to these servers.
    pub fn open(&self, offices: Vec<Office>) {
        self.doors.send_replace(offices);
    }

    /// Lets no further request go out; those under way are not touched.
    pub fn close(&self) {
        self.open(Vec::new());
    }

    /// Waits for an open door: the next in turn.
    pub async fn door(&self) -> Office {
        let mut doors = self.doors.subscribe();
        // The sender lives as long as `self`.
        let open = doors.wait_for(|open| !open.is_empty()).await.unwrap().clone();
        open[self.turn.fetch_add(1, Ordering::Relaxed) % open.len()].clone()
    }

    /// Everything acknowledged so far, from a place on.
    pub fn said(&self, from: usize) -> Vec<Said> {
        self.said.lock().unwrap()[from..].to_vec()
    }

    /// Whether money for the order went back, or is on its way: then no voucher is asked for any more.
    pub fn is_given_back(&self, order: &str) -> bool {
        self.given_back.lock().unwrap().contains(order)
    }

    /// Remembers an acknowledged answer.
    pub fn acknowledge(&self, call: Call, answer: Value) {
        self.moments.pass();
        self.said.lock().unwrap().push(Said { call, answer });
    }

    /// Asks until there is an answer, over any number of kills: as the platform, and a person at a gate, would.
    pub async fn ask(&self, call: Call) -> Value {
        loop {
            let office = self.door().await;
            self.moments.pass();
            if let Some(answer) = self.send(&office, &call).await {
                self.acknowledge(call, answer.clone());
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Makes a call: its answer, or none when it was not answered or is to be made again.
    pub async fn send(&self, office: &Office, call: &Call) -> Option<Value> {
        let platform = &self.platform;
        let reply = match call {
            Call::Create { order } => platform.repeat_create(order).await.unwrap().reply,
            Call::Pay { order } => platform.pay(order).await.unwrap(),
            Call::Cancel { order, kind } => platform.cancel(order, *kind).await.unwrap(),
            Call::Issue { order } => platform.issue(order).await.unwrap(),
            Call::AskRefund { order, key, units } => {
                let ask = RefundAsk { key: Some(key.clone()), units: units.clone(), ..RefundAsk::user() };
                platform.apply_refund(order, ask).await.unwrap().reply
            }
            Call::Announce { order, key } => {
                self.given_back.lock().unwrap().insert(order.clone());
                let notice = RefundNotice { key: Some(key.clone()), ..RefundNotice::unasked(BY_CUSTOMER_SERVICE) };
                platform.notify_refund(order, notice).await.unwrap()
            }
            Call::Decide { refund, agree, key, .. } => {
                let path = format!("/merchants/lakeside/refunds/{refund}/decision");
                let body = json!({ "agree": agree, "reason": (!agree).then_some("the guest was inside") });
                return posted(office, &path, key, &body).await;
            }
            Call::Redeem { ours, units, key, .. } => {
                let body = json!({ "order": ours, "units": units });
                return posted(office, "/merchants/lakeside/redemptions", key, &body).await;
            }
        };
        answer_of(&reply)
    }
}

/// What a platform's call was answered, if it was.
pub fn answer_of(reply: &SpiReply) -> Option<Value> {
    let code = reply.error_code().filter(|code| *code != CALL_AGAIN)?;
    if let Some(twin) = reply.twin.as_ref().map(|twin| &twin["data"]).filter(|twin| twin["error_code"] == code) {
        assert_eq!(twin["order_out_id"], reply.data()["order_out_id"], "one call delivered twice: {reply:?}");
    }
    Some(json!({ "code": code, "data": reply.data() }))
}

async fn posted(office: &Office, path: &str, key: &str, body: &Value) -> Option<Value> {
    let (status, body) = office.try_ask("POST", path, key, Some(body)).await.ok()?;
    (status < 500).then(|| json!({ "status": status, "body": body }))
}
