//! Signed calls, the specification's example bodies, and Douyin as it answers when all is well.

use douyin_wire::sign::{life_sign, parse_query, webhook_sign};
use entrepot_sdk::contract::calendar::CalendarDay;
use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::ids::{ChannelOrderId, CodeId, ListingId, OrderId, ProductId, SceneName, SkuId};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{
    CalendarNotice, CodesNotice, Notice, OrderEvent, OrderNotice, PoolCode, ProductNotice, RefundDecision, SkuDates,
    SkuNotice,
};
use entrepot_sdk::contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_sdk::contract::outcome::CalendarCell;
use entrepot_sdk::contract::product::{GuestRequirement, RefundRule, Validity};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::contract::time::Timestamp;
use serde_json::{Value, json};

pub const CLIENT_KEY: &str = "awtestkey000001";
pub const CLIENT_SECRET: &str = "0123456789abcdef0123456789ABCDEF";
pub const FIXED_TOKEN: &str = "clt.fixed-5f0c2b9a7d";
pub const ACCOUNT: &str = "70001";
pub const SHOP: &str = "71001";
pub const ORDER: &str = "1000000000000000001";
pub const OWN_ORDER: &str = "T20260001";
pub const LOGID: &str = "20261001120000ABCDEF";

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

pub fn scene(name: &str) -> SceneName {
    SceneName::parse(name).expect("a scene name")
}

/// A signed call of a scene.
pub fn call(name: &str, body: &str) -> RawRequest {
    bytes(name, body.as_bytes())
}

/// A signed call with any body.
pub fn bytes(name: &str, body: &[u8]) -> RawRequest {
    let query = match name {
        "webhook" => String::new(),
        _ => format!("client_key={CLIENT_KEY}&timestamp=1790000000123&sign=ignored"),
    };
    signed(RawRequest { scene: scene(name), method: "POST".to_owned(), query, headers: vec![], body: body.to_vec() })
}

/// The call with the signature it should have.
pub fn signed(raw: RawRequest) -> RawRequest {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![header("content-type", "application/json".to_owned())];
    if raw.scene.as_str() == "webhook" {
        headers.push(header("x-douyin-signature", webhook_sign(CLIENT_SECRET, &raw.body)));
        headers.push(header("msg-id", "message-1".to_owned()));
    } else {
        let query = parse_query(&raw.query).expect("a query");
        headers.push(header("x-life-clientkey", CLIENT_KEY.to_owned()));
        headers.push(header("x-life-sign", life_sign(CLIENT_SECRET, &query, &raw.body)));
        headers.push(header("x-bytedance-logid", LOGID.to_owned()));
    }
    RawRequest { headers, ..raw }
}

/// Credentials of unit `unit`: a QR code each.
pub fn qr(unit: u16) -> UnitCredentials {
    UnitCredentials { unit, credentials: vec![credential(CredentialKind::QrCode, &format!("QR-{unit}"))] }
}

pub fn credential(kind: CredentialKind, value: &str) -> Credential {
    Credential { kind, value: value.to_owned(), document_kind: None }
}

pub fn notice(event: OrderEvent) -> Notice {
    Notice::Order(OrderNotice {
        order: OrderId::parse(OWN_ORDER).expect("an id"),
        channel_order: ChannelOrderId::parse(ORDER).expect("an id"),
        source_order: None,
        names: ListingNames::default(),
        unit_names: Vec::new(),
        event,
    })
}

pub fn redemption(units: &[u16], whole: bool) -> Notice {
    notice(OrderEvent::Redeemed {
        token: "v-1".to_owned(),
        units: units.to_vec(),
        whole,
        at: Timestamp::from_millis(1_790_800_000_999),
        shop: None,
        refund_refused: None,
        tickets: Vec::new(),
    })
}

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
    let reason = || "no seats".to_owned();
    vec![
        notice(OrderEvent::Accepted),
        notice(OrderEvent::Refused { reason: reason() }),
        notice(OrderEvent::Issued { units: vec![qr(1), qr(2)] }),
        notice(OrderEvent::IssueFailed { reason: reason() }),
        notice(OrderEvent::RefundDecided {
            key: "R1".to_owned(),
            units: vec![1],
            decision: RefundDecision::Agreed { fee: Some(Money::fen(900)) },
        }),
        redemption(&[1], false),
        calendar(false, vec![sku_dates("P1-ADULT", vec![cell("2026-10-01", 9_000, Some(5))], &["2026-10-02"])]),
        Notice::Product(product()),
        Notice::Codes(reserved(&["QR-1"])),
    ]
}

