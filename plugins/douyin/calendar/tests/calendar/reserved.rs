//! Codes for Douyin's own pool: what is told in how few calls, and what is told of codes that it has already.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use entrepot_sdk::contract::fault::{Effect, Fault, FaultKind};
use entrepot_sdk::contract::looking::{BoundOrder, Look, Seen};
use entrepot_sdk::contract::money::Money;
use entrepot_sdk::contract::notice::{CodesNotice, EarlierCodes, Notice, RefusedCode, Told};
use entrepot_sdk::contract::order::{Credential, CredentialKind};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::contract::time::Timestamp;
use entrepot_sdk::testing::{Seat, World};
use serde_json::{Value, json};

use crate::partner::{body, facing, path, query, sent};
use crate::support::{self, coded, good, reserved};
use crate::{seat, world};

const IMPORT: &str = "reserve_code_import";
const DUPLICATE: i64 = 4;

/// Douyin's pool, and the calls whose answers are lost, by their number.
#[derive(Default)]
struct Pool {
    codes: BTreeSet<String>,
    calls: usize,
    lost: Vec<usize>,
    refused: Option<(usize, i64)>,
}

type Shared = Arc<Mutex<Pool>>;

fn business(sub: i64) -> HttpResponse {
    let code = json!({"error_code": 3_000_001, "sub_error_code": sub, "logid": support::LOGID, "now": 1_790_000_000});
    support::answer(&json!({"data": {"error_code": 3_000_001, "description": "quotes QR-1"}, "extra": code}))
}

fn import(pool: &Shared, request: &HttpRequest) -> Result<HttpResponse, Fault> {
    let mut pool = pool.lock().unwrap();
    pool.calls += 1;
    let told: Vec<String> =
        body(request)["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    if let Some((_, code)) = pool.refused.filter(|(from, _)| pool.calls >= *from) {
        return Ok(coded(code));
    }
    let there = told.iter().any(|code| pool.codes.contains(code));
    if !there {
        pool.codes.extend(told);
    }
    let number = pool.calls;
    if pool.lost.contains(&number) {
        return Err(Fault::unknown(FaultKind::TimedOut, "no answer in time"));
    }
    Ok(if there { business(DUPLICATE) } else { coded(0) })
}

/// An instance before a Douyin whose pool holds these.
async fn before(there: &[String]) -> (Seat, Arc<World>, Shared) {
    let pool = Shared::default();
    pool.lock().unwrap().codes.extend(there.iter().cloned());
    let (world, shared) = (world(), pool.clone());
    world.other_side(move |request| match request.api.as_str() {
        IMPORT => import(&shared, request),
        _ => support::douyin(request),
    });
    let seat = seat(&world, json!({ "reserved_duplicate_codes": [DUPLICATE] }), json!({})).await;
    (seat, world, pool)
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("R{number:04}")).collect()
}

fn notice(texts: &[String], earlier: Option<EarlierCodes>) -> CodesNotice {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    CodesNotice { earlier, ..reserved(&texts) }
}

async fn deliver(seat: &Seat, notice: CodesNotice) -> Told {
    seat.deliver(Notice::Codes(notice)).await.expect("an answer")
}

