//! Amounts and product rules that come along with a call. Scenic §1.5, `seen in client code` (heads `documented`).

use serde::{Deserialize, Serialize};

use crate::kinds::{BookingCancelType, CodeType, FunderType, RefundFeeType, RefundType, SendingInfo, UrlType};
use crate::number::{Fen, Int, Text, blank_as_none, null_as_empty};
use crate::person::Unstated;

/// What an order costs, in fen. Scenic §1.5, `seen in client code`, head `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Price before discounts, fen.
    pub origin_amount: Fen,
    /// What the user pays, fen.
    pub pay_amount: Fen,
    /// Discount borne by the merchant, fen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub merchant_discount_amount: Option<Fen>,
    /// Currency; CNY when absent.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub currency: Option<String>,
}

impl Amount {
    /// The currency, CNY by default. Common §10, `documented`.
    pub fn currency(&self) -> &str {
        self.currency.as_deref().unwrap_or("CNY")
    }
}

/// What the issue call says an order cost, in fen; note `original_amount` where orders say `origin_amount`. The
/// merchant's income before commission is `original_amount` less `merchant_ticket_amount`. Scenic §11,
/// `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueAmount {
    /// Price before discounts, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub original_amount: Option<Fen>,
    /// What the user paid, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub pay_amount: Option<Fen>,
    /// Discount borne by the platform, fen.
    #[serde(rename = "ticket_amount", deserialize_with = "blank_as_none")]
    pub platform_ticket_amount: Option<Fen>,
    /// Discount borne by the merchant, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub merchant_ticket_amount: Option<Fen>,
    /// Who bears the merchant's discount.
    #[serde(deserialize_with = "null_as_empty")]
    pub merchant_ticket_amount_details: Vec<TicketFunding>,
    /// Fee, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub fee_amount: Option<Fen>,
    /// Commission, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub commission_amount: Option<Fen>,
    /// Discount of the payment channel, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub payment_discount_amount: Option<Fen>,
    /// What the user paid by coupon, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub coupon_pay_amount: Option<Fen>,
}

/// One bearer of a merchant discount. Scenic §11, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketFunding {
    /// Who.
    #[serde(deserialize_with = "blank_as_none")]
    pub funder_type: Option<FunderType>,
    /// How much, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub amount: Option<Fen>,
}

/// Area, seat and session of a ticket. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketSpecification {
    /// Area.
    pub ticket_area: Option<Text>,
    /// Seat.
    pub ticket_seat: Option<Text>,
    /// Session.
    pub ticket_session: Option<TicketSession>,
}

/// A session. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketSession {
    /// Name; the source marks it required.
    #[serde(rename = "ticket_session_name")]
    pub name: Option<Text>,
    /// Time; the format is not stated.
    #[serde(rename = "ticket_session_time")]
    pub time: Option<Text>,
}

/// Which credentials a product asks for. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketRule {
    /// What links are; the source marks it required.
    #[serde(deserialize_with = "blank_as_none")]
    pub url_type: Option<UrlType>,
    /// The kinds of credential allowed in the vouchers.
    #[serde(deserialize_with = "null_as_empty")]
    pub code_sending_info: Vec<SendingInfo>,
    /// Whose code it is; 2 is ours.
    #[serde(deserialize_with = "blank_as_none")]
    pub code_type: Option<CodeType>,
}

/// The product's promise about refunds. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefundRule {
    /// Kind of promise; the source marks it required.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_type: Option<RefundType>,
    /// Fees by time.
    #[serde(deserialize_with = "null_as_empty")]
    pub refund_details: Vec<RefundDetail>,
    /// Automatic refund, in seconds after 24:00 of the leaving day.
    #[serde(rename = "auto_refund_time", deserialize_with = "blank_as_none")]
    pub auto_refund_seconds: Option<Int>,
    /// Automatic redemption, an absolute time; the unit is not stated.
    #[serde(deserialize_with = "blank_as_none")]
    pub auto_verify_timestamp: Option<Int>,
    /// Whether part of an order can be refunded.
    #[serde(deserialize_with = "blank_as_none")]
    pub can_refund_partly: Option<bool>,
}

/// One step of a refund rule. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefundDetail {
    /// The fee, in fen or in parts of 10,000 as `refund_fee_type` says.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_fee: Option<Int>,
    /// Unit of the fee.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_fee_type: Option<RefundFeeType>,
    /// Seconds, counted back from 24:00 of the entry day.
    #[serde(rename = "refund_time", deserialize_with = "blank_as_none")]
    pub refund_seconds: Option<Int>,
}

/// When an online booking must be made. Scenic §1.5, `seen in client code`; online booking only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppointmentRule {
    /// Days ahead.
    #[serde(deserialize_with = "blank_as_none")]
    pub ahead_day: Option<Int>,
    /// Second of the day until which booking is open (20:00 = 72000).
    #[serde(rename = "ahead_sec", deserialize_with = "blank_as_none")]
    pub ahead_seconds: Option<Int>,
    /// Opening hours; the type of the times is not stated.
    pub open_time_period: Option<Unstated>,
    /// Whether part of the copies can be booked.
    #[serde(deserialize_with = "blank_as_none")]
    pub part_appointment: Option<bool>,
}

/// Whether and until when an online booking can be cancelled. Scenic §1.5, `seen in client code`; online booking only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppointmentCancelRule {
    /// Whether.
    #[serde(deserialize_with = "blank_as_none")]
    pub cancel_type: Option<BookingCancelType>,
    /// Until when.
    #[serde(deserialize_with = "null_as_empty")]
    pub cancel_detail_list: Vec<CancelDetail>,
}

/// One limit of a cancellation rule. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CancelDetail {
    /// The latest time to cancel.
    pub max_cancel_time: Option<DayTime>,
}

/// Days, hours and minutes. Scenic §1.5, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayTime {
    /// Days.
    #[serde(deserialize_with = "blank_as_none")]
    pub day: Option<Int>,
    /// Hours.
    #[serde(deserialize_with = "blank_as_none")]
    pub hour: Option<Int>,
    /// Minutes.
    #[serde(deserialize_with = "blank_as_none")]
    pub minute: Option<Int>,
}
