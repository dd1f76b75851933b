//! The platform's clocks run out: ten minutes to accept, ten to issue, a day to decide a refund
//! (`spec/douyin-scenic-calendar.md` §§1.1, 7, 12). Here a person is told before, by clocks that this stage sets short.

use douyin_simulator::{DeadlineEvent, Fault, OrderMode, OrderState, REVIEW_LIMIT_MS, RefundAsk, Scene};
use douyin_simulator::{RefundState, SpiReply, TEN_MINUTES_MS};
use serde_json::json;

use entrepot_journeys::office::Offer;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

use super::way::{BRIEF, HASTY, OWN, PERSON, Rows, Way, accepted_later, answered, on_each_behind, purchase, ticket};

/// The platform begins so far behind that its time can pass without being ahead of ours.
const BEHIND_MS: i64 = 2 * REVIEW_LIMIT_MS;
const A_SECOND_MS: i64 = 1_000;
const TIME_OUT: &str = "time ran out";
const BOUGHT: [&str; 4] = ["created", "paid", "accepted", "issued"];

/// All attempts of the issue call (common §7.5).
const ISSUE_ATTEMPTS: usize = 7;

#[tokio::test]
async fn clocks_that_run_out() {
    on_each_behind(OrderMode::BeforePayment, BEHIND_MS, async |stage| {
        let (unaccepted, codeless, undecided) =
            tokio::join!(nobody_accepts(stage), no_codes(stage), nobody_decides(stage));
        let unheard = nobody_heard(stage).await;
        let unread = issued_and_not_heard(stage, OWN).await;
        let mended = issued_and_not_heard(stage, PERSON).await;
        stage.let_pass(TEN_MINUTES_MS + A_SECOND_MS);
        let events = stage.platform.run_deadlines().await;
        assert_eq!(events.len(), 5, "{events:?}");
        not_accepted(stage, &unaccepted, &events).await;
        never_heard(stage, &unheard, &events).await;
        mended_by_hand(stage, &codeless, &events).await;
        mended_at_once(stage, &unread, &events).await;
        mended_with_the_vouchers(stage, &mended, &events).await;
        stage.let_pass(REVIEW_LIMIT_MS);
        let events = stage.platform.run_deadlines().await;
        assert_eq!(events.len(), 1, "{events:?}");
        decided_by_the_clock(stage, &undecided, &events).await;
    })
    .await;
}

fn event_of<'a>(events: &'a [DeadlineEvent], order: &str) -> &'a DeadlineEvent {
    let about = |event: &&DeadlineEvent| event.order_id() == order;
    events.iter().find(about).unwrap()
}

#[track_caller]
fn acknowledged(notice: &SpiReply) {
    answered(notice, json!({ "error_code": 0 }));
}

async fn nobody_accepts(stage: &Stage) -> Way<'_> {
    let way = Way::created(stage, &ticket(HASTY), 2).await;
    answered(&way.pay().await, accepted_later());
    way.until_alerted("acceptance_due", &way.ours().await).await;
    way.becomes(&Rows::sold("paid", 2), &["created", "paid", TIME_OUT]).await;
    way
}

/// Scene 151: refused and given back; nobody is waited for any more.
async fn not_accepted(stage: &Stage, way: &Way<'_>, events: &[DeadlineEvent]) {
    let DeadlineEvent::AcceptOverdue { notice, .. } = event_of(events, &way.order) else { panic!("{events:?}") };
    acknowledged(notice);
    let rows = Rows::refunded(2, "done not_accepted [1, 2] channel");
    way.expect(&rows, &["created", "paid", TIME_OUT, "refunded"]).await;
    assert!(!stage.office.is_alerted(&["acceptance_due", &way.ours().await]).await);
    let (status, answer) = way.act("acceptance", json!({ "accept": true })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
}

/// Paid, and its create call never came.
async fn nobody_heard(stage: &Stage) -> String {
    let order = stage.platform.create_order_unheard(&purchase(stage, &ticket(OWN), 1)).await;
    answered(&Way::of(stage, &order).pay().await, accepted_later());
    order
}

/// The refund of what nobody knows is taken, too; a create that comes then makes nothing.
async fn never_heard(stage: &Stage, order: &str, events: &[DeadlineEvent]) {
    let DeadlineEvent::AcceptOverdue { notice, .. } = event_of(events, order) else { panic!("{events:?}") };
    acknowledged(notice);
    let late = stage.platform.repeat_create(order).await.unwrap();
    answered(&late.reply, json!({ "error_code": 999_999 }));
    assert!(stage.office.orders(order).await.is_empty());
}

/// The pool is empty.
async fn no_codes(stage: &Stage) -> Way<'_> {
    let offer = Offer { connection: BRIEF, ..Offer::from_the_pool() };
    stage.office.offer(&offer, &stage.day, 10).await;
    let way = Way::paid(stage, &offer, 1).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 0 }));
    way.until_alerted("issue_due", &way.ours().await).await;
    let story = ["created", "paid", "accepted", "waits for codes", "callback owed", TIME_OUT];
    way.becomes(&Rows::sold("issuing", 1), &story).await;
    way
}

/// Issued here, and the platform hears none of the answers.
async fn issued_and_not_heard<'a>(stage: &'a Stage, connection: &'static str) -> Way<'a> {
    let way = Way::paid(stage, &ticket(connection), 1).await;
    for _ in 0..ISSUE_ATTEMPTS {
        stage.platform.inject_for(Scene::IssueCertificate, Fault::DropAnswer);
    }
    let silent = way.issue().await;
    assert_eq!(silent.attempts as usize, ISSUE_ATTEMPTS);
    assert_eq!(way.there().state, OrderState::Issuing);
    way.expect(&Rows::sold("issued", 1), &BOUGHT).await;
    way
}

