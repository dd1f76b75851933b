//! Successful answers with wrong or missing values. A list is corrupted in its first entry.

use serde_json::{Value, json};

/// What is wrong with an answer of status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corruption {
    /// `uuid` is missing.
    MissingUuid,
    /// `uuid` is no UUID.
    MalformedUuid,
    /// `status` is missing.
    MissingStatus,
    /// `status` is another documented one: CANCELLED where it was live, CONFIRMED where it was not.
    WrongStatus,
    /// `status` is a word that the page does not know.
    UnknownStatus,
    /// All amounts are negative.
    NegativePrice,
    /// All amounts are texts.
    PriceAsText,
    /// All amounts have a fraction.
    FractionalPrice,
    /// `net` is null everywhere, which is documented, and leaves the reseller without a price.
    NetNull,
    /// `currency` is another one.
    CurrencyChanged,
    /// `currencyPrecision` is another one: every amount means a tenth of itself.
    PrecisionChanged,
    /// `voucher` is null, also where the booking is confirmed.
    VoucherNull,
    /// `ticket` of every unit item is null, also where the booking is confirmed.
    TicketsNull,
    /// Vouchers and tickets without delivery options.
    NoDeliveryOptions,
    /// All unit items have one code.
    SameCodes,
    /// The last unit item is missing.
    UnitsShort,
    /// The last unit item comes twice.
    UnitsDoubled,
    /// `unitItems` is missing.
    MissingUnits,
    /// The first unit item is of another unit.
    UnitChanged,
    /// `productId` is another one.
    ProductChanged,
    /// `availabilityId` is another one.
    AvailabilityChanged,
    /// `resellerReference` is another one.
    ReferenceChanged,
    /// `utcExpiresAt` is null, also for a hold.
    ExpiryNull,
    /// Every `utc…` time is written without a zone.
    MalformedTimes,
    /// `cancellation` is null, also where the booking is cancelled.
    CancellationNull,
    /// `vacancies` is below zero.
    NegativeVacancies,
    /// `available` contradicts `status`.
    AvailableFlipped,
    /// An object where a list is expected, a list where an object is (§1: never an envelope).
    WrongShape,
    /// An error's body under status 200.
    ErrorBody,
    /// `null`.
    Null,
}

