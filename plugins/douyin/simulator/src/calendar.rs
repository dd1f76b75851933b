//! The price and stock calendar the platform has been given (`spec/douyin-scenic-calendar.md` §§14 to 16).

use crate::openapi::fields::{Fields, Refusal};
use chrono::{Datelike, Days, NaiveDate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest date range of one calendar item (ours).
const RANGE_DAYS_MAX: i64 = 400;

/// What is known of one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOffer {
    /// List price, fen.
    pub origin_fen: i64,
    /// Selling price, fen.
    pub actual_fen: i64,
    /// Settlement price, fen.
    pub settle_fen: Option<i64>,
    /// Stock.
    pub stock: i64,
    /// `status` as sent; the values are not documented.
    pub status: i64,
}

/// account, specification.
type SkuKey = (String, String);

/// All calendars.
#[derive(Debug, Default)]
pub(crate) struct CalendarBook {
    days: BTreeMap<SkuKey, BTreeMap<String, DayOffer>>,
}

/// One specification with the offers parsed from a request, not yet stored.
pub(crate) struct SkuDays {
    key: SkuKey,
    offers: BTreeMap<String, DayOffer>,
}

impl SkuDays {
    /// The dates it names.
    pub(crate) fn dates(&self) -> impl Iterator<Item = &String> {
        self.offers.keys()
    }
}

impl CalendarBook {
    pub(crate) fn days(&self, account_id: &str, sku: &str) -> BTreeMap<String, DayOffer> {
        self.days.get(&(account_id.to_owned(), sku.to_owned())).cloned().unwrap_or_default()
    }

    /// Stores; `replace` drops the dates that are not named (scenic §15: unknown which the platform does).
    pub(crate) fn store(&mut self, sku: SkuDays, replace: bool) {
        let days = self.days.entry(sku.key).or_default();
        if replace {
            days.clear();
        }
        days.extend(sku.offers);
    }
}

/// Reads one specification and its list of calendar items. `sku_out_id` names the calendar, else `sku_id`.
pub(crate) fn read_sku(account_id: &str, specification: &Value, items: &[Value]) -> Result<SkuDays, Refusal> {
    let fields = Fields::of(specification);
    let sku = match fields.text_opt("sku_out_id")? {
        Some(out_id) => out_id,
        None => fields.text("sku_id")?,
    };
    if let Some(session) = specification.get("ticket_session").filter(|value| !value.is_null()) {
        Fields::of(session).text("ticket_session_name")?;
    }
    let mut offers = BTreeMap::new();
    for item in items {
        let offer = read_offer(item)?;
        for date in read_dates(item)? {
            offers.insert(date, offer.clone());
        }
    }
    Ok(SkuDays { key: (account_id.to_owned(), sku.to_owned()), offers })
}

fn read_offer(item: &Value) -> Result<DayOffer, Refusal> {
    let fields = Fields::of(item);
    let offer = DayOffer {
        origin_fen: fields.long("origin_amount")?,
        actual_fen: fields.long("actual_amount")?,
        settle_fen: fields.long_opt("settle_amount")?,
        stock: fields.long("stock_qty")?,
        status: fields.int("status")?,
    };
    if offer.origin_fen < 0 || offer.actual_fen < 0 || offer.stock < 0 {
        return Err(Refusal::parameter("prices and stock must not be negative"));
    }
    Ok(offer)
}

/// The dates of one item: type 3 lists them; 1 is a range; 2 and 4 are the weekdays 1 to 7 of `value_list` within
/// a range (types 2 and 4 inferred).
fn read_dates(item: &Value) -> Result<BTreeSet<String>, Refusal> {
    let kind = Fields::of(item).int("calendar_type")?;
    let value = item.get("calendar_value").filter(|value| value.is_object());
    let value = value.ok_or_else(|| Refusal::parameter("calendar_value is missing"))?;
    let fields = Fields::of(value);
    let excluded = dates_of(fields.list_opt("exclude_date_list")?)?;
    let listed = fields.list_opt("value_list")?;
    let found = match kind {
        3 => dates_of(listed)?,
        1 => range(&fields)?,
        2 | 4 => {
            let wanted: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
            let on = |day: &NaiveDate| wanted.contains(day.weekday().number_from_monday().to_string().as_str());
            range(&fields)?.into_iter().filter(on).collect()
        }
        _ => return Err(Refusal::parameter("calendar_type must be 1, 2, 3 or 4")),
    };
    if found.is_empty() {
        return Err(Refusal::parameter("calendar_value names no date"));
    }
    Ok(found.difference(&excluded).map(NaiveDate::to_string).collect())
}

fn dates_of(list: &[Value]) -> Result<BTreeSet<NaiveDate>, Refusal> {
    list.iter().map(|date| parse(date.as_str().unwrap_or_default())).collect()
}

fn parse(date: &str) -> Result<NaiveDate, Refusal> {
    NaiveDate::parse_from_str(date, "%Y-%m-%d")
        .map_err(|_| Refusal::parameter(format!("{date:?} is not a yyyy-MM-dd date")))
}

fn range(fields: &Fields<'_>) -> Result<BTreeSet<NaiveDate>, Refusal> {
    let (first, last) = (parse(fields.text("start_date")?)?, parse(fields.text("end_date")?)?);
    let length = last.signed_duration_since(first).num_days();
    if !(0..RANGE_DAYS_MAX).contains(&length) {
        return Err(Refusal::parameter("start_date to end_date is not a usable range"));
    }
    Ok((0..=length.unsigned_abs()).filter_map(|step| first.checked_add_days(Days::new(step))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(kind: i64, value: Value) -> Value {
        json!({"calendar_type": kind, "calendar_value": value, "origin_amount": "10000", "actual_amount": 9000,
            "stock_qty": 5, "status": 1})
    }

    #[test]
    fn the_kinds_of_dates() {
        let dates = |kind, value| read_dates(&item(kind, value)).map(|set| set.into_iter().collect::<Vec<_>>());
        assert_eq!(dates(3, json!({"value_list": ["2026-10-01"]})).ok(), Some(vec!["2026-10-01".to_owned()]));
        let range = json!({"start_date": "2026-10-01", "end_date": "2026-10-03",
            "exclude_date_list": ["2026-10-02"], "value_list": []});
        assert_eq!(dates(1, range).ok().map(|list| list.len()), Some(2));
        let weekdays = json!({"start_date": "2026-10-01", "end_date": "2026-10-14", "value_list": ["4"]});
        assert_eq!(dates(4, weekdays).ok(), Some(vec!["2026-10-01".to_owned(), "2026-10-08".to_owned()]));
        assert!(dates(3, json!({"value_list": ["1.10.2026"]})).is_err());
        assert!(dates(9, json!({})).is_err());
    }

    #[test]
    fn storing_merges_or_replaces() {
        let mut book = CalendarBook::default();
        let day = |date: &str| {
            let items = [item(3, json!({"value_list": [date]}))];
            read_sku("70001", &json!({"sku_out_id": "S"}), &items).unwrap_or_else(|err| panic!("{}", err.text))
        };
        book.store(day("2026-10-01"), false);
        book.store(day("2026-10-02"), false);
        assert_eq!(book.days("70001", "S").len(), 2);
        book.store(day("2026-10-03"), true);
        assert_eq!(book.days("70001", "S").len(), 1);
        assert_eq!(book.days("70001", "S")["2026-10-03"].origin_fen, 10_000);
    }
}
