//! Which price applies (§6): the catalogue's, unless a button changed it for good or for one day.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::catalogue::{Price, PricingPer, Product, ProductOption, Tax, Unit};
use crate::refusal::Refusal;
use crate::shop::Shop;

/// What a changed price is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PriceKey {
    pub(crate) product: String,
    pub(crate) option: String,
    /// `None` for the price of a booking.
    pub(crate) unit: Option<String>,
    /// `None` for all days without a price of their own.
    pub(crate) date: Option<NaiveDate>,
    pub(crate) currency: String,
}

impl Price {
    /// Pricing as on the wire.
    pub(crate) fn json(&self) -> Value {
        let taxes: Vec<Value> = self.taxes.iter().map(Tax::json).collect();
        json!({
            "original": self.original, "retail": self.retail, "net": self.net, "currency": self.currency,
            "currencyPrecision": self.precision, "includedTaxes": taxes,
        })
    }

    /// The sum of prices in one currency; nothing for no price.
    pub(crate) fn sum<'a>(prices: impl Iterator<Item = &'a Self>) -> Option<Self> {
        prices.cloned().reduce(|mut sum, price| {
            sum.original += price.original;
            sum.retail += price.retail;
            sum.net = sum.net.zip(price.net).map(|(sum, more)| sum + more);
            for tax in price.taxes {
                if let Some(held) = sum.taxes.iter_mut().find(|held| held.name == tax.name) {
                    held.original += tax.original;
                    held.retail += tax.retail;
                    held.net = held.net.zip(tax.net).map(|(sum, more)| sum + more);
                } else {
                    sum.taxes.push(tax);
                }
            }
            sum
        })
    }
}

impl Tax {
    fn json(&self) -> Value {
        json!({"name": self.name, "retail": self.retail, "original": self.original, "net": self.net})
    }
}

impl Shop {
    /// The price of a unit, or of a booking where `unit` is `None`, on a day.
    pub(crate) fn price(
        &self,
        product: &Product,
        option: &ProductOption,
        unit: Option<&Unit>,
        date: Option<NaiveDate>,
        currency: &str,
    ) -> Option<Price> {
        let key = |date| PriceKey {
            product: product.id.clone(),
            option: option.id.clone(),
            unit: unit.map(|unit| unit.id.clone()),
            date,
            currency: currency.to_owned(),
        };
        let changed = self.prices.get(&key(date)).or_else(|| self.prices.get(&key(None)));
        let listed = unit.map_or(&option.prices, |unit| &unit.prices);
        changed.or_else(|| listed.iter().find(|price| price.currency == currency)).cloned()
    }

    /// `pricingFrom[]` or `pricing[]` of an option or a unit: one in each currency.
    pub(crate) fn price_list(&self, product: &Product, option: &ProductOption, unit: Option<&Unit>) -> Vec<Value> {
        let currencies = product.available_currencies.iter();
        currencies.filter_map(|currency| Some(self.price(product, option, unit, None, currency)?.json())).collect()
    }

    /// Adds the prices of a day to an availability or a day of the calendar; `from` chooses the calendar's names.
    pub(crate) fn add_day_prices(
        &self,
        told: &mut Value,
        (product, option): (&Product, &ProductOption),
        date: NaiveDate,
        currency: &str,
        from: bool,
    ) {
        if product.pricing_per == PricingPer::Booking {
            let price = self.price(product, option, None, Some(date), currency);
            told[if from { "pricingFrom" } else { "pricing" }] = json!(price.map(|price| price.json()));
            return;
        }
        let units = option.units.iter().filter_map(|unit| {
            let mut pricing = self.price(product, option, Some(unit), Some(date), currency)?.json();
            pricing["unitId"] = json!(unit.id);
            Some(pricing)
        });
        told[if from { "unitPricingFrom" } else { "unitPricing" }] = Value::Array(units.collect());
    }
}

/// The currency asked for, else the product's.
pub(crate) fn currency(product: &Product, asked: Option<&str>) -> Result<String, Refusal> {
    let currency = asked.unwrap_or(&product.default_currency);
    if product.available_currencies.iter().any(|known| known == currency) {
        return Ok(currency.to_owned());
    }
    Err(Refusal::bad("currency is none of the product's"))
}
