//! From the vouchers to their use, and what the platform is told of it (`spec/douyin-scenic-calendar.md` §§10, 13).

use chrono::{Days, NaiveDate};
use douyin_simulator::{Fault, OrderMode, OrderState, Purchase, RedemptionKind, RefundAsk};
use serde_json::{Value, json};

use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

use super::way::{OWN, PERSON, Rows, Way, answered, on_each, purchase, ticket};

const VERIFY: &str = "/goodlife/v1/trip/certificate/verify/";
const BOUGHT: [&str; 4] = ["created", "paid", "accepted", "issued"];

fn story<'a>(then: &[&'a str]) -> Vec<&'a str> {
    [&BOUGHT[..], then].concat()
}

/// The bodies by which the platform was told of this order.
fn verified(stage: &Stage, way: &Way<'_>) -> Vec<Value> {
    let calls = stage.platform.calls_on(VERIFY);
    calls.into_iter().map(|call| call.body).filter(|body| body["order_id"] == way.order.as_str()).collect()
}

async fn until_verified(stage: &Stage, way: &Way<'_>, count: usize) -> Vec<Value> {
    until("the platform was told", async || {
        let told = verified(stage, way);
        (told.len() == count).then_some(told)
    })
    .await
}

#[track_caller]
fn forbidden((status, answer): (u16, Value)) {
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
}

#[tokio::test]
async fn uses_that_the_platform_is_told() {
    on_each(OrderMode::BeforePayment, async |stage| {
        a_whole_order(stage).await;
        unit_by_unit(stage).await;
        by_the_code(stage).await;
        used_at_the_platform_before(stage).await;
        told_by_the_answer_to_its_question(stage).await;
        before_its_time(stage).await;
        while_a_refund_is_pending(stage).await;
    })
    .await;
}

/// No voucher is named: it is the whole order. A second use is refused.
async fn a_whole_order(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    let (status, answer) = way.redeem(&[1, 2]).await;
    assert_eq!((status, &answer["units"]), (200, &json!([1, 2])), "{answer}");
    way.until_there(OrderState::Used).await;
    let told = until_verified(stage, &way, 1).await;
    assert!(told[0]["vouchers"].is_null() && told[0]["verify_token"].is_string(), "{told:?}");
    assert_eq!(told[0]["poi_id"], "71001");
    let rows = Rows::sold("completed", 2).units("redeemed redeemed");
    way.expect(&rows, &story(&["redeemed", "told redeemed"])).await;
    forbidden(way.redeem(&[1]).await);
    way.expect(&rows, &story(&["redeemed", "told redeemed"])).await;
    assert_eq!(verified(stage, &way).len(), 1);
    // Shown again, the vouchers are the same; who asks is told that they are used.
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
    let asked = stage.platform.query(&way.order).await.unwrap();
    answered(&asked, json!({ "error_code": 0, "total_voucher_quantity": 2, "used_voucher_quantity": 2 }));
}

/// Each unit is named; what is not answered is told again with the same token, and counts once.
async fn unit_by_unit(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    stage.platform.inject_on_path(VERIFY, Fault::OpenApiBusy(1));
    stage.platform.inject_on_path(VERIFY, Fault::OpenApiLosesAnswer);
    assert_eq!(way.redeem(&[2]).await.0, 200);
    let told = until_verified(stage, &way, 3).await;
    assert!(told.iter().all(|body| body == &told[0]), "{told:?}");
    let named = json!([{ "entrance": { "project_id": format!("{}-2", way.ours().await) } }]);
    assert_eq!(told[0]["vouchers"], named);
    way.until_there(OrderState::PartUsed).await;
    let part = Rows::sold("issued", 2).units("available redeemed");
    way.expect(&part, &story(&["redeemed", "told redeemed"])).await;
    forbidden(way.redeem(&[2]).await);
    assert_eq!(way.redeem(&[1]).await.0, 200);
    way.until_there(OrderState::Used).await;
    let told = until_verified(stage, &way, 4).await;
    assert_ne!(told[3]["verify_token"], told[0]["verify_token"]);
    assert_eq!(way.there().redemptions.len(), 2);
    let all = Rows::sold("completed", 2).units("redeemed redeemed");
    way.expect(&all, &story(&["redeemed", "redeemed", "told redeemed", "told redeemed"])).await;
}

