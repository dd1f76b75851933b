//! Codes of a pool go into the pool that the platform keeps itself (预置码): exactly those that it did not have, none of them
//! given here afterwards, whatever happens to calls and servers.

use std::collections::BTreeSet;

use douyin_simulator::Fault;
use serde_json::{Value, json};

use entrepot_journeys::databases::{self, Given};
use entrepot_journeys::office::Offer;
use entrepot_journeys::program;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;

const IMPORT: &str = "/goodlife/v1/fulfilment/reserve_code/batch_import/";
const ACCOUNT: &str = "70001";
/// The simulator's sub code for a code that is there already.
const DUPLICATE: i64 = 4;

/// A stage on which codes may be uploaded, with a pool of so many codes.
async fn stage(given: Given, codes: usize) -> Stage {
    let more = json!({
        // Started again under its own name, a server need not wait until nobody hears of it any more.
        "node": { "id": "n1" },
        "applications": { "douyin-demo": { "settings": { "reserved_duplicate_codes": [DUPLICATE] } } },
        "merchants": { "lakeside": { "channels": { "lakeside-douyin": { "upload_codes": true } } } },
    });
    let stage = Stage::set_with(given, &more).await;
    stage.office.offer(&Offer::from_the_pool(), &stage.day, 100).await;
    import(&stage, 0, codes).await;
    stage
}

fn text(number: usize) -> String {
    format!("RESERVED-{number:05}")
}

async fn import(stage: &Stage, from: usize, count: usize) {
    let rows: Vec<Value> = (from..from + count).map(|number| json!({ "code": text(number) })).collect();
    let report = stage.office.post("/merchants/lakeside/pools/summer/codes", json!({ "codes": rows })).await;
    assert_eq!(report["added"], count, "{report}");
}

/// Begins an upload by the command line: its id.
fn upload(stage: &Stage, count: usize) -> String {
    let (count, offer) = (count.to_string(), Offer::from_the_pool());
    let arguments = [
        "pools",
        "upload",
        "summer",
        "--connection",
        offer.connection,
        "--sku",
        offer.sku,
        "--count",
        &count,
        "--json",
    ];
    let mut command = stage.command(&arguments);
    if stage.given.file.is_none() {
        command.env("ENTREPOT_TOKEN", &stage.office.token);
    }
    let told = program::finish(command, "").done();
    let told: Value = serde_json::from_str(&told).unwrap();
    told["upload"].as_str().unwrap().to_owned()
}

async fn seen(stage: &Stage, id: &str) -> Value {
    stage.office.get(&format!("/merchants/lakeside/pools/summer/uploads/{id}")).await
}

/// The upload once it has ended.
async fn ended(stage: &Stage, id: &str) -> Value {
    until("the upload ends", async || {
        let upload = seen(stage, id).await;
        (upload["standing"] != "going").then_some(upload)
    })
    .await
}

async fn pool(stage: &Stage) -> Value {
    stage.office.get("/merchants/lakeside/pools").await["pools"][0].clone()
}

fn at_the_platform(stage: &Stage) -> Vec<String> {
    stage.platform.reserved_codes().into_iter().map(|one| one.code).collect()
}

