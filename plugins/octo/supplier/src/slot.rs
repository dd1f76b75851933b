//! The availability that an order books (§4 step 1): by the slot it names, or by its date.

use entrepot_sdk::prelude::*;
use serde_json::{Value, json};

use crate::OctoSupplier;
use crate::exchange::wrong;
use crate::refused::No;
use crate::settings::OctoSettings;
use crate::wanted::Wanted;
use crate::wire::{Availability, AvailabilityStatus, CalendarDay};

/// What was found for an order.
pub(crate) enum Slot {
    /// It is on sale; nothing is named where the order has no date.
    Free(Option<String>),
    /// A certain no.
    Refused(Refusal),
}

const API: &str = "availability";

impl OctoSupplier {
    /// The slot to book, if its units are still there.
    pub(crate) async fn slot(&self, call: &Call<()>, wanted: &Wanted<'_>) -> Result<Slot, Fault> {
        let order = wanted.order;
        let mut body = json!({
            "productId": wanted.code.product, "optionId": wanted.code.option, "units": wanted.units(),
        });
        self.add_currency(&mut body);
        match (&order.slot, order.visit) {
            (Some(id), _) => body["availabilityIds"] = json!([id]),
            (None, Some(visit)) => body["localDate"] = json!(visit.arrive),
            // Sold without a date: then a booking names none (§3 `availabilityRequired`).
            (None, None) => return Ok(Slot::Free(None)),
        }
        match self.post::<Vec<Availability>>(call, API, "/availability", &body).await? {
            Ok(found) if found.is_empty() => self.nothing_there(call, wanted).await,
            Ok(found) => chosen(wanted, &found, &self.settings),
            Err(no) => Ok(Slot::Refused(no.refusal(order))),
        }
    }

    /// An empty list may be a date without departures, or an answer that lost its contents: the calendar, which tells
    /// each date (§2), is the second witness.
    async fn nothing_there(&self, call: &Call<()>, wanted: &Wanted<'_>) -> Result<Slot, Fault> {
        let missing = || wrong(API, "the list", "the slots of a date that is on sale");
        let date = wanted.order.visit.filter(|_| wanted.order.slot.is_none()).ok_or_else(missing)?.arrive;
        let mut body = json!({
            "productId": wanted.code.product, "optionId": wanted.code.option, "units": wanted.units(),
            "localDateStart": date, "localDateEnd": date,
        });
        self.add_currency(&mut body);
        let days = match self.post::<Vec<CalendarDay>>(call, "calendar", "/availability/calendar", &body).await? {
            Ok(days) => days,
            Err(no) => return Ok(Slot::Refused(no.refusal(wanted.order))),
        };
        match days.iter().find(|day| day.local_date.0 == date).map(|day| (day.available, day.status)) {
            Some((false, AvailabilityStatus::SoldOut)) => Ok(sold_out()),
            Some((false, AvailabilityStatus::Closed)) => Ok(closed()),
            _ => Err(missing()),
        }
    }

    /// Why a reservation was refused: one word stands for "sold out" and for every other rule (§4), so the slot is looked
    /// at once more.
    pub(crate) async fn why(&self, call: &Call<()>, wanted: &Wanted<'_>, no: &No) -> Refusal {
        match self.slot(call, wanted).await {
            Ok(Slot::Refused(refusal)) if refusal.reason != Reason::SupplierRefused => refusal,
            _ => no.refusal(wanted.order),
        }
    }

    /// The currency of prices, where one is set.
    pub(crate) fn add_currency(&self, body: &mut Value) {
        if !self.settings.currency.is_empty() {
            body["currency"] = json!(self.settings.currency);
        }
    }
}

fn chosen(wanted: &Wanted<'_>, found: &[Availability], settings: &OctoSettings) -> Result<Slot, Fault> {
    let order = wanted.order;
    for (at, slot) in found.iter().enumerate() {
        let fits = order.slot.as_ref().is_none_or(|id| *id == slot.id);
        if !fits || slot.id.is_empty() || found[..at].iter().any(|before| before.id == slot.id) {
            return Err(wrong(API, &format!("[{at}].id"), "the slot asked about, once"));
        }
        if slot.available != slot.status.available() {
            return Err(wrong(API, &format!("[{at}].available"), "what status says"));
        }
        if order.slot.is_none() && slot.local_date_time_start.date() != order.visit.map(|visit| visit.arrive) {
            return Err(wrong(API, &format!("[{at}].localDateTimeStart"), "the date asked about"));
        }
    }
    for slot in found {
        // Nothing of it is used here; a supplier that garbles prices is not booked at.
        slot.prices().of(API, &wanted.code.unit, settings)?;
    }
    match found {
        [slot] if order.visit.is_some_and(|visit| slot.local_date_time_start.date() != Some(visit.arrive)) => {
            Ok(Slot::Refused(Refusal::new(Reason::DateClosed, "the slot is on another date than the visit")))
        }
        [slot] if slot.available => Ok(Slot::Free(Some(slot.id.clone()))),
        [slot] if slot.status == AvailabilityStatus::SoldOut => Ok(sold_out()),
        [_] => Ok(closed()),
        _ => Err(Fault::invalid(format!(
            "order {}: the supplier has {} slots on {}; sell the SKU by slot",
            order.order,
            found.len(),
            order.visit.map(|visit| visit.arrive.to_string()).unwrap_or_default()
        ))),
    }
}

fn sold_out() -> Slot {
    Slot::Refused(Refusal::new(Reason::SoldOut, "the supplier is sold out"))
}

fn closed() -> Slot {
    Slot::Refused(Refusal::new(Reason::DateClosed, "the supplier is closed"))
}
