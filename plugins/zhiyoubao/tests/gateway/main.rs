//! The plugin against the simulated gateway's desk: what the page says, and what it warns of.

#![allow(clippy::unwrap_used)]

mod desk;
#[allow(dead_code)] // the rest of it is the suite's
#[path = "../fixture/mod.rs"]
mod fixture;
mod slots;

use desk::{Table, order, real_names};
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::supplier::{ResendWay, Resent, SupplierRequest, SupplierResponse, Usage, UsedUnits};
use entrepot_sdk::prelude::*;
use serde_json::json;
use zhiyoubao_simulator::{
    AuditMode, BadAnswer, Fault as Wrong, ImageElement, LineList, QueryLayout, RepeatedReturn, ThirdCode, Transaction,
};

async fn usage(table: &Table, order: &SupplierOrder) -> Result<Usage, Fault> {
    match table.seat.call(Request::Supplier(SupplierRequest::Usage { order: Box::new(order.clone()) })).await? {
        Response::Supplier(SupplierResponse::Usage(usage)) => Ok(usage),
        other => panic!("{other:?}"),
    }
}

fn memo(cancellation: &Cancellation) -> Option<Memo> {
    match cancellation {
        Cancellation::Waiting(wait) => wait.memo.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_is_issued_with_one_code_for_all_its_units() {
    let table = Table::new().await;
    let booking = table.seat.book(order("M1", 2)).await.unwrap();
    let placed = table.desk.order("M1").unwrap();
    let Booking::Issued { reference, units } = booking else { panic!("{booking:?}") };
    assert_eq!(reference.unwrap().as_str(), placed.gateway_number);
    assert_eq!(units.iter().map(|unit| unit.unit).collect::<Vec<_>>(), [1, 2]);
    assert!(units.iter().all(|unit| unit.credentials[0].value == placed.assist_code));
    let line = &placed.lines[0];
    assert_eq!((line.number.as_str(), line.quantity, line.price_fen), ("M1-1", 2, 8_000));
    assert_eq!((placed.price_fen, line.visit.to_string().as_str()), (16_000, "2026-03-05"));
    assert!(line.guests.is_empty());
}

#[tokio::test]
async fn real_names_go_one_to_a_ticket() {
    let table = Table::new().await;
    table.seat.book(real_names("M1")).await.unwrap();
    let guests = table.desk.order("M1").unwrap().lines[0].guests.len();
    assert_eq!(guests, 2);
    let mut half = real_names("M2");
    half.units[1].guests.clear();
    let fault = table.seat.book(half).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
    assert!(fault.text.contains("1 of 2"), "{}", fault.text);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_order_is_found_by_asking_or_by_repeating() {
    for bad in [BadAnswer::Never, BadAnswer::Html, BadAnswer::Garbage, BadAnswer::Empty, BadAnswer::Truncated] {
        let table = Table::new().await;
        table.desk.next_fault(Wrong::after_effect(bad.clone()));
        let fault = table.seat.book(order("M1", 2)).await.unwrap_err();
        assert_eq!(fault.effect, Effect::Unknown, "{bad:?}: {fault:?}");
        let found = table.seat.inquire(order("M1", 2)).await.unwrap();
        assert!(matches!(found, Booking::Issued { .. }), "{bad:?}: {found:?}");
        assert_eq!(table.seat.book(order("M1", 2)).await.unwrap(), found, "a repeat adopts what is there");
        assert_eq!(table.desk.orders().len(), 1);
    }
}

#[tokio::test]
async fn answers_about_something_else_are_not_believed() {
    for bad in [BadAnswer::OtherOrder, BadAnswer::OtherTransaction, BadAnswer::Oversize, BadAnswer::Status(502)] {
        let table = Table::new().await;
        table.desk.next_fault(Wrong::after_effect(bad.clone()));
        let fault = table.seat.book(order("M1", 1)).await.unwrap_err();
        assert_eq!(fault.effect, Effect::Unknown, "{bad:?}: {fault:?}");
        assert!(!fault.text.contains("19900000000"), "{}", fault.text);
    }
}

#[tokio::test]
async fn code_six_means_what_was_asked() {
    let table = Table::new().await;
    assert_eq!(table.seat.inquire(order("M1", 1)).await.unwrap(), Booking::NotFound);
    table.seat.book(order("M1", 1)).await.unwrap();
    let again = table.seat.book(order("M1", 1)).await.unwrap();
    assert!(matches!(again, Booking::Issued { .. }), "{again:?}");
    let waiting = table.seat.cancel(order("M1", 1), &[1], "R1").await.unwrap();
    let still = table.seat.inquire_cancel(order("M1", 1), &[1], "R1", memo(&waiting)).await.unwrap();
    assert!(matches!(still, Cancellation::Waiting(_)), "{still:?}");
}

#[tokio::test]
async fn every_layout_that_was_seen_is_read() {
    for layout in [QueryLayout::Direct, QueryLayout::OrderResponse] {
        for third in [ThirdCode::Scenic, ThirdCode::Ticket, ThirdCode::Both, ThirdCode::Absent] {
            for list in [LineList::TicketOrders, LineList::ScenicOrders] {
                for names in [true, false] {
                    let table = Table::new().await;
                    table.desk.change(|options| {
                        options.query_layout = layout;
                        options.third_code = third;
                        options.line_list = list;
                        options.line_order_code = names;
                        options.name_in_errors = names;
                        options.check_suffix = names;
                    });
                    let booked = table.seat.book(order("M1", 2)).await.unwrap();
                    assert!(matches!(booked, Booking::Issued { .. }), "{layout:?} {third:?} {list:?}: {booked:?}");
                    assert_eq!(table.seat.inquire(order("M1", 2)).await.unwrap(), booked);
                    assert_eq!(usage(&table, &order("M1", 2)).await.unwrap().used, UsedUnits::Count { count: 0 });
                }
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_certain_no_with_the_gateway_s_words() {
    let table = Table::new().await;
    let mut unknown = order("M1", 1);
    unknown.product_code = "PST404".to_owned();
    let Booking::Refused(refusal) = table.seat.book(unknown).await.unwrap() else { panic!("booked") };
    assert_eq!(refusal.reason, Reason::SupplierRefused);
    assert!(refusal.text.starts_with("Zhiyoubao says"), "{}", refusal.text);
    assert!(table.desk.orders().is_empty());
}

#[tokio::test]
async fn a_cancellation_waits_for_its_audit_and_ends_as_it_decides() {
    for approved in [true, false] {
        let table = Table::new().await;
        table.seat.book(order("M1", 2)).await.unwrap();
        let asked = table.seat.cancel(order("M1", 2), &[1, 2], "R1").await.unwrap();
        let batch = memo(&asked);
        assert_eq!(batch.as_ref().unwrap().as_str(), table.desk.refunds()[0].batch);
        table.desk.decide(batch.as_ref().unwrap().as_str(), approved).unwrap();
        let ended = table.seat.inquire_cancel(order("M1", 2), &[1, 2], "R1", batch).await.unwrap();
        match (approved, &ended) {
            // The rejection bears code 0: the text decides.
            (true, Cancellation::Done { fee: None }) | (false, Cancellation::Refused(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn one_real_name_of_two_goes_back_and_a_lost_answer_is_found_by_the_counters() {
    let table = Table::new().await;
    table.desk.change(|options| {
        options.audit = AuditMode::Approve;
        options.repeated_return = RepeatedReturn::SameBatch;
    });
    table.seat.book(real_names("M1")).await.unwrap();
    table.desk.next_fault_of(Transaction::Return, Wrong::without_effect(BadAnswer::Never));
    let fault = table.seat.cancel(real_names("M1"), &[2], "R1").await.unwrap_err();
    assert_eq!(fault.effect, Effect::Unknown);
    let asked = table.seat.inquire_cancel(real_names("M1"), &[2], "R1", None).await.unwrap();
    assert_eq!(asked, Cancellation::NotAsked);
    table.desk.next_fault_of(Transaction::Return, Wrong::after_effect(BadAnswer::Never));
    table.seat.cancel(real_names("M1"), &[2], "R1").await.unwrap_err();
    let found = table.seat.inquire_cancel(real_names("M1"), &[2], "R1", None).await.unwrap();
    assert_eq!(found, Cancellation::Done { fee: None });
    let refunds = table.desk.refunds();
    assert_eq!((refunds.len(), refunds[0].third_return_code.as_deref()), (1, Some("R1")));
    assert_eq!(refunds[0].lines[0].documents, [desk::DOCUMENTS[1]]);
}

#[tokio::test]
async fn a_part_that_is_audited_already_is_never_told_as_refused() {
    let table = Table::new().await;
    table.seat.book(order("M1", 2)).await.unwrap();
    table.desk.next_fault_of(Transaction::Return, Wrong::after_effect(BadAnswer::Never));
    table.seat.cancel(order("M1", 2), &[2], "R1").await.unwrap_err();
    // The batch number is lost and the audit is open: it looks as if nobody had asked, so it is asked for again.
    assert_eq!(table.seat.inquire_cancel(order("M1", 2), &[2], "R1", None).await.unwrap(), Cancellation::NotAsked);
    let again = table.seat.cancel(order("M1", 2), &[2], "R1").await.unwrap();
    assert!(matches!(again, Cancellation::Waiting(_)), "{again:?}");
    assert_eq!(table.desk.refunds().len(), 1);
    table.desk.decide(&table.desk.refunds()[0].batch, true).unwrap();
    let ended = table.seat.inquire_cancel(order("M1", 2), &[2], "R1", None).await.unwrap();
    assert_eq!(ended, Cancellation::Done { fee: None });
}

#[tokio::test]
async fn what_was_used_is_counted_and_not_given_back() {
    let table = Table::new().await;
    table.seat.book(order("M1", 2)).await.unwrap();
    let code = table.desk.order("M1").unwrap().assist_code;
    table.desk.redeem(&code, 1).unwrap();
    let told = usage(&table, &order("M1", 2)).await.unwrap();
    assert_eq!((told.used, told.gone), (UsedUnits::Count { count: 1 }, UsedUnits::Count { count: 0 }));
    assert_eq!((told.last_used_at, told.ended), (Some(desk::NOW), false));
    let refused = table.seat.cancel(order("M1", 2), &[1, 2], "R1").await.unwrap();
    assert!(matches!(refused, Cancellation::Refused(_)), "{refused:?}");
    assert!(table.desk.refunds().is_empty(), "nobody asked the gateway");
    table.desk.redeem(&code, 1).unwrap();
    assert!(usage(&table, &order("M1", 2)).await.unwrap().ended);
}

#[tokio::test]
async fn tickets_are_shown_again_by_message_or_as_a_link() {
    let table = Table::new().await;
    table.seat.book(order("M1", 1)).await.unwrap();
    let resend = |how| {
        let order = Box::new(order("M1", 1));
        table.seat.call(Request::Supplier(SupplierRequest::Resend { order, how, key: "S1".to_owned() }))
    };
    let Response::Supplier(SupplierResponse::Resent(sent)) = resend(ResendWay::Message).await.unwrap() else {
        panic!()
    };
    assert_eq!(sent, Resent::Sent);
    assert_eq!(table.desk.order("M1").unwrap().messages, ["autumn"]);
    let Response::Supplier(SupplierResponse::Resent(shown)) = resend(ResendWay::Credentials).await.unwrap() else {
        panic!()
    };
    let Resent::Credentials { units } = shown else { panic!("{shown:?}") };
    assert_eq!(units[0].credentials[0].kind, CredentialKind::Url);
}

async fn shown(table: &Table, order: SupplierOrder) -> Result<Vec<UnitCredentials>, Fault> {
    let resend = SupplierRequest::Resend { order: Box::new(order), how: ResendWay::Credentials, key: "S1".to_owned() };
    match table.seat.call(Request::Supplier(resend)).await? {
        Response::Supplier(SupplierResponse::Resent(Resent::Credentials { units })) => Ok(units),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tickets_may_be_shown_as_pictures() {
    for (element, each) in [(ImageElement::Img, false), (ImageElement::Image, true), (ImageElement::Url, true)] {
        let table = Table::set(json!({"show_as": "picture"})).await;
        table.desk.change(|options| {
            options.image_element = element;
            options.image_per_ticket = each;
        });
        table.seat.book(order("M1", 2)).await.unwrap();
        let units = shown(&table, order("M1", 2)).await.unwrap();
        assert_eq!(units.iter().map(|unit| unit.unit).collect::<Vec<_>>(), [1, 2]);
        for unit in &units {
            assert_eq!((unit.credentials.len(), unit.credentials[0].kind), (1, CredentialKind::Image));
            assert!(unit.credentials[0].value.starts_with("iVBOR"), "{element:?}");
        }
    }
    let table = Table::set(json!({"show_as": "short_link"})).await;
    table.seat.book(order("M1", 1)).await.unwrap();
    let units = shown(&table, order("M1", 1)).await.unwrap();
    assert_eq!(units[0].credentials[0].kind, CredentialKind::Url);
    assert!(units[0].credentials[0].value.contains("/s/"));
}

#[tokio::test]
async fn an_order_that_is_paid_at_the_gate_has_questions_of_its_own() {
    let table = Table::set(json!({"pay_method": "spot"})).await;
    let Booking::Issued { .. } = table.seat.book(order("M1", 2)).await.unwrap() else { panic!("it is issued") };
    let Booking::Issued { .. } = table.seat.inquire(order("M1", 2)).await.unwrap() else { panic!("it is found") };
    let asked = table.seat.cancel(order("M1", 2), &[1, 2], "R1").await.unwrap();
    assert!(matches!(asked, Cancellation::Waiting(_)), "{asked:?}");
    let names: Vec<String> = table.desk.recorded().into_iter().map(|call| call.transaction).collect();
    assert!(names.contains(&"QUERY_SPOT_ORDER_REQ".to_owned()) && names.contains(&"CANCEL_SPOT_ORDER_REQ".to_owned()));
    assert!(!names.contains(&"QUERY_ORDER_NEW_REQ".to_owned()), "{names:?}");
}

#[tokio::test]
async fn use_may_be_counted_by_the_records() {
    let table = Table::set(json!({"count_by": "records"})).await;
    table.seat.book(order("M1", 2)).await.unwrap();
    let code = table.desk.order("M1").unwrap().assist_code;
    table.desk.redeem(&code, 1).unwrap();
    let told = usage(&table, &order("M1", 2)).await.unwrap();
    assert_eq!((told.used, told.last_used_at), (UsedUnits::Count { count: 1 }, Some(desk::NOW)));
    let names: Vec<String> = table.desk.recorded().into_iter().map(|call| call.transaction).collect();
    assert!(names.contains(&"QUERY_SUB_ORDER_CHECK_RECORD_REQ".to_owned()), "{names:?}");
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_is_sent() {
    let table = Table::new().await;
    let mut no_cost = order("M1", 1);
    no_cost.unit_cost = None;
    let mut no_date = order("M2", 1);
    no_date.visit = None;
    let mut nobody = order("M3", 1);
    nobody.buyer = None;
    for (order, word) in [(no_cost, "cost"), (no_date, "date"), (nobody, "contact")] {
        let fault = table.seat.book(order).await.unwrap_err();
        assert_eq!(fault.effect, Effect::NotDone);
        assert!(fault.text.contains(word), "{}", fault.text);
    }
    assert!(table.desk.recorded().is_empty());
}
