//! Days and slots (§2, §3).

use chrono::TimeDelta;
use octo_simulator::PriceChange;
use octo_simulator::catalogue::Price;
use octo_simulator::options::AvailabilityIds;
use serde_json::{Value, json};

use crate::support::*;

fn slots(desk: &octo_simulator::Desk, product: &str, option: &str, more: &Value) -> octo_simulator::Answer {
    let mut body = json!({"productId": product, "optionId": option});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post(desk, "/availability", &body)
}

#[test]
fn departures_are_told_with_offset_and_cut_off() {
    let list = ok(&slots(&desk(), "boat", "boat-day", &json!({"localDate": "2026-03-05"})));
    assert_eq!(list.as_array().unwrap().len(), 2);
    let first = &list[0];
    assert_eq!(first["localDateTimeStart"], "2026-03-05T09:00:00+08:00", "§1");
    assert_eq!(first["localDateTimeEnd"], "2026-03-05T11:00:00+08:00");
    assert_eq!(first["utcCutoffAt"], "2026-03-05T00:00:00Z", "§7: with Z, without milliseconds");
    assert_eq!((&first["allDay"], &first["available"]), (&json!(false), &json!(true)));
    assert_eq!((&first["vacancies"], &first["capacity"]), (&json!(10), &json!(10)));
    let again = ok(&slots(&desk(), "boat", "boat-day", &json!({"availabilityIds": [first["id"]]})));
    assert_eq!(again, json!([first]));
}

#[test]
fn opening_hours_give_one_slot_a_day() {
    let range = json!({"localDateStart": "2026-03-05", "localDateEnd": "2026-03-07"});
    let list = ok(&slots(&desk(), "museum", "museum-day", &range));
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0]["allDay"], true);
    assert_eq!(list[0]["openingHours"], json!([{"from": "09:00", "to": "17:30"}]));
    assert_eq!(list[0]["maxUnits"], 6);
    let pass = ok(&slots(&desk(), "pass", "pass-any", &json!({"localDate": "2026-03-05"})));
    assert_eq!((&pass[0]["status"], &pass[0]["vacancies"]), (&json!("FREESALE"), &Value::Null));
}

#[test]
fn exactly_one_way_of_asking_is_taken() {
    let desk = desk();
    let bad = [
        json!({}),
        json!({"localDateStart": "2026-03-05"}),
        json!({"localDateStart": "2026-03-05", "localDateEnd": "2026-03-04"}),
        json!({"localDateStart": "2026-03-05", "localDateEnd": "2027-03-06"}),
        json!({"localDate": "2026-03-05", "availabilityIds": [BOAT_SLOT]}),
        json!({"localDate": "05.03.2026"}),
        json!({"localDate": "2026-02-30"}),
        json!({"availabilityIds": []}),
        json!({"localDate": "2026-03-05", "units": [{"id": "adult", "quantity": 0}]}),
        json!({"localDate": "2026-03-05", "currency": "EUR"}),
    ];
    for more in bad {
        refused(&slots(&desk, "boat", "boat-day", &more), 400, "BAD_REQUEST");
    }
    let day = json!({"localDate": "2026-03-05"});
    refused(&slots(&desk, "none", "boat-day", &day), 400, "INVALID_PRODUCT_ID");
    refused(&slots(&desk, "boat", "museum-day", &day), 400, "INVALID_OPTION_ID");
    let unit = json!({"localDate": "2026-03-05", "units": [{"id": "child", "quantity": 1}]});
    refused(&slots(&desk, "boat", "boat-day", &unit), 400, "INVALID_UNIT_ID");
    let foreign = json!({"availabilityIds": [MUSEUM_SLOT]});
    refused(&slots(&desk, "boat", "boat-day", &foreign), 400, "INVALID_AVAILABILITY_ID");
    refused(&post(&desk, "/availability/calendar", &json!({"productId": "boat"})), 400, "BAD_REQUEST");
    let dateless = json!({"productId": "boat", "optionId": "boat-day"});
    refused(&post(&desk, "/availability/calendar", &dateless), 400, "BAD_REQUEST");
}

