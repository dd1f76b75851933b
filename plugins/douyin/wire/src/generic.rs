//! Generic third-party codes (三方码, V1): pre-order, what its issue call says beside a scenic ticket's, refund request and its
//! callback, and the status query of several orders.
//!
//! Group-buy B14 (generic) and B16: `documented` for behaviour; of the refund request's body and of the issue call's certificates
//! only names were `seen in client code`, so they are read in every form that was.

use serde::{Deserialize, Serialize};

use crate::kinds::{ApplySource, CodeOrderType};
use crate::number::{Fen, Id, Int, blank_as_none, null_as_empty};
use crate::order::OurOrderId;
use crate::person::{Private, Unstated};

/// Pre-order. An answer that is late or malformed lets the guest order. Group-buy B16.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreCreateOrder {
    /// Douyin's order.
    pub order_id: Id,
    /// Douyin's specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub third_sku_id: Option<Id>,
    /// Our product.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub third_product_id: Option<Id>,
    /// Certificates.
    pub count: Int,
    /// What is sold.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_type: Option<CodeOrderType>,
    /// Price before discounts, fen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub original_amount: Option<Fen>,
    /// Currency; CNY when absent.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub currency_code: Option<String>,
    /// When the order was made, in seconds.
    #[serde(rename = "create_order_time", default, deserialize_with = "blank_as_none")]
    pub create_seconds: Option<Int>,
    /// Guests, where Douyin approved that their phones are told; their form is on no page.
    #[serde(default)]
    pub tourists: Option<Unstated>,
}

impl PreCreateOrder {
    /// The first guest's phone.
    #[must_use]
    pub fn phone(&self) -> Option<Private> {
        let first = self.tourists.as_ref()?.0.get(0)?.get("phone")?;
        first.as_str().filter(|text| !text.is_empty()).map(Private::from)
    }
}

/// What an issue call says of generic codes beside [`crate::issue::IssueVoucher`]. Group-buy B16.2, `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IssueCodes {
    /// The guest: only calls for generic codes have him (B16.2, `documented`).
    #[serde(deserialize_with = "blank_as_none")]
    pub open_id: Option<Private>,
    /// The certificates: objects with an id, or ids.
    pub certificates: Option<Unstated>,
}

impl IssueCodes {
    /// The certificates' ids, in their order; none where one of them has none.
    #[must_use]
    pub fn ids(&self) -> Vec<Id> {
        let listed = self.certificates.as_ref().and_then(|it| it.0.as_array());
        let id = |value: &serde_json::Value| {
            let value = value.get("certificate_id").unwrap_or(value);
            serde_json::from_value::<Id>(value.clone()).ok()
        };
        listed.and_then(|list| list.iter().map(id).collect()).unwrap_or_default()
    }
}

/// Refund request. Group-buy B16.3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApplyCodeRefund {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// The refund, where several certificates share one.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub after_sale_id: Option<Id>,
    /// The certificates.
    #[serde(default, alias = "certificates", deserialize_with = "null_as_empty")]
    pub certificate: Vec<CodeRow>,
    /// The only certificate.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub certificate_id: Option<Id>,
    /// Its code.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub code: Option<Private>,
    /// Who asks.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub apply_source: Option<ApplySource>,
    /// When it was asked for, in seconds.
    #[serde(rename = "apply_refund_time_unix", alias = "apply_time", default, deserialize_with = "blank_as_none")]
    pub apply_seconds: Option<Int>,
}

impl ApplyCodeRefund {
    /// All certificates that it names.
    #[must_use]
    pub fn rows(&self) -> Vec<CodeRow> {
        let alone = self.certificate_id.clone().map(|id| CodeRow { certificate_id: Some(id), code: self.code.clone() });
        if self.certificate.is_empty() { alone.into_iter().collect() } else { self.certificate.clone() }
    }
}

/// A certificate with its code; one without a code was never issued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeRow {
    /// Douyin's certificate.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<Id>,
    /// The code that was issued for it.
    #[serde(deserialize_with = "blank_as_none", skip_serializing_if = "Option::is_none")]
    pub code: Option<Private>,
}

/// The refund request's callback. Group-buy B16.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditCodeRefund {
    /// 1 agreed, 2 refused.
    pub result: i64,
    /// Why, where it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_sale_id: Option<Id>,
    /// The certificates; with codes where the refusal repairs the order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate: Vec<CodeRow>,
}

/// Status query of several orders. Group-buy B14, generic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct QueryOrders {
    /// What it is asked for: `fulfil`, or an after-sale.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub scene: Option<String>,
    /// Douyin's orders, at most 100.
    pub order_ids: Vec<Id>,
}

/// One order of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderDetail {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order.
    pub out_order_id: Id,
    /// Copies in all.
    pub total_quantity: u64,
    /// Copies used.
    pub used_quantity: u64,
    /// Copies given back.
    pub refund_quantity: u64,
    /// The codes, where it is asked for fulfilment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Private>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_in_every_form_that_was_seen() {
        let ids = |text: &str| serde_json::from_str::<IssueCodes>(text).expect("JSON").ids().len();
        assert_eq!(ids(r#"{"certificates":[{"certificate_id":"c1"},{"certificate_id":2}]}"#), 2);
        assert_eq!(ids(r#"{"certificates":["c1"]}"#), 1);
        assert_eq!(ids(r#"{"certificates":[{"id":"c1"}]}"#), 0);
        assert_eq!(ids("{}"), 0);
        let rows = |text: &str| serde_json::from_str::<ApplyCodeRefund>(text).expect("JSON").rows();
        let one = rows(r#"{"order_id":"1","certificate_id":"c1","code":""}"#);
        assert_eq!((one.len(), one[0].code.is_none()), (1, true), "without a code it was never issued");
        assert_eq!(rows(r#"{"order_id":"1","certificates":[{"certificate_id":"c1","code":"A"}]}"#).len(), 1);
        assert_eq!(rows(r#"{"order_id":"1","certificate":[{"certificate_id":"c1","code":"A"}]}"#).len(), 1);
    }
}
