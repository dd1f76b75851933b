//! Vouchers with what is reserved with them: a listing of such a pair is refused with what is wrong in both languages, and
//! the walk through a connection says the same.

use entrepot_contract::intent::{CreateOrder, Wish};
use entrepot_contract::listing::ListingNames;
use entrepot_contract::order::{Guest, GuestField, Guests, Visit};
use entrepot_contract::product::DocumentKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, OrderName};
use entrepot_domain::venue;
use serde_json::{Value, json};

use crate::beside::{lines, with_market};
use crate::house::House;

/// A voucher `trip` and the ticket `entry` that is reserved with it.
fn furniture(change: impl FnOnce(&mut Value)) -> Value {
    let mut entries = json!({ "entries": [
        { "product": { "id": "trips", "kind": "flash_sale_voucher", "name": "Trip", "on_sale": true,
            "validity": { "on": "window", "from": "2020-01-01", "to": "2100-12-31" },
            "guests": { "collect": "buyer", "phone": true }, "reservation": {} } },
        { "product": { "id": "entries", "kind": "ticket", "name": "Entry", "on_sale": true,
            "guests": { "collect": "every_guest", "name": true, "phone": true, "documents": ["identity_card"] } } },
        { "sku": { "id": "trip", "product": "trips", "name": "Trip", "fulfilment": { "by": "own_number" } } },
        { "sku": { "id": "entry", "product": "entries", "name": "Entry", "fulfilment": { "by": "own_number" } } },
    ] });
    change(&mut entries);
    entries
}

fn listing(text: &str) -> Value {
    json!({ "connection": "lakeside-market", "sells": { "pair": { "voucher": "trip", "reservation": "entry" } },
        "names": { "sku_out": text } })
}

const PAIR: &str = "/merchants/lakeside/listings/pair";