pub fn answer(body: &Value) -> HttpResponse {
    HttpResponse { status: 200, headers: vec![], body: body.to_string() }
}

/// Douyin's answer with a code.
pub fn coded(code: i64) -> HttpResponse {
    answer(
        &json!({"data":{"error_code":code,"description":"quotes QR-1"},"extra":{"error_code":code,"logid":LOGID,"now":1790000000}}),
    )
}

pub fn token(text: &str) -> HttpResponse {
    answer(&json!({"data":{"access_token":text,"description":"","error_code":0,"expires_in":7200},"message":"success"}))
}

pub fn verified(codes: &[i64]) -> HttpResponse {
    let results: Vec<Value> = codes
        .iter()
        .map(|code| json!({"code":code,"msg":"quotes QR-1","verify_id":"1","certificate_id":"2"}))
        .collect();
    answer(
        &json!({"data":{"error_code":0,"description":"","verify_results":results},"extra":{"error_code":0,"logid":LOGID}}),
    )
}

/// A good answer with that payload.
pub fn good(data: Value) -> HttpResponse {
    let mut data = data;
    data["error_code"] = json!(0);
    data["description"] = json!("success");
    answer(&json!({"data": data, "extra": {"error_code": 0, "description": "", "logid": LOGID, "now": 1_790_000_000}}))
}

/// The product of the examples, as the product query shows it (scenic §18).
pub fn ticket(status: i64) -> Value {
    json!({"product_id": "900", "product_out_id": "P1", "product_name": "Bluebird Park", "status": status,
           "ticket_specifications": [{"sku_id": "1800", "sku_out_id": "P1-ADULT", "sku_name": "Adult"}]})
}

/// An order as the order query shows it (common §14).
pub fn recorded(order: &str) -> Value {
    json!({"order_id": order, "order_status": 3, "sku_id": "1800", "third_sku_id": "P1-ADULT", "count": 2,
           "pay_amount": 18000, "create_order_time": "1790000000", "pay_time": "1790000060",
           "update_order_time": 1_790_000_600, "products": [{"product_id": "900"}],
           "contacts": [{"name": "bluebird", "phone": "bluebird", "phone_encrypt": "bluebird"}],
           "certificate": [{"certificate_id": "2", "item_status": 1}, {"certificate_id": "3", "item_status": 1}]})
}

/// Douyin when all is well.
pub fn douyin(request: &HttpRequest) -> Result<HttpResponse, Fault> {
    Ok(match request.api.as_str() {
        "client_token" => token("clt.test-token-0123456789"),
        "certificate_verify" => verified(&[0]),
        "ticket_query" => good(json!({"page_info": {"page": 1}, "tickets": [ticket(0)]})),
        "order_query" => good(json!({"orders": [recorded(ORDER)], "page": {"total": "1"}})),
        "ledger_query" => good(json!({"cursor": "0", "has_more": false, "ledger_records": []})),
        "verify_record_query" => good(json!({"total": "0", "records": []})),
        "shop_query" => good(json!({"total": 1, "pois": [{"poi": {"poi_id": SHOP, "poi_name": "Gate"}}]})),
        "decrypt_batch" => {
            let body: Value = serde_json::from_str(request.body.as_deref().unwrap_or("{}")).unwrap_or_default();
            let opened = |text: &Value| json!({"cipher_text": text, "plain_text": format!("open {text}"), "is_success": true, "error_code": 0});
            let results: Vec<Value> = body["cipher_texts"].as_array().into_iter().flatten().map(opened).collect();
            good(json!({ "results": results }))
        }
        _ => coded(0),
    })
}
