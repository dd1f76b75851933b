//! The group ticket's own calls (V2, 景区团购三方码方案): pre-order, issue call, voucher callback. Three spellings of one thing
//! meet here: what the issue call's answer names `certificate_info`, `certificate`, `credential` and `certificate_type`, its
//! callback names `certificate_info_list`, `certificate_list`, `credential_list` and `ccertificate_type`.
//!
//! Group-buy B15, `documented`.

use serde::{Deserialize, Serialize};

use crate::kinds::{IssueResult, LicenseType, PromiseBizType};
use crate::number::{Fen, Id, Int, blank_as_none, null_as_empty};
use crate::order::OurOrderId;
use crate::person::Private;

/// The longest number of a certificate, in characters. Group-buy B15.2, `documented`.
pub const NUMBER_LIMIT_CHARS: usize = 64;

/// Pre-order: before payment. There is no number of copies: every item is one. Group-buy B15.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreatePromise {
    /// Douyin's order, the idempotency key.
    pub order_id: Id,
    /// What is sold.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub biz_type: Option<PromiseBizType>,
    /// When the order was made, in seconds.
    #[serde(rename = "create_order_time", default, deserialize_with = "blank_as_none")]
    pub create_seconds: Option<Int>,
    /// Currency; CNY when absent.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub currency_code: Option<String>,
    /// Price of the whole order before discounts, fen.
    pub original_amount: Fen,
    /// One for each copy.
    pub order_item_list: Vec<PromiseItem>,
    /// What is bought.
    pub sku_info_list: Vec<PromiseSku>,
    /// Who is called about it.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub contact_list: Vec<Contact>,
    /// Who comes, where the page asks for it.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub reserve_info_list: Vec<Contact>,
}

/// One copy. Of its package (`package_id`, in one example `pacakage_id`) nothing is needed here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PromiseItem {
    /// Douyin's sub order.
    pub order_item_id: Id,
    /// Douyin's specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
}

/// One specification. The page marks the product's id required and leaves it out of its own examples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PromiseSku {
    /// Douyin's product.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_id: Option<Id>,
    /// Douyin's specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our product.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_out_id: Option<Id>,
    /// Our specification.
    #[serde(deserialize_with = "blank_as_none")]
    pub sku_out_id: Option<Id>,
}

/// A guest of a purchase: the phone is all that is taken of him (group-buy rule 20, `documented`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// Phone, encrypted (common §8).
    #[serde(deserialize_with = "blank_as_none")]
    pub phone: Option<Private>,
}

/// Answer to the pre-order. Group-buy B15.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatePromiseAnswer {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order; none where it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ext_order_id: Option<Id>,
    /// Douyin's specifications that are not sold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fail_sku_id_list: Vec<Id>,
}

/// Issue call: also the sign that the order was paid. Group-buy B15.2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IssuePromise {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order; the newer page marks it optional.
    #[serde(flatten)]
    pub our_order: OurOrderId,
    /// One for each copy.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub certificate_info_list: Vec<CertificateAsked>,
}

/// A certificate that is asked for. Group-buy B15.2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CertificateAsked {
    /// Douyin's certificate; a text here, a number in the callback.
    pub certificate_id: Id,
    /// Douyin's sub order.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_item_id: Option<Id>,
    /// First moment of validity, in nanoseconds.
    #[serde(rename = "start_time", default, deserialize_with = "blank_as_none")]
    pub start_nanoseconds: Option<Int>,
    /// Last moment of validity, in nanoseconds.
    #[serde(rename = "expire_time", default, deserialize_with = "blank_as_none")]
    pub expire_nanoseconds: Option<Int>,
}

/// Answer to the issue call. Group-buy B15.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuePromiseAnswer {
    /// The outcome.
    pub result: IssueResult,
    /// Douyin's order.
    pub order_id: Id,
    /// One for each certificate, with [`IssueResult::Issued`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate_info: Vec<CertificateAnswered>,
}

/// A certificate in the issue call's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateAnswered {
    /// Douyin's certificate.
    pub certificate_id: Id,
    /// What it opens.
    pub project_list: Vec<ProjectAnswered>,
}

/// What a certificate opens, in the issue call's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectAnswered {
    /// Our id of it, unique within the order.
    pub project_id: Id,
    /// Its name.
    pub name: String,
    /// Codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate: Vec<CodeAnswered>,
    /// Documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential: Vec<DocumentShown>,
}

