//! Two phases (§4): reserve, extend, confirm, and looking at what is there. The partner is looked at only where it said
//! no: the straight way is availability, reservation, confirmation.

use entrepot_sdk::contract::supplier::Holding;
use entrepot_sdk::prelude::*;
use serde_json::json;

use crate::OctoSupplier;
use crate::booking_uuid::Try;
use crate::contact::contact;
use crate::exchange::{Told, wrong};
use crate::refused::NoId;
use crate::slot::Slot;
use crate::tickets::{Tickets, tickets};
use crate::wanted::Wanted;
use crate::wire::{Booking as Wire, Status};

/// Steps of one call: straight on it takes two. More than the detours there are means that the booking changes under our
/// hands.
const STEPS_LIMIT: usize = 8;

/// The longest hold that is asked for, in milliseconds (§4: a supplier may cap it).
pub(crate) const LONGEST_HOLD_MS: u64 = 3_600_000;

const MINUTE_MS: i64 = 60_000;

/// A booking that is there, and under which of the order's two uuids.
pub(crate) struct There {
    pub(crate) booking: Wire,
    pub(crate) which: Try,
}

/// What to do next on the way to a confirmed booking.
enum Step {
    Reserve(Try),
    Confirm(Try),
    Look,
}

/// What a reservation came to: a booking, or a certain no.
type Reserved = Result<There, Refusal>;

