//! Products, slots, tickets of every kind, prices and calendars (§§2, 3, 6).

use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage, Vacancies};
use entrepot_sdk::contract::supplier::{SupplierRequest, SupplierResponse};
use entrepot_sdk::prelude::*;
use octo_simulator::Call;
use octo_simulator::options::{AvailabilityIds, ErrorStatuses, LateDelivery, Unissued};
use serde_json::json;

use crate::desk::{BOAT, DAY, MUSEUM, Table, boat, guest, issued, order, order_of, refused};

async fn goods(table: &Table, page: Option<String>) -> CataloguePage {
    match table.read(SupplierRequest::ReadCatalogue { page }).await.unwrap() {
        SupplierResponse::Catalogue(page) => page,
        other => panic!("{other:?}"),
    }
}

async fn try_calendar(
    table: &Table,
    code: &str,
    dates: (&str, &str),
    page: Option<String>,
) -> Result<CalendarPage, Fault> {
    let (first, last) = (dates.0.parse().unwrap(), dates.1.parse().unwrap());
    let request = SupplierRequest::ReadCalendar { product_code: code.to_owned(), first, last, page };
    match table.read(request).await? {
        SupplierResponse::Calendar(page) => Ok(page),
        other => panic!("{other:?}"),
    }
}

async fn calendar(table: &Table, code: &str, dates: (&str, &str), page: Option<String>) -> CalendarPage {
    try_calendar(table, code, dates, page).await.unwrap()
}

#[tokio::test]
async fn each_unit_type_is_a_good() {
    let table = Table::new().await;
    let page = goods(&table, None).await;
    assert_eq!((page.goods.len(), page.next), (11, None));
    let good = |code: &str| page.goods.iter().find(|good| good.product_code == code).unwrap();
    let senior = good("museum/museum-day/senior");
    assert_eq!((senior.minimum_units, senior.maximum_units), (None, Some(2)));
    assert_eq!((senior.dated, senior.slotted, senior.time_zone.as_deref()), (true, false, Some("Asia/Shanghai")));
    let charter = good("charter/charter-day/guest");
    assert_eq!((charter.minimum_units, charter.maximum_units, charter.slotted), (Some(2), Some(8), true));
    let pass = good("pass/pass-any/adult");
    assert_eq!((pass.dated, pass.slotted), (false, false));
    assert_eq!(table.calls(), [Call::Supplier, Call::Products]);
    let rest = goods(&table, Some("museum/museum-day/adult".to_owned())).await;
    assert_eq!(rest.goods[0].product_code, "museum/museum-day/child", "a page goes on behind its name");
}

