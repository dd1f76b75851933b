//! Each scene's example of the page, as an intent.

use entrepot_sdk::contract::intent::{CancelStage, CreateOrder, Intent, UnitChoice, Wish};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::order::{Guest, GuestField, RefundCause};
use entrepot_sdk::contract::product::DocumentKind;
use entrepot_sdk::contract::time::Timestamp;
use entrepot_sdk::testing::Seat;
use serde_json::{Value, json};

use crate::support::*;
use crate::{plain, seat, world};

async fn decoded(seat: &Seat, name: &str, body: &str) -> Intent {
    seat.decode(call(name, body)).await.expect("it decodes")
}

async fn wish(seat: &Seat, body: &Value) -> Wish {
    match decoded(seat, "check-booking", &body.to_string()).await {
        Intent::CheckBooking(wish) => wish,
        other => panic!("{other:?}"),
    }
}

async fn create(seat: &Seat) -> CreateOrder {
    match decoded(seat, "create-order", CREATE).await {
        Intent::CreateOrder(create) => create,
        other => panic!("{other:?}"),
    }
}

fn plain_field(text: &str) -> Option<GuestField> {
    Some(GuestField::Plain(text.to_owned()))
}

/// Scenic §2.
#[tokio::test]
async fn the_booking_check() {
    let seat = plain().await;
    let wish = wish(&seat, &serde_json::from_str(CAN_BUY).expect("JSON")).await;
    assert_eq!(wish.names.product_out.as_deref(), Some("P1"));
    assert_eq!(wish.names.sku_out.as_deref(), Some("P1-ADULT"));
    assert_eq!(wish.count, 2);
    let visit = wish.visit.expect("a date");
    assert_eq!((visit.arrive.to_string(), visit.leave.to_string()), ("2026-10-01".to_owned(), "2026-10-01".to_owned()));
    assert_eq!(wish.origin_amount, Some(Money::fen(20_000)));
    assert_eq!(wish.pay_amount, Some(Money::fen(18_000)));
    assert!(!wish.guests_final, "the first check comes without guests");
}

/// Scenic §3, in both modes of §1.1.
#[tokio::test]
async fn the_order() {
    let ordered = Timestamp::from_seconds(1_790_000_000);
    let after = create(&plain().await).await;
    assert_eq!(after.order.as_str(), ORDER);
    assert_eq!((after.ordered_at, after.paid_at), (ordered, Some(ordered)));
    assert_eq!(after.wish.names.sku.as_deref(), Some("1800"));
    assert_eq!(after.wish.count, 2);
    assert!(after.wish.guests_final);
    let buyer = after.wish.guests.buyer.expect("a buyer");
    let expected = Guest { name: plain_field("张三"), phone: plain_field("13800138000"), ..Guest::default() };
    assert_eq!(buyer, expected);

    let seat = seat(&world(), json!({}), json!({"order_mode": "before_payment"})).await;
    let before = create(&seat).await;
    assert_eq!((before.ordered_at, before.paid_at), (ordered, None));
}

/// Scenic §1.5, common §8.
#[tokio::test]
async fn guests_are_opened_or_stay_sealed() {
    let mut body: Value = serde_json::from_str(CAN_BUY).expect("JSON");
    body["tourists"] = json!([
        {"name": "UOwV1M23gYhaMjPTUENkGg==", "phone": "Enc.abc", "license_type": 1,
         "license_id": "tDkcLk2wlkDAU++QvSE2ZPvdQ/OvGGv4vbsOAAXPaLg="},
        {"name": "Enc.def", "license_type": "6", "license_id": "E12345678"},
        {"phone": "", "license_type": 0},
    ]);
    let wish = wish(&plain().await, &body).await;
    assert!(wish.guests_final);
    let [first, second, third] = wish.guests.visitors.as_slice() else { panic!("three travellers") };
    assert_eq!(first.name, plain_field("张三"));
    assert_eq!(first.phone, Some(GuestField::Sealed("Enc.abc".to_owned())));
    assert_eq!(first.document, plain_field("110101199003070011"));
    assert_eq!(first.document_kind, Some(DocumentKind::IdentityCard));
    assert_eq!(second.name, Some(GuestField::Sealed("Enc.def".to_owned())));
    assert_eq!(second.document, plain_field("E12345678"));
    assert_eq!(second.document_kind, Some(DocumentKind::Passport));
    assert_eq!(*third, Guest::default());
}

