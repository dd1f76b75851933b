//! What is asked of Douyin and how its answers are read: common §8.3, §13 to §15, scenic §18, §21, fulfilment §5, §11 to §13.

use entrepot_sdk::contract::fault::FaultKind;
use entrepot_sdk::contract::ids::ChannelOrderId;
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::{
    LedgerLine, Look, OrderSeen, ProductSeen, RedemptionLine, Sealed, Seen, SeenState,
};
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::services::HttpRequest;
use entrepot_sdk::contract::time::Timestamp;
use serde_json::{Value, json};

use crate::partner::{apis, body, facing, pairs, path, query, sent};
use crate::support::*;

const FROM: Timestamp = Timestamp::from_seconds(1_790_000_000);
/// Half a second after a full one: the window is exclusive, Douyin's is in seconds.
const TO: Timestamp = Timestamp::from_millis(1_790_003_600_500);

pub fn order(id: &str) -> ChannelOrderId {
    ChannelOrderId::parse(id).expect("an id")
}

pub fn orders(seen: Seen) -> (Vec<OrderSeen>, Option<String>) {
    match seen {
        Seen::Orders { orders, next } => (orders, next),
        other => panic!("{other:?}"),
    }
}

/// An answer for that call alone.
pub fn answers(
    api: &'static str,
    data: Value,
) -> impl Fn(&HttpRequest) -> Option<entrepot_sdk::contract::services::HttpResponse> {
    move |request| (request.api == api).then(|| good(data.clone()))
}

