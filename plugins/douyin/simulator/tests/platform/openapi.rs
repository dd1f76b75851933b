//! Token rules, the gate of the OpenAPI and its calls.

use crate::stub::{SECRET, World, code, vouchers};
use douyin_simulator::{Fault, FieldEncryption, OrderState, Purchase, Scene, TOKEN_PATH, UnitState};
use serde_json::{Value, json};
use std::time::Duration;

const CONFIRM: &str = "/goodlife/v1/trip/order/confirm/";
const VERIFY: &str = "/goodlife/v1/trip/certificate/verify/";
const CALLBACK: &str = "/goodlife/v1/fulfilment/create/callback/";
const SAVE: &str = "/goodlife/v1/trip/ticket_calendar/save/";
const BATCH_SAVE: &str = "/goodlife/v1/trip/ticket_calendar/batch_save/";
const DECRYPT: &str = "/goodlife/v1/open/common_biz/crypto/decrypt/batch/";

fn save_body(day: &str) -> Value {
    json!({"account_id": "70001", "product_out_id": "P1", "ticket_specification": {"sku_out_id": "P1-ADULT"},
        "calendars": [{"calendar_type": 3, "calendar_value": {"value_list": [day]}, "origin_amount": 10000,
            "actual_amount": 9000, "stock_qty": 500, "status": 1}]})
}

#[tokio::test]
async fn token_errors() {
    let world = World::new().await;
    let good = world.fetch_token().await;
    assert_eq!((code(&good), &good["message"], &good["data"]["expires_in"]), (0, &json!("success"), &json!(7200)));
    let cases = [
        (json!({"client_key": "k", "client_secret": SECRET, "grant_type": "client_credential"}), 10_003),
        (json!({"client_key": "awtestkey000001", "client_secret": "x", "grant_type": "client_credential"}), 10_013),
        (json!({"client_key": "awtestkey000001", "client_secret": SECRET, "grant_type": "client_credentials"}), 10_002),
        (json!({}), 10_002),
    ];
    for (body, expected) in cases {
        let answer = world.post(TOKEN_PATH, "", &body).await;
        assert_eq!((code(&answer), &answer["message"]), (expected, &json!("error")));
    }
    assert_eq!(world.platform.token_fetches(), 1);
    let calls = world.platform.calls_on(TOKEN_PATH);
    assert_eq!(calls.len(), 5);
    assert!(calls.iter().all(|call| call.body["client_secret"] != SECRET));
}

#[tokio::test]
async fn tokens_expire_and_are_displaced() {
    let world = World::new().await;
    let body = save_body("2026-10-01");
    assert_eq!(code(&world.post(SAVE, "clt.unknown", &body).await), 2_190_002);
    let first = world.fresh_token().await;
    assert_eq!(code(&world.post(SAVE, &first, &body).await), 0);
    let second = world.fresh_token().await;
    world.forward(299_999);
    assert_eq!(code(&world.post(SAVE, &first, &body).await), 0);
    world.forward(1);
    assert_eq!(code(&world.post(SAVE, &first, &body).await), 2_190_008);
    world.forward(7_200_000);
    assert_eq!(code(&world.post(SAVE, &second, &body).await), 2_190_008);
    let third = world.fresh_token().await;
    world.fresh_token().await;
    world.fresh_token().await;
    assert_eq!(code(&world.post(SAVE, &third, &body).await), 2_190_002);
    let calls = world.platform.calls_on(SAVE);
    assert!(calls.iter().all(|call| !call.headers.contains_key("access-token")));
}

#[tokio::test]
async fn five_hundred_and_one_fetches() {
    let world = World::new().await;
    for _ in 0..500 {
        assert_eq!(code(&world.fetch_token().await), 0);
    }
    assert_eq!(code(&world.fetch_token().await), 10_020);
    world.forward(300_000);
    assert_eq!(code(&world.fetch_token().await), 0);
}

#[tokio::test]
async fn the_gate_checks_path_fields_and_merchant() {
    let world = World::new().await;
    assert_eq!(code(&world.openapi("/goodlife/v1/unknown/", &json!({})).await), 2_119_010);
    assert_eq!(code(&world.openapi(SAVE.trim_end_matches('/'), &save_body("2026-10-01")).await), 2_119_010);
    assert_eq!(code(&world.openapi(CONFIRM, &json!({"order_id": 1, "confirm_result": 1})).await), 2_100_005);
    assert_eq!(code(&world.openapi(SAVE, &json!([])).await), 2_100_005);
    let mut body = save_body("2026-10-01");
    body["calendars"][0]["stock_qty"] = json!(null);
    let answer = world.openapi(SAVE, &body).await;
    assert_eq!(answer["extra"]["error_code"], 2_100_005);
    assert_eq!(answer["data"]["description"], "stock_qty is missing");
    assert_eq!(answer["extra"]["now"], 1_790_000_000);
    assert!(answer["extra"]["logid"].as_str().is_some_and(|logid| !logid.is_empty()));
    world.platform.authorise("70001", false);
    assert_eq!(code(&world.openapi(SAVE, &save_body("2026-10-01")).await), 2_119_005);
}