/// The problem of a listing that is put.
async fn refused(house: &House, listing: Value) -> (String, String) {
    let problem = house.put(PAIR, listing).await.problem(422, "malformed");
    let said = |name: &str| problem[name].as_str().unwrap().to_owned();
    (said("detail"), said("detail_zh"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_is_one_text_with_one_bar() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        let cases = [
            ("tripentry", "no separator", "缺少分隔符"),
            ("trip｜entry", "full-width", "全角"),
            ("trip| entry", "spaces", "空格"),
            ("trip|entry|entry", "several separators", "只能绑定一个预约产品"),
            ("|entry", "before its separator", "缺少抢购产品编码"),
            ("trip|", "after its separator", "缺少预约产品编码"),
            ("trip|unknown", "unknown in the pair's text is no SKU", "不是任何规格"),
            ("entry|trip", "wrong way round", "顺序颠倒"),
        ];
        for (text, en, zh) in cases {
            let (detail, chinese) = refused(house, listing(text)).await;
            assert!(detail.contains(en) && chinese.contains(zh), "{text}: {detail} {chinese}");
        }
        assert!(house.get(PAIR).await.status == 404, "nothing of it was written");
        house.put(PAIR, listing("trip|entry")).await.ok();
        // A channel that knows no pairs has no rules for them.
        let mut elsewhere = listing("whatever");
        elsewhere["connection"] = json!("lakeside-douyin");
        house.put("/merchants/lakeside/listings/elsewhere", elsewhere).await.ok();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_wrong_later_is_a_line_of_the_check_and_duties_are_never_done() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        house.put(PAIR, listing("trip|entry")).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("ok", "pair")), "{report}");
        assert_eq!(lines(&report, "duties"), [("by_hand", "console"), ("by_hand", "trial")]);
        let stay = furniture(|entries| entries["entries"][1]["product"]["kind"] = json!("room_stay"));
        house.post("/merchants/lakeside/catalogue", stay).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("wrong", "pair")), "{report}");
        let (_, chinese) = refused(house, listing("trip|entry")).await;
        assert!(chinese.contains("住宿不能作为预约产品"), "{chinese}");
        // In a bulk request it is refused alike, with all that was to be written beside it.
        let mut both = furniture(|entries| entries["entries"][1]["product"]["kind"] = json!("room_stay"));
        let mut pair = listing("trip|entry");
        pair["id"] = json!("second");
        both["entries"].as_array_mut().unwrap().push(json!({ "listing": pair }));
        house.post("/merchants/lakeside/catalogue", both).await.problem(422, "malformed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_read_there_is_kept_with_the_listing_and_compared() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        let priced =
            json!({ "sku": "trip", "retail_minor": 10_000, "settlement_minor": 8_000, "stock": { "limited": 50 } });
        house.post("/merchants/lakeside/calendar", json!({ "rows": [priced] })).await.ok();
        let mut pair = listing("trip|entry");
        house.put(PAIR, pair.clone()).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "there").iter().all(|(verdict, _)| *verdict == "not_known"), "{report}");
        pair["there"] = json!({ "price_minor": 10_000, "stock": 60, "cancel": { "until": [24] }, "linked": false,
            "credentials": ["voucher_number"], "documents": ["identity_card"], "days_valid": 1 });
        house.put(PAIR, pair.clone()).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        let found = lines(&report, "there");
        for line in [
            ("ok", "pair/price_minor"),
            ("wrong", "pair/stock"),
            ("wrong", "pair/cancel"),
            ("by_hand", "pair/linked"),
            ("ok", "pair/credentials"),
            ("ok", "pair/documents"),
            ("wrong", "pair/days_valid"),
            ("not_known", "pair/first_date"),
        ] {
            assert!(found.contains(&line), "{line:?}: {found:?}");
        }
        assert_eq!(house.get(PAIR).await.ok()["there"]["stock"], 60);
        let history = house.get("/merchants/lakeside/history?kind=catalogue&subject=listing/pair").await.ok();
        assert!(history.to_string().contains("\"stock\":60"), "{history}");
        for (field, wrong) in [
            ("price_minor", json!(-1)),
            ("last_date", json!("2019-01-01")),
            ("reservation_close", json!({ "days_before": 0, "minute_of_day": 1441 })),
            ("cancel", json!({ "until": [] })),
            ("documents", json!(["library_card"])),
            ("credentials", json!(["handshake"])),
            ("colour", json!("red")),
        ] {
            let mut odd = pair.clone();
            odd["there"]["first_date"] = json!("2020-01-01");
            odd["there"][field] = wrong;
            let problem = house.put(PAIR, odd).await.problem(422, "malformed");
            assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dates_of_a_pair_are_looked_through_and_its_sheet_is_printed() {
    with_market(json!({ "display_name": "By the lake" }), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        house.put(PAIR, listing("trip|entry")).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("wrong", "pair/dates")), "{report}");
        assert!(lines(&report, "pairs").contains(&("ok", "pair/supplier")), "{report}");
        let sheet = lines(&report, "sheet");
        for about in ["system_url", "display_name", "account_id", "price_check"] {
            assert!(sheet.contains(&("by_hand", about)), "{about}: {sheet:?}");
        }
        assert!(sheet.iter().any(|(_, about)| *about == "distributor"), "{sheet:?}");
        assert!(report.to_string().contains("By the lake"), "{report}");
        let today = venue::today(venue::zone("Asia/Shanghai").unwrap(), house.app.engine.now()).unwrap();
        // A day more, as the test may run over midnight.
        let dates: Vec<_> = (0..91).filter_map(|ahead| today.plus_days(ahead)).collect();
        let row = json!({ "sku": "entry", "dates": dates, "retail_minor": 10_000, "settlement_minor": 8_000,
            "stock": { "limited": 5 } });
        house.post("/merchants/lakeside/calendar", json!({ "rows": [row] })).await.ok();
        let report = house.get("/connections/lakeside-market/check").await.ok();
        assert!(lines(&report, "pairs").contains(&("ok", "pair/dates")), "{report}");
    })
    .await;
}