/// Common §14.
#[tokio::test]
async fn one_order() {
    let names = json!({"order_status_names": {"3": "issued"}, "item_status_names": {"1": "issued"}});
    let (seat, world) = facing(names, json!({}), |_| None).await;
    let (seen, next) = orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer"));
    let expected = OrderSeen {
        order: order(ORDER),
        state: SeenState::Issued,
        raw_state: "3".to_owned(),
        own_order: None,
        source_order: None,
        names: ListingNames {
            product: Some("900".to_owned()),
            sku: Some("1800".to_owned()),
            product_out: None,
            sku_out: Some("P1-ADULT".to_owned()),
        },
        ordered_at: Some(Timestamp::from_seconds(1_790_000_000)),
        paid_at: Some(Timestamp::from_seconds(1_790_000_060)),
        updated_at: Some(Timestamp::from_seconds(1_790_000_600)),
        units: Some(2),
        used_units: Some(0),
        refunded_units: Some(0),
        paid: Some(Money::fen(18_000)),
        refunded: Some(Money::fen(0)),
    };
    assert_eq!((seen, next), (vec![expected], None));
    let request = &sent(&world, "order_query")[0];
    assert_eq!((request.method.as_str(), path(request)), ("GET", "/goodlife/v1/trade/order/query/"));
    let expected = [("account_id", ACCOUNT), ("page_num", "1"), ("page_size", "1"), ("order_id", ORDER)];
    assert_eq!(query(request), pairs(&expected));
    // Another order, or none, is none.
    for data in [json!({"orders": [recorded("2")]}), json!({"orders": null}), json!({})] {
        let (seat, _) = facing(json!({}), json!({}), answers("order_query", data)).await;
        assert_eq!(orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer")), (vec![], None));
    }
}

/// The numbers are the settings'; what they do not name is kept raw.
#[tokio::test]
async fn states_are_named_by_the_settings() {
    let shown = |status: Value, items: Value| {
        let mut shown = recorded(ORDER);
        shown["order_status"] = status;
        shown["certificate"] = items;
        json!({"orders": [shown]})
    };
    let item = |status: i64, refunded_at: Value, fen: i64| json!({"item_status": status, "refund_time": refunded_at, "refund_amount": fen});
    let look = async |settings: Value, data: Value| {
        let (seat, _) = facing(settings, json!({}), answers("order_query", data)).await;
        let (mut seen, _) = orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer"));
        seen.remove(0)
    };
    let names = ["unpaid", "paid", "issued", "used", "refunded", "cancelled"];
    for (code, name) in (1..).zip(names) {
        let nobody = look(json!({}), shown(json!(code), json!([]))).await;
        assert_eq!(nobody.state, SeenState::Other, "no number means anything by itself");
        let settings = json!({"order_status_names": {code.to_string(): name}});
        let seen = look(settings, shown(json!(code), json!([]))).await;
        assert_eq!(serde_json::to_value(seen.state).expect("a name"), name);
        assert_eq!((seen.used_units, seen.refunded_units, seen.refunded), (None, None, None), "no vouchers are listed");
    }
    let odd = look(json!({}), shown(json!("777"), json!([item(777, json!(0), 0)]))).await;
    assert_eq!((odd.state, odd.raw_state.as_str(), odd.used_units), (SeenState::Other, "777", None));
    let missing = look(json!({}), shown(json!(null), json!([]))).await;
    assert_eq!((missing.state, missing.raw_state.as_str()), (SeenState::Other, ""));
    let settings = json!({"order_status_names": {"201": "used"}, "item_status_names": {"7": "used", "8": "issued"}});
    let items = json!([
        item(7, json!("0"), 0),
        item(8, json!("1790000000"), 900),
        item(7, json!(""), 0),
        item(8, json!(null), 0)
    ]);
    let named = look(settings, shown(json!(201), items)).await;
    assert_eq!((named.state, named.used_units, named.refunded_units), (SeenState::Used, Some(2), Some(1)));
    assert_eq!(named.refunded, Some(Money::fen(900)));
    let refunds = json!({"order_status_names": {"5": "refunded"}, "item_status_names": {"3": "refunded"}});
    let silent =
        look(refunds, shown(json!(5), json!([{"item_status": 3}, {"item_status": 3, "refund_amount": 900}]))).await;
    assert_eq!((silent.state, silent.refunded_units, silent.refunded), (SeenState::Refunded, Some(2), None));
}

/// Common §14: a window of changes, by cursor.
#[tokio::test]
async fn changed_orders_page_by_page() {
    let (seat, world) = facing(json!({"orders_page_size": 2}), json!({}), |request| {
        let query = query(request);
        let (ids, after) = match query.get("cursor").map(String::as_str) {
            _ if request.api != "order_query" => return None,
            None => (vec!["1", "2"], json!(["1790000000", 55])),
            Some("1790000000,55") => (vec!["3", "4"], json!(["1790000500", "56"])),
            Some(_) => (vec!["5"], json!([])),
        };
        let orders: Vec<Value> = ids.into_iter().map(recorded).collect();
        Some(good(json!({"orders": orders, "search_after": {"CursorValue": after, "Size": 2}})))
    })
    .await;
    let (mut page, mut ids) = (None, Vec::new());
    loop {
        let (seen, next) = orders(seat.look(Look::Orders { from: FROM, to: TO, page }).await.expect("a page"));
        ids.extend(seen.into_iter().map(|seen| seen.order.to_string()));
        page = next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    let first = [
        ("account_id", ACCOUNT),
        ("page_num", "1"),
        ("page_size", "2"),
        ("update_order_start_time", "1790000000"),
        ("update_order_end_time", "1790003600"),
    ];
    assert_eq!(query(&sent(&world, "order_query")[0]), pairs(&first));
    let whole_second = Look::Orders { from: FROM, to: Timestamp::from_seconds(1_790_003_600), page: None };
    seat.look(whole_second).await.expect("a page");
    let last = sent(&world, "order_query").pop().expect("a call");
    assert_eq!(query(&last)["update_order_end_time"], "1790003599", "the end is exclusive");
}

/// Without a cursor pages are numbered; a cursor that does not move is no page.
#[tokio::test]
async fn pages_without_a_cursor() {
    let settings = json!({"orders_page_size": 1});
    let (seat, world) =
        facing(settings.clone(), json!({}), answers("order_query", json!({"orders": [recorded("1")]}))).await;
    let (_, next) = orders(seat.look(Look::Orders { from: FROM, to: TO, page: None }).await.expect("a page"));
    let (_, third) = orders(seat.look(Look::Orders { from: FROM, to: TO, page: next }).await.expect("a page"));
    assert_eq!(query(&sent(&world, "order_query")[1])["page_num"], "2");
    assert!(third.is_some());
    let stuck = json!({"orders": [recorded("1")], "search_after": {"CursorValue": ["7"]}});
    let (seat, _) = facing(settings, json!({}), answers("order_query", stuck)).await;
    let (_, next) = orders(seat.look(Look::Orders { from: FROM, to: TO, page: None }).await.expect("a page"));
    let fault = seat.look(Look::Orders { from: FROM, to: TO, page: next }).await.expect_err("it leads back");
    assert_eq!(fault.kind, FaultKind::Garbled);
    let odd = Look::Orders { from: FROM, to: TO, page: Some("elsewhere".to_owned()) };
    assert_eq!(seat.look(odd).await.expect_err("no page of ours").kind, FaultKind::Invalid);
}

/// Common §15.
#[tokio::test]
async fn the_bill_of_a_day() {
    let records = json!([
        {"ledger_id": 9_007_199_254_740_993_i64, "id": "x", "order_id": ORDER, "status": "1", "ledger_time": "1790000000",
         "goods": {"group_name": "Bluebird Park"}, "certificate": {"code": "QR-1"},
         "amount": {"goods": "17100", "pay": "18000", "original": "20000", "total_merchant_platform_service": "900"}},
        {"id": "L2", "order_id": "", "status": 2, "ledger_time": 1_790_000_001, "amount": {"goods": -100}},
    ]);
    let data = json!({"cursor": "77", "has_more": true, "ledger_records": records});
    for (settings, api, path_, date) in [
        (json!({}), "ledger_query", "/goodlife/v1/settle/ledger/query/", "2026-10-01"),
        (
            json!({"ledger": "detailed", "bill_date": "plain"}),
            "ledger_detailed_query",
            "/goodlife/v1/settle/ledger/detailed_query/",
            "20261001",
        ),
    ] {
        let (seat, world) = facing(settings, json!({}), answers(api, data.clone())).await;
        let look = Look::Ledger { day: "2026-10-01".parse().expect("a date"), page: None };
        let Seen::Ledger { lines, next } = seat.look(look).await.expect("a page") else { panic!("a bill") };
        let line =
            |id: &str, order: Option<ChannelOrderId>, what: &str, fen: i64, fee: Option<i64>, at_s: i64| LedgerLine {
                id: id.to_owned(),
                order,
                what: what.to_owned(),
                amount: Money::fen(fen),
                commission: fee.map(Money::fen),
                at: Timestamp::from_seconds(at_s),
            };
        let expected = [
            line("9007199254740993", Some(order(ORDER)), "Bluebird Park", 17_100, Some(900), 1_790_000_000),
            line("L2", None, "status 2", -100, None, 1_790_000_001),
        ];
        assert_eq!((lines.as_slice(), next.as_deref()), (expected.as_slice(), Some("77")));
        let request = &sent(&world, api)[0];
        assert_eq!(path(request), path_);
        let expected = [("account_id", ACCOUNT), ("bill_date", date), ("cursor", "0"), ("size", "50")];
        assert_eq!(query(request), pairs(&expected));
        // The cursor that came is the next page's, and one that stays where it is no page.
        let look = Look::Ledger { day: "2026-10-01".parse().expect("a date"), page: Some("77".to_owned()) };
        assert_eq!(seat.look(look).await.expect_err("it leads back").kind, FaultKind::Garbled);
        assert_eq!(query(&sent(&world, api)[1])["cursor"], "77");
    }
}

/// Common §13, fulfilment §5; the orders come from the bills (fulfilment §13.3).
#[tokio::test]
async fn what_was_used() {
    let record = |number: usize| {
        json!({"verify_id": format!("V{number}"), "certificate_id": format!("C{number}"), "verify_time": "1790000000",
               "cancel_time": if number == 2 { "1790000900" } else { "0" }, "code": "QR-1", "status": 1,
               "can_cancel": false, "cursor": format!("K{number}")})
    };
    let (seat, world) = facing(json!({}), json!({}), move |request| match request.api.as_str() {
        "verify_record_query" => {
            let count = if query(request)["cursor"] == "0" { 20 } else { 1 };
            let records: Vec<Value> = (1..=count).map(record).collect();
            Some(good(json!({"total": "21", "records": [], "records_v2": records})))
        }
        "ledger_by_certificate" => {
            Some(good(json!({"records": [{"order_id": ORDER, "certificate_id": "C1", "verify_id": "V1"}]})))
        }
        _ => None,
    })
    .await;
    let look = |page| Look::Redemptions { from: FROM, to: TO, page };
    let Seen::Redemptions { lines, next } = seat.look(look(None)).await.expect("a page") else { panic!("uses") };
    assert_eq!((lines.len(), next.as_deref()), (20, Some("K20")));
    let line = |id: &str, order, undone_at: Option<i64>| RedemptionLine {
        id: id.to_owned(),
        order,
        units: 1,
        at: Timestamp::from_seconds(1_790_000_000),
        undone_at: undone_at.map(Timestamp::from_seconds),
    };
    let expected =
        [line("V1", Some(order(ORDER)), None), line("V2", None, Some(1_790_000_900)), line("V3", None, None)];
    assert_eq!(lines[..3], expected);
    let request = &sent(&world, "verify_record_query")[0];
    assert_eq!(path(request), "/goodlife/v1/fulfilment/certificate/verify_record/query/");
    let expected = [
        ("account_id", ACCOUNT),
        ("cursor", "0"),
        ("size", "20"),
        ("start_time", "1790000000"),
        ("end_time", "1790003600"),
    ];
    assert_eq!(query(request), pairs(&expected));
    let asked = &sent(&world, "ledger_by_certificate")[0];
    assert_eq!(path(asked), "/goodlife/v1/settle/ledger/query_record_by_cert/");
    assert_eq!(query(asked)["certificate_ids"].split(',').count(), 20);
    let Seen::Redemptions { lines, next } = seat.look(look(next)).await.expect("a page") else { panic!("uses") };
    assert_eq!((lines.len(), next), (1, None));
    let (seat, world) = facing(json!({"redemption_orders": false}), json!({}), |_| None).await;
    seat.look(look(None)).await.expect("a page");
    assert_eq!(apis(&world), ["verify_record_query"]);
}

/// Group-buy B19: a use of a card is a part of its unit.
#[tokio::test]
async fn a_use_of_a_card_uses_up_no_unit() {
    let record = |id: &str, amounts: Value| json!({"verify_id": id, "order_id": ORDER, "verify_time": 1_790_000_000, "verify_amount_info": amounts});
    let records = json!({"records": [
        record("V1", json!(null)),
        record("V2", json!({"times_card_serial_amount": null})),
        record("V3", json!({"times_card_serial_amount": {"serial_numb": 2, "amount": {"pay_amount": 100}}})),
        record("V4", json!({"times_card_serial_amount": {"serial_numb": "0"}})),
    ]});
    let (seat, _) = facing(json!({}), json!({}), answers("verify_record_query", records)).await;
    let look = Look::Redemptions { from: FROM, to: TO, page: None };
    let Seen::Redemptions { lines, .. } = seat.look(look).await.expect("a page") else { panic!("uses") };
    assert_eq!(lines.iter().map(|line| line.units).collect::<Vec<_>>(), [1, 1, 0, 1]);
}

/// Group-buy B14: a reservation names the order of its vouchers.
#[tokio::test]
async fn a_reservation_names_its_voucher() {
    for (told, named) in
        [(json!("8001"), Some("8001")), (json!(8001), Some("8001")), (json!("0"), None), (json!(""), None)]
    {
        let mut shown = recorded(ORDER);
        shown["source_order_id"] = told;
        let data = json!({"orders": [shown]});
        let (seat, _) = facing(json!({}), json!({}), answers("order_query", data)).await;
        let (seen, _) = orders(seat.look(Look::Order { order: order(ORDER) }).await.expect("an answer"));
        assert_eq!(seen[0].source_order.as_ref().map(|order| order.as_str()), named);
    }
}

/// Scenic §18.
#[tokio::test]
async fn a_product_sku_by_sku() {
    let mut shown = ticket(3);
    shown["ticket_specifications"] =
        json!([{"sku_id": "1800", "sku_out_id": "P1-ADULT"}, {"sku_id": 1801, "sku_out_id": "P1-CHILD"}]);
    shown["audit_result"] = json!({"product_audit_reason": "图片不清晰", "ticket_type_audit_reason": " "});
    let (seat, world) = facing(json!({}), json!({}), answers("ticket_query", json!({"tickets": [shown]}))).await;
    let products = async |names: ListingNames| match seat.look(Look::Product { names }).await.expect("an answer") {
        Seen::Products { products } => products,
        other => panic!("{other:?}"),
    };
    let seen = |sku: &str, sku_out: &str| ProductSeen {
        names: ListingNames {
            product: Some("900".to_owned()),
            sku: Some(sku.to_owned()),
            product_out: Some("P1".to_owned()),
            sku_out: Some(sku_out.to_owned()),
        },
        title: "Bluebird Park".to_owned(),
        on_sale: false,
        audit: Some("failed: 图片不清晰".to_owned()),
        price: None,
        stock: None,
    };
    assert_eq!(products(product_names()).await, [seen("1800", "P1-ADULT"), seen("1801", "P1-CHILD")]);
    assert_eq!(products(sku_names("P1-CHILD")).await, [seen("1801", "P1-CHILD")]);
    let other = ListingNames { product_out: Some("P2".to_owned()), ..ListingNames::default() };
    assert_eq!(products(other).await, []);
    assert_eq!(query(&sent(&world, "ticket_query")[2])["product_out_ids"], "P2");
    for (status, on_sale, audit) in
        [(0, false, "passed"), (1, true, "passed"), (2, false, "under review"), (9, false, "status 9")]
    {
        let (seat, _) =
            facing(json!({}), json!({}), answers("ticket_query", json!({"tickets": [ticket(status)]}))).await;
        let Seen::Products { products } = seat.look(Look::Product { names: product_names() }).await.expect("an answer")
        else {
            panic!("products")
        };
        assert_eq!((products[0].on_sale, products[0].audit.as_deref()), (on_sale, Some(audit)));
    }
}

/// Fulfilment §11.
#[tokio::test]
async fn a_products_online_data() {
    let online = |stock: Value, status: i64| {
        json!({"product_onlines": [{"online_status": status, "commission_info": {"platform_take_rate": "250"},
            "product": {"product_id": "900", "out_id": "P1", "product_name": "Bluebird Park", "pois": []},
            "sku": {"sku_id": "1800", "out_sku_id": "P1-ADULT", "actual_amount": "9000", "origin_amount": "10000", "stock": stock}}]})
    };
    let cases = [
        (online(json!({"limit_type": 1, "stock_qty": "5"}), 1), true, Some(5)),
        (online(json!({"limit_type": 2, "stock_qty": "5"}), 2), false, None),
    ];
    for (data, on_sale, stock) in cases {
        let settings = json!({"product_look": "goods"});
        let (seat, world) = facing(settings, json!({}), answers("product_online_get", data)).await;
        let Seen::Products { products } = seat.look(Look::Product { names: product_names() }).await.expect("an answer")
        else {
            panic!("products")
        };
        assert_eq!(
            (products[0].on_sale, products[0].stock, products[0].price),
            (on_sale, stock, Some(Money::fen(9_000)))
        );
        let request = &sent(&world, "product_online_get")[0];
        assert_eq!(path(request), "/goodlife/v1/goods/product/online/get/");
        assert_eq!(query(request), pairs(&[("account_id", ACCOUNT), ("out_ids", "P1")]));
    }
}

/// Scenic §21, fulfilment §12.
#[tokio::test]
async fn shops_page_by_page() {
    let shop = |id: usize| json!({"poi": {"poi_id": id, "poi_name": "Gate", "address": "bluebird"}, "account": {}});
    let (seat, world) = facing(json!({}), json!({}), move |request| {
        let page: usize = query(request).get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        let pois: Vec<Value> = ((page - 1) * 50..60.min(page * 50)).map(shop).collect();
        (request.api == "shop_query").then(|| good(json!({"total": 60, "pois": pois})))
    })
    .await;
    let look = async |page: Option<String>| match seat.look(Look::Shops { page }).await.expect("a page") {
        Seen::Shops { shops, next } => (shops, next),
        other => panic!("{other:?}"),
    };
    let (first, next) = look(None).await;
    assert_eq!(
        (first.len(), first[7].id.as_str(), first[7].name.as_str(), next.as_deref()),
        (50, "7", "Gate", Some("2"))
    );
    assert_eq!(look(next).await, (look(Some("2".to_owned())).await.0, None));
    let request = &sent(&world, "shop_query")[0];
    assert_eq!(path(request), "/goodlife/v1/shop/poi/query/");
    assert_eq!(query(request), pairs(&[("account_id", ACCOUNT), ("page", "1"), ("size", "50")]));
    for page in ["0", "10001", "x"] {
        let fault = seat.look(Look::Shops { page: Some(page.to_owned()) }).await.expect_err("no page");
        assert_eq!(fault.kind, FaultKind::Invalid);
    }
}

/// Scenic §21: which shops ours were matched with.
#[tokio::test]
async fn our_ids_of_the_shops() {
    let connection = json!({"shop_out_ids": ["east", "west", "north"]});
    let relations = json!([
        {"ext_id": "east", "match_poi_id": SHOP, "match_relation_status": 2},
        {"ext_id": "west", "match_poi_id": "71002", "match_relation_status": 3},
        {"ext_id": "north", "match_relation_status": 2},
    ]);
    let (seat, world) =
        facing(json!({}), connection, answers("shop_match_query", json!({ "relations": relations }))).await;
    let Seen::Shops { shops, .. } = seat.look(Look::Shops { page: None }).await.expect("a page") else {
        panic!("shops")
    };
    assert_eq!((shops[0].id.as_str(), shops[0].out_id.as_deref()), (SHOP, Some("east")));
    let request = &sent(&world, "shop_match_query")[0];
    assert_eq!(path(request), "/goodlife/v1/poi/match/relation/query/");
    assert_eq!(query(request), pairs(&[("account_id", ACCOUNT), ("ext_ids", "east,west,north")]));
    let many: Vec<String> = (0..201).map(|number| number.to_string()).collect();
    let (seat, _) = facing(json!({}), json!({ "shop_out_ids": many }), |_| None).await;
    let fault = seat.look(Look::Shops { page: None }).await.expect_err("too many");
    assert_eq!(fault.kind, FaultKind::Invalid);
}

fn sealed(texts: &[&str]) -> Look {
    Look::Sealed(Sealed { order: order(ORDER), texts: texts.iter().map(|text| (*text).to_owned()).collect() })
}

/// Common §8.3: 50 a call, by place, what is not opened is none.
#[tokio::test]
async fn sealed_texts() {
    let (seat, world) = facing(json!({}), json!({}), |request| {
        let body = (request.api == "decrypt_batch").then(|| body(request))?;
        let open = |text: &Value| match text.as_str().unwrap_or_default() {
            "Enc.no" => json!({"cipher_text": "Enc.no", "plain_text": "", "is_success": false, "error_code": 28_001_007}),
            "Enc.odd" => json!({"plain_text": "said all the same", "error_code": "1"}),
            other => json!({"cipher_text": other, "plain_text": format!("plain {other}"), "is_success": true, "error_code": 0}),
        };
        let results: Vec<Value> = body["cipher_texts"].as_array().expect("texts").iter().map(open).collect();
        Some(good(json!({ "results": results })))
    })
    .await;
    let opened = async |texts: &[&str]| match seat.look(sealed(texts)).await.expect("an answer") {
        Seen::Opened(opened) => opened.texts,
        other => panic!("{other:?}"),
    };
    let plain = |text: &str| Some(format!("plain {text}"));
    let expected = [plain("Enc.b"), None, plain("Enc.a"), None, plain("Enc.b")];
    assert_eq!(opened(&["Enc.b", "Enc.no", "Enc.a", "Enc.odd", "Enc.b"]).await, expected);
    let request = &sent(&world, "decrypt_batch")[0];
    assert_eq!(path(request), "/goodlife/v1/open/common_biz/crypto/decrypt/batch/");
    let expected = json!({"account_id": ACCOUNT, "cipher_texts": ["Enc.b", "Enc.no", "Enc.a", "Enc.odd"]});
    assert_eq!(body(request), expected, "the same text costs quota once");
    let many: Vec<String> = (0..100).map(|number| format!("Enc.{number}")).collect();
    let texts: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(opened(&texts).await[99], plain("Enc.99"));
    let sizes: Vec<usize> = sent(&world, "decrypt_batch")[1..]
        .iter()
        .map(|request| body(request)["cipher_texts"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(sizes, [50, 50]);
}

/// A name that belongs to somebody else is worse than none.
#[tokio::test]
async fn opened_texts_of_others_are_not_believed() {
    for results in [
        json!([]),
        json!([{"cipher_text": "Enc.other", "plain_text": "bluebird", "is_success": true, "error_code": 0}]),
        json!([{"plain_text": "bluebird"}, {"plain_text": "bluebird"}]),
    ] {
        let (seat, world) = facing(json!({}), json!({}), answers("decrypt_batch", json!({ "results": results }))).await;
        let fault = seat.look(sealed(&["Enc.a"])).await.expect_err("not believed");
        assert_eq!(fault.kind, FaultKind::Garbled);
        assert!(!fault.text.contains("bluebird") && !fault.text.contains("Enc."), "{fault}");
        assert!(world.logs().iter().all(|(_, line)| !line.contains("bluebird")));
    }
}

/// Every question needs the merchant's account.
#[tokio::test]
async fn a_connection_without_an_account_asks_nothing() {
    let world = crate::world();
    let bench = entrepot_sdk::testing::Bench::new(douyin_calendar::plugin()).world(&world);
    let seat = bench.connection(json!({}), None, &[]).open().await.expect("it opens");
    let fault = seat.look(Look::Shops { page: None }).await.expect_err("no account");
    assert_eq!(fault.kind, FaultKind::Invalid);
    assert!(fault.text.contains("account_id"), "{fault}");
    assert!(world.sent().is_empty());
}
