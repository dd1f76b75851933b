//! A table at the simulated supplier: its desk behind the plugin's calls, and orders as the core would give them.

use std::sync::Arc;

use entrepot_sdk::contract::message::{Request, Response};
use entrepot_sdk::contract::order::{Guest, GuestField, Visit};
use entrepot_sdk::contract::supplier::{
    Holding, ResendWay, Resent, SupplierRequest, SupplierResponse, SupplierUnit, Usage,
};
use entrepot_sdk::prelude::*;
use entrepot_sdk::testing::{Bench, Seat, World};
use octo_simulator::{Call, Desk, Options};
use serde_json::{Value, json};

pub use crate::fixture::{KEY, MUSEUM, answer};

/// 2026-03-01T00:00:00Z
pub const NOW: Timestamp = Timestamp::from_millis(1_772_323_200_000);
pub const BOAT: &str = "boat/boat-day/adult";
pub const BOAT_AT_NINE: &str = "boat.boat-day.20260305T0900";
pub const DAY: &str = "2026-03-05";

pub struct Table {
    pub desk: Arc<Desk>,
    pub seat: Seat,
}

pub fn options() -> Options {
    Options::standing_at(KEY, NOW.to_utc())
}

impl Table {
    pub async fn new() -> Self {
        Self::with(json!({}), |_| {}).await
    }

    pub async fn set(settings: Value) -> Self {
        Self::with(settings, |_| {}).await
    }

    pub async fn at(change: impl FnOnce(&mut Options)) -> Self {
        Self::with(json!({}), change).await
    }

    pub async fn with(settings: Value, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = options();
        change(&mut options);
        Self::before(settings, options, |_, response| response).await
    }

    /// A supplier whose successful answers are changed on their way, by what was asked.
    pub async fn before(
        settings: Value,
        options: Options,
        change: impl Fn(&HttpRequest, HttpResponse) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        let desk = Arc::new(Desk::new(options));
        let world = World::new();
        world.set_now(NOW);
        world.secret("api_key", KEY);
        let other = Arc::clone(&desk);
        world.other_side(move |request| answer(&other, request).map(|response| change(request, response)));
        let seat = Bench::new(octo_supplier::plugin()).world(&world).settings(settings).open().await.unwrap();
        Self { desk, seat }
    }

    async fn ask(&self, request: SupplierRequest) -> Result<SupplierResponse, Fault> {
        match self.seat.call(Request::Supplier(request)).await? {
            Response::Supplier(response) => Ok(response),
            other => panic!("{other:?}"),
        }
    }

    pub async fn hold(&self, order: &SupplierOrder, minutes: i64) -> Result<Holding, Fault> {
        let until = NOW.plus_millis(minutes * 60_000);
        match self.ask(SupplierRequest::Hold { order: Box::new(order.clone()), until }).await? {
            SupplierResponse::Holding(holding) => Ok(holding),
            other => panic!("{other:?}"),
        }
    }

    pub async fn release(&self, order: &SupplierOrder) -> Result<(), Fault> {
        match self.ask(SupplierRequest::Release { order: Box::new(order.clone()) }).await? {
            SupplierResponse::Released => Ok(()),
            other => panic!("{other:?}"),
        }
    }

    pub async fn book(&self, order: &SupplierOrder) -> Result<Booking, Fault> {
        self.seat.book(order.clone()).await
    }

    pub async fn inquire(&self, order: &SupplierOrder) -> Result<Booking, Fault> {
        self.seat.inquire(order.clone()).await
    }

    pub async fn cancel(&self, order: &SupplierOrder, units: &[u16]) -> Result<Cancellation, Fault> {
        self.seat.cancel(order.clone(), units, "R1").await
    }

    pub async fn inquire_cancel(&self, order: &SupplierOrder, units: &[u16]) -> Result<Cancellation, Fault> {
        self.seat.inquire_cancel(order.clone(), units, "R1", None).await
    }

    pub async fn usage(&self, order: &SupplierOrder) -> Result<Usage, Fault> {
        match self.ask(SupplierRequest::Usage { order: Box::new(order.clone()) }).await? {
            SupplierResponse::Usage(usage) => Ok(usage),
            other => panic!("{other:?}"),
        }
    }

    pub async fn resend(&self, order: &SupplierOrder) -> Result<Resent, Fault> {
        let (order, how, key) = (Box::new(order.clone()), ResendWay::Credentials, "S1".to_owned());
        match self.ask(SupplierRequest::Resend { order, how, key }).await? {
            SupplierResponse::Resent(resent) => Ok(resent),
            other => panic!("{other:?}"),
        }
    }

    pub async fn read(&self, request: SupplierRequest) -> Result<SupplierResponse, Fault> {
        self.ask(request).await
    }

    /// The calls that arrived, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.desk.recorded().into_iter().filter_map(|recorded| recorded.call).collect()
    }

    /// The body of the last call of a kind.
    pub fn body(&self, call: Call) -> Value {
        let recorded = self.desk.recorded();
        let last = recorded.iter().rev().find(|recorded| recorded.call == Some(call)).unwrap();
        serde_json::from_str(&last.request.body).unwrap()
    }

    /// Moves the supplier's clock.
    pub fn later(&self, minutes: i64) {
        self.desk.advance(chrono::TimeDelta::minutes(minutes));
    }
}

pub fn guest(name: &str) -> Guest {
    let plain = |text: &str| Some(GuestField::Plain(text.to_owned()));
    Guest { name: plain(name), phone: plain("19900000000"), document: plain("999999199001010016"), document_kind: None }
}

/// An order of the museum's, with its contact.
pub fn order(number: &str, units: u16) -> SupplierOrder {
    order_of(MUSEUM, number, units)
}

pub fn order_of(product_code: &str, number: &str, units: u16) -> SupplierOrder {
    let date: VisitDate = DAY.parse().unwrap();
    SupplierOrder {
        order: OrderId::parse(number).unwrap(),
        reference: None,
        product_code: product_code.to_owned(),
        units: (1..=units).map(|number| SupplierUnit { number, guests: Vec::new(), gone: false }).collect(),
        visit: Some(Visit { arrive: date, leave: date }),
        slot: None,
        buyer: Some(guest("测试甲")),
        unit_cost: None,
    }
}

/// An order of the boat's at nine.
pub fn boat(number: &str, units: u16) -> SupplierOrder {
    SupplierOrder { slot: Some(BOAT_AT_NINE.to_owned()), ..order_of(BOAT, number, units) }
}

/// The order as the core knows it after the supplier told its reference.
pub fn known(order: &SupplierOrder) -> SupplierOrder {
    SupplierOrder { reference: Some(SupplierReference::parse("HT000001").unwrap()), ..order.clone() }
}

#[track_caller]
pub fn issued(booking: Booking) -> Vec<UnitCredentials> {
    match booking {
        Booking::Issued { units, .. } => units,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn refused(booking: Booking) -> Refusal {
    match booking {
        Booking::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn held_until(holding: Holding) -> Timestamp {
    match holding {
        Holding::Held { until, .. } => until,
        other => panic!("{other:?}"),
    }
}
