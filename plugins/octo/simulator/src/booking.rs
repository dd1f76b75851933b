//! Bookings and unit items, and how they are told (§3).

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::catalogue::{DeliveryMethod, Price, PricingPer, Product, ProductOption};
use crate::contact::Contact;
use crate::head::Applied;
use crate::ids;
use crate::options::{Refund, Unissued};
use crate::shop::Shop;
use crate::slots::Slot;
use crate::told::{self, Prices};

/// BookingStatus (§3), of a booking and of a unit item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// ON_HOLD
    OnHold,
    /// CONFIRMED
    Confirmed,
    /// EXPIRED
    Expired,
    /// CANCELLED
    Cancelled,
    /// REDEEMED
    Redeemed,
    /// PENDING
    Pending,
    /// REJECTED
    Rejected,
}

impl Status {
    /// The word of the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnHold => "ON_HOLD",
            Self::Confirmed => "CONFIRMED",
            Self::Expired => "EXPIRED",
            Self::Cancelled => "CANCELLED",
            Self::Redeemed => "REDEEMED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
        }
    }

    /// Whether its places are given back.
    #[must_use]
    pub const fn ended(self) -> bool {
        matches!(self, Self::Expired | Self::Cancelled | Self::Rejected)
    }
}

/// One ticket of a booking (§3). `Debug` leaves out the guest's details.
#[derive(Clone, PartialEq, Eq)]
pub struct UnitItem {
    /// `uuid`.
    pub uuid: String,
    /// `unitId`.
    pub unit_id: String,
    /// `resellerReference`.
    pub reseller_reference: Option<String>,
    /// `status`.
    pub status: Status,
    /// `utcRedeemedAt`.
    pub redeemed: Option<DateTime<Utc>>,
    /// The code of its ticket, once issued.
    pub code: Option<String>,
    /// Its price, for products priced by unit.
    pub price: Option<Price>,
    pub(crate) contact: Contact,
}

/// A booking (§3). `Debug` leaves out the guests' details.
#[derive(Clone)]
pub struct Booking {
    /// `id`: another than the uuid.
    pub id: String,
    /// `uuid`.
    pub uuid: String,
    /// `resellerReference`.
    pub reseller_reference: Option<String>,
    /// `supplierReference`.
    pub supplier_reference: String,
    /// `status`.
    pub status: Status,
    /// `utcCreatedAt`.
    pub created: DateTime<Utc>,
    /// `utcUpdatedAt`.
    pub updated: DateTime<Utc>,
    /// `utcExpiresAt`.
    pub expires: Option<DateTime<Utc>>,
    /// `utcRedeemedAt`.
    pub redeemed: Option<DateTime<Utc>>,
    /// `utcConfirmedAt`.
    pub confirmed: Option<DateTime<Utc>>,
    /// `product`.
    pub product: Arc<Product>,
    /// `optionId`.
    pub option_id: String,
    /// `cancellation`: refund and time; its reason is told on the wire only.
    pub cancellation: Option<(Refund, DateTime<Utc>)>,
    /// The code of its voucher, once issued.
    pub voucher: Option<String>,
    /// `unitItems`.
    pub items: Vec<UnitItem>,
    /// The currency booked in.
    pub currency: String,
    /// Its price, for products priced by booking.
    pub price: Option<Price>,
    pub(crate) slot: Option<Slot>,
    pub(crate) contact: Contact,
    pub(crate) notes: Option<String>,
    pub(crate) reason: Option<String>,
    /// What makes a repeated reservation the same one.
    pub(crate) fingerprint: String,
}

impl Booking {
    /// Its option.
    #[must_use]
    pub fn option(&self) -> Option<&ProductOption> {
        self.product.option(&self.option_id)
    }

    /// What its places are counted under; nothing for a booking that takes none.
    pub(crate) fn place(&self) -> Option<(String, String, String)> {
        let slot = self.slot.as_ref().filter(|_| !self.status.ended())?;
        Some((self.product.id.clone(), self.option_id.clone(), slot.stamp.clone()))
    }

    /// Gives it and its unit items one status.
    pub(crate) fn set_status(&mut self, status: Status) {
        self.status = status;
        for item in &mut self.items {
            item.status = status;
        }
    }

    /// `cancellable` (§4): not ended, nothing redeemed, inside the cut-off.
    pub(crate) fn cancellable(&self, now: DateTime<Utc>) -> bool {
        let untouched = self.items.iter().all(|item| item.redeemed.is_none());
        match self.status {
            Status::OnHold => true,
            Status::Confirmed | Status::Pending => {
                untouched && self.slot.as_ref().is_none_or(|slot| now <= slot.cancel_until)
            }
            _ => false,
        }
    }

    /// Its price altogether (§6).
    #[must_use]
    pub fn total(&self) -> Option<Price> {
        self.price.clone().or_else(|| Price::sum(self.items.iter().filter_map(|item| item.price.as_ref())))
    }

