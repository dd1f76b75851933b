//! The specification's example bodies, and Douyin as it answers when all is well: what every solution's tests share, and the
//! calendar ticket's own.

pub use douyin_testing::calls::*;
pub use douyin_testing::douyin::*;
pub use douyin_testing::notices::*;
use entrepot_sdk::contract::calendar::CalendarDay;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::ids::{CodeId, ListingId, ProductId, SkuId};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{
    CalendarNotice, CodesNotice, Notice, PoolCode, ProductNotice, SkuDates, SkuNotice,
};
use entrepot_sdk::contract::order::{Credential, CredentialKind};
use entrepot_sdk::contract::outcome::CalendarCell;
use entrepot_sdk::contract::product::{GuestRequirement, RefundRule, Validity};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::contract::time::Timestamp;
use serde_json::{Value, json};

pub const CAN_BUY: &str = r#"{"account_id":"70001","product_out_id":"P1","sku_out_id":"P1-ADULT","biz_type":2,"count":2,"book_start_day":"2026-10-01","book_end_day":"2026-10-01","amount":{"origin_amount":20000,"pay_amount":18000}}"#;
pub const CREATE: &str = r#"{"order_id":"1000000000000000001","sku_id":"1800","sku_out_id":"P1-ADULT","count":2,"biz_type":2,"book_start_day":"2026-10-01","book_end_day":"2026-10-01","create_order_time_unix":1790000000,"amount":{"origin_amount":20000,"pay_amount":18000},"buyer":{"name":"UOwV1M23gYhaMjPTUENkGg==","phone":"SxxOBnwVlwZFQV1er5pEHA=="},"item_order_infos":[{"item_order_id":"1"},{"item_order_id":"2"}]}"#;
pub const PAY: &str = r#"{"order_id":"1000000000000000001","order_out_id":"T20260001","pay_time_unix":1790000060}"#;
pub const CANCEL: &str = r#"{"order_id":"1000000000000000001","order_out_id":"T20260001","cancel_type":2,"cancel_order_time_unix":1790000600}"#;
pub const REFUND_APPLY: &str = r#"{"order_id":"1000000000000000001","order_out_id":"T20260001","biz_uniq_key":"R1","apply_source":101,"apply_refund_time_unix":1790001000,"refund_fee_amount":900}"#;
pub const REFUND_NOTICE: &str = r#"{"order_id":"1000000000000000001","order_out_id":"T20260001","biz_uniq_key":"R1","refund_amount":17100,"refund_time_unix":1790001200,"refund_scene":1,"refund_count":2}"#;
pub const QUERY: &str = r#"{"order_id":"1000000000000000001","out_order_id":"T20260001"}"#;
pub const ISSUE: &str = r#"{"order_id":"1000000000000000001","count":1,"copies":2,"start_time":1790784000,"expire_time":1790870399,"sku":{"sku_name":"adult","sku_id":"1800","third_sku_id":"P1-ADULT"},"ticket_rule":{"code_sending_info":[1,3],"code_type":2,"url_type":1},"tourists":[{"name":"A","id_card":"110101199003070011","credential_type":1}],"amount":{"original_amount":20000,"pay_amount":18000}}"#;
pub const PULL: &str = r#"{"account_id":"70001","product_id":"900","product_out_id":"P1","start_date":"2026-10-01","end_date":"2026-10-03","ticket_specifications":[{"sku_id":"1800","sku_out_id":"P1-ADULT"}]}"#;
pub const HOOK: &str = r#"{"event":"life_trade_order_notify","client_key":"awtestkey000001","content":"{\"action\":\"pay_success\",\"msg_time\":1790000000,\"order\":{\"order_id\":\"1000000000000000001\",\"account_id\":\"70001\"}}","log_id":"L1"}"#;
pub const HANDSHAKE: &str = r#"{"event":"verify_webhook","client_key":"","content":{"challenge":12345}}"#;

/// The product of the pages' examples, as the channel names it.
pub fn product_names() -> ListingNames {
    ListingNames { product_out: Some("P1".to_owned()), ..ListingNames::default() }
}

