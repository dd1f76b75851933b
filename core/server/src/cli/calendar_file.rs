//! Reads a CSV file of a calendar, as a whole, before anything is done with it: each line becomes a row of the API.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::code_file::content_of;
use super::exit::Failure;

/// Most lines of one file.
const LINES_LIMIT: usize = 200_000;

/// The columns that a file may have; the first is needed.
const COLUMNS: [&str; 15] = [
    "sku",
    "date",
    "retail",
    "settlement",
    "cost",
    "retail_minor",
    "settlement_minor",
    "cost_minor",
    "currency",
    "stock",
    "bucket",
    "slot",
    "open",
    "minimum_units",
    "maximum_units",
];

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct CalendarFile {
    /// Rows as the API takes them, with their lines.
    pub(super) rows: Vec<(u64, Value)>,
    /// Lines that cannot be read, with the reasons.
    pub(super) refused: BTreeMap<u64, Vec<String>>,
    /// Columns that nobody asked for.
    pub(super) ignored: Vec<String>,
}

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<CalendarFile, Failure> {
    let (named, bytes) = content_of(path)?;
    parse(&bytes).map_err(|text| Failure::failed(format!("{named}: {text}")))
}

fn parse(bytes: &[u8]) -> Result<CalendarFile, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let heading = reader.headers().map_err(|_| "the heading line cannot be read".to_owned())?;
    let names: Vec<String> = heading.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    if !names.iter().any(|name| name == "sku") {
        return Err(format!("the heading line names no column `sku`; columns are {}", COLUMNS.join(", ")));
    }
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(format!("the heading line names the column `{}` twice", twice.1));
    }
    let ignored = names.iter().filter(|name| !COLUMNS.contains(&name.as_str())).cloned().collect();
    let mut file = CalendarFile { ignored, ..CalendarFile::default() };
    for (number, record) in (1..).zip(reader.records()) {
        // Fields may hold line breaks, so that a line's number comes from the reader where it knows it.
        let of = |position: Option<&csv::Position>| position.map_or(number + 1, csv::Position::line);
        if file.rows.len() + file.refused.len() >= LINES_LIMIT {
            return Err(format!("more than {LINES_LIMIT} lines; split the file"));
        }
        match record {
            Err(fault) => {
                file.refused.insert(of(fault.position()), vec!["the line cannot be read as UTF-8 CSV".to_owned()]);
            }
            Ok(record) => match row(&names, &record) {
                Ok(row) => file.rows.push((of(record.position()), row)),
                Err(faults) => {
                    file.refused.insert(of(record.position()), faults);
                }
            },
        }
    }
    Ok(file)
}

/// A line as a row of the API: what is empty is left out.
fn row(names: &[String], record: &csv::StringRecord) -> Result<Value, Vec<String>> {
    if record.len() != names.len() {
        return Err(vec![format!("expected {} fields, found {}", names.len(), record.len())]);
    }
    let fields: BTreeMap<&str, &str> = names
        .iter()
        .map(String::as_str)
        .zip(record.iter().map(str::trim))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let (mut row, mut faults) = (Map::new(), Vec::new());
    for (name, text) in &fields {
        let value = match *name {
            "sku" | "currency" | "bucket" | "slot" => Ok((*name, json!(text))),
            "date" => Ok(("dates", json!([text]))),
            "retail" => amount(text, &fields).map(|minor| ("retail_minor", minor)),
            "settlement" => amount(text, &fields).map(|minor| ("settlement_minor", minor)),
            "cost" => amount(text, &fields).map(|minor| ("cost_minor", minor)),
            "retail_minor" | "settlement_minor" | "cost_minor" | "minimum_units" | "maximum_units" => {
                whole(text).map(|number| (*name, number))
            }
            "stock" if text.eq_ignore_ascii_case("unlimited") => Ok(("stock", json!("unlimited"))),
            "stock" => whole(text).map(|number| ("stock", json!({ "limited": number }))),
            "open" => truth(text).map(|open| ("open", open)),
            _ => continue,
        };
        match value {
            Ok((key, _)) if row.contains_key(key) => {
                faults.push(format!("{key} is given twice, with and without minor units"))
            }
            Ok((key, value)) => {
                row.insert(key.to_owned(), value);
            }
            Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    if ["retail", "settlement", "cost"].iter().any(|name| fields.contains_key(name)) {
        row.entry("currency").or_insert_with(|| json!("CNY"));
    }
    if faults.is_empty() { Ok(Value::Object(row)) } else { Err(faults) }
}

/// An amount in yuan, at most two decimals, as minor units.
fn amount(text: &str, fields: &BTreeMap<&str, &str>) -> Result<Value, String> {
    if let Some(other) = fields.get("currency").filter(|currency| **currency != "CNY") {
        return Err(format!("currencies differ in their decimals; write {other} in a column of minor units"));
    }
    let odd = || format!("expected an amount such as 128 or 128.50, found {text:?}");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 2 || text.ends_with('.') {
        return Err(odd());
    }
    format!("{whole}{decimals:0<2}").parse::<i64>().map(|minor| json!(minor)).map_err(|_| odd())
}

fn whole(text: &str) -> Result<Value, String> {
    text.parse::<i64>().map(|number| json!(number)).map_err(|_| format!("expected a whole number, found {text:?}"))
}

fn truth(text: &str) -> Result<Value, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => Ok(json!(true)),
        "false" | "no" | "n" | "0" | "否" => Ok(json!(false)),
        _ => Err(format!("expected true or false, found {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows_and_every_fault_has_its_line() {
        let text = "\u{feff}SKU,date,retail,settlement,cost,stock,open,remark\n\
            boat,2026-10-01,128.5,90,,50,yes,a\n\
            boat,2026-10-02,,,80.05,unlimited,,\n\
            boat,2026-10-03,1.234,x,,-,maybe,\n\
            boat,2026-10-04\n";
        let file = parse(text.as_bytes()).unwrap();
        let first = json!({ "sku": "boat", "dates": ["2026-10-01"], "retail_minor": 12_850, "settlement_minor": 9_000,
            "currency": "CNY", "stock": { "limited": 50 }, "open": true });
        let second = json!({ "sku": "boat", "dates": ["2026-10-02"], "cost_minor": 8_005, "currency": "CNY",
            "stock": "unlimited" });
        assert_eq!(file.rows, [(2, first), (3, second)]);
        assert_eq!(file.refused[&4].len(), 4, "{:?}", file.refused);
        assert_eq!(file.refused[&5], ["expected 8 fields, found 2"]);
        assert_eq!(file.ignored, ["remark"]);
    }

    #[test]
    fn other_currencies_are_written_in_minor_units() {
        let file = parse(b"sku,retail,retail_minor,currency\na,5,,USD\na,,500,USD\na,5,500,CNY\n").unwrap();
        assert_eq!(file.rows, [(3, json!({ "sku": "a", "retail_minor": 500, "currency": "USD" }))]);
        assert_eq!(file.refused.keys().copied().collect::<Vec<_>>(), [2, 4]);
        assert!(parse(b"date\n2026-01-01\n").unwrap_err().contains("column `sku`"));
        assert!(parse(b"sku,sku\na,b\n").unwrap_err().contains("twice"));
    }
}