impl OctoSupplier {
    /// Books: reserves unless units are held, then confirms.
    pub(crate) async fn book_units(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Booking, Fault> {
        let wanted = Wanted::of(order)?;
        let mut step = if order.reference.is_some() { Step::Confirm(Try::First) } else { Step::Reserve(Try::First) };
        let mut reserved = false;
        let mut refused: Option<(Try, Refusal)> = None;
        for _ in 0..STEPS_LIMIT {
            let there = match step {
                Step::Reserve(which) => {
                    match self.reserve(call, &wanted, which, self.settings.hold_minutes.into()).await? {
                        Ok(there) => {
                            // A no to a hold that is gone says nothing about this one.
                            (reserved, refused) = (true, None);
                            there
                        }
                        Err(refusal) => return Ok(Booking::Refused(refusal)),
                    }
                }
                Step::Confirm(which) => match self.confirm(call, &wanted, which).await? {
                    Ok(booking) => There { booking, which },
                    Err(no) => {
                        refused = Some((which, no.refusal(order)));
                        step = Step::Look;
                        continue;
                    }
                },
                Step::Look => match self.look(call, &wanted).await? {
                    Some(there) => there,
                    None if self.settings.renew_expired_holds && !reserved => {
                        step = Step::Reserve(Try::First);
                        continue;
                    }
                    None => return Ok(Booking::Refused(ran_out())),
                },
            };
            step = match self.after(&wanted, &there)? {
                After::Ended(booking) => return Ok(booking),
                After::RanOut => match self.next_try(there.which) {
                    Some(which) => Step::Reserve(which),
                    None => return Ok(Booking::Refused(ran_out())),
                },
                After::Held => match refused.take().filter(|(which, _)| *which == there.which) {
                    Some((which, refusal)) => {
                        if reserved {
                            // Nobody else knows of this hold. If it stays, it runs out by itself.
                            let _ = self.cancel_at(call, &wanted, which).await;
                        }
                        return Ok(Booking::Refused(refusal));
                    }
                    None => Step::Confirm(there.which),
                },
            };
        }
        Err(Fault::unknown(FaultKind::Garbled, "confirm: the booking is told differently each time"))
    }

    /// Keeps units, or keeps them longer.
    pub(crate) async fn hold_units(
        &self,
        call: &Call<()>,
        order: &SupplierOrder,
        until: Timestamp,
    ) -> Result<Holding, Fault> {
        let wanted = Wanted::of(order)?;
        let minutes = minutes_until(until, call.now());
        let mut found = None;
        if order.reference.is_some() {
            match self.extend(call, &wanted, Try::First, minutes).await? {
                Ok(booking) => return held(&booking),
                Err(_) => found = self.look(call, &wanted).await?,
            }
        }
        let there = match found {
            Some(there) => there,
            None => match self.reserve(call, &wanted, Try::First, minutes).await? {
                Ok(there) => there,
                Err(refusal) => return Ok(Holding::Refused(refusal)),
            },
        };
        let there = match (there.booking.ran_out(), self.next_try(there.which)) {
            (true, Some(which)) => match self.reserve(call, &wanted, which, minutes).await? {
                Ok(there) => there,
                Err(refusal) => return Ok(Holding::Refused(refusal)),
            },
            _ => there,
        };
        if there.booking.status.alive() {
            wanted.check_complete("booking", &there.booking)?;
        }
        let holding = held(&there.booking)?;
        let short = matches!(&holding, Holding::Held { until: told, .. } if until.since(*told) > MINUTE_MS);
        if !short {
            return Ok(holding);
        }
        // Made before, or capped. What was granted stays granted, whatever becomes of this.
        match self.extend(call, &wanted, there.which, minutes).await {
            Ok(Ok(longer)) if longer.utc_expires_at >= there.booking.utc_expires_at => held(&longer),
            _ => Ok(holding),
        }
    }

    /// Gives a hold up. What is booked already stays booked.
    pub(crate) async fn release_units(&self, call: &Call<()>, order: &SupplierOrder) -> Result<(), Fault> {
        let wanted = Wanted::of(order)?;
        for _ in 0..2 {
            let Some(there) = self.look(call, &wanted).await? else { return Ok(()) };
            match there.booking.status {
                Status::Expired | Status::Cancelled | Status::Rejected => return Ok(()),
                Status::OnHold => {}
                Status::Confirmed | Status::Pending | Status::Redeemed => {
                    return Err(Fault::not_done(FaultKind::Refused, "release: the units are booked, not held"));
                }
            }
            match self.cancel_at(call, &wanted, there.which).await? {
                Ok(booking) if !booking.status.alive() => return Ok(()),
                Ok(_) => return Err(wrong("cancel", "status", "CANCELLED or EXPIRED")),
                // It may just have run out: one more look tells.
                Err(_) => {}
            }
        }
        Err(Fault::not_done(FaultKind::Refused, "release: the supplier does not give the hold up"))
    }

    /// What became of the booking?
    pub(crate) async fn found(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Booking, Fault> {
        let wanted = Wanted::of(order)?;
        let Some(there) = self.look(call, &wanted).await? else { return Ok(Booking::NotFound) };
        if there.booking.status == Status::Cancelled
            || (there.booking.status == Status::Expired && !there.booking.ran_out())
        {
            return Ok(Booking::Cancelled);
        }
        Ok(match self.after(&wanted, &there)? {
            After::Ended(booking) => booking,
            After::Held => Booking::Held { until: expiry(&there.booking)? },
            // It can be booked anew, as if nobody had heard of it.
            After::RanOut if self.next_try(there.which).is_some() => Booking::NotFound,
            After::RanOut => Booking::Refused(ran_out()),
        })
    }

    /// The booking under either of the order's uuids, the second one only where the first is no use.
    pub(crate) async fn look(&self, call: &Call<()>, wanted: &Wanted<'_>) -> Result<Option<There>, Fault> {
        let mut found = None;
        for which in Try::BOTH {
            if let Some(booking) = self.fetch(call, wanted, which).await? {
                let ran_out = booking.ran_out();
                found = Some(There { booking, which });
                if !ran_out {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// `GET /bookings/{uuid}`.
    async fn fetch(&self, call: &Call<()>, wanted: &Wanted<'_>, which: Try) -> Result<Option<Wire>, Fault> {
        let path = format!("/bookings/{}", wanted.uuid(which));
        match self.get::<Wire>(call, "booking", &path).await? {
            Ok(booking) => wanted.check("booking", &booking, which, &self.settings).map(|()| Some(booking)),
            Err(no) if no.id == NoId::InvalidBooking => Ok(None),
            Err(no) if no.id == NoId::NotFound && self.settings.missing_as_not_found => Ok(None),
            // A question that is refused says nothing about the booking.
            Err(no) => Err(Fault { effect: Effect::Unknown, ..no.fault("booking") }),
        }
    }

    /// Availability, then `POST /bookings`. A repeat gives the booking as it is now, or is refused: then it is looked at.
    async fn reserve(&self, call: &Call<()>, wanted: &Wanted<'_>, which: Try, minutes: i64) -> Result<Reserved, Fault> {
        let slot = match self.slot(call, wanted).await? {
            Slot::Free(id) => id,
            // Our own hold may have taken the last places.
            Slot::Refused(refusal) => return self.there_or(call, wanted, which, refusal).await,
        };
        let mut body = json!({
            "uuid": wanted.uuid(which), "productId": wanted.code.product, "optionId": wanted.code.option,
            "unitItems": wanted.new_items(&self.settings), "expirationMinutes": minutes,
            "resellerReference": wanted.order.order,
        });
        if let Some(id) = &slot {
            body["availabilityId"] = json!(id);
        }
        self.add_currency(&mut body);
        match self.post::<Wire>(call, "reserve", "/bookings", &body).await? {
            Ok(booking) => {
                wanted.check("reserve", &booking, which, &self.settings)?;
                if slot.is_some() && booking.status.alive() && booking.availability_id != slot {
                    return Err(wrong("reserve", "availabilityId", "the slot booked"));
                }
                Ok(Ok(There { booking, which }))
            }
            Err(no) => {
                let refusal = if no.id == NoId::Unprocessable {
                    self.why(call, wanted, &no).await
                } else {
                    no.refusal(wanted.order)
                };
                self.there_or(call, wanted, which, refusal).await
            }
        }
    }

    /// The booking, if it is there after all; the refusal otherwise.
    async fn there_or(
        &self,
        call: &Call<()>,
        wanted: &Wanted<'_>,
        which: Try,
        refusal: Refusal,
    ) -> Result<Reserved, Fault> {
        Ok(match self.look(call, wanted).await? {
            // The hold that ran out is what is being replaced.
            Some(there) if !(there.booking.ran_out() && which == Try::Second) => Ok(there),
            _ => Err(refusal),
        })
    }

    /// `POST /bookings/{uuid}/confirm`. Unit items are not named: those of the reservation stay.
    async fn confirm(&self, call: &Call<()>, wanted: &Wanted<'_>, which: Try) -> Result<Told<Wire>, Fault> {
        let order = wanted.order;
        let guest = order.buyer.as_ref().or_else(|| order.guests().next());
        let body = json!({
            "contact": contact(&self.settings, guest), "resellerReference": order.order, "emailReceipt": false,
        });
        let path = format!("/bookings/{}/confirm", wanted.uuid(which));
        let told = self.post::<Wire>(call, "confirm", &path, &body).await?;
        if let Ok(booking) = &told {
            wanted.check("confirm", booking, which, &self.settings)?;
            if !matches!(booking.status, Status::Confirmed | Status::Pending | Status::Redeemed | Status::Rejected) {
                return Err(wrong("confirm", "status", "CONFIRMED or PENDING"));
            }
        }
        Ok(told)
    }

    /// `POST /bookings/{uuid}/extend`.
    async fn extend(
        &self,
        call: &Call<()>,
        wanted: &Wanted<'_>,
        which: Try,
        minutes: i64,
    ) -> Result<Told<Wire>, Fault> {
        let path = format!("/bookings/{}/extend", wanted.uuid(which));
        let told = self.post::<Wire>(call, "extend", &path, &json!({"expirationMinutes": minutes})).await?;
        if let Ok(booking) = &told {
            wanted.check("extend", booking, which, &self.settings)?;
            wanted.check_complete("extend", booking)?;
            if booking.status != Status::OnHold {
                return Err(wrong("extend", "status", "ON_HOLD"));
            }
        }
        Ok(told)
    }

    /// `POST /bookings/{uuid}/cancel`.
    pub(crate) async fn cancel_at(
        &self,
        call: &Call<()>,
        wanted: &Wanted<'_>,
        which: Try,
    ) -> Result<Told<Wire>, Fault> {
        let path = format!("/bookings/{}/cancel", wanted.uuid(which));
        let body = json!({"reason": "given back by the reseller"});
        let told = self.post::<Wire>(call, "cancel", &path, &body).await?;
        if let Ok(booking) = &told {
            wanted.check("cancel", booking, which, &self.settings)?;
        }
        Ok(told)
    }

    /// What a booking's status means on the way to a confirmed one.
    fn after(&self, wanted: &Wanted<'_>, there: &There) -> Result<After, Fault> {
        let booking = &there.booking;
        let refused = |reason, text: &str| Ok(After::Ended(Booking::Refused(Refusal::new(reason, text))));
        let reference = booking.reference();
        let wait = Wait::ms(self.settings.pending_poll_ms);
        if booking.status.alive() {
            wanted.check_complete("booking", booking)?;
        }
        match booking.status {
            Status::OnHold => Ok(After::Held),
            Status::Confirmed | Status::Redeemed => {
                Ok(After::Ended(match tickets("booking", wanted, booking, &self.settings)? {
                    Tickets::There(units) => Booking::Issued { reference, units },
                    Tickets::Later => Booking::Pending { reference, wait },
                }))
            }
            Status::Pending => Ok(After::Ended(Booking::Pending { reference, wait })),
            Status::Rejected => refused(Reason::SupplierRefused, "the supplier rejected the booking"),
            Status::Cancelled => refused(Reason::StateForbids, "the booking was cancelled"),
            Status::Expired if booking.ran_out() => Ok(After::RanOut),
            Status::Expired => refused(Reason::StateForbids, "the booking has ended"),
        }
    }

    /// Under which uuid a hold that ran out is made anew, where that is wanted.
    fn next_try(&self, which: Try) -> Option<Try> {
        (which == Try::First && self.settings.renew_expired_holds).then_some(Try::Second)
    }
}

/// What a booking's status means on the way to a confirmed one.
enum After {
    Held,
    RanOut,
    Ended(Booking),
}

fn ran_out() -> Refusal {
    Refusal::new(Reason::StateForbids, "the hold ran out before it was confirmed")
}

fn expiry(booking: &Wire) -> Result<Timestamp, Fault> {
    let expires = booking.utc_expires_at.ok_or_else(|| wrong("booking", "utcExpiresAt", "the end of the hold"))?;
    Ok(expires.0)
}

/// What a booking means to who wants it held.
fn held(booking: &Wire) -> Result<Holding, Fault> {
    Ok(match booking.status {
        Status::OnHold => Holding::Held { reference: booking.reference(), until: expiry(booking)? },
        Status::Confirmed | Status::Pending | Status::Redeemed => Holding::Booked,
        Status::Expired if booking.ran_out() => Holding::Refused(ran_out()),
        Status::Expired | Status::Cancelled | Status::Rejected => {
            Holding::Refused(Refusal::new(Reason::StateForbids, "the booking has ended"))
        }
    })
}

/// Whole minutes, at least one and at most an hour.
fn minutes_until(until: Timestamp, now: Timestamp) -> i64 {
    let longest = i64::try_from(LONGEST_HOLD_MS).unwrap_or(i64::MAX);
    (until.since(now).clamp(1, longest) + MINUTE_MS - 1) / MINUTE_MS
}