#[tokio::test]
async fn openapi_faults_strike_once() {
    let world = World::new().await;
    let body = save_body("2026-10-01");
    world.platform.inject(Fault::OpenApiBusy(2));
    world.platform.inject(Fault::OpenApiTokenInvalid);
    world.platform.inject(Fault::OpenApiRefuses(2_119_003));
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(code(&world.openapi(SAVE, &body).await));
    }
    assert_eq!(codes, [2_100_004, 2_100_004, 2_190_002, 2_119_003, 0]);
}

#[tokio::test]
async fn hanging_calls_do_something_or_nothing() {
    let world = World::with(|options| options.fixed_token = Some("clt.fixed".into())).await;
    let request = |body: Value| {
        let url = format!("{}{SAVE}", world.platform.openapi_base());
        let request = world.http.post(url).header("access-token", "clt.fixed");
        let request = request.header("content-type", "application/json").timeout(Duration::from_millis(100));
        request.body(body.to_string()).send()
    };
    world.platform.inject(Fault::OpenApiHangs);
    assert!(request(save_body("2026-10-01")).await.is_err_and(|error| error.is_timeout()));
    world.platform.inject_on_path(SAVE, Fault::OpenApiLosesAnswer);
    assert!(request(save_body("2026-10-02")).await.is_err_and(|error| error.is_timeout()));
    let days = world.platform.calendar("70001", "P1-ADULT");
    assert_eq!(days.keys().collect::<Vec<_>>(), ["2026-10-02"]);
    assert!(world.platform.calls().iter().all(|call| call.error_code.is_none()));
}

#[tokio::test]
async fn calendars_are_stored() {
    let world = World::new().await;
    assert_eq!(code(&world.openapi(SAVE, &save_body("2026-10-01")).await), 0);
    let items = save_body("2026-10-02")["calendars"].clone();
    let body = json!({"account_id": "70001", "product_out_id": "P1", "ticket_sku_and_calendar":
        [{"ticket_specification": {"sku_out_id": "P1-ADULT"}, "calendar_list": items}]});
    assert_eq!(code(&world.openapi(BATCH_SAVE, &body).await), 0);
    let days = world.platform.calendar("70001", "P1-ADULT");
    assert_eq!((days.len(), days["2026-10-02"].stock, days["2026-10-02"].actual_fen), (2, 500, 9000));
}

#[tokio::test]
async fn online_fields_open_only_by_the_call() {
    let world = World::with(|options| {
        options.field_encryption = FieldEncryption::Online;
        options.decrypt_quota = 2;
    })
    .await;
    world.platform.check_booking(&Purchase::sample()).await;
    let phone = world.stub.seen_on(Scene::CheckBooking)[0].json()["buyer"]["phone"].clone();
    assert!(phone.as_str().is_some_and(|text| text.starts_with("Enc.")));
    let body = json!({"account_id": "70001", "cipher_texts": [phone, "Enc.x"]});
    let answer = world.openapi(DECRYPT, &body).await;
    assert_eq!(answer["data"]["results"][0]["plain_text"], "13800138000");
    assert_eq!(answer["data"]["results"][1]["is_success"], false);
    assert_eq!(code(&world.openapi(DECRYPT, &body).await), 2_190_001);
    let masked = world.openapi(&DECRYPT.replace("decrypt", "decrypt_mask"), &body).await;
    assert_eq!(masked["data"]["results"][0]["plain_text"], "138***8000");
    let many = json!({"account_id": "70001", "cipher_texts": vec!["Enc.x"; 51]});
    assert_eq!(code(&world.openapi(DECRYPT, &many).await), 2_100_005);
    assert_eq!(world.platform.decrypted(), 2);
}

