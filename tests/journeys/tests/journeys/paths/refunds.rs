//! How a refund is decided and what it moves: by rule, by a person, by the supplier; single units, fees, repeats, results
//! without a question or against our answer (`spec/douyin-scenic-calendar.md` §§7, 8, 9).

use douyin_simulator::{Fault, OrderMode, RefundAsk, RefundNotice, RefundReply, RefundState, Scene};
use serde_json::{Value, json};
use simple_gate_simulator::Fault as GateFault;

use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

use super::way::{OWN, PERSON, Rows, Way, answered, on_each, ticket};

const AUDIT: &str = "/goodlife/v1/trip/refund/audit/";
const BOUGHT: [&str; 4] = ["created", "paid", "accepted", "issued"];
const AT_THE_GATE: [&str; 5] = ["created", "paid", "accepted", "issuing", "issued"];

fn story<'a>(first: &[&'a str], then: &[&'a str]) -> Vec<&'a str> {
    [first, then].concat()
}

fn yes(fee_fen: i64) -> Value {
    json!({ "error_code": 0, "audit_refund_result": 1, "refund_fee_amount": fee_fen })
}

fn no() -> Value {
    json!({ "error_code": 0, "audit_refund_result": 2 })
}

fn waiting() -> Value {
    json!({ "error_code": 0, "audit_refund_result": 3 })
}

async fn ask(stage: &Stage, way: &Way<'_>, units: Option<Vec<usize>>) -> RefundReply {
    stage.platform.apply_refund(&way.order, RefundAsk { units, ..RefundAsk::user() }).await.unwrap()
}

/// The money went, as asked for under this key.
async fn paid_back(stage: &Stage, way: &Way<'_>, key: &str) {
    let told = stage.platform.notify_refund(&way.order, RefundNotice::of(key, 1)).await.unwrap();
    answered(&told, json!({ "error_code": 0 }));
}

#[tokio::test]
async fn refunds_that_the_rule_decides() {
    on_each(OrderMode::BeforePayment, async |stage| {
        fees(stage).await;
        nothing_back_any_more(stage).await;
        unit_by_unit(stage).await;
        two_questions_about_one_unit(stage).await;
        accepted_and_never_issued(stage).await;
        used_units(stage).await;
        expired(stage).await;
    })
    .await;
}

/// The platform's fee comes back as it was; the distributor is charged by the rule, never more than the guest.
async fn fees(stage: &Stage) {
    let tenth = json!({ "hours_before_visit": -24, "fee": { "ratio": 1_000 } });
    let refund = json!({ "steps": [tenth], "otherwise": "manual", "partial": true });
    let offer = Offer { product: "TENTH", sku: "TENTH", refund, ..Offer::own_number() };
    stage.office.offer(&offer, &stage.day, 100).await;
    for (fee_fen, back) in [(0, 8_000), (500, 7_500), (1_000, 7_200)] {
        let way = Way::issued(stage, &offer, 1).await;
        let asked = RefundAsk { fee_fen, ..RefundAsk::user() };
        let asked = stage.platform.apply_refund(&way.order, asked).await.unwrap();
        answered(&asked.reply, yes(fee_fen));
        paid_back(stage, &way, &asked.key).await;
        let rows = Rows::sold("refunded", 1).units("refunded").back(&[back]).refunds("done guest [1] rule");
        way.expect(&rows, &story(&BOUGHT, &["refund agreed", "refunded"])).await;
        let refund = way.shown().await["refunds"][0].clone();
        assert_eq!(refund["channel_fee"]["amount_minor"], fee_fen, "{refund}");
        assert_eq!(refund["channel_amount"]["amount_minor"], 10_000 - fee_fen, "{refund}");
    }
}

/// Refused by rule; when the money goes all the same, it is written down and a person is told.
async fn nothing_back_any_more(stage: &Stage) {
    let refund = json!({ "steps": [], "otherwise": "never", "partial": true });
    let offer = Offer { product: "NEVER", sku: "NEVER", refund, ..Offer::own_number() };
    stage.office.offer(&offer, &stage.day, 100).await;
    let way = Way::issued(stage, &offer, 1).await;
    let asked = ask(stage, &way, None).await;
    answered(&asked.reply, no());
    let refused = Rows::sold("issued", 1).refunds("refused guest [1] rule");
    way.expect(&refused, &story(&BOUGHT, &["refund refused"])).await;
    paid_back(stage, &way, &asked.key).await;
    way.expect(&Rows::refunded(1, "done guest [1] rule"), &story(&BOUGHT, &["refund refused", "refunded"])).await;
    assert!(stage.office.is_alerted(&["contradiction", &way.ours().await]).await);
}

/// One of three, then the two that are left. Where the rule knows no parts, a person decides.
async fn unit_by_unit(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 3).await;
    let asked = stage.platform.refund_unit(&way.order, 1).await.unwrap();
    answered(&asked.reply, yes(0));
    let one = Rows::sold("issued", 3).units("available refunded available").back(&[8_000]);
    let told = ["refund agreed", "refunded"];
    way.expect(&one.clone().refunds("done guest [2] rule"), &story(&BOUGHT, &told)).await;
    answered(&stage.platform.refund(&way.order, RefundAsk::user()).await.unwrap().reply, yes(0));
    let all = Rows::sold("refunded", 3).units("refunded refunded refunded").back(&[8_000, 16_000]);
    let all = all.refunds("done guest [2] rule; done guest [1, 3] rule");
    way.expect(&all, &story(&BOUGHT, &[told, told].concat())).await;

    let mut refund = Offer::own_number().refund;
    refund["partial"] = json!(false);
    let offer = Offer { product: "WHOLE", sku: "WHOLE", refund, ..Offer::own_number() };
    stage.office.offer(&offer, &stage.day, 100).await;
    let way = Way::issued(stage, &offer, 2).await;
    answered(&ask(stage, &way, Some(vec![0])).await.reply, waiting());
    let rows = Rows::sold("issued", 2).refunds("waiting guest [1] nobody");
    way.expect(&rows, &story(&BOUGHT, &["refund asked"])).await;
}

