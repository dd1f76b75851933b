//! Cancelling (§4): only while `cancellable`; a hold is released.

use serde_json::Value;

use crate::booking::{Booking, Status};
use crate::fields::Fields;
use crate::head::Applied;
use crate::options::{CancelledHold, Refund, Repeat};
use crate::refusal::Refusal;
use crate::shop::Shop;

impl Shop {
    /// `POST /bookings/{uuid}/cancel`.
    pub(crate) fn cancel(&mut self, uuid: &str, body: &Value, applied: Applied) -> Result<Value, Refusal> {
        let booking = self.booking(uuid)?.clone();
        let fields = Fields::of(body, &["reason", "force"], self.options.strict.known_fields)?;
        let reason = fields.text("reason")?.map(str::to_owned);
        let force = fields.flag("force")?.unwrap_or(false) && self.options.force_cancels;
        let redeemed = booking.items.iter().any(|item| item.redeemed.is_some());
        let live = matches!(booking.status, Status::Confirmed | Status::Pending) && !redeemed;
        let (status, refund) = match booking.status {
            Status::Cancelled if self.options.repeated_cancel == Repeat::Booking => return self.tell(uuid, applied),
            Status::OnHold if self.options.cancelled_hold == CancelledHold::Expired => {
                (Status::Expired, self.options.hold_refund)
            }
            Status::OnHold => (Status::Cancelled, self.options.hold_refund),
            _ if booking.cancellable(self.now()) => (Status::Cancelled, self.options.refund),
            _ if live && force => (Status::Cancelled, Refund::None),
            _ => return Err(Refusal::rule("the booking is not cancellable")),
        };
        self.end(booking, status, refund, reason);
        self.tell(uuid, applied)
    }

    /// Ends a booking and gives its places back.
    pub(crate) fn end(&mut self, mut booking: Booking, status: Status, refund: Refund, reason: Option<String>) {
        let now = self.now();
        booking.set_status(status);
        booking.expires = None;
        booking.cancellation = Some((refund, now));
        booking.reason = reason;
        booking.updated = now;
        self.put(booking);
    }
}