#[tokio::test]
async fn confirm_accepts_and_is_idempotent() {
    let world = World::new().await;
    let later = json!({"error_code": 0, "order_out_id": "T1", "confirm_info": {"confirm_mode": 2}});
    world.stub.answer(Scene::CreateOrder, later);
    let order_id = world.platform.create_order(&Purchase::sample()).await.order_id;
    assert_eq!(world.platform.order(&order_id).map(|order| order.state), Some(OrderState::Paid));
    for _ in 0..2 {
        assert_eq!(code(&world.openapi(CONFIRM, &json!({"order_id": order_id, "confirm_result": 1})).await), 0);
    }
    assert_eq!(world.platform.order(&order_id).map(|order| order.state), Some(OrderState::Accepted));
    assert_eq!(code(&world.openapi(CONFIRM, &json!({"order_id": order_id, "confirm_result": 2})).await), 3_000_001);
}

#[tokio::test]
async fn callback_delivers_within_ten_minutes() {
    let world = World::new().await;
    for _ in 0..2 {
        world.stub.answer(Scene::IssueCertificate, json!({"error_code": 0, "result": 0}));
    }
    let first = world.platform.buy(&Purchase::sample()).await.order.expect("an order").order_id;
    let second = world.platform.buy(&Purchase::sample()).await.order.expect("an order").order_id;
    let body = |id: &str, copies| json!({"order_id": id, "third_order_id": "T1", "result": 1, "vouchers": vouchers("T1", copies)});
    assert_eq!(code(&world.openapi(CALLBACK, &body(&first, 1)).await), 2_100_005);
    assert_eq!(world.platform.violations().len(), 1);
    for _ in 0..2 {
        let answer = world.openapi(CALLBACK, &body(&first, 2)).await;
        assert_eq!(code(&answer), 0);
        assert_eq!(answer["data"]["certificate_info_list"][1]["code"], "QR-2");
    }
    assert_eq!(world.platform.order(&first).map(|order| order.state), Some(OrderState::Issued));
    world.forward(600_001);
    assert_eq!(code(&world.openapi(CALLBACK, &body(&second, 2)).await), 3_000_001);
}

#[tokio::test]
async fn verify_is_idempotent_by_token() {
    let world = World::new().await;
    let order = world.platform.buy(&Purchase::sample()).await.order.expect("an order");
    let (id, project) = (&order.order_id, format!("T{}-1", order.order_id));
    let part = json!({"order_id": id, "verify_token": "v-1", "vouchers": [{"entrance": {"project_id": project}}]});
    let first = world.openapi(VERIFY, &part).await;
    let result = &first["data"]["verify_results"][0];
    assert_eq!(result["code"], 0);
    assert_eq!(result["certificate_id"], order.units[0].certificate_id.as_str());
    assert_eq!(world.openapi(VERIFY, &part).await["data"], first["data"]);
    assert_eq!(world.platform.order(id).map(|order| order.state), Some(OrderState::PartUsed));
    let changed = json!({"order_id": id, "verify_token": "v-1"});
    assert_eq!(code(&world.openapi(VERIFY, &changed).await), 2_100_005);
    let whole = json!({"order_id": id, "verify_token": "v-2"});
    let answer = world.openapi(VERIFY, &whole).await;
    let codes = [0, 1].map(|n| answer["data"]["verify_results"][n]["code"].as_i64());
    assert_eq!(codes, [Some(1208), Some(0)]);
    let order = world.platform.order(id).expect("the order");
    assert_eq!((order.state, order.units_in(UnitState::Used)), (OrderState::Used, 2));
}

#[tokio::test]
async fn two_equal_redemptions_at_once_get_one_answer() {
    let world = World::new().await;
    let order = world.platform.buy(&Purchase::sample()).await.order.expect("an order");
    let body = json!({"order_id": order.order_id, "verify_token": "v-1"});
    let token = world.fresh_token().await;
    let (first, second) = tokio::join!(world.post(VERIFY, &token, &body), world.post(VERIFY, &token, &body));
    assert_eq!(first["data"], second["data"]);
    assert_eq!(first["data"]["verify_results"][1]["code"], 0);
}

#[tokio::test]
async fn orders_can_be_queried() {
    let world = World::new().await;
    let mut other = Purchase::sample();
    other.account_id = "70002".into();
    world.platform.buy(&other).await;
    let order = world.platform.buy(&Purchase::sample()).await.order.expect("an order");
    let token = world.fresh_token().await;
    let url = format!(
        "{}/goodlife/v1/trade/order/query/?account_id=70001&page_num=1&page_size=20",
        world.platform.openapi_base()
    );
    let request = world.http.get(url).header("access-token", token).header("content-type", "application/json");
    let text = request.send().await.expect("an answer").text().await.expect("a body");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(answer["data"]["page"]["total"], 1);
    assert_eq!(answer["data"]["orders"][0]["order_id"], order.order_id.as_str());
}
