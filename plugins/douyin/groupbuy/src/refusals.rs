//! Our reasons in the words of each purchase family: their numbers differ. Group-buy B4, B15.1, B16.1.
//!
//! Two sentences are known to everybody who runs such a connection, and are said as he knows them.

use douyin_wire::codes::{RefusalCode, SpiCode};
use douyin_wire::envelope::spi_answer;
use douyin_wire::partner::ready::plain;
use douyin_wire::partner::refusals::{code, description, shortened};
use entrepot_sdk::contract::outcome::{Reason, Refusal};
use entrepot_sdk::prelude::*;
use serde::Serialize;

/// The guest pays another price in Laike than the product costs here. Rule 11, `documented`.
const PRICE_DIFFERS: &str = "价格校验失败，请重新下单";

/// What `description` says: the sentence that people know, the core's own in Chinese, or the reason's.
pub(crate) fn said(refusal: &Refusal) -> String {
    match (refusal.reason, &refusal.zh) {
        (Reason::PriceDiffers, _) => PRICE_DIFFERS.to_owned(),
        (_, Some(zh)) => shortened(zh),
        (Reason::StateForbids | Reason::KeyConflict | Reason::Malformed, None) => {
            shortened(&format!("{}：{}", description(refusal), refusal.text))
        }
        _ => description(refusal),
    }
}

/// A refusal of the booking check or of create order (F1). B4, `documented`.
pub(crate) fn scenic(refusal: &Refusal) -> RawResponse {
    let code = if explained(refusal) { RefusalCode::Other } else { code(refusal.reason) };
    plain(code.into(), &said(refusal))
}

/// A product that is off sale because its pair is none is not off the shelf: only "other" makes Douyin show the reason.
fn explained(refusal: &Refusal) -> bool {
    refusal.reason == Reason::OffSale && refusal.zh.is_some()
}

/// The pre-order of group tickets (F2): 4 is another's ticket for that date and 7 any limit; there is no missing phone and no
/// missing name. B15.1, `documented`.
pub(crate) fn of_promise(refusal: &Refusal) -> SpiCode {
    let code = match refusal.reason {
        Reason::DocumentLimit
        | Reason::PhoneLimit
        | Reason::OtherLimit
        | Reason::TooFewUnits
        | Reason::TooManyUnits => RefusalCode::DocumentLimit,
        Reason::OffSale if explained(refusal) => RefusalCode::Other,
        Reason::DateClosed | Reason::PhoneMissing | Reason::NameMissing => RefusalCode::Other,
        reason => code(reason),
    };
    code.into()
}

/// The generic pre-order (F3). B16.1, `seen in client code`; "other" with its reason `documented`.
pub(crate) fn of_generic(refusal: &Refusal) -> SpiCode {
    let number = match refusal.reason {
        Reason::OffSale if explained(refusal) => 20,
        Reason::OffSale | Reason::Paused => 2,
        Reason::SoldOut => 5,
        Reason::DocumentLimit
        | Reason::PhoneLimit
        | Reason::OtherLimit
        | Reason::TooFewUnits
        | Reason::TooManyUnits => 6,
        Reason::PriceDiffers => 7,
        _ => 20,
    };
    SpiCode::new(number).unwrap_or_else(|| RefusalCode::Other.into())
}

/// The status query of several orders: any failure (B14, generic; its codes were not seen).
pub(crate) fn of_query() -> SpiCode {
    RefusalCode::Other.into()
}

/// An answer with a code, a text and a payload.
pub(crate) fn with_payload(code: SpiCode, text: &str, payload: &impl Serialize) -> Result<RawResponse, Fault> {
    let body =
        spi_answer(code, text, payload).map_err(|fault| Fault::not_done(FaultKind::Internal, fault.to_string()))?;
    Ok(RawResponse::json(body))
}
