//! One order on its path: what the platform did with it, and what the rows, the timeline and the status query say of it.

use std::collections::BTreeMap;
use std::fmt;

use douyin_simulator::{OrderMode, Purchase, SpiReply};
use futures_util::future::join_all;
use serde_json::{Value, json};

use entrepot_journeys::databases::{self, Given};
use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

/// What one unit costs the distributor, as every offer here says.
const SETTLEMENT_FEN: i64 = 8_000;

/// Connections of lakeside with their accounts: the demo's own, and those that differ in one thing.
const ACCOUNTS: [(&str, &str); 7] = [
    (OWN, "70001"),
    (LATER, "70003"),
    (PERSON, "70004"),
    (HASTY, "70005"),
    (BRIEF, "70006"),
    (UNPAID, "70007"),
    (POOR, "70008"),
];

/// Accepts at once, decides refunds by rule.
pub const OWN: &str = "lakeside-douyin";
/// Accepts later, by a call.
pub const LATER: &str = "lakeside-later";
/// A person decides every refund.
pub const PERSON: &str = "lakeside-person";
/// Accepts later, and has one second for it.
pub const HASTY: &str = "lakeside-hasty";
/// One second for vouchers, and one to decide a refund.
pub const BRIEF: &str = "lakeside-brief";
/// Unpaid orders are held for one second.
pub const UNPAID: &str = "lakeside-unpaid";
/// Its distributor has no credit.
pub const POOR: &str = "lakeside-poor";

fn connections(mode: OrderMode) -> Value {
    let order_mode = match mode {
        OrderMode::BeforePayment => "before_payment",
        OrderMode::AfterPayment => "after_payment",
    };
    let mut channels = json!({ OWN: { "settings": { "order_mode": order_mode } } });
    let differences = [
        (LATER, json!({ "acceptance": "deferred" })),
        (PERSON, json!({ "audit": "person" })),
        (HASTY, json!({ "acceptance": "deferred", "deadlines": { "accept_s": 1, "warn_percent": 100 } })),
        (BRIEF, json!({ "deadlines": { "issue_s": 1, "audit_s": 1, "warn_percent": 100 } })),
        (UNPAID, json!({ "deadlines": { "hold_s": 1 } })),
        (POOR, json!({ "distributor": "sparrow" })),
    ];
    for (name, more) in differences {
        let mut channel = json!({
            "plugin": "douyin-calendar", "application": "douyin-demo", "account_id": account(name),
            "shop_ids": ["71001"], "distributor": "bluebird", "settings": { "order_mode": order_mode },
        });
        for (key, value) in more.as_object().unwrap() {
            channel[key] = value.clone();
        }
        channels[name] = channel;
    }
    json!({ "merchants": { "lakeside": { "channels": channels } } })
}

/// Goes these ways on each database, on all of them at the same time: most of it is waiting.
pub async fn on_each(mode: OrderMode, ways: impl AsyncFn(&Stage)) {
    on_each_behind(mode, 0, ways).await;
}

/// The same with a platform whose clock is so many milliseconds behind.
pub async fn on_each_behind(mode: OrderMode, behind_ms: i64, ways: impl AsyncFn(&Stage)) {
    let mut stages = Vec::new();
    for given in databases::all().await {
        stages.push(stage(given, mode, behind_ms).await);
    }
    let gone = stages.iter().map(async |stage| {
        ways(stage).await;
        assert_clean(stage).await;
    });
    join_all(gone).await;
}

/// A stage with all these connections, each of which sells a ticket.
async fn stage(given: Given, mode: OrderMode, behind_ms: i64) -> Stage {
    let stage = Stage::set_in(mode, given, &connections(mode), behind_ms).await;
    for (connection, _) in ACCOUNTS {
        stage.office.offer(&ticket(connection), &stage.day, 1_000).await;
    }
    stage
}

/// The ticket that a connection sells, with a number of our own.
pub fn ticket(connection: &'static str) -> Offer {
    Offer { connection, product: connection, sku: connection, ..Offer::own_number() }
}

/// The end of a stage: the platform saw nothing against its pages, every fault struck, and the books agree.
pub async fn assert_clean(stage: &Stage) {
    assert_eq!(stage.platform.violations(), []);
    assert_eq!(stage.platform.faults_waiting(), 0);
    stage.office.assert_sound().await;
}

