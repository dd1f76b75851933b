//! Successful answers with wrong or missing values (§3, §7): each is a fault of the partner, or makes no difference to
//! what is read. After a call with effect nobody knows what it did.

use entrepot_sdk::contract::fault::FaultKind;
use entrepot_sdk::contract::supplier::{SupplierRequest, SupplierResponse};
use entrepot_sdk::prelude::*;
use octo_simulator::{Call, Corruption as Lie, Fault as Wrong};
use serde_json::json;

use crate::desk::{BOAT, DAY, MUSEUM, Table, boat, issued, known, order};

/// What the lie is told in answer to, and which lies make no difference there.
struct Case {
    call: Call,
    harmless: &'static [Lie],
}

/// The question that ends in the call, from a fresh start; its answer as text.
async fn asked(table: &Table, call: Call) -> Result<String, Fault> {
    let order = order("M1", 2);
    Ok(match call {
        Call::Availability | Call::Reserve | Call::Confirm => format!("{:?}", table.book(&order).await?),
        Call::Extend => format!("{:?}", table.hold(&known(&order), 30).await?),
        Call::Get => format!("{:?}", table.inquire(&order).await?),
        Call::Cancel => format!("{:?}", table.cancel(&order, &[1, 2]).await?),
        Call::Update => format!("{:?}", table.cancel(&order, &[2]).await?),
        Call::Calendar => format!("{:?}", calendar(table, MUSEUM).await?),
        Call::Products => format!("{:?}", table.read(SupplierRequest::ReadCatalogue { page: None }).await?),
        other => panic!("{other:?}"),
    })
}

async fn calendar(table: &Table, code: &str) -> Result<SupplierResponse, Fault> {
    let (first, last) = (DAY.parse().unwrap(), DAY.parse().unwrap());
    table.read(SupplierRequest::ReadCalendar { product_code: code.to_owned(), first, last, page: None }).await
}

async fn prepared(call: Call) -> Table {
    let table = Table::set(json!({"currency": "CNY"})).await;
    match call {
        Call::Get | Call::Cancel | Call::Update => drop(issued(table.book(&order("M1", 2)).await.unwrap())),
        Call::Extend => drop(table.hold(&order("M1", 2), 10).await.unwrap()),
        _ => {}
    }
    table
}

const CASES: [Case; 9] = [
    Case {
        call: Call::Reserve,
        // A hold has no tickets yet.
        harmless: &[
            Lie::NetNull,
            Lie::VoucherNull,
            Lie::TicketsNull,
            Lie::NoDeliveryOptions,
            Lie::SameCodes,
            Lie::CancellationNull,
        ],
    },
    Case {
        call: Call::Extend,
        harmless: &[
            Lie::NetNull,
            Lie::VoucherNull,
            Lie::TicketsNull,
            Lie::NoDeliveryOptions,
            Lie::SameCodes,
            Lie::CancellationNull,
        ],
    },
    // The museum delivers tickets, no voucher.
    Case { call: Call::Confirm, harmless: &[Lie::NetNull, Lie::VoucherNull, Lie::ExpiryNull, Lie::CancellationNull] },
    Case { call: Call::Get, harmless: &[Lie::NetNull, Lie::VoucherNull, Lie::ExpiryNull, Lie::CancellationNull] },
    Case {
        call: Call::Update,
        // What stays is told by the items; their tickets are asked for another time.
        harmless: &[
            Lie::NetNull,
            Lie::VoucherNull,
            Lie::TicketsNull,
            Lie::NoDeliveryOptions,
            Lie::SameCodes,
            Lie::ExpiryNull,
            Lie::CancellationNull,
        ],
    },
    Case {
        call: Call::Cancel,
        // It is over: what its tickets were means nothing any more.
        harmless: &[
            Lie::NetNull,
            Lie::UnitsShort,
            Lie::VoucherNull,
            Lie::TicketsNull,
            Lie::NoDeliveryOptions,
            Lie::SameCodes,
            Lie::ExpiryNull,
        ],
    },
    Case { call: Call::Availability, harmless: &[] },
    Case { call: Call::Calendar, harmless: &[Lie::NetNull] },
    Case { call: Call::Products, harmless: &[] },
];

/// Fields that the answers to these calls do not have, or that are not read there.
fn beside_the_point(call: Call, lie: Lie) -> bool {
    let of_bookings = !matches!(call, Call::Availability | Call::Calendar | Call::Products);
    let of_slots = matches!(call, Call::Availability | Call::Calendar);
    match lie {
        Lie::WrongShape | Lie::ErrorBody | Lie::Null => false,
        Lie::NegativePrice | Lie::PriceAsText | Lie::FractionalPrice | Lie::CurrencyChanged | Lie::PrecisionChanged => {
            call == Call::Products
        }
        Lie::NetNull => matches!(call, Call::Products | Call::Availability),
        Lie::NegativeVacancies | Lie::AvailableFlipped => !of_slots,
        Lie::MissingStatus | Lie::WrongStatus | Lie::UnknownStatus => call == Call::Products,
        Lie::MalformedTimes => matches!(call, Call::Products | Call::Calendar),
        _ => !of_bookings,
    }
}