/// What one question was answered is not answered to another; the same key with other units is no repeat.
async fn two_questions_about_one_unit(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    let first = ask(stage, &way, Some(vec![0])).await;
    answered(&first.reply, yes(0));
    answered(&ask(stage, &way, Some(vec![0])).await.reply, no());
    let rest = ask(stage, &way, None).await;
    assert_eq!(rest.state, RefundState::Agreed);
    let told = ["refund agreed", "refund refused", "refund agreed"];
    let rows = Rows::sold("issued", 2);
    let rows = rows.refunds("agreed guest [1] rule; refused guest [] rule; agreed guest [2] rule");
    way.expect(&rows, &story(&BOUGHT, &told)).await;
    let ours = way.ours().await;
    let other = json!({
        "order_id": way.order, "order_out_id": ours, "biz_uniq_key": first.key, "apply_source": 101,
        "apply_refund_time_unix": chrono::Utc::now().timestamp(), "refund_fee_amount": 0,
        "vouchers": [{ "entrance": { "project_id": format!("{ours}-2") } }],
    });
    let answer = stage.call("apply-refund", &other).await;
    assert_eq!(answer["error_code"], 999_999, "{answer}");
    way.expect(&rows, &story(&BOUGHT, &told)).await;
}

/// Nothing was issued yet, so nothing has to be asked for; the issue call that crosses it is told that nothing comes.
async fn accepted_and_never_issued(stage: &Stage) {
    let way = Way::paid(stage, &ticket(OWN), 1).await;
    answered(&stage.platform.refund(&way.order, RefundAsk::user()).await.unwrap().reply, yes(0));
    let told = ["created", "paid", "accepted", "refund agreed", "refunded"];
    way.expect(&Rows::refunded(1, "done guest [1] rule"), &told).await;
    let issue = stage.call("issue-certificate", &json!({ "order_id": way.order, "count": 1, "copies": 1 })).await;
    assert_eq!((&issue["error_code"], &issue["result"]), (&json!(0), &json!(2)), "{issue}");
    way.expect(&Rows::refunded(1, "done guest [1] rule"), &told).await;
}

/// The first unit is used, and the platform knows it.
async fn used(way: &Way<'_>, rows: &Rows) {
    assert_eq!(way.redeem(&[1]).await.0, 200);
    way.expect(rows, &story(&BOUGHT, &["redeemed", "told redeemed"])).await;
}

