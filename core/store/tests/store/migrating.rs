//! A database that was filled under an earlier schema goes on under the newest: codes of before batches and validity.

use entrepot_contract::order::{Credential, CredentialKind};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::{BatchState, CodeFacts, NewCode};
use entrepot_domain::command::{BULK_LIMIT_ROWS, Body, OrderName};
use entrepot_engine::flows::administer::Asked;
use entrepot_migrations::{Changes, Migrator};
use entrepot_store::pools::PoolRow;
use entrepot_store::{GuestKeys, Options, SqlStorage};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, FromQueryResult, JsonValue, Statement};

use crate::databases;
use crate::world::*;

/// The last schema before codes had validity and batch.
const BEFORE_BATCHES: u32 = 6;
const CODES: u32 = 3_000;
/// Codes that orders had then.
const GIVEN: u32 = 3;

fn code(line: u32) -> NewCode {
    let text = format!("OLD-{line:04}");
    let credentials = vec![Credential { kind: CredentialKind::QrCode, value: text.clone(), document_kind: None }];
    NewCode { line, text, credentials, facts: CodeFacts::of("any".parse().unwrap()) }
}

fn add(codes: Vec<NewCode>) -> Body {
    Body::AddCodes { pool: "codes".parse().unwrap(), codes }
}

/// Sells units from the pool and gives the codes that they got.
async fn buy(engine: &entrepot_engine::Engine, number: &str, units: u32) -> Vec<String> {
    let Answer::Created { order, .. } = done(give(engine, create(number, units, true)).await) else { panic!() };
    done(
        give(
            engine,
            Body::StartIssue {
                order: OrderName::Own(order.clone()),
                count: None,
                names: Default::default(),
                paid_at: None,
            },
        )
        .await,
    );
    let units = engine.storage().credentials(&merchant(), &order).await.unwrap();
    units.into_iter().map(|unit| unit.credentials[0].value.clone()).collect()
}

fn fulfilment() -> Fulfilment {
    Fulfilment::Supplier { connection: POOL.parse().unwrap(), product_code: "codes".to_owned() }
}

async fn connect(given: &databases::Given) -> DatabaseConnection {
    let url = if given.url.starts_with("sqlite:") { format!("{}?mode=rwc", given.url) } else { given.url.clone() };
    Database::connect(url).await.unwrap()
}

/// Copies the columns that both schemas have.
async fn copy(from: &DatabaseConnection, to: &DatabaseConnection, table: &str, columns: &str) -> usize {
    let backend = from.get_database_backend();
    let select = Statement::from_string(backend, format!("SELECT {columns} FROM {table}"));
    let rows = JsonValue::find_by_statement(select).all(from).await.unwrap();
    let literal = |value: &JsonValue| match value {
        JsonValue::Null => "NULL".to_owned(),
        JsonValue::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    };
    for some in rows.chunks(500) {
        let values = some.iter().map(|row| {
            let cells: Vec<String> = columns.split(", ").map(|column| literal(&row[column])).collect();
            format!("({})", cells.join(", "))
        });
        let values: Vec<String> = values.collect();
        to.execute_unprepared(&format!("INSERT INTO {table} ({columns}) VALUES {}", values.join(", "))).await.unwrap();
    }
    rows.len()
}

async fn pool(storage: &SqlStorage) -> PoolRow {
    storage.list_pools(&merchant()).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_before_batches_go_on() {
    for (now, before) in databases::all().await.into_iter().zip(databases::all().await) {
        // Sealed and indexed as the store does it, then put where they would have been.
        let storage = databases::open(&now).await;
        let full = engine(&storage, "n1").await;
        offer(&full, fulfilment(), 100, 1_000_000).await;
        let codes: Vec<NewCode> = (1..=CODES).map(code).collect();
        for some in codes.chunks(BULK_LIMIT_ROWS) {
            done(give(&full, add(some.to_vec())).await);
        }
        assert_eq!(buy(&full, "1", GIVEN).await, ["OLD-0001", "OLD-0002", "OLD-0003"]);

        let (from, to) = (connect(&now).await, connect(&before).await);
        Migrator::up(&to, Some(BEFORE_BATCHES)).await.unwrap();
        let columns = "id, merchant, pool, code_index, credentials, state, order_id, unit";
        assert_eq!(copy(&from, &to, "codes", columns).await, CODES as usize);
        assert_eq!(copy(&from, &to, "pools", "merchant, name, available, threshold").await, 1);
        from.close().await.unwrap();
        to.close().await.unwrap();
        assert!(pending(&before).await > 0, "there is something to migrate");

        let storage = databases::open(&before).await;
        let found = pool(&storage).await;
        assert_eq!((found.codes.available, found.codes.assigned), (CODES - GIVEN, GIVEN));
        let batches = storage.list_batches(&merchant(), &"codes".parse().unwrap()).await.unwrap();
        assert_eq!(batches.len(), 1);
        assert_eq!((batches[0].id.as_str(), batches[0].state), ("before-batches", BatchState::Active));

        let migrated = engine(&storage, "n1").await;
        offer(&migrated, fulfilment(), 100, 1_000_000).await;
        // The next of the old ones, whatever the day of the visit; and none is taken for a new code.
        assert_eq!(buy(&migrated, "2", 2).await, ["OLD-0004", "OLD-0005"]);
        let again = done(give(&migrated, add(vec![code(1), code(CODES), code(CODES + 1)])).await);
        assert_eq!(again, Answer::CodesAdded { added: 1, duplicates: vec![1, CODES], elsewhere: Vec::new() });
        let asked = Asked { by: "test".to_owned(), key: "pause".to_owned() };
        let (pool, batch) = ("codes".parse().unwrap(), "before-batches".parse().unwrap());
        let paused = migrated.move_batch(&asked, &merchant(), &pool, &batch, BatchState::Paused).await;
        assert_eq!(done(paused), Answer::Changed { rows: CODES - GIVEN - 2 });
        assert_eq!(buy(&migrated, "3", 1).await, ["OLD-3001"]);
    }
}

async fn pending(given: &databases::Given) -> usize {
    let keys = GuestKeys::new("1", [42; 32]).unwrap();
    let options = Options { url: given.url.clone(), lanes: 1, readers: 1, connect_timeout_ms: 10_000, keys };
    let storage = SqlStorage::connect(options).await.unwrap();
    let pending = storage.pending().await.unwrap();
    storage.close().await;
    pending
}
