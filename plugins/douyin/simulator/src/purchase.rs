//! What a guest buys: the input from which the request bodies are built.

use crate::groupbuy::{Solution, VoucherTerms};
use serde_json::{Map, Value, json};

/// A buyer or traveller (scenic §1.5 "person"), in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
    /// `license_type`: 0 none, 1 identity card, 6 passport …
    pub license_type: i64,
    /// Document number; empty without one.
    pub license_id: String,
}

impl Person {
    /// A person without a document.
    pub fn new(name: &str, phone: &str) -> Self {
        Self { name: name.to_owned(), phone: phone.to_owned(), license_type: 0, license_id: String::new() }
    }

    /// The same person with an identity card (type 1).
    pub fn with_identity_card(mut self, number: &str) -> Self {
        self.license_type = 1;
        self.license_id = number.to_owned();
        self
    }
}

/// One purchase: a dated ticket, a voucher, or the reservation of one. Ids are the platform's (`*_id`) and the middleware's (`*_out_id`).
#[derive(Clone, Debug, PartialEq)]
pub struct Purchase {
    /// A dated ticket, a voucher or its reservation.
    pub solution: Solution,
    /// The rules of a voucher; without meaning for a dated ticket.
    pub terms: VoucherTerms,
    /// Merchant root account; several may share the application.
    pub account_id: String,
    /// Shop.
    pub poi_id: String,
    /// Douyin product.
    pub product_id: String,
    /// Our product.
    pub product_out_id: String,
    /// Douyin specification.
    pub sku_id: String,
    /// Our specification.
    pub sku_out_id: String,
    /// Name of the specification, for the issue SPI.
    pub sku_name: String,
    /// Copies (份).
    pub count: u32,
    /// People per copy: `count` of the issue SPI.
    pub people_per_copy: u32,
    /// Entry day, `yyyy-MM-dd`; empty for a voucher.
    pub day: String,
    /// Price of one copy before discounts, fen.
    pub unit_price_fen: i64,
    /// Discount of the whole order paid by the merchant, fen.
    pub merchant_discount_fen: i64,
    /// Discount of the whole order paid by the platform, fen.
    pub platform_discount_fen: i64,
    /// The guest's Douyin account, for the order query.
    pub open_id: String,
    /// The contact.
    pub buyer: Person,
    /// The travellers; may be empty.
    pub tourists: Vec<Person>,
    /// `ticket_rule.code_sending_info`: 1 identity card, 2 voucher number, 3 QR code, 6 URL.
    pub code_sending_info: Vec<i64>,
    /// `refund_rule` as sent (scenic §1.5).
    pub refund_rule: Value,
    /// Session (场次) of the ticket, if it has one.
    pub session_name: Option<String>,
    /// The guest's remark.
    pub remark: String,
    /// Question and answer pairs of `remark_info`.
    pub answers: Vec<(String, String)>,
    /// `custom_spi_req_extra`.
    pub custom_extra: String,
    /// Laid over the finished check and create bodies; a null removes the field.
    pub overrides: Map<String, Value>,
}

impl Purchase {
    /// An invented purchase: two adults of P1-ADULT on 2026-10-01 at 100 yuan each, refundable in part.
    pub fn sample() -> Self {
        Self {
            solution: Solution::CalendarTicket,
            terms: VoucherTerms::sample(),
            account_id: "70001".into(),
            poi_id: "60001".into(),
            product_id: "50001".into(),
            product_out_id: "P1".into(),
            sku_id: "1800".into(),
            sku_out_id: "P1-ADULT".into(),
            sku_name: "Adult".into(),
            count: 2,
            people_per_copy: 1,
            day: "2026-10-01".into(),
            unit_price_fen: 10_000,
            merchant_discount_fen: 0,
            platform_discount_fen: 0,
            open_id: "open-1".into(),
            buyer: Person::new("张三", "13800138000"),
            tourists: vec![Person::new("张三", "13800138000").with_identity_card("110101199003070011")],
            code_sending_info: vec![2, 3],
            refund_rule: json!({
                "refund_type": 1, "refund_details": [], "auto_refund_time": 0, "can_refund_partly": true
            }),
            session_name: None,
            remark: String::new(),
            answers: Vec::new(),
            custom_extra: String::new(),
            overrides: Map::new(),
        }
    }

    /// Price of the whole order before discounts, fen.
    pub fn origin_amount_fen(&self) -> i64 {
        self.unit_price_fen * i64::from(self.count)
    }

    /// What the guest pays, fen; nothing for a reservation, whose voucher is paid (groupbuy rule 8).
    pub fn pay_amount_fen(&self) -> i64 {
        if self.solution.source_order_id().is_some() {
            return 0;
        }
        self.origin_amount_fen() - self.merchant_discount_fen - self.platform_discount_fen
    }

    /// The guest's payment for `units` copies, rounded down to whole fen.
    pub fn pay_share_fen(&self, units: usize) -> i64 {
        let units = i64::try_from(units).unwrap_or(i64::MAX);
        self.pay_amount_fen().saturating_mul(units) / i64::from(self.count.max(1))
    }

    /// Whether the refund rule allows parts.
    pub fn can_refund_partly(&self) -> bool {
        self.refund_rule["can_refund_partly"].as_bool().unwrap_or(false)
    }
}
