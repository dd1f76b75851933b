//! Errors (§5). The `error` text decides, the HTTP status is the second witness: where the two contradict each other,
//! nothing is certain.

use entrepot_sdk::prelude::*;
use serde::Deserialize;

/// Longest text of an error that is passed on, in characters.
const TEXT_LIMIT: usize = 200;
/// Longest id of an error that is passed on, in characters.
const ID_LIMIT: usize = 64;

/// An error by which the partner says no: nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoId {
    InvalidProduct,
    InvalidOption,
    InvalidUnit,
    InvalidAvailability,
    InvalidBooking,
    BadRequest,
    Unprocessable,
    NotFound,
}

/// A certain no, with the partner's words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct No {
    pub(crate) id: NoId,
    pub(crate) text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    error: String,
    #[serde(default)]
    error_message: Option<String>,
}

/// Reads an answer that is no success: a certain no, or the fault that it stands for.
pub(crate) fn read(api: &str, response: &HttpResponse, now: Timestamp) -> Result<No, Fault> {
    let status = response.status;
    let late = |fault: Fault| Fault { retry_after_ms: retry_after_ms(response, now).or(fault.retry_after_ms), ..fault };
    if status == 429 {
        let fault = Fault::not_done(FaultKind::RateLimited, format!("{api}: too many calls"));
        return Err(late(fault.with_code(status.to_string())));
    }
    let Ok(Body { error, error_message }) = serde_json::from_str(&response.body) else {
        let fault = http::unexpected_status(response);
        return Err(late(Fault { text: format!("{api}: {}", fault.text), ..fault }));
    };
    let code: String = error.chars().take(ID_LIMIT).collect();
    let words: String = error_message.unwrap_or_default().trim().chars().take(TEXT_LIMIT).collect();
    let fault =
        |kind, effect| late(Fault { effect, ..Fault::not_done(kind, format!("{api}: {code}")) }.with_code(&*code));
    // A request that the partner's software failed on may have been carried out.
    if matches!(&*code, "INTERNAL_SERVER_ERROR" | "GATEWAY_TIMEOUT" | "CLIENT_CLOSED_REQUEST") || status >= 500 {
        return Err(fault(FaultKind::Unavailable, Effect::Unknown));
    }
    if !(400..500).contains(&status) {
        return Err(fault(FaultKind::Garbled, Effect::Unknown));
    }
    let id = match &*code {
        "INVALID_PRODUCT_ID" => NoId::InvalidProduct,
        "INVALID_OPTION_ID" => NoId::InvalidOption,
        "INVALID_UNIT_ID" => NoId::InvalidUnit,
        "INVALID_AVAILABILITY_ID" => NoId::InvalidAvailability,
        "INVALID_BOOKING_UUID" => NoId::InvalidBooking,
        "BAD_REQUEST" => NoId::BadRequest,
        "UNPROCESSABLE_ENTITY" => NoId::Unprocessable,
        "NOT_FOUND" => NoId::NotFound,
        "UNAUTHORIZED" | "FORBIDDEN" => return Err(fault(FaultKind::Unauthenticated, Effect::NotDone)),
        // A word that the page does not know says that something was refused, not what.
        _ => return Err(fault(FaultKind::Refused, Effect::Unknown)),
    };
    Ok(No { id, text: format!("{code}: {words}").trim_end_matches([':', ' ']).to_owned() })
}

/// `Retry-After`: seconds, or an instant.
fn retry_after_ms(response: &HttpResponse, now: Timestamp) -> Option<u64> {
    let (_, value) = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return seconds.checked_mul(1_000);
    }
    let instant = chrono::DateTime::parse_from_rfc2822(value.trim()).ok()?;
    u64::try_from(instant.timestamp_millis() - now.millis()).ok()
}

impl No {
    /// The refusal of a sale. What a guest wrote never goes on, also when the partner repeats it.
    pub(crate) fn refusal(&self, order: &SupplierOrder) -> Refusal {
        let reason = match self.id {
            NoId::InvalidProduct | NoId::InvalidOption | NoId::InvalidUnit => Reason::OffSale,
            NoId::InvalidAvailability => Reason::DateClosed,
            NoId::InvalidBooking => Reason::OrderUnknown,
            NoId::BadRequest => Reason::Malformed,
            NoId::Unprocessable | NoId::NotFound => Reason::SupplierRefused,
        };
        Refusal::new(reason, self.text_without_guests(order))
    }

    /// The refusal of a change of a booking.
    pub(crate) fn state_refusal(&self, order: &SupplierOrder) -> Refusal {
        Refusal::new(Reason::StateForbids, self.text_without_guests(order))
    }

