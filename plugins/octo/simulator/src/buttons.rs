//! What a test or a person can press, and what can be looked at.

use std::fmt;

use chrono::{NaiveDate, TimeDelta};

use crate::booking::{Booking, Status};
use crate::call::Call;
use crate::catalogue::Price;
use crate::desk::Desk;
use crate::exchange::Recorded;
use crate::fault::Fault;
use crate::fields;
use crate::options::Refund;
use crate::prices::PriceKey;
use crate::shop::Shop;
use crate::slots::Day;
use crate::webhooks::Notice;

/// A button that does not fit what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    /// No such product, option or unit.
    NotSold,
    /// Not a date `YYYY-MM-DD`.
    NotADate,
    /// No booking, unit item or code of this name.
    Unknown,
    /// The booking's state does not allow it.
    State,
}

impl fmt::Display for Misuse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotSold => "no such product, option or unit",
            Self::NotADate => "not a date",
            Self::Unknown => "unknown here",
            Self::State => "the state does not allow it",
        })
    }
}

impl std::error::Error for Misuse {}

/// A price to charge from now on. Bookings made before keep theirs.
#[derive(Debug, Clone)]
pub struct PriceChange<'a> {
    /// Product.
    pub product: &'a str,
    /// Option.
    pub option: &'a str,
    /// Unit; `None` for products priced by booking.
    pub unit: Option<&'a str>,
    /// A single day, else all days.
    pub date: Option<&'a str>,
    /// The price; its currency says which one it replaces.
    pub price: Price,
}

impl Desk {
    /// Moves the clock on; holds lapse (§4).
    pub fn advance(&self, by: TimeDelta) {
        let mut inner = self.inner();
        inner.shop.ahead += by;
        inner.shop.lapse();
    }

    /// Nothing is left of an option on a day (§3 SOLD_OUT).
    pub fn sell_out(&self, product: &str, option: &str, date: &str) -> Result<(), Misuse> {
        self.set_day(product, option, date, Some(Day::SoldOut))
    }

    /// An option is closed on a day (§3 CLOSED).
    pub fn close(&self, product: &str, option: &str, date: &str) -> Result<(), Misuse> {
        self.set_day(product, option, date, Some(Day::Closed))
    }

    /// Each slot of an option has this many places on a day.
    pub fn set_capacity(&self, product: &str, option: &str, date: &str, places: u32) -> Result<(), Misuse> {
        self.set_day(product, option, date, Some(Day::Capacity(places)))
    }

    /// Takes back what was pressed for a day.
    pub fn reopen(&self, product: &str, option: &str, date: &str) -> Result<(), Misuse> {
        self.set_day(product, option, date, None)
    }

    fn set_day(&self, product: &str, option: &str, date: &str, day: Option<Day>) -> Result<(), Misuse> {
        let mut inner = self.inner();
        check_sold(&inner.shop, product, option, None)?;
        let key = (product.to_owned(), option.to_owned(), read_date(date)?);
        match day {
            Some(day) => inner.shop.days.insert(key, day),
            None => inner.shop.days.remove(&key),
        };
        Ok(())
    }

    /// Changes a price (§6).
    pub fn set_price(&self, change: PriceChange<'_>) -> Result<(), Misuse> {
        let mut inner = self.inner();
        check_sold(&inner.shop, change.product, change.option, change.unit)?;
        let key = PriceKey {
            product: change.product.to_owned(),
            option: change.option.to_owned(),
            unit: change.unit.map(str::to_owned),
            date: change.date.map(read_date).transpose()?,
            currency: change.price.currency.clone(),
        };
        inner.shop.prices.insert(key, change.price);
        Ok(())
    }

    /// Lets the next call go wrong that no fault waits for yet.
    pub fn next_fault(&self, fault: Fault) {
        self.inner().faults.push(None, fault);
    }

    /// Lets the next call of a kind go wrong.
    pub fn next_fault_on(&self, call: Call, fault: Fault) {
        self.inner().faults.push(Some(call), fault);
    }

    /// Faults that no call has met yet.
    #[must_use]
    pub fn faults_waiting(&self) -> usize {
        self.inner().faults.len()
    }

    /// The key is known and may not call: FORBIDDEN (§5), until it may again.
    pub fn block_key(&self, blocked: bool) {
        self.inner().blocked = blocked;
    }

