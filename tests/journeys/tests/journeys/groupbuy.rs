//! The group-buy voucher with online reservation (`spec/douyin-groupbuy-reservation.md`): bought, reserved by a second order,
//! used or given back, with servers killed on the way.

use douyin_simulator::{AfterSale, Event, IssueWhen, OrderState, PurchaseState, RefundState, ReservationState};
use serde_json::{Value, json};

use entrepot_journeys::bought::Bought;
use entrepot_journeys::databases;
use entrepot_journeys::groupbuy::GroupBuy;
use entrepot_journeys::wait::until;

/// The platform asks whether to give money back because no codes came (`apply_source`, B8).
const NOT_ISSUED: i64 = 301;

#[tokio::test]
async fn codes_that_come_after_the_ten_minutes_rescue_the_reservation_and_one_of_them_lets_all_in() {
    for given in databases::all().await {
        let mut journey = GroupBuy::set(given).await;
        let bought = journey.buy(2).await;
        assert_eq!((journey.standing(&bought).await.as_str(), journey.books().await), ("待预约", [2, 0, 2]));
        let reserved = accepted_then_killed(&mut journey, &bought).await;
        refund_asked_then_killed(&mut journey, &reserved).await;
        rescued(&journey, &bought, &reserved).await;
        let_in(&journey, &bought, &reserved).await;
        assert_eq!(journey.stage.platform.violations(), []);
        journey.stage.office.assert_sound().await;
    }
}

/// The reservation is accepted, the server is killed, and the next one is asked for codes that it does not have.
async fn accepted_then_killed(journey: &mut GroupBuy, bought: &Bought) -> Bought {
    let made = journey.stage.platform.create_reservation(&journey.wish(bought)).await.unwrap();
    assert_eq!(made.state, OrderState::Accepted, "{made:?}");
    journey.stage.server.kill();
    journey.stage.restart();
    let asked = journey.stage.platform.issue(&made.order_id).await.unwrap();
    assert_eq!((asked.error_code(), &asked.data()["result"]), (Some(0), &json!(0)), "{asked:?}");
    let reserved = journey.stage.bought(made.order_id).await;
    assert_eq!(journey.stage.platform.reservation_state(&reserved.order).unwrap(), ReservationState::Issuing);
    assert_eq!((journey.standing(bought).await.as_str(), journey.books().await), ("待预约", [2, 2, 2]));
    assert!(journey.stage.office.is_alerted(&["issue_due", &reserved.ours, "import codes"]).await);
    reserved
}

/// The ten minutes are over, the platform asks, and the server is killed while a person could decide.
async fn refund_asked_then_killed(journey: &mut GroupBuy, reserved: &Bought) {
    journey.ten_minutes_pass().await;
    let asked = |event: &Event| matches!(event, Event::RefundAsked { source: NOT_ISSUED, .. });
    assert!(journey.happened(reserved, asked));
    let before = refund(journey, reserved).await;
    assert_eq!((&before["state"], &before["cause"]), (&json!("waiting"), &json!("issue_failed")));
    journey.stage.server.kill();
    journey.stage.restart();
    assert_eq!(refund(journey, reserved).await, before);
    let state = journey.stage.platform.reservation_state(&reserved.order).unwrap();
    assert_eq!(state, ReservationState::RefundPendingUnissued);
    // A refusal that Douyin would not hear is not possible.
    let path = format!("/merchants/lakeside/refunds/{}/decision", before["id"].as_str().unwrap());
    let no = json!({ "agree": false, "reason": "codes are on their way" });
    let (status, answer) = journey.stage.office.ask("POST", &path, Some(&no)).await;
    assert_eq!(status, 409, "{answer}");
}

/// The refund that was asked for last.
async fn refund(journey: &GroupBuy, bought: &Bought) -> Value {
    journey.shown(bought).await["refunds"].as_array().unwrap().last().unwrap().clone()
}

