//! Units given back (§4 step 5): the whole of a booking by its own call, a part by an update with fewer unit items. There
//! is no audit: what was done is told at once, and looked up where the answer was lost.

use entrepot_sdk::prelude::*;
use serde_json::json;

use crate::OctoSupplier;
use crate::booking::There;
use crate::booking_uuid::Try;
use crate::exchange::wrong;
use crate::price::price;
use crate::wanted::Wanted;
use crate::wire::{Booking as Wire, Refund, Status};

impl OctoSupplier {
    /// Gives units back.
    pub(crate) async fn give_back(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        units: &[u16],
    ) -> Result<Cancellation, Fault> {
        let wanted = Wanted::of(order)?;
        if order.is_rest(units) { self.whole(call, &wanted).await } else { self.part(call, &wanted, units).await }
    }

    async fn whole(&self, call: &Call<()>, wanted: &Wanted<'_>) -> Result<Cancellation, Fault> {
        let no = match self.cancel_at(call, wanted, Try::First).await? {
            Ok(booking) if booking.status == Status::Cancelled => return self.done(wanted, &booking),
            // A hold that ran out: the units may stand in the one made after it.
            Ok(booking) if booking.status == Status::Expired => None,
            Ok(_) => return Err(wrong("cancel", "status", "CANCELLED")),
            Err(no) => Some(no),
        };
        let Some(there) = self.look(call, wanted).await? else { return Ok(unknown_there()) };
        if there.booking.status.alive() && there.which != Try::First {
            return match self.cancel_at(call, wanted, there.which).await? {
                Ok(booking) if !booking.status.alive() => self.done(wanted, &booking),
                Ok(_) => Err(wrong("cancel", "status", "CANCELLED")),
                Err(no) => Ok(Cancellation::Refused(no.state_refusal(wanted.order))),
            };
        }
        match (there.booking.status.alive(), no) {
            (false, _) => self.done(wanted, &there.booking),
            (true, Some(no)) => Ok(Cancellation::Refused(no.state_refusal(wanted.order))),
            (true, None) => Err(wrong("cancel", "status", "the same when it is asked about")),
        }
    }

    async fn part(&self, call: &Call<()>, wanted: &Wanted<'_>, units: &[u16]) -> Result<Cancellation, Fault> {
        let refused = |text: &str| Ok(Cancellation::Refused(Refusal::new(Reason::StateForbids, text)));
        if !self.settings.part_cancellation {
            return refused("settings.part_cancellation: parts of a booking are not given back here");
        }
        let Some(there) = self.look(call, wanted).await? else { return Ok(unknown_there()) };
        let There { booking, which } = &there;
        let stay = match standing(wanted, booking, units)? {
            Standing::Gone => return Ok(Cancellation::Done { fee: None }),
            Standing::Ended => return self.done(wanted, booking),
            Standing::There { stay } => stay,
        };
        let items = wanted.items("booking", booking)?;
        if items.alive.iter().any(|(number, item)| units.contains(number) && item.used()) {
            return refused("a unit was used already");
        }
        if !booking.cancellable {
            return refused("the supplier says that the booking can no longer be changed");
        }
        let body = json!({"unitItems": wanted.kept_items(&items, &stay)});
        let path = format!("/bookings/{}", wanted.uuid(*which));
        match self.patch::<Wire>(call, "update", &path, &body).await? {
            Err(no) => Ok(Cancellation::Refused(no.state_refusal(wanted.order))),
            Ok(updated) => {
                wanted.check("update", &updated, *which, &self.settings)?;
                let kept: Vec<&str> =
                    wanted.items("update", &updated)?.alive.iter().map(|(_, item)| &*item.uuid).collect();
                let asked: Vec<&str> = items
                    .alive
                    .iter()
                    .filter(|(number, _)| stay.contains(number))
                    .map(|(_, item)| &*item.uuid)
                    .collect();
                if kept.len() != asked.len() || !asked.iter().all(|uuid| kept.contains(uuid)) {
                    return Err(wrong("update", "unitItems", "those that stay, and no others"));
                }
                if updated.status != booking.status {
                    return Err(wrong("update", "status", "the one before"));
                }
                // What the supplier keeps of a part is nowhere said.
                Ok(Cancellation::Done { fee: None })
            }
        }
    }

    /// How does a cancellation stand?
    pub(crate) async fn given_back(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        units: &[u16],
    ) -> Result<Cancellation, Fault> {
        let wanted = Wanted::of(order)?;
        let Some(there) = self.look(call, &wanted).await? else { return Ok(Cancellation::NotAsked) };
        if order.is_rest(units) {
            return if there.booking.status.alive() {
                Ok(Cancellation::NotAsked)
            } else {
                self.done(&wanted, &there.booking)
            };
        }
        match standing(&wanted, &there.booking, units)? {
            Standing::Gone => Ok(Cancellation::Done { fee: None }),
            Standing::Ended => self.done(&wanted, &there.booking),
            Standing::There { .. } => Ok(Cancellation::NotAsked),
        }
    }
}

/// Where the units of a part stand.
enum Standing {
    /// Given back; the others are there.
    Gone,
    /// The whole booking is.
    Ended,
    /// Still there, beside those that stay.
    There { stay: Vec<u16> },
}

fn standing(wanted: &Wanted<'_>, booking: &Wire, units: &[u16]) -> Result<Standing, Fault> {
    if !booking.status.alive() {
        return Ok(Standing::Ended);
    }
    let left = wanted.order.left();
    let stay: Vec<u16> = left.iter().copied().filter(|number| !units.contains(number)).collect();
    let items = wanted.items("booking", booking)?;
    let there = items.numbers();
    match () {
        () if there == left => Ok(Standing::There { stay }),
        // Units that are not told apart are as many as stay.
        () if there == stay || (!items.named && there.len() == stay.len()) => Ok(Standing::Gone),
        () => Err(wrong("booking", "unitItems", "the units that are left, with or without those that go")),
    }
}

fn unknown_there() -> Cancellation {
    Cancellation::Refused(Refusal::new(Reason::OrderUnknown, "the supplier knows no such booking"))
}

impl OctoSupplier {
    /// A booking that has ended, and what its supplier keeps of what we owe (§3 `Refund`). Of a part that is kept the page
    /// does not say how much.
    fn done(&self, wanted: &Wanted<'_>, booking: &Wire) -> Result<Cancellation, Fault> {
        let order = wanted.order;
        let count = u32::try_from(order.left().len()).unwrap_or(u32::MAX);
        let agreed = order.unit_cost.and_then(|cost| cost.times(count).ok());
        let pricing = booking.pricing.as_ref().filter(|_| self.settings.pricing);
        let told = pricing.map(|pricing| price("booking", "pricing", pricing, &self.settings)).transpose()?;
        let owed = told.and_then(|told| told.net).or(agreed);
        let nothing = owed.map(|owed| Money::zero(owed.currency));
        let fee = match booking.cancellation.as_ref().map(|cancellation| cancellation.refund) {
            Some(Refund::None) => owed,
            Some(Refund::Partial) => None,
            // A hold that ran out or was rejected costs nothing.
            Some(Refund::Full) | None => nothing,
        };
        Ok(Cancellation::Done { fee })
    }
}
