//! A supplier's calendar becomes ours.

use entrepot_contract::calendar::{Capacity, StockKey};
use entrepot_contract::hearing::News;
use entrepot_contract::intent::{CreateOrder, Intent, PullCalendar};
use entrepot_contract::money::Money;
use entrepot_contract::outcome::Outcome;
use entrepot_contract::reading::{Slot, SupplierCell, Vacancies};
use entrepot_contract::time::Clock as _;

use entrepot_engine::storage::Storage;

use crate::hearing::told;
use crate::house::*;

fn cell_of(date: &str, open: bool, vacancies: Vacancies) -> SupplierCell {
    SupplierCell { date: date.parse().unwrap(), slot: None, open, vacancies, cost: Some(Money::fen(700)), cutoff: None }
}

const fn left(units: u32) -> Vacancies {
    Vacancies::Limited { units }
}

async fn house(cells: Vec<SupplierCell>) -> House {
    House::of(|gate| {
        *gate.calendar.lock().unwrap() = Some(cells);
        *gate.calls_us.lock().unwrap() = true;
    })
    .await
}

async fn capacity(house: &House, date: &str) -> Option<Capacity> {
    let key = StockKey { date: Some(date.parse().unwrap()), ..cell("gated") };
    let found = house.storage.stock(&id("park"), std::slice::from_ref(&key)).await.unwrap();
    found.get(&key).map(|stock| stock.capacity)
}

/// The supplier tells that its calendar changed, and is asked so many questions.
async fn read(house: &House, questions: usize) {
    let asked = || house.gate.calls().iter().filter(|call| **call == "read_calendar").count();
    settle().await;
    let before = asked();
    assert_eq!(told(house, "good", vec![News::Calendar { product_code: None }]).await, "heard");
    until("read", || asked() == before + questions).await;
    settle().await;
}

/// What was booked there is no vacancy any more: ours counts it, theirs does not.
#[tokio::test(start_paused = true)]
async fn stock_and_cost_are_the_suppliers_and_what_was_sold_is_not_taken_off_twice() {
    let house = house(vec![
        cell_of("2026-09-12", true, left(3)),
        cell_of(DAY, true, left(20)),
        cell_of("2026-10-02", true, Vacancies::Unlimited),
        cell_of("2026-10-03", false, left(9)),
        cell_of("2026-10-04", true, Vacancies::Unknown),
    ])
    .await;
    house.issued("1", "gated", 2).await;
    read(&house, 7).await;
    assert_eq!(house.left("gated").await, 20, "as many as the supplier would still sell");
    assert_eq!(capacity(&house, DAY).await, Some(Capacity::Limited(22)));
    assert_eq!(capacity(&house, "2026-09-12").await, Some(Capacity::Limited(3)));
    assert_eq!(capacity(&house, "2026-10-02").await, Some(Capacity::Unlimited));
    assert_eq!(capacity(&house, "2026-10-03").await, Some(Capacity::Limited(0)), "closed there: nothing left here");
    assert_eq!(capacity(&house, "2026-10-04").await, None, "not told, not touched");
    let rules = house.engine.rules(&id("park")).await.unwrap();
    let day = rules.catalogue.day(&id("gated"), Some(DAY.parse().unwrap())).unwrap();
    assert_eq!((day.cost, day.retail), (Some(Money::fen(700)), Money::fen(1_000)), "prices for guests stay ours");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn news_of_the_calendar_are_read_at_once() {
    let house = house(vec![cell_of(DAY, true, left(20))]).await;
    read(&house, 6).await;
    assert_eq!(house.left("gated").await, 20);
    *house.gate.calendar.lock().unwrap() = Some(vec![cell_of(DAY, true, left(0))]);
    read(&house, 6).await;
    let refused = house.create("1", "gated", 1, true).await.unwrap();
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_calendar_that_nobody_asked_for_stays_ours() {
    let house = House::new().await;
    settle().await;
    assert_eq!((house.gate.calls().len(), house.left("gated").await), (0, STOCK));
}

/// A day with several starts: each is a cell of its own, and an order names one.
#[tokio::test(start_paused = true)]
async fn time_slots_become_slots_of_our_stock_with_their_times_and_costs() {
    let at = |starts: &str, ends: &str, units, fen| SupplierCell {
        slot: Some(Slot { id: format!("boat.{starts}"), starts: starts.to_owned(), ends: ends.to_owned() }),
        cost: Some(Money::fen(fen)),
        ..cell_of(DAY, true, left(units))
    };
    let house = house(vec![at("14:00", "16:00", 2, 600), at("09:00", "11:00", 5, 500)]).await;
    read(&house, 6).await;
    let rules = house.engine.rules(&id("park")).await.unwrap();
    let day = rules.catalogue.day(&id("gated"), Some(DAY.parse().unwrap())).unwrap();
    let told: Vec<_> = day.slots.iter().map(|slot| (slot.slot.starts.as_str(), slot.cost)).collect();
    assert_eq!(told, [("09:00", Some(Money::fen(500))), ("14:00", Some(Money::fen(600)))]);
    let key = |starts: &str| StockKey { slot: Some(format!("boat.{starts}")), ..cell("gated") };
    let stock = house.storage.stock(&id("park"), &[key("09:00"), key("14:00")]).await.unwrap();
    let capacities: Vec<_> = stock.values().map(|stock| stock.capacity).collect();
    assert_eq!(capacities, [Capacity::Limited(5), Capacity::Limited(2)]);
    // The channel sees them, and buys one.
    let (from, to) = (DAY.parse().unwrap(), DAY.parse().unwrap());
    let names = wish("gated", 1).names;
    let asked = house.call("query", Intent::PullCalendar(PullCalendar::new(names, from, to))).await;
    let Ok(Outcome::Calendar { skus }) = asked else { panic!("{asked:?}") };
    let shown: Vec<_> = skus[0].days[0].slots.iter().map(|slot| (slot.slot.as_str(), slot.left)).collect();
    assert_eq!((shown, skus[0].days[0].left), (vec![("boat.09:00", Some(5)), ("boat.14:00", Some(2))], Some(0)));
    let unnamed = house.create("1", "gated", 1, true).await.unwrap();
    assert!(matches!(unnamed, Outcome::Refused(_)), "{unnamed:?}");
    let mut named = CreateOrder::new(id("2"), wish("gated", 1), house.clock.now());
    (named.wish.slot, named.paid_at) = (Some("boat.14:00".to_owned()), Some(house.clock.now()));
    let made = house.call("create", Intent::CreateOrder(named)).await.unwrap();
    assert!(matches!(made, Outcome::Created { .. }), "{made:?}");
    assert_eq!(house.order("2").await.unwrap().terms.cost, Some(Money::fen(600)));
    house.sound().await;
}
