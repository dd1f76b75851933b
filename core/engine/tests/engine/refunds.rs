//! Refunds of tickets that a supplier holds.

use entrepot_contract::capability::CancelAbility;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::{Intent, UnitChoice};
use entrepot_contract::order::OrderState;
use entrepot_contract::outcome::Outcome;
use entrepot_contract::supplier::{Cancellation, Memo, Wait};
use entrepot_domain::command::Body;

use crate::fakes::refusal;
use crate::house::*;

#[tokio::test(start_paused = true)]
async fn a_refund_is_agreed_once_the_supplier_gave_its_ticket_back() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let first = house.call("ask", ask("1", "r")).await.unwrap();
    assert!(matches!(first, Outcome::RefundAgreed { .. }), "{first:?}");
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), first);
    assert_eq!(house.gate.calls(), ["book", "cancel"]);
    for _ in 0..2 {
        assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    }
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "cancel"], "it agreed before");
    assert_eq!((house.state("1").await, house.left("gated").await), (OrderState::Refunded, STOCK));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_refused_when_the_supplier_refuses() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let refused = Cancellation::Refused(refusal("used"));
    house.gate.cancels.lock().unwrap().push_back(refused);
    let answer = house.call("ask", ask("1", "r")).await.unwrap();
    assert!(matches!(answer, Outcome::RefundRefused { reason, .. } if reason == "used"));
    assert_eq!((house.state("1").await, house.left("gated").await), (OrderState::Issued, STOCK - 2));
    house.rests().await;
    assert!(house.shop.told().is_empty());
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_at_the_supplier_means_waiting_and_a_notice() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let waiting = Cancellation::Waiting(Wait::ms(20_000));
    house.gate.cancels.lock().unwrap().push_back(waiting);
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    until("told", || house.shop.told() == ["refund_decided"]).await;
    assert!(matches!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundAgreed { .. }));
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "cancel", "cancel"]);
}

