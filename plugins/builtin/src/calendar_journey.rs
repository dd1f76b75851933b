//! The calendar ticket, as a guest at the simulated platform, an operator and a gate live it.

use std::sync::Arc;

use douyin_simulator::{OrderState, Platform, Purchase, RefundAsk, RefundNotice, SpiReply};
use entrepot_contract::async_trait;
use entrepot_sdk::demo::{Journey, Stage, StepLog};
use serde_json::{Value, json};
use simple_gate_simulator::Gate;

use crate::office::{Offer, Office, Till};
use crate::simulators::names::HARBOUR;

/// The journeys, in order.
#[must_use]
pub fn journeys() -> Vec<Box<dyn Journey>> {
    vec![Box::new(FromPool), Box::new(FromGate), Box::new(FromHarbour), Box::new(TwoMerchants)]
}

/// What every journey needs.
pub(crate) struct Scene {
    pub(crate) platform: Arc<Platform>,
    pub(crate) office: Office,
    pub(crate) day: String,
}

impl Scene {
    pub(crate) fn set(stage: &Stage, name: &str) -> Result<Self, String> {
        let platform: Arc<Platform> = stage.simulator("douyin")?;
        platform.set_target(&stage.entrepot_url);
        // Keys of this run differ from those of an earlier run on the same database.
        let office = Office::new(stage, &format!("{name}-{}", platform.options().seed))?;
        let day = today(platform.now_ms());
        Ok(Self { platform, office, day })
    }

    pub(crate) fn purchase(&self, account: &str, product: &str, sku: &str, count: u32) -> Purchase {
        Purchase {
            account_id: account.to_owned(),
            product_out_id: product.to_owned(),
            sku_out_id: sku.to_owned(),
            product_id: format!("9{product}"),
            sku_id: format!("9{sku}"),
            day: self.day.clone(),
            unit_price_fen: RETAIL_FEN,
            count,
            tourists: Vec::new(),
            ..Purchase::sample()
        }
    }
}

/// Today at the venue, `yyyy-MM-dd`.
fn today(now_ms: i64) -> String {
    in_days(now_ms, 0)
}

/// So many days later.
pub(crate) fn in_days(now_ms: i64, days: i64) -> String {
    let there = chrono::DateTime::from_timestamp_millis(now_ms + (8 + 24 * days) * 3_600_000).unwrap_or_default();
    there.format("%Y-%m-%d").to_string()
}

pub(crate) const RETAIL_FEN: i64 = 10_000;
pub(crate) const SETTLEMENT_FEN: i64 = 8_000;
const DISTRIBUTOR: &str = "bluebird";

/// An answer that was a yes, for people; why it was not, otherwise.
pub(crate) fn yes(who: &str, reply: &SpiReply) -> Result<String, String> {
    if reply.is_ok() {
        Ok(format!("{who}: {} ms at the platform, yes", reply.elapsed_ms))
    } else {
        Err(format!("{who}: HTTP {} {}", reply.http_status, reply.body))
    }
}

/// What must be so.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Codes of an imported pool; the guest uses the ticket at Entrepot's own desk.
struct FromPool;

#[async_trait]
impl Journey for FromPool {
    fn name(&self) -> &'static str {
        "calendar ticket, codes from a pool, used"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "pool")?;
        let offer = Offer {
            product: "LAKE-TICKET",
            sku: "LAKE-ADULT",
            name: "Lakeside day ticket",
            connection: "lakeside-douyin",
            fulfilment: json!({ "by": "supplier", "connection": "lakeside-pool", "product_code": "lake-codes" }),
            day: &scene.day,
            retail_fen: RETAIL_FEN,
            settlement_fen: SETTLEMENT_FEN,
        };
        prepare(&scene, steps, &offer, Some("lake-codes")).await?;
        let purchase = scene.purchase("70001", offer.product, offer.sku, 2);
        let order = buy(&scene, steps, "lakeside", &offer, &purchase).await?;
        let codes = issue(&scene, steps, &order).await?;
        query(&scene, steps, &order, 0).await?;
        redeem(&scene, steps, &order, &codes).await?;
        query(&scene, steps, &order, 2).await?;
        told(&scene, steps, &order).await
    }
}

/// Tickets of a supplier that is called; the guest changes his mind.
struct FromGate;

