//! Our reasons as Douyin's codes: those of the booking check and of create order, nobody else's. Other interfaces number
//! otherwise (4 and 7 of the group ticket's pre-order mean something else), so each has a table of its own.

use entrepot_sdk::contract::outcome::{Reason, Refusal};

use crate::codes::RefusalCode;

/// The longest description sent, in characters (`inferred`).
const TEXT_LIMIT_CHARS: usize = 200;

/// The code of a reason in the booking check and in create order. What the table does not list is "other", final.
/// Scenic §2, §3, `seen in client code`.
#[must_use]
pub const fn code(reason: Reason) -> RefusalCode {
    match reason {
        Reason::SoldOut => RefusalCode::OutOfStock,
        // A channel that is paused sells nothing: to Douyin the product is offline.
        Reason::OffSale | Reason::Paused => RefusalCode::ProductOffline,
        Reason::DateClosed => RefusalCode::DateNotBookable,
        Reason::DocumentLimit => RefusalCode::DocumentLimit,
        Reason::PhoneLimit => RefusalCode::PhoneLimit,
        Reason::OtherLimit | Reason::TooFewUnits => RefusalCode::OtherLimit,
        Reason::TooManyUnits => RefusalCode::QuantityLimit,
        Reason::PhoneMissing => RefusalCode::PhoneMissing,
        Reason::DocumentMissing => RefusalCode::DocumentMissing,
        Reason::NameMissing => RefusalCode::NameMissing,
        Reason::GuestsMismatch => RefusalCode::TravellerCount,
        Reason::PhoneMalformed => RefusalCode::PhoneFormat,
        Reason::DocumentMalformed => RefusalCode::DocumentFormat,
        Reason::NameMalformed => RefusalCode::NameFormat,
        Reason::CreditShort => RefusalCode::BalanceTooLow,
        Reason::PriceDiffers => RefusalCode::PriceDiffers,
        Reason::OrderUnknown
        | Reason::StateForbids
        | Reason::RefundPending
        | Reason::KeyConflict
        | Reason::SupplierRefused
        | Reason::Malformed
        | Reason::Other => RefusalCode::Other,
    }
}

/// What `description` says. Codes 11 and 999999 have to say which; the others speak for themselves, and our own text
/// (stock left, a distributor's balance) is not for Douyin.
#[must_use]
pub fn description(refusal: &Refusal) -> String {
    let text = code(refusal.reason).text();
    match refusal.reason {
        Reason::TooFewUnits => "低于起购数量".to_owned(),
        Reason::OrderUnknown => "订单不存在".to_owned(),
        Reason::StateForbids | Reason::RefundPending => "订单状态不允许".to_owned(),
        Reason::KeyConflict => "与此前的请求不一致".to_owned(),
        Reason::Malformed => "请求格式错误".to_owned(),
        Reason::OtherLimit | Reason::SupplierRefused | Reason::Other => shortened(&format!("{text}：{}", refusal.text)),
        _ => text.to_owned(),
    }
}

/// A text for people at Douyin, of bounded length.
#[must_use]
pub fn shortened(text: &str) -> String {
    text.chars().take(TEXT_LIMIT_CHARS).collect()
}
