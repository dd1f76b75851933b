//! Codes of pools on both databases: validity, batches, orders that wait, codes that come back, what lists tell.

use std::time::Duration;

use entrepot_contract::ids::{OrderId, PoolName, UploadId};
use entrepot_contract::intent::{RecordRefund, UnitChoice};
use entrepot_contract::money::Money;
use entrepot_contract::notice::RefusedCode;
use entrepot_contract::order::{Credential, CredentialKind, OrderState, RefundCause};
use entrepot_contract::product::Fulfilment;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::code::NewCode;
use entrepot_domain::code::{BatchState, CodeFacts, CodeState, Days, ValidDays};
use entrepot_domain::command::{Body, OrderName};
use entrepot_domain::upload::{HandOver, UploadSaid, UploadWish};
use entrepot_engine::Engine;
use entrepot_engine::flows::administer::Asked;
use entrepot_store::SqlStorage;
use entrepot_store::admin::Page;
use entrepot_store::pools::{CodeFilter, PoolRow};

use crate::databases;
use crate::world::*;

fn pool() -> PoolName {
    "codes".parse().unwrap()
}

fn fulfilment(connection: &str) -> Fulfilment {
    Fulfilment::Supplier { connection: connection.parse().unwrap(), product_code: "codes".to_owned() }
}

fn code(line: u32, batch: &str, to: Option<&str>) -> NewCode {
    let valid = ValidDays { from: None, to: to.map(|day| day.parse().unwrap()) };
    let shown = |kind, value| Credential { kind, value, document_kind: None };
    NewCode {
        line,
        text: format!("CODE-{line}"),
        credentials: vec![
            shown(CredentialKind::QrCode, format!("CODE-{line}")),
            shown(CredentialKind::Password, format!("PASS-{line}")),
        ],
        facts: CodeFacts { valid, face: Some(Money::fen(9_900)), ..CodeFacts::of(batch.parse().unwrap()) },
    }
}

fn add(codes: Vec<NewCode>) -> Body {
    Body::AddCodes { pool: pool(), codes }
}

async fn issue(engine: &Engine, number: &str, units: u32) -> (OrderId, Answer) {
    let Answer::Created { order, .. } = done(give(engine, create(number, units, true)).await) else {
        panic!("{number} was not created")
    };
    let body = Body::StartIssue {
        order: OrderName::Own(order.clone()),
        count: None,
        names: Default::default(),
        paid_at: None,
    };
    (order, done(give(engine, body).await))
}

async fn shown(engine: &Engine, order: &OrderId) -> Vec<String> {
    let units = engine.storage().credentials(&merchant(), order).await.unwrap();
    units.into_iter().map(|unit| unit.credentials[0].value.clone()).collect()
}

async fn numbers(storage: &SqlStorage) -> PoolRow {
    storage.list_pools(&merchant()).await.unwrap().remove(0)
}

