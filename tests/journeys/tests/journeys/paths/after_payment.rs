//! Orders that the platform makes after payment: the create call's answer accepts, and silence means something else
//! (`spec/douyin-scenic-calendar.md` §§1.1, 3).

use douyin_simulator::{Fault, OrderMode, OrderState, Purchase, RefundNotice, Scene};
use serde_json::json;

use entrepot_journeys::stage::Stage;

use super::way::{LATER, OWN, POOR, Rows, Way, accepted_at_once, accepted_later, answered, on_each, purchase, ticket};

const MADE: [&str; 3] = ["created", "paid", "accepted"];

#[tokio::test]
async fn an_order_made_after_its_payment() {
    on_each(OrderMode::AfterPayment, async |stage| {
        bought(stage).await;
        refused(stage).await;
        one_answer_lost(stage).await;
        both_answers_lost(stage).await;
        both_requests_lost(stage).await;
        accepted_by_hand(stage).await;
        refused_by_hand(stage).await;
    })
    .await;
}

async fn bought(stage: &Stage) {
    let report = stage.platform.buy(&purchase(stage, &ticket(OWN), 2)).await;
    assert!(report.paid.is_none(), "there is no payment notice");
    let made = report.created.unwrap();
    answered(&made.reply, accepted_at_once());
    answered(&report.issued.unwrap(), json!({ "error_code": 0, "result": 1 }));
    let way = Way::of(stage, &made.order_id);
    way.expect(&Rows::sold_at_once("issued", 2), &["created", "paid", "accepted", "issued"]).await;
    let again = stage.platform.repeat_create(&made.order_id).await.unwrap();
    assert_eq!(again.reply.body, made.reply.body);
    way.expect(&Rows::sold_at_once("issued", 2), &["created", "paid", "accepted", "issued"]).await;
}

/// A business code ends it: the platform gives the money back, and here is nothing.
async fn refused(stage: &Stage) {
    let other_price = Purchase { unit_price_fen: 1, ..purchase(stage, &ticket(OWN), 1) };
    for (code, purchase) in [(22, purchase(stage, &ticket(POOR), 1)), (23, other_price)] {
        let made = stage.platform.create_order(&purchase).await;
        answered(&made.reply, json!({ "error_code": code }));
        assert_eq!(made.state, OrderState::Refused);
        let notice = RefundNotice::unasked(153);
        let back = stage.platform.notify_refund(&made.order_id, notice).await.unwrap();
        answered(&back, json!({ "error_code": 0 }));
        assert!(stage.office.orders(&made.order_id).await.is_empty());
    }
}

/// The repeat is answered like the first.
async fn one_answer_lost(stage: &Stage) {
    stage.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    let made = stage.platform.create_order(&purchase(stage, &ticket(OWN), 1)).await;
    assert_eq!((made.reply.attempts, made.state), (2, OrderState::Accepted));
    answered(&made.reply, accepted_at_once());
    Way::of(stage, &made.order_id).expect(&Rows::sold_at_once("accepted", 1), &MADE).await;
}

/// The platform takes silence as a no, while the order stands here: its cancellation and its refund end it.
async fn both_answers_lost(stage: &Stage) {
    for _ in 0..2 {
        stage.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    }
    let made = stage.platform.create_order(&purchase(stage, &ticket(OWN), 2)).await;
    assert_eq!((made.reply.attempts, made.state), (2, OrderState::Refused));
    let way = Way::of(stage, &made.order_id);
    way.expect(&Rows::sold_at_once("accepted", 2), &MADE).await;
    answered(&way.cancel(3).await, json!({ "error_code": 0 }));
    let story = [&MADE[..], &["cancelled at the channel"]].concat();
    way.expect(&Rows::sold_at_once("accepted", 2), &story).await;
    let back = stage.platform.notify_refund(&way.order, RefundNotice::unasked(153)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let rows = Rows::sold_at_once("refunded", 2).units("refunded refunded").back(&[16_000]);
    way.expect(&rows.refunds("done not_accepted [1, 2] channel"), &[&story[..], &["refunded"]].concat()).await;
}

/// Nothing was heard of it but that its money went back: a create that is delivered after all makes nothing.
async fn both_requests_lost(stage: &Stage) {
    let order = stage.platform.create_order_unheard(&purchase(stage, &ticket(OWN), 1)).await;
    assert_eq!(stage.platform.order(&order).unwrap().state, OrderState::Refused);
    let back = stage.platform.notify_refund(&order, RefundNotice::unasked(153)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let late = stage.platform.repeat_create(&order).await.unwrap();
    answered(&late.reply, json!({ "error_code": 999_999 }));
    assert!(stage.office.orders(&order).await.is_empty());
}

async fn accepted_by_hand(stage: &Stage) {
    let made = stage.platform.create_order(&purchase(stage, &ticket(LATER), 1)).await;
    answered(&made.reply, accepted_later());
    let way = Way::of(stage, &made.order_id);
    way.expect(&Rows::sold_at_once("paid", 1), &["created", "paid"]).await;
    assert_eq!(way.act("acceptance", json!({ "accept": true })).await.0, 200);
    way.until_there(OrderState::Accepted).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
    way.expect(&Rows::sold_at_once("issued", 1), &[&MADE[..], &["issued", "told accepted"]].concat()).await;
}

async fn refused_by_hand(stage: &Stage) {
    let made = stage.platform.create_order(&purchase(stage, &ticket(LATER), 1)).await;
    let way = Way::of(stage, &made.order_id);
    assert_eq!(way.act("acceptance", json!({ "accept": false, "reason": "flooded" })).await.0, 200);
    way.until_there(OrderState::Refused).await;
    let again = stage.platform.repeat_create(&made.order_id).await.unwrap();
    assert_eq!(again.reply.body, made.reply.body, "a repeat gets the first answer");
    let back = stage.platform.notify_refund(&way.order, RefundNotice::unasked(153)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let rows = Rows::sold_at_once("refused", 1).units("refunded").back(&[8_000]);
    let rows = rows.refunds("done not_accepted [1] channel");
    way.expect(&rows, &["created", "paid", "refused", "refunded", "told refused"]).await;
}