/// An order of the pair, paid: with a voucher order for what is reserved, without one for the voucher; gives our number.
async fn ordered(house: &House, number: &str, voucher: Option<(&str, Visit)>) -> String {
    let plain = |text: &str| Some(GuestField::Plain(text.to_owned()));
    let guest = Guest {
        name: plain("Lin"),
        phone: plain("13800000000"),
        document: plain("110101199003070011"),
        document_kind: Some(DocumentKind::IdentityCard),
    };
    let now = house.app.clock.now();
    let wish = Wish {
        names: ListingNames { sku_out: Some("trip|entry".to_owned()), ..ListingNames::default() },
        count: 1,
        visit: voucher.map(|(_, visit)| visit),
        guests: Guests { buyer: Some(guest.clone()), visitors: vec![guest], remark: None },
        guests_final: true,
        ..Wish::default()
    };
    let source_order = voucher.map(|(source, _)| source.parse().unwrap());
    let intent =
        CreateOrder { source_order, paid_at: Some(now), ..CreateOrder::new(number.parse().unwrap(), wish, now) };
    let connection = "lakeside-market".parse().unwrap();
    let made = house.channel(Body::CreateOrder { connection, intent: Box::new(intent), people: Vec::new() }).await;
    let Answer::Created { order, .. } = made else { panic!("{made:?}") };
    order.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_tell_how_a_voucher_stands_with_the_order_beside_it() {
    with_market(json!({}), async |house, _| {
        house.post("/merchants/lakeside/catalogue", furniture(|_| {})).await.ok();
        house.put(PAIR, listing("trip|entry")).await.ok();
        let today = venue::today(venue::zone("Asia/Shanghai").unwrap(), house.app.engine.now()).unwrap();
        let tomorrow = today.plus_days(1).unwrap();
        let priced = |sku: &str| {
            json!({ "sku": sku, "retail_minor": 10_000, "settlement_minor": 8_000, "stock": { "limited": 50 } })
        };
        let mut dated = priced("entry");
        dated["dates"] = json!([tomorrow]);
        house.post("/merchants/lakeside/calendar", json!({ "rows": [priced("trip"), dated] })).await.ok();
        let voucher = ordered(house, "6001", None).await;
        let path = |order: &str| format!("/merchants/lakeside/orders/{order}");
        let shown = house.get(&path(&voucher)).await.ok();
        assert_eq!((&shown["standing"], &shown["standing_zh"]), (&json!("to_reserve"), &json!("待预约")));
        assert_eq!(shown["linked_order"], Value::Null);
        let visit = Visit { arrive: tomorrow, leave: tomorrow };
        let reservation = ordered(house, "6002", Some(("6001", visit))).await;
        assert_eq!(house.get(&path(&voucher)).await.ok()["standing_zh"], "待预约", "no ticket is there yet");
        let name = OrderName::Own(reservation.parse().unwrap());
        house.channel(Body::StartIssue { order: name, count: None, names: Default::default(), paid_at: None }).await;
        let shown = house.get(&path(&voucher)).await.ok();
        assert_eq!((&shown["standing_zh"], &shown["linked_order"]["id"]), (&json!("已预约"), &json!(reservation)));
        let ticket = house.sell("6003", "boat", 1).await;
        let list = house.get("/merchants/lakeside/orders").await.ok();
        let row = |id: &str| list["orders"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
        assert_eq!((&row(&voucher)["standing"], &row(&reservation)["standing"]), (&json!("reserved"), &json!("reserved")));
        assert_eq!(row(&reservation)["linked_order"]["channel_order"], "6001");
        assert_eq!((&row(&ticket)["standing"], &row(&ticket)["linked_order"]), (&Value::Null, &Value::Null));
        house.check().await;
    })
    .await;
}
