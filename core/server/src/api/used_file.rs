//! Lists of used tickets, as they arrive: CSV, or the same rows as JSON. What is wrong with a row is told with its line;
//! no fault repeats a code.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Timelike};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_engine::flows::redeem::Shown;
use entrepot_engine::flows::redeem_rows::{ROWS_LIMIT, UsedAt, UsedRow};
use serde_json::{Map, Value};

use super::redemption::{code_of, units_of};
use crate::http::problem::Problem;

/// The columns with a meaning.
pub(crate) const COLUMNS: [&str; 4] = ["code", "order", "units", "used_at"];

/// Forms of a time at the venue.
const LOCAL_FORMS: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
];

/// What a list says.
#[derive(Debug, Default)]
pub(crate) struct UsedFile {
    /// Rows that can be tried.
    pub(crate) rows: Vec<UsedRow>,
    /// Rows that cannot be read, by line.
    pub(crate) refused: BTreeMap<u32, String>,
    /// Columns that nobody asked for.
    pub(crate) ignored: Vec<String>,
}

fn too_many(found: usize) -> Problem {
    let text = format!("at most {ROWS_LIMIT} rows at once, found {found} or more; split the list");
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "malformed", text)
}

/// The rows of a CSV file with a header row.
pub(crate) fn of_csv(bytes: &[u8]) -> Result<UsedFile, Problem> {
    let (names, records) = records_of(bytes)?;
    let ignored = names.iter().filter(|name| !COLUMNS.contains(&name.as_str()));
    let ignored = ignored.map(|name| name.chars().take(80).collect()).collect();
    let mut file = UsedFile { ignored, ..UsedFile::default() };
    for (line, record) in records {
        if file.rows.len() + file.refused.len() >= ROWS_LIMIT {
            return Err(too_many(ROWS_LIMIT));
        }
        match record.and_then(|record| row_of(line, &fields_of(&names, &record)?)) {
            Ok(row) => file.rows.push(row),
            Err(fault) => drop(file.refused.insert(line, fault)),
        }
    }
    Ok(file)
}

/// A line of a file with its fields, or why it has none.
pub(crate) type Record = (u32, Result<csv::StringRecord, String>);

/// The heading's names, and the records with their lines.
pub(crate) fn records_of(bytes: &[u8]) -> Result<(Vec<String>, Vec<Record>), Problem> {
    let bytes = plain_ends(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let heading = reader.headers().map_err(|_| Problem::malformed("the header row cannot be read as UTF-8 CSV"))?;
    let names: Vec<String> = heading.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    if !names.iter().any(|name| name == "code" || name == "order") {
        let text = format!("the header row names neither `code` nor `order`; columns are {}", COLUMNS.join(", "));
        return Err(Problem::malformed(text));
    }
    if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(Problem::malformed(format!("the header row names the column `{twice}` twice")));
    }
    let mut records = Vec::new();
    for (number, record) in (2..).zip(reader.records()) {
        let line = |position: Option<&csv::Position>| {
            position.and_then(|position| u32::try_from(position.line()).ok()).unwrap_or(number)
        };
        records.push(match record {
            Ok(record) => (line(record.position()), Ok(record)),
            Err(fault) => (line(fault.position()), Err("the line cannot be read as UTF-8 CSV".to_owned())),
        });
    }
    Ok((names, records))
}

/// Lines that end with LF alone: the reader counts wrong where they end with CR LF.
fn plain_ends(bytes: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().enumerate().filter(|(at, byte)| **byte != b'\r' || bytes.get(at + 1) != Some(&b'\n'));
    kept.map(|(_, byte)| *byte).collect()
}

/// What is empty is left out.
pub(crate) fn fields_of(names: &[String], record: &csv::StringRecord) -> Result<Map<String, Value>, String> {
    if record.len() != names.len() {
        return Err(format!("expected {} fields, found {}", names.len(), record.len()));
    }
    let known = names.iter().zip(record.iter()).filter(|(name, _)| COLUMNS.contains(&name.as_str()));
    let full = known.map(|(name, text)| (name, text.trim())).filter(|(_, text)| !text.is_empty());
    let mut fields = Map::new();
    for (name, text) in full {
        let value = if name == "units" { numbers(text)? } else { Value::from(text) };
        fields.insert(name.clone(), value);
    }
    Ok(fields)
}

/// Numbers of units: `1;2`, `1 2` or `1,2`.
fn numbers(text: &str) -> Result<Value, String> {
    let parts = text.split([';', ',', ' ', '、']).map(str::trim).filter(|part| !part.is_empty());
    let numbers: Option<Vec<u64>> = parts.map(|part| part.parse().ok()).collect();
    numbers.map(Value::from).ok_or_else(|| "units: expected numbers such as 1;2".to_owned())
}

