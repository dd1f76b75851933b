//! The group-buy voucher with online reservation: one guest's codes come after the ten minutes and rescue the reservation, one
//! cancels, reserves anew and gives everything back, and one never reserves at all.

use std::time::Duration;

use douyin_simulator::{
    AfterSale, Event, Family, OrderState, Purchase, PurchaseState, RefundReply, RefundState, Reservation,
    ReservationState, VoucherTerms,
};
use entrepot_contract::async_trait;
use entrepot_sdk::demo::{Journey, Stage, StepLog};
use serde_json::{Value, json};

use crate::calendar_journey::{Scene, ensure, in_days, told, top_up, yes};
use crate::office::{COST_FEN, Till};
use crate::simulators::names;

const MERCHANT: &str = "lakeside";
const DISTRIBUTOR: &str = "bluebird";
/// What is bought, what is reserved with it, and how Laike names both.
const VOUCHER: &str = "LAKE-FLASH";
const TICKET: &str = "LAKE-ENTRY";
const PAIR: &str = "LAKE-FLASH|LAKE-ENTRY";
const POOL: &str = "lake-entry-codes";
/// What one voucher costs the guest, and its distributor, in fen.
const PRICE_FEN: i64 = 9_900;
const SETTLED_FEN: i64 = 8_000;
/// What everybody here buys.
const UNITS: u32 = 2;
/// Douyin asks whether to give money back because no codes came (`apply_source`).
const NOT_ISSUED: i64 = 301;
/// Most looks at something that jobs do, and the time between them in milliseconds.
const LOOKS: (u32, u64) = (100, 100);

/// The journeys, in order.
#[must_use]
pub fn journeys() -> Vec<Box<dyn Journey>> {
    vec![Box::new(LateCodes), Box::new(SecondThoughts)]
}

/// The codes of a reservation come when Douyin has given it up already.
struct LateCodes;

#[async_trait]
impl Journey for LateCodes {
    fn name(&self) -> &'static str {
        "group-buy voucher: reserved, codes too late, rescued, used"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "late")?;
        prepare(&scene, steps).await?;
        let before = Books::of(&scene).await?;
        let bought = buy(&scene, steps).await?;
        let (reserved, accepted_ms) = reserve_without_codes(&scene, steps, &bought).await?;
        time_passes(&scene, steps, accepted_ms).await?;
        asks_about_the_codes(&scene, steps, &reserved).await?;
        let codes = import(&scene, steps, "LATE", 2).await?;
        rescued(&scene, steps, &bought, &reserved).await?;
        let_in(&scene, steps, &codes[0]).await?;
        told(&scene, steps, &reserved).await?;
        completed(&scene, steps, (&bought, &reserved), &before).await
    }
}

/// A reservation is cancelled and made anew, and then the money goes back; a voucher that nobody reserved goes back unasked.
struct SecondThoughts;

#[async_trait]
impl Journey for SecondThoughts {
    fn name(&self) -> &'static str {
        "group-buy voucher: cancelled, reserved anew, refunded; never reserved, refunded unasked"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "second")?;
        prepare(&scene, steps).await?;
        // Two for each of two reservations: what a guest has seen is given to nobody else.
        import(&scene, steps, "SOON", 4).await?;
        let before = Books::of(&scene).await?;
        let bought = buy(&scene, steps).await?;
        let first = reserve(&scene, steps, &bought, "guest reserves today").await?;
        cancel(&scene, steps, &bought, &first).await?;
        let second = reserve(&scene, steps, &bought, "guest reserves anew").await?;
        give_back(&scene, steps, (&bought, &second), &before).await?;
        let never = buy(&scene, steps).await?;
        give_back_unreserved(&scene, steps, &never, &before).await
    }
}

/// Vouchers and tickets of today, and the distributor's account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Books {
    /// Vouchers held and sold.
    vouchers: (i64, i64),
    till: Till,
}

impl Books {
    async fn of(scene: &Scene) -> Result<Self, String> {
        let till = scene.office.till(MERCHANT, TICKET, &scene.day, Some(DISTRIBUTOR)).await?;
        Ok(Self { vouchers: vouchers(scene).await?, till })
    }

    /// What changed since an earlier moment, for people.
    fn since(&self, before: &Self) -> String {
        let (then, now) = (before.vouchers.1, self.vouchers.1);
        let sold = if then == now { "as they were".to_owned() } else { format!("sold {then} → {now}") };
        format!("vouchers: {sold}; tickets of the day, {}", self.till.since(&before.till))
    }