    /// A ticket or voucher (§3).
    fn ticket(&self, code: Option<&String>, redeemed: Option<DateTime<Utc>>, unissued: Unissued) -> Value {
        if code.is_none() && unissued == Unissued::Null {
            return Value::Null;
        }
        let options = self.product.delivery_formats.iter().zip(code.into_iter().cycle()).map(|(format, code)| {
            let value = match *format {
                "PDF_URL" => format!("https://tickets.example/{code}.pdf"),
                "PKPASS_URL" => format!("https://tickets.example/{code}.pkpass"),
                _ => code.clone(),
            };
            json!({"deliveryFormat": format, "deliveryValue": value})
        });
        json!({
            "redemptionMethod": self.product.redemption_method,
            "utcRedeemedAt": redeemed.map(ids::utc),
            "deliveryOptions": options.collect::<Vec<_>>(),
        })
    }
}

impl Shop {
    /// A booking as told (§3), with prices where the capability applies (§6).
    pub(crate) fn booking_json(&self, booking: &Booking, applied: Applied) -> Value {
        let product = &booking.product;
        let availability = booking
            .slot
            .as_ref()
            .zip(booking.option())
            .map(|(slot, option)| self.slot_json(product, option, slot, self.left(product, option, slot)));
        let cancellation = booking.cancellation.map(
            |(refund, at)| json!({"refund": refund.word(), "reason": booking.reason, "utcCancelledAt": ids::utc(at)}),
        );
        let voucher = product
            .delivers(DeliveryMethod::Voucher)
            .then(|| booking.ticket(booking.voucher.as_ref(), booking.redeemed, self.options.unissued));
        let items = booking.items.iter().map(|item| self.item_json(booking, item, applied));
        let mut told = json!({
            "id": booking.id,
            "uuid": booking.uuid,
            "testMode": self.options.test_mode,
            "resellerReference": booking.reseller_reference,
            "supplierReference": booking.supplier_reference,
            "status": booking.status.word(),
            "utcCreatedAt": ids::utc(booking.created),
            "utcUpdatedAt": ids::utc(booking.updated),
            "utcExpiresAt": booking.expires.map(ids::utc),
            "utcRedeemedAt": booking.redeemed.map(ids::utc),
            "utcConfirmedAt": booking.confirmed.map(ids::utc),
            "productId": product.id,
            "optionId": booking.option_id,
            "cancellable": booking.cancellable(self.now()),
            "cancellation": cancellation,
            "freesale": booking.slot.is_none(),
            "availabilityId": availability.as_ref().map(|slot| slot["id"].clone()),
            "availability": availability,
            "contact": booking.contact.json(),
            "notes": booking.notes,
            "deliveryMethods": told::methods(product),
            "voucher": voucher.unwrap_or_default(),
            "unitItems": items.collect::<Vec<_>>(),
        });
        if self.options.embed_catalogue {
            told["product"] = self.product_json(product, inside(applied));
            told["option"] = booking.option().map(|option| self.option_json(product, option, inside(applied))).into();
        }
        if applied.pricing {
            told["pricing"] = booking.total().map(|price| price.json()).into();
        }
        told
    }

    fn item_json(&self, booking: &Booking, item: &UnitItem, applied: Applied) -> Value {
        let product = &booking.product;
        let ticket = product
            .delivers(DeliveryMethod::Ticket)
            .then(|| booking.ticket(item.code.as_ref(), item.redeemed, self.options.unissued));
        let mut told = json!({
            "uuid": item.uuid,
            "resellerReference": item.reseller_reference,
            "supplierReference": format!("{}-{}", booking.supplier_reference, item.uuid),
            "unitId": item.unit_id,
            "status": item.status.word(),
            "utcRedeemedAt": item.redeemed.map(ids::utc),
            "contact": item.contact.json(),
            "ticket": ticket.unwrap_or_default(),
        });
        let unit = booking.option().and_then(|option| Some((option, option.unit(&item.unit_id)?)));
        if let Some((option, unit)) = unit.filter(|_| self.options.embed_catalogue) {
            told["unit"] = self.unit_json(product, option, unit, inside(applied));
        }
        if applied.pricing && product.pricing_per == PricingPer::Unit {
            told["pricing"] = item.price.as_ref().map(Price::json).into();
        }
        told
    }
}

fn inside(applied: Applied) -> Prices {
    if applied.pricing { Prices::Inside } else { Prices::Absent }
}

impl fmt::Debug for UnitItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("UnitItem");
        shown.field("uuid", &self.uuid).field("unit_id", &self.unit_id).field("status", &self.status);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for Booking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Booking")
            .field("uuid", &self.uuid)
            .field("status", &self.status)
            .field("product", &self.product.id)
            .field("option", &self.option_id)
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}
