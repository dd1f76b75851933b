//! What a later build says: new fields are survived, new arms are known as unknown.
#![allow(clippy::unwrap_used)]

use entrepot_contract::capability::{Calls, CancelAbility, Fulfils, SupplierCapabilities};
use entrepot_contract::hearing::{About, Heard, Named, News};
use entrepot_contract::intent::beside::{MemberWish, Thing, ThingStanding};
use entrepot_contract::intent::change::OrderFilter;
use entrepot_contract::intent::{CancelStage, GivesBack, Intent, UnitChoice};
use entrepot_contract::looking::{Look, LookName, Seen, SeenState};
use entrepot_contract::manifest::PluginKind;
use entrepot_contract::message::{Request, Response, TokenMode};
use entrepot_contract::notice::{Notice, RefundDecision, Told};
use entrepot_contract::order::{GuestField, UnitState};
use entrepot_contract::outcome::{Acceptance, Outcome, Standing};
use entrepot_contract::reading::Vacancies;
use entrepot_contract::services::{LogLevel, ServiceRequest, ServiceResponse};
use entrepot_contract::supplier::{
    Booking, Cancellation, Holding, MEMO_LIMIT_BYTES, Memo, ResendWay, Resent, SupplierOrder, SupplierRequest,
    UsedUnits, Wait,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|fault| panic!("{value}: {fault}"))
}

fn order() -> Value {
    json!({"order": "1", "product_code": "p", "units": [{"number": 1, "mood": "good"}, {"number": 2, "gone": true}],
           "colour": "red"})
}

#[test]
fn new_arms_are_known_as_unknown() {
    let tagged = |tag: &str| json!({tag: "of a later build", "with": {"more": [1]}});
    assert_eq!(read::<Request>(tagged("to")), Request::Unknown);
    assert_eq!(read::<Response>(tagged("from")), Response::Unknown);
    assert_eq!(read::<SupplierRequest>(tagged("call")), SupplierRequest::Unknown);
    assert_eq!(read::<Booking>(tagged("booking")), Booking::Unknown);
    assert_eq!(read::<Cancellation>(tagged("cancellation")), Cancellation::Unknown);
    assert_eq!(read::<Holding>(tagged("holding")), Holding::Unknown);
    assert_eq!(read::<Resent>(tagged("resent")), Resent::Unknown);
    assert_eq!(read::<UsedUnits>(tagged("by")), UsedUnits::Unknown);
    assert_eq!(read::<Vacancies>(tagged("are")), Vacancies::Unknown);
    assert_eq!(read::<News>(tagged("news")), News::Unknown);
    assert_eq!(read::<Named>(tagged("by")), Named::Unknown);
    assert_eq!(read::<Fulfils>(tagged("by")), Fulfils::Unknown);
    assert_eq!(read::<Notice>(tagged("notice")), Notice::Unknown);
    assert_eq!(read::<Told>(tagged("told")), Told::Unknown);
    assert_eq!(read::<RefundDecision>(tagged("decision")), RefundDecision::Unknown);
    assert_eq!(read::<Intent>(tagged("intent")), Intent::Unknown);
    assert_eq!(read::<Outcome>(tagged("outcome")), Outcome::Unknown);
    assert_eq!(read::<OrderFilter>(tagged("by")), OrderFilter::Unknown);
    assert_eq!(read::<Thing>(tagged("of")), Thing::Unknown);
    assert_eq!(read::<Look>(tagged("look")), Look::Unknown);
    assert_eq!(read::<Seen>(tagged("seen")), Seen::Unknown);
    assert_eq!(read::<ServiceRequest>(tagged("service")), ServiceRequest::Unknown);
    assert_eq!(read::<ServiceResponse>(tagged("answer")), ServiceResponse::Unknown);
    let word = || json!("of a later build");
    assert_eq!(read::<ResendWay>(word()), ResendWay::Unknown);
    assert_eq!(read::<About>(word()), About::Everything);
    assert_eq!(read::<LookName>(word()), LookName::Unknown);
    assert_eq!(read::<SeenState>(word()), SeenState::Other);
    assert_eq!(read::<PluginKind>(word()), PluginKind::Unknown);
    assert_eq!(read::<TokenMode>(word()), TokenMode::Unknown);
    assert_eq!(read::<CancelStage>(word()), CancelStage::Unknown);
    assert_eq!(read::<Acceptance>(word()), Acceptance::Unknown);
    assert_eq!(read::<UnitState>(word()), UnitState::Unknown);
    assert_eq!(read::<GivesBack>(word()), GivesBack::Unknown);
    assert_eq!(read::<Standing>(word()), Standing::Unknown);
    assert_eq!(read::<ThingStanding>(word()), ThingStanding::Changed);
    assert_eq!(read::<MemberWish>(word()), MemberWish::Unknown);
    assert_eq!(read::<LogLevel>(word()), LogLevel::Unknown);
    for said in [json!("odd_ones"), json!({"odd_ones": {"of": 2}})] {
        assert!(matches!(read::<UnitChoice>(said.clone()), UnitChoice::Unknown(_)));
        assert!(matches!(read::<GuestField>(said), GuestField::Unknown(_)));
    }
    assert_eq!(read::<UnitChoice>(json!("all_left")), UnitChoice::AllLeft);
    assert_eq!(read::<GuestField>(json!({"plain": "x"})).plain(), Some("x"));
}

