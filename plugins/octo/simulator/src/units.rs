//! Unit items asked for (§2), and the restrictions on them (§3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::{ProductOption, Unit};
use crate::contact::Contact;
use crate::fields::Fields;
use crate::ids;
use crate::options::{Counting, Options};
use crate::refusal::{ErrorId, Refusal};

/// One of `unitItems` in a request.
pub(crate) struct Wanted {
    /// Keeps an existing item.
    pub(crate) uuid: Option<String>,
    pub(crate) unit_id: String,
    pub(crate) reseller_reference: Option<String>,
    pub(crate) contact: Option<Contact>,
}

/// Reads `unitItems`: missing or empty is UNPROCESSABLE_ENTITY (§7), an unknown unit INVALID_UNIT_ID.
pub(crate) fn read(options: &Options, option: &ProductOption, items: Option<&[Value]>) -> Result<Vec<Wanted>, Refusal> {
    let items = items.filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| Refusal::rule("unitItems is missing or empty"))?;
    if items.len() > options.unit_items_limit {
        return Err(Refusal::rule(format!("a booking has at most {} unit items", options.unit_items_limit)));
    }
    let wanted: Vec<Wanted> = items.iter().map(|item| read_one(options, option, item)).collect::<Result<_, _>>()?;
    let mut uuids: Vec<&String> = wanted.iter().filter_map(|item| item.uuid.as_ref()).collect();
    uuids.sort();
    if uuids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::bad("two unit items have one uuid"));
    }
    Ok(wanted)
}

fn read_one(options: &Options, option: &ProductOption, item: &Value) -> Result<Wanted, Refusal> {
    let fields = Fields::of(item, &["uuid", "unitId", "resellerReference", "contact"], options.strict.known_fields)?;
    let unit_id = fields.required("unitId")?.to_owned();
    if option.unit(&unit_id).is_none() {
        return Err(Refusal::of(ErrorId::InvalidUnitId, &unit_id));
    }
    let uuid = fields.text("uuid")?.map(str::to_owned);
    if uuid.as_ref().is_some_and(|uuid| !ids::is_uuid(uuid, options.strict.lower_case_uuids)) {
        return Err(Refusal::bad("the uuid of a unit item is none"));
    }
    let contact = fields.object("contact")?.map(|contact| Contact::read(contact, options.strict.known_fields));
    let reseller_reference = fields.text("resellerReference")?.map(str::to_owned);
    Ok(Wanted { uuid, unit_id, reseller_reference, contact: contact.transpose()? })
}

/// Refuses what the option and its units do not allow together (§3 `restrictions`).
pub(crate) fn check<'a>(option: &ProductOption, units: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for unit in units {
        *counts.entry(unit).or_default() += 1;
    }
    let total = counts.values().sum();
    within("the option", total, option.min_units, option.max_units)?;
    for (id, count) in &counts {
        let unit = option.unit(id).ok_or_else(|| Refusal::of(ErrorId::InvalidUnitId, id))?;
        within(&unit.id, *count, unit.min_quantity, unit.max_quantity)?;
        let company = &unit.accompanied_by;
        if !company.is_empty() && !company.iter().any(|other| counts.contains_key(other.as_str())) {
            return Err(Refusal::rule(format!("{id} needs company of {}", company.join(" or "))));
        }
    }
    Ok(())
}

fn within(what: &str, count: u32, least: Option<u32>, most: Option<u32>) -> Result<(), Refusal> {
    match (least, most) {
        (Some(least), _) if count < least => Err(Refusal::rule(format!("{what} asks for at least {least} units"))),
        (_, Some(most)) if count > most => Err(Refusal::rule(format!("{what} allows at most {most} units"))),
        _ => Ok(()),
    }
}

/// Places that units take.
pub(crate) fn places<'a>(counting: Counting, option: &ProductOption, units: impl Iterator<Item = &'a str>) -> u32 {
    units.map(|unit| option.unit(unit).map_or(1, |unit| weight(counting, unit))).sum()
}

fn weight(counting: Counting, unit: &Unit) -> u32 {
    match counting {
        Counting::Units => 1,
        Counting::Pax => unit.pax_count,
    }
}

/// Places that `units` of an availability request take (§2).
pub(crate) fn places_asked(options: &Options, option: &ProductOption, units: Option<&[Value]>) -> Result<u32, Refusal> {
    let units = units.unwrap_or_default();
    if units.len() > options.unit_items_limit {
        return Err(Refusal::bad("too many units"));
    }
    let mut places: u32 = 0;
    for unit in units {
        let fields = Fields::of(unit, &["id", "quantity"], options.strict.known_fields)?;
        let id = fields.required("id")?;
        let unit = option.unit(id).ok_or_else(|| Refusal::of(ErrorId::InvalidUnitId, id))?;
        let quantity = fields.whole("quantity")?.and_then(|quantity| u32::try_from(quantity).ok());
        let quantity = quantity.filter(|quantity| *quantity > 0);
        let quantity = quantity.ok_or_else(|| Refusal::bad("quantity must be a whole number above zero"))?;
        places = places.saturating_add(quantity.saturating_mul(weight(options.counting, unit)));
    }
    Ok(places)
}