    /// The same after so many vouchers and tickets more were sold: a reservation costs the distributor nothing.
    fn with_sold(&self, vouchers: i64, tickets: i64) -> Self {
        let mut after = self.clone();
        after.vouchers.1 += vouchers;
        after.till.stock.1 += tickets;
        after.till.stock.2 = after.till.stock.2.map(|left| left - tickets);
        after.till.credit = after.till.credit.map(|(balance, held)| (balance - vouchers * SETTLED_FEN, held));
        after
    }
}

/// Vouchers held and sold: they have no date.
async fn vouchers(scene: &Scene) -> Result<(i64, i64), String> {
    let stock = scene.office.get(&format!("/merchants/{MERCHANT}/stock?bucket={VOUCHER}")).await?;
    let number = |name: &str| stock["cells"][0][name].as_i64().unwrap_or(0);
    Ok((number("held"), number("sold")))
}

/// The books have to say this; what changed since an earlier moment.
async fn balanced(scene: &Scene, before: &Books, expected: &Books) -> Result<String, String> {
    let now = Books::of(scene).await?;
    ensure(&now == expected, || format!("expected {expected:?}, found {now:?}"))?;
    Ok(now.since(before))
}

/// How a pair stands for a desk, which has to be so; in both languages.
async fn stands(scene: &Scene, order: &str, wanted: &str) -> Result<String, String> {
    let ours = scene.office.order(MERCHANT, order).await?;
    let standing = &ours["standing"];
    ensure(standing == wanted, || format!("order {order} stands as {standing}, expected {wanted}"))?;
    let chinese = ours["standing_zh"].as_str().unwrap_or_default();
    Ok(format!("{chinese} ({})", wanted.replace('_', " ")))
}

/// Asks again until it is so: jobs take a moment.
async fn until(otherwise: &str, mut is_so: impl FnMut() -> bool) -> Result<(), String> {
    for _ in 0..LOOKS.0 {
        if is_so() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(LOOKS.1)).await;
    }
    Err(format!("after ten seconds: {otherwise}"))
}

async fn prepare(scene: &Scene, steps: &mut StepLog) -> Result<(), String> {
    steps
        .step("operator puts the pair on sale", async {
            let (connection, _) = names::GROUPBUY;
            let last = in_days(scene.platform.now_ms(), 60);
            let voucher = json!({
                "id": "lake-flash", "kind": "flash_sale_voucher", "name": "Lakeside flash sale", "on_sale": true,
                "validity": { "on": "window", "from": scene.day, "to": last },
                "guests": { "collect": "buyer", "phone": true }, "refund": { "otherwise": "free" }, "reservation": {},
            });
            let ticket = json!({
                "id": "lake-entry", "kind": "ticket", "name": "Lakeside entry", "on_sale": true,
                "validity": { "on": "visit_day" }, "refund": { "otherwise": "free" },
                "guests": { "collect": "one_guest", "name": true, "phone": true, "documents": ["identity_card"] },
            });
            let sku = |id: &str, product: &str, fulfilment: Value| {
                json!({ "sku": { "id": id, "product": product, "name": "adult", "fulfilment": fulfilment } })
            };
            let codes = json!({ "by": "supplier", "connection": "lakeside-pool", "product_code": POOL });
            let listing = json!({
                "id": "lake-pair", "connection": connection, "names": { "sku_out": PAIR },
                "sells": { "pair": { "voucher": VOUCHER, "reservation": TICKET } },
            });
            let entries = json!({ "entries": [
                { "product": voucher }, { "product": ticket },
                sku(VOUCHER, "lake-flash", json!({ "by": "own_number" })), sku(TICKET, "lake-entry", codes),
                { "listing": listing },
            ] });
            scene.office.send("POST", &format!("/merchants/{MERCHANT}/catalogue"), Some(entries)).await?;
            stock_up(scene).await?;
            Ok(((), format!("{PAIR}: {PRICE_FEN} fen, reserved from {} to {last}", scene.day)))
        })
        .await?;
    top_up(scene, steps).await
}

