//! What a supplier's own gate saw, asked and told.

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::hearing::{About, Named, News};
use entrepot_contract::intent::Intent;
use entrepot_contract::order::{OrderState, UnitState};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::supplier::{Booking, Cancellation, Wait};

use crate::fakes::{Book, Called, Gate, NEWS, refusal, used};
use crate::house::*;

/// A house whose supplier tells what its gate saw, when it is asked and by itself.
async fn house() -> House {
    House::of(telling).await
}

fn telling(gate: &Gate) {
    *gate.poll_ms.lock().unwrap() = Some(600_000);
    *gate.calls_us.lock().unwrap() = true;
}

fn query(number: &str) -> Intent {
    Intent::QueryOrder { order: id(number) }
}

fn ours(order: &entrepot_contract::ids::OrderId) -> Named {
    Named::Ours { order: order.clone() }
}

fn ask(order: Named, about: About) -> News {
    News::Ask { order, about }
}

/// The supplier calls; the word of the answer.
pub async fn told(house: &House, sign: &str, news: Vec<News>) -> String {
    let body = serde_json::to_vec(&Called { sign: sign.to_owned(), news }).unwrap();
    let raw =
        RawRequest { scene: id(NEWS), method: "POST".to_owned(), query: String::new(), headers: Vec::new(), body };
    let answered = house.engine.inbound(id("gate"), NEWS.to_owned(), raw, id("trace")).await;
    let value: serde_json::Value = serde_json::from_slice(&answered.raw.unwrap().body).unwrap();
    value["ready"].as_str().unwrap().to_owned()
}

fn asked(house: &House, call: &str) -> usize {
    house.gate.calls().iter().filter(|name| **name == call).count()
}

async fn redeemed(house: &House, number: &str) -> Vec<u16> {
    house.order(number).await.unwrap().numbers(UnitState::Redeemed)
}