#[async_trait]
impl Journey for FromGate {
    fn name(&self) -> &'static str {
        "calendar ticket, booked at a ticket gate, refunded"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "gate")?;
        let gate: Arc<Gate> = stage.simulator("simple-gate")?;
        let offer = Offer {
            product: "BOAT-TICKET",
            sku: "BOAT-ADULT",
            name: "Lakeside boat trip",
            connection: "lakeside-douyin",
            fulfilment: json!({ "by": "supplier", "connection": "lakeside-gate", "product_code": "BOAT" }),
            day: &scene.day,
            retail_fen: RETAIL_FEN,
            settlement_fen: SETTLEMENT_FEN,
        };
        gate.desk.set_capacity("BOAT", 1_000);
        prepare(&scene, steps, &offer, None).await?;
        let before = scene.office.till("lakeside", offer.sku, &scene.day, Some(DISTRIBUTOR)).await?;
        let purchase = scene.purchase("70001", offer.product, offer.sku, 2);
        let order = buy(&scene, steps, "lakeside", &offer, &purchase).await?;
        issue(&scene, steps, &order).await?;
        query(&scene, steps, &order, 0).await?;
        refund(&scene, steps, &offer, &order, &before).await
    }
}

/// Tickets of a supplier that reserves first and confirms then, three days ahead: it takes them back until a day before.
struct FromHarbour;

#[async_trait]
impl Journey for FromHarbour {
    fn name(&self) -> &'static str {
        "calendar ticket, reserved and confirmed at an OCTO supplier, refunded"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let mut scene = Scene::set(stage, "harbour")?;
        scene.day = in_days(scene.platform.now_ms(), 3);
        let harbour: Arc<octo_simulator::Running> = stage.simulator("octo")?;
        let offer = Offer {
            product: "MUSEUM-TICKET",
            sku: "MUSEUM-ADULT",
            name: "Harbour museum",
            connection: "lakeside-douyin",
            fulfilment: json!({ "by": "supplier", "connection": HARBOUR, "product_code": "museum/museum-day/adult" }),
            day: &scene.day,
            retail_fen: RETAIL_FEN,
            settlement_fen: SETTLEMENT_FEN,
        };
        prepare(&scene, steps, &offer, None).await?;
        let before = till(&scene, "lakeside", &offer).await?;
        let purchase = scene.purchase("70001", offer.product, offer.sku, 2);
        let order = buy(&scene, steps, "lakeside", &offer, &purchase).await?;
        let codes = issue(&scene, steps, &order).await?;
        let there = |status| {
            let bookings = harbour.desk.bookings();
            let found = bookings.iter().find(|it| it.items.iter().any(|item| item.code.as_ref() == codes.first()));
            ensure(found.is_some_and(|it| it.status == status), || format!("the supplier has {bookings:?}"))
        };
        there(octo_simulator::Status::Confirmed)?;
        query(&scene, steps, &order, 0).await?;
        refund(&scene, steps, &offer, &order, &before).await?;
        there(octo_simulator::Status::Cancelled)
    }
}

/// Two merchants, two accounts, one application: every call finds its own merchant.
struct TwoMerchants;

#[async_trait]
impl Journey for TwoMerchants {
    fn name(&self) -> &'static str {
        "two merchants on one application"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "two")?;
        let offer = |product, sku, name, connection| Offer {
            product,
            sku,
            name,
            connection,
            fulfilment: json!({ "by": "own_number" }),
            day: &scene.day,
            retail_fen: RETAIL_FEN,
            settlement_fen: SETTLEMENT_FEN,
        };
        // The same names on both sides: only the account tells them apart.
        let lake = offer("DAY-TICKET", "DAY-ADULT", "Lakeside evening", "lakeside-douyin");
        let hill = offer("DAY-TICKET", "DAY-ADULT", "Hilltop gardens", "hilltop-douyin");
        for (merchant, offer) in [("lakeside", &lake), ("hilltop", &hill)] {
            steps
                .step(&format!("operator puts {} on sale", offer.name), async {
                    scene.office.offer(merchant, offer).await?;
                    Ok(((), format!("merchant {merchant}, connection {}", offer.connection)))
                })
                .await?;
        }
        top_up(&scene, steps).await?;
        let first = scene.purchase("70001", lake.product, lake.sku, 1);
        let second = scene.purchase("70002", hill.product, hill.sku, 3);
        let first = buy(&scene, steps, "lakeside", &lake, &first).await?;
        let second = buy(&scene, steps, "hilltop", &hill, &second).await?;
        for order in [&first, &second] {
            issue(&scene, steps, order).await?;
        }
        steps
            .step("each merchant sees only his own order", async {
                let crossed = scene.office.order("hilltop", &first).await.is_ok()
                    || scene.office.order("lakeside", &second).await.is_ok();
                ensure(!crossed, || "an order shows up at the other merchant".to_owned())?;
                Ok(((), format!("{first} is lakeside's, {second} is hilltop's")))
            })
            .await
    }
}

