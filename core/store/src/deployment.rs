//! What is deployed: connections, each of which names one thing for ever, what is open at them, and the nodes.

use std::collections::BTreeMap;

use entrepot_contract::ids::{ConnectionId, MerchantId, NodeId};
use entrepot_contract::time::VisitDate;
use entrepot_engine::records::{Node, Registered, RegisteredConnection};
use entrepot_engine::storage::{NodeSeen, OpenWork, StorageFault, Switch};
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::SqlStorage;
use crate::fault::{sort, unreadable};
use crate::rows::{Dialect, column, json, query, text_of, word};

/// A node that told nothing for so long is forgotten, in milliseconds.
const FORGOTTEN_MS: i64 = 3_600_000;

/// Every connection that was ever registered.
pub(crate) async fn registered(connection: &impl ConnectionTrait) -> Result<Vec<Registered>, StorageFault> {
    let dialect = Dialect(connection.get_database_backend());
    let sql = "SELECT id, merchant, plugin, external, removed_at FROM connections ORDER BY id";
    query(connection, dialect.statement(sql, Vec::new()), |row| {
        let (id, merchant): (String, String) = (column(row, "id")?, column(row, "merchant")?);
        let connection = RegisteredConnection {
            id: ConnectionId::parse(id).map_err(|fault| unreadable("connection", fault))?,
            merchant: MerchantId::parse(merchant).map_err(|fault| unreadable("merchant", fault))?,
            plugin: column(row, "plugin")?,
            external: column(row, "external")?,
        };
        Ok(Registered { connection, removed: column::<Option<i64>>(row, "removed_at")?.is_some() })
    })
    .await
}

/// An id names one thing for ever. All of them are registered, or none; what is not among them counts as removed.
pub(crate) async fn register(storage: &SqlStorage, wanted: &[RegisteredConnection]) -> Result<(), StorageFault> {
    let (dialect, now) = (storage.inner.dialect, storage.inner.dialect.now());
    let all = storage.inner.writer.begin().await.map_err(sort)?;
    let known = registered(&all).await?;
    let known: BTreeMap<&ConnectionId, &Registered> = known.iter().map(|one| (&one.connection.id, one)).collect();
    let run = async |sql: &str, values| all.execute(dialect.statement(sql, values)).await.map_err(sort);
    for connection in wanted {
        let Some(known) = known.get(&connection.id) else {
            let sql = "INSERT INTO connections (id, merchant, plugin, external, switch) VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT (id) DO NOTHING";
            let values = vec![
                connection.id.as_str().into(),
                connection.merchant.as_str().into(),
                connection.plugin.as_str().into(),
                connection.external.as_str().into(),
                word(&Switch::On)?.into(),
            ];
            run(sql, values).await?;
            continue;
        };
        known.connection.still_names(connection).map_err(StorageFault::Data)?;
        if known.removed {
            let sql = "UPDATE connections SET removed_at = NULL WHERE id = ?1";
            run(sql, vec![connection.id.as_str().into()]).await?;
        }
    }
    let gone = known.values().filter(|one| !one.removed && wanted.iter().all(|other| other.id != one.connection.id));
    for gone in gone {
        let sql = format!("UPDATE connections SET removed_at = {now} WHERE id = ?1");
        run(&sql, vec![gone.connection.id.as_str().into()]).await?;
    }
    all.commit().await.map_err(sort)
}

/// Counts the orders and jobs that still need a connection.
pub(crate) async fn open_work(
    storage: &SqlStorage,
    connection: &RegisteredConnection,
    visited: VisitDate,
) -> Result<OpenWork, StorageFault> {
    let dialect = storage.inner.dialect;
    let supplier = match dialect.0 {
        sea_orm::DatabaseBackend::Postgres => "(body::jsonb #>> '{terms,fulfilment,connection}')",
        _ => "(body ->> '$.terms.fulfilment.connection')",
    };
    let sql = format!(
        "SELECT COUNT(*) AS open FROM orders WHERE merchant = ?1 AND (connection = ?2 OR {supplier} = ?2)
         AND state NOT IN ('completed', 'refunded', 'cancelled', 'refused')
         AND NOT (state = 'issued' AND arrive IS NOT NULL AND arrive < ?3)"
    );
    let values = vec![connection.merchant.as_str().into(), connection.id.as_str().into(), visited.to_string().into()];
    let orders = count(storage, dialect.statement(&sql, values)).await?;
    let sql = "SELECT COUNT(*) AS open FROM jobs WHERE merchant = ?1 AND connection = ?2
               AND state IN ('ready', 'started', 'dead')";
    let values = vec![connection.merchant.as_str().into(), connection.id.as_str().into()];
    let jobs = count(storage, dialect.statement(sql, values)).await?;
    Ok(OpenWork { orders, jobs })
}

async fn count(storage: &SqlStorage, statement: sea_orm::Statement) -> Result<u64, StorageFault> {
    let found = query(&storage.inner.reader, statement, |row| column::<i64>(row, "open")).await?;
    Ok(found.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or_default())
}

/// A node tells of itself; those that are long gone are forgotten.
pub(crate) async fn tell(storage: &SqlStorage, node: &Node) -> Result<(), StorageFault> {
    let now = storage.inner.dialect.now();
    let sql = format!(
        "INSERT INTO nodes (id, fingerprint, failing, seen_at) VALUES (?1, ?2, ?3, {now})
         ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, failing = excluded.failing,
            seen_at = excluded.seen_at"
    );
    let values = vec![node.id.as_str().into(), node.fingerprint.as_str().into(), text_of(&node.failing)?.into()];
    storage.execute(&sql, values).await?;
    let sql = format!("DELETE FROM nodes WHERE seen_at < {now} - ?1");
    storage.execute(&sql, vec![FORGOTTEN_MS.into()]).await?;
    Ok(())
}

/// The nodes that told of themselves within that time.
pub(crate) async fn nodes(storage: &SqlStorage, within_ms: u32) -> Result<Vec<NodeSeen>, StorageFault> {
    let now = storage.inner.dialect.now();
    let sql = format!(
        "SELECT id, fingerprint, failing, {now} - seen_at AS ago FROM nodes WHERE seen_at >= {now} - ?1 ORDER BY id"
    );
    let statement = storage.inner.dialect.statement(&sql, vec![i64::from(within_ms).into()]);
    query(&storage.inner.reader, statement, |row| {
        let id: String = column(row, "id")?;
        let id = NodeId::parse(id).map_err(|fault| unreadable("node", fault))?;
        let node = Node { id, fingerprint: column(row, "fingerprint")?, failing: json(row, "failing")? };
        Ok(NodeSeen { node, ago_ms: column::<i64>(row, "ago")?.max(0) })
    })
    .await
}
