//! What is sold (§3) and at which prices (§6).

use chrono::{NaiveTime, TimeDelta};

/// `availabilityType` (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityType {
    /// Slots that begin at fixed times.
    StartTime,
    /// One slot a day with opening hours.
    OpeningHours,
}

/// `pricingPer` (§6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PricingPer {
    /// One price for the booking.
    Booking,
    /// A price for each unit item.
    Unit,
}

/// `deliveryMethods` (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMethod {
    /// One for the booking.
    Voucher,
    /// One for each unit item.
    Ticket,
}

impl DeliveryMethod {
    /// The word of the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Voucher => "VOUCHER",
            Self::Ticket => "TICKET",
        }
    }
}

/// `cancellationCutoffUnit` with its amount (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutoff {
    /// Minutes before the start.
    Minutes(u16),
    /// Hours before the start.
    Hours(u16),
    /// Days before the start.
    Days(u16),
}

impl Cutoff {
    /// Amount and unit as on the wire.
    #[must_use]
    pub const fn words(self) -> (u16, &'static str) {
        match self {
            Self::Minutes(amount) => (amount, "minute"),
            Self::Hours(amount) => (amount, "hour"),
            Self::Days(amount) => (amount, "day"),
        }
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> TimeDelta {
        match self {
            Self::Minutes(amount) => TimeDelta::minutes(amount.into()),
            Self::Hours(amount) => TimeDelta::hours(amount.into()),
            Self::Days(amount) => TimeDelta::days(amount.into()),
        }
    }
}

/// A tax contained in a price (§6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// `name`.
    pub name: String,
    /// Of the original price.
    pub original: i64,
    /// Of the retail price.
    pub retail: i64,
    /// Of the net price.
    pub net: Option<i64>,
}

/// Pricing (§6): amounts in the smallest unit of the currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// ISO 4217.
    pub currency: String,
    /// Decimals of the currency.
    pub precision: u8,
    /// Before discounts.
    pub original: i64,
    /// What the guest pays.
    pub retail: i64,
    /// What the reseller pays.
    pub net: Option<i64>,
    /// Taxes contained.
    pub taxes: Vec<Tax>,
}

/// A unit: a type of ticket (§3).
#[derive(Debug, Clone)]
pub struct Unit {
    /// `id`.
    pub id: String,
    /// `internalName`.
    pub internal_name: String,
    /// `reference`.
    pub reference: Option<String>,
    /// `type`: a word of UnitType.
    pub kind: &'static str,
    /// `requiredContactFields` of each unit item, asked for when the booking is confirmed.
    pub required_contact_fields: Vec<&'static str>,
    /// `minAge` and `maxAge`.
    pub ages: (u8, u8),
    /// `idRequired`.
    pub id_required: bool,
    /// `minQuantity`.
    pub min_quantity: Option<u32>,
    /// `maxQuantity`.
    pub max_quantity: Option<u32>,
    /// `paxCount`.
    pub pax_count: u32,
    /// `accompaniedBy`: ids of units of which one must be in the booking, too.
    pub accompanied_by: Vec<String>,
    /// A price in each currency, for products priced by unit.
    pub prices: Vec<Price>,
}

/// When an option takes place.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// `availabilityLocalStartTimes`; empty for OPENING_HOURS (§7).
    pub start_times: Vec<NaiveTime>,
    /// How long a slot lasts.
    pub minutes: u16,
    /// `openingHours`: from, to.
    pub opening_hours: Vec<(NaiveTime, NaiveTime)>,
    /// Places of a slot; `None` is FREESALE.
    pub capacity: Option<u32>,
    /// Minutes before the start, or before closing time, when booking ends.
    pub booking_cutoff_minutes: u16,
}

/// An option of a product (§3). Not called `Option`, which Rust has taken.
#[derive(Debug, Clone)]
pub struct ProductOption {
    /// `id`.
    pub id: String,
    /// `internalName`.
    pub internal_name: String,
    /// `reference`.
    pub reference: Option<String>,
    /// `default`.
    pub default: bool,
    /// Times and places.
    pub schedule: Schedule,
    /// The cancellation cut-off.
    pub cutoff: Cutoff,
    /// `requiredContactFields` of the booking, asked for when it is confirmed.
    pub required_contact_fields: Vec<&'static str>,
    /// `minUnits`.
    pub min_units: Option<u32>,
    /// `maxUnits`.
    pub max_units: Option<u32>,
    /// `units`.
    pub units: Vec<Unit>,
    /// A price in each currency, for products priced by booking.
    pub prices: Vec<Price>,
}

impl ProductOption {
    pub(crate) fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }
}

/// A product (§3).
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the page's fields")]
pub struct Product {
    /// `id`.
    pub id: String,
    /// `internalName`.
    pub internal_name: String,
    /// `reference`.
    pub reference: Option<String>,
    /// `locale`.
    pub locale: &'static str,
    /// `timeZone`.
    pub time_zone: &'static str,
    /// Minutes that the zone is ahead of UTC; the simulator knows no summer time.
    pub utc_offset_minutes: i32,
    /// `allowFreesale`.
    pub allow_freesale: bool,
    /// `instantConfirmation`.
    pub instant_confirmation: bool,
    /// `instantDelivery`.
    pub instant_delivery: bool,
    /// `availabilityRequired`.
    pub availability_required: bool,
    /// `availabilityType`.
    pub availability_type: AvailabilityType,
    /// `deliveryFormats`: words of DeliveryFormat.
    pub delivery_formats: Vec<&'static str>,
    /// `deliveryMethods`.
    pub delivery_methods: Vec<DeliveryMethod>,
    /// `redemptionMethod`: a word of RedemptionMethod.
    pub redemption_method: &'static str,
    /// `pricingPer`.
    pub pricing_per: PricingPer,
    /// `defaultCurrency`.
    pub default_currency: String,
    /// `availableCurrencies`.
    pub available_currencies: Vec<String>,
    /// `options`, at least one.
    pub options: Vec<ProductOption>,
}

impl Product {
    pub(crate) fn option(&self, id: &str) -> Option<&ProductOption> {
        self.options.iter().find(|option| option.id == id)
    }

    pub(crate) fn delivers(&self, method: DeliveryMethod) -> bool {
        self.delivery_methods.contains(&method)
    }
}
