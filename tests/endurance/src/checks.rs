//! What has to be so after a kill, and once all is at rest.

use std::collections::BTreeMap;
use std::time::Duration;

use douyin_simulator::UnitState;
use entrepot_journeys::office::Office;
use entrepot_journeys::wait::{until, until_within};
use futures_util::StreamExt;
use serde_json::Value;

use crate::dice::Dice;
use crate::said::{Call, Said};
use crate::world::World;

/// Calls repeated at once.
const AT_ONCE: usize = 8;

/// Answers from before the last kill that are asked for once more after each.
const EARLIER: usize = 10;

/// How long jobs may take to come to rest.
const REST: Duration = Duration::from_secs(60);

/// What the business has: orders by the platform's number, refunds by our own.
struct Books {
    orders: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
}

/// After a kill: what was acknowledged since the check before is still true, with some of what was acknowledged
/// earlier, and the invariants hold. Returns how much was acknowledged by now.
pub async fn after_a_kill(world: &World, office: &Office, from: usize, dice: &mut Dice) -> usize {
    let said = world.said(0);
    let earlier = (0..EARLIER.min(from)).map(|_| said[dice.below(from)].clone());
    repeat(world, office, said[from..].iter().cloned().chain(earlier).collect()).await;
    facts(world, office, &said).await;
    booked_once(world);
    office.assert_sound().await;
    said.len()
}

/// Once no guest is under way any more: every job and every order has come to its end, every answer ever acknowledged
/// is given again, and the partners know what we know. Returns how many orders there are.
pub async fn at_rest(world: &World, office: &Office) -> usize {
    jobs_rest(office).await;
    let said = world.said(0);
    repeat(world, office, said.clone()).await;
    jobs_rest(office).await;
    let books = facts(world, office, &said).await;
    for (number, order) in &books.orders {
        let state = order["state"].as_str().unwrap();
        let ended = ["issued", "completed", "refunded", "cancelled"].contains(&state);
        assert!(ended, "order {number} has come to no end: {order}");
        partners_agree(world, number, order);
    }
    booked_once(world);
    assert!(world.platform.violations().is_empty(), "{:?}", world.platform.violations());
    office.assert_sound().await;
    books.orders.len()
}

/// No job is left, and none has given up.
pub async fn jobs_rest(office: &Office) {
    for state in ["ready", "started"] {
        let path = format!("/merchants/lakeside/jobs?state={state}&limit=500");
        let mut left = Value::Null;
        let rest = until_within(REST, "all jobs end", async || {
            left = office.get(&path).await["jobs"].take();
            left.as_array().is_some_and(Vec::is_empty).then_some(())
        });
        rest.await;
    }
    let dead = office.get("/merchants/lakeside/jobs?state=dead").await;
    assert_eq!(dead["jobs"].as_array().map(Vec::len), Some(0), "{dead}");
}

