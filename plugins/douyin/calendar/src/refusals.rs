//! Our reasons as Douyin's codes. Scenic §2, `seen in client code`; the same list answers create (§3).

use douyin_wire::codes::RefusalCode;
use entrepot_sdk::contract::outcome::{Reason, Refusal};

/// The longest description sent, in characters (`inferred`).
const TEXT_LIMIT_CHARS: usize = 200;

/// The code of a reason. What the table does not list is "other", final.
pub(crate) const fn code(reason: Reason) -> RefusalCode {
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
pub(crate) fn description(refusal: &Refusal) -> String {
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

/// A text for people at Douyin.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(TEXT_LIMIT_CHARS).collect()
}
