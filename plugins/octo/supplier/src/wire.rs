//! The models of §3 as far as they are read. What the page says is always there has to be there: a field that may be null
//! has to be null, not missing. Enums know only the page's words.

use chrono::{DateTime, FixedOffset, NaiveDate};
use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::prelude::*;
use serde::{Deserialize, Deserializer};

/// There, and perhaps null.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// An instant, ISO 8601 with `Z` (§1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Utc(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = DateTime::parse_from_rfc3339(&text).ok().filter(|_| text.ends_with('Z') && text.contains('T'));
        let instant = parsed.ok_or_else(|| serde::de::Error::custom("an instant with Z is expected"))?;
        Ok(Self(Timestamp::from_millis(instant.timestamp_millis())))
    }
}

/// A time at the venue, ISO 8601 with its offset (§1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local(DateTime<FixedOffset>);

impl Local {
    /// The date there; none outside the years that tickets are sold for.
    pub(crate) fn date(self) -> Option<VisitDate> {
        VisitDate::new(self.0.date_naive())
    }

    /// `HH:mm` there.
    pub(crate) fn time(self) -> String {
        self.0.format("%H:%M").to_string()
    }

    pub(crate) fn instant(self) -> Timestamp {
        Timestamp::from_millis(self.0.timestamp_millis())
    }
}

impl<'de> Deserialize<'de> for Local {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = DateTime::parse_from_rfc3339(&text).ok().filter(|_| text.contains('T'));
        parsed.map(Self).ok_or_else(|| serde::de::Error::custom("a local time with its offset is expected"))
    }
}

/// A date, exactly `YYYY-MM-DD` (§1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocalDate(pub(crate) VisitDate);

impl<'de> Deserialize<'de> for LocalDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
        let date = parsed.and_then(VisitDate::new);
        date.map(Self).ok_or_else(|| serde::de::Error::custom("a date YYYY-MM-DD is expected"))
    }
}

/// `GET /supplier`.
#[derive(Debug, Deserialize)]
pub(crate) struct Supplier {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) endpoint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AvailabilityType {
    StartTime,
    OpeningHours,
}

/// `GET /products/{id}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) internal_name: String,
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
    pub(crate) availability_required: bool,
    pub(crate) availability_type: AvailabilityType,
    pub(crate) options: Vec<ProductOption>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductOption {
    pub(crate) id: String,
    pub(crate) internal_name: String,
    pub(crate) restrictions: OptionRestrictions,
    pub(crate) units: Vec<Unit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OptionRestrictions {
    #[serde(deserialize_with = "nullable")]
    pub(crate) min_units: Option<u16>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) max_units: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unit {
    pub(crate) id: String,
    pub(crate) internal_name: String,
    pub(crate) restrictions: UnitRestrictions,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnitRestrictions {
    #[serde(deserialize_with = "nullable")]
    pub(crate) min_quantity: Option<u16>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) max_quantity: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AvailabilityStatus {
    Available,
    Freesale,
    SoldOut,
    Limited,
    Closed,
}

impl AvailabilityStatus {
    /// What `available` has to say beside it.
    pub(crate) const fn available(self) -> bool {
        matches!(self, Self::Available | Self::Freesale | Self::Limited)
    }
}

/// One day of `POST /availability/calendar`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CalendarDay {
    pub(crate) local_date: LocalDate,
    pub(crate) available: bool,
    pub(crate) status: AvailabilityStatus,
    #[serde(deserialize_with = "nullable")]
    pub(crate) vacancies: Option<u32>,
    #[serde(default)]
    pub(crate) unit_pricing_from: Option<Vec<PricingUnit>>,
    #[serde(default)]
    pub(crate) pricing_from: Option<Pricing>,
}

/// One slot of `POST /availability`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    pub(crate) id: String,
    pub(crate) local_date_time_start: Local,
    pub(crate) local_date_time_end: Local,
    pub(crate) utc_cutoff_at: Utc,
    pub(crate) available: bool,
    pub(crate) status: AvailabilityStatus,
    #[serde(deserialize_with = "nullable")]
    pub(crate) vacancies: Option<u32>,
    #[serde(default)]
    pub(crate) unit_pricing: Option<Vec<PricingUnit>>,
    #[serde(default)]
    pub(crate) pricing: Option<Pricing>,
}

/// Pricing (§6): integers in the smallest unit of the currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pricing {
    pub(crate) original: u64,
    pub(crate) retail: u64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) net: Option<u64>,
    pub(crate) currency: Currency,
    pub(crate) currency_precision: u8,
}

/// The pricing of one unit type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricingUnit {
    pub(crate) unit_id: String,
    #[serde(flatten)]
    pub(crate) pricing: Pricing,
}

/// BookingStatus, of a booking and of a unit item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    OnHold,
    Confirmed,
    Expired,
    Cancelled,
    Redeemed,
    Pending,
    Rejected,
}

impl Status {
    /// Whether it still takes places.
    pub(crate) const fn alive(self) -> bool {
        matches!(self, Self::OnHold | Self::Confirmed | Self::Pending | Self::Redeemed)
    }
}

