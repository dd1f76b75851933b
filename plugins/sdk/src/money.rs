//! Amounts as partners write them, `80.00`, and as the contract carries them, in minor units. Exact both ways.
//!
//! ```
//! use entrepot_sdk::contract::money::{Currency, Money};
//! use entrepot_sdk::money;
//! assert_eq!(money::text(Money::fen(8_000)), "80.00");
//! assert_eq!(money::read("price", "80.5", Currency::CNY).unwrap(), Money::fen(8_050));
//! assert!(money::read("price", "80.505", Currency::CNY).is_err());
//! ```

use entrepot_contract::fault::Fault;
use entrepot_contract::money::{Currency, Money};

/// Longest text that is read as an amount, in bytes.
const TEXT_LIMIT_BYTES: usize = 32;

/// Decimals of a currency's minor unit (ISO 4217): 2 for CNY, 0 for JPY, 3 for KWD; 2 for a code that is not listed.
#[must_use]
pub fn decimals(currency: Currency) -> u32 {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// An amount with all decimals of its currency and without its code: `80.00`, `-0.05`, `1200` (JPY).
#[must_use]
pub fn text(money: Money) -> String {
    let decimals = decimals(money.currency);
    let scale = 10_u64.pow(decimals);
    let sign = if money.amount_minor < 0 { "-" } else { "" };
    let (whole, part) = (money.amount_minor.unsigned_abs() / scale, money.amount_minor.unsigned_abs() % scale);
    match decimals {
        0 => format!("{sign}{whole}"),
        decimals => format!("{sign}{whole}.{part:0width$}", width = decimals as usize),
    }
}

/// Reads digits with an optional point and an optional minus: `80`, `80.5`, `80.00`. Nothing is rounded: more decimals
/// than the currency has are taken only where they are 0. Garbled otherwise: a plus, an exponent, spaces, separators,
/// anything that does not fit. `what` names the field in the fault, which never repeats the text.
pub fn read(what: &str, text: &str, currency: Currency) -> Result<Money, Fault> {
    minor(text, decimals(currency))
        .map(|amount_minor| Money::new(amount_minor, currency))
        .ok_or_else(|| Fault::garbled(format!("{what} is no amount of {} such as 80.00", currency.as_str())))
}

fn minor(text: &str, decimals: u32) -> Option<i64> {
    if text.len() > TEXT_LIMIT_BYTES {
        return None;
    }
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || part.is_some_and(|part| !digits(part)) {
        return None;
    }
    let part = part.unwrap_or_default().trim_end_matches('0');
    let missing = decimals.checked_sub(u32::try_from(part.len()).ok()?)?;
    let amount: i64 = format!("{}{whole}{part}", if negative { "-" } else { "" }).parse().ok()?;
    amount.checked_mul(10_i64.pow(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn every_amount_survives_the_trip() {
        for amount in [0, 1, 9, 10, 99, 100, 8_000, 123_456_789, i64::MAX, -1, -100, i64::MIN] {
            for code in ["CNY", "JPY", "KWD", "CLF", "EUR"] {
                let money = Money::new(amount, of(code));
                assert_eq!(read("price", &text(money), of(code)).unwrap(), money, "{code}");
            }
        }
    }

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let written = |amount, code| text(Money::new(amount, of(code)));
        assert_eq!(written(8_000, "CNY"), "80.00");
        assert_eq!(written(-5, "CNY"), "-0.05");
        assert_eq!(written(1_200, "JPY"), "1200");
        assert_eq!(written(1_234, "KWD"), "1.234");
    }

    #[test]
    fn what_is_exact_is_read() {
        for (given, minor) in [("80", 8_000), ("80.5", 8_050), ("080.50", 8_050), ("80.0000", 8_000), ("-0.05", -5)] {
            assert_eq!(read("price", given, Currency::CNY).unwrap(), Money::fen(minor), "{given}");
        }
    }

    #[test]
    fn what_is_none_or_not_exact_is_refused_without_being_repeated() {
        let bad = [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "+5",
            "1e3",
            " 5",
            "5 ",
            "1,000.00",
            "80.005",
            "0x5",
            "五",
            "5.0.0",
            "¥5",
            "--5",
            "92233720368547758.08",
            "99999999999999999999999999999999999",
        ];
        for given in bad {
            let fault = read("price", given, Currency::CNY).unwrap_err();
            assert!(fault.text.starts_with("price is no amount of CNY"), "{given}: {}", fault.text);
        }
        assert!(read("price", "80.5", of("JPY")).is_err());
    }
}
