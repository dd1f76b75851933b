//! The state: bookings, places taken, holds that lapse. Everything that happens goes through [`Shop::put`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::booking::{Booking, Status};
use crate::catalogue::{Price, Product, ProductOption};
use crate::ids;
use crate::options::{LapsedHolds, Options};
use crate::prices::PriceKey;
use crate::refusal::{ErrorId, Refusal};
use crate::slots::{Day, Slot};
use crate::units;
use crate::webhooks::Hooks;

/// Product, option, stamp of the slot.
type PlaceKey = (String, String, String);

/// The state of a desk.
pub(crate) struct Shop {
    pub(crate) options: Options,
    pub(crate) catalogue: Vec<Arc<Product>>,
    pub(crate) bookings: BTreeMap<String, Booking>,
    pub(crate) days: BTreeMap<(String, String, NaiveDate), Day>,
    pub(crate) prices: BTreeMap<PriceKey, Price>,
    pub(crate) hooks: Hooks,
    /// How far the clock was moved by hand.
    pub(crate) ahead: TimeDelta,
    holds: BTreeSet<(DateTime<Utc>, String)>,
    taken: BTreeMap<PlaceKey, u32>,
    last_number: u64,
}

impl Shop {
    pub(crate) fn new(mut options: Options) -> Self {
        let catalogue = std::mem::take(&mut options.catalogue).into_iter().map(Arc::new).collect();
        Self {
            options,
            catalogue,
            bookings: BTreeMap::new(),
            days: BTreeMap::new(),
            prices: BTreeMap::new(),
            hooks: Hooks::default(),
            ahead: TimeDelta::zero(),
            holds: BTreeSet::new(),
            taken: BTreeMap::new(),
            last_number: 0,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.options.now)() + self.ahead
    }

    /// The next number of this desk: for uuids, references and codes.
    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A new UUID.
    pub(crate) fn uuid(&mut self) -> String {
        ids::uuid(self.number())
    }

    pub(crate) fn product(&self, id: &str) -> Result<Arc<Product>, Refusal> {
        let found = self.catalogue.iter().find(|product| product.id == id);
        found.cloned().ok_or_else(|| Refusal::of(ErrorId::InvalidProductId, id))
    }

    pub(crate) fn booking(&self, uuid: &str) -> Result<&Booking, Refusal> {
        self.bookings.get(uuid).ok_or_else(|| Refusal::of(ErrorId::InvalidBookingUuid, uuid))
    }

    /// Lets all holds lapse whose time has come (§4).
    pub(crate) fn lapse(&mut self) {
        let now = self.now();
        while let Some((expires, uuid)) = self.holds.first().filter(|(expires, _)| *expires <= now).cloned() {
            self.holds.remove(&(expires, uuid.clone()));
            let Some(mut booking) = self.bookings.get(&uuid).cloned() else { continue };
            booking.set_status(Status::Expired);
            booking.updated = expires;
            self.put(booking);
            if self.options.lapsed_holds == LapsedHolds::Forgotten {
                self.bookings.remove(&uuid);
            }
        }
    }

    /// Stores a booking, new or changed, and counts its places and its hold anew.
    pub(crate) fn put(&mut self, booking: Booking) {
        if let Some(old) = self.bookings.remove(&booking.uuid) {
            self.holds.remove(&(old.expires.unwrap_or_default(), old.uuid.clone()));
            let places = self.places(&old);
            if let Some(held) = old.place().and_then(|key| self.taken.get_mut(&key)) {
                *held = held.saturating_sub(places);
            }
        }
        if let (Status::OnHold, Some(expires)) = (booking.status, booking.expires) {
            self.holds.insert((expires, booking.uuid.clone()));
        }
        if let Some(key) = booking.place() {
            let places = self.places(&booking);
            *self.taken.entry(key).or_default() += places;
        }
        self.bookings.insert(booking.uuid.clone(), booking);
    }

    fn places(&self, booking: &Booking) -> u32 {
        let units = booking.items.iter().map(|item| item.unit_id.as_str());
        booking.option().map_or(0, |option| units::places(self.options.counting, option, units))
    }

    /// Places of a slot that are taken.
    pub(crate) fn taken(&self, product: &Product, option: &ProductOption, slot: &Slot) -> u32 {
        let key = (product.id.clone(), option.id.clone(), slot.stamp.clone());
        self.taken.get(&key).copied().unwrap_or(0)
    }

    /// Whether a booking, as it is to become, finds its places; its present ones count as free (§4).
    pub(crate) fn check_places(&self, booking: &Booking) -> Result<(), Refusal> {
        let (Some(slot), Some(option)) = (&booking.slot, booking.option()) else { return Ok(()) };
        let left = self.left(&booking.product, option, slot);
        let before = self.bookings.get(&booking.uuid).filter(|old| old.place() == booking.place());
        let own = before.map_or(0, |old| self.places(old));
        let wanted = self.places(booking);
        if wanted <= own {
            return Ok(());
        }
        if left.status == "CLOSED" {
            return Err(Refusal::rule("this availability is closed"));
        }
        if left.vacancies.is_some_and(|vacancies| vacancies < wanted - own) {
            return Err(Refusal::rule("sold out"));
        }
        Ok(())
    }
}

/// An option of a product.
pub(crate) fn option_of<'a>(product: &'a Product, id: &str) -> Result<&'a ProductOption, Refusal> {
    product.option(id).ok_or_else(|| Refusal::of(ErrorId::InvalidOptionId, id))
}