    /// A guest shows a code at the gate: a ticket's redeems its unit item, a voucher's redeems all (§4 step 6).
    pub fn redeem(&self, code: &str) -> Result<(), Misuse> {
        let mut inner = self.inner();
        let shown = inner.shop.bookings.values().find_map(|booking| {
            let items = booking.items.iter().enumerate();
            let with_code = items.filter(|(_, item)| item.code.as_deref() == Some(code)).map(|(at, _)| at);
            let whole = booking.voucher.as_deref() == Some(code);
            let units: Vec<usize> = if whole { (0..booking.items.len()).collect() } else { with_code.collect() };
            (!units.is_empty()).then(|| (booking.uuid.clone(), units))
        });
        let (uuid, units) = shown.ok_or(Misuse::Unknown)?;
        redeem(&mut inner.shop, &uuid, &units)
    }

    /// Unit items are redeemed without a code, as from a name list; counted from 0.
    pub fn redeem_units(&self, uuid: &str, units: &[usize]) -> Result<(), Misuse> {
        redeem(&mut self.inner().shop, uuid, units)
    }

    /// The supplier accepts what is PENDING, or delivers what is CONFIRMED without tickets (§4 step 3).
    pub fn accept(&self, uuid: &str) -> Result<(), Misuse> {
        self.decide(uuid, |shop, mut booking| {
            if booking.status == Status::Pending {
                booking.set_status(Status::Confirmed);
                booking.confirmed = Some(shop.now());
            } else if booking.status != Status::Confirmed {
                return Err(Misuse::State);
            }
            shop.issue(&mut booking);
            booking.updated = shop.now();
            shop.put(booking);
            Ok(())
        })
    }

    /// The supplier rejects what is PENDING (§4 step 3).
    pub fn reject(&self, uuid: &str) -> Result<(), Misuse> {
        self.decide(uuid, |shop, mut booking| {
            if booking.status != Status::Pending {
                return Err(Misuse::State);
            }
            booking.set_status(Status::Rejected);
            booking.updated = shop.now();
            shop.put(booking);
            Ok(())
        })
    }

    /// The supplier cancels on its own, whatever the cut-off says.
    pub fn cancel_by_supplier(&self, uuid: &str) -> Result<(), Misuse> {
        self.decide(uuid, |shop, booking| {
            if booking.status.ended() {
                return Err(Misuse::State);
            }
            shop.end(booking, Status::Cancelled, Refund::Full, Some("cancelled by the supplier".to_owned()));
            Ok(())
        })
    }

    fn decide(
        &self,
        uuid: &str,
        decision: impl FnOnce(&mut Shop, Booking) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let mut inner = self.inner();
        let booking = inner.shop.bookings.get(uuid).cloned().ok_or(Misuse::Unknown)?;
        inner.shop.noticed(uuid, |shop| decision(shop, booking))
    }

    /// The notices written since they were last taken (§6).
    #[must_use]
    pub fn take_notices(&self) -> Vec<Notice> {
        self.inner().shop.hooks.take()
    }

    /// One booking.
    #[must_use]
    pub fn booking(&self, uuid: &str) -> Option<Booking> {
        self.inner().shop.bookings.get(uuid).cloned()
    }

    /// All bookings, by uuid.
    #[must_use]
    pub fn bookings(&self) -> Vec<Booking> {
        self.inner().shop.bookings.values().cloned().collect()
    }

    /// The calls so far, the oldest first; at most [`RECORD_LIMIT`](crate::exchange::RECORD_LIMIT).
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.inner().recorded.iter().cloned().collect()
    }
}

fn read_date(date: &str) -> Result<NaiveDate, Misuse> {
    fields::date(date).ok_or(Misuse::NotADate)
}

fn check_sold(shop: &Shop, product: &str, option: &str, unit: Option<&str>) -> Result<(), Misuse> {
    let product = shop.product(product).map_err(|_| Misuse::NotSold)?;
    let option = product.option(option).ok_or(Misuse::NotSold)?;
    if unit.is_some_and(|unit| option.unit(unit).is_none()) { Err(Misuse::NotSold) } else { Ok(()) }
}

fn redeem(shop: &mut Shop, uuid: &str, units: &[usize]) -> Result<(), Misuse> {
    let now = shop.now();
    let mut booking = shop.bookings.get(uuid).cloned().ok_or(Misuse::Unknown)?;
    if booking.status != Status::Confirmed {
        return Err(Misuse::State);
    }
    for at in units {
        let item = booking.items.get_mut(*at).ok_or(Misuse::Unknown)?;
        if item.redeemed.is_some() {
            return Err(Misuse::State);
        }
        item.redeemed = Some(now);
        item.status = Status::Redeemed;
    }
    if booking.items.iter().all(|item| item.redeemed.is_some()) {
        booking.status = Status::Redeemed;
        booking.redeemed = Some(now);
    }
    booking.updated = now;
    if shop.options.notice_of_redemption {
        shop.noticed(uuid, |shop| shop.put(booking));
    } else {
        shop.put(booking);
    }
    Ok(())
}
