//! Supplier, products and capabilities as JSON (§3, §6).

use serde_json::{Value, json};

use crate::catalogue::{AvailabilityType, DeliveryMethod, PricingPer, Product, ProductOption, Unit};
use crate::head::PLAYED;
use crate::shop::Shop;

/// Where the pricing capability adds prices to products (§6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prices {
    /// Not asked for.
    Absent,
    /// `pricingFrom[]`, before booking.
    From,
    /// `pricing[]`, inside a booking.
    Inside,
}

impl Prices {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Absent => None,
            Self::From => Some("pricingFrom"),
            Self::Inside => Some("pricing"),
        }
    }
}

impl Shop {
    /// `GET /supplier`.
    pub(crate) fn supplier(&self) -> Value {
        json!({
            "id": "harbour-tickets",
            "name": "Harbour Tickets",
            "endpoint": self.options.endpoint,
            "contact": {
                "website": "https://harbour.example",
                "email": "desk@harbour.example",
                "telephone": "+12025550100",
                "address": null,
            },
        })
    }

    /// `GET /products`.
    pub(crate) fn products(&self, prices: Prices) -> Value {
        self.catalogue.iter().map(|product| self.product_json(product, prices)).collect()
    }

    /// A product.
    pub(crate) fn product_json(&self, product: &Product, prices: Prices) -> Value {
        let availability_type = match product.availability_type {
            AvailabilityType::StartTime => "START_TIME",
            AvailabilityType::OpeningHours => "OPENING_HOURS",
        };
        let options = product.options.iter().map(|option| self.option_json(product, option, prices));
        let mut told = json!({
            "id": product.id,
            "internalName": product.internal_name,
            "reference": product.reference,
            "locale": product.locale,
            "timeZone": product.time_zone,
            "allowFreesale": product.allow_freesale,
            "instantConfirmation": product.instant_confirmation,
            "instantDelivery": product.instant_delivery,
            "availabilityRequired": product.availability_required,
            "availabilityType": availability_type,
            "deliveryFormats": product.delivery_formats,
            "deliveryMethods": methods(product),
            "redemptionMethod": product.redemption_method,
            "options": options.collect::<Vec<_>>(),
        });
        if prices != Prices::Absent {
            told["defaultCurrency"] = json!(product.default_currency);
            told["availableCurrencies"] = json!(product.available_currencies);
            told["pricingPer"] = json!(match product.pricing_per {
                PricingPer::Booking => "BOOKING",
                PricingPer::Unit => "UNIT",
            });
        }
        told
    }

    /// An option.
    pub(crate) fn option_json(&self, product: &Product, option: &ProductOption, prices: Prices) -> Value {
        let times = option.schedule.start_times.iter().map(|time| time.format("%H:%M").to_string());
        let (amount, unit) = option.cutoff.words();
        let units = option.units.iter().map(|unit| self.unit_json(product, option, unit, prices));
        let mut told = json!({
            "id": option.id,
            "default": option.default,
            "internalName": option.internal_name,
            "reference": option.reference,
            "availabilityLocalStartTimes": times.collect::<Vec<_>>(),
            "cancellationCutoff": format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" }),
            "cancellationCutoffAmount": amount,
            "cancellationCutoffUnit": unit,
            "requiredContactFields": option.required_contact_fields,
            "restrictions": {"minUnits": option.min_units, "maxUnits": option.max_units},
            "units": units.collect::<Vec<_>>(),
        });
        if let Some(name) = prices.name().filter(|_| product.pricing_per == PricingPer::Booking) {
            told[name] = self.price_list(product, option, None).into();
        }
        told
    }

    /// A unit.
    pub(crate) fn unit_json(&self, product: &Product, option: &ProductOption, unit: &Unit, prices: Prices) -> Value {
        let mut told = json!({
            "id": unit.id,
            "internalName": unit.internal_name,
            "reference": unit.reference,
            "type": unit.kind,
            "requiredContactFields": unit.required_contact_fields,
            "restrictions": {
                "minAge": unit.ages.0,
                "maxAge": unit.ages.1,
                "idRequired": unit.id_required,
                "minQuantity": unit.min_quantity,
                "maxQuantity": unit.max_quantity,
                "paxCount": unit.pax_count,
                "accompaniedBy": unit.accompanied_by,
            },
        });
        if let Some(name) = prices.name().filter(|_| product.pricing_per == PricingPer::Unit) {
            told[name] = self.price_list(product, option, Some(unit)).into();
        }
        told
    }
}

/// `deliveryMethods`.
pub(crate) fn methods(product: &Product) -> Vec<&'static str> {
    product.delivery_methods.iter().map(|method| DeliveryMethod::word(*method)).collect()
}

/// `GET /capabilities`. Revisions are not described; 1 stands for all (inferred).
pub(crate) fn capabilities() -> Value {
    let told = |id: &str| json!({"id": id, "revision": 1, "required": false, "dependencies": [], "docs": null});
    PLAYED.into_iter().map(told).collect()
}