#[tokio::test(start_paused = true)]
async fn a_question_of_the_channel_is_answered_with_the_suppliers_truth() {
    let house = house().await;
    house.issued("1", "gated", 2).await;
    *house.gate.usage.lock().unwrap() = Some(used(&[2]));
    let Outcome::Usage { units, .. } = house.call("query", query("1")).await.unwrap() else { panic!() };
    let states: Vec<UnitState> = units.iter().map(|unit| unit.state).collect();
    assert_eq!(states, [UnitState::Available, UnitState::Redeemed]);
    house.rests().await;
    assert_eq!(house.shop.told(), ["redeemed"], "the channel hears of it by a notice, too");
    house.gate.usage_faults.lock().unwrap().push_back(Fault::not_done(FaultKind::Unavailable, "away"));
    assert_eq!(house.call("query", query("1")).await.unwrap(), Outcome::Busy, "no wrong unused");
    *house.gate.usage.lock().unwrap() = Some(used(&[1, 2]));
    house.call("query", query("1")).await.unwrap();
    let before = asked(&house, "usage");
    house.call("query", query("1")).await.unwrap();
    assert_eq!(asked(&house, "usage"), before, "all of it is used: nothing is left to ask");
    assert_eq!(house.state("1").await, OrderState::Completed);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn the_gate_is_asked_in_its_rhythm_until_all_is_used() {
    let house = house().await;
    house.issued("1", "gated", 1).await;
    assert_eq!(asked(&house, "usage"), 0);
    house.clock.jump(6 * 3_600_000);
    until("asked", || asked(&house, "usage") == 1).await;
    house.rests().await;
    *house.gate.usage.lock().unwrap() = Some(used(&[1]));
    house.clock.jump(6 * 3_600_000);
    until("told", || house.shop.told() == ["redeemed"]).await;
    house.rests().await;
    assert_eq!(house.state("1").await, OrderState::Completed);
    house.clock.jump(24 * 3_600_000);
    settle().await;
    assert_eq!(asked(&house, "usage"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_news_are_one_question() {
    let house = house().await;
    let order = house.issued("1", "gated", 2).await;
    *house.gate.usage.lock().unwrap() = Some(used(&[1]));
    for _ in 0..100 {
        assert_eq!(told(&house, "good", vec![ask(ours(&order), About::Usage)]).await, "heard");
    }
    until("asked", || asked(&house, "usage") > 0).await;
    house.rests().await;
    assert!(asked(&house, "usage") <= 2, "{} questions", asked(&house, "usage"));
    assert_eq!(redeemed(&house, "1").await, [1]);
    assert_eq!(house.shop.told(), ["redeemed"]);
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_signature_covers_is_believed_and_repeated_without_effect() {
    let house = house().await;
    let order = house.issued("1", "gated", 2).await;
    for _ in 0..3 {
        let news = News::Usage { order: ours(&order), usage: used(&[2]) };
        assert_eq!(told(&house, "good", vec![news]).await, "heard");
    }
    let late = News::Usage { order: ours(&order), usage: used(&[]) };
    assert_eq!(told(&house, "good", vec![late]).await, "heard", "an older total takes nothing back");
    assert_eq!(redeemed(&house, "1").await, [2]);
    house.rests().await;
    assert_eq!((house.shop.told(), asked(&house, "usage")), (vec!["redeemed"], 0));
}

#[tokio::test(start_paused = true)]
async fn a_forged_call_and_an_order_of_somebody_else_change_nothing() {
    let house = house().await;
    let order = house.issued("1", "gated", 1).await;
    let own = house.issued("2", "own", 1).await;
    let news = |order: &entrepot_contract::ids::OrderId| vec![News::Usage { order: ours(order), usage: used(&[1]) }];
    assert_eq!(told(&house, "forged", news(&order)).await, "refused");
    for _ in 0..3 {
        assert_eq!(told(&house, "good", news(&own)).await, "unplaced", "it does not fulfil that one");
        assert_eq!(told(&house, "good", news(&id("nobody"))).await, "unplaced");
    }
    assert_eq!(house.alerts("unplaced"), 2, "a person is told once about each");
    assert!(redeemed(&house, "1").await.is_empty() && redeemed(&house, "2").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_order_is_found_by_the_suppliers_own_number() {
    let house = house().await;
    house.issued("1", "gated", 1).await;
    let reference = house.order("1").await.unwrap().supplier_reference.unwrap();
    let named = || Named::Theirs { reference: reference.clone() };
    assert_eq!(told(&house, "good", vec![News::Usage { order: named(), usage: used(&[1]) }]).await, "heard");
    assert_eq!(redeemed(&house, "1").await, [1]);
    let other = Named::Theirs { reference: id("S-other") };
    assert_eq!(told(&house, "good", vec![ask(other, About::Everything)]).await, "unplaced");
}

#[tokio::test(start_paused = true)]
async fn news_of_a_booking_end_its_wait() {
    let house = house().await;
    house.gate.script([Book::Later { ask_after_ms: 3_600_000 }]);
    let order = house.sold("1", "gated", 1).await;
    assert!(matches!(house.call("issue", issue("1")).await.unwrap(), Outcome::Issuing { .. }));
    assert_eq!(told(&house, "good", vec![ask(ours(&order), About::Booking)]).await, "heard");
    until("told", || house.shop.told() == ["issued"]).await;
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "hear", "inquire"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_told_ends_the_booking() {
    let house = house().await;
    house.gate.script([Book::Later { ask_after_ms: 3_600_000 }]);
    let order = house.sold("1", "gated", 1).await;
    house.call("issue", issue("1")).await.unwrap();
    let booking = Booking::Refused(refusal("sold out at the gate"));
    assert_eq!(told(&house, "good", vec![News::Booking { order: ours(&order), booking }]).await, "heard");
    until("told", || house.shop.told() == ["issue_failed"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_audit_is_told() {
    let house = house().await;
    house.issued("1", "gated", 2).await;
    house.gate.cancels.lock().unwrap().push_back(Cancellation::Waiting(Wait::ms(3_600_000)));
    assert_eq!(house.call("ask", crate::house::ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    let order = house.order("1").await.unwrap().id;
    let fact = |key: Option<&str>, cancellation| News::Cancellation {
        order: ours(&order),
        key: key.map(str::to_owned),
        cancellation,
    };
    let other = fact(Some("another key"), Cancellation::Refused(refusal("used")));
    assert_eq!(told(&house, "good", vec![other]).await, "heard");
    let done = fact(None, Cancellation::Done { fee: None });
    assert_eq!(told(&house, "good", vec![done]).await, "heard");
    until("told", || house.shop.told() == ["refund_decided"]).await;
    house.rests().await;
    assert!(matches!(house.call("ask", crate::house::ask("1", "r")).await.unwrap(), Outcome::RefundAgreed { .. }));
}