/// One of its specifications.
pub fn sku_names(sku_out: &str) -> ListingNames {
    ListingNames { sku_out: Some(sku_out.to_owned()), ..product_names() }
}

/// A date at 90 yuan that is on sale.
pub fn cell(date: &str, fen: i64, left: Option<u32>) -> CalendarCell {
    CalendarCell {
        day: CalendarDay {
            sku: SkuId::parse("adult").expect("an id"),
            date: Some(date.parse().expect("a date")),
            retail: Money::fen(fen),
            settlement: Money::fen(fen / 2),
            open: true,
            close: None,
            cost: None,
            minimum_units: None,
            maximum_units: None,
            cutoff: None,
            slots: Vec::new(),
        },
        left,
        slots: Vec::new(),
    }
}

pub fn sku_dates(sku_out: &str, cells: Vec<CalendarCell>, gone: &[&str]) -> SkuDates {
    SkuDates {
        listing: ListingId::parse(format!("listing-{sku_out}")).expect("an id"),
        names: sku_names(sku_out),
        cells,
        gone: gone.iter().map(|date| date.parse().expect("a date")).collect(),
    }
}

pub fn calendar(whole: bool, skus: Vec<SkuDates>) -> Notice {
    Notice::Calendar(CalendarNotice { names: product_names(), skus, whole })
}

pub fn sku_notice(sku_out: &str, title: &str) -> SkuNotice {
    SkuNotice {
        listing: ListingId::parse(format!("listing-{sku_out}")).expect("an id"),
        names: sku_names(sku_out),
        on_sale: true,
        sku: SkuId::parse("adult").expect("an id"),
        title: title.to_owned(),
        persons: 1,
        minimum_units: 1,
        maximum_units: 5,
    }
}

pub fn product() -> ProductNotice {
    ProductNotice {
        names: product_names(),
        on_sale: true,
        product: ProductId::parse("p1").expect("an id"),
        title: "Bluebird Park".to_owned(),
        guests: GuestRequirement::default(),
        validity: Validity::VisitDay,
        refund: RefundRule::default(),
        skus: vec![sku_notice("P1-ADULT", "Adult")],
    }
}

/// Codes for Douyin's own pool (fulfilment §7).
pub fn reserved(codes: &[&str]) -> CodesNotice {
    let code = |(place, text): (usize, &&str)| PoolCode {
        id: CodeId::parse(format!("C-{place:04}")).expect("an id"),
        credentials: vec![Credential { kind: CredentialKind::QrCode, value: (*text).to_owned(), document_kind: None }],
    };
    CodesNotice {
        names: ListingNames { sku_out: Some("P1-ADULT".to_owned()), ..product_names() },
        codes: codes.iter().enumerate().map(code).collect(),
        expires_at: Some(Timestamp::from_seconds(1_793_462_400)),
        earlier: None,
    }
}

/// One notice of each kind.
pub fn notices() -> Vec<Notice> {
    let dates = sku_dates("P1-ADULT", vec![cell("2026-10-01", 9_000, Some(5))], &["2026-10-02"]);
    let own = [calendar(false, vec![dates]), Notice::Product(product()), Notice::Codes(reserved(&["QR-1"]))];
    of_an_order(false).into_iter().chain(own).collect()
}

/// The product of the examples, as the product query shows it (scenic §18).
pub fn ticket(status: i64) -> Value {
    json!({"product_id": "900", "product_out_id": "P1", "product_name": "Bluebird Park", "status": status,
           "ticket_specifications": [{"sku_id": "1800", "sku_out_id": "P1-ADULT", "sku_name": "Adult"}]})
}

/// Douyin when all is well.
pub fn douyin(request: &HttpRequest) -> Result<HttpResponse, Fault> {
    match request.api.as_str() {
        "ticket_query" => Ok(good(json!({"page_info": {"page": 1}, "tickets": [ticket(0)]}))),
        _ => douyin_testing::douyin::douyin(request),
    }
}