#[tokio::test]
async fn a_lie_is_seen_or_makes_no_difference() {
    let mut unexpected = Vec::new();
    for Case { call, harmless } in CASES {
        let truth = asked(&prepared(call).await, call).await.unwrap();
        for lie in Lie::ALL {
            let table = prepared(call).await;
            table.desk.next_fault_on(call, Wrong::Corrupt(lie));
            let told = asked(&table, call).await;
            assert_eq!(table.desk.faults_waiting(), 0, "{call:?} was not called");
            let expected = harmless.contains(&lie) || beside_the_point(call, lie);
            match told {
                Ok(told) if expected && (told == truth || lie == Lie::NetNull) => {}
                Err(fault) if !expected && fault.kind == FaultKind::Garbled && fault.effect == Effect::Unknown => {}
                other => unexpected.push(format!("{call:?} {lie:?}: {other:?}")),
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

#[tokio::test]
async fn another_s_booking_is_never_taken_for_ours() {
    for call in [Call::Reserve, Call::Extend, Call::Confirm, Call::Get, Call::Update, Call::Cancel] {
        for crowded in [true, false] {
            let table = prepared(call).await;
            if crowded {
                issued(table.book(&order("M9", 2)).await.unwrap());
            }
            table.desk.next_fault_on(call, Wrong::OtherBooking);
            let fault = asked(&table, call).await.unwrap_err();
            assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown), "{call:?}");
            assert!(fault.text.contains("uuid"), "{call:?}: {}", fault.text);
        }
    }
}

#[tokio::test]
async fn the_fault_names_call_and_field_and_asking_again_tells_the_truth() {
    for (lie, field) in [
        (Lie::WrongStatus, "cancellation"),
        (Lie::ProductChanged, "productId"),
        (Lie::AvailabilityChanged, "availability.id"),
        (Lie::ReferenceChanged, "resellerReference"),
        (Lie::UnitsDoubled, "unitItems[2].uuid"),
        (Lie::UnitChanged, "unitItems[0].unitId"),
        (Lie::PrecisionChanged, "currencyPrecision"),
        (Lie::CurrencyChanged, "currency"),
        (Lie::MissingStatus, "status"),
        (Lie::UnknownStatus, "status"),
        (Lie::TicketsNull, "unitItems.ticket"),
        (Lie::SameCodes, "unitItems.ticket"),
    ] {
        let table = prepared(Call::Confirm).await;
        table.desk.next_fault_on(Call::Confirm, Wrong::Corrupt(lie));
        let fault = table.book(&order("M1", 2)).await.unwrap_err();
        assert!(fault.text.contains(field), "{lie:?}: {}", fault.text);
        assert!(fault.text.starts_with("confirm: ") || fault.text.starts_with("booking: "), "{}", fault.text);
        assert_eq!(issued(table.inquire(&order("M1", 2)).await.unwrap()).len(), 2);
    }
}

#[tokio::test]
async fn a_voucher_and_a_slot_that_lie_are_seen_too() {
    for lie in [Lie::VoucherNull, Lie::NoDeliveryOptions] {
        let table = Table::new().await;
        table.desk.next_fault_on(Call::Confirm, Wrong::Corrupt(lie));
        let fault = table.book(&boat("M1", 1)).await.unwrap_err();
        assert!(fault.text.contains("voucher"), "{}", fault.text);
    }
    for lie in [Lie::NegativeVacancies, Lie::AvailableFlipped, Lie::PriceAsText, Lie::MalformedTimes, Lie::WrongStatus]
    {
        let table = Table::new().await;
        table.desk.next_fault_on(Call::Availability, Wrong::Corrupt(lie));
        let fault = calendar(&table, BOAT).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Garbled, "{lie:?}: {}", fault.text);
    }
}

#[tokio::test]
async fn codes_may_be_shared_where_that_was_set_up() {
    let table = Table::set(json!({"shared_codes": true})).await;
    table.desk.next_fault_on(Call::Confirm, Wrong::Corrupt(Lie::SameCodes));
    let units = issued(table.book(&order("M1", 2)).await.unwrap());
    assert_eq!(units[0].credentials, units[1].credentials);
}

#[tokio::test]
async fn the_capabilities_of_an_answer_are_those_asked_for() {
    let with = |ids: Option<&'static str>| {
        move |_: &HttpRequest, mut response: HttpResponse| {
            response.headers.retain(|(name, _)| name != "octo-capabilities");
            response.headers.extend(ids.map(|ids| ("octo-capabilities".to_owned(), ids.to_owned())));
            response
        }
    };
    for (answered, ids, fine) in [
        (true, Some("octo/pricing"), true),
        (true, Some(" octo/pricing ,"), true),
        (true, Some(""), false),
        (true, Some("octo/pricing,octo/cart"), false),
        (true, None, false),
        (false, None, true),
        (false, Some("octo/cart"), false),
    ] {
        let settings = json!({"capabilities_answered": answered});
        let table = Table::before(settings, crate::desk::options(), with(ids)).await;
        let told = table.inquire(&order("M1", 1)).await;
        // What is no success is told without the header, too.
        assert_eq!(told.unwrap(), Booking::NotFound);
        match table.book(&order("M1", 1)).await {
            Ok(booking) => assert!(fine, "{ids:?}: {booking:?}"),
            Err(fault) => {
                assert!(!fine && fault.kind == FaultKind::Garbled, "{ids:?}: {fault:?}");
                assert!(fault.text.to_lowercase().contains("octo-capabilities"), "{}", fault.text);
            }
        }
    }
}
