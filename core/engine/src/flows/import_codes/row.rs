//! One row of a file of codes, as a person wrote it and a spreadsheet spoiled it: what can be mended is mended, what
//! cannot is refused with a reason. No reason repeats a code.

use entrepot_contract::ids::BatchId;
use entrepot_contract::money::{Currency, Money};
use entrepot_contract::supplier::CodeRow;
use entrepot_contract::time::VisitDate;
use entrepot_domain::code::{CodeFacts, ValidDays};
use serde::{Deserialize, Serialize};

/// A row as it came. Empty texts count as left out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportRow {
    /// Line in the file, for messages.
    pub line: u32,
    /// The code.
    pub code: String,
    /// A password that goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// First day on which it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Last day on which it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// Its batch; the import's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// What is printed on it, in yuan: `100` or `99.50`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face_value: Option<String>,
    /// The same in minor units of `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face_minor: Option<String>,
    /// The currency of `face_minor`; CNY when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl std::fmt::Debug for ImportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} ({} chars)", self.line, self.code.chars().count())
    }
}

/// A row that can be a code, as far as anybody but the pool's plugin can say.
pub(super) fn ready(row: &ImportRow, batch: &BatchId) -> Result<(CodeRow, CodeFacts), String> {
    let field = |text: &Option<String>| text.as_deref().map(mend).filter(|text| !text.is_empty());
    let code = mend(&row.code);
    shortened("code", &code)?;
    let password = field(&row.password);
    if let Some(password) = &password {
        shortened("password", password)?;
    }
    let day = |name: &str, text: Option<String>| text.map(|text| date(name, &text)).transpose();
    let valid =
        ValidDays { from: day("valid_from", field(&row.valid_from))?, to: day("valid_to", field(&row.valid_to))? };
    if let (Some(from), Some(to)) = (valid.from, valid.to)
        && to < from
    {
        return Err(format!("valid_to {to} is before valid_from {from}"));
    }
    let batch = match field(&row.batch) {
        Some(named) => BatchId::parse(named).map_err(|fault| format!("batch: {fault}"))?,
        None => batch.clone(),
    };
    let face = face(field(&row.face_value), field(&row.face_minor), field(&row.currency))?;
    Ok((CodeRow { line: row.line, code, password }, CodeFacts { batch, valid, face }))
}

/// The text as it was meant: full-width letters and digits become plain ones, what nobody sees goes away, and so do
/// blanks at the ends. Leading zeros and case stay.
fn mend(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '\u{3000}' | '\u{a0}' => Some(' '),
        // Soft hyphens, joiners, marks of direction, byte order marks.
        '\u{ad}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => None,
        other => Some(other),
    };
    let mended: String = text.chars().filter_map(plain).collect();
    let mended = mended.trim();
    // Exports keep a text from being taken for a formula by an apostrophe.
    let guarded = mended.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    guarded.unwrap_or(mended).to_owned()
}

/// Refuses `1.23E+17`: a spreadsheet took the code for a number, and its digits are gone.
fn shortened(what: &str, text: &str) -> Result<(), String> {
    let Some((number, power)) = text.split_once(['e', 'E']) else { return Ok(()) };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    match power.strip_prefix('+') {
        Some(power) if digits(whole) && digits(decimals) && digits(power) => Err(format!(
            "the {what} is a number that a spreadsheet shortened; format the column as text and fill it in again"
        )),
        _ => Ok(()),
    }
}

/// `2026-10-01`, `2026/10/1`, `2026.10.1`, `20261001` or `2026年10月1日`; a time of day behind it is left out.
fn date(name: &str, text: &str) -> Result<VisitDate, String> {
    let odd = || format!("{name}: expected a date as 2026-10-01, found something else");
    let day = text.split([' ', 'T']).next().unwrap_or(text);
    let parts: Vec<&str> = day.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    let written = match parts.as_slice() {
        [year, month, day] => format!("{year}-{month:0>2}-{day:0>2}"),
        [all] if all.len() == 8 && all.is_ascii() => format!("{}-{}-{}", &all[..4], &all[4..6], &all[6..]),
        _ => return Err(odd()),
    };
    written.parse().map_err(|_| odd())
}

