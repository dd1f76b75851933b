//! Between payment and issuing: accepted or refused later, by a call (`spec/douyin-scenic-calendar.md` §§1.1, 5).

use douyin_simulator::{Fault, OrderMode, OrderState, RefundNotice};
use serde_json::json;

use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

use super::way::{LATER, Rows, Way, accepted_later, answered, on_each, ticket};

const CONFIRM: &str = "/goodlife/v1/trip/order/confirm/";

#[tokio::test]
async fn an_order_that_is_accepted_later() {
    on_each(OrderMode::BeforePayment, async |stage| {
        accepted_by_hand(stage).await;
        refused_by_hand(stage).await;
        refunded_while_it_waits(stage).await;
    })
    .await;
}

/// How often the platform was told a decision.
fn confirmed(stage: &Stage, way: &Way<'_>, result: i64) -> usize {
    let wanted = json!({ "order_id": way.order, "confirm_result": result });
    stage.platform.calls_on(CONFIRM).iter().filter(|call| call.body == wanted).count()
}

/// The platform is busy, then its answer is lost: it is told until it has answered.
async fn accepted_by_hand(stage: &Stage) {
    let way = Way::created(stage, &ticket(LATER), 2).await;
    answered(&way.pay().await, accepted_later());
    answered(&way.pay().await, accepted_later());
    way.expect(&Rows::sold("paid", 2), &["created", "paid"]).await;
    // The issue call overtakes the acceptance: it has to come again.
    let early = stage.call("issue-certificate", &json!({ "order_id": way.order, "count": 1, "copies": 2 })).await;
    assert_eq!(early["error_code"], 100, "{early}");
    stage.platform.inject_on_path(CONFIRM, Fault::OpenApiBusy(1));
    stage.platform.inject_on_path(CONFIRM, Fault::OpenApiLosesAnswer);
    let (status, answer) = way.act("acceptance", json!({ "accept": true })).await;
    assert_eq!((status, &answer["acceptance"]), (200, &json!("accepted")), "{answer}");
    way.until_there(OrderState::Accepted).await;
    until("the platform has answered", async || (confirmed(stage, &way, 1) == 3).then_some(())).await;
    way.expect(&Rows::sold("accepted", 2), &["created", "paid", "accepted", "told accepted"]).await;
    let (status, answer) = way.act("acceptance", json!({ "accept": false, "reason": "after all" })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
    way.expect(&Rows::sold("issued", 2), &["created", "paid", "accepted", "issued", "told accepted"]).await;
}

/// Stock and credit go back with the platform's announcement.
async fn refused_by_hand(stage: &Stage) {
    let way = Way::paid(stage, &ticket(LATER), 2).await;
    let (status, answer) = way.act("acceptance", json!({ "accept": false, "reason": "closed for repairs" })).await;
    assert_eq!((status, &answer["acceptance"]), (200, &json!("refused")), "{answer}");
    way.until_there(OrderState::Refused).await;
    way.expect(&Rows::sold("refused", 2), &["created", "paid", "refused", "told refused"]).await;
    let issue = stage.call("issue-certificate", &json!({ "order_id": way.order, "count": 1, "copies": 2 })).await;
    assert_eq!((&issue["error_code"], &issue["result"]), (&json!(0), &json!(2)), "{issue}");
    let notice = RefundNotice::unasked(153);
    answered(&stage.platform.notify_refund(&way.order, notice).await.unwrap(), json!({ "error_code": 0 }));
    let rows = Rows::sold("refused", 2).units("refunded refunded").back(&[16_000]);
    let rows = rows.refunds("done not_accepted [1, 2] channel");
    way.expect(&rows, &["created", "paid", "refused", "refunded", "told refused"]).await;
    assert_eq!(confirmed(stage, &way, 2), 1);
}

/// The guest asks his money back while nobody has decided: it is given, and there is nothing left to accept.
async fn refunded_while_it_waits(stage: &Stage) {
    let way = Way::paid(stage, &ticket(LATER), 1).await;
    let refund = stage.platform.refund(&way.order, douyin_simulator::RefundAsk::user()).await.unwrap();
    answered(&refund.reply, json!({ "error_code": 0, "audit_refund_result": 1, "refund_fee_amount": 0 }));
    let story = ["created", "paid", "refund agreed", "refunded"];
    way.expect(&Rows::refunded(1, "done guest [1] rule"), &story).await;
    let (status, answer) = way.act("acceptance", json!({ "accept": true })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
    assert_eq!(confirmed(stage, &way, 1) + confirmed(stage, &way, 2), 0);
}