/// What was used is not given back: by a question it is refused, by an announcement a person is told.
async fn used_units(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    used(&way, &Rows::sold("issued", 2).units("redeemed available")).await;
    answered(&ask(stage, &way, Some(vec![0])).await.reply, no());
    let all_left = stage.platform.apply_refund(&way.order, RefundAsk::user()).await.unwrap();
    answered(&all_left.reply, yes(0));
    let told = ["redeemed", "refund refused", "refund agreed", "told redeemed"];
    let rows = Rows::sold("issued", 2).units("redeemed available");
    way.expect(&rows.refunds("refused guest [] rule; agreed guest [2] rule"), &story(&BOUGHT, &told)).await;

    let way = Way::issued(stage, &ticket(OWN), 1).await;
    used(&way, &Rows::sold("completed", 1).units("redeemed")).await;
    answered(&ask(stage, &way, None).await.reply, no());
    answered(&stage.platform.refund_by_service(&way.order, None).await.unwrap(), json!({ "error_code": 0 }));
    let rows = Rows::sold("completed", 1).units("redeemed");
    let rows = rows.refunds("refused guest [] rule; done platform [] channel");
    way.expect(&rows, &story(&BOUGHT, &["redeemed", "refund refused", "refunded", "told redeemed"])).await;
    assert!(stage.office.is_alerted(&["contradiction", &way.ours().await]).await);
}

/// The platform asks how much was used, then for a refund of the rest.
async fn expired(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    used(&way, &Rows::sold("issued", 2).units("redeemed available")).await;
    let review = stage.platform.expire(&way.order).await.unwrap().unwrap();
    answered(&review.reply, yes(0));
    let rows = Rows::sold("completed", 2).units("redeemed refunded").back(&[8_000]);
    let told = story(&BOUGHT, &["redeemed", "refund agreed", "refunded", "told redeemed"]);
    way.expect(&rows.refunds("done expired [2] rule"), &told).await;
    let way = Way::issued(stage, &ticket(OWN), 1).await;
    let rows = Rows::sold("completed", 1).units("redeemed");
    used(&way, &rows).await;
    assert_eq!(stage.platform.expire(&way.order).await.unwrap(), None, "a used ticket is not refunded");
    way.expect(&rows, &story(&BOUGHT, &["redeemed", "told redeemed"])).await;
}

#[tokio::test]
async fn refunds_that_a_person_or_the_supplier_decides() {
    on_each(OrderMode::BeforePayment, async |stage| {
        stage.office.offer(&Offer::at_the_gate(), &stage.day, 100).await;
        a_person_agrees(stage).await;
        a_person_refuses(stage).await;
        refunded_before_anybody_decided(stage).await;
        the_supplier_agrees(stage).await;
        the_supplier_refuses(stage).await;
        the_supplier_is_told_afterwards(stage).await;
    })
    .await;
}

