//! What a bulk write asks for: rows as they come, each with its place and every fault it has by itself.

use std::collections::BTreeSet;

use chrono::Datelike;
use entrepot_contract::calendar::{Capacity, SalesClose};
use entrepot_contract::ids::{BucketId, SkuId};
use entrepot_contract::money::Currency;
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::VisitDate;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::api::acts::{AMOUNT_LIMIT_MINOR, slot_fault};
use crate::http::problem::Problem;

/// Most cells of one call: a SKU on a date is a cell.
pub(super) const CELLS_LIMIT: usize = 20_000;

/// Most days before a date that its sales may end.
const CLOSE_LIMIT_DAYS: u16 = 365;

/// What is to be written for one SKU. What is left out stays as it is; new dates need prices and stock, and are open
/// unless it is said otherwise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The SKU.
    pub(super) sku: SkuId,
    /// First date of a range.
    from: Option<VisitDate>,
    /// Last date of it.
    to: Option<VisitDate>,
    /// Only these weekdays of the range: 1 is Monday, 7 Sunday.
    weekdays: Option<BTreeSet<u8>>,
    /// Single dates, besides the range.
    dates: Option<BTreeSet<VisitDate>>,
    /// What a guest pays for one unit.
    pub(super) retail_minor: Option<i64>,
    /// What a distributor owes for one unit.
    pub(super) settlement_minor: Option<i64>,
    /// Of both prices; as before, or CNY.
    pub(super) currency: Option<Currency>,
    /// Whether the date is on sale.
    pub(super) open: Option<bool>,
    /// How many units may be sold.
    pub(super) stock: Option<Capacity>,
    /// The bucket of that stock; the SKU's own when left out.
    pub(super) bucket: Option<BucketId>,
    /// When sales for a date end; null: with the date itself.
    #[serde(default, deserialize_with = "said_strictly")]
    #[schemars(with = "Option<SalesClose>")]
    pub(super) close: Option<Option<SalesClose>>,
    /// What the merchant owes his supplier for one unit; null: not known.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<i64>")]
    pub(super) cost_minor: Option<Option<i64>>,
    /// Fewest units of one order; null: the SKU's own.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<u16>")]
    pub(super) minimum_units: Option<Option<u16>>,
    /// Most units of one order; null: the SKU's own.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "Option<u16>")]
    pub(super) maximum_units: Option<Option<u16>>,
    /// The time slot of that stock, where the date has several.
    pub(super) slot: Option<String>,
}

/// Tells null from what is left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The same for what the contract reads leniently.
fn said_strictly<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    entrepot_contract::strict::strict::<D, Option<T>>(deserializer).map(Some)
}

/// One wish at the top, or several in `rows`, or both; and how the call is meant.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Wish::json_schema(generator);
    let rows = json!({ "type": "array", "items": generator.subschema_for::<Wish>() });
    let flag = |meaning: &str| json!({ "type": "boolean", "default": false, "description": meaning });
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("rows".to_owned(), rows);
        let skip = "Writes the good rows although others are bad, and answers every bad one with its place";
        properties.insert("skip_bad_rows".to_owned(), flag(skip));
        properties.insert("dry_run".to_owned(), flag("Checks only; nothing is written"));
    }
    schema.remove("required");
    schema
}

/// A row that cannot be written, with the reason.
#[derive(Debug, Clone)]
pub(super) struct Bad {
    /// Where it stands in the body.
    pub(super) place: String,
    /// Why.
    pub(super) refusal: Refusal,
}

impl Bad {
    pub(super) fn malformed(place: &str, text: impl Into<String>) -> Self {
        Self { place: place.to_owned(), refusal: Refusal::new(Reason::Malformed, text) }
    }

    /// For the answer.
    pub(super) fn line(&self) -> Value {
        json!({ "place": self.place, "fault": self.refusal.text })
    }

    /// The same as a refusal that names its place.
    pub(super) fn into_refusal(self) -> Refusal {
        Refusal::new(self.refusal.reason, format!("{}: {}", self.place, self.refusal.text))
    }
}

/// A body: what is wished, and how the call is meant.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// What may be looked at further, each with its place.
    pub(super) wishes: Vec<(String, Wish)>,
    /// What is wrong by itself.
    pub(super) bad: Vec<Bad>,
    /// Whether good rows are written although others are bad.
    pub(super) skip_bad_rows: bool,
    /// Whether nothing is written at all.
    pub(super) dry_run: bool,
}

