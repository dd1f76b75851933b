//! Notices of changed bookings (§6: vendors' pages, not the standard). They bear no signature, so they are a reason to
//! ask, and nothing in them is believed. Where the supplier can keep a password in the URL, it has to be right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entrepot_sdk::contract::hearing::{About, Heard, Named, News};
use entrepot_sdk::prelude::*;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::booking_uuid::{Try, booking_uuid};

/// The one event; vendors give it this name.
const BOOKING_UPDATE: &str = "booking_update";

/// Nobody says how long a supplier waits.
const LIMIT_MS: u32 = 5_000;

/// Longest notice that is read, in bytes.
const LIMIT_BYTES: usize = 256 * 1024;

/// The address of the event.
pub(crate) fn scenes() -> Vec<SceneCard> {
    let (name, path) = (BOOKING_UPDATE, BOOKING_UPDATE);
    vec![SceneCard { name, action: BOOKING_UPDATE, method: "POST", path, limit_ms: LIMIT_MS, fact: true }]
}

/// The page says nothing of answers: the HTTP status speaks.
pub(crate) fn ready_answers() -> Vec<ReadyAnswers> {
    let Ok(scene) = SceneName::parse(BOOKING_UPDATE) else { return Vec::new() };
    vec![ReadyAnswers {
        scene,
        busy: answer(503),
        timed_out: answer(503),
        refused: answer(401),
        unplaced: answer(200),
        stored: None,
        malformed: answer(400),
    }]
}

fn answer(status: u16) -> RawResponse {
    RawResponse { status, ..RawResponse::json(b"{}".to_vec()) }
}

/// The body of one vendor: what changed, and the booking. Only its names are read.
#[derive(Deserialize)]
struct Notice {
    booking: NoticedBooking,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoticedBooking {
    uuid: String,
    #[serde(default)]
    reseller_reference: Option<String>,
}

/// Which order to ask about. Nothing for a booking without our number.
pub(crate) fn hear(raw: &RawRequest, user: &str, password: Option<&Secret>) -> Result<Heard, Fault> {
    if !password.is_none_or(|password| knows(raw.header("authorization"), user, password)) {
        return Err(Fault::not_done(FaultKind::Unauthenticated, "the notice does not bear the webhook's password"));
    }
    if raw.body.len() > LIMIT_BYTES {
        return Err(Fault::invalid(format!("a notice has at most {LIMIT_BYTES} bytes")));
    }
    let notice: Notice = serde_json::from_slice(&raw.body)
        .map_err(|_| Fault::invalid("the notice must be a JSON object with a booking and its uuid"))?;
    let NoticedBooking { uuid, reseller_reference } = notice.booking;
    let news = match reseller_reference {
        None => Vec::new(),
        Some(reference) => {
            let order = OrderId::parse(reference).ok();
            // Our number and our uuid go together: a notice that was moved to another order tells nothing.
            let ours = order.filter(|order| Try::BOTH.iter().any(|which| booking_uuid(order, *which) == uuid));
            let order = ours.ok_or_else(|| {
                let text = "the notice's uuid does not belong to its resellerReference";
                Fault::not_done(FaultKind::Unauthenticated, text)
            })?;
            vec![News::Ask { order: Named::Ours { order }, about: About::Everything }]
        }
    };
    Ok(Heard { news, reply: answer(200), partner_trace: None })
}

/// Basic authentication.
fn knows(header: Option<&str>, user: &str, password: &Secret) -> bool {
    let told =
        header.and_then(|header| header.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let told = told.and_then(|(_, told)| STANDARD.decode(told.trim()).ok()).unwrap_or_default();
    let expected = format!("{user}:{}", password.expose());
    bool::from(expected.as_bytes().ct_eq(&told))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ORDER: &str = "1000000000000000001";

    fn call(body: &Value, authorization: Option<&str>) -> RawRequest {
        let header = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        RawRequest {
            scene: SceneName::parse(BOOKING_UPDATE).unwrap(),
            method: "POST".to_owned(),
            query: String::new(),
            headers: header.into_iter().collect(),
            body: body.to_string().into_bytes(),
        }
    }

    fn notice(which: Try) -> Value {
        let uuid = booking_uuid(&OrderId::parse(ORDER).unwrap(), which);
        let diff = json!([{"op": "replace", "path": "/status", "was": "CONFIRMED", "value": "CANCELLED"}]);
        json!({"diff": diff, "booking": {"uuid": uuid, "resellerReference": ORDER, "status": "CANCELLED"}})
    }

    #[test]
    fn a_notice_is_a_reason_to_ask_and_no_more() {
        let order = Named::Ours { order: OrderId::parse(ORDER).unwrap() };
        let expected = vec![News::Ask { order, about: About::Everything }];
        for which in Try::BOTH {
            let heard = hear(&call(&notice(which), None), "entrepot", None).unwrap();
            assert_eq!((heard.news, heard.reply.status), (expected.clone(), 200));
        }
    }

    #[test]
    fn a_notice_of_another_booking_is_no_news() {
        let mut foreign = notice(Try::First);
        foreign["booking"]["uuid"] = json!("5c1b2c3a-0000-4000-8000-000000000001");
        let mut unnamed = notice(Try::First);
        unnamed["booking"]["resellerReference"] = Value::Null;
        let mut moved = notice(Try::First);
        moved["booking"]["resellerReference"] = json!("1000000000000000002");
        assert_eq!(hear(&call(&unnamed, None), "entrepot", None).unwrap().news, []);
        for body in [foreign, moved] {
            assert_eq!(hear(&call(&body, None), "entrepot", None).unwrap_err().kind, FaultKind::Unauthenticated);
        }
        let mut long = call(&unnamed, None);
        long.body.extend(vec![b' '; LIMIT_BYTES]);
        assert_eq!(hear(&long, "entrepot", None).unwrap_err().kind, FaultKind::Invalid);
        for body in [json!({}), json!([]), json!({"booking": {}}), json!({"booking": {"uuid": 7}})] {
            assert_eq!(hear(&call(&body, None), "entrepot", None).unwrap_err().kind, FaultKind::Invalid, "{body}");
        }
    }

    #[test]
    fn where_there_is_a_password_it_has_to_be_right() {
        let password = Secret::new("made-up");
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let right = basic("entrepot:made-up");
        hear(&call(&notice(Try::First), Some(&right)), "entrepot", Some(&password)).unwrap();
        let wrong =
            [basic("entrepot:other"), basic("other:made-up"), "Bearer made-up".to_owned(), "Basic %".to_owned()];
        for header in wrong.iter().map(|text| Some(text.as_str())).chain([None]) {
            let fault = hear(&call(&notice(Try::First), header), "entrepot", Some(&password)).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unauthenticated, "{header:?}");
        }
    }
}