async fn by_the_code(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 1).await;
    let issued = way.issue().await;
    let code = json!({ "code": issued.data()["vouchers"][0]["entrance"]["certificate_nos"][0] });
    let used = stage.office.post("/merchants/lakeside/redemptions", code.clone()).await;
    assert_eq!(used["order"], way.ours().await.as_str(), "{used}");
    forbidden(stage.office.ask("POST", "/merchants/lakeside/redemptions", Some(&code)).await);
    way.until_there(OrderState::Used).await;
    way.expect(&Rows::sold("completed", 1).units("redeemed"), &story(&["redeemed", "told redeemed"])).await;
}

/// A clerk was faster at the platform: its "redeemed before" is as good as a yes.
async fn used_at_the_platform_before(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 1).await;
    assert_eq!(stage.platform.redeem_in_laike(&way.order, &[0]).unwrap(), 1);
    assert_eq!(way.redeem(&[1]).await.0, 200);
    until_verified(stage, &way, 1).await;
    way.expect(&Rows::sold("completed", 1).units("redeemed"), &story(&["redeemed", "told redeemed"])).await;
}

/// While the call is not through, the platform asks: the answer redeems there, and what is told afterwards is no news.
async fn told_by_the_answer_to_its_question(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    stage.platform.inject_on_path(VERIFY, Fault::OpenApiBusy(4));
    assert_eq!(way.redeem(&[1]).await.0, 200);
    let asked = stage.platform.query(&way.order).await.unwrap();
    answered(&asked, json!({ "error_code": 0, "total_voucher_quantity": 2, "used_voucher_quantity": 1 }));
    assert_eq!(way.there().state, OrderState::PartUsed);
    assert_eq!(way.there().redemptions[0].kind, RedemptionKind::StatusQuery);
    until_verified(stage, &way, 5).await;
    assert_eq!(way.there().redemptions.len(), 1);
    way.expect(&Rows::sold("issued", 2).units("redeemed available"), &story(&["redeemed", "told redeemed"])).await;
}

/// Before there are vouchers, and before the day of the visit.
async fn before_its_time(stage: &Stage) {
    let way = Way::paid(stage, &ticket(OWN), 1).await;
    forbidden(way.redeem(&[1]).await);
    way.expect(&Rows::sold("accepted", 1), &["created", "paid", "accepted"]).await;
    let today: NaiveDate = stage.day.parse().unwrap();
    // Not the next day: midnight at the venue may be now.
    let day = today.checked_add_days(Days::new(2)).unwrap().to_string();
    let offer = Offer { product: "SOON", sku: "SOON", ..Offer::own_number() };
    stage.office.offer(&offer, &day, 10).await;
    let made = stage.platform.create_order(&Purchase { day, ..purchase(stage, &offer, 1) }).await;
    let way = Way::of(stage, &made.order_id);
    answered(&way.pay().await, json!({ "error_code": 0 }));
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
    forbidden(way.redeem(&[1]).await);
    way.expect(&Rows::sold("issued", 1), &BOUGHT).await;
    assert!(verified(stage, &way).is_empty());
}

/// The refund is refused first; the use is then told with a time before the question (scenic §13).
async fn while_a_refund_is_pending(stage: &Stage) {
    let way = Way::issued(stage, &ticket(PERSON), 2).await;
    let asked = RefundAsk { units: Some(vec![1]), ..RefundAsk::user() };
    let asked = stage.platform.apply_refund(&way.order, asked).await.unwrap();
    answered(&asked.reply, json!({ "error_code": 0, "audit_refund_result": 3 }));
    for unit in [1, 2] {
        let (status, answer) = way.redeem(&[unit]).await;
        assert_eq!((status, &answer["reason"]), (409, &json!("refund_pending")), "{answer}");
        assert_eq!(answer["detail_zh"], "订单正在申请退改中，必须先拒绝退改申请，才能进行验证!");
    }
    let told = story(&["refund asked"]);
    way.expect(&Rows::sold("issued", 2).refunds("waiting guest [2] nobody"), &told).await;
    let (status, answer) = way.decide(&asked.key, json!({ "agree": false, "reason": "he stands at the gate" })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(way.redeem(&[1, 2]).await.0, 200);
    let rows = Rows::sold("completed", 2).units("redeemed redeemed").refunds("refused guest [2] person");
    way.expect(&rows, &story(&["refund asked", "refund refused", "redeemed", "told refund_decided", "told redeemed"]))
        .await;
}