/// A row by its fields. Read by hand, because a reader's own words could repeat a code.
pub(crate) fn row_of(line: u32, fields: &Map<String, Value>) -> Result<UsedRow, String> {
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(format!("{name}: expected a text")),
    };
    let shown = match (text("code")?, text("order")?) {
        (Some(_), Some(_)) => return Err("expected a code or an order, found both".to_owned()),
        (None, None) => return Err("expected a code or an order, found neither".to_owned()),
        (Some(_), None) if fields.contains_key("units") => {
            return Err("units: a code is of one unit; name units beside an order only".to_owned());
        }
        (Some(code), None) => Shown::Code(code_of(code)?),
        (None, Some(order)) => {
            let order = order.parse().map_err(|_| "order: expected an order id".to_owned())?;
            Shown::Order(order, fields.get("units").map_or(Ok(UnitChoice::AllLeft), units_of)?)
        }
    };
    Ok(UsedRow { line, shown, used_at: text("used_at")?.map(time_of).transpose()? })
}

/// An instant with its offset, or a time at the venue.
fn time_of(text: &str) -> Result<UsedAt, String> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(UsedAt::Instant(Timestamp::from_millis(instant.timestamp_millis())));
    }
    let local = LOCAL_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let found = local.and_then(|local| {
        let date = VisitDate::new(local.date())?;
        Some(UsedAt::Local { date, second_of_day: local.num_seconds_from_midnight() })
    });
    found.ok_or_else(|| {
        "used_at: expected a time at the venue such as 2026-10-01 09:30, or one with its offset such as \
         2026-10-01T09:30:00+08:00"
            .to_owned()
    })
}

/// The rows of a JSON body: `{"rows": [{"line"?, "code" | "order" + "units"?, "used_at"?}], "dry_run"?}`.
pub(crate) fn of_json(bytes: &[u8]) -> Result<(UsedFile, bool), Problem> {
    let body: Map<String, Value> = serde_json::from_slice(bytes).map_err(|fault| {
        Problem::malformed(format!("the body: expected a JSON object; line {} column {}", fault.line(), fault.column()))
    })?;
    if body.keys().any(|name| !["rows", "dry_run"].contains(&name.as_str())) {
        return Err(Problem::malformed("the body: expected rows and dry_run only"));
    }
    let dry_run = match body.get("dry_run") {
        None => false,
        Some(Value::Bool(dry_run)) => *dry_run,
        Some(_) => return Err(Problem::malformed("the body: dry_run is true or false")),
    };
    let Some(Value::Array(rows)) = body.get("rows") else {
        return Err(Problem::malformed("the body: rows is a list of {\"code\"} or {\"order\", \"units\"?}"));
    };
    if rows.len() > ROWS_LIMIT {
        return Err(too_many(rows.len()));
    }
    let mut file = UsedFile::default();
    for (place, row) in (1..).zip(rows) {
        let line = row.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()).unwrap_or(place);
        match object_row(line, row) {
            Ok(row) => file.rows.push(row),
            Err(fault) => drop(file.refused.insert(line, fault)),
        }
    }
    Ok((file, dry_run))
}

fn object_row(line: u32, row: &Value) -> Result<UsedRow, String> {
    let fields = row.as_object().ok_or_else(|| "expected an object".to_owned())?;
    if fields.keys().any(|name| name != "line" && !COLUMNS.contains(&name.as_str())) {
        return Err(format!("expected line, {} only", COLUMNS.join(", ")));
    }
    row_of(line, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows_and_every_fault_has_its_line_but_no_code() {
        let text = "\u{feff}Code,order,units,used_at,fault\n\
            SECRET-1,,,2026-10-01 09:30,used twice\n\
            ,T1,1;2,2026-10-01T09:30:00+08:00,\n\
            SECRET-2,T1,,,\n\
            SECRET-3,,1,,\n\
            ,T1,x,,\n\
            SECRET-4,,,yesterday,\n\
            SECRET-5\n\
            ,,,,\n";
        let file = of_csv(text.as_bytes()).unwrap();
        assert_eq!(file.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
        assert!(matches!(file.rows[0].used_at, Some(UsedAt::Local { second_of_day: 34_200, .. })));
        assert!(matches!(&file.rows[1].shown, Shown::Order(order, UnitChoice::Numbers(units))
            if order.as_str() == "T1" && *units == [1, 2]));
        assert_eq!(file.refused.keys().copied().collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9]);
        assert!(!format!("{:?}", file.refused).contains("SECRET"), "{:?}", file.refused);
        assert_eq!(file.ignored, ["fault"]);
        let windows = of_csv(text.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(windows.refused, file.refused);
    }

    #[test]
    fn a_list_without_what_it_is_about_is_refused_whole() {
        for text in ["used_at\n1\n", "", "code,code\na,b\n"] {
            assert!(of_csv(text.as_bytes()).is_err(), "{text}");
        }
        let long = format!("code\n{}", "X\n".repeat(ROWS_LIMIT + 1));
        assert!(of_csv(long.as_bytes()).is_err());
        assert!(of_json(br#"{"rows":[{"code":"a"}],"more":1}"#).is_err());
        let (file, dry_run) = of_json(br#"{"rows":[{"code":"a","line":7},{"codes":"b"}],"dry_run":true}"#).unwrap();
        assert!(dry_run && file.rows[0].line == 7 && file.refused.contains_key(&2));
    }
}
