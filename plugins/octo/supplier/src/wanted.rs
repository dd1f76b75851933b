//! An order in the words of §2: what is asked for, and which of a booking's unit items is which of our units.

use entrepot_sdk::prelude::*;
use serde_json::{Value, json};

use crate::booking_uuid::{Try, booking_uuid};
use crate::contact::contact;
use crate::exchange::wrong;
use crate::product_code::ProductCode;
use crate::settings::OctoSettings;
use crate::wire::{Booking, Status, UnitItem};

/// An order as it is asked for.
pub(crate) struct Wanted<'a> {
    pub(crate) order: &'a SupplierOrder,
    pub(crate) code: ProductCode,
}

/// A booking's unit items by our numbers.
pub(crate) struct Items<'a> {
    /// Those that are not given back, in the order of their numbers.
    pub(crate) alive: Vec<(u16, &'a UnitItem)>,
    /// Whether the supplier told our reference with each: otherwise their places tell, and those only count.
    pub(crate) named: bool,
}

impl Items<'_> {
    /// Our numbers of those that are not given back.
    pub(crate) fn numbers(&self) -> Vec<u16> {
        self.alive.iter().map(|(number, _)| *number).collect()
    }
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(order: &'a SupplierOrder) -> Result<Self, Fault> {
        Ok(Self { order, code: ProductCode::parse(&order.product_code)? })
    }

    pub(crate) fn uuid(&self, which: Try) -> String {
        booking_uuid(&self.order.order, which)
    }

    /// `units` of an availability request.
    pub(crate) fn units(&self) -> Value {
        json!([{"id": self.code.unit, "quantity": self.order.left().len()}])
    }

    /// Our reference of a unit, told again with its unit item (§3).
    fn reference(&self, number: u16) -> String {
        format!("{}-{number}", self.order.order)
    }

    /// `unitItems` of a reservation: one for each unit that is left, with its first guest as contact.
    pub(crate) fn new_items(&self, settings: &OctoSettings) -> Vec<Value> {
        let left = self.order.units.iter().filter(|unit| !unit.gone);
        left.map(|unit| {
            let mut item = json!({"unitId": self.code.unit, "resellerReference": self.reference(unit.number)});
            if let Some(guest) = unit.guests.first() {
                item["contact"] = contact(settings, Some(guest));
            }
            item
        })
        .collect()
    }

    /// `unitItems` of an update: those that stay.
    pub(crate) fn kept_items(&self, items: &Items<'_>, numbers: &[u16]) -> Vec<Value> {
        let kept = items.alive.iter().filter(|(number, _)| numbers.contains(number));
        kept.map(|(number, item)| {
            json!({"uuid": item.uuid, "unitId": self.code.unit, "resellerReference": self.reference(*number)})
        })
        .collect()
    }

    /// Which unit item is which unit: by our reference where the supplier tells it, otherwise by their places. Garbled
    /// when they are of another product, doubled, foreign, or too many or few to be told apart.
    pub(crate) fn items<'b>(&self, api: &str, booking: &'b Booking) -> Result<Items<'b>, Fault> {
        let items = &booking.unit_items;
        for (at, item) in items.iter().enumerate() {
            if item.unit_id != self.code.unit {
                return Err(wrong(api, &format!("unitItems[{at}].unitId"), &format!("the unit {}", self.code.unit)));
            }
            if item.uuid.is_empty() || items[..at].iter().any(|before| before.uuid == item.uuid) {
                return Err(wrong(api, &format!("unitItems[{at}].uuid"), "a uuid of its own"));
            }
        }
        let named = items.iter().any(|item| item.reseller_reference.is_some());
        let numbers = if named { self.by_reference(api, items)? } else { self.by_place(api, items)? };
        let pairs = numbers.into_iter().zip(items);
        let mut alive: Vec<_> = pairs.filter(|(_, item)| item.status.alive()).collect();
        alive.sort_by_key(|(number, _)| *number);
        Ok(Items { alive, named })
    }

    fn by_reference(&self, api: &str, items: &[UnitItem]) -> Result<Vec<u16>, Fault> {
        let mut numbers = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let told = item.reseller_reference.as_deref();
            let found = self.order.units.iter().find(|unit| told == Some(self.reference(unit.number).as_str()));
            match found.filter(|unit| !numbers.contains(&unit.number)) {
                Some(unit) => numbers.push(unit.number),
                None => {
                    let field = format!("unitItems[{at}].resellerReference");
                    return Err(wrong(api, &field, "the reference of a unit of this order, once"));
                }
            }
        }
        Ok(numbers)
    }

    fn by_place(&self, api: &str, items: &[UnitItem]) -> Result<Vec<u16>, Fault> {
        let (all, left) = (self.order.units.iter().map(|unit| unit.number).collect::<Vec<_>>(), self.order.left());
        match items.len() {
            count if count == left.len() => Ok(left),
            // A supplier may keep what was given back in the list.
            count if count == all.len() => Ok(all),
            // Fewer are left there than here: whichever they are, the first ones stand for them.
            count if count < left.len() => Ok(left.into_iter().take(count).collect()),
            _ => Err(wrong(api, "unitItems", &format!("{} unit items", left.len()))),
        }
    }

    /// Whether a booking is this order's, whole and consistent (§3, §7). `alive` says which units it has to hold while it
    /// takes places.
    pub(crate) fn check(&self, api: &str, booking: &Booking, which: Try, settings: &OctoSettings) -> Result<(), Fault> {
        let order = self.order;
        let reference = booking.reseller_reference.as_deref();
        let held = matches!(booking.status, Status::Confirmed | Status::Redeemed);
        let rules = [
            (booking.uuid == self.uuid(which), "uuid", "the one asked about"),
            (!booking.test_mode || settings.test_mode, "testMode", "false, or settings.test_mode = true"),
            (booking.product_id == self.code.product, "productId", "the one booked"),
            (booking.option_id == self.code.option, "optionId", "the one booked"),
            (reference.is_none_or(|told| told == order.order.as_str()), "resellerReference", "our order number"),
            (!held || reference.is_some(), "resellerReference", "our order number, as it is confirmed"),
        ];
        first_broken(api, &rules)?;
        check_times(api, booking)?;
        self.check_slot(api, booking)?;
        if booking.status.alive() {
            self.check_prices(api, booking, settings)?;
        }
        self.items(api, booking).map(|_| ())
    }

    /// The slot and date asked for.
    fn check_slot(&self, api: &str, booking: &Booking) -> Result<(), Fault> {
        let id = booking.availability_id.as_deref();
        let slot = booking.availability.as_ref();
        let dates =
            self.order.visit.zip(slot).map(|(visit, slot)| slot.local_date_time_start.date() == Some(visit.arrive));
        let rules = [
            (slot.is_none_or(|slot| id == Some(slot.id.as_str())), "availability.id", "the same as availabilityId"),
            (self.order.slot.is_none() || id == self.order.slot.as_deref(), "availabilityId", "the slot booked"),
            (dates != Some(false), "availability.localDateTimeStart", "the date of the visit"),
        ];
        first_broken(api, &rules)
    }

    fn check_prices(&self, api: &str, booking: &Booking, settings: &OctoSettings) -> Result<(), Fault> {
        if !settings.pricing {
            return Ok(());
        }
        let whole = booking.pricing.as_ref().ok_or_else(|| wrong(api, "pricing", "the price of the booking"))?;
        crate::price::price(api, "pricing", whole, settings)?;
        for item in &booking.unit_items {
            if let Some(pricing) = &item.pricing {
                crate::price::price(api, "unitItems.pricing", pricing, settings)?;
                if pricing.currency != whole.currency {
                    return Err(wrong(api, "unitItems.pricing.currency", "the currency of the booking"));
                }
            }
        }
        Ok(())
    }

    /// That a booking holds exactly the units that are left.
    pub(crate) fn check_complete(&self, api: &str, booking: &Booking) -> Result<(), Fault> {
        let left = self.order.left();
        if self.items(api, booking)?.numbers() == left {
            return Ok(());
        }
        Err(wrong(api, "unitItems", &format!("one for each of {} units", left.len())))
    }
}

