//! Orders are made: one answer per key, never more than there is, nobody in anybody's way.

use std::collections::BTreeSet;

use entrepot_contract::intent::{CreateOrder, Intent, UnitChoice};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::money::Money;
use entrepot_contract::order::{GuestField, OrderState};
use entrepot_contract::outcome::{Acceptance, Outcome, Reason};
use entrepot_contract::time::{Clock as _, Timestamp};
use entrepot_domain::command::{Body, OrderName};
use entrepot_engine::storage::{Storage as _, Switch};

use crate::fakes::Message;
use crate::house::*;

#[tokio::test(start_paused = true)]
async fn one_key_gives_one_order_and_the_same_answer() {
    let house = House::new().await;
    let first = house.create("1", "own", 2, true).await.unwrap();
    assert!(matches!(first, Outcome::Created { acceptance: Some(Acceptance::Accepted), .. }));
    assert_eq!(house.create("1", "own", 2, true).await.unwrap(), first);
    let Outcome::Refused(refusal) = house.create("1", "own", 3, true).await.unwrap() else { panic!() };
    assert_eq!(refusal.reason, Reason::KeyConflict);
    assert_eq!((house.orders(), house.left("own").await), (1, STOCK - 2));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn two_hundred_at_once_buy_exactly_what_there_is() {
    let house = std::sync::Arc::new(House::new().await);
    let calls = (0..200).map(|number| {
        let house = house.clone();
        tokio::spawn(async move { house.create(&number.to_string(), "own", 1, number % 2 == 0).await })
    });
    let (mut sold, mut refused) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap().unwrap() {
            Outcome::Created { .. } => sold += 1,
            Outcome::Refused(refusal) if refusal.reason == Reason::SoldOut => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((sold, refused, house.left("own").await), (STOCK, 200 - STOCK, 0));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn two_hundred_repeats_of_one_order_are_one_order() {
    let house = std::sync::Arc::new(House::new().await);
    let calls = (0..200).map(|_| {
        let house = house.clone();
        tokio::spawn(async move { house.create("1", "own", 1, true).await })
    });
    let mut answers = BTreeSet::new();
    for call in calls.collect::<Vec<_>>() {
        answers.insert(format!("{:?}", call.await.unwrap()));
    }
    assert_eq!((answers.len(), house.orders()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn two_applications_with_one_order_number_do_not_meet() {
    let house = House::new().await;
    house.create("1", "own", 2, false).await.unwrap();
    let answer = house.call_through("app2", "create", Some("account"), create("1", "own", 3, None)).await.unwrap();
    assert!(matches!(answer, Outcome::Created { .. }));
    house.call("cancel", cancel("1")).await.unwrap();
    let states: Vec<(String, OrderState)> =
        house.storage.orders(&id("park")).iter().map(|order| (order.application.to_string(), order.state)).collect();
    assert!(states.contains(&("app".to_owned(), OrderState::Cancelled)));
    assert!(states.contains(&("app2".to_owned(), OrderState::Created)));
    assert_eq!(house.left("own").await, STOCK - 3);
    let paid = house.call_through("app2", "pay", Some("account"), pay("1")).await.unwrap();
    assert_eq!(paid, Outcome::Paid { acceptance: Acceptance::Accepted });
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_takes_no_sales_but_still_its_refunds() {
    let house = House::new().await;
    house.sold("1", "own", 2).await;
    house.switch("shop", Switch::Paused).await;
    let Outcome::Refused(refusal) = house.create("2", "own", 1, true).await.unwrap() else { panic!() };
    assert_eq!(refusal.reason, Reason::Paused);
    let checked = house.call("check", Intent::CheckBooking(wish("own", 1))).await.unwrap();
    assert!(matches!(checked, Outcome::Refused(refusal) if refusal.reason == Reason::Paused));
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issued { .. }));
    assert!(matches!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundAgreed { .. }));
    assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    assert_eq!((house.state("1").await, house.left("own").await), (OrderState::Refunded, STOCK));
    let other = house.call_through("app2", "create", Some("account"), create("2", "own", 1, None)).await.unwrap();
    assert!(matches!(other, Outcome::Created { .. }));
    house.switch("shop", Switch::On).await;
    assert!(matches!(house.create("3", "own", 1, true).await.unwrap(), Outcome::Created { .. }));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_reserves_nothing() {
    let house = House::new().await;
    for _ in 0..3 {
        let answer = house.call("check", Intent::CheckBooking(wish("own", 10))).await.unwrap();
        assert_eq!(answer, Outcome::Bookable);
    }
    assert_eq!(house.left("own").await, STOCK);
    house.administer(Body::WriteCalendar { rows: vec![row("own", 1)] }).await;
    let answer = house.call("check", Intent::CheckBooking(wish("own", 2))).await.unwrap();
    assert!(matches!(answer, Outcome::Refused(refusal) if refusal.reason == Reason::SoldOut));
}

#[tokio::test(start_paused = true)]
async fn an_unpaid_order_ends_by_itself() {
    let house = House::new().await;
    house.create("1", "own", 2, false).await.unwrap();
    house.clock.jump(900_000);
    for _ in 0..200 {
        tokio::time::advance(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!((house.state("1").await, house.left("own").await), (OrderState::Cancelled, STOCK));
    let paid = house.call("pay", pay("1")).await.unwrap();
    assert_eq!(paid, Outcome::Paid { acceptance: Acceptance::Refused });
    assert_eq!(house.alerts("paid_after_end"), 1);
    house.sound().await;
}

fn message(sign: &str, intent: Intent) -> Message {
    Message { sign: sign.to_owned(), account: Some("account".to_owned()), order: None, product: None, intent }
}

#[tokio::test(start_paused = true)]
async fn a_scene_that_nobody_knows_is_kept_and_told() {
    let house = House::new().await;
    let answered = house.raw("app", "brand-new", &message("good", pay("1"))).await;
    assert_eq!((answered.verdict, answered.authentic), ("unknown_scene", true));
    assert_eq!(answered.raw.unwrap().body, br#"{"ready":"busy"}"#);
    assert_eq!(house.alerts("unknown_scene"), 1);
    let answered = house.raw("app", "brand-new", &message("forged", pay("1"))).await;
    assert_eq!((answered.verdict, answered.authentic), ("unauthenticated", false));
    assert_eq!(answered.raw.unwrap().body, br#"{"ready":"refused"}"#);
    assert!(house.raw("nobody", "pay", &message("good", pay("1"))).await.raw.is_none());
    until("the log is written", || house.storage.interface_lines().iter().any(|line| line.api == "brand-new")).await;
}

#[tokio::test(start_paused = true)]
async fn a_forged_call_changes_nothing() {
    let house = House::new().await;
    let answered = house.raw("app", "create", &message("forged", create("1", "own", 1, None))).await;
    assert_eq!((answered.verdict, answered.authentic), ("unauthenticated", false));
    assert_eq!(house.orders(), 0);
}

#[tokio::test(start_paused = true)]
async fn usage_is_what_is_committed() {
    let house = House::new().await;
    house.sold("1", "own", 2).await;
    let query = |number: &str| Intent::QueryOrder { order: id(number) };
    let Outcome::Usage { units, .. } = house.call("query", query("1")).await.unwrap() else { panic!() };
    assert_eq!(units.len(), 2);
    assert!(matches!(house.call("query", query("2")).await.unwrap(), Outcome::Refused(_)));
}

/// A no that says what would have been to be had, where the call wants to know.
#[tokio::test(start_paused = true)]
async fn a_refusal_brings_the_calendar_along_where_it_is_wanted() {
    let house = House::new().await;
    for wanted in [false, true] {
        let mut wish = wish("own", 10);
        wish.calendar_when_refused = wanted;
        wish.origin_amount = Some(Money::fen(1));
        let checked = house.call("check", Intent::CheckBooking(wish.clone())).await;
        let create = CreateOrder::new(id("1"), wish, Timestamp::from_millis(0));
        let created = house.call("create", Intent::CreateOrder(create)).await;
        for answer in [checked, created] {
            let Ok(Outcome::Refused(refusal)) = answer else { panic!("{answer:?}") };
            assert_eq!(refusal.calendar.len(), usize::from(wanted), "{refusal:?}");
            let days = refusal.calendar.iter().flat_map(|sku| &sku.days);
            assert!(days.clone().all(|cell| cell.left == Some(STOCK) && cell.day.retail == Money::fen(1_000)));
            assert_eq!(days.count(), usize::from(wanted));
        }
    }
}

/// What the guest writes is kept with the guests, and what the channel calls the units goes along with each notice.
#[tokio::test(start_paused = true)]
async fn a_remark_and_the_names_of_units_are_carried() {
    let house = House::new().await;
    let mut create = CreateOrder::new(id("1"), wish("own", 1), Timestamp::from_millis(0));
    let named = UnitNames { item: Some("i-1".to_owned()), ..UnitNames::default() };
    create.unit_names = vec![named.clone()];
    create.wish.guests.remark = Some(GuestField::Plain("a quiet table".to_owned()));
    create.paid_at = Some(house.clock.now());
    house.call("create", Intent::CreateOrder(create)).await.unwrap();
    let order = house.order("1").await.unwrap();
    let guests = house.storage.guests(&id("park"), &order.id).await.unwrap();
    assert_eq!(guests.remark.as_ref().and_then(GuestField::plain), Some("a quiet table"));
    house.call("issue", issue("1")).await.unwrap();
    house
        .done(Body::Redeem { order: OrderName::Own(order.id), units: UnitChoice::AllLeft, used_at: house.clock.now() })
        .await;
    until("told", || house.shop.told() == ["redeemed"]).await;
    assert_eq!(house.shop.told.lock().unwrap()[0].unit_names, [named]);
}
