//! From the order to its payment, created before it: repeats, lost calls, the hold that runs out, cancellations
//! (`spec/douyin-scenic-calendar.md` §§1.1, 3, 4, 6).

use douyin_simulator::{CancelNotice, Fault, OrderMode, OrderState, RefundNotice, Scene};
use serde_json::json;

use entrepot_journeys::stage::Stage;

use super::way::{
    OWN, Rows, UNPAID, Way, accepted_at_once, accepted_later, answered, on_each, purchase, refused_at_once, ticket,
};

const CANCELLED: &str = "cancelled at the channel";

#[tokio::test]
async fn an_order_made_before_its_payment() {
    on_each(OrderMode::BeforePayment, async |stage| {
        bought_with_every_answer_lost_once(stage).await;
        taken_as_created(stage).await;
        paid_though_never_heard_of(stage).await;
        never_paid(stage).await;
        cancelled_unpaid(stage).await;
        cancelled_after_payment(stage).await;
        refunded_before_its_payment_was_heard(stage).await;
    })
    .await;
}

/// Each answer is lost on its way and the call repeated: everything happens once.
async fn bought_with_every_answer_lost_once(stage: &Stage) {
    let offer = ticket(OWN);
    stage.platform.inject_for(Scene::CreateOrder, Fault::DeliverTwice);
    let way = Way::created(stage, &offer, 2).await;
    way.expect(&Rows::held(2), &["created"]).await;
    let first = way.there().order_out_id;
    let again = stage.platform.repeat_create(&way.order).await.unwrap();
    answered(&again.reply, json!({ "error_code": 0, "order_out_id": first, "confirm_info": { "confirm_mode": 2 } }));
    stage.platform.inject_for(Scene::PayOrder, Fault::DropAnswer);
    let paid = way.pay().await;
    assert_eq!(paid.attempts, 2);
    answered(&paid, accepted_at_once());
    way.expect(&Rows::sold("accepted", 2), &["created", "paid", "accepted"]).await;
    stage.platform.inject_for(Scene::IssueCertificate, Fault::DropAnswer);
    let issued = way.issue().await;
    assert_eq!(issued.attempts, 2);
    answered(&issued, json!({ "error_code": 0, "result": 1 }));
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1, "vouchers": issued.data()["vouchers"] }));
    way.expect(&Rows::sold("issued", 2), &["created", "paid", "accepted", "issued"]).await;
    assert_eq!(way.there().state, OrderState::Issued);
}

/// The create call's answer never arrives: before payment the platform takes the order as made, and it is.
async fn taken_as_created(stage: &Stage) {
    stage.platform.inject_for(Scene::CreateOrder, Fault::DropAnswer);
    let made = stage.platform.create_order(&purchase(stage, &ticket(OWN), 1)).await;
    assert_eq!((made.reply.attempts, made.state), (1, OrderState::Created));
    let way = Way::of(stage, &made.order_id);
    assert!(way.there().assumed_created);
    way.expect(&Rows::held(1), &["created"]).await;
    answered(&way.pay().await, accepted_at_once());
    way.expect(&Rows::sold("accepted", 1), &["created", "paid", "accepted"]).await;
}

/// The create call itself is lost: the payment is kept, and met by the create that comes after all.
async fn paid_though_never_heard_of(stage: &Stage) {
    let order = stage.platform.create_order_unheard(&purchase(stage, &ticket(OWN), 1)).await;
    let way = Way::of(stage, &order);
    answered(&way.pay().await, accepted_later());
    answered(&way.pay().await, accepted_later());
    assert!(stage.office.orders(&order).await.is_empty());
    assert!(stage.office.is_alerted(&["unplaced", &order]).await);
    let late = stage.platform.repeat_create(&order).await.unwrap();
    answered(&late.reply, accepted_at_once());
    way.expect(&Rows::sold_at_once("accepted", 1), &["created", "paid", "accepted"]).await;
    assert!(!stage.office.is_alerted(&["unplaced", &order]).await, "the order is there");
}

/// Nobody pays in time: stock and credit go back. Whoever pays then gets his money back.
async fn never_paid(stage: &Stage) {
    let way = Way::created(stage, &ticket(UNPAID), 2).await;
    way.becomes(&Rows::unpaid(2), &["created", "hold ran out"]).await;
    answered(&way.pay().await, refused_at_once());
    assert_eq!(way.there().state, OrderState::Refused);
    way.until_alerted("paid_after_end", &way.ours().await).await;
    answered(&way.pay().await, json!({ "error_code": 0 }));
    let back = stage.platform.notify_refund(&way.order, RefundNotice::unasked(153)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let rows = Rows::unpaid(2).refunds("done not_accepted [] channel");
    way.expect(&rows, &["created", "hold ran out", "paid too late", "refunded"]).await;
}

/// Cancelled before payment, twice; a payment that crosses it is refused.
async fn cancelled_unpaid(stage: &Stage) {
    let way = Way::created(stage, &ticket(OWN), 2).await;
    stage.platform.inject_for(Scene::CancelOrder, Fault::DropAnswer);
    let cancelled = way.cancel(1).await;
    assert_eq!(cancelled.attempts, 2);
    answered(&cancelled, json!({ "error_code": 0 }));
    answered(&way.cancel(1).await, json!({ "error_code": 0 }));
    way.expect(&Rows::unpaid(2), &["created", "cancelled at the channel", "cancelled"]).await;
    answered(&way.pay().await, refused_at_once());
    way.expect(&Rows::unpaid(2), &["created", "cancelled at the channel", "cancelled", "paid too late"]).await;
}

/// After payment a cancellation moves nothing by itself; the refund's announcement does, before or after it.
async fn cancelled_after_payment(stage: &Stage) {
    let bought = ["created", "paid", "accepted", "issued"];
    for (when, end) in [(CancelNotice::Before, &[CANCELLED, "refunded"][..]), (CancelNotice::After, &["refunded"][..])]
    {
        let way = Way::issued(stage, &ticket(OWN), 2).await;
        let answers = stage.platform.refund_with_cancel(&way.order, RefundNotice::unasked(1), when).await.unwrap();
        answered(&answers.0, json!({ "error_code": 0 }));
        answered(&answers.1, json!({ "error_code": 0 }));
        way.expect(&Rows::refunded(2, "done guest [1, 2] channel"), &[&bought[..], end].concat()).await;
    }
    let way = Way::issued(stage, &ticket(OWN), 1).await;
    answered(&way.cancel(2).await, json!({ "error_code": 0 }));
    way.expect(&Rows::sold("issued", 1), &[&bought[..], &[CANCELLED]].concat()).await;
}

/// The money is gone before anybody said that it came: the order ends, and a payment that is told later is refused.
async fn refunded_before_its_payment_was_heard(stage: &Stage) {
    let way = Way::created(stage, &ticket(OWN), 1).await;
    let back = stage.platform.refund_by_service(&way.order, None).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let rows = Rows::unpaid(1).refunds("done platform [1] channel");
    let story = ["created", "refunded before payment was known", "refunded"];
    way.expect(&rows, &story).await;
    answered(&way.pay().await, refused_at_once());
    way.expect(&rows, &[&story[..], &["paid too late"]].concat()).await;
}