#[tokio::test(start_paused = true)]
async fn money_that_is_gone_without_a_question_takes_the_ticket_with_it() {
    let house = House::new().await;
    house.issued("1", "gated", 2).await;
    let refused = Cancellation::Refused(refusal("used"));
    house.gate.cancels.lock().unwrap().push_back(refused);
    assert_eq!(house.call("refunded", refunded("1", "r")).await.unwrap(), Outcome::Recorded);
    house.rests().await;
    assert_eq!((house.state("1").await, house.alerts("contradiction")), (OrderState::Refunded, 1));
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_rule_decided_no_person_decides_otherwise() {
    let house = House::new().await;
    let order = house.issued("1", "own", 2).await;
    let Outcome::RefundAgreed { .. } = house.call("ask", ask("1", "r")).await.unwrap() else { panic!() };
    let refund = refund_of(&house, &order).await;
    let body = Body::DecideRefund { order, refund, agree: false, reason: None };
    let answer = house.administer(body).await;
    assert!(matches!(answer, entrepot_domain::answer::Answer::Refused(_)), "it is decided already");
}

async fn refund_of(house: &House, order: &entrepot_contract::ids::OrderId) -> entrepot_contract::ids::RefundId {
    use entrepot_engine::storage::Storage;
    house.storage.order(&id("park"), order).await.unwrap().unwrap().1[0].id.clone()
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_cannot_be_recorded_is_acknowledged_once_somebody_can_see_why() {
    let house = House::new().await;
    house.issued("1", "own", 1).await;
    house.issued("2", "own", 1).await;
    house.call("refunded", refunded("1", "r")).await.unwrap();
    // The channel's key of another order: nothing can be recorded under it.
    house.storage.inject_at("record", entrepot_engine::memory::InjectedFault::Busy);
    assert_eq!(house.call("refunded", refunded("2", "r")).await, Ok(Outcome::Busy));
    assert_eq!(house.alerts("contradiction"), 0);
    assert_eq!(house.call("refunded", refunded("2", "r")).await, Ok(Outcome::Recorded));
    assert_eq!(house.alerts("contradiction"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_supplier_that_gives_back_what_a_person_refused_is_a_contradiction() {
    let house = House::new().await;
    let order = house.issued("1", "gated", 1).await;
    let waiting = Cancellation::Waiting(Wait::ms(20_000));
    house.gate.cancels.lock().unwrap().push_back(waiting);
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    let (_, refunds) = house.engine.storage().order(&id("park"), &order).await.unwrap().unwrap();
    let refund = refunds[0].id.clone();
    house.administer(Body::DecideRefund { order, refund, agree: false, reason: None }).await;
    house.rests().await;
    assert_eq!(house.alerts("contradiction"), 1);
}

/// A house whose supplier cancels in that way.
async fn house_that(cancels: CancelAbility) -> House {
    House::of(|gate| *gate.cancel_ability.lock().unwrap() = Some(cancels)).await
}

#[tokio::test(start_paused = true)]
async fn an_audit_is_asked_about_with_what_it_said() {
    let house = house_that(CancelAbility::parts().inquire()).await;
    house.issued("1", "gated", 2).await;
    let waiting = |memo: &str| Cancellation::Waiting(Wait::ms(5_000).with_memo(Memo::new(memo)));
    house.gate.cancels.lock().unwrap().push_back(waiting("batch-7"));
    house.gate.audits.lock().unwrap().extend([Cancellation::Waiting(Wait::ms(5_000)), waiting("batch-8")]);
    assert_eq!(house.call("ask", ask("1", "r")).await.unwrap(), Outcome::RefundWaiting);
    until("told", || house.shop.told() == ["refund_decided"]).await;
    house.rests().await;
    assert_eq!(house.gate.calls(), ["book", "cancel", "inquire_cancel", "inquire_cancel", "inquire_cancel"]);
    let cancelled = house.gate.cancelled.lock().unwrap();
    let memos: Vec<_> =
        cancelled.iter().map(|(_, _, memo)| memo.as_ref().map(|memo| memo.as_str().to_owned())).collect();
    let word = |word: &str| Some(word.to_owned());
    assert_eq!(
        memos,
        [None, word("batch-7"), word("batch-7"), word("batch-8")],
        "a wait without a word keeps the last"
    );
    assert!(cancelled.iter().all(|(order, units, _)| order.is_rest(units)));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_whose_answer_was_lost_is_asked_about_first() {
    let house = house_that(CancelAbility::parts().inquire()).await;
    house.issued("1", "gated", 2).await;
    house.gate.losing.lock().unwrap().push_back(Fault::unknown(FaultKind::TimedOut, "no answer"));
    house.gate.audits.lock().unwrap().extend([Cancellation::NotAsked, Cancellation::NotAsked]);
    house.call("ask", ask("1", "r")).await.unwrap();
    house.rests().await;
    let calls = ["book", "cancel", "inquire_cancel", "inquire_cancel", "cancel"];
    assert_eq!(house.gate.calls(), calls, "what it said twice is believed, and the cancellation is sent again");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_that_can_be_neither_asked_about_nor_repeated_is_a_persons() {
    let house = house_that(CancelAbility::parts()).await;
    house.issued("1", "gated", 2).await;
    house.gate.cancels.lock().unwrap().push_back(Cancellation::Waiting(Wait::ms(5_000)));
    house.call("ask", ask("1", "r")).await.unwrap();
    until("dead", || house.alerts("dead_job") == 1).await;
    assert_eq!(house.gate.calls(), ["book", "cancel"]);
}

#[tokio::test(start_paused = true)]
async fn an_audit_that_takes_too_long_is_told_once_until_it_ends() {
    let house = house_that(CancelAbility { audit_alert_ms: Some(12_000), ..CancelAbility::parts().inquire() }).await;
    house.issued("1", "gated", 2).await;
    let waiting = || Cancellation::Waiting(Wait::ms(5_000));
    house.gate.cancels.lock().unwrap().push_back(waiting());
    house.gate.audits.lock().unwrap().extend([waiting(), waiting(), waiting(), waiting()]);
    house.call("ask", ask("1", "r")).await.unwrap();
    assert_eq!(house.alerts("stuck"), 0);
    until("told", || house.alerts("stuck") == 1).await;
    house.rests().await;
    assert_eq!(house.alerts("stuck"), 0, "it is over");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_an_order_is_known_as_the_rest() {
    let house = House::new().await;
    house.issued("1", "gated", 3).await;
    for (key, unit) in [("r1", 3), ("r2", 1), ("r3", 2)] {
        let mut asked = ask("1", key);
        let Intent::AskRefund(question) = &mut asked else { panic!() };
        question.units = UnitChoice::Numbers(vec![unit]);
        house.call("ask", asked).await.unwrap();
    }
    house.rests().await;
    let cancelled = house.gate.cancelled.lock().unwrap();
    let seen: Vec<_> = cancelled.iter().map(|(order, units, _)| (order.left(), order.is_rest(units))).collect();
    assert_eq!(seen, [(vec![1, 2, 3], false), (vec![1, 2], false), (vec![2], true)]);
}