#[tokio::test]
async fn plain_guests_are_read_when_allowed() {
    let mut body: Value = serde_json::from_str(CAN_BUY).expect("JSON");
    body["buyer"] = json!({"name": "Li Si", "phone": "13900139000"});
    let fault = plain().await.decode(call("check-booking", &body.to_string())).await.expect_err("not encrypted");
    assert!(fault.text.contains("buyer.name"), "{}", fault.text);
    assert!(!fault.text.contains("Li Si"), "{}", fault.text);
    let seat = seat(&world(), json!({"plain_guests": true}), json!({})).await;
    let wish = wish(&seat, &body).await;
    assert_eq!(wish.guests.buyer.and_then(|buyer| buyer.name), plain_field("Li Si"));
}

#[tokio::test]
async fn a_session_is_the_slot_and_a_missing_end_is_the_start() {
    let mut body: Value = serde_json::from_str(CAN_BUY).expect("JSON");
    body["ticket_specification"] = json!({"ticket_session": {"ticket_session_name": "14:00 show"}});
    body.as_object_mut().expect("an object").remove("book_end_day");
    let wish = wish(&plain().await, &body).await;
    assert_eq!(wish.slot.as_deref(), Some("14:00 show"));
    let visit = wish.visit.expect("a date");
    assert_eq!(visit.arrive, visit.leave);
}

/// Common §1: every 64-bit field as number or string.
#[tokio::test]
async fn numbers_come_as_numbers_and_as_strings() {
    let seat = plain().await;
    let strings = r#"{"order_id":1000000000000000001,"sku_id":1800,"count":"2","amount":{"origin_amount":"20000","pay_amount":"18000"},"create_order_time_unix":"1790000000","biz_type":"2"}"#;
    let Intent::CreateOrder(read) = decoded(&seat, "create-order", strings).await else { panic!("an order") };
    assert_eq!(read.order.as_str(), ORDER);
    assert_eq!(read.wish.names.sku.as_deref(), Some("1800"));
    assert_eq!(read.wish.count, 2);
    assert_eq!(read.wish.pay_amount, Some(Money::fen(18_000)));
    assert_eq!(read.ordered_at, Timestamp::from_seconds(1_790_000_000));
}