pub(crate) async fn prepare(
    scene: &Scene,
    steps: &mut StepLog,
    offer: &Offer<'_>,
    pool: Option<&str>,
) -> Result<(), String> {
    let merchant = "lakeside";
    steps
        .step(&format!("operator puts {} on sale", offer.name), async {
            scene.office.offer(merchant, offer).await?;
            let told = format!(
                "{} on {}: retail {} fen, settlement {} fen",
                offer.sku, offer.day, offer.retail_fen, offer.settlement_fen
            );
            Ok(((), told))
        })
        .await?;
    if let Some(pool) = pool {
        steps
            .step("operator imports codes", async {
                let run = scene.platform.options().seed;
                let codes: Vec<Value> = (1..=20).map(|n| json!({ "code": format!("LAKE-{run}-{n:03}") })).collect();
                let path = format!("/merchants/{merchant}/pools/{pool}/codes");
                let report = scene.office.send("POST", &path, Some(json!({ "codes": codes }))).await?;
                ensure(report["added"] == 20, || format!("the import says {report}"))?;
                Ok(((), format!("20 codes into pool {pool}")))
            })
            .await?;
    }
    top_up(scene, steps).await
}

pub(crate) async fn top_up(scene: &Scene, steps: &mut StepLog) -> Result<(), String> {
    steps
        .step("operator tops up the distributor", async {
            let path = format!("/merchants/lakeside/distributors/{DISTRIBUTOR}/top-ups");
            let answer =
                scene.office.send("POST", &path, Some(json!({ "amount_minor": 100_000, "note": "demo" }))).await?;
            Ok(((), format!("{DISTRIBUTOR} has {} fen to spend", answer["available_minor"])))
        })
        .await
}

async fn till(scene: &Scene, merchant: &str, offer: &Offer<'_>) -> Result<Till, String> {
    let distributor = (merchant == "lakeside").then_some(DISTRIBUTOR);
    scene.office.till(merchant, offer.sku, offer.day, distributor).await
}

/// Check, create, pay: the order's number at the platform.
pub(crate) async fn buy(
    scene: &Scene,
    steps: &mut StepLog,
    merchant: &str,
    offer: &Offer<'_>,
    purchase: &Purchase,
) -> Result<String, String> {
    let count = i64::from(purchase.count);
    let before = till(scene, merchant, offer).await?;
    steps
        .step("platform asks: may this be bought?", async {
            let told = yes("booking check", &scene.platform.check_booking(purchase).await)?;
            let after = till(scene, merchant, offer).await?;
            ensure(after == before, || "a check changed something".to_owned())?;
            Ok(((), told))
        })
        .await?;
    let order = steps
        .step("guest orders", async {
            let made = scene.platform.create_order(purchase).await;
            let told = yes("create order", &made.reply)?;
            let after = till(scene, merchant, offer).await?;
            ensure(after.stock.0 == before.stock.0 + count, || format!("held: {after:?}"))?;
            Ok((made.order_id.clone(), format!("{told}; order {}; {}", made.order_id, after.since(&before))))
        })
        .await?;
    let held = till(scene, merchant, offer).await?;
    steps
        .step("guest pays, order is accepted", async {
            let reply = scene.platform.pay(&order).await.map_err(|fault| format!("{fault:?}"))?;
            let told = yes("payment notice", &reply)?;
            let state = scene.platform.order(&order).map(|order| order.state);
            ensure(state == Some(OrderState::Accepted), || format!("the platform sees {state:?}: {}", reply.body))?;
            let after = till(scene, merchant, offer).await?;
            ensure(after.stock.1 == before.stock.1 + count, || format!("sold: {after:?}"))?;
            if let (Some(then), Some(now)) = (before.credit, after.credit) {
                let owed = SETTLEMENT_FEN * count;
                ensure(now == (then.0 - owed, then.1), || format!("credit went from {then:?} to {now:?}"))?;
            }
            Ok(((), format!("{told}; {}", after.since(&held))))
        })
        .await?;
    Ok(order)
}

