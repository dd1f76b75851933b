//! Confirming, extending, updating (§4).

use serde_json::Value;

use crate::booking::{Booking, Status, UnitItem};
use crate::catalogue::DeliveryMethod;
use crate::contact::Contact;
use crate::fields::Fields;
use crate::head::Applied;
use crate::options::{LateDelivery, Repeat};
use crate::refusal::{ErrorId, Refusal};
use crate::shop::{Shop, option_of};
use crate::units::{self, Wanted};

const CONFIRM_FIELDS: [&str; 4] = ["contact", "resellerReference", "emailReceipt", "unitItems"];

const UPDATE_FIELDS: [&str; 9] = [
    "productId",
    "optionId",
    "availabilityId",
    "unitItems",
    "contact",
    "notes",
    "resellerReference",
    "expirationMinutes",
    "emailReceipt",
];

impl Shop {
    /// `POST /bookings/{uuid}/confirm`.
    pub(crate) fn confirm(&mut self, uuid: &str, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let mut booking = self.booking(uuid)?.clone();
        let fields = Fields::of(body, &CONFIRM_FIELDS, self.options.strict.known_fields)?;
        match booking.status {
            Status::OnHold => {}
            Status::Confirmed | Status::Pending if self.options.repeated_confirm == Repeat::Booking => {
                return self.tell(uuid, applied);
            }
            status => return Err(Refusal::rule(format!("a booking {} cannot be confirmed", status.word()))),
        }
        if fields.object("contact")?.is_none() {
            return Err(Refusal::bad("contact is missing"));
        }
        self.take_details(&mut booking, &fields)?;
        if let Some(items) = fields.list("unitItems")? {
            self.take_units(&mut booking, Some(items))?;
        }
        let instant = booking.product.instant_confirmation && booking.product.instant_delivery;
        let at_once = instant || self.options.late_delivery == LateDelivery::Confirmed;
        booking.set_status(if at_once { Status::Confirmed } else { Status::Pending });
        booking.expires = None;
        booking.confirmed = at_once.then(|| self.now());
        if instant {
            self.issue(&mut booking);
        }
        self.finish(booking, applied)
    }

    /// `POST /bookings/{uuid}/extend`.
    pub(crate) fn extend(&mut self, uuid: &str, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let mut booking = self.booking(uuid)?.clone();
        let fields = Fields::of(body, &["expirationMinutes"], self.options.strict.known_fields)?;
        self.prolong(&mut booking, fields.whole("expirationMinutes")?)?;
        self.finish(booking, applied)
    }

    fn prolong(&self, booking: &mut Booking, minutes: Option<i64>) -> Result<(), Refusal> {
        let until = self.hold_until(minutes)?;
        if booking.status != Status::OnHold {
            return Err(Refusal::rule("only a hold can be extended"));
        }
        booking.expires = booking.expires.max(Some(until));
        Ok(())
    }

    /// `PATCH /bookings/{uuid}`: as long as it is cancellable (§2); fewer unit items are a part given back (§4).
    pub(crate) fn update(&mut self, uuid: &str, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let mut booking = self.booking(uuid)?.clone();
        let fields = Fields::of(body, &UPDATE_FIELDS, self.options.strict.known_fields)?;
        if !booking.cancellable(self.now()) {
            return Err(Refusal::rule("the booking is not cancellable any more"));
        }
        self.take_slot(&mut booking, &fields)?;
        self.take_details(&mut booking, &fields)?;
        if let Some(notes) = fields.text("notes")? {
            booking.notes = Some(notes.to_owned());
        }
        if let Some(minutes) = fields.whole("expirationMinutes")? {
            self.prolong(&mut booking, Some(minutes))?;
        }
        let items = fields.list("unitItems")?;
        let fewer = items.is_some_and(|items| items.len() < booking.items.len());
        if fewer && booking.status != Status::OnHold && !self.options.fewer_units {
            return Err(Refusal::rule("unit items cannot be given back singly"));
        }
        self.take_units(&mut booking, items)?;
        if booking.status == Status::Confirmed && booking.product.instant_delivery {
            self.issue(&mut booking);
        }
        self.finish(booking, applied)
    }