/// Codes come: the refusal goes with them, and nothing else.
async fn rescued(journey: &GroupBuy, bought: &Bought, reserved: &Bought) {
    let (platform, pair) = (&journey.stage.platform, (&bought.order, &reserved.order));
    journey.import("LATE", 2).await;
    let rescue = |event: &Event| matches!(event, Event::RefundRefused { vouchers: true, counted: true, .. });
    until("the refusal with the codes", async || journey.happened(reserved, rescue).then_some(())).await;
    assert_eq!(platform.reservation_state(pair.1).unwrap(), ReservationState::Issued);
    assert_eq!(platform.purchase_state(pair.0).unwrap(), PurchaseState::Reserved);
    let happened = platform.events(pair.1).unwrap();
    let kinds: Vec<&str> = happened.iter().map(named).collect();
    assert_eq!(kinds, ["accepted", "asked", "waiting", "refused with vouchers"], "{happened:?}");
    assert_eq!(refund(journey, reserved).await["state"], "refused");
    let story = journey.story(reserved).await;
    let told = ["created", "paid", "accepted", "waits for codes", "refund asked", "issued", "refund refused"];
    let told_here: Vec<&str> = story.iter().map(String::as_str).filter(|what| told.contains(what)).collect();
    assert_eq!(told_here, told, "{story:?}");
    assert_eq!((journey.standing(bought).await.as_str(), journey.books().await), ("已预约", [2, 2, 2]));
    for (one, other) in [(bought, reserved), (reserved, bought)] {
        assert_eq!(journey.shown(one).await["linked_order"]["id"], other.ours.as_str());
    }
}

/// One word for what happened at the platform.
fn named(event: &Event) -> &'static str {
    match event {
        Event::Accepted => "accepted",
        Event::Issued => "issued",
        Event::IssueCallback => "issued by callback",
        Event::RefundAsked { .. } => "asked",
        Event::RefundWaiting { .. } => "waiting",
        Event::RefundAgreed { .. } => "agreed",
        Event::RefundRefused { vouchers: true, counted: true, .. } => "refused with vouchers",
        Event::Refunded { .. } => "refunded",
        Event::Verified { .. } => "verified",
        _ => "something else",
    }
}

async fn let_in(journey: &GroupBuy, bought: &Bought, reserved: &Bought) {
    let body = json!({ "code": "LATE-001" });
    let used = journey.stage.office.post("/merchants/lakeside/redemptions", body).await;
    assert_eq!(used["units"], json!([1, 2]), "one code lets all of them in: {used}");
    until("the platform is told", async || {
        (journey.stage.platform.purchase_state(&bought.order) == Ok(PurchaseState::Completed)).then_some(())
    })
    .await;
    for order in [bought, reserved] {
        assert_eq!(journey.standing(order).await, "交易完成");
        assert_eq!(journey.stage.units(order, "redeemed").await, 2);
    }
    let verified = |event: &Event| *event == Event::Verified { units: 2 };
    assert!(journey.happened(reserved, verified));
    assert_eq!(journey.books().await, [2, 2, 2]);
}