/// The platform asks for credentials: what each unit shows.
pub(crate) async fn issue(scene: &Scene, steps: &mut StepLog, order: &str) -> Result<Vec<String>, String> {
    steps
        .step("platform asks for credentials", async {
            let reply = scene.platform.issue(order).await.map_err(|fault| format!("{fault:?}"))?;
            let told = yes("issue call", &reply)?;
            let found = scene.platform.order(order).ok_or("the platform lost the order")?;
            ensure(found.state == OrderState::Issued, || {
                format!("the platform sees {:?}: {}", found.state, reply.body)
            })?;
            let violations = scene.platform.violations();
            ensure(violations.is_empty(), || format!("the platform objects: {violations:?}"))?;
            let vouchers = reply.data()["vouchers"].as_array().cloned().unwrap_or_default();
            let codes: Vec<String> = vouchers.iter().filter_map(shown).collect();
            ensure(codes.len() == vouchers.len() && !codes.is_empty(), || "a unit has nothing to show".to_owned())?;
            Ok((codes.clone(), format!("{told}; {} units have credentials", codes.len())))
        })
        .await
}

/// What a voucher's entrance shows first.
fn shown(voucher: &Value) -> Option<String> {
    let entrance = &voucher["entrance"];
    let first = |name: &str| entrance[name].get(0)?.as_str().map(str::to_owned);
    first("qrcodes").or_else(|| first("certificate_nos"))
}

pub(crate) async fn query(scene: &Scene, steps: &mut StepLog, order: &str, used: i64) -> Result<(), String> {
    steps
        .step("platform asks how much is used", async {
            let reply = scene.platform.query(order).await.map_err(|fault| format!("{fault:?}"))?;
            let told = yes("status query", &reply)?;
            let found = reply.data()["used_voucher_quantity"].as_i64();
            ensure(found == Some(used), || format!("used: {found:?}, expected {used}"))?;
            Ok(((), format!("{told}; {used} used")))
        })
        .await
}

async fn redeem(scene: &Scene, steps: &mut StepLog, order: &str, codes: &[String]) -> Result<(), String> {
    for (place, code) in codes.iter().enumerate() {
        steps
            .step(&format!("guest {} shows his code at the gate", place + 1), async {
                let body = json!({ "code": code });
                let answer = scene.office.send("POST", "/merchants/lakeside/redemptions", Some(body)).await?;
                let again = json!({ "code": code });
                let twice = scene.office.send("POST", "/merchants/lakeside/redemptions", Some(again)).await;
                ensure(twice.is_err(), || "the same code opened the gate twice".to_owned())?;
                Ok(((), format!("unit {} is used; the same code again is refused", answer["units"])))
            })
            .await?;
    }
    let ours = scene.office.order("lakeside", order).await?;
    ensure(ours["state"] == "completed", || format!("the order is {}", ours["state"]))
}

/// Jobs tell the platform; it may take a moment.
pub(crate) async fn told(scene: &Scene, steps: &mut StepLog, order: &str) -> Result<(), String> {
    steps
        .step("platform is told about the redemption", async {
            for _ in 0..100 {
                if scene.platform.order(order).is_some_and(|order| order.state == OrderState::Used) {
                    return Ok(((), "a job verified the units at the platform".to_owned()));
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            let found = scene.platform.order(order).map(|order| order.state);
            Err(format!("after ten seconds the platform sees {found:?}"))
        })
        .await
}

async fn refund(
    scene: &Scene,
    steps: &mut StepLog,
    offer: &Offer<'_>,
    order: &str,
    before: &Till,
) -> Result<(), String> {
    let sold = till(scene, "lakeside", offer).await?;
    let key = steps
        .step("guest asks for his money, the rule decides", async {
            let asked = scene.platform.apply_refund(order, RefundAsk::user()).await;
            let asked = asked.map_err(|fault| format!("{fault:?}"))?;
            let told = yes("refund review", &asked.reply)?;
            let agreed = asked.reply.data()["audit_refund_result"].as_i64();
            ensure(agreed == Some(1), || format!("audit_refund_result is {agreed:?}"))?;
            let after = till(scene, "lakeside", offer).await?;
            ensure(after == sold, || "something moved before the money did".to_owned())?;
            Ok((asked.key, format!("{told}; the gate gave the tickets back, the refund is agreed")))
        })
        .await?;
    steps
        .step("platform announces the refund", async {
            let reply = scene.platform.notify_refund(order, RefundNotice::of(&key, 1)).await;
            let told = yes("refund result", &reply.map_err(|fault| format!("{fault:?}"))?)?;
            let after = till(scene, "lakeside", offer).await?;
            ensure(&after == before, || format!("before the sale {before:?}, now {after:?}"))?;
            Ok(((), format!("{told}; {}", after.since(&sold))))
        })
        .await?;
    let ours = scene.office.order("lakeside", order).await?;
    ensure(ours["state"] == "refunded", || format!("the order is {}", ours["state"]))
}
