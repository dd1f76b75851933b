//! Each outcome in the words of its scene; where the page has an example, exactly that.

use entrepot_sdk::contract::calendar::CalendarDay;
use entrepot_sdk::contract::channel::RawResponse;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::ids::{OrderId, SkuId};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::order::{Credential, CredentialKind, UnitCredentials, UnitState};
use entrepot_sdk::contract::outcome::{Acceptance, CalendarAnswer, CalendarCell, Outcome, Reason, Refusal, UnitUsage};
use entrepot_sdk::contract::product::DocumentKind;
use entrepot_sdk::testing::Seat;
use serde_json::{Value, json};

use douyin_testing::golden::{self, page};

use crate::support::*;
use crate::{json_of, plain, seat, world};

const EXAMPLES: [(&str, &str); 9] = [
    ("check-booking", CAN_BUY),
    ("create-order", CREATE),
    ("pay-order", PAY),
    ("cancel-order", CANCEL),
    ("apply-refund", REFUND_APPLY),
    ("notify-refund", REFUND_NOTICE),
    ("query-order", QUERY),
    ("issue-certificate", ISSUE),
    ("pull-calendar", PULL),
];

async fn raw(seat: &Seat, name: &str, outcome: Outcome) -> Result<RawResponse, Fault> {
    let known = EXAMPLES.iter().find(|(known, _)| *known == name);
    let body = known.map_or(HOOK, |(_, body)| body);
    let intent = seat.decode(call(name, body)).await.expect("an intent");
    seat.encode(scene(name), intent, outcome).await
}

async fn said(seat: &Seat, name: &str, outcome: Outcome) -> Value {
    golden::said(&raw(seat, name, outcome).await.expect("an answer"))
}

fn own() -> OrderId {
    OrderId::parse(OWN_ORDER).expect("an id")
}

fn refused(reason: Reason) -> Outcome {
    Outcome::Refused(Refusal::new(reason, "internal: 500 left for bluebird"))
}