/// The platform is busy, then its answer is lost: it is told until it has answered.
async fn a_person_agrees(stage: &Stage) {
    let way = Way::issued(stage, &ticket(PERSON), 2).await;
    let asked = RefundAsk { fee_fen: 900, ..RefundAsk::user() };
    let asked = stage.platform.apply_refund(&way.order, asked).await.unwrap();
    answered(&asked.reply, waiting());
    let again = RefundAsk { key: Some(asked.key.clone()), fee_fen: 900, ..RefundAsk::user() };
    answered(&stage.platform.apply_refund(&way.order, again.clone()).await.unwrap().reply, waiting());
    let told = story(&BOUGHT, &["refund asked"]);
    way.expect(&Rows::sold("issued", 2).refunds("waiting guest [1, 2] nobody"), &told).await;
    stage.platform.inject_on_path(AUDIT, Fault::OpenApiBusy(1));
    stage.platform.inject_on_path(AUDIT, Fault::OpenApiLosesAnswer);
    let (status, answer) = way.decide(&asked.key, json!({ "agree": true })).await;
    assert_eq!((status, &answer["state"]), (200, &json!("agreed")), "{answer}");
    until_decided(&way, &asked.key, RefundState::Agreed).await;
    let body = json!({ "order_id": way.order, "biz_uniq_key": asked.key, "audit_result": 1, "refund_fee_amount": 900 });
    until("the platform has answered", async || {
        (stage.platform.calls_on(AUDIT).iter().filter(|call| call.body == body).count() == 3).then_some(())
    })
    .await;
    let decided = story(&told, &["refund agreed", "told refund_decided"]);
    way.expect(&Rows::sold("issued", 2).refunds("agreed guest [1, 2] person"), &decided).await;
    let (status, answer) = way.decide(&asked.key, json!({ "agree": false, "reason": "no" })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
    paid_back(stage, &way, &asked.key).await;
    let told = story(&told, &["refund agreed", "refunded", "told refund_decided"]);
    way.expect(&Rows::refunded(2, "done guest [1, 2] person"), &told).await;
}

async fn until_decided(way: &Way<'_>, key: &str, wanted: RefundState) {
    until("the platform knows the decision", async || {
        (way.there().refund(key).map(|refund| refund.state) == Some(wanted)).then_some(())
    })
    .await;
}

async fn a_person_refuses(stage: &Stage) {
    let way = Way::issued(stage, &ticket(PERSON), 1).await;
    let asked = ask(stage, &way, None).await;
    answered(&asked.reply, waiting());
    let (status, answer) = way.decide(&asked.key, json!({ "agree": false, "reason": "used at the gate" })).await;
    assert_eq!((status, &answer["state"]), (200, &json!("refused")), "{answer}");
    until_decided(&way, &asked.key, RefundState::Refused).await;
    let told = story(&BOUGHT, &["refund asked", "refund refused", "told refund_decided"]);
    way.expect(&Rows::sold("issued", 1).refunds("refused guest [1] person"), &told).await;
    // The guest asks once more, under a key of its own.
    answered(&ask(stage, &way, None).await.reply, waiting());
    let rows = Rows::sold("issued", 1).refunds("refused guest [1] person; waiting guest [1] nobody");
    let told = story(&BOUGHT, &["refund asked", "refund refused", "refund asked", "told refund_decided"]);
    way.expect(&rows, &told).await;
}

/// The announcement counts; there is nothing left to decide.
async fn refunded_before_anybody_decided(stage: &Stage) {
    let way = Way::issued(stage, &ticket(PERSON), 1).await;
    let asked = ask(stage, &way, None).await;
    answered(&asked.reply, waiting());
    paid_back(stage, &way, &asked.key).await;
    let told = story(&BOUGHT, &["refund asked", "refunded"]);
    way.expect(&Rows::refunded(1, "done guest [1] nobody"), &told).await;
    let (status, answer) = way.decide(&asked.key, json!({ "agree": false, "reason": "too late" })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
    way.expect(&Rows::refunded(1, "done guest [1] nobody"), &told).await;
}

async fn the_supplier_agrees(stage: &Stage) {
    let way = Way::issued(stage, &Offer::at_the_gate(), 2).await;
    let asked = ask(stage, &way, Some(vec![1])).await;
    answered(&asked.reply, yes(0));
    assert_eq!(stage.gate.desk.order(&way.ours().await).unwrap().cancelled, [2].into());
    paid_back(stage, &way, &asked.key).await;
    let rows = Rows::sold("issued", 2).units("available refunded").back(&[8_000]);
    let told = story(&AT_THE_GATE, &["refund asked", "refund agreed", "refunded"]);
    way.expect(&rows.refunds("done guest [2] supplier"), &told).await;
}

async fn the_supplier_refuses(stage: &Stage) {
    let way = Way::issued(stage, &Offer::at_the_gate(), 1).await;
    stage.gate.desk.next_fault(GateFault::RefuseNext);
    answered(&ask(stage, &way, None).await.reply, no());
    let told = story(&AT_THE_GATE, &["refund asked", "refund refused"]);
    way.expect(&Rows::sold("issued", 1).refunds("refused guest [1] supplier"), &told).await;
    assert!(stage.gate.desk.order(&way.ours().await).unwrap().cancelled.is_empty());
}

/// Customer service asked nobody: the tickets go afterwards, and a person is told where they do not.
async fn the_supplier_is_told_afterwards(stage: &Stage) {
    for (fault, then) in
        [(None, "cancelled at the supplier"), (Some(GateFault::RefuseNext), "supplier refused to cancel")]
    {
        let way = Way::issued(stage, &Offer::at_the_gate(), 1).await;
        fault.into_iter().for_each(|fault| stage.gate.desk.next_fault(fault));
        answered(&stage.platform.refund_by_service(&way.order, None).await.unwrap(), json!({ "error_code": 0 }));
        let told = story(&AT_THE_GATE, &["refunded", then]);
        way.becomes(&Rows::refunded(1, "done platform [1] channel"), &told).await;
        let cancelled = stage.gate.desk.order(&way.ours().await).unwrap().cancelled;
        assert_eq!(cancelled.len(), usize::from(fault.is_none()));
        let told = stage.office.is_alerted(&["contradiction", &way.ours().await]).await;
        assert_eq!(told, fault.is_some());
    }
}

#[tokio::test]
async fn refunds_that_are_repeated_or_come_the_wrong_way_round() {
    on_each(OrderMode::BeforePayment, async |stage| {
        every_answer_lost_once(stage).await;
        the_result_before_the_question(stage).await;
        another_amount_under_the_same_key(stage).await;
    })
    .await;
}

async fn every_answer_lost_once(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    stage.platform.inject_for(Scene::ApplyRefund, Fault::DropAnswer);
    stage.platform.inject_for(Scene::ApplyRefund, Fault::DeliverTwiceAtOnce);
    let asked = ask(stage, &way, None).await;
    assert_eq!(asked.reply.attempts, 2);
    assert_eq!(asked.reply.twin.as_ref(), Some(&asked.reply.body));
    answered(&asked.reply, yes(0));
    stage.platform.inject_for(Scene::NotifyRefund, Fault::DropAnswer);
    stage.platform.inject_for(Scene::NotifyRefund, Fault::DeliverTwiceAtOnce);
    paid_back(stage, &way, &asked.key).await;
    let told = story(&BOUGHT, &["refund agreed", "refunded"]);
    way.expect(&Rows::refunded(2, "done guest [1, 2] rule"), &told).await;
    paid_back(stage, &way, &asked.key).await;
    way.expect(&Rows::refunded(2, "done guest [1, 2] rule"), &told).await;
}

/// The question that comes after its own result is answered with yes, and the fee that was asked.
async fn the_result_before_the_question(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 1).await;
    let now = chrono::Utc::now().timestamp();
    let notice = json!({
        "order_id": way.order, "biz_uniq_key": "R-turned", "refund_amount": 9_100, "refund_time_unix": now,
        "refund_scene": 1,
    });
    let question = json!({
        "order_id": way.order, "biz_uniq_key": "R-turned", "apply_source": 101, "apply_refund_time_unix": now,
        "refund_fee_amount": 900,
    });
    assert_eq!(stage.call("notify-refund", &notice).await["error_code"], 0);
    let answer = stage.call("apply-refund", &question).await;
    let found = (&answer["error_code"], &answer["audit_refund_result"], &answer["refund_fee_amount"]);
    assert_eq!(found, (&json!(0), &json!(1), &json!(900)), "{answer}");
    assert_eq!(stage.call("notify-refund", &notice).await["error_code"], 0);
    way.expect(&Rows::refunded(1, "done guest [1] channel"), &story(&BOUGHT, &["refunded"])).await;
}

/// The money is gone whatever we think of it: taken, counted once, and a person is told.
async fn another_amount_under_the_same_key(stage: &Stage) {
    let way = Way::issued(stage, &ticket(OWN), 2).await;
    let notice = |amount: i64| {
        json!({
            "order_id": way.order, "biz_uniq_key": "R-twice", "refund_amount": amount, "refund_scene": 50,
            "refund_time_unix": chrono::Utc::now().timestamp(), "refund_count": 1,
        })
    };
    assert_eq!(stage.call("notify-refund", &notice(10_000)).await["error_code"], 0);
    assert_eq!(stage.call("notify-refund", &notice(9_000)).await["error_code"], 0);
    assert!(stage.office.is_alerted(&["contradiction", &way.order]).await);
    let rows = Rows::sold("issued", 2).units("available refunded").back(&[8_000]);
    way.expect(&rows.refunds("done platform [2] channel"), &story(&BOUGHT, &["refunded"])).await;
}