fn refund(number: &str) -> Body {
    let order = OrderName::Channel(APPLICATION.parse().unwrap(), number.parse().unwrap());
    let intent = RecordRefund::new(
        number.parse().unwrap(),
        format!("r{number}"),
        RefundCause::Platform,
        UnitChoice::AllLeft,
        Money::fen(100),
        Timestamp::from_seconds(1_790_000_100),
    );
    Body::RecordRefund { order, intent }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_first_goes_first_and_nothing_that_ends_before_the_visit() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, fulfilment(POOL), 100, 1_000_000).await;
        let codes = vec![
            code(1, "b1", None),
            code(2, "b1", Some("2030-12-31")),
            code(3, "b1", Some("2030-04-30")),
            code(4, "b2", Some(DAY)),
        ];
        done(give(&engine, add(codes)).await);
        let (order, _) = issue(&engine, "1", 2).await;
        assert_eq!(shown(&engine, &order).await, ["CODE-4", "CODE-2"]);
        let (order, _) = issue(&engine, "2", 1).await;
        assert_eq!(shown(&engine, &order).await, ["CODE-1"]);
        let (_, answer) = issue(&engine, "3", 1).await;
        assert!(matches!(answer, Answer::OutOfCodes { .. }), "{answer:?}");
        let found = numbers(&storage).await;
        assert_eq!((found.codes.available, found.codes.assigned, found.waiting), (1, 3, 1));
        let filter = CodeFilter { batch: Some("b2".parse().unwrap()), ..CodeFilter::default() };
        let listed = storage.list_codes(&merchant(), &pool(), &filter, &Page::default()).await.unwrap();
        assert_eq!((listed.len(), listed[0].state, listed[0].face), (1, CodeState::Assigned, Some(Money::fen(9_900))));
        assert!(listed[0].given_at.is_some() && listed[0].ended_at.is_none());
        let filter = CodeFilter { state: Some(CodeState::Available), ..CodeFilter::default() };
        let left = storage.export_codes(&merchant(), &pool(), &filter, &Page::default()).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(
            (left[0].credentials[0].value.as_str(), left[0].credentials[1].value.as_str()),
            ("CODE-3", "PASS-3")
        );
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_wait_are_issued_oldest_first_when_enough_codes_came() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, fulfilment(POOL), 100, 1_000_000).await;
        let mut orders = Vec::new();
        for (number, units) in [("1", 2), ("2", 1), ("3", 1)] {
            let (order, answer) = issue(&engine, number, units).await;
            assert!(matches!(answer, Answer::OutOfCodes { .. }), "{answer:?}");
            orders.push(order);
        }
        let store = storage.shared();
        assert!(store.waiting_for_codes(10).await.unwrap().is_empty());
        // The code that ends before the visit helps nobody; the other one is enough for the small orders only.
        done(give(&engine, add(vec![code(1, "b", Some("2030-04-30")), code(2, "b", None)])).await);
        let ready: Vec<OrderId> = store.waiting_for_codes(10).await.unwrap().into_iter().map(|(_, id)| id).collect();
        // The engine looks by itself, too: what it has issued meanwhile is not ready any more.
        assert!(ready.is_empty() || ready[0] == orders[1], "{ready:?}");
        done(give(&engine, Body::IssueWaiting { order: orders[1].clone() }).await);
        assert_eq!(shown(&engine, &orders[1]).await, ["CODE-2"]);
        done(give(&engine, add(vec![code(3, "b", None), code(4, "b", None), code(5, "b", None)])).await);
        for order in [&orders[0], &orders[2]] {
            done(give(&engine, Body::IssueWaiting { order: order.clone() }).await);
            let (found, _) = store.order(&merchant(), order).await.unwrap().unwrap();
            assert_eq!(found.state, OrderState::Issued);
        }
        assert_eq!(numbers(&storage).await.waiting, 0);
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_paused_resumed_voided_and_expire_in_chunks() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, fulfilment(POOL), 100, 1_000_000).await;
        for first in [0, 500, 1000] {
            let codes = (first..first + 500).map(|line| code(line, "many", Some("2031-01-01"))).collect();
            done(give(&engine, add(codes)).await);
        }
        done(give(&engine, add(vec![code(9000, "few", Some("2030-06-01"))])).await);
        let asked = |key: &str| Asked { by: "test".to_owned(), key: key.to_owned() };
        let many = "many".parse().unwrap();
        let (merchant, pool) = (merchant(), pool());
        for _ in 0..2 {
            let moved = engine.move_batch(&asked("p"), &merchant, &pool, &many, BatchState::Paused).await.unwrap();
            assert_eq!(moved, Answer::Changed { rows: 1500 }, "the same key gets the same answer");
        }
        assert_eq!(numbers(&storage).await.codes.available, 1);
        let (order, _) = issue(&engine, "1", 1).await;
        assert_eq!(shown(&engine, &order).await, ["CODE-9000"]);
        engine.move_batch(&asked("r"), &merchant, &pool, &many, BatchState::Active).await.unwrap();
        issue(&engine, "2", 1).await;
        engine.move_batch(&asked("v"), &merchant, &pool, &many, BatchState::Void).await.unwrap();
        let batches = storage.list_batches(&merchant, &pool).await.unwrap();
        let many = batches.iter().find(|batch| batch.id.as_str() == "many").unwrap();
        assert_eq!((many.state, many.codes.void, many.codes.assigned), (BatchState::Void, 1499, 1));
        done(give(&engine, add(vec![code(9001, "old", Some("2030-06-01")), code(9002, "old", None)])).await);
        let before: VisitDate = "2030-06-02".parse().unwrap();
        assert_eq!(storage.shared().codes_ended(&merchant, &pool, before).await.unwrap(), 1);
        let expired = done(give(&engine, Body::ExpireCodes { pool: pool.clone(), before }).await);
        assert_eq!(expired, Answer::Changed { rows: 1 });
        let found = numbers(&storage).await;
        assert_eq!((found.codes.available, found.codes.expired), (1, 1));
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_nobody_saw_are_given_again_and_lead_to_their_new_order_only() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, fulfilment(RETURNS), 100, 1_000_000).await;
        let (first, _) = issue(&engine, "1", 1).await;
        done(give(&engine, add(vec![code(1, "b", None)])).await);
        // Issued by itself, while nobody was told that it would be: nobody saw it.
        done(give(&engine, Body::IssueWaiting { order: first.clone() }).await);
        assert_eq!(shown(&engine, &first).await, ["CODE-1"]);
        done(give(&engine, refund("1")).await);
        assert_eq!(shown(&engine, &first).await, Vec::<String>::new());
        assert_eq!(engine.storage().units_of_code(&merchant(), "PASS-1").await.unwrap(), []);
        let found = numbers(&storage).await;
        assert_eq!((found.codes.available, found.codes.returned), (0, 1));
        let filter = CodeFilter { state: Some(CodeState::Returned), ..CodeFilter::default() };
        let listed = storage.list_codes(&merchant(), &pool(), &filter, &Page::default()).await.unwrap();
        assert_eq!((listed.len(), listed[0].order.clone(), listed[0].given_at), (1, None, None));
        hold(&engine).await;
        done(give(&engine, add(vec![code(2, "b", None)])).await);
        let (fresh, _) = issue(&engine, "0", 1).await;
        assert_eq!(shown(&engine, &fresh).await, ["CODE-2"], "what was never given goes first");
        let (second, _) = issue(&engine, "2", 1).await;
        assert_eq!(shown(&engine, &second).await, ["CODE-1"]);
        let found = engine.storage().units_of_code(&merchant(), "PASS-1").await.unwrap();
        assert_eq!(found, [(second, 1)]);
        // This one was answered: it never comes back.
        done(give(&engine, refund("2")).await);
        let found = numbers(&storage).await;
        assert_eq!((found.codes.available, found.codes.void), (0, 1));
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}