/// A purchase at the account of the offer's connection.
pub fn purchase(stage: &Stage, offer: &Offer, count: u32) -> Purchase {
    Purchase { account_id: account(offer.connection).to_owned(), ..stage.purchase(offer, count) }
}

fn account(connection: &str) -> &'static str {
    ACCOUNTS.iter().find(|(known, _)| *known == connection).unwrap().1
}

/// The answer has this code, and its fields are these.
#[track_caller]
pub fn answered(reply: &SpiReply, fields: Value) {
    assert_eq!(reply.http_status, 200, "{reply:?}");
    for (name, wanted) in fields.as_object().unwrap() {
        assert_eq!(&reply.data()[name], wanted, "{name} of {}", reply.body);
    }
}

/// What acceptance at once says.
pub fn accepted_at_once() -> Value {
    json!({ "error_code": 0, "confirm_info": { "confirm_mode": 1, "confirm_result": 1 } })
}

/// What acceptance later says.
pub fn accepted_later() -> Value {
    json!({ "error_code": 0, "confirm_info": { "confirm_mode": 2 } })
}

/// What a refusal after payment says.
pub fn refused_at_once() -> Value {
    json!({ "error_code": 0, "confirm_info": { "confirm_mode": 1, "confirm_result": 2 } })
}

/// The rows of an order.
#[derive(Clone, PartialEq, Eq)]
pub struct Rows {
    state: String,
    units: String,
    /// Units that stand in the stock.
    stock: u64,
    /// Its postings, in their order.
    money: String,
    /// Its refunds by key: state, cause, units, who decided.
    refunds: String,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, units, stock, money, refunds } = self;
        write!(f, "{state}; {units}; stock {stock}; {money}; {refunds}")
    }
}

impl Rows {
    /// Unpaid: stock and credit are held.
    pub fn held(count: usize) -> Self {
        let stock = u64::try_from(count).unwrap();
        let money = format!("hold {}", SETTLEMENT_FEN * i64::try_from(count).unwrap());
        let units = vec!["available"; count].join(" ");
        Self { state: "created".to_owned(), units, stock, money, refunds: String::new() }
    }

    /// Paid: stock is sold and credit captured.
    pub fn sold(state: &str, count: usize) -> Self {
        let held = Self::held(count);
        let money = format!("{}, {}", held.money, held.money.replace("hold", "capture"));
        Self { state: state.to_owned(), money, ..held }
    }

    /// The same without a hold before.
    pub fn sold_at_once(state: &str, count: usize) -> Self {
        let held = Self::held(count);
        Self { state: state.to_owned(), money: held.money.replace("hold", "sale"), ..held }
    }

    /// Ended before payment: everything went back.
    pub fn unpaid(count: usize) -> Self {
        let held = Self::held(count);
        let money = format!("{}, {}", held.money, held.money.replace("hold", "release"));
        Self { state: "cancelled".to_owned(), units: vec!["refunded"; count].join(" "), stock: 0, money, ..held }
    }

    /// So stand its units; those that were given back left the stock.
    pub fn units(self, units: &str) -> Self {
        let stock = units.split(' ').filter(|unit| *unit != "refunded").count();
        Self { units: units.to_owned(), stock: u64::try_from(stock).unwrap(), ..self }
    }

    /// So much credit went back, posting by posting.
    pub fn back(mut self, amounts: &[i64]) -> Self {
        for amount in amounts {
            self.money.push_str(&format!(", refund {amount}"));
        }
        self
    }

    /// These are its refunds.
    pub fn refunds(self, refunds: &str) -> Self {
        Self { refunds: refunds.to_owned(), ..self }
    }

    /// All of it was refunded: one posting, one refund.
    pub fn refunded(count: usize, refund: &str) -> Self {
        let units = vec!["refunded"; count].join(" ");
        let back = SETTLEMENT_FEN * i64::try_from(count).unwrap();
        Self::sold("refunded", count).units(&units).back(&[back]).refunds(refund)
    }
}

/// An order of the platform that is known here.
pub struct Way<'a> {
    stage: &'a Stage,
    /// Its number at the platform.
    pub order: String,
}

impl<'a> Way<'a> {
    /// An order with this number.
    pub fn of(stage: &'a Stage, order: &str) -> Self {
        Self { stage, order: order.to_owned() }
    }