#[test]
fn the_calendar_follows_sales_and_buttons() {
    let desk = desk();
    reserve(&desk, &boat(1, &["adult"; 10]));
    reserve(&desk, &body(2, ("boat", "boat-day", "boat.boat-day.20260305T1400"), &["adult"; 6]));
    desk.sell_out("boat", "boat-day", "2026-03-06").unwrap();
    desk.close("boat", "boat-day", "2026-03-07").unwrap();
    desk.set_capacity("boat", "boat-day", "2026-03-08", 3).unwrap();
    let ask = |units: u32| {
        let body = json!({
            "productId": "boat", "optionId": "boat-day", "localDateStart": "2026-03-05", "localDateEnd": "2026-03-08",
            "units": [{"id": "adult", "quantity": units}],
        });
        ok(&post(&desk, "/availability/calendar", &body))
    };
    let told = |list: Value| -> Vec<(String, bool, Value)> {
        let days = list.as_array().unwrap().clone();
        let one = |day: Value| {
            (day["status"].as_str().unwrap().to_owned(), day["available"] == true, day["vacancies"].clone())
        };
        days.into_iter().map(one).collect()
    };
    let day = |status: &str, available, left: u32| (status.to_owned(), available, json!(left));
    let sold = day("SOLD_OUT", false, 0);
    let closed = day("CLOSED", false, 0);
    assert_eq!(told(ask(4)), [day("LIMITED", true, 4), sold.clone(), closed.clone(), day("SOLD_OUT", false, 6)]);
    assert_eq!(told(ask(3)), [day("LIMITED", true, 4), sold, closed, day("AVAILABLE", true, 6)]);
    desk.reopen("boat", "boat-day", "2026-03-06").unwrap();
    assert_eq!(told(ask(1))[1], day("AVAILABLE", true, 20));
    assert!(desk.sell_out("boat", "none", "2026-03-06").is_err());
    assert!(desk.sell_out("boat", "boat-day", "6 March").is_err());
}

#[test]
fn a_slot_closes_at_its_cut_off() {
    let desk = desk();
    desk.advance(TimeDelta::days(4) + TimeDelta::seconds(1));
    let list = ok(&slots(&desk, "boat", "boat-day", &json!({"localDate": "2026-03-05"})));
    assert_eq!((&list[0]["status"], &list[0]["available"]), (&json!("CLOSED"), &json!(false)));
    assert_eq!(list[1]["status"], "AVAILABLE");
    refused(&post(&desk, "/bookings", &boat(1, &["adult"])), 400, "UNPROCESSABLE_ENTITY");
}

#[test]
fn prices_of_a_day_come_with_the_capability() {
    let desk = desk();
    let price = Price {
        currency: "CNY".to_owned(),
        precision: 2,
        original: 70_000,
        retail: 60_000,
        net: Some(50_000),
        taxes: Vec::new(),
    };
    let (product, option) = ("boat", "boat-day");
    desk.set_price(PriceChange { product, option, unit: Some("adult"), date: Some("2026-03-06"), price }).unwrap();
    let range = json!({"productId": "boat", "optionId": "boat-day", "localDateStart": "2026-03-05", "localDateEnd": "2026-03-06"});
    let days = ok(&post_priced(&desk, "/availability/calendar", &range));
    assert_eq!(days[0]["unitPricingFrom"][0]["net"], 16_000);
    assert_eq!(days[1]["unitPricingFrom"][0]["net"], 50_000);
    assert_eq!(days[1]["unitPricingFrom"][1]["unitId"], "youth");
    let listed = ok(&post_priced(&desk, "/availability", &range));
    assert_eq!(listed[2]["unitPricing"][0]["net"], 50_000);
    assert!(!post(&desk, "/availability", &range).body.contains("ricing"));
    let charter =
        json!({"productId": "charter", "optionId": "charter-day", "localDate": "2026-03-05", "currency": "USD"});
    let listed = ok(&post_priced(&desk, "/availability", &charter));
    assert_eq!((&listed[0]["pricing"]["currency"], &listed[0]["pricing"]["retail"]), (&json!("USD"), &json!(42_857)));
}

#[test]
fn ids_may_be_unique_within_the_option_only() {
    let desk = desk_with(|options| options.availability_ids = AvailabilityIds::LocalTimes);
    let id = |product: &str, option: &str| {
        let list = ok(&slots(&desk, product, option, &json!({"localDate": "2026-03-05"})));
        list[0]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id("museum", "museum-day"), id("pass", "pass-any"));
    assert_eq!(id("boat", "boat-day"), "2026-03-05T09:00:00+08:00");
    let mut body = boat(1, &["adult"]);
    body["availabilityId"] = json!("2026-03-05T09:00:00+08:00");
    assert_eq!(reserve(&desk, &body)["availability"]["id"], body["availabilityId"]);
}
