//! Money: an integer of minor units (分 for CNY) with its currency. Never a float.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan, the default of every Chinese channel.
    pub const CNY: Self = Self(*b"CNY");

    /// Parses `CNY`, `USD`, …; `None` when it is not three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("expected a currency of three capital letters, found {text:?}"))
        })
    }
}

impl JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "An ISO 4217 code, for example CNY" })
    }
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyFault {
    /// The result does not fit 64 bits.
    #[error("the amount overflows 64 bits of minor units")]
    Overflow,
    /// Two currencies met.
    #[error("{0:?} and {1:?} cannot be added")]
    Currencies(Currency, Currency),
}

/// An amount in minor units of a currency. Negative amounts exist only as differences.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Money {
    /// Minor units: fen for CNY.
    pub amount_minor: i64,
    /// The currency; CNY when left out.
    #[serde(default = "cny")]
    pub currency: Currency,
}

fn cny() -> Currency {
    Currency::CNY
}

impl Money {
    /// An amount of minor units in a currency.
    #[must_use]
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self { amount_minor, currency }
    }

    /// Fen of Chinese yuan.
    #[must_use]
    pub const fn fen(amount_minor: i64) -> Self {
        Self::new(amount_minor, Currency::CNY)
    }

    /// Nothing, in this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyFault> {
        self.combine(other, i64::checked_add)
    }

    /// Difference of two amounts of one currency; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyFault> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount taken `count` times.
    pub fn times(self, count: u32) -> Result<Self, MoneyFault> {
        let amount = self.amount_minor.checked_mul(i64::from(count)).ok_or(MoneyFault::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyFault> {
        if self.currency != other.currency {
            return Err(MoneyFault::Currencies(self.currency, other.currency));
        }
        let amount = operation(self.amount_minor, other.amount_minor).ok_or(MoneyFault::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let absolute = self.amount_minor.unsigned_abs();
        write!(f, "{sign}{}.{:02} {}", absolute / 100, absolute % 100, self.currency.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overflow_and_mixed_currencies_are_refused() {
        assert_eq!(Money::fen(i64::MAX).plus(Money::fen(1)), Err(MoneyFault::Overflow));
        assert_eq!(Money::fen(i64::MAX).times(2), Err(MoneyFault::Overflow));
        let usd = Money::new(1, Currency::parse("USD").unwrap());
        assert!(matches!(Money::fen(1).plus(usd), Err(MoneyFault::Currencies(..))));
    }

    #[test]
    fn reads_as_people_write_it() {
        assert_eq!(Money::fen(-1234).to_string(), "-12.34 CNY");
        let money: Money = serde_json::from_str(r#"{"amount_minor":5}"#).unwrap();
        assert_eq!(money, Money::fen(5));
        assert!(serde_json::from_str::<Money>(r#"{"amount_minor":5.5}"#).is_err());
        assert!(Currency::parse("cny").is_none());
    }
}