    /// An order that was made.
    pub async fn created(stage: &'a Stage, offer: &Offer, count: u32) -> Self {
        let made = stage.platform.create_order(&purchase(stage, offer, count)).await;
        answered(&made.reply, json!({ "error_code": 0 }));
        Self { stage, order: made.order_id }
    }

    /// An order that is paid; what the payment notice was answered is for the caller.
    pub async fn paid(stage: &'a Stage, offer: &Offer, count: u32) -> Self {
        let way = Self::created(stage, offer, count).await;
        answered(&way.pay().await, json!({ "error_code": 0 }));
        way
    }

    /// An order whose guest holds his vouchers.
    pub async fn issued(stage: &'a Stage, offer: &Offer, count: u32) -> Self {
        let way = Self::paid(stage, offer, count).await;
        answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
        way
    }

    /// The payment notice.
    pub async fn pay(&self) -> SpiReply {
        self.stage.platform.pay(&self.order).await.unwrap()
    }

    /// The issue call.
    pub async fn issue(&self) -> SpiReply {
        self.stage.platform.issue(&self.order).await.unwrap()
    }

    /// The cancel notice.
    pub async fn cancel(&self, kind: i64) -> SpiReply {
        self.stage.platform.cancel(&self.order, kind).await.unwrap()
    }

    /// The order as the platform sees it.
    pub fn there(&self) -> douyin_simulator::Order {
        self.stage.platform.order(&self.order).unwrap()
    }

    /// Our number.
    pub async fn ours(&self) -> String {
        self.stage.office.order(&self.order).await["id"].as_str().unwrap().to_owned()
    }

    /// The order, its refunds and its timeline.
    pub async fn shown(&self) -> Value {
        self.stage.office.get(&format!("/merchants/lakeside/orders/{}", self.ours().await)).await
    }

    /// Something that an operator does about this order: status and answer.
    pub async fn act(&self, what: &str, body: Value) -> (u16, Value) {
        let path = format!("/merchants/lakeside/orders/{}/{what}", self.ours().await);
        self.stage.office.ask("POST", &path, Some(&body)).await
    }

    /// An operator decides the refund that waits.
    pub async fn decide(&self, key: &str, body: Value) -> (u16, Value) {
        let shown = self.shown().await;
        let refunds = shown["refunds"].as_array().unwrap();
        let refund = refunds.iter().find(|refund| refund["key"] == key).unwrap();
        let path = format!("/merchants/lakeside/refunds/{}/decision", refund["id"].as_str().unwrap());
        self.stage.office.ask("POST", &path, Some(&body)).await
    }

    /// The desk lets units in: status and answer.
    pub async fn redeem(&self, units: &[u16]) -> (u16, Value) {
        let body = json!({ "order": self.ours().await, "units": units });
        self.stage.office.ask("POST", "/merchants/lakeside/redemptions", Some(&body)).await
    }

    /// Now the rows are these, the timeline tells this, and the status query says the same. What the platform is to be
    /// told is told by then; the lines of it stand at the end of `story`, because it happens beside the rest.
    pub async fn expect(&self, rows: &Rows, story: &[&str]) {
        until(&format!("the platform is told about {}", self.order), async || (!self.is_telling().await).then_some(()))
            .await;
        let shown = self.shown().await;
        assert_eq!(told(&shown), story, "{}: {}", self.order, shown["timeline"]);
        assert_eq!(&self.rows(&shown).await, rows, "{}", self.order);
        self.assert_usage(&shown).await;
    }

    /// The same, as soon as what goes on by itself is done.
    pub async fn becomes(&self, rows: &Rows, story: &[&str]) {
        until(&format!("{} tells {story:?}", self.order), async || {
            let shown = self.shown().await;
            (told(&shown) == story && &self.rows(&shown).await == rows).then_some(())
        })
        .await;
        self.expect(rows, story).await;
    }

    /// Waits until the platform sees the order so.
    pub async fn until_there(&self, wanted: douyin_simulator::OrderState) {
        until(&format!("the platform sees {} {wanted:?}", self.order), async || {
            (self.there().state == wanted).then_some(())
        })
        .await;
    }

    /// Waits until somebody is told about something.
    pub async fn until_alerted(&self, kind: &str, subject: &str) {
        until(&format!("somebody is told: {kind} {subject}"), async || {
            self.stage.office.is_alerted(&[kind, subject]).await.then_some(())
        })
        .await;
    }