/// Reads a body; an error is about the body as a whole.
pub(super) fn read(mut body: Map<String, Value>) -> Result<Sent, Problem> {
    let mut flag = |name: &str| match body.remove(name) {
        None => Ok(false),
        Some(Value::Bool(truth)) => Ok(truth),
        Some(other) => Err(Problem::of_faults(vec![format!("{name}: expected true or false, found {other}")])),
    };
    let mut sent = Sent { skip_bad_rows: flag("skip_bad_rows")?, dry_run: flag("dry_run")?, ..Sent::default() };
    let rows = match body.remove("rows") {
        None => Vec::new(),
        Some(Value::Array(rows)) if rows.len() <= CELLS_LIMIT => rows,
        Some(Value::Array(rows)) => {
            return Err(Problem::of_faults(vec![format!(
                "rows: expected at most {CELLS_LIMIT}, found {}",
                rows.len()
            )]));
        }
        Some(_) => return Err(Problem::of_faults(vec!["rows: expected a list".to_owned()])),
    };
    let top = (!body.is_empty()).then_some(("the body".to_owned(), Value::Object(body)));
    let rows = rows.into_iter().enumerate().map(|(index, row)| (format!("rows[{index}]"), row));
    for (place, value) in top.into_iter().chain(rows) {
        match serde_json::from_value::<Wish>(value) {
            Ok(wish) => {
                let faults = form_faults(&wish);
                if faults.is_empty() {
                    sent.wishes.push((place, wish));
                } else {
                    sent.bad.extend(faults.into_iter().map(|fault| Bad::malformed(&place, fault)));
                }
            }
            Err(fault) => sent.bad.push(Bad::malformed(&place, fault.to_string())),
        }
    }
    if sent.wishes.is_empty() && sent.bad.is_empty() {
        let text = "expected a sku with what is to be written, or rows of such";
        return Err(Problem::of_faults(vec![text.to_owned()]));
    }
    Ok(sent)
}

/// What is wrong with a wish by itself.
fn form_faults(wish: &Wish) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, price) in [
        ("retail_minor", wish.retail_minor),
        ("settlement_minor", wish.settlement_minor),
        ("cost_minor", wish.cost_minor.flatten()),
    ] {
        if let Some(price) = price.filter(|price| !(0..=AMOUNT_LIMIT_MINOR).contains(price)) {
            faults.push(format!("{name}: expected minor units from 0 to {AMOUNT_LIMIT_MINOR}, found {price}"));
        }
    }
    if let Some(day) = wish.weekdays.iter().flatten().find(|day| !(1..=7).contains(*day)) {
        faults.push(format!("weekdays: expected 1 (Monday) to 7 (Sunday), found {day}"));
    }
    if let Some(Some(close)) = wish.close
        && (close.minute_of_day > 1440 || close.days_before > CLOSE_LIMIT_DAYS)
    {
        faults.push(format!("close: expected minute_of_day to 1440 and days_before to {CLOSE_LIMIT_DAYS}"));
    }
    match (wish.from, wish.to) {
        (Some(from), Some(to)) if from > to => faults.push(format!("from {from} is after to {to}")),
        (Some(_), None) | (None, Some(_)) => faults.push("a range needs from and to".to_owned()),
        (None, None) if wish.weekdays.is_some() => faults.push("weekdays choose from a range".to_owned()),
        _ => {}
    }
    if (wish.bucket.is_some() || wish.slot.is_some()) && wish.stock.is_none() {
        faults.push("bucket and slot say whose stock is meant; stock is left out".to_owned());
    }
    faults.extend(wish.slot.as_deref().and_then(|slot| slot_fault("stock", slot)));
    faults
}

impl Wish {
    /// The dates that are meant, at most `room` of them.
    pub(super) fn dates(&self, dated: bool, room: usize) -> Result<BTreeSet<Option<VisitDate>>, String> {
        let named = self.from.is_some() || self.dates.is_some();
        if !dated {
            return match named {
                true => Err(format!("{} is sold without a date; leave from, to and dates out", self.sku)),
                false => Ok(BTreeSet::from([None])),
            };
        }
        let mut dates: BTreeSet<Option<VisitDate>> = self.dates.iter().flatten().copied().map(Some).collect();
        if let (Some(from), Some(to)) = (self.from, self.to) {
            // A hundred years at most, by what a date may be.
            let length = u32::try_from(to.days_since(from)).unwrap_or(0);
            let days = (0..=length).filter_map(|day| from.plus_days(day));
            let meant = |date: &VisitDate| {
                let weekday = u8::try_from(date.date().weekday().number_from_monday()).unwrap_or(0);
                self.weekdays.as_ref().is_none_or(|weekdays| weekdays.contains(&weekday))
            };
            dates.extend(days.filter(meant).map(Some));
        }
        match dates.len() {
            0 if named => Err(format!("{}: no date of the range is one of the weekdays", self.sku)),
            0 => Err(format!("{} is sold by date: expected from and to, or dates", self.sku)),
            count if count > room => {
                Err(format!("more than {CELLS_LIMIT} cells in one call; write the rest in another"))
            }
            _ => Ok(dates),
        }
    }
}
