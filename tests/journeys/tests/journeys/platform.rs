//! Calls of a platform, written from the specification alone.

use douyin_simulator::{Fault, Scene};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use entrepot_journeys::databases;
use entrepot_journeys::office::Offer;
use entrepot_journeys::signed::{APPLICATION, CLIENT_KEY, CLIENT_SECRET, Signed, life_sign};
use entrepot_journeys::stage::Stage;

/// One order from the first question to its vouchers, as `spec/douyin-scenic-calendar.md` §§2, 3, 4, 10, 11 say.
#[tokio::test]
async fn an_order_gets_the_documented_answers() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let create = stage.create_body(&offer, "1000000000000000001", 2);
        let check = stage.call("check-booking", &create).await;
        assert_eq!(check["error_code"], 0, "{check}");
        let created = stage.call("create-order", &create).await;
        assert_eq!(created["error_code"], 0, "{created}");
        let ours = created["order_out_id"].as_str().unwrap().to_owned();
        assert_eq!(stage.call("create-order", &create).await, created, "a repeat gets the same answer");
        let pay = json!({
            "order_id": "1000000000000000001", "order_out_id": ours, "pay_time_unix": chrono::Utc::now().timestamp(),
        });
        let paid = stage.call("pay-order", &pay).await;
        assert_eq!(paid["error_code"], 0, "{paid}");
        assert_eq!(paid["confirm_info"], json!({ "confirm_mode": 1, "confirm_result": 1 }));
        let issue = json!({
            "order_id": "1000000000000000001", "count": 1, "copies": 2, "start_time": 1, "expire_time": 2,
            "sku": { "sku_name": "adult", "sku_id": "1800", "third_sku_id": offer.sku },
            "ticket_rule": { "code_sending_info": [2, 3], "code_type": 2, "url_type": 1 },
            "amount": { "original_amount": 20_000, "pay_amount": 20_000 },
        });
        let issued = stage.call("issue-certificate", &issue).await;
        assert_eq!((&issued["error_code"], &issued["result"]), (&json!(0), &json!(1)), "{issued}");
        assert_eq!(issued["vouchers"].as_array().map(Vec::len), Some(2), "{issued}");
        for spelling in ["out_order_id", "order_out_id"] {
            let query = json!({ "order_id": "1000000000000000001", spelling: ours });
            let usage = stage.call("query-order", &query).await;
            assert_eq!(usage["error_code"], 0, "{usage}");
            assert_eq!(usage["order_out_id"], ours.as_str());
            assert_eq!(usage["total_voucher_quantity"], 2);
            assert_eq!(usage["used_voucher_quantity"], 0);
        }
        let apply = json!({
            "order_id": "1000000000000000001", "order_out_id": ours, "biz_uniq_key": "R1", "apply_source": 101,
            "apply_refund_time_unix": chrono::Utc::now().timestamp(), "refund_fee_amount": 0,
        });
        let review = stage.call("apply-refund", &apply).await;
        assert_eq!((&review["error_code"], &review["audit_refund_result"]), (&json!(0), &json!(1)), "{review}");
        let notice = json!({
            "order_id": "1000000000000000001", "order_out_id": ours, "biz_uniq_key": "R1", "refund_amount": 20_000,
            "refund_time_unix": chrono::Utc::now().timestamp(), "refund_scene": 1,
        });
        assert_eq!(stage.call("notify-refund", &notice).await["error_code"], 0);
        assert_eq!(stage.office.order("1000000000000000001").await["state"], "refunded");
        stage.office.assert_sound().await;
    }
}