fn face(value: Option<String>, minor: Option<String>, currency: Option<String>) -> Result<Option<Money>, String> {
    let currency = match currency {
        Some(text) => Currency::parse(&text.to_ascii_uppercase())
            .ok_or_else(|| "currency: expected three letters as CNY".to_owned())?,
        None => Currency::CNY,
    };
    let amount = match (value, minor) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("face_value and face_minor: give one of them".to_owned()),
        (Some(_), None) if currency != Currency::CNY => {
            return Err("face_value is in yuan; write other currencies in face_minor, in minor units".to_owned());
        }
        (Some(value), None) => fen(&value).ok_or_else(|| "face_value: expected yuan as 99.50".to_owned())?,
        (None, Some(minor)) => minor
            .parse::<i64>()
            .ok()
            .filter(|minor| *minor >= 0)
            .ok_or_else(|| "face_minor: expected a whole number of minor units".to_owned())?,
    };
    Ok(Some(Money::new(amount, currency)))
}

/// Yuan with at most two decimals, as fen.
fn fen(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let right = digits(whole) && digits(decimals) && decimals.len() <= 2;
    right.then(|| format!("{whole}{decimals:0<2}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: &str) -> ImportRow {
        ImportRow { line: 1, code: code.to_owned(), ..ImportRow::default() }
    }

    fn read(row: &ImportRow) -> Result<(CodeRow, CodeFacts), String> {
        ready(row, &BatchId::parse("b1").unwrap())
    }

    #[test]
    fn what_spreadsheets_and_keyboards_do_to_codes_is_mended_or_refused() {
        for (written, meant) in [
            ("\u{3000}ＡＢ１２－３\u{a0}", "AB12-3"),
            ("\u{feff}00\u{200b}7\u{200e}", "007"),
            ("0012E", "0012E"),
            ("E+5", "E+5"),
            ("'=1", "=1"),
            ("'1", "'1"),
            ("aBc", "aBc"),
        ] {
            assert_eq!(read(&row(written)).unwrap().0.code, meant);
        }
        for spoilt in ["1.23457E+17", "2E+10", "１.5e+12"] {
            let reason = read(&row(spoilt)).unwrap_err();
            assert!(reason.contains("spreadsheet") && !reason.contains("E+"), "{reason}");
        }
        let password = ImportRow { password: Some("1.0E+9".to_owned()), ..row("A") };
        assert!(read(&password).unwrap_err().contains("password"));
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let to = |text: &str| read(&ImportRow { valid_to: Some(text.to_owned()), ..row("A") });
        for text in ["2026-10-01", "2026/10/1", "2026.10.1", "20261001", "2026年10月1日", "2026-10-01 23:59:59"] {
            assert_eq!(to(text).unwrap().1.valid.to, Some("2026-10-01".parse().unwrap()), "{text}");
        }
        for text in ["soon", "2026-13-01", "1-10-2026", "46296"] {
            assert!(to(text).unwrap_err().starts_with("valid_to: expected"), "{text}");
        }
        let turned = ImportRow {
            valid_from: Some("2026-10-02".to_owned()),
            valid_to: Some("2026-10-01".to_owned()),
            ..row("A")
        };
        assert!(read(&turned).unwrap_err().contains("before valid_from"));
    }

    #[test]
    fn face_values_are_yuan_or_minor_units() {
        let face = |value: Option<&str>, minor: Option<&str>, currency: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            read(&ImportRow { face_value: own(value), face_minor: own(minor), currency: own(currency), ..row("A") })
                .map(|(_, facts)| facts.face)
        };
        assert_eq!(face(Some("99.5"), None, None).unwrap(), Some(Money::fen(9_950)));
        assert_eq!(face(Some("100"), None, Some("cny")).unwrap(), Some(Money::fen(10_000)));
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(face(None, Some("500"), Some("JPY")).unwrap(), Some(Money::new(500, yen)));
        assert_eq!(face(None, None, None).unwrap(), None);
        for wrong in [face(Some("1.234"), None, None), face(Some("5"), None, Some("USD")), face(None, Some("-1"), None)]
        {
            assert!(wrong.is_err());
        }
    }
}