#[tokio::test]
async fn a_reservation_is_cancelled_made_anew_and_refunded_with_its_voucher() {
    for given in databases::all().await {
        let journey = GroupBuy::set(given).await;
        let platform = &journey.stage.platform;
        journey.import("SOON", 4).await;
        let bought = journey.buy(2).await;
        let first = journey.reserve(&bought).await;
        assert_eq!((journey.standing(&bought).await.as_str(), journey.books().await), ("已预约", [2, 2, 2]));
        let asked = platform.cancel_reservation(&first.order).await.unwrap();
        assert_eq!(asked.state, RefundState::Done, "{asked:?}");
        assert_eq!(journey.stage.units(&first, "refunded").await, 2);
        assert_eq!((journey.standing(&bought).await.as_str(), journey.books().await), ("待预约", [2, 0, 2]));
        let second = journey.reserve(&bought).await;
        assert_eq!((journey.standing(&bought).await.as_str(), journey.books().await), ("已预约", [2, 2, 2]));
        let asked = platform.guest_refund(&second.order, AfterSale::Refund).await.unwrap();
        assert_eq!(asked.state, RefundState::Done, "{asked:?}");
        for order in [&bought, &second] {
            assert_eq!(journey.stage.units(order, "refunded").await, 2);
        }
        assert_eq!(platform.purchase_state(&bought.order).unwrap(), PurchaseState::Refunded);
        assert_eq!(journey.books().await, [0, 0, 0]);
        let happened: Vec<_> = platform.events(&second.order).unwrap();
        let kinds: Vec<&str> = happened.iter().map(named).collect();
        assert_eq!(kinds, ["accepted", "issued", "asked", "agreed", "refunded"], "{happened:?}");
        assert_eq!(platform.violations(), []);
        journey.stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_voucher_that_nobody_reserved_is_refunded_without_a_question() {
    for given in databases::all().await {
        let journey = GroupBuy::set(given).await;
        let platform = &journey.stage.platform;
        let bought = journey.buy(2).await;
        let told = platform.refund_unreserved(&bought.order, None).await.unwrap();
        assert_eq!(told.error_code(), Some(0), "{told:?}");
        assert_eq!(journey.stage.units(&bought, "refunded").await, 2);
        assert_eq!(journey.books().await, [0, 0, 0]);
        let happened: Vec<_> = platform.events(&bought.order).unwrap();
        let kinds: Vec<&str> = happened.iter().map(named).collect();
        assert_eq!(kinds, ["accepted", "issued", "refunded"], "{happened:?}");
        let story = journey.story(&bought).await;
        assert_eq!(story.last().map(String::as_str), Some("refunded"), "{story:?}");
        assert_eq!(platform.violations(), []);
        journey.stage.office.assert_sound().await;
    }
}

/// The group ticket's own calls (B15): ordered before payment and paid by the issue call. Where that comes first, its codes are
/// told by the callback, whose names are its own.
#[tokio::test]
async fn a_group_ticket_is_paid_by_its_issue_call_and_told_by_its_callback() {
    let journey = GroupBuy::set_with_certificates(databases::file()).await;
    let platform = &journey.stage.platform;
    let made = platform.buy_issued(&journey.purchase(1), IssueWhen::After).await;
    let answered = journey.stage.bought(made.order.unwrap().order_id).await;
    assert!(journey.happened(&answered, |event| *event == Event::Issued));
    let made = platform.buy_issued(&journey.purchase(2), IssueWhen::Before).await;
    let asked = made.issued.clone().unwrap();
    assert_eq!((asked.error_code(), &asked.data()["result"]), (Some(0), &json!(0)), "{asked:?}");
    let bought = journey.stage.bought(made.order.unwrap().order_id).await;
    let called = |event: &Event| *event == Event::IssueCallback;
    until("the callback", async || journey.happened(&bought, called).then_some(())).await;
    let calls = platform.calls_on("/goodlife/v1/trip/scenic/groupon/certificate/callback/");
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].headers["rpc-transit-life-account"], "70011");
    let rows = calls[0].body["certificate_info_list"].as_array().unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row["certificate_id"].is_i64()), "{rows:?}");
    for row in rows {
        let code = &row["project_list"][0]["certificate_list"][0];
        assert_eq!((&code["ccertificate_type"], code.get("certificate_type")), (&json!(1), None), "{code}");
    }
    assert_eq!((journey.standing(&bought).await.as_str(), journey.books().await), ("待预约", [3, 0, 3]));
    for (order, count) in [(&answered, 1), (&bought, 2)] {
        let told = platform.refund_unreserved(&order.order, None).await.unwrap();
        assert_eq!(told.error_code(), Some(0), "{told:?}");
        assert_eq!(journey.stage.units(order, "refunded").await, count);
        assert_eq!(platform.purchase_state(&order.order).unwrap(), PurchaseState::Refunded);
    }
    assert_eq!((journey.books().await, platform.violations()), ([0, 0, 0], vec![]));
    journey.stage.office.assert_sound().await;
}