    /// Where no is no answer: the fault it stands for.
    pub(crate) fn fault(&self, api: &str) -> Fault {
        let kind = match self.id {
            NoId::BadRequest => FaultKind::Invalid,
            NoId::Unprocessable => FaultKind::Refused,
            _ => FaultKind::NotFound,
        };
        let code = self.text.split(':').next().unwrap_or_default();
        Fault::not_done(kind, format!("{api}: {code}")).with_code(code)
    }

    fn text_without_guests(&self, order: &SupplierOrder) -> String {
        let guests = order.guests().chain(&order.buyer);
        let fields = guests.flat_map(|guest| [&guest.name, &guest.phone, &guest.document]);
        let mut texts = fields.filter_map(|field| field.as_ref()?.plain()).filter(|text| !text.trim().is_empty());
        let told = texts.any(|text| self.text.contains(text.trim()));
        let text = if told { self.text.split(':').next().unwrap_or_default() } else { &self.text };
        format!("the supplier says {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.to_owned() }
    }

    fn error(status: u16, id: &str) -> Result<No, Fault> {
        let body = format!(r#"{{"error":"{id}","errorMessage":"made up"}}"#);
        read("test", &answer(status, &body), Timestamp::from_millis(0))
    }

    /// §5's table: each id under the statuses that its sources give it.
    #[test]
    fn every_error_of_the_page_is_known_by_its_id() {
        for (id, expected) in [
            ("INVALID_PRODUCT_ID", NoId::InvalidProduct),
            ("INVALID_OPTION_ID", NoId::InvalidOption),
            ("INVALID_UNIT_ID", NoId::InvalidUnit),
            ("INVALID_AVAILABILITY_ID", NoId::InvalidAvailability),
            ("INVALID_BOOKING_UUID", NoId::InvalidBooking),
            ("BAD_REQUEST", NoId::BadRequest),
            ("UNPROCESSABLE_ENTITY", NoId::Unprocessable),
            ("NOT_FOUND", NoId::NotFound),
        ] {
            for status in [400, 404, 422] {
                let no = error(status, id).unwrap();
                assert_eq!((no.id, no.text), (expected, format!("{id}: made up")));
            }
            assert_eq!(error(500, id).unwrap_err().effect, Effect::Unknown, "{id}: the status contradicts");
            assert_eq!(error(302, id).unwrap_err().kind, FaultKind::Garbled, "{id}: the status contradicts");
        }
        for (id, statuses, kind, effect) in [
            ("UNAUTHORIZED", [400, 401], FaultKind::Unauthenticated, Effect::NotDone),
            ("FORBIDDEN", [400, 403], FaultKind::Unauthenticated, Effect::NotDone),
            ("INTERNAL_SERVER_ERROR", [400, 500], FaultKind::Unavailable, Effect::Unknown),
            ("GATEWAY_TIMEOUT", [400, 504], FaultKind::Unavailable, Effect::Unknown),
            ("CLIENT_CLOSED_REQUEST", [400, 499], FaultKind::Unavailable, Effect::Unknown),
            ("SOMETHING_NEW", [400, 409], FaultKind::Refused, Effect::Unknown),
        ] {
            for status in statuses {
                let fault = error(status, id).unwrap_err();
                assert_eq!((fault.kind, fault.effect), (kind, effect), "{id} {status}");
                assert_eq!(fault.partner_code.as_deref(), Some(id));
            }
        }
    }

    #[test]
    fn what_is_no_error_of_the_protocol_is_told_by_its_status() {
        let html = "<html>busy</html>";
        for (status, kind, effect) in [
            (401, FaultKind::Unauthenticated, Effect::NotDone),
            (404, FaultKind::Garbled, Effect::Unknown),
            (502, FaultKind::Unavailable, Effect::Unknown),
            (201, FaultKind::Garbled, Effect::Unknown),
        ] {
            let fault = read("test", &answer(status, html), Timestamp::from_millis(0)).unwrap_err();
            assert_eq!((fault.kind, fault.effect), (kind, effect), "{status}");
        }
    }

    #[test]
    fn the_partner_says_when_to_come_again() {
        let now = Timestamp::from_millis(1_772_668_800_000);
        for (value, expected) in [("7", Some(7_000)), ("Thu, 05 Mar 2026 00:00:30 GMT", Some(30_000)), ("soon", None)] {
            let headers = vec![("retry-after".to_owned(), value.to_owned())];
            for (status, kind) in [(429, FaultKind::RateLimited), (503, FaultKind::Unavailable)] {
                let response = HttpResponse { headers: headers.clone(), ..answer(status, "") };
                let fault = read("test", &response, now).unwrap_err();
                assert_eq!((fault.kind, fault.retry_after_ms), (kind, expected), "{value}");
            }
        }
    }
}
