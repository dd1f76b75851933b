//! Prices of the capability `octo/pricing` (§6), brought into our money.

use entrepot_sdk::prelude::*;

use crate::exchange::wrong;
use crate::settings::OctoSettings;
use crate::wire::{Availability, CalendarDay, Pricing, PricingUnit};

/// What one thing costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// What we owe; suppliers may keep it to themselves.
    pub(crate) net: Option<Money>,
}

/// Currencies whose smallest unit is not a hundredth (ISO 4217).
const WITHOUT_DECIMALS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XPF"];
const WITH_THREE_DECIMALS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

fn decimals(currency: &str) -> u8 {
    match currency {
        _ if WITHOUT_DECIMALS.contains(&currency) => 0,
        _ if WITH_THREE_DECIMALS.contains(&currency) => 3,
        _ => 2,
    }
}

/// The price, in the currency asked for. A precision that is not the currency's own would shift every amount.
pub(crate) fn price(api: &str, field: &str, pricing: &Pricing, settings: &OctoSettings) -> Result<Price, Fault> {
    let at = |name: &str| format!("{field}.{name}");
    let currency = pricing.currency;
    if !settings.currency.is_empty() && settings.currency != currency.as_str() {
        return Err(wrong(api, &at("currency"), &settings.currency));
    }
    let precision = decimals(currency.as_str());
    if pricing.currency_precision != precision {
        return Err(wrong(api, &at("currencyPrecision"), &format!("{precision} for {}", currency.as_str())));
    }
    let money = |name: &str, amount: u64| {
        let amount = i64::try_from(amount).map_err(|_| wrong(api, &at(name), "an amount of at most 63 bits"))?;
        Ok(Money::new(amount, currency))
    };
    money("original", pricing.original)?;
    money("retail", pricing.retail)?;
    let net = pricing.net.map(|net| money("net", net)).transpose()?;
    Ok(Price { net })
}

/// Where a slot or day tells its prices.
pub(crate) struct Prices<'a> {
    /// The field, for people.
    pub(crate) field: &'static str,
    /// Prices by unit type.
    pub(crate) units: Option<&'a Vec<PricingUnit>>,
    /// The price of a booking.
    pub(crate) whole: Option<&'a Pricing>,
    /// Whether it is on sale: then it has a price.
    pub(crate) on_sale: bool,
}

impl Availability {
    /// Its prices (§6).
    pub(crate) fn prices(&self) -> Prices<'_> {
        let (units, whole) = (self.unit_pricing.as_ref(), self.pricing.as_ref());
        Prices { field: "unitPricing", units, whole, on_sale: self.available }
    }
}

impl CalendarDay {
    /// Its prices (§6).
    pub(crate) fn prices(&self) -> Prices<'_> {
        let (units, whole) = (self.unit_pricing_from.as_ref(), self.pricing_from.as_ref());
        Prices { field: "unitPricingFrom", units, whole, on_sale: self.available }
    }
}

impl Prices<'_> {
    /// The price of one unit. Nothing where the product is priced by booking: then nobody can say what one unit costs.
    pub(crate) fn of(&self, api: &str, unit: &str, settings: &OctoSettings) -> Result<Option<Price>, Fault> {
        if !settings.pricing {
            return Ok(None);
        }
        let pricing = self.units.and_then(|units| units.iter().find(|pricing| pricing.unit_id == unit));
        match (pricing, self.whole) {
            (Some(found), _) => price(api, self.field, &found.pricing, settings).map(Some),
            (None, Some(whole)) => price(api, self.field, whole, settings).map(|_| None),
            (None, None) if self.on_sale => Err(wrong(api, self.field, &format!("a price of the unit {unit}"))),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrepot_sdk::contract::money::Currency;

    #[test]
    fn a_precision_of_another_currency_is_not_believed() {
        let pricing = |currency: &str, currency_precision| Pricing {
            original: 100,
            retail: 100,
            net: Some(80),
            currency: Currency::parse(currency).unwrap(),
            currency_precision,
        };
        let any = OctoSettings::default();
        for (currency, precision) in [("CNY", 2), ("JPY", 0), ("KWD", 3)] {
            let told = price("test", "pricing", &pricing(currency, precision), &any).unwrap();
            assert_eq!(told.net, Some(Money::new(80, Currency::parse(currency).unwrap())));
            let fault = price("test", "pricing", &pricing(currency, precision + 1), &any).unwrap_err();
            assert!(fault.text.contains("pricing.currencyPrecision"), "{}", fault.text);
        }
        let yuan = OctoSettings { currency: "CNY".to_owned(), ..any };
        let fault = price("test", "pricing", &pricing("USD", 2), &yuan).unwrap_err();
        assert!(fault.text.contains("pricing.currency: expected CNY"), "{}", fault.text);
    }
}
