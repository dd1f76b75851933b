//! One booking, and bookings by filter (§2).

use serde_json::Value;

use crate::booking::Booking;
use crate::fields::Fields;
use crate::head::Applied;
use crate::refusal::Refusal;
use crate::shop::Shop;

const FILTERS: [&str; 7] =
    ["resellerReference", "supplierReference", "localDate", "localDateStart", "localDateEnd", "productId", "optionId"];

impl Shop {
    /// `GET /bookings`: one of four filters, narrowed by product and option.
    pub(crate) fn list(&self, query: &Value, applied: Applied) -> Result<Value, Refusal> {
        let fields = Fields::of(query, &FILTERS, self.options.strict.known_fields)?;
        let reseller = fields.text("resellerReference")?;
        let supplier = fields.text("supplierReference")?;
        let day = fields.date("localDate")?;
        let range = match (fields.date("localDateStart")?, fields.date("localDateEnd")?) {
            (Some(start), Some(end)) if start <= end => Some((start, end)),
            (None, None) => None,
            _ => return Err(Refusal::bad("localDateStart and localDateEnd go together, in this order")),
        };
        let given = [reseller.is_some(), supplier.is_some(), day.is_some(), range.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err(Refusal::bad("one of resellerReference, supplierReference, localDate or a range is expected"));
        }
        let (product, option) = (fields.text("productId")?, fields.text("optionId")?);
        let matches = |booking: &&Booking| {
            let date = booking.slot.as_ref().map(|slot| slot.date);
            reseller.is_none_or(|asked| booking.reseller_reference.as_deref() == Some(asked))
                && supplier.is_none_or(|asked| booking.supplier_reference == asked)
                && day.is_none_or(|asked| date == Some(asked))
                && range.is_none_or(|(start, end)| date.is_some_and(|date| (start..=end).contains(&date)))
                && product.is_none_or(|asked| booking.product.id == asked)
                && option.is_none_or(|asked| booking.option_id == asked)
        };
        Ok(self.bookings.values().filter(matches).map(|booking| self.booking_json(booking, applied)).collect())
    }
}
