//! What a channel is told and asked beside its orders.

use std::collections::BTreeMap;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::looking::{Look, RedemptionLine, SeenState};
use entrepot_contract::money::Money;
use entrepot_contract::notice::{RefusedDate, Told};
use entrepot_contract::order::{Guest, GuestField, OrderState, RefundState};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::supplier::Wait;
use entrepot_contract::time::Timestamp;
use entrepot_domain::catalogue::{Beside, TellsCalendar, TellsProducts};
use entrepot_domain::command::{Body, CalendarRow};
use entrepot_domain::difference::DifferenceKind;
use entrepot_engine::flows::reconcile::Standing;
use entrepot_engine::flows::tell_product::ProductStanding;
use entrepot_engine::notes::{DifferenceFilter, Notes, StandingDifference};

use crate::fakes::Book;
use crate::house::*;
use crate::side::{line, seen};

const EVERY: TellsCalendar = TellsCalendar { every_ms: 2_000, stock_every_ms: 60_000, whole_every_ms: 86_400_000 };

async fn house() -> House {
    let beside = Beside {
        calendar: Some(EVERY),
        products: TellsProducts::Asked,
        catch_up_ms: Some(60_000),
        ..Beside::default()
    };
    House::beside(beside).await
}

fn days(from: u32, count: u32, fen: i64) -> Vec<CalendarRow> {
    let first = DAY.parse::<entrepot_contract::time::VisitDate>().unwrap();
    let day = |number| {
        let mut row = row("own", 50);
        let date = first.plus_days(number);
        row.day.date = date;
        row.day.retail = Money::fen(fen);
        if let Some((key, _)) = &mut row.stock {
            key.date = date;
        }
        row
    };
    (from..from + count).map(day).collect()
}

impl House {
    fn calls(&self) -> usize {
        self.shop.side.calendars.lock().unwrap().len()
    }

    /// What the channel believes of a product: price and stock by date, from everything it was told.
    fn believed(&self, product: &str) -> BTreeMap<String, (i64, Option<u32>)> {
        let mut believed = BTreeMap::new();
        for notice in self.shop.side.calendars.lock().unwrap().iter() {
            if notice.names.product.as_deref() != Some(product) {
                continue;
            }
            for sku in &notice.skus {
                for cell in &sku.cells {
                    let date = cell.day.date.unwrap().to_string();
                    believed.insert(date, (cell.day.retail.amount_minor, cell.left));
                }
                for date in &sku.gone {
                    believed.remove(&date.to_string());
                }
            }
        }
        believed
    }