/// What differs from the signed call in one bit.
fn forgeries(call: &Signed) -> Vec<(&'static str, Signed)> {
    let changed = |change: &dyn Fn(&mut Signed)| {
        let mut forged = call.clone();
        change(&mut forged);
        forged
    };
    let flip = |text: &mut String, at: usize| {
        let mut bytes = std::mem::take(text).into_bytes();
        bytes[at] ^= 1;
        *text = String::from_utf8(bytes).unwrap();
    };
    let digit = call.body.iter().rposition(u8::is_ascii_digit).unwrap();
    vec![
        ("a digit of the body", changed(&|forged| forged.body[digit] ^= 1)),
        ("the last byte of the body", changed(&|forged| *forged.body.last_mut().unwrap() ^= 1)),
        ("a blank more in the body", changed(&|forged| forged.body.push(b' '))),
        ("the timestamp", changed(&|forged| flip(&mut forged.query[0].1, 12))),
        ("the client_key", changed(&|forged| flip(&mut forged.query[1].1, 14))),
        ("a parameter more", changed(&|forged| forged.query.push(("extra".to_owned(), "1".to_owned())))),
        ("a parameter less", changed(&|forged| drop(forged.query.remove(0)))),
        ("the first digit of the signature", changed(&|forged| flip_hex(forged.sign.as_mut().unwrap(), 0))),
        ("the last digit of the signature", changed(&|forged| flip_hex(forged.sign.as_mut().unwrap(), 63))),
        ("a shorter signature", changed(&|forged| forged.sign.as_mut().unwrap().truncate(63))),
        ("an empty signature", changed(&|forged| forged.sign = Some(String::new()))),
        ("no signature", changed(&|forged| forged.sign = None)),
        ("another secret", {
            let mut forged = call.clone();
            forged.sign = Some(life_sign("0123456789abcdef0123456789ABCDEE", &forged.query, &forged.body));
            forged
        }),
    ]
}

fn flip_hex(text: &mut String, at: usize) {
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    text.replace_range(at..=at, other);
}

#[tokio::test]
async fn what_is_not_signed_right_is_refused_and_changes_nothing() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        let before = stage.office.books(&offer, &stage.day).await;
        let call = Signed::of("create-order", &stage.create_body(&offer, "2000000000000000001", 1));
        for (what, forged) in forgeries(&call) {
            let (status, answer) = stage.send(&forged).await;
            assert_eq!(status, 401, "{what}: {answer}");
        }
        assert_eq!(stage.office.books(&offer, &stage.day).await, before);
        let mut elsewhere = call.clone();
        elsewhere.application = "nobody".to_owned();
        assert_eq!(stage.send(&elsewhere).await.0, 404);
        // Not part of what is signed, and no part of the answer.
        let mut accepted = call.clone();
        accepted.query[2].1 = "something-else".to_owned();
        accepted.sign = accepted.sign.map(|sign| sign.to_ascii_uppercase());
        let (status, answer) = stage.send(&accepted).await;
        assert_eq!((status, &answer["data"]["error_code"]), (200, &json!(0)), "{answer}");
        stage.office.order("2000000000000000001").await;
    }
}

#[tokio::test]
async fn parameters_are_signed_in_the_order_of_their_keys() {
    let stage = Stage::set(databases::file()).await;
    let mut call = Signed::of("query-order", &json!({ "order_id": "1" }));
    call.query = [("z", "1"), ("timestamp", "1718000000123"), ("a", "2"), ("client_key", CLIENT_KEY)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
    call.sign = Some(life_sign(CLIENT_SECRET, &call.query, &call.body));
    let (status, answer) = stage.send(&call).await;
    assert_eq!((status, &answer["data"]["error_code"]), (200, &json!(2)), "{answer}");
}

/// Ten megabytes, announced or not.
#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    const MEGABYTES: usize = 10;
    let stage = Stage::set(databases::file()).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 10).await;
    let before = stage.office.books(&offer, &stage.day).await;
    let address = stage.server.url.strip_prefix("http://").unwrap();
    for length in [format!("content-length: {}", MEGABYTES << 20), "transfer-encoding: chunked".to_owned()] {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut reader, mut writer) = socket.into_split();
        let head = format!(
            "POST /in/{APPLICATION}/create-order?client_key={CLIENT_KEY}&timestamp=1 HTTP/1.1\r\n\
             host: {address}\r\ncontent-type: application/json\r\n{length}\r\nconnection: close\r\n\r\n"
        );
        let chunked = length.contains("chunked");
        let send = tokio::spawn(async move {
            let megabyte = vec![b' '; 1 << 20];
            let _ = writer.write_all(head.as_bytes()).await;
            for _ in 0..MEGABYTES {
                // The server may hang up before everything is sent.
                if chunked && writer.write_all(b"100000\r\n").await.is_err() {
                    break;
                }
                if writer.write_all(&megabyte).await.is_err() {
                    break;
                }
                if chunked && writer.write_all(b"\r\n").await.is_err() {
                    break;
                }
            }
            writer
        });
        let mut answer = Vec::new();
        // What came before a server hangs up counts.
        let _ = reader.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 413"), "{length}: {answer}");
        drop(send.await);
    }
    assert_eq!(stage.office.books(&offer, &stage.day).await, before);
}

