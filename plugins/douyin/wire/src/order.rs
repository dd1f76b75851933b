//! The calls of the sale: booking check, create, payment, cancel, status query. Fields are optional unless every
//! source marks them required; unknown fields are ignored.

use serde::{Deserialize, Serialize};

use crate::kinds::{BizType, CancelType, OrderType};
use crate::number::{Id, Int, blank_as_none, null_as_empty};
use crate::person::{Person, Private, TravelerInfo, Unstated};
use crate::rules::{Amount, AppointmentCancelRule, AppointmentRule, RefundRule, TicketRule, TicketSpecification};
use crate::time::Day;

/// Our order id under any of its three names. Scenic §1.4, `documented` (accept every spelling everywhere).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OurOrderId {
    /// The name in create, pay, cancel and refund calls.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub order_out_id: Option<Id>,
    /// The name in the status query and in older refund pages.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub out_order_id: Option<Id>,
    /// The name in the voucher callback.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub third_order_id: Option<Id>,
}

/// A call named two different order ids of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call names two different order ids of ours")]
pub struct OurOrderIdConflict;

impl OurOrderId {
    /// The id, whichever name it came under; `None` when absent.
    pub fn get(&self) -> Result<Option<&Id>, OurOrderIdConflict> {
        let mut given = [&self.order_out_id, &self.out_order_id, &self.third_order_id].into_iter().flatten();
        let first = given.next();
        if given.any(|other| Some(other) != first) { Err(OurOrderIdConflict) } else { Ok(first) }
    }
}

/// Booking check. There is no order id: nothing can be reserved. Scenic §2, `seen in client code`, head `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CanBuy {
    /// Merchant account.
    #[serde(deserialize_with = "blank_as_none")]
    pub account_id: Option<Id>,
    /// Shop.
    #[serde(deserialize_with = "blank_as_none")]
    pub poi_id: Option<Id>,
    /// Douyin's product.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_id: Option<Id>,
    /// Our product.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_out_id: Option<Id>,
    /// Douyin's specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_out_id: Option<Id>,
    /// Copies.
    #[serde(deserialize_with = "blank_as_none")]
    pub count: Option<Int>,
    /// What is sold.
    #[serde(deserialize_with = "blank_as_none")]
    pub biz_type: Option<BizType>,
    /// First day.
    #[serde(deserialize_with = "blank_as_none")]
    pub book_start_day: Option<Day>,
    /// Last day.
    #[serde(deserialize_with = "blank_as_none")]
    pub book_end_day: Option<Day>,
    /// Price.
    pub amount: Option<Amount>,
    /// Contact.
    pub buyer: Option<Person>,
    /// Travellers; may be absent.
    #[serde(deserialize_with = "null_as_empty")]
    pub tourists: Vec<Person>,
    /// Visitors by kind.
    pub traveler_info: Option<TravelerInfo>,
    /// Area, seat, session.
    pub ticket_specification: Option<TicketSpecification>,
    /// Credentials asked for.
    pub ticket_rule: Option<TicketRule>,
    /// Refund promise.
    pub refund_rule: Option<RefundRule>,
    /// Online booking only.
    pub appointment_rule: Option<AppointmentRule>,
    /// Online booking only.
    pub appointment_cancel_rule: Option<AppointmentCancelRule>,
}

/// Create order. Scenic §3, head `documented`, full list `seen in client code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// Douyin's order, the idempotency key.
    pub order_id: Id,
    /// Merchant account.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub account_id: Option<Id>,
    /// Shop.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub poi_id: Option<Id>,
    /// Douyin's product.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_id: Option<Id>,
    /// Our product.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub product_out_id: Option<Id>,
    /// Douyin's specification.
    pub sku_id: Id,
    /// Our specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub sku_out_id: Option<Id>,
    /// Copies bought; the issue call names them `copies`.
    pub count: Int,
    /// What is sold.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub biz_type: Option<BizType>,
    /// Voucher order or booking.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_type: Option<OrderType>,
    /// The first order, in a booking flow.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub source_order_id: Option<Id>,
    /// Sub orders.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub item_order_infos: Vec<ItemOrder>,
    /// Price.
    pub amount: Amount,
    /// Contact.
    #[serde(default)]
    pub buyer: Option<Person>,
    /// Travellers, as many as the product collects.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tourists: Vec<Person>,
    /// Visitors by kind.
    #[serde(default)]
    pub traveler_info: Option<TravelerInfo>,
    /// First day.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub book_start_day: Option<Day>,
    /// Last day.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub book_end_day: Option<Day>,
    /// When the order was made, in seconds.
    #[serde(rename = "create_order_time_unix", default, deserialize_with = "blank_as_none")]
    pub create_seconds: Option<Int>,
    /// Area, seat, session.
    #[serde(default)]
    pub ticket_specification: Option<TicketSpecification>,
    /// Credentials asked for.
    #[serde(default)]
    pub ticket_rule: Option<TicketRule>,
    /// Refund promise.
    #[serde(default)]
    pub refund_rule: Option<RefundRule>,
    /// Online booking only.
    #[serde(default)]
    pub appointment_rule: Option<AppointmentRule>,
    /// Online booking only.
    #[serde(default)]
    pub appointment_cancel_rule: Option<AppointmentCancelRule>,
    /// The user's remark.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub remark: Option<Private>,
    /// The user's answers to the product's questions.
    #[serde(default)]
    pub remark_info: Option<RemarkInfo>,
    /// Non-standard extra, kept raw.
    #[serde(default)]
    pub custom_spi_req_extra: Option<Unstated>,
}

/// One sub order. Scenic §3, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemOrder {
    /// Douyin's sub order.
    #[serde(deserialize_with = "blank_as_none")]
    pub item_order_id: Option<Id>,
}

/// A user's answers. Scenic §3, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemarkInfo {
    /// Questions with answers.
    #[serde(deserialize_with = "null_as_empty")]
    pub question_and_answer_list: Vec<QuestionAndAnswers>,
}

/// A question with its answers. Scenic §3, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuestionAndAnswers {
    /// The question.
    pub question: Option<Private>,
    /// The answers.
    #[serde(deserialize_with = "null_as_empty")]
    pub answers: Vec<Private>,
}

/// Payment notice. Scenic §4, `documented`. Our order id is optional here although marked required, because a notice
/// may come for an order whose creation failed (§1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayNotice {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// When it was paid, in seconds.
    #[serde(rename = "pay_time_unix")]
    pub pay_seconds: Int,
}

/// Cancel notice. Scenic §6, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelNotice {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order; absent if creation failed.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// Why.
    pub cancel_type: CancelType,
    /// When it was cancelled, in seconds.
    #[serde(rename = "cancel_order_time_unix")]
    pub cancel_seconds: Int,
}

/// Order status query. Scenic §10, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryOrder {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    #[serde(flatten)]
    pub our_order: OurOrderId,
}