impl Corruption {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::MissingUuid,
        Self::MalformedUuid,
        Self::MissingStatus,
        Self::WrongStatus,
        Self::UnknownStatus,
        Self::NegativePrice,
        Self::PriceAsText,
        Self::FractionalPrice,
        Self::NetNull,
        Self::CurrencyChanged,
        Self::PrecisionChanged,
        Self::VoucherNull,
        Self::TicketsNull,
        Self::NoDeliveryOptions,
        Self::SameCodes,
        Self::UnitsShort,
        Self::UnitsDoubled,
        Self::MissingUnits,
        Self::UnitChanged,
        Self::ProductChanged,
        Self::AvailabilityChanged,
        Self::ReferenceChanged,
        Self::ExpiryNull,
        Self::MalformedTimes,
        Self::CancellationNull,
        Self::NegativeVacancies,
        Self::AvailableFlipped,
        Self::WrongShape,
        Self::ErrorBody,
        Self::Null,
    ];

    /// Does its damage. What the answer does not have stays away.
    pub(crate) fn apply(self, body: &mut Value) {
        match self {
            Self::WrongShape => {
                *body = match body.take() {
                    Value::Array(list) => json!({"data": list}),
                    other => json!([other]),
                }
            }
            Self::ErrorBody => *body = json!({"error": "UNPROCESSABLE_ENTITY", "errorMessage": "made up"}),
            Self::Null => *body = Value::Null,
            _ => {
                let first = if body.is_array() { body.get_mut(0) } else { Some(body) };
                if let Some(entry) = first {
                    self.damage(entry);
                }
            }
        }
    }

    fn damage(self, entry: &mut Value) {
        match self {
            Self::MissingUuid => remove(entry, "uuid"),
            Self::MalformedUuid => set(entry, "uuid", json!("not-a-uuid")),
            Self::MissingStatus => remove(entry, "status"),
            Self::WrongStatus => {
                let live = matches!(entry["status"].as_str(), Some("ON_HOLD" | "CONFIRMED" | "PENDING" | "REDEEMED"));
                set(entry, "status", json!(if live { "CANCELLED" } else { "CONFIRMED" }));
            }
            Self::UnknownStatus => set(entry, "status", json!("MISLAID")),
            Self::VoucherNull => set(entry, "voucher", Value::Null),
            Self::ProductChanged => set(entry, "productId", json!("another-product")),
            Self::AvailabilityChanged => set(entry, "availabilityId", json!("another-availability")),
            Self::ReferenceChanged => set(entry, "resellerReference", json!("ANOTHER-REFERENCE")),
            Self::ExpiryNull => set(entry, "utcExpiresAt", Value::Null),
            Self::CancellationNull => set(entry, "cancellation", Value::Null),
            Self::NegativeVacancies => set(entry, "vacancies", json!(-1)),
            Self::AvailableFlipped => {
                let flipped = !entry["available"].as_bool().unwrap_or_default();
                set(entry, "available", json!(flipped));
            }
            Self::MissingUnits => remove(entry, "unitItems"),
            Self::UnitsShort | Self::UnitsDoubled | Self::UnitChanged | Self::TicketsNull => self.damage_units(entry),
            _ => walk(entry, &|name, value| self.damage_deep(name, value)),
        }
    }

    fn damage_units(self, entry: &mut Value) {
        let Some(items) = entry.get_mut("unitItems").and_then(Value::as_array_mut) else { return };
        match self {
            Self::UnitsShort => drop(items.pop()),
            Self::UnitsDoubled => items.extend(items.last().cloned()),
            Self::UnitChanged => items.iter_mut().take(1).for_each(|item| set(item, "unitId", json!("another-unit"))),
            _ => items.iter_mut().for_each(|item| set(item, "ticket", Value::Null)),
        }
    }

    /// Damage to fields of a name, wherever they stand.
    fn damage_deep(self, name: &str, value: &mut Value) {
        let amount = matches!(name, "original" | "retail" | "net").then(|| value.as_i64()).flatten();
        match (self, name, amount) {
            (Self::NegativePrice, _, Some(amount)) => *value = json!(-amount.abs() - 1),
            (Self::PriceAsText, _, Some(amount)) => *value = json!(amount.to_string()),
            (Self::FractionalPrice, _, Some(amount)) => *value = json!(format!("{amount}.5").parse::<f64>().ok()),
            (Self::NetNull, "net", _) => *value = Value::Null,
            (Self::CurrencyChanged, "currency", _) => *value = json!("XTS"),
            (Self::PrecisionChanged, "currencyPrecision", _) => {
                *value = json!(value.as_i64().map(|precision| precision + 1));
            }
            (Self::NoDeliveryOptions, "deliveryOptions", _) => *value = json!([]),
            (Self::SameCodes, "deliveryValue", _) => *value = json!("T-SAME"),
            (Self::MalformedTimes, _, _) if name.starts_with("utc") && value.is_string() => {
                *value = json!("2026-03-05 09:00:00");
            }
            _ => {}
        }
    }
}

fn remove(entry: &mut Value, name: &str) {
    if let Some(map) = entry.as_object_mut() {
        map.remove(name);
    }
}

/// Sets a field that is there.
fn set(entry: &mut Value, name: &str, value: Value) {
    if let Some(held) = entry.get_mut(name) {
        *held = value;
    }
}

/// Visits every field, however deep.
fn walk(value: &mut Value, visit: &impl Fn(&str, &mut Value)) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                visit(name, inner);
                walk(inner, visit);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, visit)),
        _ => {}
    }
}