/// Refused, untold and unclear, by their places.
fn parts(told: Told) -> (Vec<usize>, usize, usize) {
    let place = |no: &RefusedCode| no.code.as_str().trim_start_matches("C-").parse().unwrap();
    match told {
        Told::Done => (Vec::new(), 0, 0),
        Told::Codes { refused, untold, unclear } => (refused.iter().map(place).collect(), untold.len(), unclear.len()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_pages_fields() {
    let (seat, world, _) = before(&[]).await;
    assert_eq!(deliver(&seat, notice(&texts(500), None)).await, Told::Done);
    let calls = sent(&world, IMPORT);
    assert_eq!(calls.len(), 1, "five hundred go in one call");
    assert_eq!(path(&calls[0]), "/goodlife/v1/fulfilment/reserve_code/batch_import/");
    let mut said = body(&calls[0]);
    assert_eq!(said["codes"].as_array().map(Vec::len), Some(500));
    said["codes"] = Value::Null;
    let expected = json!({"account_id": support::ACCOUNT, "third_sku_id": "P1-ADULT", "codes": null,
                          "expired_time": 1_793_462_400});
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_password_stands_behind_its_number() {
    let (seat, _, pool) = before(&[]).await;
    let mut told = reserved(&["A1"]);
    let password = Credential { kind: CredentialKind::Password, value: "77".to_owned(), document_kind: None };
    told.codes[0].credentials.push(password);
    assert_eq!(deliver(&seat, told).await, Told::Done);
    assert!(pool.lock().unwrap().codes.contains("A1 77"));
    let mut told = reserved(&["A2"]);
    told.codes[0].credentials[0].kind = CredentialKind::Image;
    let fault = seat.deliver(Notice::Codes(told)).await.expect_err("a picture is no code");
    assert_eq!((fault.kind, fault.effect), (FaultKind::Invalid, Effect::NotDone));
}

#[tokio::test]
async fn codes_that_douyin_has_are_found_and_the_others_taken() {
    let all = texts(500);
    let there = [all[0].clone(), all[311].clone(), all[499].clone()];
    let (seat, world, pool) = before(&there).await;
    assert_eq!(parts(deliver(&seat, notice(&all, None)).await), (vec![0, 311, 499], 0, 0));
    assert_eq!(pool.lock().unwrap().codes.len(), 500);
    let calls = sent(&world, IMPORT).len();
    assert!(calls <= 65, "{calls} calls");
}

#[tokio::test]
async fn what_is_not_settled_in_time_is_told_again() {
    let all = texts(500);
    let there: Vec<String> = all.iter().step_by(50).cloned().collect();
    let (seat, world, pool) = before(&there).await;
    let mut left = notice(&all, None);
    let (mut refused, mut notices) = (0, 0);
    loop {
        notices += 1;
        let before = sent(&world, IMPORT).len();
        let told = deliver(&seat, left.clone()).await;
        assert!(sent(&world, IMPORT).len() - before <= 65, "one notice has an end");
        let Told::Codes { refused: no, untold, unclear } = told else { break };
        assert!(unclear.is_empty());
        refused += no.len();
        left.codes.retain(|code| untold.contains(&code.id));
        if untold.is_empty() {
            break;
        }
    }
    assert_eq!((refused, pool.lock().unwrap().codes.len()), (10, 500));
    assert!((2..6).contains(&notices), "{notices} notices");
}

#[tokio::test]
async fn without_the_code_for_it_nothing_is_divided() {
    let all = texts(20);
    let pool = Shared::default();
    pool.lock().unwrap().codes.insert(all[3].clone());
    let shared = pool.clone();
    let answers =
        move |request: &HttpRequest| (request.api == IMPORT).then(|| import(&shared, request).expect("an answer"));
    let (seat, world) = facing(json!({}), json!({}), answers).await;
    let fault = seat.deliver(Notice::Codes(notice(&all, None))).await.expect_err("refused");
    assert_eq!((fault.effect, fault.partner_code.as_deref()), (Effect::NotDone, Some("4")));
    assert!(!fault.text.contains("R00"), "{}", fault.text);
    assert_eq!(sent(&world, IMPORT).len(), 1);
}

#[tokio::test]
async fn a_lost_call_leaves_its_own_codes_unclear() {
    let all = texts(8);
    let (seat, _, pool) = before(&[all[7].clone()]).await;
    pool.lock().unwrap().lost = vec![1];
    let fault = seat.deliver(Notice::Codes(notice(&all, None))).await.expect_err("nobody heard");
    assert_eq!(fault.effect, Effect::Unknown);
    let (seat, _, pool) = before(&[all[7].clone()]).await;
    pool.lock().unwrap().lost = vec![2];
    let Told::Codes { refused, untold, unclear } = deliver(&seat, notice(&all, None)).await else { panic!() };
    assert_eq!((refused.len(), untold.len(), unclear.len()), (0, 4, 4), "the first half was lost, the second not sent");
    assert_eq!(unclear[0].as_str(), "C-0000");
}

#[tokio::test]
async fn what_a_lost_call_brought_counts_as_taken() {
    let all = texts(500);
    for earlier in [EarlierCodes::Together, EarlierCodes::Parts] {
        let (seat, world, pool) = before(&all).await;
        assert_eq!(deliver(&seat, notice(&all, Some(earlier))).await, Told::Done, "{earlier:?}");
        assert!(sent(&world, IMPORT).len() <= 4, "it is not asked five hundred times");
        assert_eq!(pool.lock().unwrap().codes.len(), 500);
    }
    let (seat, world, _) = before(&all[..1]).await;
    assert_eq!(deliver(&seat, notice(&all[..1], Some(EarlierCodes::Together))).await, Told::Done);
    assert_eq!(sent(&world, IMPORT).len(), 1);
}

#[tokio::test]
async fn a_lost_call_that_brought_nothing_hides_no_code_that_was_there_before() {
    let all = texts(500);
    let (seat, _, pool) = before(&[all[17].clone(), all[499].clone()]).await;
    let told = deliver(&seat, notice(&all, Some(EarlierCodes::Together))).await;
    assert_eq!(parts(told), (vec![17, 499], 0, 0));
    assert_eq!(pool.lock().unwrap().codes.len(), 500);
}

#[tokio::test]
async fn an_interrupted_notice_goes_on_where_it_ended() {
    let all = texts(500);
    for brought in [1, 63, 250, 437, 497] {
        let (seat, world, pool) = before(&all[..brought]).await;
        let mut left = notice(&all, Some(EarlierCodes::Parts));
        for _ in 0..4 {
            match deliver(&seat, left.clone()).await {
                Told::Done => left.codes.clear(),
                Told::Codes { refused, untold, unclear } => {
                    assert!(refused.is_empty() && untold.is_empty(), "what is there may be ours");
                    left.codes.retain(|code| unclear.contains(&code.id));
                }
                other => panic!("{other:?}"),
            }
            if left.codes.is_empty() {
                break;
            }
        }
        assert!(left.codes.is_empty(), "{brought}: it ends");
        assert_eq!(pool.lock().unwrap().codes.len(), 500, "{brought}: all are there");
        assert!(sent(&world, IMPORT).len() <= 130, "{brought}: {} calls", sent(&world, IMPORT).len());
    }
}

#[tokio::test]
async fn a_no_in_between_settles_nothing_more() {
    let all = texts(8);
    let (seat, _, pool) = before(&[all[7].clone()]).await;
    pool.lock().unwrap().refused = Some((3, 2_190_004));
    assert_eq!(parts(deliver(&seat, notice(&all, None)).await), (Vec::new(), 4, 0), "the first half was taken");
    let (seat, _, pool) = before(&[all[0].clone()]).await;
    pool.lock().unwrap().refused = Some((2, 2_190_004));
    let fault = seat.deliver(Notice::Codes(notice(&all, None))).await.expect_err("nothing was taken");
    assert_eq!((fault.kind, fault.effect, fault.may_pass()), (FaultKind::Refused, Effect::NotDone, false));
}

#[tokio::test]
async fn whose_a_code_is() {
    let order = json!({"order_id": "9", "sku_id": 1800, "third_sku_id": "P1-ADULT", "codes": ["R0001", "R0002"],
                       "create_time": "1790000000", "tourists": [{"name": "bluebird", "phone": "bluebird"}],
                       "amount_info": {"original_amount": 18000, "pay_amount": 17000}});
    let bound = Arc::new(Mutex::new(good(json!({ "order": order }))));
    let answers = {
        let bound = bound.clone();
        move |request: &HttpRequest| (request.api == "reserve_code_order").then(|| bound.lock().unwrap().clone())
    };
    let (seat, world) = facing(json!({}), json!({}), answers).await;
    let told = reserved(&["R0001"]);
    let look = || Look::ReservedCode { names: told.names.clone(), credentials: told.codes[0].credentials.clone() };
    let Seen::ReservedCode { order: Some(found) } = seat.look(look()).await.expect("an answer") else { panic!() };
    let expected = BoundOrder {
        order: "9".parse().unwrap(),
        names: entrepot_sdk::contract::listing::ListingNames {
            sku: Some("1800".to_owned()),
            sku_out: Some("P1-ADULT".to_owned()),
            ..Default::default()
        },
        codes: 2,
        ordered_at: Some(Timestamp::from_seconds(1_790_000_000)),
        paid: Some(Money::fen(17_000)),
    };
    assert_eq!(found, expected);
    let call = &sent(&world, "reserve_code_order")[0];
    assert_eq!(path(call), "/goodlife/v1/fulfilment/reserve_code/bind_order_info/");
    assert_eq!(query(call).get("code").map(String::as_str), Some("R0001"));
    *bound.lock().unwrap() = good(json!({}));
    assert_eq!(seat.look(look()).await.expect("an answer"), Seen::ReservedCode { order: None });
}
