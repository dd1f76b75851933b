//! Stock of time slots (§6), whose answer's layout is a setting.

use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::reading::{CalendarPage, Vacancies};
use entrepot_sdk::contract::supplier::{SupplierRequest, SupplierResponse};
use entrepot_sdk::prelude::*;
use serde_json::{Value, json};
use zhiyoubao_simulator::{BadAnswer, Fault as Wrong, Goods};

use crate::desk::{Table, order};

/// The names that the simulated gateway has by default.
fn layout() -> Value {
    json!({ "list": "fsStocks", "item": "fsStock", "date": "date", "start": "fsStartTime", "end": "fsEndTime",
        "stock": "stock" })
}

async fn table(slot_stock: Value) -> Table {
    let table = Table::set(json!({ "slot_stock": slot_stock })).await;
    let boats = Goods::new("BOAT").priced(8_000);
    let boats = boats.slot("2026-03-05", "09:00", "10:30", 4).slot("2026-03-05", "10:30", "12:00", 0);
    table.desk.sell(boats.slot("2026-03-06", "09:00", "10:30", 7).slot("2026-04-09", "09:00", "10:30", 9));
    table
}

async fn read(table: &Table, goods: &str) -> Result<CalendarPage, Fault> {
    let day = |text: &str| text.parse().unwrap();
    let ask = SupplierRequest::ReadCalendar {
        product_code: goods.to_owned(),
        first: day("2026-03-05"),
        last: day("2026-03-31"),
        page: None,
    };
    match table.seat.call(Request::Supplier(ask)).await? {
        Response::Supplier(SupplierResponse::Calendar(page)) => Ok(page),
        other => panic!("{other:?}"),
    }
}

/// What is left of each slot, and a slot is booked by the name that was told.
#[tokio::test]
async fn slots_are_told_with_what_is_left_and_booked_by_their_names() {
    let table = table(layout()).await;
    let page = read(&table, "BOAT").await.unwrap();
    let told: Vec<_> = page
        .cells
        .iter()
        .map(|cell| {
            let Vacancies::Limited { units } = cell.vacancies else { panic!("{cell:?}") };
            (cell.date.to_string(), cell.slot.as_ref().unwrap().id.as_str(), units, cell.open)
        })
        .collect();
    let cell = |date: &str, slot, units, open| (date.to_owned(), slot, units, open);
    assert_eq!(
        told,
        [
            cell("2026-03-05", "09:00-10:30", 4, true),
            cell("2026-03-05", "10:30-12:00", 0, false),
            cell("2026-03-06", "09:00-10:30", 7, true)
        ]
    );
    let mut boat = order("M1", 3);
    boat.product_code = "BOAT".to_owned();
    boat.slot = Some(page.cells[0].slot.as_ref().unwrap().id.clone());
    table.seat.book(boat).await.unwrap();
    let left = read(&table, "BOAT").await.unwrap().cells[0].vacancies;
    assert_eq!(left, Vacancies::Limited { units: 1 });
}

/// Goods that nobody sells are refused, and goods without slots have none.
#[tokio::test]
async fn goods_without_slots_have_none() {
    let table = table(layout()).await;
    assert_eq!(read(&table, "PST1").await.unwrap().cells, []);
    let fault = read(&table, "PST404").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused, "{fault:?}");
}

/// A layout that is not the gateway's is never taken for a day without slots.
#[tokio::test]
async fn another_layout_is_told_with_the_setting_to_compare() {
    let wrong = |key: &str, name: &str| {
        let mut layout = layout();
        layout[key] = json!(name);
        layout
    };
    let list = read(&table(wrong("list", "stocks")).await, "BOAT").await.unwrap_err();
    assert_eq!(list.kind, FaultKind::Garbled);
    assert!(list.text.contains("settings.slot_stock.list"), "{}", list.text);
    let stock = read(&table(wrong("stock", "left")).await, "BOAT").await.unwrap_err();
    assert!(stock.text.contains("settings.slot_stock"), "{}", stock.text);
    let date = read(&table(wrong("date", "fsStartTime")).await, "BOAT").await.unwrap_err();
    assert_eq!(date.kind, FaultKind::Garbled, "{date:?}");
}

/// Without the names nobody asks; an answer that did not come is a fault.
#[tokio::test]
async fn nobody_asks_without_the_names() {
    let plain = Table::new().await;
    let fault = read(&plain, "PST1").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
    assert!(fault.text.contains("slot_stock"), "{}", fault.text);
    let table = table(layout()).await;
    table.desk.next_fault(Wrong::after_effect(BadAnswer::Never));
    assert!(read(&table, "BOAT").await.is_err());
}
