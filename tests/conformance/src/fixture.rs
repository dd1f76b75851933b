//! What an author brings: settings, secrets and a fake other side. No network, no clock.

use std::sync::Arc;

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::Fault;
use entrepot_contract::notice::Notice;
use entrepot_contract::services::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use crate::side::OtherSide;

/// Everything about one plugin under test. Made by [`Fixture::supplier`], [`Fixture::pool`], [`Fixture::channel`] or from
/// a [check file](crate::check_file).
#[derive(Clone)]
pub struct Fixture {
    /// The instance's settings: what the plugin's `settings.example.toml` says.
    pub settings: Result<Value, String>,
    /// Settings that must be refused, each with the key that the fault has to name.
    pub bad_settings: Vec<(Value, String)>,
    /// Secrets by name. Make the values long and odd: the suite looks for them where they must not be.
    pub secrets: Vec<(String, String)>,
    /// The partner's base URL, as the plugin is opened with it.
    pub base_url: String,
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
    /// Nobody: what needs another side is not run.
    Nobody,
}

type FreshSide = Arc<dyn Fn() -> Result<Arc<dyn OtherSide>, String> + Send + Sync>;

/// The other side of a supplier.
#[derive(Clone)]
pub struct SupplierSide {
    /// A product that it sells, any number of units on any date.
    pub product: String,
    /// A product that it refuses.
    pub refused_product: Option<String>,
    /// The product whose calendar it tells, where that is another than the one it sells without more being said.
    pub calendar_product: Option<String>,
    /// Makes a fresh one, which knows no order.
    pub other_side: FreshSide,
}

impl SupplierSide {
    /// The product whose calendar is read.
    #[must_use]
    pub fn of_calendar(&self) -> &str {
        self.calendar_product.as_deref().unwrap_or(&self.product)
    }
}

/// A channel's calls, and its system behind `deliver`.
#[derive(Clone)]
pub struct ChannelSide {
    /// Settings of a connection.
    pub connection_settings: Value,
    /// The partner's account id.
    pub account: Option<String>,
    /// The partner's shop ids.
    pub shops: Vec<String>,
    /// Authentic calls, at least one a scene that has an order.
    pub samples: Vec<Sample>,
    /// Makes any call authentic; none where the suite cannot sign, and what needs it is not run.
    pub sign: Option<Signer>,
    /// One notice for each event that the plugin declares.
    pub notices: Vec<Notice>,
    /// Answers the plugin's calls as the partner does when all is well.
    pub other_side: Answerer,
}

/// Makes a call authentic.
pub type Signer = Arc<dyn Fn(RawRequest) -> RawRequest + Send + Sync>;
/// Answers a plugin's call.
pub type Answerer = Arc<dyn Fn(&HttpRequest) -> Result<HttpResponse, Fault> + Send + Sync>;

/// An authentic call and what it is about.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The call.
    pub raw: RawRequest,
    /// The name of the intent it decodes to.
    pub intent: String,
    /// The channel order it is about.
    pub order: Option<String>,
}

impl Sample {
    /// A call, the intent it decodes to, and the order it is about.
    #[must_use]
    pub fn new(raw: RawRequest, intent: &str, order: Option<&str>) -> Self {
        Self { raw, intent: intent.to_owned(), order: order.map(str::to_owned) }
    }
}

impl Fixture {
    /// For plugins that nothing is known of but their card.
    #[must_use]
    pub fn bare() -> Self {
        Self {
            settings: Ok(Value::Object(Map::new())),
            bad_settings: Vec::new(),
            secrets: Vec::new(),
            base_url: "http://partner.test".to_owned(),
            side: Side::Nobody,
        }
    }

    /// A supplier that is called: a product it sells, and how to make a fresh other side.
    #[must_use]
    pub fn supplier(product: &str, fresh: impl Fn() -> Arc<dyn OtherSide> + Send + Sync + 'static) -> Self {
        let (product, other_side) = (product.to_owned(), Arc::new(move || Ok(fresh())));
        let side = Side::Supplier(SupplierSide { product, refused_product: None, calendar_product: None, other_side });
        Self { side, ..Self::bare() }
    }

    /// A supplier that fulfils from a pool.
    #[must_use]
    pub fn pool() -> Self {
        Self { side: Side::Pool, ..Self::bare() }
    }

    /// A channel.
    #[must_use]
    pub fn channel(side: ChannelSide) -> Self {
        Self { side: Side::Channel(Box::new(side)), ..Self::bare() }
    }

    /// With the text of `settings.example.toml`.
    #[must_use]
    pub fn example(mut self, text: &str) -> Self {
        self.settings = toml::from_str(text).map_err(|fault| format!("settings.example.toml: {fault}"));
        self
    }

    /// With settings that must be refused, and the key that the fault has to name.
    #[must_use]
    pub fn bad_setting(mut self, settings: Value, key: &str) -> Self {
        self.bad_settings.push((settings, key.to_owned()));
        self
    }

    /// With a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the only product whose calendar a supplier's other side tells.
    #[must_use]
    pub fn calendar_of(mut self, product: &str) -> Self {
        if let Side::Supplier(side) = &mut self.side {
            side.calendar_product = Some(product.to_owned());
        }
        self
    }

    /// With a product that a supplier's other side refuses.
    #[must_use]
    pub fn refuses(mut self, product: &str) -> Self {
        if let Side::Supplier(side) = &mut self.side {
            side.refused_product = Some(product.to_owned());
        }
        self
    }
}
