//! From acceptance to the vouchers: at once, later by the callback, refused, or overtaken by a refund
//! (`spec/douyin-scenic-calendar.md` §§11, 12).

use douyin_simulator::{Fault, OrderMode, OrderState, RefundNotice, SpiReply};
use serde_json::{Value, json};
use simple_gate_simulator::Fault as GateFault;

use entrepot_journeys::databases::{self, Given};
use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

use super::way::{Rows, Way, answered, assert_clean, on_each};

const CALLBACK: &str = "/goodlife/v1/fulfilment/create/callback/";

/// A notice that this order's money went back because there were no vouchers.
fn issue_failed(count: usize) -> RefundNotice {
    let amount_fen = Some(10_000 * i64::try_from(count).unwrap());
    RefundNotice { amount_fen, units: Some((0..count).collect()), ..RefundNotice::unasked(155) }
}

async fn import(stage: &Stage, codes: &[&str]) {
    let rows: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
    stage.office.post("/merchants/lakeside/pools/summer/codes", json!({ "codes": rows })).await;
}

fn callbacks(stage: &Stage, way: &Way<'_>) -> Vec<Value> {
    let calls = stage.platform.calls_on(CALLBACK);
    calls.into_iter().map(|call| call.body).filter(|body| body["order_id"] == way.order.as_str()).collect()
}

#[tokio::test]
async fn vouchers_come_at_once_or_later_or_never() {
    on_each(OrderMode::BeforePayment, async |stage| {
        for offer in [Offer::from_the_pool(), Offer::at_the_gate()] {
            stage.office.offer(&offer, &stage.day, 100).await;
        }
        from_a_full_pool(stage).await;
        from_an_empty_pool_by_callback(stage).await;
        refunded_while_the_pool_is_empty(stage).await;
        from_the_gate(stage).await;
        refused_by_the_gate(stage).await;
    })
    .await;
}

async fn from_a_full_pool(stage: &Stage) {
    import(stage, &["FULL-1", "FULL-2"]).await;
    let way = Way::issued(stage, &Offer::from_the_pool(), 2).await;
    way.expect(&Rows::sold("issued", 2), &["created", "paid", "accepted", "issued"]).await;
    let again = way.issue().await;
    assert!(again.body.to_string().contains("FULL-1") && again.body.to_string().contains("FULL-2"), "{again:?}");
}

/// "Issuing", as often as it is asked; with the codes the callback follows, until the platform has answered it.
async fn from_an_empty_pool_by_callback(stage: &Stage) {
    let way = Way::paid(stage, &Offer::from_the_pool(), 2).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 0 }));
    let waiting = ["created", "paid", "accepted", "waits for codes", "callback owed"];
    way.expect(&Rows::sold("issuing", 2), &waiting).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 0 }));
    way.expect(&Rows::sold("issuing", 2), &waiting).await;
    assert_eq!(callbacks(stage, &way).len(), 0);
    stage.platform.inject_on_path(CALLBACK, Fault::OpenApiBusy(1));
    stage.platform.inject_on_path(CALLBACK, Fault::OpenApiLosesAnswer);
    import(stage, &["LATE-1", "LATE-2"]).await;
    way.until_there(OrderState::Issued).await;
    until("the platform has answered", async || (callbacks(stage, &way).len() == 3).then_some(())).await;
    let told = callbacks(stage, &way);
    assert_eq!((&told[0], &told[1]), (&told[1], &told[2]));
    let head = (&told[0]["result"], told[0]["third_order_id"].as_str());
    assert_eq!(head, (&json!(1), way.there().order_out_id.as_deref()));
    way.expect(&Rows::sold("issued", 2), &[&waiting[..], &["issued", "told issued"]].concat()).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1, "vouchers": told[0]["vouchers"] }));
}

/// Customer service gives the money back meanwhile: codes that come then are not given to it.
async fn refunded_while_the_pool_is_empty(stage: &Stage) {
    let way = Way::paid(stage, &Offer::from_the_pool(), 1).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 0 }));
    let back = stage.platform.refund_by_service(&way.order, None).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let rows = Rows::refunded(1, "done platform [1] channel");
    let story = ["created", "paid", "accepted", "waits for codes", "callback owed", "refunded"];
    way.expect(&rows, &story).await;
    import(stage, &["NEXT-1"]).await;
    let next = Way::issued(stage, &Offer::from_the_pool(), 1).await;
    assert!(next.issue().await.body.to_string().contains("NEXT-1"), "the code is another's");
    way.expect(&rows, &story).await;
    let late = stage.call("issue-certificate", &json!({ "order_id": way.order, "count": 1, "copies": 1 })).await;
    assert_eq!((&late["error_code"], &late["result"]), (&json!(0), &json!(2)), "{late}");
    assert_eq!(callbacks(stage, &way).len(), 0);
}