/// Source 301, and the tickets are here: the rule refuses with them, which repairs the order (scenic §7).
async fn mended_at_once(stage: &Stage, way: &Way<'_>, events: &[DeadlineEvent]) {
    let DeadlineEvent::IssueOverdue { review, notice, .. } = event_of(events, &way.order) else { panic!("{events:?}") };
    answered(&review.reply, json!({ "error_code": 0, "audit_refund_result": 2 }));
    assert_eq!((review.reply.data()["vouchers"].as_array().map(Vec::len), notice), (Some(1), &None));
    assert_eq!(way.there().state, OrderState::Issued);
    assert!(!stage.office.is_alerted(&["refund_waiting", &way.ours().await]).await);
    let story = [&BOUGHT[..], &["refund refused"]].concat();
    way.expect(&Rows::sold("issued", 1).refunds("refused issue_failed [1] rule"), &story).await;
}

/// Source 301, and nothing is here: the platform waits. Refusing without a ticket is no way; typing one is.
async fn mended_by_hand(stage: &Stage, way: &Way<'_>, events: &[DeadlineEvent]) {
    let DeadlineEvent::IssueOverdue { review, notice, .. } = event_of(events, &way.order) else { panic!("{events:?}") };
    answered(&review.reply, json!({ "error_code": 0, "audit_refund_result": 3 }));
    assert_eq!(notice, &None);
    assert!(stage.office.is_alerted(&["refund_waiting", &way.ours().await]).await);
    let (status, answer) = way.decide(&review.key, json!({ "agree": false, "reason": "wait" })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
    let typed = json!({ "codes": ["HAND-301"], "reason": "numbers by phone" });
    let (status, answer) = way.act("issue", typed).await;
    assert_eq!(status, 200, "{answer}");
    way.until_there(OrderState::Issued).await;
    assert_eq!(way.there().refund(&review.key).unwrap().state, RefundState::Refused);
    let before = ["waits for codes", "callback owed", TIME_OUT, "refund asked"];
    let story = [&BOUGHT[..3], &before, &["issued", "refund refused", "told refund_decided"]].concat();
    way.becomes(&Rows::sold("issued", 1).refunds("refused issue_failed [1] rule"), &story).await;
}

/// A person refuses, and the vouchers that are there repair the order at the platform (scenic §§7, 8).
async fn mended_with_the_vouchers(stage: &Stage, way: &Way<'_>, events: &[DeadlineEvent]) {
    let DeadlineEvent::IssueOverdue { review, notice, .. } = event_of(events, &way.order) else { panic!("{events:?}") };
    answered(&review.reply, json!({ "error_code": 0, "audit_refund_result": 3 }));
    assert_eq!(notice, &None);
    let (status, answer) = way.decide(&review.key, json!({ "agree": false, "reason": "the tickets are good" })).await;
    assert_eq!(status, 200, "{answer}");
    way.until_there(OrderState::Issued).await;
    assert_eq!(way.there().refund(&review.key).unwrap().state, RefundState::Refused);
    let told = stage.platform.calls_on("/goodlife/v1/trip/refund/audit/");
    let told = told.iter().find(|call| call.body["order_id"] == way.order.as_str()).unwrap();
    assert_eq!((&told.body["audit_result"], told.body["vouchers"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    let story = [&BOUGHT[..], &["refund asked", "refund refused", "told refund_decided"]].concat();
    way.expect(&Rows::sold("issued", 1).refunds("refused issue_failed [1] person"), &story).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1, "vouchers": told.body["vouchers"] }));
}

async fn nobody_decides(stage: &Stage) -> (Way<'_>, String) {
    let offer = Offer { connection: BRIEF, ..Offer::with_a_person() };
    stage.office.offer(&offer, &stage.day, 10).await;
    let way = Way::paid(stage, &offer, 2).await;
    answered(&way.issue().await, json!({ "error_code": 0, "result": 1 }));
    let asked = RefundAsk { units: Some(vec![0]), ..RefundAsk::user() };
    let asked = stage.platform.apply_refund(&way.order, asked).await.unwrap();
    answered(&asked.reply, json!({ "error_code": 0, "audit_refund_result": 3 }));
    until("somebody is told", async || stage.office.is_alerted(&["refund_due"]).await.then_some(())).await;
    let rows = Rows::sold("issued", 2).refunds("waiting guest [1] nobody");
    way.becomes(&rows, &[&BOUGHT[..], &["refund asked", TIME_OUT]].concat()).await;
    (way, asked.key)
}

/// The platform decides by itself and announces it; who decides then is too late.
async fn decided_by_the_clock(stage: &Stage, (way, key): &(Way<'_>, String), events: &[DeadlineEvent]) {
    let DeadlineEvent::ReviewOverdue { notice, .. } = event_of(events, &way.order) else { panic!("{events:?}") };
    acknowledged(notice);
    let rows = Rows::sold("issued", 2).units("refunded available").back(&[8_000]);
    let story = [&BOUGHT[..], &["refund asked", TIME_OUT, "refunded"]].concat();
    way.expect(&rows.refunds("done guest [1] nobody"), &story).await;
    assert!(!stage.office.is_alerted(&["refund_due"]).await);
    let (status, answer) = way.decide(key, json!({ "agree": false, "reason": "too late" })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("state_forbids")), "{answer}");
}