#[tokio::test]
async fn the_pages_own_examples() {
    let seat = plain().await;
    let issued = vec![
        UnitCredentials { unit: 2, credentials: vec![credential(CredentialKind::QrCode, "QR-2")] },
        UnitCredentials {
            unit: 1,
            credentials: vec![
                credential(CredentialKind::QrCode, "QR-1"),
                Credential {
                    document_kind: Some(DocumentKind::IdentityCard),
                    ..credential(CredentialKind::Document, "110101199003070011")
                },
            ],
        },
    ];
    let usage =
        vec![UnitUsage { unit: 1, state: UnitState::Redeemed }, UnitUsage { unit: 2, state: UnitState::Available }];
    let examples = [
        ("check-booking", Outcome::Bookable, r#"{"data":{"error_code":0,"description":"success"}}"#),
        (
            "create-order",
            Outcome::Created { order: own(), acceptance: Some(Acceptance::Accepted) },
            r#"{"data":{"error_code":0,"description":"success","order_out_id":"T20260001","confirm_info":{"confirm_mode":1,"confirm_result":1}}}"#,
        ),
        (
            "pay-order",
            Outcome::Paid { acceptance: Acceptance::Later },
            r#"{"data":{"error_code":0,"description":"","confirm_info":{"confirm_mode":2}}}"#,
        ),
        (
            "apply-refund",
            Outcome::RefundAgreed { fee: Some(Money::fen(900)) },
            r#"{"data":{"error_code":0,"description":"","audit_refund_result":1,"refund_fee_amount":900}}"#,
        ),
        (
            "query-order",
            Outcome::Usage { order: own(), units: usage, issued: true },
            r#"{"data":{"error_code":0,"description":"","order_out_id":"T20260001","total_voucher_quantity":2,"used_voucher_quantity":1,"vouchers":[{"entrance":{"project_id":"T20260001-1","status":1},"projects":[]},{"entrance":{"project_id":"T20260001-2","status":0},"projects":[]}]}}"#,
        ),
        (
            "issue-certificate",
            Outcome::Issued { order: own(), units: issued },
            r#"{"data":{"error_code":0,"description":"success","result":1,"vouchers":[{"entrance":{"project_id":"T20260001-1","qrcodes":["QR-1"],"credentials":[{"credential_type":1,"credential_no":"110101199003070011"}]}},{"entrance":{"project_id":"T20260001-2","qrcodes":["QR-2"]}}]}}"#,
        ),
        (
            "issue-certificate",
            Outcome::Issuing { order: own() },
            r#"{"data":{"error_code":0,"description":"","result":0}}"#,
        ),
    ];
    for (name, outcome, expected) in examples {
        assert_eq!(said(&seat, name, outcome).await, page(expected), "{name}");
    }
}

#[tokio::test]
async fn refusals_have_the_pages_codes() {
    let seat = plain().await;
    let codes = [
        (Reason::SoldOut, 1),
        (Reason::OffSale, 2),
        (Reason::Paused, 2),
        (Reason::DateClosed, 4),
        (Reason::DocumentLimit, 7),
        (Reason::PhoneLimit, 8),
        (Reason::TooManyUnits, 9),
        (Reason::OtherLimit, 11),
        (Reason::TooFewUnits, 11),
        (Reason::PhoneMissing, 12),
        (Reason::DocumentMissing, 13),
        (Reason::NameMissing, 14),
        (Reason::GuestsMismatch, 15),
        (Reason::PhoneMalformed, 19),
        (Reason::DocumentMalformed, 20),
        (Reason::NameMalformed, 21),
        (Reason::CreditShort, 22),
        (Reason::PriceDiffers, 23),
        (Reason::OrderUnknown, 999_999),
        (Reason::StateForbids, 999_999),
        (Reason::KeyConflict, 999_999),
        (Reason::SupplierRefused, 999_999),
        (Reason::Malformed, 999_999),
        (Reason::Other, 999_999),
    ];
    for name in ["check-booking", "create-order"] {
        for (reason, code) in codes {
            let answer = said(&seat, name, refused(reason)).await;
            assert_eq!(answer["data"]["error_code"], code, "{name} {reason:?}");
            let text = answer["data"]["description"].as_str().expect("a text");
            assert!(!text.is_empty());
            let tells = text.contains("bluebird");
            let may = matches!(reason, Reason::OtherLimit | Reason::SupplierRefused | Reason::Other);
            assert_eq!(tells, may, "{reason:?}: our own text is for our operator, {text}");
        }
    }
}

#[tokio::test]
async fn busy_and_early_mean_call_again() {
    let seat = plain().await;
    for (name, _) in EXAMPLES {
        for outcome in [Outcome::Busy, Outcome::CallAgain, Outcome::Unknown] {
            let answer = said(&seat, name, outcome).await;
            assert_eq!(answer["data"]["error_code"], 100, "{name}");
        }
    }
}

/// Scenic §4, §6, §9: 0 or 100 and nothing else.
#[tokio::test]
async fn notices_are_never_answered_with_a_business_code() {
    let seat = plain().await;
    let reasons = [
        Reason::OrderUnknown,
        Reason::StateForbids,
        Reason::KeyConflict,
        Reason::SoldOut,
        Reason::Malformed,
        Reason::Other,
    ];
    for name in ["pay-order", "cancel-order", "notify-refund"] {
        for reason in reasons {
            let answer = said(&seat, name, refused(reason)).await;
            let expected = if matches!(reason, Reason::Malformed | Reason::Other) { 100 } else { 0 };
            assert_eq!(answer["data"]["error_code"], expected, "{name} {reason:?}");
        }
        let answer = said(&seat, name, Outcome::Recorded).await;
        assert_eq!(answer["data"]["error_code"], 0, "{name}");
    }
    let paid = async |outcome| said(&seat, "pay-order", outcome).await["data"]["confirm_info"].clone();
    assert_eq!(
        paid(Outcome::Paid { acceptance: Acceptance::Accepted }).await,
        json!({"confirm_mode": 1, "confirm_result": 1})
    );
    assert_eq!(
        paid(Outcome::Paid { acceptance: Acceptance::Refused }).await,
        json!({"confirm_mode": 1, "confirm_result": 2})
    );
    assert_eq!(paid(Outcome::Recorded).await, json!({"confirm_mode": 2}));
    assert_eq!(paid(refused(Reason::OrderUnknown)).await, json!({"confirm_mode": 2}));
}

#[tokio::test]
async fn an_unpaid_order_says_later_or_what_is_set() {
    let unpaid = || Outcome::Created { order: own(), acceptance: None };
    let cases = [
        (json!({}), json!({"confirm_mode": 2})),
        (json!({"unpaid_confirm_info": "accept"}), json!({"confirm_mode": 1, "confirm_result": 1})),
        (json!({"unpaid_confirm_info": "none"}), Value::Null),
    ];
    for (settings, expected) in cases {
        let seat = seat(&world(), settings, json!({"order_mode": "before_payment"})).await;
        let answer = said(&seat, "create-order", unpaid()).await;
        assert_eq!(answer["data"]["confirm_info"], expected);
        assert_eq!(answer["data"]["order_out_id"], OWN_ORDER);
    }
    let refused = Outcome::Created { order: own(), acceptance: Some(Acceptance::Refused) };
    let answer = said(&plain().await, "create-order", refused).await;
    assert_eq!(answer["data"]["confirm_info"], json!({"confirm_mode": 1, "confirm_result": 2}));
}

/// Scenic §7.
#[tokio::test]
async fn refund_decisions() {
    let seat = plain().await;
    // The fee asked for goes back, whatever the core computed.
    let agreed = said(&seat, "apply-refund", Outcome::RefundAgreed { fee: Some(Money::fen(5)) }).await;
    assert_eq!(agreed["data"]["refund_fee_amount"], 900);
    let no = Outcome::RefundRefused { order: own(), reason: "used on the first day".to_owned(), repaired: vec![] };
    let expected = json!({"data": {"error_code": 0, "description": "used on the first day", "audit_refund_result": 2}});
    assert_eq!(said(&seat, "apply-refund", no).await, expected);
    let expected = json!({"data": {"error_code": 0, "description": "", "audit_refund_result": 3}});
    assert_eq!(said(&seat, "apply-refund", Outcome::RefundWaiting).await, expected);
    let by_state = said(&seat, "apply-refund", refused(Reason::StateForbids)).await;
    assert_eq!((&by_state["data"]["error_code"], &by_state["data"]["audit_refund_result"]), (&json!(0), &json!(2)));
    for reason in [Reason::OrderUnknown, Reason::KeyConflict] {
        let answer = said(&seat, "apply-refund", refused(reason)).await;
        assert_eq!(answer["data"]["error_code"], 999_999);
        assert_eq!(answer["data"]["audit_refund_result"], Value::Null);
    }
    let repaired = Outcome::RefundRefused { order: own(), reason: String::new(), repaired: vec![qr(2)] };
    let answer = said(&seat, "apply-refund", repaired).await;
    assert_eq!(answer["data"]["audit_refund_result"], 2);
    assert_eq!(answer["data"]["vouchers"][0]["entrance"]["project_id"], format!("{}-2", own()));
}

/// Scenic §10.
#[tokio::test]
async fn order_states() {
    let seat = plain().await;
    let code = async |outcome| said(&seat, "query-order", outcome).await["data"]["error_code"].clone();
    assert_eq!(code(refused(Reason::OrderUnknown)).await, 2);
    assert_eq!(code(refused(Reason::Other)).await, 1);
    let units = [UnitState::Available, UnitState::Reserved, UnitState::Redeemed, UnitState::Refunded];
    let usage = || Outcome::Usage {
        order: own(),
        issued: true,
        units: (1..).zip(units).map(|(unit, state)| UnitUsage { unit, state }).collect(),
    };
    let data = said(&seat, "query-order", usage()).await["data"].clone();
    assert_eq!((&data["total_voucher_quantity"], &data["used_voucher_quantity"]), (&json!(4), &json!(1)));
    let states: Vec<Value> =
        data["vouchers"].as_array().expect("vouchers").iter().map(|it| it["entrance"]["status"].clone()).collect();
    assert_eq!(states, [0, 0, 1, 2]);
    let unused = || Outcome::Usage {
        order: own(),
        units: vec![UnitUsage { unit: 1, state: UnitState::Available }],
        issued: true,
    };
    let quiet = crate::seat(&world(), json!({}), json!({"query_vouchers": "when_changed"})).await;
    assert_eq!(said(&quiet, "query-order", unused()).await["data"]["vouchers"], Value::Null);
    assert!(said(&quiet, "query-order", usage()).await["data"]["vouchers"].is_array());
}

/// Common §11: result 2 only for what is final.
#[tokio::test]
async fn failed_issuing() {
    let seat = plain().await;
    let final_no = said(&seat, "issue-certificate", refused(Reason::SupplierRefused)).await;
    assert_eq!((&final_no["data"]["error_code"], &final_no["data"]["result"]), (&json!(0), &json!(2)));
    assert!(final_no["data"]["fail_reason"].is_string());
    for reason in [Reason::OrderUnknown, Reason::StateForbids, Reason::KeyConflict, Reason::Other] {
        let answer = said(&seat, "issue-certificate", refused(reason)).await;
        assert_eq!(answer["data"]["error_code"], 100, "{reason:?}");
    }
    let strict = crate::seat(&world(), json!({}), json!({"issue_too_early": "failed"})).await;
    let answer = said(&strict, "issue-certificate", refused(Reason::StateForbids)).await;
    assert_eq!(answer["data"]["result"], 2);
}

async fn entrance(seat: &Seat, credentials: Vec<Credential>) -> Result<Value, Fault> {
    let outcome = Outcome::Issued { order: own(), units: vec![UnitCredentials { unit: 1, credentials }] };
    let raw = raw(seat, "issue-certificate", outcome).await?;
    let mut entrance = json_of(&raw)["data"]["vouchers"][0]["entrance"].clone();
    entrance.as_object_mut().expect("an entrance").remove("project_id");
    Ok(entrance)
}

#[tokio::test]
async fn every_kind_of_credential_has_its_place() {
    let seat = plain().await;
    use CredentialKind::{Document, Image, Other, Password, QrCode, Url, VoucherNumber};
    let one = |kind| vec![credential(kind, "X")];
    let cases = [
        (one(QrCode), json!({"qrcodes": ["X"]})),
        (one(VoucherNumber), json!({"certificate_nos": ["X"]})),
        (one(Url), json!({"urls": ["X"]})),
        (one(Image), json!({"gmcode_imgs": ["X"]})),
        (one(Document), json!({"credentials": [{"credential_type": 1, "credential_no": "X"}]})),
        (
            vec![Credential { document_kind: Some(DocumentKind::Passport), ..credential(Document, "P") }],
            json!({"credentials": [{"credential_type": 6, "credential_no": "P"}]}),
        ),
        (vec![credential(VoucherNumber, "N"), credential(Password, "pw")], json!({"certificate_nos": ["N pw"]})),
        // Images do not go together with QR contents (scenic §1.5).
        (vec![credential(QrCode, "Q"), credential(Image, "I")], json!({"qrcodes": ["Q"]})),
    ];
    for (credentials, expected) in cases {
        assert_eq!(entrance(&seat, credentials).await.expect("an answer"), expected);
    }
    let other_document = vec![Credential { document_kind: Some(DocumentKind::Other), ..credential(Document, "X") }];
    let long = vec![credential(QrCode, &"q".repeat(513))];
    let many = vec![credential(VoucherNumber, "n"); 101];
    let large = vec![credential(Image, &"i".repeat(1_048_577))];
    for credentials in [vec![], one(Password), one(Other), other_document, long, many, large] {
        let fault = entrance(&seat, credentials).await.expect_err("cannot be shown");
        assert!(fault.text.contains("unit 1"), "{}", fault.text);
    }
    let none = Outcome::Issued { order: own(), units: vec![] };
    raw(&seat, "issue-certificate", none).await.expect_err("no vouchers");
}

#[tokio::test]
async fn codes_are_shown_as_set() {
    let both = || vec![credential(CredentialKind::QrCode, "Q"), credential(CredentialKind::VoucherNumber, "N")];
    for (code_as, expected) in [
        ("given", json!({"qrcodes": ["Q"], "certificate_nos": ["N"]})),
        ("qr_code", json!({"qrcodes": ["Q", "N"]})),
        ("voucher_number", json!({"certificate_nos": ["Q", "N"]})),
    ] {
        let seat = seat(&world(), json!({}), json!({"code_as": code_as})).await;
        assert_eq!(entrance(&seat, both()).await.expect("an answer"), expected);
    }
}

fn day(date: &str, fen: i64, left: Option<u32>, open: bool) -> CalendarCell {
    CalendarCell {
        day: CalendarDay {
            sku: SkuId::parse("adult").expect("an id"),
            date: Some(date.parse().expect("a date")),
            retail: Money::fen(fen),
            settlement: Money::fen(fen / 2),
            open,
            close: None,
            cost: None,
            minimum_units: None,
            maximum_units: None,
            cutoff: None,
            slots: Vec::new(),
        },
        left,
        slots: Vec::new(),
    }
}

/// Scenic §16 with §14's item.
#[tokio::test]
async fn the_calendar() {
    let days = vec![
        day("2026-10-01", 9_000, Some(500), true),
        day("2026-10-02", 9_000, Some(500), true),
        day("2026-10-03", 9_500, Some(500), true),
        day("2026-10-04", 9_000, Some(500), false),
        day("2026-10-05", 9_000, None, true),
        day("2026-10-06", 9_000, Some(500), true),
    ];
    let names = |sku: Option<&str>, product_out: &str| ListingNames {
        sku: sku.map(str::to_owned),
        product_out: Some(product_out.to_owned()),
        sku_out: sku.map(|_| "P1-ADULT".to_owned()),
        product: None,
    };
    let skus = vec![
        CalendarAnswer { names: names(Some("1800"), "P1"), days },
        CalendarAnswer { names: names(None, "P2"), days: vec![] },
    ];
    let item = |dates: Value, fen: i64, stock: u32, status: i64| json!({"calendar_type": 3, "calendar_value": {"value_list": dates}, "origin_amount": fen, "actual_amount": fen, "stock_qty": stock, "status": status});
    let expected = json!({"data": {"error_code": 0, "description": "", "ticket_sku_and_calendar": [
        {"ticket_specification": {"sku_id": "1800", "sku_out_id": "P1-ADULT"}, "calendar_list": [
            item(json!(["2026-10-01", "2026-10-02", "2026-10-06"]), 9_000, 500, 7),
            item(json!(["2026-10-03"]), 9_500, 500, 7),
            item(json!(["2026-10-04"]), 9_000, 500, 0),
            item(json!(["2026-10-05"]), 9_000, 1_000, 7),
        ]},
        // A product with one specification: its id stands for the specification's.
        {"ticket_specification": {"sku_out_id": "P2"}, "calendar_list": []},
    ]}});
    let settings = json!({"calendar_open_status": 7, "unlimited_stock": 1_000});
    let seat = seat(&world(), settings, json!({})).await;
    assert_eq!(said(&seat, "pull-calendar", Outcome::Calendar { skus }).await, expected);
    let answer = said(&seat, "pull-calendar", refused(Reason::OffSale)).await;
    assert_eq!(answer["data"]["error_code"], 999_999);
}

/// Common §9: the status alone counts.
#[tokio::test]
async fn webhooks_are_answered_by_status() {
    let seat = plain().await;
    let handshake = seat.decode(call("webhook", HANDSHAKE)).await.expect("a handshake");
    let answer = seat.encode(scene("webhook"), handshake, Outcome::Recorded).await.expect("an answer");
    assert_eq!((answer.status, json_of(&answer)), (200, json!({"challenge": 12345})));
    let status = async |outcome| raw(&seat, "webhook", outcome).await.expect("an answer").status;
    assert_eq!(status(Outcome::Recorded).await, 200);
    assert_eq!(status(Outcome::Busy).await, 503);
    assert_eq!(status(refused(Reason::Other)).await, 400);
}

#[tokio::test]
async fn another_scenes_outcome_is_a_fault() {
    let seat = plain().await;
    for (name, _) in EXAMPLES {
        let strange = match name {
            "check-booking" => Outcome::RefundWaiting,
            _ => Outcome::Bookable,
        };
        raw(&seat, name, strange).await.expect_err(name);
    }
}