/// Scenic §4, §6.
#[tokio::test]
async fn the_notices_of_the_sale() {
    let seat = plain().await;
    match decoded(&seat, "pay-order", PAY).await {
        Intent::PayOrder { order, paid_at } => {
            assert_eq!(order.as_str(), ORDER);
            assert_eq!(paid_at, Timestamp::from_seconds(1_790_000_060));
        }
        other => panic!("{other:?}"),
    }
    let stages = [
        (1, CancelStage::BeforePayment),
        (2, CancelStage::AfterPayment),
        (3, CancelStage::CreationFailed),
        (9, CancelStage::AfterPayment),
    ];
    for (number, expected) in stages {
        let body = CANCEL.replace(r#""cancel_type":2"#, &format!(r#""cancel_type":{number}"#));
        match decoded(&seat, "cancel-order", &body).await {
            Intent::CancelOrder { order, stage, cancelled_at } => {
                assert_eq!((order.as_str(), stage), (ORDER, expected));
                assert_eq!(cancelled_at, Timestamp::from_seconds(1_790_000_600));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Scenic §7.
#[tokio::test]
async fn the_refund_review() {
    let seat = plain().await;
    let Intent::AskRefund(ask) = decoded(&seat, "apply-refund", REFUND_APPLY).await else { panic!("a question") };
    assert_eq!((ask.order.as_str(), ask.key.as_str()), (ORDER, "R1"));
    assert_eq!((ask.cause, ask.units), (RefundCause::Guest, UnitChoice::AllLeft));
    assert_eq!(ask.fee, Some(Money::fen(900)));
    assert_eq!(ask.asked_at, Timestamp::from_seconds(1_790_001_000));
    let causes = [
        (101, RefundCause::Guest),
        (102, RefundCause::Merchant),
        (308, RefundCause::Merchant),
        (310, RefundCause::Merchant),
        (312, RefundCause::Merchant),
        (103, RefundCause::Platform),
        (105, RefundCause::Platform),
        (305, RefundCause::Platform),
        (401, RefundCause::Platform),
        (301, RefundCause::IssueFailed),
        (302, RefundCause::Expired),
        (306, RefundCause::NotAccepted),
        (307, RefundCause::NotAccepted),
        (0, RefundCause::Other),
        (77_777, RefundCause::Other),
    ];
    for (source, cause) in causes {
        let body = REFUND_APPLY.replace("101", &source.to_string());
        let Intent::AskRefund(ask) = decoded(&seat, "apply-refund", &body).await else { panic!("a question") };
        assert_eq!(ask.cause, cause, "apply_source {source}");
    }
}

#[tokio::test]
async fn vouchers_name_units() {
    let seat = plain().await;
    let chosen = async |vouchers: Value| {
        let mut body: Value = serde_json::from_str(REFUND_APPLY).expect("JSON");
        body["vouchers"] = vouchers;
        match decoded(&seat, "apply-refund", &body.to_string()).await {
            Intent::AskRefund(ask) => ask.units,
            other => panic!("{other:?}"),
        }
    };
    let item = |id: &str| json!({"entrance": {"project_id": id}, "projects": null});
    assert_eq!(chosen(json!([item("T20260001-2")])).await, UnitChoice::Numbers(vec![2]));
    let both = json!([item("T20260001-3"), item("T20260001-1"), item("T20260001-3")]);
    assert_eq!(chosen(both).await, UnitChoice::Numbers(vec![1, 3]));
    let projects = json!([{"projects": [{"project_id": "T20260001-2"}]}]);
    assert_eq!(chosen(projects).await, UnitChoice::Numbers(vec![2]));
    // Not ours: how many is all that is believed.
    for strange in ["T20260002-2", "T20260001-0", "T20260001-70000", "2", "T20260001-x"] {
        assert_eq!(chosen(json!([item(strange)])).await, UnitChoice::Count(1), "{strange}");
    }
    assert_eq!(chosen(json!([])).await, UnitChoice::AllLeft);
    assert_eq!(chosen(Value::Null).await, UnitChoice::AllLeft);
}

/// Scenic §9.
#[tokio::test]
async fn the_refund_result() {
    let seat = plain().await;
    let record = async |body: &str| match decoded(&seat, "notify-refund", body).await {
        Intent::RecordRefund(record) => record,
        other => panic!("{other:?}"),
    };
    let told = record(REFUND_NOTICE).await;
    assert_eq!((told.order.as_str(), told.key.as_str()), (ORDER, "R1"));
    assert_eq!((told.cause, told.units), (RefundCause::Guest, UnitChoice::Count(2)));
    assert_eq!(told.amount, Money::fen(17_100));
    assert_eq!(told.refunded_at, Timestamp::from_seconds(1_790_001_200));
    for count in [r#","refund_count":0"#, ""] {
        let body = REFUND_NOTICE.replace(r#","refund_count":2"#, count);
        assert_eq!(record(&body).await.units, UnitChoice::AllLeft);
    }
    let causes = [
        (100, RefundCause::Merchant),
        (50, RefundCause::Platform),
        (150, RefundCause::Expired),
        (151, RefundCause::NotAccepted),
        (153, RefundCause::NotAccepted),
        (155, RefundCause::IssueFailed),
        (170, RefundCause::Other),
    ];
    for (scene, cause) in causes {
        let body = REFUND_NOTICE.replace(r#""refund_scene":1"#, &format!(r#""refund_scene":{scene}"#));
        assert_eq!(record(&body).await.cause, cause, "refund_scene {scene}");
    }
    let mut body: Value = serde_json::from_str(REFUND_NOTICE).expect("JSON");
    body["vouchers"] = json!([{"entrance": {"project_id": "T20260001-2"}}]);
    assert_eq!(record(&body.to_string()).await.units, UnitChoice::Numbers(vec![2]));
}

/// Scenic §10, §11, §16.
#[tokio::test]
async fn questions_about_orders_and_calendar() {
    let seat = plain().await;
    assert!(
        matches!(decoded(&seat, "query-order", QUERY).await, Intent::QueryOrder { order } if order.as_str() == ORDER)
    );

    let Intent::IssueOrder(issue) = decoded(&seat, "issue-certificate", ISSUE).await else { panic!("an issue call") };
    assert_eq!((issue.order.as_str(), issue.count), (ORDER, Some(2)));
    let bare = r#"{"order_id":"1","count":3,"sku_id":"1800"}"#;
    let Intent::IssueOrder(issue) = decoded(&seat, "issue-certificate", bare).await else { panic!("an issue call") };
    assert_eq!(issue.count, None, "people per copy are no copies");

    let Intent::PullCalendar(pull) = decoded(&seat, "pull-calendar", PULL).await else { panic!("a pull") };
    assert_eq!(pull.names.product.as_deref(), Some("900"));
    assert_eq!(pull.skus.len(), 1);
    assert_eq!(pull.skus[0].sku_out.as_deref(), Some("P1-ADULT"));
    assert_eq!((pull.from.to_string(), pull.to.to_string()), ("2026-10-01".to_owned(), "2026-10-03".to_owned()));
}

/// Common §9.
#[tokio::test]
async fn webhooks() {
    let seat = plain().await;
    let handshake = decoded(&seat, "webhook", HANDSHAKE).await;
    assert_eq!(handshake, Intent::Handshake { challenge: json!(12345) });
    match decoded(&seat, "webhook", HOOK).await {
        Intent::Event { event, message, order, .. } => {
            assert_eq!((event.as_str(), message.as_str()), ("life_trade_order_notify", "message-1"));
            assert_eq!(order.as_ref().map(|id| id.as_str()), Some(ORDER));
        }
        other => panic!("{other:?}"),
    }
    let mut silent = call("webhook", HOOK);
    silent.headers.retain(|(name, _)| name != "msg-id");
    let Intent::Event { message, .. } = seat.decode(silent).await.expect("an event") else { panic!("an event") };
    assert_eq!(message.len(), 40, "a digest of the body stands for the missing id");
}

/// Scenic §16: at most 60 days, 30 with extended specifications.
#[tokio::test]
async fn a_pull_is_answered_as_far_as_it_may_reach() {
    let ends = [
        ("2026-10-03", "2026-10-03", "2026-10-03"),
        ("2026-11-29", "2026-11-29", "2026-10-30"),
        ("2026-12-31", "2026-11-29", "2026-10-30"),
    ];
    for (asked, plain, extended) in ends {
        let body = PULL.replace("2026-10-03", asked);
        for (connection, expected) in [(json!({}), plain), (json!({"extended_specifications": true}), extended)] {
            let seat = seat(&world(), json!({}), connection).await;
            let Intent::PullCalendar(pull) = decoded(&seat, "pull-calendar", &body).await else { panic!("a pull") };
            assert_eq!((pull.from.to_string(), pull.to.to_string()), ("2026-10-01".to_owned(), expected.to_owned()));
        }
    }
}

/// Common §9, scenic §19: a review names its product, a voucher's event its order, an authorisation its account.
#[tokio::test]
async fn events_say_what_they_are_about() {
    let seat = plain().await;
    let pushed = |event: &str, content: Value| {
        json!({"event": event, "client_key": CLIENT_KEY, "content": content.to_string(), "log_id": "L1"}).to_string()
    };
    let audited = json!({"product_id": 900, "product_out_id": "P1", "ticket_type_out_id": "T1", "reason": "bluebird"});
    let verified = json!({"action": "verify", "msg_time": 1_790_000_000, "certificate": {"order_id": ORDER, "certificate_id": "2", "code": "QR-1"}});
    let product =
        ListingNames { product: Some("900".to_owned()), product_out: Some("P1".to_owned()), ..ListingNames::default() };
    let cases = [
        ("life_scenic_spot_trip_ticket_audit_result", audited.clone(), None, product.clone()),
        (
            "life_product_audit",
            json!({"product_id": "900", "status": 2}),
            None,
            ListingNames { product_out: None, ..product },
        ),
        ("life_trade_certificate_notify", verified, Some(ORDER), ListingNames::default()),
        ("contract_authorize", json!({"account_id": "70001"}), None, ListingNames::default()),
        ("contract_unauthorize", json!({"account_id": "70001"}), None, ListingNames::default()),
    ];
    for (name, content, order, names) in cases {
        let raw = call("webhook", &pushed(name, content.clone()));
        let located = seat.locate(raw.clone()).await.expect("authentic");
        assert_eq!(located.account.as_deref(), content["account_id"].as_str(), "{name}");
        assert_eq!(located.names, names, "{name}");
        let expected = Intent::Event {
            event: name.to_owned(),
            message: "message-1".to_owned(),
            order: order.map(|id| entrepot_sdk::contract::ids::ChannelOrderId::parse(id).expect("an id")),
            names,
        };
        assert_eq!(seat.decode(raw).await.expect("an event"), expected, "{name}");
    }
    // Content may be an object, too.
    let object = json!({"event": "life_product_audit", "content": audited}).to_string();
    let Intent::Event { names, .. } = decoded(&seat, "webhook", &object).await else { panic!("an event") };
    assert_eq!(names.product_out.as_deref(), Some("P1"));
}