    /// Product, option and availability of an update. A change of either prices everything anew.
    fn take_slot(&self, booking: &mut Booking, fields: &Fields<'_>) -> Result<(), Refusal> {
        let product_id = fields.text("productId")?.unwrap_or(&booking.product.id);
        let product = self.product(product_id)?;
        let option = option_of(&product, fields.text("optionId")?.unwrap_or(&booking.option_id))?;
        let same = (&product.id, &option.id) == (&booking.product.id, &booking.option_id);
        let asked = fields.text("availabilityId")?;
        if same && asked.is_none() {
            return Ok(());
        }
        let slot = self.named_slot(&product, option, asked)?;
        if same && slot == booking.slot {
            return Ok(());
        }
        booking.option_id = option.id.clone();
        booking.product = product;
        booking.slot = slot;
        booking.price = None;
        booking.voucher = None;
        for item in &mut booking.items {
            (item.price, item.code) = (None, None);
        }
        if !booking.product.available_currencies.contains(&booking.currency) {
            booking.currency = booking.product.default_currency.clone();
        }
        Ok(())
    }

    /// Contact, reference and receipt, which confirmation and update have in common.
    fn take_details(&self, booking: &mut Booking, fields: &Fields<'_>) -> Result<(), Refusal> {
        if let Some(contact) = fields.object("contact")? {
            booking.contact = Contact::read(contact, self.options.strict.known_fields)?;
        }
        if let Some(reference) = fields.text("resellerReference")? {
            booking.reseller_reference = Some(reference.to_owned());
        }
        // Nobody is written to here; the field is only read.
        fields.flag("emailReceipt").map(|_| ())
    }

    /// The unit items as they are to be: all of them; those with a known `uuid` stay (§2).
    fn take_units(&mut self, booking: &mut Booking, items: Option<&[Value]>) -> Result<(), Refusal> {
        let product = booking.product.clone();
        let option = option_of(&product, &booking.option_id)?;
        if let Some(items) = items {
            let mut wanted = Vec::new();
            for item in units::read(&self.options, option, Some(items))? {
                wanted.push(self.kept_or_new(booking, item)?);
            }
            booking.items = wanted;
        }
        units::check(option, booking.items.iter().map(|item| item.unit_id.as_str()))
    }

    fn kept_or_new(&mut self, booking: &Booking, wanted: Wanted) -> Result<UnitItem, Refusal> {
        let Some(held) = booking.items.iter().find(|item| Some(&item.uuid) == wanted.uuid.as_ref()) else {
            if wanted.uuid.is_some() && self.options.strict.known_unit_items {
                return Err(Refusal::rule("a unit item with this uuid is not in the booking"));
            }
            return Ok(self.new_item(booking, wanted));
        };
        if held.unit_id != wanted.unit_id {
            return Err(Refusal::of(ErrorId::InvalidUnitId, &wanted.unit_id));
        }
        let mut item = held.clone();
        if let Some(contact) = wanted.contact {
            item.contact = contact;
        }
        if wanted.reseller_reference.is_some() {
            item.reseller_reference = wanted.reseller_reference;
        }
        Ok(item)
    }

    /// Voucher and tickets, where the product delivers them and they are not there yet.
    pub(crate) fn issue(&mut self, booking: &mut Booking) {
        if booking.product.delivers(DeliveryMethod::Voucher) && booking.voucher.is_none() {
            booking.voucher = Some(format!("V{:08}", self.number()));
        }
        if booking.product.delivers(DeliveryMethod::Ticket) {
            for item in booking.items.iter_mut().filter(|item| item.code.is_none()) {
                item.code = Some(format!("T{:08}", self.number()));
            }
        }
    }

    /// Checks a changed booking as a whole, then stores and tells it. Nothing was changed when it refuses.
    fn finish(&mut self, mut booking: Booking, applied: Applied) -> Result<Value, Refusal> {
        if booking.status != Status::OnHold {
            let option = option_of(&booking.product, &booking.option_id)?;
            booking.contact.check(&option.required_contact_fields)?;
            for item in &booking.items {
                let unit = option.unit(&item.unit_id);
                item.contact.check(unit.map_or(&[], |unit| unit.required_contact_fields.as_slice()))?;
            }
        }
        self.check_places(&booking)?;
        self.reprice(&mut booking);
        booking.updated = self.now();
        let uuid = booking.uuid.clone();
        self.put(booking);
        self.tell(&uuid, applied)
    }
}
