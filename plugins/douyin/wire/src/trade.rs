//! Orders, uses and bills as Douyin recorded them. Answers only; what no page lists is ignored, and so is everything about
//! the guest: contacts stay unread.

use serde::Deserialize;

use crate::number::{Fen, Id, Int, Text, blank_as_none, null_as_empty};
use crate::person::Private;

/// Most lines of one page of the ledger. Common §15, `documented`.
pub const LEDGER_LIMIT: usize = 50;
/// Most uses of one page of the history. Common §13, `documented`.
pub const USES_LIMIT: usize = 20;

/// Answer of the order query. Common §14, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OrderPage {
    /// The orders; none is an empty list or no list.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub orders: Vec<OrderRecord>,
    /// Where deep paging goes on.
    #[serde(default)]
    pub search_after: Option<SearchAfter>,
}

/// Where deep paging goes on. Common §14, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct SearchAfter {
    /// The next call's `cursor`.
    #[serde(rename = "CursorValue", default, deserialize_with = "null_as_empty")]
    pub cursor: Vec<Text>,
}

/// An order as Douyin recorded it. Common §14, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OrderRecord {
    /// Douyin's order.
    pub order_id: Id,
    /// Our order, should it stand there: the page's query knows the name, its answer does not list it (`inferred`).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub ext_order_id: Option<Id>,
    /// The order of vouchers that this one reserves (group-buy B14, `documented`).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub source_order_id: Option<Id>,
    /// Where it stands; the values were not seen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_status: Option<Int>,
    /// Douyin's specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub sku_id: Option<Id>,
    /// Our specification.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub third_sku_id: Option<Id>,
    /// Copies bought.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub count: Option<Int>,
    /// What the guest paid, fen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub pay_amount: Option<Fen>,
    /// When it was made, in seconds.
    #[serde(rename = "create_order_time", default, deserialize_with = "blank_as_none")]
    pub create_seconds: Option<Int>,
    /// When it was paid, in seconds.
    #[serde(rename = "pay_time", default, deserialize_with = "blank_as_none")]
    pub pay_seconds: Option<Int>,
    /// When it changed last, in seconds.
    #[serde(rename = "update_order_time", default, deserialize_with = "blank_as_none")]
    pub update_seconds: Option<Int>,
    /// What was bought.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub products: Vec<OrderedProduct>,
    /// Its vouchers, one for each copy.
    #[serde(rename = "certificate", default, deserialize_with = "null_as_empty")]
    pub certificates: Vec<OrderedCertificate>,
}

/// A product of an order. Fulfilment §13.1, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrderedProduct {
    /// Douyin's product.
    #[serde(deserialize_with = "blank_as_none")]
    pub product_id: Option<Id>,
}

/// A voucher of an order. Common §14, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrderedCertificate {
    /// Where it stands; the values were not seen.
    #[serde(deserialize_with = "blank_as_none")]
    pub item_status: Option<Int>,
    /// What was refunded for it, fen.
    #[serde(deserialize_with = "blank_as_none")]
    pub refund_amount: Option<Fen>,
    /// When it was refunded, in seconds; 0 or missing while it was not.
    #[serde(rename = "refund_time", deserialize_with = "blank_as_none")]
    pub refund_seconds: Option<Int>,
}

/// Answer of the voucher query by order. Fulfilment §5, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CertificateList {
    /// The vouchers.
    #[serde(deserialize_with = "null_as_empty")]
    certificates: Vec<CertificateRecord>,
    /// The same in a newer shape.
    #[serde(rename = "certificates_v_2", deserialize_with = "null_as_empty")]
    newer: Vec<CertificateRecord>,
}

impl CertificateList {
    /// The vouchers. Fulfilment §0, `inferred`: the first shape, or the second where the first is empty.
    pub fn records(&self) -> &[CertificateRecord] {
        if self.certificates.is_empty() { &self.newer } else { &self.certificates }
    }
}

/// Answer of the query of one voucher of Douyin's own. Fulfilment §5, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SingleCertificate {
    /// The voucher.
    certificate: Option<CertificateRecord>,
    /// The same in a newer shape.
    #[serde(rename = "certificate_v_2")]
    newer: Option<CertificateRecord>,
}

impl SingleCertificate {
    /// The voucher. Fulfilment §0, `inferred`: the first shape, or the second where the first is missing.
    pub fn record(&self) -> Option<&CertificateRecord> {
        self.certificate.as_ref().or(self.newer.as_ref())
    }
}

/// A voucher with its uses. Fulfilment §5, §14, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CertificateRecord {
    /// Its code as Douyin seals it; only Douyin's own vouchers have one.
    #[serde(deserialize_with = "blank_as_none")]
    encrypted_code: Option<Private>,
    /// Its last use.
    verify: Option<UseMark>,
    /// All its uses.
    #[serde(deserialize_with = "null_as_empty")]
    verify_records: Vec<UseMark>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct UseMark {
    #[serde(deserialize_with = "blank_as_none")]
    verify_id: Option<Id>,
}

impl CertificateRecord {
    /// The code of a voucher of Douyin's own which says neither that it was used nor that it was not.
    pub fn silent_code(&self) -> Option<&str> {
        let silent = self.verify.is_none() && self.verify_records.is_empty();
        self.encrypted_code.as_ref().filter(|_| silent).map(Private::reveal)
    }

    /// Whether it was used.
    pub fn is_used(&self) -> bool {
        let known = |mark: &UseMark| mark.verify_id.as_ref().is_some_and(|id| id.as_str() != "0");
        self.verify.iter().chain(&self.verify_records).any(known)
    }
}