#[tokio::test]
async fn what_cannot_be_read_gets_the_scenes_own_code() {
    let stage = Stage::set(databases::file()).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 10).await;
    let before = stage.office.books(&offer, &stage.day).await;
    // Questions get "other reason"; notices know 0 and 100 only; the query has a code of its own.
    let scenes = [
        ("check-booking", 999_999),
        ("create-order", 999_999),
        ("apply-refund", 999_999),
        ("query-order", 1),
        ("pay-order", 100),
        ("cancel-order", 100),
        ("notify-refund", 100),
        ("issue-certificate", 100),
    ];
    // JSON that names its account, with values that no field can have.
    let wrong = [
        r#"{"order_id":["3000000000000000001"],"account_id":"70001"}"#,
        r#"{"order_id":{},"account_id":"70001","count":"many","amount":7}"#,
    ];
    // Nothing that could be placed: a refusal, whose number says less.
    let unreadable = [
        r#"{"order_id":"3000000000000000001","account_id":"70001""#,
        r#"{"account_id":"70001"} {"account_id":"70001"}"#,
        "",
        "[]",
        "null",
        "\"text\"",
        "\u{0}",
    ];
    for (scene, code) in scenes {
        for body in wrong {
            let (status, answer) = stage.send(&Signed::raw(scene, body.as_bytes().to_vec())).await;
            assert_eq!((status, &answer["data"]["error_code"]), (200, &json!(code)), "{scene} {body}: {answer}");
        }
        for body in unreadable.map(|body| body.as_bytes().to_vec()).into_iter().chain([b"\xff\xfe".to_vec()]) {
            let (status, answer) = stage.send(&Signed::raw(scene, body.clone())).await;
            let found = answer["data"]["error_code"].as_i64().unwrap();
            assert_eq!(status, 200, "{scene} {body:?}: {answer}");
            assert_eq!(found == 100, code == 100, "{scene} {body:?}: {answer}");
            assert_ne!(found, 0, "{scene} {body:?}: {answer}");
        }
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (status, answer) = stage.send(&Signed::raw("create-order", deep.into_bytes())).await;
    assert!(status == 200 && answer["data"]["error_code"] != 0, "{status} {answer}");
    assert_eq!(stage.office.books(&offer, &stage.day).await, before);
}

#[tokio::test]
async fn absurd_values_are_refused_with_the_documented_codes() {
    let stage = Stage::set(databases::file()).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 10).await;
    let before = stage.office.books(&offer, &stage.day).await;
    // Table of spec/douyin-scenic-calendar.md §2; none: any refusal.
    let absurd: [(&str, Value, Option<i64>); 12] = [
        ("sku_out_id", json!("NOBODY"), Some(2)),
        ("book_start_day", json!("0000-00-00"), None),
        ("book_start_day", json!("2026-02-30"), None),
        ("book_start_day", json!("9999-12-31"), None),
        ("create_order_time_unix", json!(99_999_999_999_999_i64), None),
        ("count", json!(0), None),
        ("count", json!(-1), None),
        ("count", json!(11), Some(1)),
        ("count", json!(9_223_372_036_854_775_807_i64), None),
        ("amount", json!({ "origin_amount": -1, "pay_amount": -1 }), None),
        ("amount", json!({ "origin_amount": i64::MAX, "pay_amount": i64::MAX }), None),
        ("biz_type", json!(1), None),
    ];
    for (number, (field, value, code)) in absurd.into_iter().enumerate() {
        let mut body = stage.create_body(&offer, &format!("40000000000000000{number:02}"), 1);
        body[field] = value.clone();
        if value == json!(11) {
            body["amount"] = json!({ "origin_amount": 110_000, "pay_amount": 110_000 });
        }
        if field == "sku_out_id" {
            body["product_out_id"] = json!("NOBODY");
        }
        let data = stage.call("create-order", &body).await;
        match code {
            Some(code) => assert_eq!(data["error_code"], code, "{field} {value}: {data}"),
            None => assert_ne!(data["error_code"], 0, "{field} {value}: {data}"),
        }
        assert_ne!(data["error_code"], 100, "{field} {value}: it would come for ever: {data}");
    }
    assert_eq!(stage.office.books(&offer, &stage.day).await, before);
}

