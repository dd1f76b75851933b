//! Holds, bookings, and what becomes of them (§4).

use entrepot_sdk::contract::supplier::Holding;
use entrepot_sdk::prelude::*;
use octo_simulator::options::{LapsedHolds, Repeat};
use octo_simulator::{Call, Fault as Wrong, Status};
use serde_json::json;

use crate::desk::{Table, boat, held_until, issued, known, order, refused};

const HALF_AN_HOUR_MS: i64 = 30 * 60_000;

#[tokio::test]
async fn units_are_held_held_longer_and_booked() {
    let table = Table::new().await;
    let order = order("1000000000000000001", 2);
    let until = held_until(table.hold(&order, 10).await.unwrap());
    assert_eq!(until.since(crate::desk::NOW), 10 * 60_000);
    assert_eq!(table.calls(), [Call::Availability, Call::Reserve]);
    let longer = held_until(table.hold(&known(&order), 30).await.unwrap());
    assert_eq!(longer.since(crate::desk::NOW), HALF_AN_HOUR_MS);
    assert_eq!(table.calls()[2..], [Call::Extend]);
    assert_eq!(table.inquire(&order).await.unwrap(), Booking::Held { until: longer });
    let units = issued(table.book(&known(&order)).await.unwrap());
    assert_eq!(table.calls()[4..], [Call::Confirm], "a hold is confirmed straight away");
    let booked = &table.desk.bookings()[0];
    assert_eq!((booked.status, booked.reseller_reference.as_deref()), (Status::Confirmed, Some("1000000000000000001")));
    let codes: Vec<&str> = booked.items.iter().map(|item| item.code.as_deref().unwrap()).collect();
    assert_eq!(
        units.iter().map(|unit| (unit.unit, &*unit.credentials[0].value)).collect::<Vec<_>>(),
        [(1, codes[0]), (2, codes[1])]
    );
    assert_eq!(issued(table.inquire(&order).await.unwrap()), units);
    assert_eq!(table.hold(&known(&order), 30).await.unwrap(), Holding::Booked);
}

#[tokio::test]
async fn booking_without_a_hold_reserves_and_confirms() {
    let table = Table::new().await;
    issued(table.book(&order("M1", 3)).await.unwrap());
    assert_eq!(table.calls(), [Call::Availability, Call::Reserve, Call::Confirm]);
    let reserved = table.body(Call::Reserve);
    assert_eq!(reserved["expirationMinutes"], 15);
    assert_eq!(reserved["unitItems"][2], json!({"unitId": "adult", "resellerReference": "M1-3"}));
    let confirmed = table.body(Call::Confirm);
    assert_eq!(confirmed["contact"], json!({"fullName": "测试甲", "phoneNumber": "19900000000"}));
    assert_eq!(confirmed["resellerReference"], "M1");
}

