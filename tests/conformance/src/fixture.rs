//! What an author brings: settings, secrets and a fake other side. No network, no clock.

use std::sync::Arc;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::Fault;
use entrepot_contract::notice::Notice;
use entrepot_contract::services::{HttpRequest, HttpResponse};
use entrepot_contract::supplier::UsedUnits;
use serde_json::Value;

/// Everything about one plugin under test.
#[derive(Clone)]
pub struct Fixture {
    /// The plugin's `settings.example.toml`.
    pub example: &'static str,
    /// Settings that must be refused, each with the key that the fault has to name.
    pub bad_settings: Vec<(Value, &'static str)>,
    /// Secrets by name. Make the values long and odd: the suite looks for them where they must not be.
    pub secrets: Vec<(&'static str, &'static str)>,
    /// The rest, by kind.
    pub side: Side,
}

/// What differs by kind of plugin.
#[derive(Clone)]
pub enum Side {
    /// A supplier that is called.
    Supplier(SupplierSide),
    /// A supplier that fulfils from a pool.
    Pool,
    /// A channel.
    Channel(Box<ChannelSide>),
}

/// The other side of a supplier.
#[derive(Clone)]
pub struct SupplierSide {
    /// A product that it sells, any number of units on any date.
    pub product: &'static str,
    /// A product that it refuses.
    pub refused_product: Option<&'static str>,
    /// Makes a fresh one.
    pub other_side: fn() -> Arc<dyn OtherSide>,
}

/// A supplier's system, played. It answers as the real one does; time-outs and garbage are the suite's to add.
pub trait OtherSide: Send + Sync {
    /// Answers one call.
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault>;
    /// What it believes was booked.
    fn booked(&self) -> Vec<Booked>;
    /// The units given back: their numbers in order, or how many where it does not tell them apart.
    fn cancelled(&self, order: &str) -> UsedUnits;
}

/// A booking, as the other side knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Our order number.
    pub order: String,
    /// The product.
    pub product: String,
    /// Units.
    pub count: u16,
    /// The date of arrival, `yyyy-MM-dd`.
    pub date: Option<String>,
}

/// A channel's calls, and its system behind `deliver`.
#[derive(Clone)]
pub struct ChannelSide {
    /// Settings of a connection.
    pub connection_settings: Value,
    /// The partner's account id.
    pub account: Option<&'static str>,
    /// The partner's shop ids.
    pub shops: Vec<&'static str>,
    /// Authentic calls, at least one a scene that has an order.
    pub samples: Vec<Sample>,
    /// Makes any call authentic.
    pub sign: fn(RawRequest) -> RawRequest,
    /// One notice for each event that the plugin declares.
    pub notices: Vec<Notice>,
    /// Answers the plugin's calls as the partner does when all is well.
    pub other_side: fn(&HttpRequest) -> Result<HttpResponse, Fault>,
}

/// An authentic call and what it is about.
#[derive(Clone)]
pub struct Sample {
    /// The call.
    pub raw: RawRequest,
    /// The name of the intent it decodes to.
    pub intent: &'static str,
    /// The channel order it is about.
    pub order: Option<&'static str>,
}