    /// Lets as much time pass, a second at a time.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            tokio::time::advance(std::time::Duration::from_millis(1_000)).await;
            settle().await;
        }
    }

    fn now(&self) -> Timestamp {
        use entrepot_contract::time::Clock;
        self.clock.now()
    }

    async fn differences(&self) -> Vec<StandingDifference> {
        self.storage.differences(&id("park"), &DifferenceFilter::default()).await.unwrap()
    }

    fn shop_connection(&self) -> entrepot_engine::directory::Connection {
        self.engine.directory().connections[&id::<entrepot_contract::ids::ConnectionId>("shop")].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_told_everything_once_and_then_what_changed_in_the_fewest_calls() {
    let house = house().await;
    house.pass(5).await;
    let first = house.calls();
    assert_eq!(first, 2, "one for each product");
    assert!(house.shop.side.calendars.lock().unwrap().iter().all(|notice| notice.whole));
    house.pass(10).await;
    assert_eq!(house.calls(), first, "nothing changed, nothing is told");
    // Four writes of 15 dates, and the first 15 once more: the newest value of 60 dates is two calls of 30.
    for part in 0..4 {
        house.done(Body::WriteCalendar { rows: days(part * 15, 15, 2_000) }).await;
    }
    house.done(Body::WriteCalendar { rows: days(0, 15, 3_000) }).await;
    house.pass(5).await;
    assert_eq!(house.calls() - first, 2);
    let believed = house.believed("own");
    assert_eq!(believed.len(), 60);
    assert_eq!((believed[DAY].0, believed["2026-10-16"].0), (3_000, 2_000));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_number_left_waits_and_a_date_that_sold_out_does_not() {
    let house = house().await;
    house.pass(5).await;
    assert_eq!(house.believed("own")[DAY].1, Some(STOCK));
    house.sold("1", "own", 2).await;
    house.pass(10).await;
    assert_eq!(house.believed("own")[DAY].1, Some(STOCK), "a small change waits");
    house.pass(60).await;
    assert_eq!(house.believed("own")[DAY].1, Some(STOCK - 2));
    house.done(Body::CorrectStock { rows: vec![set("own", 2)] }).await;
    house.pass(4).await;
    assert_eq!(house.believed("own")[DAY].1, Some(0), "sold out is told at once");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_told_is_told_later_and_somebody_hears_of_it() {
    let house = house().await;
    house.pass(5).await;
    let away = || Err(Fault::unknown(FaultKind::TimedOut, "no answer"));
    house.shop.side.calendar_answers.lock().unwrap().extend([away(), away(), away()]);
    house.done(Body::WriteCalendar { rows: days(0, 3, 4_000) }).await;
    house.pass(20).await;
    assert_eq!(house.alerts("calendar_behind"), 1, "three failures are told to a person");
    house.pass(60).await;
    assert_eq!(house.believed("own")[DAY].0, 4_000);
    assert_eq!(house.alerts("calendar_behind"), 0);
    // A date that it does not take is told again only when it changes.
    let no = RefusedDate { listing: id("shop-own"), date: DAY.parse().unwrap(), reason: "too dear".to_owned() };
    house.shop.side.calendar_answers.lock().unwrap().push_back(Ok(Told::Partly { refused: vec![no] }));
    house.done(Body::WriteCalendar { rows: days(0, 2, 5_000) }).await;
    house.pass(5).await;
    assert_eq!(house.alerts("calendar_behind"), 1);
    let calls = house.calls();
    house.pass(20).await;
    assert_eq!(house.calls(), calls, "it is not repeated as it was");
    let told = house.engine.calendar_tellings(&house.shop_connection()).await.unwrap();
    let own = &told.iter().find(|(name, _)| name == "own").unwrap().1;
    assert!(own.refused[0].contains("too dear"), "{:?}", own.refused);
    // Told once it changed, and taken: nothing stands of it any more.
    house.done(Body::WriteCalendar { rows: days(0, 1, 5_100) }).await;
    house.pass(5).await;
    assert_eq!(house.alerts("calendar_behind"), 0);
    let calls = house.calls();
    house.engine.tell_calendar_whole(&house.shop_connection(), Some("own")).await.unwrap();
    house.pass(5).await;
    assert_eq!((house.calls(), house.alerts("calendar_behind")), (calls + 1, 0));
}

#[tokio::test(start_paused = true)]
async fn another_engine_on_the_same_database_tells_only_what_is_new() {
    let house = house().await;
    house.pass(5).await;
    let calls = house.calls();
    let second = house.start_again(id("other")).await;
    house.pass(5).await;
    assert_eq!(house.calls(), calls);
    house.engine.stop(std::time::Duration::from_secs(1)).await;
    house.done_by(&second, Body::WriteCalendar { rows: days(0, 1, 9_000) }).await;
    house.pass(5).await;
    assert_eq!((house.calls(), house.believed("own")[DAY].0), (calls + 1, 9_000));
}

#[tokio::test(start_paused = true)]
async fn a_product_waits_for_its_audit_and_a_no_is_told_to_a_person() {
    let house = house().await;
    let shop = house.shop_connection();
    house.pass(5).await;
    assert!(house.shop.side.products.lock().unwrap().is_empty(), "nobody asked for it");
    house.shop.side.product_answers.lock().unwrap().extend([Ok(Told::Waiting(Wait::ms(600_000))), Ok(Told::Done)]);
    assert_eq!(house.engine.tell_products(&shop, Some("own")).await.unwrap(), Ok(1));
    house.pass(5).await;
    let standing = async || house.engine.product_tellings(&shop).await.unwrap()["own"].standing;
    assert_eq!(standing().await, ProductStanding::Waiting);
    // The channel tells that the audit is over: it is asked at once, and once for one message.
    let names = ListingNames { product: Some("own".to_owned()), ..ListingNames::default() };
    let event = Intent::Event { event: "audit".to_owned(), message: "m1".to_owned(), order: None, names };
    assert_eq!(house.call("query", event.clone()).await.unwrap(), Outcome::Recorded);
    house.pass(4).await;
    assert_eq!(standing().await, ProductStanding::Done);
    assert_eq!(house.call("query", event).await.unwrap(), Outcome::Recorded);
    let told = house.shop.side.products.lock().unwrap().len();
    assert_eq!(told, 2);
    let no = Fault::not_done(FaultKind::Refused, "the picture is missing");
    house.shop.side.product_answers.lock().unwrap().push_back(Err(no));
    assert_eq!(house.engine.tell_products(&shop, None).await.unwrap(), Ok(2));
    house.pass(5).await;
    assert_eq!(house.alerts("product_refused"), 1);
}

/// A connection that was down for an hour finds what it missed.
#[tokio::test(start_paused = true)]
async fn missed_calls_are_made_up_for_and_a_late_notice_changes_nothing_more() {
    let house = house().await;
    house.create("1", "own", 2, false).await.unwrap();
    house.issued("2", "own", 2).await;
    house.issued("3", "own", 2).await;
    let at = house.now();
    house.clock.jump(3_600_000 / 6);
    let part = entrepot_contract::looking::OrderSeen {
        refunded_units: Some(1),
        refunded: Some(Money::fen(1_000)),
        ..seen("3", SeenState::Issued, at)
    };
    let all = entrepot_contract::looking::OrderSeen {
        refunded: Some(Money::fen(2_000)),
        ..seen("2", SeenState::Refunded, at)
    };
    let nobodys = seen("4", SeenState::Paid, at.plus_millis(-1));
    house.shop.side.orders.lock().unwrap().extend([seen("1", SeenState::Paid, at), all, part, nobodys]);
    house.pass(65).await;
    assert!(matches!(house.state("1").await, OrderState::Accepted | OrderState::Paid), "{:?}", house.state("1").await);
    assert_eq!(house.state("2").await, OrderState::Refunded);
    assert_eq!(house.order("3").await.unwrap().numbers(entrepot_contract::order::UnitState::Refunded).len(), 1);
    assert_eq!(house.alerts("order_missing"), 1);
    assert_eq!(house.alerts("contradiction"), 0);
    // The notice that was missed comes after all, under the channel's own key.
    let late = refunded("2", "r-9");
    let Intent::RecordRefund(record) = late else { panic!("a refund") };
    let late = Intent::RecordRefund(entrepot_contract::intent::RecordRefund { amount: Money::fen(2_000), ..record });
    assert_eq!(house.call("refunded", late.clone()).await.unwrap(), Outcome::Recorded);
    assert_eq!(house.call("refunded", late).await.unwrap(), Outcome::Recorded);
    let refunds = house.refunds("2").await;
    assert_eq!((refunds.len(), refunds[0].key.as_str(), refunds[0].state), (1, "r-9", RefundState::Done));
    assert_eq!(house.alerts("contradiction"), 0);
    let following = house.engine.following(&house.shop_connection()).await.unwrap();
    assert_eq!((following.mended, following.failures), (3, 0));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_a_slow_channel_is_told_does_not_wait_for_a_rest() {
    let house = house().await;
    house.pass(65).await;
    *house.shop.side.slow_ms.lock().unwrap() = 2_000;
    house.done(Body::WriteCalendar { rows: days(0, 60, 2_000) }).await;
    house.pass(3).await;
    house.done(Body::WriteCalendar { rows: days(0, 60, 3_000) }).await;
    house.pass(12).await;
    let believed = house.believed("own");
    assert!(believed.values().all(|(price, _)| *price == 3_000), "{believed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up_is_waited_for_and_no_failure() {
    let house = house().await;
    house.pass(65).await;
    let before = house.engine.following(&house.shop_connection()).await.unwrap();
    let asked = house.shop.side.asked.lock().unwrap().len();
    *house.shop.side.over_quota.lock().unwrap() = 3;
    house.pass(65).await;
    let after = house.engine.following(&house.shop_connection()).await.unwrap();
    assert_eq!((after.failures, after.fault), (0, None));
    assert!(after.looked_at > before.looked_at);
    let looks = house.shop.side.asked.lock().unwrap()[asked..].to_vec();
    assert!(looks.starts_with(&[looks[0].clone(), looks[0].clone(), looks[0].clone()]));
    // One that a quota keeps out for good is told.
    *house.shop.side.over_quota.lock().unwrap() = u32::MAX;
    house.pass(240).await;
    assert_eq!(house.alerts("catch_up_failing"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_cannot_be_asked_is_told_to_a_person_and_nothing_of_the_time_is_skipped() {
    let house = house().await;
    house.pass(65).await;
    let until = house.engine.following(&house.shop_connection()).await.unwrap().until.unwrap();
    *house.shop.side.away.lock().unwrap() = true;
    house.pass(240).await;
    assert_eq!(house.alerts("catch_up_failing"), 1);
    assert!(
        house.engine.following(&house.shop_connection()).await.unwrap().until.unwrap() <= until.plus_millis(65_000)
    );
    *house.shop.side.away.lock().unwrap() = false;
    house.pass(65).await;
    assert_eq!(house.alerts("catch_up_failing"), 0);
    let asked = house.shop.side.asked.lock().unwrap();
    let Some(Look::Orders { from, .. }) = asked.last() else { panic!("orders are asked for") };
    assert!(*from <= until);
}

#[tokio::test(start_paused = true)]
async fn a_day_is_compared_and_what_differs_stands_until_it_is_gone() {
    let house = house().await;
    for number in ["1", "2", "3"] {
        house.issued(number, "own", 2).await;
    }
    let at = house.now();
    let of = |number: &str| entrepot_contract::looking::OrderSeen {
        paid: Some(Money::fen(2_000)),
        units: Some(2),
        used_units: Some(0),
        ..seen(number, SeenState::Issued, at)
    };
    let dear = entrepot_contract::looking::OrderSeen { paid: Some(Money::fen(1_900)), ..of("2") };
    house.shop.side.orders.lock().unwrap().extend([of("1"), dear, of("8")]);
    house.shop.side.lines.lock().unwrap().extend([line("b1", "1", 2_000), line("b2", "9", 700)]);
    house.shop.side.uses.lock().unwrap().push(RedemptionLine {
        id: "u1".to_owned(),
        order: Some(id("1")),
        units: 1,
        at,
        undone_at: None,
    });
    house.clock.jump(86_400_000);
    let shop = house.shop_connection();
    let zone = entrepot_domain::venue::zone("Asia/Shanghai").unwrap();
    let day = entrepot_domain::venue::today(zone, at).unwrap();
    assert!(house.engine.compare_soon(&shop, day, "tester").await.unwrap());
    house.pass(5).await;
    let compared = house.engine.comparisons(&shop).await.unwrap()[&day].clone();
    assert_eq!((compared.standing, compared.by.as_str()), (Standing::Done, "tester"), "{compared:?}");
    let found: Vec<(DifferenceKind, String)> =
        house.differences().await.into_iter().map(|one| (one.difference.kind, one.difference.subject)).collect();
    let expected = [
        (DifferenceKind::MissingHere, "8"),
        (DifferenceKind::MissingThere, "3"),
        (DifferenceKind::Amount, "2"),
        (DifferenceKind::Units, "1"),
        (DifferenceKind::Bill, "9"),
    ];
    assert_eq!(found, expected.map(|(kind, subject)| (kind, subject.to_owned())), "{found:?}");
    assert_eq!(house.alerts("differences"), 1);
    // The channel corrects itself: the next comparison finds nothing.
    *house.shop.side.orders.lock().unwrap() = vec![of("1"), of("2"), of("3")];
    house.shop.side.lines.lock().unwrap().truncate(1);
    house.shop.side.uses.lock().unwrap().clear();
    house.engine.compare_soon(&shop, day, "tester").await.unwrap();
    house.pass(5).await;
    assert_eq!((house.differences().await.len(), house.alerts("differences")), (0, 0));
}

fn sealed(text: &str) -> Option<GuestField> {
    Some(GuestField::Sealed(text.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn a_supplier_is_told_the_opened_names_and_the_channel_is_asked_once() {
    let house = house().await;
    let Intent::CreateOrder(mut create) = create("1", "gated", 1, Some(house.now())) else { panic!("a creation") };
    create.wish.guests.buyer =
        Some(Guest { name: sealed("Enc.Wang Example"), phone: sealed("odd"), ..Guest::default() });
    house.call("create", Intent::CreateOrder(create)).await.unwrap();
    house.gate.script([Book::Away]);
    house.call("issue", issue("1")).await.unwrap();
    house.pass(20).await;
    assert_eq!(house.state("1").await, OrderState::Issued);
    let told = house.gate.orders.lock().unwrap().last().unwrap().buyer.clone().unwrap();
    assert_eq!(told.name.unwrap().plain(), Some("Wang Example"));
    assert_eq!(told.phone, sealed("odd"), "what the channel does not open stays as it is");
    let asked = house.shop.side.asked.lock().unwrap();
    let opened = asked.iter().filter(|look| matches!(look, Look::Sealed(sealed) if sealed.texts.len() == 2)).count();
    assert_eq!(opened, 1, "the texts that were opened are kept for the next try");
}