/// A booking. `Debug` is left out: its tickets are secrets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Booking {
    pub(crate) id: String,
    pub(crate) uuid: String,
    pub(crate) test_mode: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) reseller_reference: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) supplier_reference: Option<String>,
    pub(crate) status: Status,
    #[serde(deserialize_with = "nullable")]
    pub(crate) utc_expires_at: Option<Utc>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) utc_redeemed_at: Option<Utc>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) utc_confirmed_at: Option<Utc>,
    pub(crate) product_id: String,
    #[serde(default)]
    pub(crate) product: Option<BookedProduct>,
    pub(crate) option_id: String,
    pub(crate) cancellable: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) cancellation: Option<Cancelled>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) availability_id: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) availability: Option<BookedSlot>,
    pub(crate) delivery_methods: Vec<DeliveryMethod>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) voucher: Option<Ticket>,
    pub(crate) unit_items: Vec<UnitItem>,
    #[serde(default)]
    pub(crate) pricing: Option<Pricing>,
}

/// What is read of a booking's product; it may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookedProduct {
    #[serde(default)]
    pub(crate) instant_delivery: Option<bool>,
}

/// What is read of a booking's availability.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookedSlot {
    pub(crate) id: String,
    pub(crate) local_date_time_start: Local,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Refund {
    Full,
    Partial,
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cancelled {
    pub(crate) refund: Refund,
    #[expect(dead_code, reason = "it has to be there")]
    pub(crate) utc_cancelled_at: Utc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum DeliveryMethod {
    Voucher,
    Ticket,
}

/// A ticket, or the voucher of a booking.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticket {
    pub(crate) delivery_options: Vec<DeliveryOption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryOption {
    pub(crate) delivery_format: DeliveryFormat,
    pub(crate) delivery_value: String,
}

/// Vendors have formats of their own; what is not known here is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum DeliveryFormat {
    #[serde(rename = "QRCODE")]
    QrCode,
    #[serde(rename = "CODE128")]
    Code128,
    #[serde(rename = "AZTECCODE")]
    AztecCode,
    #[serde(rename = "PDF_URL", alias = "PKPASS_URL")]
    Link,
    #[serde(other)]
    Other,
}

/// One ticket of a booking.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnitItem {
    pub(crate) uuid: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) reseller_reference: Option<String>,
    pub(crate) unit_id: String,
    pub(crate) status: Status,
    #[serde(deserialize_with = "nullable")]
    pub(crate) utc_redeemed_at: Option<Utc>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) ticket: Option<Ticket>,
    #[serde(default)]
    pub(crate) pricing: Option<Pricing>,
}

impl UnitItem {
    /// Whether the gate has taken it (§4 step 6).
    pub(crate) fn used(&self) -> bool {
        self.status == Status::Redeemed || self.utc_redeemed_at.is_some()
    }
}

impl Booking {
    /// A hold that ran out by itself (§4 step 4): it was never confirmed, and nobody cancelled it.
    pub(crate) fn ran_out(&self) -> bool {
        self.status == Status::Expired && self.cancellation.is_none() && self.utc_confirmed_at.is_none()
    }

    /// What the supplier calls it, where that can be an id.
    pub(crate) fn reference(&self) -> Option<SupplierReference> {
        let names = [self.supplier_reference.as_deref(), Some(self.id.as_str())];
        names.into_iter().flatten().find_map(|name| SupplierReference::parse(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
        serde_json::from_value(value).ok()
    }

    /// §1's row of dates.
    #[test]
    fn times_are_as_the_page_writes_them() {
        let start: Local = read(json!("2026-03-05T09:00:00+08:00")).unwrap();
        assert_eq!((start.date().unwrap().to_string().as_str(), start.time().as_str()), ("2026-03-05", "09:00"));
        assert_eq!(read::<Utc>(json!("2026-03-05T01:00:00Z")).unwrap().0, start.instant());
        assert_eq!(read::<Utc>(json!("2026-03-05T01:00:00.000Z")).unwrap().0, start.instant());
        for bad in
            ["2026-03-05T09:00:00", "2026-03-05 09:00:00", "2026-03-05T09:00:00+08:00", "2026-03-05 01:00:00Z", ""]
        {
            assert!(read::<Utc>(json!(bad)).is_none(), "{bad}");
        }
        for bad in ["2026-03-05T09:00:00", "2026-03-05 09:00:00+08:00", "2026-03-05", "09:00"] {
            assert!(read::<Local>(json!(bad)).is_none(), "{bad}");
        }
        assert!(read::<LocalDate>(json!("2026-03-05")).is_some());
        for bad in ["2026-3-5", "2026-02-30", "20260305", "2026-03-05T00:00:00Z"] {
            assert!(read::<LocalDate>(json!(bad)).is_none(), "{bad}");
        }
    }

    /// §1's row of money.
    #[test]
    fn money_is_whole_and_has_its_precision() {
        let price = |retail: Value| json!({"original": 1, "retail": retail, "net": null, "currency": "CNY", "currencyPrecision": 2});
        assert_eq!(read::<Pricing>(price(json!(12_000))).unwrap().retail, 12_000);
        for bad in [json!(-1), json!("12000"), json!(120.5), json!(null)] {
            assert!(read::<Pricing>(price(bad.clone())).is_none(), "{bad}");
        }
        let mut missing = price(json!(1));
        missing.as_object_mut().unwrap().remove("net");
        assert!(read::<Pricing>(missing).is_none(), "net may be null, not missing");
    }

    #[test]
    fn words_that_the_page_does_not_know_are_not_read() {
        assert_eq!(read::<Status>(json!("ON_HOLD")), Some(Status::OnHold));
        assert!(read::<Status>(json!("MISLAID")).is_none() && read::<Status>(json!("on_hold")).is_none());
        assert_eq!(read::<DeliveryFormat>(json!("PKPASS_URL")), Some(DeliveryFormat::Link));
        assert_eq!(read::<DeliveryFormat>(json!("HOLOGRAM")), Some(DeliveryFormat::Other));
    }
}