/// Ten more of each than an earlier run sold.
async fn stock_up(scene: &Scene) -> Result<(), String> {
    let sold = |(held, sold): (i64, i64)| held + sold + 10;
    let till = scene.office.till(MERCHANT, TICKET, &scene.day, None).await.unwrap_or_default();
    let (vouchers, tickets) = (sold(vouchers(scene).await?), sold((till.stock.0, till.stock.1)));
    let rows = json!({ "rows": [
        { "sku": VOUCHER, "retail_minor": PRICE_FEN, "settlement_minor": SETTLED_FEN, "cost_minor": COST_FEN,
          "stock": { "limited": vouchers } },
        { "sku": TICKET, "dates": [scene.day], "retail_minor": PRICE_FEN, "settlement_minor": SETTLED_FEN,
          "cost_minor": COST_FEN, "open": true, "stock": { "limited": tickets } },
    ] });
    scene.office.send("POST", &format!("/merchants/{MERCHANT}/calendar"), Some(rows)).await?;
    Ok(())
}

/// Codes of this run, as an operator brings them.
async fn import(scene: &Scene, steps: &mut StepLog, prefix: &str, count: usize) -> Result<Vec<String>, String> {
    steps
        .step(&format!("operator imports {count} codes"), async {
            let run = scene.platform.options().seed;
            let codes: Vec<String> = (1..=count).map(|number| format!("{prefix}-{run}-{number:03}")).collect();
            let rows: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
            let path = format!("/merchants/{MERCHANT}/pools/{POOL}/codes");
            let report = scene.office.send("POST", &path, Some(json!({ "codes": rows }))).await?;
            ensure(report["added"] == count, || format!("the import says {report}"))?;
            Ok((codes, format!("into pool {POOL}")))
        })
        .await
}

/// The vouchers of one guest: the order's number at the platform.
async fn buy(scene: &Scene, steps: &mut StepLog) -> Result<String, String> {
    let now_ms = scene.platform.now_ms();
    let purchase = Purchase {
        account_id: names::GROUPBUY.1.to_owned(),
        product_out_id: PAIR.to_owned(),
        sku_out_id: PAIR.to_owned(),
        unit_price_fen: PRICE_FEN,
        count: UNITS,
        terms: VoucherTerms::within(&scene.day, &in_days(now_ms, 60)),
        ..Purchase::voucher(Family::F1)
    };
    steps
        .step("guest buys two vouchers and names no day", async {
            let before = Books::of(scene).await?;
            let made = scene.platform.buy(&purchase).await;
            let order = made.order.as_ref().ok_or_else(|| format!("the check says {}", made.check.body))?;
            ensure(order.state == OrderState::Issued, || format!("{made:?}"))?;
            let standing = stands(scene, &order.order_id, "to_reserve").await?;
            let books = balanced(scene, &before, &before.with_sold(UNITS.into(), 0)).await?;
            Ok((order.order_id.clone(), format!("order {}: {standing}; {books}", order.order_id)))
        })
        .await
}

/// A second order for today that nothing can be issued for: its number, and when it was accepted.
async fn reserve_without_codes(scene: &Scene, steps: &mut StepLog, bought: &str) -> Result<(String, i64), String> {
    steps
        .step("guest reserves today, and the pool is empty", async {
            let before = Books::of(scene).await?;
            let made = scene.platform.reserve(&Reservation::of(bought, &scene.day)).await;
            let made = made.map_err(|fault| fault.to_string())?;
            let order = made.order.as_ref().ok_or_else(|| format!("the check says {}", made.check.body))?;
            let state = scene.platform.reservation_state(&order.order_id).map_err(|fault| fault.to_string())?;
            ensure(state == ReservationState::Issuing, || format!("the platform sees {state:?}: {made:?}"))?;
            let accepted = order.accepted_ms.ok_or("the platform was not told that it is accepted")?;
            let standing = stands(scene, bought, "to_reserve").await?;
            let books = balanced(scene, &before, &before.with_sold(0, UNITS.into())).await?;
            let text = format!("order {}: accepted, without codes, so still {standing}; {books}", order.order_id);
            Ok(((order.order_id.clone(), accepted), text))
        })
        .await
}