#[tokio::test]
async fn a_repeat_books_once_whatever_the_supplier_makes_of_repeats() {
    for reserve in [Repeat::Booking, Repeat::Refused] {
        for confirm in [Repeat::Booking, Repeat::Refused] {
            let table = Table::at(|options| {
                options.repeated_reserve = reserve;
                options.repeated_confirm = confirm;
            })
            .await;
            let order = order("M1", 2);
            let first = held_until(table.hold(&order, 20).await.unwrap());
            assert_eq!(held_until(table.hold(&order, 20).await.unwrap()), first, "{reserve:?}");
            let units = issued(table.book(&order).await.unwrap());
            for again in [order.clone(), known(&order)] {
                assert_eq!(issued(table.book(&again).await.unwrap()), units, "{reserve:?} {confirm:?}");
            }
            assert_eq!(table.desk.bookings().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_supplier_may_grant_less_time_than_asked_for() {
    let table = Table::at(|options| options.hold_limit_minutes = 5).await;
    let until = held_until(table.hold(&order("M1", 1), 30).await.unwrap());
    assert_eq!(until.since(crate::desk::NOW), 5 * 60_000);
}

#[tokio::test]
async fn a_hold_that_ran_out_is_made_anew_where_that_is_wanted() {
    for lapsed in [LapsedHolds::Kept, LapsedHolds::Forgotten] {
        for knows in [false, true] {
            let table = Table::at(|options| options.lapsed_holds = lapsed).await;
            let order = order("M1", 2);
            table.hold(&order, 10).await.unwrap();
            table.later(11);
            assert_eq!(table.inquire(&order).await.unwrap(), Booking::NotFound, "{lapsed:?}");
            let again = if knows { known(&order) } else { order.clone() };
            let units = issued(table.book(&again).await.unwrap());
            assert_eq!(issued(table.inquire(&order).await.unwrap()), units);
            assert_eq!(issued(table.book(&again).await.unwrap()), units, "a repeat finds the second booking");
            let confirmed = table.desk.bookings().iter().filter(|it| it.status == Status::Confirmed).count();
            assert_eq!(confirmed, 1);
            let back = table.cancel(&known(&order), &[1, 2]).await.unwrap();
            assert!(matches!(back, Cancellation::Done { .. }), "{back:?}");
            assert_eq!(table.inquire(&order).await.unwrap(), Booking::Cancelled);
            assert!(table.desk.bookings().iter().all(|it| it.status.ended()), "{lapsed:?}");
        }
    }
}

#[tokio::test]
async fn a_hold_that_ran_out_is_refused_where_it_is_not_made_anew() {
    for lapsed in [LapsedHolds::Kept, LapsedHolds::Forgotten] {
        let settings = json!({"renew_expired_holds": false});
        let table = Table::with(settings, |options| options.lapsed_holds = lapsed).await;
        let order = known(&order("M1", 2));
        table.hold(&order, 10).await.unwrap();
        table.later(11);
        let refusal = refused(table.book(&order).await.unwrap());
        assert_eq!(refusal.reason, Reason::StateForbids, "{lapsed:?}: {refusal:?}");
    }
}

#[tokio::test]
async fn a_hold_is_given_up_and_a_booking_is_not() {
    for cancelled in
        [octo_simulator::options::CancelledHold::Cancelled, octo_simulator::options::CancelledHold::Expired]
    {
        let table = Table::at(|options| options.cancelled_hold = cancelled).await;
        table.release(&order("M0", 1)).await.unwrap();
        let order = order("M1", 2);
        table.hold(&order, 10).await.unwrap();
        table.release(&order).await.unwrap();
        assert!(table.desk.bookings()[0].status.ended());
        table.release(&order).await.unwrap();
        assert_eq!(table.inquire(&order).await.unwrap(), Booking::Cancelled, "{cancelled:?}");
        assert_eq!(refused(table.book(&order).await.unwrap()).reason, Reason::StateForbids, "{cancelled:?}");
    }
    let table = Table::new().await;
    let order = order("M1", 2);
    table.hold(&order, 10).await.unwrap();
    table.later(11);
    table.release(&order).await.unwrap();
    issued(table.book(&order).await.unwrap());
    let fault = table.release(&order).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Refused, Effect::NotDone));
    issued(table.inquire(&order).await.unwrap());
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_asking_tells() {
    let lost = [
        Wrong::HangAfter,
        Wrong::ServerErrorAfter,
        Wrong::GatewayTimeout,
        Wrong::Html,
        Wrong::EmptyBody,
        Wrong::Truncated,
    ];
    for wrong in lost {
        for call in [Call::Reserve, Call::Confirm] {
            let table = Table::new().await;
            let order = order("M1", 2);
            table.desk.next_fault_on(call, wrong);
            let fault = table.book(&order).await.unwrap_err();
            assert_eq!(fault.effect, Effect::Unknown, "{call:?} {wrong:?}: {fault:?}");
            assert!(!fault.text.contains("19900000000"), "{}", fault.text);
            let found = table.inquire(&order).await.unwrap();
            match call {
                Call::Reserve => assert!(matches!(found, Booking::Held { .. }), "{wrong:?}: {found:?}"),
                _ => drop(issued(found)),
            }
            issued(table.book(&order).await.unwrap());
            assert_eq!(table.desk.bookings().len(), 1);
        }
    }
}

#[tokio::test]
async fn what_never_arrived_is_not_found_and_booked_later() {
    for call in [Call::Availability, Call::Reserve] {
        let table = Table::new().await;
        table.desk.next_fault_on(call, Wrong::HangBefore);
        assert_eq!(table.book(&order("M1", 1)).await.unwrap_err().effect, Effect::Unknown);
        assert_eq!(table.inquire(&order("M1", 1)).await.unwrap(), Booking::NotFound);
        issued(table.book(&order("M1", 1)).await.unwrap());
    }
}

#[tokio::test]
async fn an_extension_that_fails_leaves_the_hold_as_it_was_granted() {
    let table = Table::new().await;
    let order = order("M1", 1);
    let until = held_until(table.hold(&order, 5).await.unwrap());
    table.desk.next_fault_on(Call::Extend, Wrong::ServerError);
    assert_eq!(held_until(table.hold(&order, 30).await.unwrap()), until);
    // Asked for outright, the same failure is one.
    table.desk.next_fault_on(Call::Extend, Wrong::ServerError);
    assert_eq!(table.hold(&known(&order), 30).await.unwrap_err().effect, Effect::Unknown);
    assert_eq!(held_until(table.hold(&known(&order), 30).await.unwrap()).since(crate::desk::NOW), HALF_AN_HOUR_MS);
}

#[tokio::test]
async fn the_last_places_held_by_ourselves_are_booked() {
    let table = Table::new().await;
    table.desk.set_capacity("boat", "boat-day", crate::desk::DAY, 2).unwrap();
    let ours = boat("M1", 2);
    table.hold(&ours, 10).await.unwrap();
    let other = refused(table.book(&boat("M2", 1)).await.unwrap());
    assert_eq!(other.reason, Reason::SoldOut);
    issued(table.book(&ours).await.unwrap());
    let Holding::Refused(refusal) = table.hold(&boat("M3", 1), 10).await.unwrap() else { panic!() };
    assert_eq!(refusal.reason, Reason::SoldOut);
}

#[tokio::test]
async fn a_confirmation_refused_gives_up_the_hold_it_was_for() {
    let table = Table::new().await;
    let mut nobody = boat("M1", 1);
    nobody.buyer = None;
    let refusal = refused(table.book(&nobody).await.unwrap());
    assert_eq!(refusal.reason, Reason::SupplierRefused);
    assert!(refusal.text.contains("fullName"), "{}", refusal.text);
    assert!(table.desk.bookings()[0].status.ended());
    // A hold that was made before is the core's to release.
    let table = Table::new().await;
    table.hold(&nobody, 10).await.unwrap();
    refused(table.book(&known(&nobody)).await.unwrap());
    assert_eq!(table.desk.bookings()[0].status, Status::OnHold);
}

#[tokio::test]
async fn a_late_supplier_is_waited_for() {
    for accepted in [true, false] {
        let table = Table::set(json!({"names": "given_first", "pending_poll_ms": 5_000})).await;
        let mut order = crate::desk::order_of("charter/charter-day/guest", "M1", 2);
        for unit in &mut order.units {
            unit.guests = vec![crate::desk::guest("San Zhang")];
        }
        let booking = table.book(&order).await.unwrap();
        assert!(matches!(&booking, Booking::Pending { wait, .. } if wait.ask_after_ms == Some(5_000)), "{booking:?}");
        let uuid = table.desk.bookings()[0].uuid.clone();
        if accepted {
            table.desk.accept(&uuid).unwrap();
            assert_eq!(issued(table.inquire(&order).await.unwrap()).len(), 2);
        } else {
            table.desk.reject(&uuid).unwrap();
            assert_eq!(refused(table.inquire(&order).await.unwrap()).reason, Reason::SupplierRefused);
            assert_eq!(refused(table.book(&order).await.unwrap()).reason, Reason::SupplierRefused);
        }
    }
}
