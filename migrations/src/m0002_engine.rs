//! What the whole engine needs: deadlines, purchase limits, a history of what people change, and alerts that are told
//! once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use serde_json::{Value, json};

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Statements for both databases. `{serial}` is a counting primary key.
const STATEMENTS: &[&str] = &[
    // What has to be looked at next is found by one index, for every kind of deadline.
    "ALTER TABLE orders ADD COLUMN next_deadline_at BIGINT",
    "UPDATE orders SET next_deadline_at = hold_until",
    "DROP INDEX orders_held",
    "ALTER TABLE orders DROP COLUMN hold_until",
    "CREATE INDEX orders_due ON orders (next_deadline_at) WHERE next_deadline_at IS NOT NULL",
    "CREATE TABLE limit_counters (merchant TEXT NOT NULL, product TEXT NOT NULL, per TEXT NOT NULL,
        period TEXT NOT NULL, subject TEXT NOT NULL, units BIGINT NOT NULL CHECK (units >= 0),
        PRIMARY KEY (merchant, product, per, period, subject))",
    "CREATE TABLE history (seq {serial}, merchant TEXT NOT NULL, at BIGINT NOT NULL, by_whom TEXT NOT NULL,
        kind TEXT NOT NULL, subject TEXT NOT NULL, first_date TEXT NOT NULL, last_date TEXT NOT NULL,
        body TEXT NOT NULL)",
    "CREATE INDEX history_of_subject ON history (merchant, kind, subject, seq)",
    // A node reads only what changed since the revision it knows.
    "ALTER TABLE catalogue_entries ADD COLUMN revision BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE calendar_days ADD COLUMN revision BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX catalogue_entries_changed ON catalogue_entries (merchant, revision)",
    "CREATE INDEX calendar_days_changed ON calendar_days (merchant, revision)",
    // An alert is told once; one of several nodes takes it.
    "ALTER TABLE alerts ADD COLUMN told_at BIGINT",
    "ALTER TABLE alerts ADD COLUMN taken_until BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX alerts_to_tell ON alerts (first_at) WHERE resolved_at IS NULL AND told_at IS NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let serial = match manager.get_database_backend() {
            DatabaseBackend::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            _ => "INTEGER PRIMARY KEY",
        };
        for statement in STATEMENTS {
            connection.execute_unprepared(&statement.replace("{serial}", serial)).await?;
        }
        orders(connection).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom("changes of the schema go forward only; restore a backup instead".to_owned()))
    }
}

/// Orders of the first schema named their cells and their hold's end in another form.
async fn orders(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let found = connection.query_all(Statement::from_string(backend, "SELECT id, body FROM orders")).await?;
    for row in found {
        let (id, body): (String, String) = (row.try_get("", "id")?, row.try_get("", "body")?);
        let unreadable = |fault: serde_json::Error| DbErr::Custom(format!("order {id} cannot be read: {fault}"));
        let body = rewritten(serde_json::from_str(&body).map_err(unreadable)?).to_string();
        let sql = match backend {
            DatabaseBackend::Postgres => "UPDATE orders SET body = $1 WHERE id = $2",
            _ => "UPDATE orders SET body = ?1 WHERE id = ?2",
        };
        connection.execute(Statement::from_sql_and_values(backend, sql, [body.into(), id.clone().into()])).await?;
    }
    Ok(())
}

fn rewritten(mut order: Value) -> Value {
    let units = order["units"].as_array().map_or(&[][..], Vec::as_slice);
    let open = units.iter().filter(|unit| unit["state"] != "refunded").count();
    let cells = order["stock"].as_array().cloned().unwrap_or_default();
    let taken: Vec<Value> = cells.into_iter().map(|key| json!({ "key": key, "count": open })).collect();
    let hold = order["hold_until"].take();
    order["stock"] = taken.into();
    if hold != Value::Null {
        order["deadlines"] = json!([{ "kind": { "of": "hold" }, "due": hold }]);
    }
    if let Some(fields) = order.as_object_mut() {
        fields.remove("hold_until");
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_of_the_first_schema_keeps_its_stock_and_its_hold() {
        let before = json!({ "stock": [{ "bucket": "b" }], "hold_until": 5, "units": [{ "state": "available" },
            { "state": "refunded" }] });
        let after = json!({ "stock": [{ "key": { "bucket": "b" }, "count": 1 }],
            "deadlines": [{ "kind": { "of": "hold" }, "due": 5 }], "units": [{ "state": "available" },
            { "state": "refunded" }] });
        assert_eq!(rewritten(before), after);
    }
}
