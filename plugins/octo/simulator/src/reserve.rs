//! Reserving (§4): a hold under the reseller's uuid, the same one for the same question.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::booking::{Booking, Status, UnitItem};
use crate::catalogue::PricingPer;
use crate::contact::Contact;
use crate::fields::Fields;
use crate::head::Applied;
use crate::ids;
use crate::options::Repeat;
use crate::prices;
use crate::refusal::{ErrorId, Refusal};
use crate::shop::{Shop, option_of};
use crate::units::{self, Wanted};

/// Bookings that a desk holds; more are refused.
pub const BOOKINGS_LIMIT: usize = 100_000;

const FIELDS: [&str; 10] = [
    "uuid",
    "productId",
    "optionId",
    "availabilityId",
    "unitItems",
    "expirationMinutes",
    "notes",
    "resellerReference",
    "contact",
    "currency",
];

impl Shop {
    /// `POST /bookings` (§2, §4).
    pub(crate) fn reserve(&mut self, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let fields = Fields::of(body, &FIELDS, self.options.strict.known_fields)?;
        let uuid = fields.text("uuid")?;
        if let Some(uuid) = uuid.filter(|uuid| !ids::is_uuid(uuid, self.options.strict.lower_case_uuids)) {
            return Err(Refusal::of(ErrorId::InvalidBookingUuid, uuid));
        }
        let product = self.product(fields.required("productId")?)?;
        let option = option_of(&product, fields.required("optionId")?)?;
        let slot = self.named_slot(&product, option, fields.text("availabilityId")?)?;
        let wanted = units::read(&self.options, option, fields.list("unitItems")?)?;
        let fingerprint = fingerprint(&fields, &wanted)?;
        if let Some(held) = uuid.and_then(|uuid| self.bookings.get(uuid)) {
            return self.reserved_before(held, &fingerprint, applied);
        }
        units::check(option, wanted.iter().map(|item| item.unit_id.as_str()))?;
        let contact = fields.object("contact")?.map(|contact| Contact::read(contact, self.options.strict.known_fields));
        let currency = prices::currency(&product, fields.text("currency")?)?;
        let expires = self.hold_until(fields.whole("expirationMinutes")?)?;
        if self.bookings.len() >= BOOKINGS_LIMIT {
            return Err(Refusal::rule("no more bookings are taken"));
        }
        let now = self.now();
        let number = self.number();
        let mut booking = Booking {
            id: format!("booking-{number:06}"),
            uuid: uuid.map_or_else(|| self.uuid(), str::to_owned),
            reseller_reference: fields.text("resellerReference")?.map(str::to_owned),
            supplier_reference: format!("HT{number:06}"),
            status: Status::OnHold,
            created: now,
            updated: now,
            expires: Some(expires),
            redeemed: None,
            confirmed: None,
            option_id: option.id.clone(),
            product: product.clone(),
            cancellation: None,
            voucher: None,
            items: Vec::new(),
            currency,
            price: None,
            slot,
            contact: contact.transpose()?.unwrap_or_default(),
            notes: fields.text("notes")?.map(str::to_owned),
            reason: None,
            fingerprint,
        };
        booking.items = wanted.into_iter().map(|item| self.new_item(&booking, item)).collect();
        self.reprice(&mut booking);
        self.check_places(&booking)?;
        let told = booking.uuid.clone();
        self.put(booking);
        self.tell(&told, applied)
    }

    fn reserved_before(&self, held: &Booking, fingerprint: &str, applied: Applied) -> Result<Value, Refusal> {
        if held.fingerprint != fingerprint {
            return Err(Refusal::rule("this uuid stands for another booking"));
        }
        match self.options.repeated_reserve {
            Repeat::Booking => Ok(self.booking_json(held, applied)),
            Repeat::Refused => Err(Refusal::rule("this uuid was used before")),
        }
    }

    /// When a hold begun or extended now ends; the wish is capped (§4).
    pub(crate) fn hold_until(&self, minutes: Option<i64>) -> Result<DateTime<Utc>, Refusal> {
        let minutes = minutes.unwrap_or(self.options.hold_minutes);
        if minutes < 1 {
            return Err(Refusal::bad("expirationMinutes must be above zero"));
        }
        Ok(self.now() + TimeDelta::minutes(minutes.min(self.options.hold_limit_minutes)))
    }

    /// A new unit item; a uuid that the reseller chose is kept (inferred).
    pub(crate) fn new_item(&mut self, booking: &Booking, wanted: Wanted) -> UnitItem {
        UnitItem {
            uuid: wanted.uuid.unwrap_or_else(|| self.uuid()),
            unit_id: wanted.unit_id,
            reseller_reference: wanted.reseller_reference,
            status: booking.status,
            redeemed: None,
            code: None,
            price: None,
            contact: wanted.contact.unwrap_or_default(),
        }
    }

    /// Gives a price to everything in a booking that has none yet.
    pub(crate) fn reprice(&self, booking: &mut Booking) {
        let product = booking.product.clone();
        let Some(option) = product.option(&booking.option_id) else { return };
        let date = booking.slot.as_ref().map(|slot| slot.date);
        if product.pricing_per == PricingPer::Booking {
            if booking.price.is_none() {
                booking.price = self.price(&product, option, None, date, &booking.currency);
            }
            return;
        }
        for item in booking.items.iter_mut().filter(|item| item.price.is_none()) {
            item.price = self.price(&product, option, option.unit(&item.unit_id), date, &booking.currency);
        }
    }

    /// A booking as told, by its uuid.
    pub(crate) fn tell(&self, uuid: &str, applied: Applied) -> Result<Value, Refusal> {
        self.booking(uuid).map(|booking| self.booking_json(booking, applied))
    }
}

/// Product, option, availability and units: what may not differ between two questions with one uuid (inferred).
fn fingerprint(fields: &Fields<'_>, wanted: &[Wanted]) -> Result<String, Refusal> {
    let mut units: Vec<&str> = wanted.iter().map(|item| item.unit_id.as_str()).collect();
    units.sort_unstable();
    let availability = fields.text("availabilityId")?;
    Ok(format!("{:?}", (fields.required("productId")?, fields.required("optionId")?, availability, units)))
}