    /// Whether the platform has still to be told something.
    async fn is_telling(&self) -> bool {
        let ours = self.ours().await;
        let jobs = self.stage.office.get("/merchants/lakeside/jobs?limit=500").await;
        let is_open = |job: &Value| job["state"] == "ready" || job["state"] == "started";
        let mut jobs = jobs["jobs"].as_array().unwrap().iter().filter(|job| is_open(job));
        jobs.any(|job| job["order"] == ours.as_str() && job["kind"]["job"] == "notify")
    }

    async fn rows(&self, shown: &Value) -> Rows {
        let order = &shown["order"];
        let words = |list: &Value, word: fn(&Value) -> String, between: &str| {
            list.as_array().unwrap().iter().map(word).collect::<Vec<_>>().join(between)
        };
        let path = "/merchants/lakeside/distributors/bluebird/statement?limit=500";
        let lines = self.stage.office.get(path).await["lines"].clone();
        let mut money: BTreeMap<i64, String> = BTreeMap::new();
        for line in lines.as_array().unwrap().iter().filter(|line| line["order"] == order["id"]) {
            let posting = format!("{} {}", line["kind"].as_str().unwrap(), line["amount_minor"]);
            money.insert(line["sequence"].as_i64().unwrap(), posting);
        }
        Rows {
            state: order["state"].as_str().unwrap().to_owned(),
            units: words(&order["units"], |unit| unit["state"].as_str().unwrap().to_owned(), " "),
            stock: order["stock"].as_array().unwrap().iter().map(|taken| taken["count"].as_u64().unwrap()).sum(),
            money: money.into_values().collect::<Vec<_>>().join(", "),
            refunds: words(&shown["refunds"], refund_line, "; "),
        }
    }

    /// The status query (scenic §10) names the order and says of each unit what the rows say.
    async fn assert_usage(&self, shown: &Value) {
        let order = &shown["order"];
        let usage = self.stage.call("query-order", &json!({ "order_id": self.order })).await;
        let status = |unit: &Value| match unit["state"].as_str() {
            Some("redeemed") => 1,
            Some("refunded") => 2,
            _ => 0,
        };
        let wanted: Vec<i64> = order["units"].as_array().unwrap().iter().map(status).collect();
        let used = wanted.iter().filter(|status| **status == 1).count();
        assert_eq!((&usage["error_code"], &usage["order_out_id"]), (&json!(0), &order["id"]), "{usage}");
        assert_eq!(usage["total_voucher_quantity"], wanted.len(), "{usage}");
        assert_eq!(usage["used_voucher_quantity"], used, "{usage}");
        // Before there are vouchers none is named.
        let vouchers = usage["vouchers"].as_array().cloned().unwrap_or_default();
        if told(shown).iter().any(|what| what.starts_with("issued")) {
            let told: Vec<i64> = vouchers.iter().filter_map(|one| one["entrance"]["status"].as_i64()).collect();
            assert_eq!(told, wanted, "{usage}");
        } else {
            assert_eq!(vouchers.len(), 0, "{usage}");
        }
    }
}

/// What the timeline tells, word by word; then what the platform was told.
fn told(shown: &Value) -> Vec<String> {
    let events = shown["timeline"].as_array().unwrap().iter();
    let (jobs, mut told): (Vec<String>, Vec<String>) = events.map(line).partition(|line| line.starts_with("told "));
    told.extend(jobs);
    told
}

/// The end of a job says what was told to whom: "notify_accepted: lakeside-later was told".
fn line(event: &Value) -> String {
    let (what, detail) = (event["what"].as_str().unwrap(), event["detail"].as_str().unwrap());
    match detail.strip_prefix("notify_").and_then(|told| told.split_once(':')) {
        Some((told, _)) if what == "job ended" && detail.ends_with("was told") => format!("told {told}"),
        _ => what.to_owned(),
    }
}

fn refund_line(refund: &Value) -> String {
    // A person's name is the name of the token he came with.
    let by = match refund["decided_by"].as_str() {
        None => "nobody",
        Some("the supplier") => "supplier",
        Some(by @ ("rule" | "channel")) => by,
        Some(_) => "person",
    };
    let (state, cause) = (refund["state"].as_str().unwrap(), refund["cause"].as_str().unwrap());
    let mut units: Vec<u64> = refund["units"].as_array().unwrap().iter().map(|unit| unit.as_u64().unwrap()).collect();
    units.sort_unstable();
    format!("{state} {cause} {units:?} {by}")
}