#[test]
fn new_fields_are_survived() {
    let read_order: SupplierOrder = read(order());
    assert_eq!((read_order.count(), read_order.left()), (2, vec![1]));
    assert!(read_order.is_rest(&[1]) && !read_order.is_rest(&[1, 2]) && !read_order.is_rest(&[]));
    let cancel = json!({"to": "supplier", "call": "cancel", "order": order(), "units": [1], "key": "k", "hurry": true});
    assert_eq!(read::<Request>(cancel).name(), "cancel");
    let pending = json!({"booking": "pending", "wait": {"ask_after_ms": 5, "memo": "b", "mood": "good"}, "more": 1});
    let wait = Wait::ms(5).with_memo(Memo::new("b"));
    assert_eq!(read::<Booking>(pending), Booking::Pending { reference: None, wait });
    let done = json!({"cancellation": "done", "fee": {"amount_minor": 5, "kind": "late"}});
    assert!(matches!(read::<Cancellation>(done), Cancellation::Done { fee: Some(_) }));
    let reply = json!({"status": 200, "content_type": "text/plain", "body": {"text": "success"}, "more": 1});
    let ask =
        json!({"news": "ask", "order": {"by": "theirs", "reference": "S1", "more": 1}, "about": "usage", "more": 1});
    let heard: Heard = read(json!({"news": [ask], "reply": reply, "more": 1}));
    assert!(matches!(&heard.news[..], [News::Ask { about: About::Usage, .. }]));
}

#[test]
fn a_card_says_what_it_can_in_words() {
    let card: SupplierCapabilities = Calls::book().inquire(5_000).cancel(CancelAbility::parts().inquire()).into();
    let text = serde_json::to_value(&card).unwrap();
    assert_eq!(text["fulfils"]["by"], "calls");
    assert_eq!(text["fulfils"]["cancel"]["units"], true);
    assert_eq!(read::<SupplierCapabilities>(text), card);
    let pool = SupplierCapabilities::pool().own_gate();
    assert_eq!(read::<SupplierCapabilities>(serde_json::to_value(&pool).unwrap()), pool);
    assert_eq!(read::<SupplierCapabilities>(json!({})).fulfils, Fulfils::Unknown, "a card has to say it");
}

#[test]
fn codes_and_guests_do_not_show_in_debug() {
    let named = read::<UnitChoice>(json!({"named": [{"certificate": "c-1", "code": "SECRET-1"}]}));
    let shown = format!("{named:?}");
    assert!(shown.contains("c-1") && !shown.contains("SECRET-1"), "{shown}");
    let asked: Intent = read(json!({"intent": "ask_member", "wants": "join", "member": "o-1",
        "guest": {"name": {"plain": "Wang Example"}}, "email": {"plain": "wang@example.com"}}));
    let shown = format!("{asked:?}");
    assert!(!shown.contains("Wang") && !shown.contains("example.com"), "{shown}");
}

#[test]
fn a_memo_is_short_and_not_shown() {
    assert!(Memo::new("").is_none() && Memo::new("x".repeat(MEMO_LIMIT_BYTES + 1)).is_none());
    let memo = Memo::new("batch 7").unwrap();
    assert!(!format!("{memo:?}").contains("batch"));
    assert!(serde_json::from_value::<Memo>(json!("")).is_err());
}