/// The one place where the clock is the point.
async fn time_passes(scene: &Scene, steps: &mut StepLog, accepted_ms: i64) -> Result<(), String> {
    steps
        .step("ten minutes pass (here in eight seconds)", async {
            let over_ms = accepted_ms + names::ISSUE_MS + 50;
            let left = u64::try_from(over_ms - scene.platform.now_ms()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(left)).await;
            let alerts = scene.office.get("/alerts").await?;
            let due = alerts["alerts"].as_array().into_iter().flatten().find(|alert| alert["kind"] == "issue_due");
            let due = due.ok_or("nobody was told that codes are due")?;
            Ok(((), format!("operators were told: {}", due["text"].as_str().unwrap_or_default())))
        })
        .await
}

async fn asks_about_the_codes(scene: &Scene, steps: &mut StepLog, reserved: &str) -> Result<(), String> {
    steps
        .step("platform asks: give the money back?", async {
            scene.platform.run_deadlines().await;
            let events = events(scene, reserved)?;
            let asked = events.iter().any(|event| matches!(event, Event::RefundAsked { source: NOT_ISSUED, .. }));
            ensure(asked, || format!("it did not ask: {events:?}"))?;
            let state = scene.platform.reservation_state(reserved).map_err(|fault| fault.to_string())?;
            let waits = state == ReservationState::RefundPendingUnissued;
            ensure(waits, || format!("the platform sees {state:?}"))?;
            Ok(((), format!("source {NOT_ISSUED}, no codes in time; the answer is: wait")))
        })
        .await
}

/// Codes first, then the refusal: a refusal without them would not count.
async fn rescued(scene: &Scene, steps: &mut StepLog, bought: &str, reserved: &str) -> Result<(), String> {
    steps
        .step("the refusal goes out with the codes", async {
            let is_refused = || events(scene, reserved).is_ok_and(|all| all.iter().any(is_rescue));
            until("the platform was sent no refusal with codes", is_refused).await?;
            let state = scene.platform.reservation_state(reserved).map_err(|fault| fault.to_string())?;
            ensure(state == ReservationState::Issued, || format!("the platform sees {state:?}"))?;
            let events = events(scene, reserved)?;
            let refusals = events.iter().filter(|event| matches!(event, Event::RefundRefused { .. })).count();
            let alone = refusals == 1 && !events.contains(&Event::IssueCallback);
            ensure(alone, || format!("the codes go with the one refusal: {events:?}"))?;
            let story = story(scene, reserved).await?;
            let issued = story.iter().position(|what| what == "issued");
            let refused = story.iter().position(|what| what == "refund refused");
            ensure(issued.is_some() && issued < refused, || format!("issued first, refused then: {story:?}"))?;
            let linked = scene.office.order(MERCHANT, bought).await?["linked_order"]["channel_order"].clone();
            ensure(linked == reserved, || format!("beside {bought} stands {linked}"))?;
            Ok(((), format!("issued, then refused with the codes; {}", stands(scene, bought, "reserved").await?)))
        })
        .await
}

fn is_rescue(event: &Event) -> bool {
    matches!(event, Event::RefundRefused { vouchers: true, counted: true, .. })
}

fn events(scene: &Scene, order: &str) -> Result<Vec<Event>, String> {
    scene.platform.events(order).map_err(|fault| fault.to_string())
}

/// What happened to an order here, in its order.
async fn story(scene: &Scene, order: &str) -> Result<Vec<String>, String> {
    let ours = scene.office.order(MERCHANT, order).await?;
    let id = ours["id"].as_str().unwrap_or_default();
    let shown = scene.office.get(&format!("/merchants/{MERCHANT}/orders/{id}")).await?;
    let lines = shown["timeline"].as_array().into_iter().flatten();
    Ok(lines.filter_map(|line| line["what"].as_str().map(str::to_owned)).collect())
}

async fn let_in(scene: &Scene, steps: &mut StepLog, code: &str) -> Result<(), String> {
    steps
        .step("one guest shows his code at the gate, and both are let in", async {
            let path = format!("/merchants/{MERCHANT}/redemptions");
            let answer = scene.office.send("POST", &path, Some(json!({ "code": code }))).await?;
            ensure(answer["units"] == json!([1, 2]), || format!("used: {answer}"))?;
            Ok(((), format!("units {} are used", answer["units"])))
        })
        .await
}

