//! Cancellations, use, tickets shown again, notices (§4, §6).

use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::hearing::{About, Named, News};
use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::supplier::{Resent, SupplierRequest, SupplierResponse, UsedUnits};
use entrepot_sdk::prelude::*;
use octo_simulator::options::{Refund, Repeat};
use octo_simulator::{Call, Fault as Wrong, Status};
use serde_json::{Value, json};

use crate::desk::{Table, boat, issued, known, options, order};

fn numbers(numbers: &[u16]) -> UsedUnits {
    UsedUnits::Number { numbers: numbers.to_vec() }
}

/// The order after units were given back.
fn without(order: &SupplierOrder, gone: &[u16]) -> SupplierOrder {
    let mut order = known(order);
    for unit in &mut order.units {
        unit.gone = gone.contains(&unit.number);
    }
    order
}

#[tokio::test]
async fn a_whole_booking_goes_back_and_its_fee_is_what_the_supplier_keeps() {
    let net = Money::fen(2 * 9_600);
    for (refund, fee) in [(Refund::Full, Some(Money::fen(0))), (Refund::None, Some(net)), (Refund::Partial, None)] {
        for repeat in [Repeat::Booking, Repeat::Refused] {
            let table = Table::at(|options| {
                options.refund = refund;
                options.repeated_cancel = repeat;
            })
            .await;
            let order = order("M1", 2);
            issued(table.book(&order).await.unwrap());
            assert_eq!(table.inquire_cancel(&order, &[1, 2]).await.unwrap(), Cancellation::NotAsked);
            let before = table.calls().len();
            assert_eq!(table.cancel(&order, &[1, 2]).await.unwrap(), Cancellation::Done { fee });
            assert_eq!(table.calls()[before..], [Call::Cancel], "one call");
            assert_eq!(table.cancel(&order, &[1, 2]).await.unwrap(), Cancellation::Done { fee }, "{repeat:?}");
            assert_eq!(table.inquire_cancel(&order, &[1, 2]).await.unwrap(), Cancellation::Done { fee });
            assert_eq!(table.inquire(&order).await.unwrap(), Booking::Cancelled);
        }
    }
}

#[tokio::test]
async fn without_prices_the_agreed_cost_is_the_fee() {
    let table = Table::with(json!({"pricing": false}), |options| options.refund = Refund::None).await;
    let order = SupplierOrder { unit_cost: Some(Money::fen(9_000)), ..order("M1", 2) };
    issued(table.book(&order).await.unwrap());
    let fee = Some(Money::fen(18_000));
    assert_eq!(table.cancel(&order, &[1, 2]).await.unwrap(), Cancellation::Done { fee });
}

#[tokio::test]
async fn a_part_goes_back_by_an_update_and_then_the_rest() {
    let table = Table::new().await;
    let order = order("M1", 3);
    issued(table.book(&order).await.unwrap());
    assert_eq!(table.inquire_cancel(&order, &[2]).await.unwrap(), Cancellation::NotAsked);
    assert_eq!(table.cancel(&order, &[2]).await.unwrap(), Cancellation::Done { fee: None });
    let left: Vec<_> = table.desk.bookings()[0].items.iter().filter_map(|it| it.reseller_reference.clone()).collect();
    assert_eq!(left, ["M1-1", "M1-3"]);
    // Asked again, by who does not know that it was done.
    assert_eq!(table.cancel(&order, &[2]).await.unwrap(), Cancellation::Done { fee: None });
    assert_eq!(table.inquire_cancel(&order, &[2]).await.unwrap(), Cancellation::Done { fee: None });
    let updates = table.calls().into_iter().filter(|call| *call == Call::Update).count();
    assert_eq!(updates, 1);
    let order = without(&order, &[2]);
    assert_eq!(issued(table.inquire(&order).await.unwrap()).len(), 2);
    let usage = table.usage(&order).await.unwrap();
    assert_eq!((usage.used, usage.gone, usage.ended), (numbers(&[]), numbers(&[2]), false));
    assert_eq!(table.cancel(&order, &[1, 3]).await.unwrap(), Cancellation::Done { fee: Some(Money::fen(0)) });
    assert_eq!(table.desk.bookings()[0].status, Status::Cancelled);
    assert!(table.usage(&order).await.unwrap().ended);
}