/// Every call, made again, is answered as before.
async fn repeat(world: &World, office: &Office, said: Vec<Said>) {
    let calls = said.into_iter().map(|said| async move {
        // Vouchers of an order that was given back are not asked for again.
        if matches!(said.call, Call::Issue { .. }) && world.is_given_back(said.call.order()) {
            return;
        }
        let again = until("an answer to a repeated call", async || world.send(office, &said.call).await).await;
        assert!(said.is_kept_by(&again), "{:?}\nbefore {}\nnow    {again}", said.call, said.answer);
    });
    futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// What was acknowledged is in the books.
async fn facts(world: &World, office: &Office, said: &[Said]) -> Books {
    let books = Books {
        orders: listed(office, "orders", "channel_order").await,
        refunds: listed(office, "refunds", "id").await,
    };
    for said in said {
        if let Err(why) = holds(world, &books, said) {
            panic!("{why}: {:?} was answered {}, and there is {:?}", said.call, said.answer, books.of(&said.call));
        }
    }
    books
}

impl Books {
    fn of(&self, call: &Call) -> Option<&Value> {
        self.orders.get(call.order())
    }
}

fn holds(world: &World, books: &Books, said: &Said) -> Result<(), &'static str> {
    let order = books.of(&said.call);
    let is = |states: &[&str]| order.is_some_and(|order| states.contains(&order["state"].as_str().unwrap()));
    let promise = |so: bool, why| if so { Ok(()) } else { Err(why) };
    match &said.call {
        Call::Create { .. } if !said.is_done() => promise(order.is_none(), "a refused order is there"),
        Call::Create { .. } => {
            let ours = order.is_some_and(|order| order["id"] == said.answer["data"]["order_out_id"]);
            promise(ours, "the order is not there")
        }
        // It may have come before the order, which then is not there yet.
        Call::Pay { .. } => promise(order.is_none() || !is(&["created", "paid"]), "the payment is lost"),
        Call::Cancel { .. } => promise(order.is_none() || is(&["cancelled"]), "the order goes on"),
        Call::Issue { .. } => {
            let issued = said.answer["data"]["result"] == 1;
            let known = if issued { is(&["issued", "completed", "refunded"]) } else { !is(&["created", "accepted"]) };
            promise(known, "the vouchers are lost")
        }
        Call::AskRefund { key, .. } => {
            promise(books.refunds.values().any(|refund| refund["key"] == *key), "the refund is lost")
        }
        Call::Decide { refund, agree, .. } => {
            let state = books.refunds.get(refund).map_or("", |refund| refund["state"].as_str().unwrap());
            let decided = if *agree { ["agreed", "done"].contains(&state) } else { state == "refused" };
            promise(decided, "the decision is lost")
        }
        Call::Announce { order: number, key } => {
            let platform = world.platform.order(number).unwrap();
            let announced = platform.refund(key).unwrap().units.len();
            let gone = order.map_or(0, |order| units(order, "refunded").count());
            promise(gone >= announced, "the announced refund is lost")
        }
        Call::Redeem { units: used, .. } => {
            let known: Vec<u64> = order.map(|order| units(order, "redeemed").collect()).unwrap_or_default();
            let all = used.iter().all(|unit| known.contains(&u64::from(*unit)));
            promise(!said.is_done() || all, "the redemption is lost")
        }
    }
}

fn units<'a>(order: &'a Value, state: &'a str) -> impl Iterator<Item = u64> + 'a {
    let units = order["units"].as_array().unwrap().iter().filter(move |unit| unit["state"] == state);
    units.map(|unit| unit["number"].as_u64().unwrap())
}

/// A whole list of the API, page by page, by one of its fields.
async fn listed(office: &Office, what: &str, by: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = office.get(&format!("/merchants/lakeside/{what}?limit=500{after}")).await[what].take();
        let Some(last) = page.as_array().and_then(|rows| rows.last()) else { return found };
        after = format!("&after={}", last["id"].as_str().unwrap());
        for row in page.as_array().unwrap() {
            let other = found.insert(row[by].as_str().unwrap().to_owned(), row.clone());
            assert!(other.is_none(), "two {what} are {}", row[by]);
        }
    }
}

/// The supplier was asked for each order once: a booking whose outcome nobody knew was asked about.
fn booked_once(world: &World) {
    let mut booked: BTreeMap<String, u32> = BTreeMap::new();
    for call in world.gate.recorded().iter().filter(|call| call.method == "POST" && call.path == "/tickets") {
        let body: Value = serde_json::from_str(&call.body).unwrap();
        *booked.entry(body["order"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    booked.retain(|_, times| *times > 1);
    assert!(booked.is_empty(), "booked more than once: {booked:?}");
}

/// Platform and gate know of the order what we know.
fn partners_agree(world: &World, number: &str, order: &Value) {
    let platform = world.platform.order(number).unwrap();
    let redeemed = units(order, "redeemed").count();
    assert_eq!(platform.units_in(UnitState::Used), redeemed, "used, as the platform knows: {platform:?}\n{order}");
    let Some(booked) = world.gate.order(order["id"].as_str().unwrap()) else {
        assert!(order["product"] != "BOAT" || order["state"] != "issued", "issued without the gate: {order}");
        return;
    };
    assert_eq!(booked.cancelled.len(), units(order, "refunded").count(), "given back at the gate: {booked:?}\n{order}");
}