/// Buys one: the code that the guest gets.
async fn bought(stage: &Stage) -> String {
    let made = stage.platform.create_order(&stage.purchase(&Offer::from_the_pool(), 1)).await;
    assert!(made.reply.is_ok(), "{:?}", made.reply);
    assert!(stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    let reply = stage.platform.issue(&made.order_id).await.unwrap();
    assert_eq!(reply.data()["result"], 1, "{reply:?}");
    let vouchers = reply.data()["vouchers"].to_string();
    let start = vouchers.find("RESERVED-").unwrap_or_else(|| panic!("{vouchers}"));
    vouchers[start..start + text(0).len()].to_owned()
}

/// Exactly the codes up to `count` are there, each once.
fn assert_there(stage: &Stage, count: usize) {
    let there = at_the_platform(stage);
    let expected: BTreeSet<String> = (0..count).map(text).collect();
    assert_eq!((there.len(), there.into_iter().collect::<BTreeSet<_>>() == expected), (count, true));
}

#[tokio::test]
async fn what_the_platform_has_already_is_named_and_the_rest_is_there_once() {
    for given in databases::all().await {
        let stage = stage(given, 1_200).await;
        let before = [text(7), text(650), text(1_199)];
        stage.platform.hold_reserved_codes(ACCOUNT, &before);
        let id = upload(&stage, 1_200);
        let told = ended(&stage, &id).await;
        assert_eq!(told["standing"], "done", "{told}");
        assert_eq!((&told["taken"], &told["refused"], &told["open"]), (&json!(1_197), &json!(3), &json!(0)), "{told}");
        assert_there(&stage, 1_200);
        let named = told["refused_codes"].as_array().unwrap();
        assert_eq!(named.len(), 3, "{named:?}");
        assert!(!told.to_string().contains("RESERVED-"), "codes are masked: {told}");
        let pool = pool(&stage).await;
        assert_eq!((&pool["available"], &pool["reserved"]), (&json!(0), &json!(1_200)), "{pool}");
        assert!(stage.office.is_alerted(&["upload_failed", &id, "3 codes"]).await);
        let code = named[0]["id"].as_str().unwrap();
        let told = stage.office.get(&format!("/merchants/lakeside/pools/summer/codes/{code}")).await;
        assert!(told["history"].to_string().contains("had it before"), "{told}");
        import(&stage, 1_200, 2).await;
        let given = BTreeSet::from([bought(&stage).await, bought(&stage).await]);
        assert_eq!(given, BTreeSet::from([text(1_200), text(1_201)]), "nobody here gets what the platform has");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn lost_answers_leave_no_code_behind_and_bring_none_twice() {
    for given in databases::all().await {
        let stage = stage(given, 700).await;
        stage.platform.hold_reserved_codes(ACCOUNT, &[text(600)]);
        // The first call took its part, and nobody heard.
        stage.platform.inject_on_path(IMPORT, Fault::OpenApiLosesAnswer);
        let id = upload(&stage, 700);
        until("the first part is there", async || (at_the_platform(&stage).len() == 501).then_some(())).await;
        let during = pool(&stage).await;
        assert_eq!(during["available"], 200, "what is at the platform, or may be, is nobody's: {during}");
        until("the lost part counts", async || (seen(&stage, &id).await["taken"].as_u64() >= Some(500)).then_some(()))
            .await;
        let told = ended(&stage, &id).await;
        assert_eq!((&told["taken"], &told["refused"]), (&json!(699), &json!(1)), "{told}");
        assert_there(&stage, 700);
        // A refusal that nobody heard brought nothing: the code that is there already is named all the same.
        import(&stage, 700, 100).await;
        stage.platform.hold_reserved_codes(ACCOUNT, &[text(755)]);
        stage.platform.inject_on_path(IMPORT, Fault::OpenApiLosesAnswer);
        let id = upload(&stage, 100);
        let told = ended(&stage, &id).await;
        assert_eq!((&told["taken"], &told["refused"]), (&json!(99), &json!(1)), "{told}");
        assert_there(&stage, 800);
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_server_killed_in_between_goes_on_where_it_was() {
    for given in databases::all().await {
        let mut stage = stage(given, 1_100).await;
        stage.platform.hold_reserved_codes(ACCOUNT, &[text(1_050)]);
        stage.platform.inject_on_path(IMPORT, Fault::OpenApiLosesAnswer);
        let id = upload(&stage, 1_100);
        until("the first part is there", async || (at_the_platform(&stage).len() == 501).then_some(())).await;
        stage.server.kill();
        stage.restart();
        until("the second part is there", async || (at_the_platform(&stage).len() >= 1_001).then_some(())).await;
        stage.server.kill();
        stage.restart();
        let told = ended(&stage, &id).await;
        assert_eq!(told["standing"], "done", "{told}");
        assert_there(&stage, 1_100);
        assert_eq!(told["open"], 0, "{told}");
        let pool = pool(&stage).await;
        assert_eq!((&pool["available"], &pool["reserved"]), (&json!(0), &json!(1_100)), "{pool}");
        stage.office.assert_sound().await;
    }
}

#[tokio::test]
async fn a_platform_that_takes_none_gives_them_back() {
    for given in databases::all().await {
        let stage = stage(given, 3).await;
        stage.platform.inject_on_path(IMPORT, Fault::OpenApiRefuses(2_190_004));
        let id = upload(&stage, 3);
        let told = ended(&stage, &id).await;
        assert_eq!((&told["standing"], &told["reserved"]), (&json!("refused"), &json!(0)), "{told}");
        assert!(told["note"].as_str().unwrap().contains("2190004"), "{told}");
        assert!(stage.office.is_alerted(&["upload_failed", &id, "2190004"]).await);
        assert_eq!(bought(&stage).await, text(0), "they are given here again");
        // Two are left; the platform gives one of them to a buyer of its own.
        let id = upload(&stage, 2);
        assert_eq!(ended(&stage, &id).await["taken"], 2);
        let made = stage.platform.create_order(&stage.purchase(&Offer::from_the_pool(), 1)).await;
        let bound = stage.platform.bind_reserved_codes(&made.order_id).unwrap();
        assert_eq!(bound, [text(1)]);
        let codes = stage.office.get(&format!("/merchants/lakeside/pools/summer/codes?upload={id}")).await;
        let ask = async |place: usize| {
            let code = codes["codes"][place]["id"].as_str().unwrap();
            stage.office.get(&format!("/merchants/lakeside/pools/summer/codes/{code}/bound-order")).await
        };
        assert_eq!(ask(0).await["order"]["order"], made.order_id.as_str());
        assert_eq!(ask(1).await["order"], Value::Null);
        ask(0).await;
        let told = async |place: usize| {
            let code = codes["codes"][place]["id"].as_str().unwrap();
            let told = stage.office.get(&format!("/merchants/lakeside/pools/summer/codes/{code}")).await;
            let lines = told["history"].as_array().unwrap().iter();
            let bound = lines.filter(|line| line["cells"][0]["after"].to_string().contains(" gave it to its order "));
            bound.cloned().collect::<Vec<_>>()
        };
        let lines = told(0).await;
        assert_eq!(lines.len(), 1, "asked twice, it is told once: {lines:?}");
        assert!(lines[0]["cells"][0]["after"].to_string().contains(made.order_id.as_str()), "{lines:?}");
        assert!(lines[0]["at"].is_i64() || lines[0]["at"].is_string(), "{lines:?}");
        assert!(!lines[0]["by"].as_str().unwrap().is_empty(), "{lines:?}");
        assert!(told(1).await.is_empty());
        stage.office.assert_sound().await;
    }
}