#[tokio::test]
async fn a_part_that_is_not_given_back_is_refused() {
    let set_up = Table::set(json!({"part_cancellation": false})).await;
    let supplier = Table::at(|options| options.fewer_units = false).await;
    for (table, text) in [(set_up, "settings.part_cancellation"), (supplier, "UNPROCESSABLE_ENTITY")] {
        let order = order("M1", 2);
        issued(table.book(&order).await.unwrap());
        let Cancellation::Refused(refusal) = table.cancel(&order, &[1]).await.unwrap() else { panic!() };
        assert_eq!(refusal.reason, Reason::StateForbids);
        assert!(refusal.text.contains(text), "{}", refusal.text);
        assert_eq!(table.desk.bookings()[0].items.len(), 2);
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_cancellation_is_looked_up() {
    for (units, call) in [(vec![1, 2, 3], Call::Cancel), (vec![2], Call::Update)] {
        for (wrong, done) in [(Wrong::HangAfter, true), (Wrong::Html, true), (Wrong::HangBefore, false)] {
            let table = Table::new().await;
            let order = order("M1", 3);
            issued(table.book(&order).await.unwrap());
            table.desk.next_fault_on(call, wrong);
            assert_eq!(table.cancel(&order, &units).await.unwrap_err().effect, Effect::Unknown);
            let told = table.inquire_cancel(&order, &units).await.unwrap();
            assert_eq!(matches!(told, Cancellation::Done { .. }), done, "{call:?} {wrong:?}: {told:?}");
            assert!(matches!(table.cancel(&order, &units).await.unwrap(), Cancellation::Done { .. }));
        }
    }
}

#[tokio::test]
async fn what_is_used_or_too_late_does_not_go_back() {
    let table = Table::new().await;
    let order = order("M1", 2);
    issued(table.book(&order).await.unwrap());
    let booked = table.desk.bookings()[0].clone();
    table.desk.redeem(booked.items[1].code.as_deref().unwrap()).unwrap();
    for units in [vec![1, 2], vec![1], vec![2]] {
        let told = table.cancel(&order, &units).await.unwrap();
        assert!(matches!(&told, Cancellation::Refused(no) if no.reason == Reason::StateForbids), "{units:?}: {told:?}");
    }
    let usage = table.usage(&order).await.unwrap();
    assert_eq!((usage.used, usage.gone, usage.ended), (numbers(&[2]), numbers(&[]), false));
    assert_eq!(usage.last_used_at, Some(crate::desk::NOW));
    table.desk.redeem(booked.items[0].code.as_deref().unwrap()).unwrap();
    let usage = table.usage(&order).await.unwrap();
    assert_eq!((usage.used, usage.ended), (numbers(&[1, 2]), true));
    issued(table.inquire(&order).await.unwrap());
    let table = Table::new().await;
    let boat = boat("M2", 1);
    issued(table.book(&boat).await.unwrap());
    table.later(4 * 24 * 60);
    let late = table.cancel(&boat, &[1]).await.unwrap();
    assert!(matches!(late, Cancellation::Refused(_)), "{late:?}");
}

#[tokio::test]
async fn units_without_our_references_are_counted() {
    let nameless = |_: &HttpRequest, response: HttpResponse| {
        let mut body: Value = serde_json::from_str(&response.body).unwrap();
        for item in body.get_mut("unitItems").and_then(Value::as_array_mut).into_iter().flatten() {
            item["resellerReference"] = Value::Null;
        }
        HttpResponse { body: body.to_string(), ..response }
    };
    let table = Table::before(json!({}), options(), nameless).await;
    let order = order("M1", 3);
    assert_eq!(issued(table.book(&order).await.unwrap()).len(), 3);
    let code = table.desk.bookings()[0].items[2].code.clone().unwrap();
    assert_eq!(table.cancel(&order, &[2]).await.unwrap(), Cancellation::Done { fee: None });
    assert_eq!(table.inquire_cancel(&order, &[2]).await.unwrap(), Cancellation::Done { fee: None });
    table.desk.redeem(&code).unwrap();
    let usage = table.usage(&without(&order, &[2])).await.unwrap();
    assert_eq!((usage.used, usage.gone), (UsedUnits::Count { count: 1 }, UsedUnits::Count { count: 1 }));
}

#[tokio::test]
async fn nobody_s_booking_is_not_found_by_any_question() {
    let table = Table::new().await;
    let order = order("M404", 1);
    assert_eq!(table.inquire(&order).await.unwrap(), Booking::NotFound);
    assert_eq!(table.inquire_cancel(&order, &[1]).await.unwrap(), Cancellation::NotAsked);
    let told = table.cancel(&order, &[1]).await.unwrap();
    assert!(matches!(&told, Cancellation::Refused(no) if no.reason == Reason::OrderUnknown), "{told:?}");
    assert_eq!(table.usage(&order).await.unwrap_err().kind, FaultKind::NotFound);
    let told = table.resend(&order).await.unwrap();
    assert!(matches!(&told, Resent::Refused(no) if no.reason == Reason::OrderUnknown), "{told:?}");
}

#[tokio::test]
async fn tickets_are_shown_again_as_they_are() {
    let table = Table::new().await;
    let order = order("M1", 2);
    table.hold(&order, 10).await.unwrap();
    let told = table.resend(&order).await.unwrap();
    assert!(matches!(&told, Resent::Refused(no) if no.reason == Reason::StateForbids), "{told:?}");
    let units = issued(table.book(&order).await.unwrap());
    assert_eq!(table.resend(&order).await.unwrap(), Resent::Credentials { units });
}

#[tokio::test]
async fn a_notice_of_the_supplier_is_heard_as_a_reason_to_ask() {
    let table = Table::new().await;
    let hook = octo_simulator::Request::new("POST", "/webhooks")
        .header("authorization", &format!("Bearer {}", crate::desk::KEY))
        .header("octo-capabilities", "octo/webhooks")
        .header("content-type", "application/json")
        .body(&json!({"url": "https://entrepot.example/in/octo/booking_update", "event": "booking_update"}));
    assert_eq!(table.desk.answer(&hook).status, 200);
    let order = order("M1", 1);
    issued(table.book(&order).await.unwrap());
    table.desk.cancel_by_supplier(&table.desk.bookings()[0].uuid).unwrap();
    let notices = table.desk.take_notices();
    assert_eq!(notices.len(), 2, "confirmed, cancelled");
    for notice in notices {
        let raw = RawRequest {
            scene: SceneName::parse("booking_update").unwrap(),
            method: "POST".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: notice.body.to_string().into_bytes(),
        };
        let answer = table.seat.call(Request::Supplier(SupplierRequest::Hear { raw })).await.unwrap();
        let Response::Supplier(SupplierResponse::Heard(heard)) = answer else { panic!("{answer:?}") };
        let named = Named::Ours { order: order.order.clone() };
        assert_eq!(heard.news, [News::Ask { order: named, about: About::Everything }]);
    }
}
