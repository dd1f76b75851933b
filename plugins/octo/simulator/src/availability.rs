//! The calls about availability (§2): days for calendars, slots for booking.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::catalogue::{Product, ProductOption};
use crate::fields::Fields;
use crate::head::Applied;
use crate::prices;
use crate::refusal::{ErrorId, Refusal};
use crate::shop::{Shop, option_of};
use crate::slots::{self, Left, Slot};
use crate::units;

/// Most availability ids in a request (inferred).
const IDS_LIMIT: usize = 100;

const CALENDAR_FIELDS: [&str; 6] = ["productId", "optionId", "localDateStart", "localDateEnd", "units", "currency"];
const SLOTS_FIELDS: [&str; 8] =
    ["productId", "optionId", "localDateStart", "localDateEnd", "localDate", "availabilityIds", "units", "currency"];

/// What both calls ask about.
struct Asked<'a> {
    product: &'a Product,
    option: &'a ProductOption,
    /// Places that `units` need, each with its `paxCount` or not.
    places: u32,
    currency: String,
    pricing: bool,
}

impl<'a> Asked<'a> {
    fn read(shop: &Shop, fields: &Fields<'_>, product: &'a Product, applied: Applied) -> Result<Self, Refusal> {
        let option = option_of(product, fields.required("optionId")?)?;
        let places = units::places_asked(&shop.options, option, fields.list("units")?)?;
        let currency = prices::currency(product, fields.text("currency")?)?;
        Ok(Self { product, option, places, currency, pricing: applied.pricing })
    }

    /// SOLD_OUT where the units asked for no longer fit.
    fn narrowed(&self, shop: &Shop, left: Left) -> Left {
        let short = left.available() && left.vacancies.is_some_and(|vacancies| vacancies < self.places);
        if short && shop.options.units_narrow { Left { status: "SOLD_OUT", ..left } } else { left }
    }
}

impl Shop {
    /// `POST /availability/calendar` (§2): one entry per day.
    pub(crate) fn calendar(&self, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let fields = Fields::of(body, &CALENDAR_FIELDS, self.options.strict.known_fields)?;
        let product = self.product(fields.required("productId")?)?;
        let asked = Asked::read(self, &fields, &product, applied)?;
        let days = self.range(&fields)?.ok_or_else(|| Refusal::bad("localDateStart and localDateEnd are missing"))?;
        Ok(days.into_iter().map(|date| self.calendar_day(&asked, date)).collect())
    }

    fn calendar_day(&self, asked: &Asked<'_>, date: NaiveDate) -> Value {
        let slots = slots::of_day(asked.product, asked.option, date);
        let lefts: Vec<Left> = slots.iter().map(|slot| self.left(asked.product, asked.option, slot)).collect();
        let open: Vec<Left> = lefts.into_iter().filter(|left| left.status != "CLOSED").collect();
        let sum = |of: fn(&Left) -> Option<u32>| open.iter().map(of).sum::<Option<u32>>();
        let whole = Left::of(open.is_empty(), sum(|left| left.vacancies), sum(|left| left.capacity));
        // The units asked for have to fit into one slot, not into the day's sum.
        let fits = open.iter().any(|left| asked.narrowed(self, *left).available());
        let whole = if open.is_empty() || fits { whole } else { Left { status: "SOLD_OUT", ..whole } };
        let mut told = json!({
            "localDate": date.to_string(),
            "available": whole.available(),
            "status": whole.status,
            "vacancies": whole.vacancies,
            "capacity": whole.capacity,
            "openingHours": slots::opening_hours(asked.option),
        });
        if asked.pricing {
            self.add_day_prices(&mut told, (asked.product, asked.option), date, &asked.currency, true);
        }
        told
    }

    /// `POST /availability` (§2): one entry per slot.
    pub(crate) fn availability(&self, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let fields = Fields::of(body, &SLOTS_FIELDS, self.options.strict.known_fields)?;
        let product = self.product(fields.required("productId")?)?;
        let asked = Asked::read(self, &fields, &product, applied)?;
        let slots = match (self.range(&fields)?, fields.date("localDate")?, fields.list("availabilityIds")?) {
            (Some(days), None, None) => {
                days.into_iter().flat_map(|date| slots::of_day(asked.product, asked.option, date)).collect()
            }
            (None, Some(date), None) => slots::of_day(asked.product, asked.option, date),
            (None, None, Some(ids)) => self.named_slots(&asked, ids)?,
            _ => return Err(Refusal::bad("one of a range, localDate or availabilityIds is expected")),
        };
        Ok(slots.iter().map(|slot| self.priced_slot(&asked, slot)).collect())
    }

    fn named_slots(&self, asked: &Asked<'_>, ids: &[Value]) -> Result<Vec<Slot>, Refusal> {
        if ids.is_empty() || ids.len() > IDS_LIMIT {
            return Err(Refusal::bad(format!("availabilityIds must name 1 to {IDS_LIMIT}")));
        }
        let find = |id: &Value| {
            let id = id.as_str().ok_or_else(|| Refusal::bad("availabilityIds must be texts"))?;
            slots::find(self.options.availability_ids, asked.product, asked.option, id)
        };
        ids.iter().map(find).collect()
    }

    fn priced_slot(&self, asked: &Asked<'_>, slot: &Slot) -> Value {
        let left = asked.narrowed(self, self.left(asked.product, asked.option, slot));
        let mut told = self.slot_json(asked.product, asked.option, slot, left);
        if asked.pricing {
            self.add_day_prices(&mut told, (asked.product, asked.option), slot.date, &asked.currency, false);
        }
        told
    }

    /// The days from `localDateStart` to `localDateEnd`; both or neither.
    fn range(&self, fields: &Fields<'_>) -> Result<Option<Vec<NaiveDate>>, Refusal> {
        let (start, end) = match (fields.date("localDateStart")?, fields.date("localDateEnd")?) {
            (Some(start), Some(end)) => (start, end),
            (None, None) => return Ok(None),
            _ => return Err(Refusal::bad("localDateStart and localDateEnd go together")),
        };
        let days = (end - start).num_days() + 1;
        if !(1..=self.options.range_limit_days).contains(&days) {
            return Err(Refusal::bad(format!("a range has 1 to {} days", self.options.range_limit_days)));
        }
        Ok(Some(start.iter_days().take_while(|date| *date <= end).collect()))
    }

    /// The slot that a booking names, where it has to or wants to (§2 `availabilityId`, §3 `availabilityRequired`).
    pub(crate) fn named_slot(
        &self,
        product: &Product,
        option: &ProductOption,
        id: Option<&str>,
    ) -> Result<Option<Slot>, Refusal> {
        match id {
            Some("") => Err(Refusal::of(ErrorId::InvalidAvailabilityId, "")),
            Some(id) => slots::find(self.options.availability_ids, product, option, id).map(Some),
            None if product.allow_freesale && !product.availability_required => Ok(None),
            None => Err(Refusal::bad("availabilityId is missing")),
        }
    }
}