async fn completed(
    scene: &Scene,
    steps: &mut StepLog,
    (bought, reserved): (&str, &str),
    before: &Books,
) -> Result<(), String> {
    steps
        .step("both orders are completed", async {
            let state = scene.platform.purchase_state(bought).map_err(|fault| fault.to_string())?;
            ensure(state == PurchaseState::Completed, || format!("the platform sees {state:?}"))?;
            let standing = stands(scene, bought, "completed").await?;
            stands(scene, reserved, "completed").await?;
            let sold = i64::from(UNITS);
            let books = balanced(scene, before, &before.with_sold(sold, sold)).await?;
            agrees(scene)?;
            Ok(((), format!("{standing}; {books}")))
        })
        .await
}

/// The platform has nothing to say against us.
fn agrees(scene: &Scene) -> Result<(), String> {
    let violations = scene.platform.violations();
    ensure(violations.is_empty(), || format!("the platform objects: {violations:?}"))
}

/// A reservation that gets its codes at once.
async fn reserve(scene: &Scene, steps: &mut StepLog, bought: &str, name: &str) -> Result<String, String> {
    steps
        .step(name, async {
            let before = Books::of(scene).await?;
            let made = scene.platform.reserve(&Reservation::of(bought, &scene.day)).await;
            let made = made.map_err(|fault| fault.to_string())?;
            let order = made.order.as_ref().ok_or_else(|| format!("the check says {}", made.check.body))?;
            ensure(order.state == OrderState::Issued, || format!("{made:?}"))?;
            let standing = stands(scene, bought, "reserved").await?;
            let books = balanced(scene, &before, &before.with_sold(0, UNITS.into())).await?;
            Ok((order.order_id.clone(), format!("order {}: {standing}; {books}", order.order_id)))
        })
        .await
}

async fn cancel(scene: &Scene, steps: &mut StepLog, bought: &str, reserved: &str) -> Result<(), String> {
    steps
        .step("guest cancels the reservation and keeps the vouchers", async {
            let before = Books::of(scene).await?;
            agreed(scene.platform.cancel_reservation(reserved).await.map_err(|fault| fault.to_string())?)?;
            let standing = stands(scene, bought, "to_reserve").await?;
            let books = balanced(scene, &before, &before.with_sold(0, -i64::from(UNITS))).await?;
            Ok(((), format!("{standing}; {books}")))
        })
        .await
}

/// Agreed at once and carried out.
fn agreed(asked: RefundReply) -> Result<String, String> {
    let answer = yes("refund review", &asked.reply)?;
    ensure(asked.state == RefundState::Done, || format!("the platform sees {:?}", asked.state))?;
    Ok(answer)
}

async fn give_back(
    scene: &Scene,
    steps: &mut StepLog,
    (bought, reserved): (&str, &str),
    before: &Books,
) -> Result<(), String> {
    steps
        .step("guest asks for his money, the rule decides", async {
            let sold = Books::of(scene).await?;
            let asked = scene.platform.guest_refund(reserved, AfterSale::Refund).await;
            let answer = agreed(asked.map_err(|fault| fault.to_string())?)?;
            let books = given_back(scene, bought, before, &sold).await?;
            Ok(((), format!("{answer}; both orders are refunded; {books}")))
        })
        .await
}

async fn give_back_unreserved(scene: &Scene, steps: &mut StepLog, bought: &str, before: &Books) -> Result<(), String> {
    steps
        .step("another guest never reserves: the money goes back unasked", async {
            let sold = Books::of(scene).await?;
            let reply = scene.platform.refund_unreserved(bought, None).await.map_err(|fault| fault.to_string())?;
            let answer = yes("refund result", &reply)?;
            let events = events(scene, bought)?;
            let asked = events.iter().any(|event| matches!(event, Event::RefundAsked { .. }));
            ensure(!asked, || format!("nobody asks: {events:?}"))?;
            let books = given_back(scene, bought, before, &sold).await?;
            agrees(scene)?;
            Ok(((), format!("{answer}; {books}")))
        })
        .await
}

/// Everything is as it was before the vouchers were bought; what changed since they were sold.
async fn given_back(scene: &Scene, bought: &str, before: &Books, sold: &Books) -> Result<String, String> {
    let state = scene.platform.purchase_state(bought).map_err(|fault| fault.to_string())?;
    ensure(state == PurchaseState::Refunded, || format!("the platform sees {state:?}"))?;
    let ours = scene.office.order(MERCHANT, bought).await?;
    ensure(ours["state"] == "refunded", || format!("the order is {}", ours["state"]))?;
    balanced(scene, sold, before).await
}
