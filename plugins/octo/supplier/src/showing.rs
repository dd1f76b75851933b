//! What the gate has taken (§4 step 6), and tickets shown again (§3 `Ticket`).

use entrepot_sdk::contract::supplier::{Resent, Usage, UsedUnits};
use entrepot_sdk::prelude::*;

use crate::OctoSupplier;
use crate::tickets::{Tickets, tickets};
use crate::wanted::Wanted;
use crate::wire::Status;

impl OctoSupplier {
    /// Totals of use, from the booking and its unit items.
    pub(crate) async fn used_units(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Usage, Fault> {
        let wanted = Wanted::of(order)?;
        let found = self.look(call, &wanted).await?;
        let booking = found.map(|there| there.booking);
        let booking = booking
            .ok_or_else(|| Fault::not_done(FaultKind::NotFound, "booking: the supplier knows no such booking"))?;
        let items = wanted.items("booking", &booking)?;
        let alive = if booking.status.alive() { items.alive } else { Vec::new() };
        let whole = booking.status == Status::Redeemed;
        let used: Vec<u16> = alive.iter().filter(|(_, item)| whole || item.used()).map(|(number, _)| *number).collect();
        let there: Vec<u16> = alive.iter().map(|(number, _)| *number).collect();
        let gone: Vec<u16> =
            order.units.iter().map(|unit| unit.number).filter(|number| !there.contains(number)).collect();
        let times = alive.iter().filter_map(|(_, item)| item.utc_redeemed_at);
        let last = times.chain(booking.utc_redeemed_at).max().filter(|_| !used.is_empty());
        let ended = used.len() == there.len();
        let told = |numbers: Vec<u16>| {
            if items.named {
                UsedUnits::Number { numbers }
            } else {
                UsedUnits::Count { count: u16::try_from(numbers.len()).unwrap_or(u16::MAX) }
            }
        };
        Ok(Usage { used: told(used), gone: told(gone), last_used_at: last.map(|last| last.0), ended })
    }

    /// The tickets of the booking as it is now.
    pub(crate) async fn tickets_again(&self, call: &Call<()>, order: &SupplierOrder) -> Result<Resent, Fault> {
        let wanted = Wanted::of(order)?;
        let refused = |reason, text: &str| Ok(Resent::Refused(Refusal::new(reason, text)));
        let Some(there) = self.look(call, &wanted).await? else {
            return refused(Reason::OrderUnknown, "the supplier knows no such booking");
        };
        let booking = &there.booking;
        if !matches!(booking.status, Status::Confirmed | Status::Redeemed) {
            return refused(Reason::StateForbids, "the booking has no tickets now");
        }
        wanted.check_complete("booking", booking)?;
        match tickets("booking", &wanted, booking, &self.settings)? {
            Tickets::There(units) => Ok(Resent::Credentials { units }),
            Tickets::Later => refused(Reason::StateForbids, "the supplier has not delivered the tickets yet"),
        }
    }
}