async fn from_the_gate(stage: &Stage) {
    let way = Way::issued(stage, &Offer::at_the_gate(), 2).await;
    way.expect(&Rows::sold("issued", 2), &["created", "paid", "accepted", "issuing", "issued"]).await;
    let booked = stage.gate.desk.order(&way.ours().await).unwrap();
    let shown = way.issue().await.body.to_string();
    assert!(booked.tickets.iter().all(|ticket| shown.contains(ticket.as_str())), "{shown}");
}

/// A certain no: result 2, and the platform gives the money back without a question.
async fn refused_by_the_gate(stage: &Stage) {
    let way = Way::paid(stage, &Offer::at_the_gate(), 2).await;
    stage.gate.desk.next_fault(GateFault::RefuseNext);
    let failed = way.issue().await;
    refused_with_a_reason(&failed);
    assert_eq!(way.there().state, OrderState::Refunded);
    assert!(stage.office.is_alerted(&["issue_refused", &way.ours().await]).await);
    let story = ["created", "paid", "accepted", "issuing", "supplier refused"];
    way.expect(&Rows::sold("refused", 2), &story).await;
    refused_with_a_reason(&way.issue().await);
    let back = stage.platform.notify_refund(&way.order, issue_failed(2)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    way.expect(&given_back(2), &[&story[..], &["refunded"]].concat()).await;
}

fn refused_with_a_reason(reply: &SpiReply) {
    answered(reply, json!({ "error_code": 0, "result": 2 }));
    assert!(reply.data()["fail_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{reply:?}");
}

fn given_back(count: usize) -> Rows {
    let units = vec!["refunded"; count];
    let numbers: Vec<usize> = (1..=count).collect();
    let back = 8_000 * i64::try_from(count).unwrap();
    let rows = Rows::sold("refused", count).units(&units.join(" ")).back(&[back]);
    rows.refunds(&format!("done issue_failed {numbers:?} channel"))
}

/// The issue call waits as long as the platform does, so all databases wait at the same time.
#[tokio::test]
async fn a_gate_that_answers_late_is_told_by_the_callback() {
    let all = databases::all().await.into_iter().map(a_late_yes_and_a_late_no);
    futures_util::future::join_all(all).await;
}

async fn a_late_yes_and_a_late_no(given: Given) {
    let gate = json!({ "lakeside-gate": { "settings": { "timeout_ms": 20_000 } } });
    let patient = json!({
        "plugins": { "simple-gate": { "timeout_ms": 25_000 } }, "jobs": { "lease_ms": 30_000 },
        "merchants": { "lakeside": { "suppliers": gate } },
    });
    let stage = Stage::set_with(given, &patient).await;
    let offer = Offer::at_the_gate();
    stage.office.offer(&offer, &stage.day, 100).await;
    let asked = async |fault, orders| {
        let way = Way::paid(&stage, &offer, 1).await;
        stage.gate.desk.next_fault(fault);
        let (platform, order) = (stage.platform.clone(), way.order.clone());
        let issuing = tokio::spawn(async move { platform.issue(&order).await.unwrap() });
        until("the gate is asked", async || (stage.gate.desk.recorded().len() == orders).then_some(())).await;
        (way, issuing)
    };
    let (yes, issuing_yes) = asked(GateFault::HoldAfterEffect, 1).await;
    let (no, issuing_no) = asked(GateFault::HoldRefusal, 2).await;
    for issuing in [issuing_yes, issuing_no] {
        answered(&issuing.await.unwrap(), json!({ "error_code": 0, "result": 0 }));
    }
    let story = ["created", "paid", "accepted", "issuing", "callback owed"];
    yes.expect(&Rows::sold("issuing", 1), &story).await;
    no.expect(&Rows::sold("issuing", 1), &story).await;
    stage.gate.desk.let_go();
    stage.gate.desk.let_go();
    yes.until_there(OrderState::Issued).await;
    yes.expect(&Rows::sold("issued", 1), &[&story[..], &["issued", "told issued"]].concat()).await;
    no.until_there(OrderState::Refunded).await;
    let failed = [&story[..], &["supplier refused", "told issue_failed"]].concat();
    no.expect(&Rows::sold("refused", 1), &failed).await;
    let told = callbacks(&stage, &no);
    assert_eq!((told.len(), &told[0]["result"]), (1, &json!(2)), "{told:?}");
    assert!(told[0]["fail_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told:?}");
    let back = stage.platform.notify_refund(&no.order, issue_failed(1)).await.unwrap();
    answered(&back, json!({ "error_code": 0 }));
    let story = [&story[..], &["supplier refused", "refunded", "told issue_failed"]].concat();
    no.expect(&given_back(1), &story).await;
    assert_clean(&stage).await;
}
