//! What tests ask for, in few words.

use entrepot_contract::calendar::{CalendarDay, Capacity, StockKey};
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, OrderId};
use entrepot_contract::intent::{AskRefund, CreateOrder, Intent, RecordRefund, UnitChoice, Wish};
use entrepot_contract::listing::{Listing, ListingNames, Sells};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Credential, CredentialKind, Guests, RefundCause, UnitCredentials, Visit};
use entrepot_contract::time::Timestamp;
use entrepot_domain::code::NewCode;
use entrepot_domain::code::{CodeFacts, ValidDays};
use entrepot_domain::command::{Body, CalendarRow, OrderName};

use crate::world::{DAY, RETAIL, SETTLEMENT, date, id};

pub fn listing(connection: &str, sku: &str) -> Listing {
    Listing {
        id: id(&format!("{connection}-{sku}")),
        connection: id(connection),
        sells: Sells::One(id(sku)),
        names: names(sku),
        on_sale: true,
        allotment: None,
        safety_stock: 0,
        there: None,
    }
}

pub fn names(sku: &str) -> ListingNames {
    ListingNames { product: Some(sku.to_owned()), ..ListingNames::default() }
}

pub fn cell(bucket: &str) -> StockKey {
    StockKey { bucket: id(bucket), date: Some(date(DAY)), slot: None }
}

pub fn day(sku: &str) -> CalendarDay {
    CalendarDay {
        sku: id(sku),
        date: Some(date(DAY)),
        retail: Money::fen(RETAIL),
        settlement: Money::fen(SETTLEMENT),
        open: true,
        close: None,
        cost: None,
        minimum_units: None,
        maximum_units: None,
        cutoff: None,
        slots: Vec::new(),
    }
}

pub fn calendar(sku: &str, bucket: &str, capacity: u32) -> Body {
    let row = CalendarRow { day: day(sku), stock: Some((cell(bucket), Capacity::Limited(capacity))) };
    Body::WriteCalendar { rows: vec![row] }
}

pub fn wish(sku: &str, count: u32) -> Wish {
    Wish {
        names: names(sku),
        count,
        visit: Some(Visit { arrive: date(DAY), leave: date(DAY) }),
        slot: None,
        origin_amount: Some(Money::fen(RETAIL * i64::from(count))),
        pay_amount: None,
        guests: Guests::default(),
        guests_final: true,
        ..Wish::default()
    }
}

pub fn creation(number: &str, sku: &str, count: u32, paid_at: Option<Timestamp>) -> CreateOrder {
    CreateOrder { paid_at, ..CreateOrder::new(id(number), wish(sku, count), Timestamp::from_millis(0)) }
}

pub fn create(number: &str, sku: &str, count: u32, paid_at: Option<Timestamp>) -> Body {
    Body::CreateOrder {
        connection: id("shop"),
        intent: Box::new(creation(number, sku, count, paid_at)),
        people: Vec::new(),
    }
}

pub fn name(number: &str) -> OrderName {
    OrderName::Channel(id("app"), id(number))
}

pub fn pay(number: &str) -> Body {
    Body::PayOrder { order: name(number), paid_at: Timestamp::from_millis(1) }
}

pub fn cancel(number: &str) -> Body {
    Body::CancelOrder { order: name(number), told: String::new() }
}

pub fn start_issue(number: &str) -> Body {
    Body::StartIssue { order: name(number), count: None, names: Default::default(), paid_at: None }
}

pub fn voucher(text: &str) -> Credential {
    Credential { kind: CredentialKind::VoucherNumber, value: text.to_owned(), document_kind: None }
}

pub fn tickets(order: &OrderId, count: u32) -> Vec<UnitCredentials> {
    (1..=u16::try_from(count).unwrap())
        .map(|unit| UnitCredentials { unit, credentials: vec![voucher(&format!("{order}-{unit}"))] })
        .collect()
}

pub fn record_issued(order: &OrderId, count: u32) -> Body {
    let result = entrepot_domain::command::IssueResult::Issued {
        reference: Some(id(&format!("S-{order}"))),
        units: tickets(order, count),
    };
    Body::RecordIssue { order: order.clone(), result }
}

pub fn redeem(number: &str, units: UnitChoice, used_at: Timestamp) -> Body {
    Body::Redeem { order: name(number), units, used_at }
}

pub fn question(number: &str, key: &str, units: UnitChoice, asked_at: Timestamp) -> AskRefund {
    AskRefund::new(id(number), key.to_owned(), RefundCause::Guest, units, asked_at)
}

pub fn ask(number: &str, key: &str, units: UnitChoice, asked_at: Timestamp) -> Body {
    Body::AskRefund { order: name(number), intent: question(number, key, units, asked_at) }
}

pub fn result(number: &str, key: &str, units: UnitChoice, refunded_at: Timestamp) -> RecordRefund {
    RecordRefund::new(id(number), key.to_owned(), RefundCause::Guest, units, Money::fen(RETAIL), refunded_at)
}

pub fn refunded(number: &str, key: &str, units: UnitChoice, refunded_at: Timestamp) -> Body {
    Body::RecordRefund { order: name(number), intent: result(number, key, units, refunded_at) }
}

pub fn fact(number: &str, intent: Intent) -> Body {
    let (application, order): (ApplicationId, ChannelOrderId) = (id("app"), id(number));
    Body::StoreFact { application, order, intent: Box::new(intent) }
}

pub fn codes(pool: &str, texts: &[&str]) -> Body {
    let codes =
        texts.iter().zip(1..).map(|(text, line)| NewCode { line, ..new_code(text, "b1", None, None) }).collect();
    Body::AddCodes { pool: id(pool), codes }
}

/// A code of a batch that is good from one day to another.
pub fn new_code(text: &str, batch: &str, from: Option<&str>, to: Option<&str>) -> NewCode {
    let valid = ValidDays { from: from.map(date), to: to.map(date) };
    let facts = CodeFacts { valid, ..CodeFacts::of(id(batch)) };
    NewCode { line: 1, text: text.to_owned(), credentials: vec![voucher(text)], facts }
}