#[tokio::test]
async fn ids_may_be_numbers_and_numbers_may_be_texts() {
    let stage = Stage::set(databases::file()).await;
    let offer = Offer::own_number();
    stage.office.offer(&offer, &stage.day, 10).await;
    let mut body = stage.create_body(&offer, "0", 1);
    body["order_id"] = json!(9_007_199_254_740_993_i64);
    body["account_id"] = json!(70_001);
    body["sku_id"] = json!(1_800);
    body["count"] = json!("1");
    body["amount"] = json!({ "origin_amount": "10000", "pay_amount": "10000" });
    body["unheard_of"] = json!({ "more": [1, 2, 3] });
    let data = stage.call("create-order", &body).await;
    assert_eq!(data["error_code"], 0, "{data}");
    let ours = stage.office.order("9007199254740993").await;
    assert_eq!(ours["id"], data["order_out_id"]);
    body["order_id"] = json!("9007199254740993");
    assert_eq!(stage.call("create-order", &body).await["order_out_id"], ours["id"]);
}

#[tokio::test]
async fn a_scene_that_nobody_knows_is_to_come_again_and_somebody_is_told() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let body = json!({ "order_id": "5000000000000000001", "account_id": "70001" });
        let (status, answer) = stage.send(&Signed::of("brand-new-scene", &body)).await;
        assert_eq!((status, &answer["data"]["error_code"]), (200, &json!(100)), "{answer}");
        assert!(stage.office.is_alerted(&["unknown_scene", "brand-new-scene"]).await);
        let mut unsigned = Signed::of("other-new-scene", &body);
        unsigned.sign = None;
        assert_eq!(stage.send(&unsigned).await.0, 401);
        assert!(!stage.office.is_alerted(&["other-new-scene"]).await);
    }
}

#[tokio::test]
async fn one_order_number_is_one_order() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 10).await;
        stage.platform.inject_for(Scene::CreateOrder, Fault::DeliverTwiceAtOnce);
        let made = stage.platform.create_order(&stage.purchase(&offer, 2)).await;
        assert_eq!(stage.platform.faults_waiting(), 0);
        let ours = stage.office.order(&made.order_id).await;
        let answered: Vec<Value> = [Some(made.reply.body.clone()), made.reply.twin.clone()]
            .into_iter()
            .flatten()
            .map(|body| body["data"]["order_out_id"].clone())
            .collect();
        assert_eq!(answered, [ours["id"].clone(), ours["id"].clone()], "{:?}", made.reply);
        let twenty = stage.create_body(&offer, "6000000000000000001", 1);
        let calls = (0..20).map(|_| stage.call("create-order", &twenty));
        let answers = futures_util::future::join_all(calls).await;
        assert!(answers.iter().all(|answer| answer == &answers[0] && answer["error_code"] == 0), "{answers:?}");
        stage.office.order("6000000000000000001").await;
        let before = stage.office.books(&offer, &stage.day).await;
        let mut other = twenty.clone();
        other["count"] = json!(2);
        other["amount"] = json!({ "origin_amount": 20_000, "pay_amount": 20_000 });
        let refused = stage.call("create-order", &other).await;
        assert!(refused["error_code"] != 0 && refused["error_code"] != 100, "{refused}");
        assert_eq!(stage.office.books(&offer, &stage.day).await, before);
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn the_last_tickets_are_sold_once() {
    for given in databases::all().await {
        let stage = Stage::set(given).await;
        let offer = Offer::own_number();
        stage.office.offer(&offer, &stage.day, 5).await;
        let bodies: Vec<Value> =
            (0..20).map(|n| stage.create_body(&offer, &format!("70000000000000000{n:02}"), 1)).collect();
        let answers = futures_util::future::join_all(bodies.iter().map(|body| stage.call("create-order", body))).await;
        let with = |code: i64| answers.iter().filter(|answer| answer["error_code"] == code).count();
        assert_eq!((with(0), with(1)), (5, 15), "{answers:?}");
        stage.office.assert_sound().await;
    }
}
