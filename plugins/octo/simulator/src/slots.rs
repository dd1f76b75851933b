//! Places in time and what is left of them (§3): ids, local times, cut-offs, vacancies, status.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::catalogue::{AvailabilityType, Product, ProductOption};
use crate::fields;
use crate::ids;
use crate::options::AvailabilityIds;
use crate::refusal::{ErrorId, Refusal};
use crate::shop::Shop;

/// One slot of an option: a departure, or a day with opening hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Names the slot within its option.
    pub(crate) stamp: String,
    pub(crate) date: NaiveDate,
    start: DateTime<FixedOffset>,
    end: DateTime<FixedOffset>,
    /// Booking ends here.
    cutoff: DateTime<Utc>,
    /// Cancelling ends here.
    pub(crate) cancel_until: DateTime<Utc>,
}

/// What was set for one day by a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    Capacity(u32),
    SoldOut,
    Closed,
}

/// What is left of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) status: &'static str,
    /// `None` is FREESALE.
    pub(crate) vacancies: Option<u32>,
    pub(crate) capacity: Option<u32>,
}

impl Left {
    pub(crate) fn of(closed: bool, vacancies: Option<u32>, capacity: Option<u32>) -> Self {
        let status = match (closed, vacancies) {
            (true, _) => "CLOSED",
            (_, None) => "FREESALE",
            (_, Some(0)) => "SOLD_OUT",
            (_, Some(left)) if left.saturating_mul(2) < capacity.unwrap_or(0) => "LIMITED",
            _ => "AVAILABLE",
        };
        Self { status, vacancies, capacity }
    }

    pub(crate) fn available(self) -> bool {
        matches!(self.status, "AVAILABLE" | "FREESALE" | "LIMITED")
    }
}

/// The slots of a day.
pub(crate) fn of_day(product: &Product, option: &ProductOption, date: NaiveDate) -> Vec<Slot> {
    let zone = FixedOffset::east_opt(product.utc_offset_minutes * 60).unwrap_or_else(|| Utc.fix());
    let at = |time: NaiveTime| local(date.and_time(time), zone);
    let schedule = &option.schedule;
    let lead = TimeDelta::minutes(schedule.booking_cutoff_minutes.into());
    if product.availability_type == AvailabilityType::StartTime {
        let slots = schedule.start_times.iter().map(|time| {
            let start = at(*time);
            Slot {
                stamp: start.format("%Y%m%dT%H%M").to_string(),
                date,
                start,
                end: start + TimeDelta::minutes(schedule.minutes.into()),
                cutoff: (start - lead).to_utc(),
                cancel_until: (start - option.cutoff.length()).to_utc(),
            }
        });
        return slots.collect();
    }
    let (Some((opens, _)), Some((_, closes))) = (schedule.opening_hours.first(), schedule.opening_hours.last()) else {
        return Vec::new();
    };
    let start = at(NaiveTime::MIN);
    vec![Slot {
        stamp: date.format("%Y%m%d").to_string(),
        date,
        start,
        end: start + TimeDelta::days(1) - TimeDelta::seconds(1),
        cutoff: (at(*closes) - lead).to_utc(),
        cancel_until: (at(*opens) - option.cutoff.length()).to_utc(),
    }]
}

/// A local time in a zone of fixed offset.
fn local(time: NaiveDateTime, zone: FixedOffset) -> DateTime<FixedOffset> {
    DateTime::from_naive_utc_and_offset(time - zone, zone)
}

/// The id told for a slot.
pub(crate) fn id(form: AvailabilityIds, product: &Product, option: &ProductOption, slot: &Slot) -> String {
    match (form, product.availability_type) {
        (AvailabilityIds::Opaque, _) => format!("{}.{}.{}", product.id, option.id, slot.stamp),
        (AvailabilityIds::LocalTimes, AvailabilityType::StartTime) => ids::local(slot.start),
        (AvailabilityIds::LocalTimes, AvailabilityType::OpeningHours) => slot.date.to_string(),
    }
}

/// The slot of an option that has this id.
pub(crate) fn find(
    form: AvailabilityIds,
    product: &Product,
    option: &ProductOption,
    asked: &str,
) -> Result<Slot, Refusal> {
    let date = match form {
        AvailabilityIds::Opaque => {
            let stamp = asked.rsplit('.').next().and_then(|stamp| stamp.get(..8));
            stamp
                .and_then(|stamp| NaiveDate::parse_from_str(stamp, "%Y%m%d").ok())
                .filter(|date| fields::in_reach(*date))
        }
        AvailabilityIds::LocalTimes => asked.get(..10).and_then(fields::date),
    };
    let slots = date.map(|date| of_day(product, option, date)).unwrap_or_default();
    let found = slots.into_iter().find(|slot| id(form, product, option, slot) == asked);
    found.ok_or_else(|| Refusal::of(ErrorId::InvalidAvailabilityId, asked))
}

impl Shop {
    /// What is left of a slot.
    pub(crate) fn left(&self, product: &Product, option: &ProductOption, slot: &Slot) -> Left {
        let day = self.days.get(&(product.id.clone(), option.id.clone(), slot.date));
        let capacity = match day {
            Some(Day::Capacity(places)) => Some(*places),
            _ => option.schedule.capacity,
        };
        let vacancies = match day {
            Some(Day::SoldOut) => Some(0),
            _ => capacity.map(|places| places.saturating_sub(self.taken(product, option, slot))),
        };
        Left::of(day == Some(&Day::Closed) || self.now() > slot.cutoff, vacancies, capacity)
    }

    /// An availability without prices.
    pub(crate) fn slot_json(&self, product: &Product, option: &ProductOption, slot: &Slot, left: Left) -> Value {
        json!({
            "id": id(self.options.availability_ids, product, option, slot),
            "localDateTimeStart": ids::local(slot.start),
            "localDateTimeEnd": ids::local(slot.end),
            "utcCutoffAt": ids::utc(slot.cutoff),
            "allDay": product.availability_type == AvailabilityType::OpeningHours,
            "available": left.available(),
            "status": left.status,
            "vacancies": left.vacancies,
            "capacity": left.capacity,
            "maxUnits": option.max_units,
            "openingHours": opening_hours(option),
        })
    }
}

/// `openingHours` of an option.
pub(crate) fn opening_hours(option: &ProductOption) -> Value {
    let told = |(from, to): &(NaiveTime, NaiveTime)| json!({"from": from.format("%H:%M").to_string(), "to": to.format("%H:%M").to_string()});
    option.schedule.opening_hours.iter().map(told).collect()
}