#[tokio::test]
async fn a_catalogue_of_any_size_comes_in_pages() {
    let table = Table::at(|options| {
        let first = options.catalogue[0].clone();
        for number in 0..400 {
            let mut product = first.clone();
            product.id = format!("copy/{number:03}");
            options.catalogue.push(product);
        }
    })
    .await;
    let (mut page, mut codes) = (None, Vec::new());
    loop {
        let told = goods(&table, page).await;
        assert!(told.goods.len() <= 500);
        codes.extend(told.goods.into_iter().map(|good| good.product_code));
        page = told.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(codes.len(), 11 + 3 * 400);
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(codes.contains(&"copy%2F399/museum-day/adult".to_owned()));
}

#[tokio::test]
async fn a_calendar_of_days_tells_prices_and_places() {
    let table = Table::set(json!({"currency": "CNY"})).await;
    table.desk.set_capacity("museum", "museum-day", "2026-03-06", 7).unwrap();
    table.desk.close("museum", "museum-day", "2026-03-07").unwrap();
    let page = calendar(&table, MUSEUM, (DAY, "2026-03-07"), None).await;
    assert_eq!(page.next, None);
    let told: Vec<_> = page.cells.iter().map(|cell| (cell.date.to_string(), cell.open, cell.vacancies)).collect();
    let limited = |units| Vacancies::Limited { units };
    assert_eq!(told[..2], [(DAY.to_owned(), true, limited(200)), ("2026-03-06".to_owned(), true, limited(7))]);
    assert_eq!((told[2].0.as_str(), told[2].1), ("2026-03-07", false));
    let cell = &page.cells[0];
    assert_eq!(cell.cost, Some(Money::fen(9_600)));
    assert!(cell.slot.is_none());
    assert_eq!(table.calls(), [Call::Product, Call::Calendar]);
    assert_eq!(table.body(Call::Calendar)["currency"], "CNY");
}

#[tokio::test]
async fn a_calendar_of_slots_comes_in_pages() {
    let table = Table::new().await;
    let (mut page, mut cells) = (None, Vec::new());
    loop {
        let told = calendar(&table, BOAT, (DAY, "2026-04-05"), page).await;
        cells.extend(told.cells);
        page = told.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(cells.len(), 2 * 32, "two departures on each of 32 days");
    let first = &cells[0];
    let slot = first.slot.as_ref().unwrap();
    assert_eq!(
        (slot.id.as_str(), slot.starts.as_str(), slot.ends.as_str()),
        (crate::desk::BOAT_AT_NINE, "09:00", "11:00")
    );
    assert_eq!((first.cost, first.vacancies), (Some(Money::fen(16_000)), Vacancies::Limited { units: 10 }));
    assert_eq!(first.cutoff.unwrap().to_string(), "2026-03-05T00:00:00.000Z");
    assert_eq!(cells.last().unwrap().date.to_string(), "2026-04-05");
    let price_of_a_booking = calendar(&table, "charter/charter-day/guest", (DAY, DAY), None).await;
    assert_eq!(price_of_a_booking.cells[0].cost, None, "nobody can say what one unit costs");
    let fault = try_calendar(&table, "boat/boat-day/baby", (DAY, DAY), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
}

#[tokio::test]
async fn without_prices_no_capability_is_asked_for_and_the_header_stays() {
    let table = Table::set(json!({"pricing": false})).await;
    let page = calendar(&table, MUSEUM, (DAY, DAY), None).await;
    assert_eq!(page.cells[0].cost, None);
    issued(table.book(&order("M1", 1)).await.unwrap());
    for recorded in table.desk.recorded() {
        let header = |name: &str| recorded.request.header_value(name).map(str::to_owned);
        assert_eq!(header("octo-capabilities").as_deref(), Some(""));
        assert_eq!(header("content-type").as_deref(), Some("application/json"), "{:?}", recorded.call);
        assert_eq!(header("accept-language"), None);
    }
}

#[tokio::test]
async fn an_order_names_its_slot_where_a_day_has_several() {
    for ids in [AvailabilityIds::Opaque, AvailabilityIds::LocalTimes] {
        let table = Table::at(|options| options.availability_ids = ids).await;
        let unnamed = SupplierOrder { slot: None, ..boat("M1", 1) };
        let fault = table.book(&unnamed).await.unwrap_err();
        assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
        assert!(fault.text.contains("2 slots on 2026-03-05"), "{}", fault.text);
        let page = calendar(&table, BOAT, (DAY, DAY), None).await;
        let id = page.cells[1].slot.as_ref().unwrap().id.clone();
        let named = SupplierOrder { slot: Some(id.clone()), ..boat("M1", 1) };
        issued(table.book(&named).await.unwrap());
        assert_eq!(table.body(Call::Reserve)["availabilityId"], json!(id));
        assert_eq!(table.body(Call::Availability)["availabilityIds"], json!([id]));
    }
}

#[tokio::test]
async fn what_cannot_be_sold_is_a_refusal_with_its_reason() {
    for statuses in [ErrorStatuses::OctoCore, ErrorStatuses::All400] {
        let table = Table::at(|options| options.error_statuses = statuses).await;
        table.desk.sell_out("museum", "museum-day", DAY).unwrap();
        table.desk.close("boat", "boat-day", DAY).unwrap();
        let tomorrow = SupplierOrder { slot: Some("boat.boat-day.20260306T0900".to_owned()), ..boat("M1", 1) };
        let nowhere = SupplierOrder { slot: Some("boat.boat-day.20260306T1000".to_owned()), ..boat("M1", 1) };
        for (order, reason) in [
            (order("M1", 1), Reason::SoldOut),
            (boat("M1", 1), Reason::DateClosed),
            (tomorrow, Reason::DateClosed),
            (nowhere, Reason::DateClosed),
            (order_of("nothing/museum-day/adult", "M1", 1), Reason::OffSale),
            (order_of("museum/nothing/adult", "M1", 1), Reason::OffSale),
            (order_of("museum/museum-day/nothing", "M1", 1), Reason::OffSale),
        ] {
            let refusal = refused(table.book(&order).await.unwrap());
            assert_eq!(refusal.reason, reason, "{}: {}", order.product_code, refusal.text);
        }
        table.desk.reopen("museum", "museum-day", DAY).unwrap();
        let refusal = refused(table.book(&order("M1", 7)).await.unwrap());
        assert_eq!(refusal.reason, Reason::SupplierRefused, "more than the option allows: {}", refusal.text);
        assert!(table.desk.bookings().is_empty());
        let fault = table.book(&order_of("museum", "M1", 1)).await.unwrap_err();
        assert!(fault.text.contains("PRODUCT/OPTION/UNIT"), "{}", fault.text);
    }
}

fn kinds(units: &[UnitCredentials]) -> Vec<CredentialKind> {
    units[0].credentials.iter().map(|credential| credential.kind).collect()
}

#[tokio::test]
async fn tickets_of_every_kind_are_credentials() {
    let table = Table::new().await;
    let vouchers = issued(table.book(&boat("M1", 2)).await.unwrap());
    assert_eq!(kinds(&vouchers), [CredentialKind::QrCode, CredentialKind::Url]);
    assert_eq!(vouchers[0].credentials, vouchers[1].credentials, "one voucher for all");
    let undated = SupplierOrder { visit: None, ..order_of("pass/pass-any/adult", "M2", 1) };
    let passes = issued(table.book(&undated).await.unwrap());
    assert_eq!(kinds(&passes), [CredentialKind::VoucherNumber, CredentialKind::Url]);
    assert!(passes[0].credentials[1].value.ends_with(".pkpass"));
    assert!(table.body(Call::Reserve).get("availabilityId").is_none());
    let listed = issued(table.book(&order_of("walk/walk-day/adult", "M3", 2)).await.unwrap());
    let reference = table.desk.bookings().iter().find(|it| it.product.id == "walk").unwrap().supplier_reference.clone();
    assert_eq!((kinds(&listed), &listed[1].credentials[0].value), (vec![CredentialKind::VoucherNumber], &reference));
    let table = Table::set(json!({"reference_as_credential": false})).await;
    let fault = table.book(&order_of("walk/walk-day/adult", "M3", 2)).await.unwrap_err();
    assert!(fault.text.contains("deliveryMethods"), "{}", fault.text);
}

#[tokio::test]
async fn tickets_that_come_later_are_waited_for() {
    for (embedded, late_delivery) in [(true, false), (false, true)] {
        for unissued in [Unissued::Empty, Unissued::Null] {
            let settings = json!({"late_delivery": late_delivery, "names": "family_first"});
            let table = Table::with(settings, |options| {
                options.late_delivery = LateDelivery::Confirmed;
                options.embed_catalogue = embedded;
                options.unissued = unissued;
            })
            .await;
            let mut order = order_of("charter/charter-day/guest", "M1", 2);
            for unit in &mut order.units {
                unit.guests = vec![guest("张三")];
            }
            let booking = table.book(&order).await.unwrap();
            assert!(matches!(booking, Booking::Pending { .. }), "{booking:?}");
            table.desk.accept(&table.desk.bookings()[0].uuid).unwrap();
            assert_eq!(issued(table.inquire(&order).await.unwrap()).len(), 2);
        }
    }
}

#[tokio::test]
async fn guests_are_named_as_it_was_set_up_and_nowhere_else() {
    let settings = json!({
        "names": "family_first", "phone_prefix": "+86", "contact_email": "desk@example.com", "contact_country": "CN",
        "documents_in_notes": true, "language": "zh-CN",
    });
    let table = Table::set(settings).await;
    let mut order = order("M1", 1);
    order.units[0].guests = vec![guest("欧阳测试")];
    issued(table.book(&order).await.unwrap());
    let contact = json!({
        "fullName": "欧阳测试", "firstName": "测试", "lastName": "欧阳", "phoneNumber": "+8619900000000",
        "emailAddress": "desk@example.com", "country": "CN", "notes": "999999199001010016",
    });
    assert_eq!(table.body(Call::Reserve)["unitItems"][0]["contact"], contact);
    assert_eq!(table.body(Call::Confirm)["contact"]["fullName"], "测试甲");
    assert!(table.desk.recorded().iter().all(|it| it.request.header_value("accept-language") == Some("zh-CN")));
    for request in table.seat.world.sent() {
        assert!(!request.url.contains("M1") && !request.url.contains("199"), "{}", request.url);
    }
}

#[tokio::test]
async fn a_test_booking_is_no_real_one_unless_it_was_set_up() {
    let table = Table::at(|options| options.test_mode = true).await;
    let fault = table.book(&order("M1", 1)).await.unwrap_err();
    assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown));
    assert!(fault.text.contains("testMode"), "{}", fault.text);
    let table = Table::with(json!({"test_mode": true}), |options| options.test_mode = true).await;
    issued(table.book(&order("M1", 1)).await.unwrap());
}

#[tokio::test]
async fn a_date_without_departures_needs_two_witnesses() {
    for (calendar_says, reason) in
        [("CLOSED", Some(Reason::DateClosed)), ("SOLD_OUT", Some(Reason::SoldOut)), ("AVAILABLE", None)]
    {
        let table = Table::before(json!({}), crate::desk::options(), move |request, response| {
            let body = if request.url.ends_with("/availability") {
                "[]".to_owned()
            } else if request.url.ends_with("/calendar") {
                let mut days: serde_json::Value = serde_json::from_str(&response.body).unwrap();
                days[0]["status"] = json!(calendar_says);
                days[0]["available"] = json!(calendar_says == "AVAILABLE");
                days.to_string()
            } else {
                return response;
            };
            HttpResponse { body, ..response }
        })
        .await;
        match (table.book(&order("M1", 1)).await, reason) {
            (Ok(booking), Some(reason)) => assert_eq!(refused(booking).reason, reason),
            (Err(fault), None) => assert_eq!((fault.kind, fault.effect), (FaultKind::Garbled, Effect::Unknown)),
            other => panic!("{other:?}"),
        }
        let named = SupplierOrder { slot: Some("boat.boat-day.20260305T0900".to_owned()), ..boat("M2", 1) };
        assert_eq!(table.book(&named).await.unwrap_err().kind, FaultKind::Garbled, "a slot that is asked for is told");
    }
}

#[tokio::test]
async fn tickets_and_the_way_they_are_delivered_go_together() {
    for methods in [json!([]), json!(["VOUCHER"])] {
        let table = Table::before(json!({}), crate::desk::options(), move |_, response| {
            let mut body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            if body.get("deliveryMethods").is_some() {
                body["deliveryMethods"] = methods.clone();
            }
            HttpResponse { body: body.to_string(), ..response }
        })
        .await;
        let fault = table.book(&order("M1", 1)).await.unwrap_err();
        assert!(fault.text.contains("deliveryMethods"), "{}", fault.text);
    }
}