/// Answer of the history of uses. Fulfilment §5, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UsePage {
    /// The uses.
    #[serde(deserialize_with = "null_as_empty")]
    records: Vec<UseRecord>,
    /// The same in a newer shape.
    #[serde(rename = "records_v2", deserialize_with = "null_as_empty")]
    newer: Vec<UseRecord>,
}

impl UsePage {
    /// The uses. Fulfilment §0, `inferred`: the first shape, or the second where the first is empty.
    pub fn into_records(self) -> Vec<UseRecord> {
        if self.records.is_empty() { self.newer } else { self.records }
    }
}

/// One use (核销). Common §13, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UseRecord {
    /// Douyin's id of the use.
    pub verify_id: Id,
    /// The voucher used.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub certificate_id: Option<Id>,
    /// The order, should it stand there: no page lists it (`inferred`).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_id: Option<Id>,
    /// When, in seconds.
    #[serde(rename = "verify_time")]
    pub verify_seconds: Int,
    /// When it was taken back, in seconds; 0 or missing while it stands.
    #[serde(rename = "cancel_time", default, deserialize_with = "blank_as_none")]
    pub cancel_seconds: Option<Int>,
    /// What it was worth; says more of a card of several uses.
    #[serde(rename = "verify_amount_info", default)]
    amounts: Option<UseAmounts>,
    /// Where the page after this row begins.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub cursor: Option<Id>,
}

impl UseRecord {
    /// The units that it used up. A row is the use of one voucher, and a voucher is one unit (common §13); one of a card
    /// of several uses (次卡) has a serial, and is a part of its unit (group-buy B19, `documented`).
    pub fn units(&self) -> u32 {
        let serial = self.amounts.as_ref().and_then(|amounts| amounts.of_card.as_ref()).and_then(|of| of.serial);
        u32::from(serial.is_none_or(|serial| serial.0 <= 0))
    }
}

/// What a use was worth. Group-buy B19, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct UseAmounts {
    /// There for a use of a card alone.
    #[serde(rename = "times_card_serial_amount", default)]
    of_card: Option<CardUse>,
}

/// One use of a card. Group-buy B19, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct CardUse {
    /// Which of them, from 1.
    #[serde(rename = "serial_numb", default, deserialize_with = "blank_as_none")]
    serial: Option<Int>,
}

/// Answer of the bill query, plain and detailed. Common §15, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LedgerPage {
    /// Where the next page begins.
    #[serde(deserialize_with = "blank_as_none")]
    pub cursor: Option<Id>,
    /// Whether there is one.
    #[serde(deserialize_with = "blank_as_none")]
    pub has_more: Option<bool>,
    /// The lines.
    #[serde(rename = "ledger_records", deserialize_with = "null_as_empty")]
    pub lines: Vec<LedgerRecord>,
}

/// A line of the bill. Common §15, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LedgerRecord {
    /// Douyin's id of the line.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub ledger_id: Option<Id>,
    /// Another id of it; which of the two is the line's own is not stated (`inferred`: the first).
    #[serde(default, deserialize_with = "blank_as_none")]
    pub id: Option<Id>,
    /// The order.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub order_id: Option<Id>,
    /// Where it stands; the values were not seen.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub status: Option<Text>,
    /// When, in seconds.
    #[serde(rename = "ledger_time")]
    pub ledger_seconds: Int,
    /// What was sold.
    #[serde(default)]
    pub goods: Option<LedgerGoods>,
    /// What is split, and how.
    pub amount: LedgerAmount,
}

/// What a line of the bill is about. Common §15, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LedgerGoods {
    /// The product's name.
    #[serde(deserialize_with = "blank_as_none")]
    pub group_name: Option<Text>,
}

/// Amounts of a line, fen; they may be negative. Common §15, `documented`; fulfilment §13.3, meanings `seen in client code`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LedgerAmount {
    /// The merchant's money for the goods.
    #[serde(deserialize_with = "blank_as_none")]
    pub goods: Option<Int>,
    /// What the platform keeps as its service fee; only in the detailed bill.
    #[serde(deserialize_with = "blank_as_none")]
    pub total_merchant_platform_service: Option<Int>,
}

/// Answer of the bill query by vouchers. Fulfilment §13.3, `documented`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CertificateLedger {
    /// What is billed.
    #[serde(deserialize_with = "null_as_empty")]
    pub records: Vec<CertificateLedgerRecord>,
}

/// One billed voucher. Fulfilment §13.3, `documented`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CertificateLedgerRecord {
    /// The order.
    pub order_id: Id,
    /// The use.
    pub verify_id: Id,
}

/// Answer of the decrypt call. Common §8.3, field names `seen in client code`. Not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Decrypted {
    /// One for each text asked for.
    #[serde(deserialize_with = "null_as_empty")]
    pub results: Vec<DecryptedText>,
}

/// One opened text. Common §8.3, `seen in client code`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DecryptedText {
    /// The sealed text.
    #[serde(deserialize_with = "blank_as_none")]
    pub cipher_text: Option<String>,
    /// What it says.
    #[serde(deserialize_with = "blank_as_none")]
    pub plain_text: Option<String>,
    /// Whether it was opened.
    #[serde(deserialize_with = "blank_as_none")]
    pub is_success: Option<bool>,
    /// 0 when it was.
    #[serde(deserialize_with = "blank_as_none")]
    pub error_code: Option<Int>,
}

impl DecryptedText {
    /// What it says, when it was opened: not refused in either way, and something is there.
    pub fn opened(self) -> Option<String> {
        let refused = self.is_success == Some(false) || self.error_code.is_some_and(|code| code.0 != 0);
        self.plain_text.filter(|_| !refused)
    }
}

/// Most sealed texts of one decrypt call. Common §8.3, `documented`.
pub const DECRYPT_LIMIT: usize = 50;