/// Which times and notes a status goes with (§3, §7).
fn check_times(api: &str, booking: &Booking) -> Result<(), Fault> {
    let expires = booking.utc_expires_at.is_some();
    let confirmed = booking.utc_confirmed_at.is_some();
    let cancelled = booking.cancellation.is_some();
    let redeemed = booking.utc_redeemed_at.is_some();
    let null = "null in this status";
    match booking.status {
        Status::OnHold => first_broken(
            api,
            &[
                (expires, "utcExpiresAt", "the end of the hold"),
                (!confirmed, "utcConfirmedAt", null),
                (!redeemed, "utcRedeemedAt", null),
                (!cancelled, "cancellation", null),
            ],
        ),
        Status::Pending => {
            first_broken(api, &[(!confirmed, "utcConfirmedAt", null), (!cancelled, "cancellation", null)])
        }
        Status::Confirmed | Status::Redeemed => first_broken(
            api,
            &[
                (!expires, "utcExpiresAt", null),
                (confirmed, "utcConfirmedAt", "the time of confirmation"),
                (!cancelled, "cancellation", null),
            ],
        ),
        Status::Cancelled => {
            first_broken(api, &[(cancelled, "cancellation", "how it was cancelled"), (!expires, "utcExpiresAt", null)])
        }
        Status::Expired | Status::Rejected => Ok(()),
    }
}

fn first_broken(api: &str, rules: &[(bool, &str, &str)]) -> Result<(), Fault> {
    match rules.iter().find(|(holds, ..)| !holds) {
        Some((_, field, expected)) => Err(wrong(api, field, expected)),
        None => Ok(()),
    }
}