fn handed_over(upload: &UploadId, stands: Option<HandOver>) -> CodeFilter {
    CodeFilter { upload: Some(upload.clone()), hand_over: stands, ..CodeFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_keeps_is_reserved_told_again_and_put_back() {
    for given in databases::all().await {
        let storage = databases::open(&given).await;
        let engine = engine(&storage, "n1").await;
        offer(&engine, fulfilment(POOL), 100, 1_000_000).await;
        done(give(&engine, add((1..=5).map(|line| code(line, "b", None)).collect())).await);
        let listing = engine.rules(&merchant()).await.unwrap().catalogue.listings[0].clone();
        let wish = UploadWish { connection: listing.connection, listing: listing.id, count: 4, last_day: None };
        let Answer::Upload { upload, .. } = done(give(&engine, Body::StartUpload { pool: pool(), wish }).await) else {
            panic!("no upload began")
        };
        let days = Days::until("2030-01-01".parse().unwrap());
        let reserve = || Body::ReserveForUpload { pool: pool(), upload: upload.clone(), limit: 4, days };
        assert_eq!(done(give(&engine, reserve()).await), Answer::Changed { rows: 4 });
        assert_eq!(done(give(&engine, reserve()).await), Answer::Changed { rows: 0 });
        let store = storage.shared();
        let part = store.upload_codes(&merchant(), &upload).await.unwrap();
        assert_eq!(part.len(), 4);
        assert_eq!(part[0].credentials[1].value, "PASS-1", "the channel's plugin gets them in full");
        let until = Timestamp::from_seconds(4_000_000_000);
        let begin = Body::TryUpload { pool: pool(), upload: upload.clone(), node: "n9".parse().unwrap(), until };
        assert_eq!(done(give(&engine, begin).await), Answer::Upload { upload: upload.clone(), number: 1 });
        let reason = "it is there already".to_owned();
        let said = UploadSaid::Told {
            refused: vec![RefusedCode { code: part[1].id.clone(), reason }],
            untold: vec![part[2].id.clone()],
            unclear: vec![part[3].id.clone()],
        };
        done(give(&engine, Body::RecordUpload { pool: pool(), upload: upload.clone(), number: 1, said }).await);
        let left = store.upload_codes(&merchant(), &upload).await.unwrap();
        let left: Vec<HandOver> = left.iter().map(|code| code.stands).collect();
        assert_eq!(left, [HandOver::Waiting, HandOver::Unclear]);
        let going = store.going_uploads().await.unwrap();
        assert_eq!((going.len(), going[0].1.taken, going[0].1.refused), (1, 1, 1));
        done(give(&engine, Body::StopUpload { pool: pool(), upload: upload.clone() }).await);
        assert!(store.going_uploads().await.unwrap().is_empty());
        let found = numbers(&storage).await.codes;
        assert_eq!((found.available, found.reserved), (2, 3));
        let refused = handed_over(&upload, Some(HandOver::Refused));
        let refused = storage.list_codes(&merchant(), &pool(), &refused, &Page::default()).await.unwrap();
        assert_eq!((refused.len(), refused[0].state), (1, CodeState::Reserved));
        let all =
            storage.list_codes(&merchant(), &pool(), &handed_over(&upload, None), &Page::default()).await.unwrap();
        assert_eq!(all.len(), 3, "what went back has left its upload");
        let (order, _) = issue(&engine, "1", 2).await;
        assert_eq!(shown(&engine, &order).await, ["CODE-3", "CODE-5"]);
        assert!(storage.list_uploads(&merchant(), &pool(), &Page::default()).await.unwrap()[0].ended_at.is_some());
        hold(&engine).await;
        engine.stop(Duration::from_secs(5)).await;
    }
}