/// A code in the issue call's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeAnswered {
    /// The code, at most [`NUMBER_LIMIT_CHARS`].
    pub certificate_no: Private,
    /// What it is.
    pub certificate_type: CertificateType,
}

/// A document that opens it; the same in both calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentShown {
    /// Its number.
    pub credential_no: Private,
    /// Its kind, 1 to 7.
    pub credential_type: LicenseType,
}

/// The voucher callback. Group-buy B15.3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromiseCallback {
    /// Douyin's order.
    pub order_id: Id,
    /// The outcome, numbered as the issue call's.
    pub result: IssueResult,
    /// One for each certificate, with [`IssueResult::Issued`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate_info_list: Vec<CertificateCalled>,
}

/// A certificate in the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateCalled {
    /// Douyin's certificate: a number here.
    pub certificate_id: i64,
    /// What it opens.
    pub project_list: Vec<ProjectCalled>,
}

/// What a certificate opens, in the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectCalled {
    /// Our id of it.
    pub project_id: Id,
    /// Its name.
    pub name: String,
    /// Codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate_list: Vec<CodeCalled>,
    /// Documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential_list: Vec<DocumentShown>,
}

/// A code in the callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeCalled {
    /// The code.
    pub certificate_no: Private,
    /// What it is; spelled with two c by the page and by the official SDK.
    #[serde(rename = "ccertificate_type")]
    pub certificate_type: CertificateType,
}

/// What a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateType {
    /// Content of a QR code.
    QrCode = 1,
    /// A link.
    Url = 2,
    /// A number.
    Number = 3,
}

impl Serialize for CertificateType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*self as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).expect("an id")
    }

    /// The page's own examples, letter by letter.
    #[test]
    fn the_answer_and_the_callback_spell_differently() {
        let code = |text: &str| Private::from(text);
        let answer = IssuePromiseAnswer {
            result: IssueResult::Issued,
            order_id: id("8001"),
            certificate_info: vec![CertificateAnswered {
                certificate_id: id("c1"),
                project_list: vec![ProjectAnswered {
                    project_id: id("p1"),
                    name: "Gate".to_owned(),
                    certificate: vec![CodeAnswered {
                        certificate_no: code("A1"),
                        certificate_type: CertificateType::QrCode,
                    }],
                    credential: vec![],
                }],
            }],
        };
        assert_eq!(
            serde_json::to_string(&answer).expect("JSON"),
            r#"{"result":1,"order_id":"8001","certificate_info":[{"certificate_id":"c1","project_list":[{"project_id":"p1","name":"Gate","certificate":[{"certificate_no":"A1","certificate_type":1}]}]}]}"#
        );
        let callback = PromiseCallback {
            order_id: id("8001"),
            result: IssueResult::Issued,
            certificate_info_list: vec![CertificateCalled {
                certificate_id: 12,
                project_list: vec![ProjectCalled {
                    project_id: id("p1"),
                    name: "Gate".to_owned(),
                    certificate_list: vec![CodeCalled {
                        certificate_no: code("A1"),
                        certificate_type: CertificateType::QrCode,
                    }],
                    credential_list: vec![],
                }],
            }],
        };
        assert_eq!(
            serde_json::to_string(&callback).expect("JSON"),
            r#"{"order_id":"8001","result":1,"certificate_info_list":[{"certificate_id":12,"project_list":[{"project_id":"p1","name":"Gate","certificate_list":[{"certificate_no":"A1","ccertificate_type":1}]}]}]}"#
        );
    }

    #[test]
    fn the_pre_order_of_the_page_is_read() {
        let create: CreatePromise = serde_json::from_str(
            r#"{"order_id":"8001","open_id":"o1","biz_type":3,"create_order_time":1777600000,"currency_code":"CNY","original_amount":19800,"order_item_list":[{"order_item_id":"i1","sku_id":"17"},{"order_item_id":"i2","sku_id":"17"}],"sku_info_list":[{"product_id":"5","sku_id":"17","sku_out_id":"QG100|YY200"}],"contact_list":[{"phone":"Enc.p"}]}"#,
        )
        .expect("the page's example");
        assert_eq!(create.biz_type, Some(PromiseBizType::GroupBooking));
        assert_eq!((create.order_item_list.len(), create.original_amount.get()), (2, 19_800));
        assert_eq!(create.sku_info_list[0].sku_out_id, Some(id("QG100|YY200")));
        assert!(!format!("{create:?}").contains("Enc.p"), "a phone is shown to nobody");
    }
}
