//! The only place here that speaks SQL.
//!
//! - [`plain`]: the baseline, one transaction for each order.
//! - [`count`]: what stands in the database; [`bulk`]: orders that stand there already; [`codes`]: the baseline of an import.

pub mod bulk;
pub mod codes;
pub mod count;
pub mod plain;

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, Statement, Value,
};

use crate::Result;

/// A database of a run.
#[derive(Clone)]
pub struct Sql {
    connection: DatabaseConnection,
    kind: DatabaseBackend,
}

fn fault(what: &str) -> impl Fn(DbErr) -> String {
    move |fault| format!("{what}: {fault}")
}

impl Sql {
    /// Connects with that many connections, each as durable as the store's own.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .min_connections(connections)
            .acquire_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(|sqlite| {
                use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
                sqlite
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(60))
                    .pragma("cache_size", "-16000")
            });
        let connection = Database::connect(options).await.map_err(fault("connecting"))?;
        Ok(Self { kind: connection.get_database_backend(), connection })
    }

    /// A statement for this database; parameters are written `?1`, `?2`, …
    fn text(&self, sql: &str) -> String {
        if self.kind == DatabaseBackend::Postgres { sql.replace('?', "$") } else { sql.to_owned() }
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.kind, self.text(sql), values)
    }

    /// One number.
    async fn number(&self, sql: &str) -> Result<i64> {
        let row = self.connection.query_one(self.statement(sql, Vec::new())).await.map_err(fault(sql))?;
        let row = row.ok_or_else(|| format!("{sql}: no row"))?;
        row.try_get_by_index(0).map_err(fault(sql))
    }

    /// What the database promises about a crash, as this connection reads it back.
    pub async fn durability(&self) -> Result<String> {
        let postgres = self.kind == DatabaseBackend::Postgres;
        let names: &[&str] = if postgres { &["fsync", "synchronous_commit"] } else { &["journal_mode", "synchronous"] };
        let mut told = Vec::new();
        for name in names {
            let sql = if postgres {
                format!("SHOW {name}")
            } else {
                format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}")
            };
            let row = self.connection.query_one(self.statement(&sql, Vec::new())).await.map_err(fault(&sql))?;
            let value: String = row.ok_or("no row")?.try_get_by_index(0).map_err(fault(&sql))?;
            told.push(format!("{name} {value}"));
        }
        Ok(told.join(", "))
    }

    /// Lets the offer's one cell sell that many units from now on.
    pub async fn leave(&self, units: u32) -> Result<()> {
        let sql = "UPDATE stock SET capacity = held + sold + ?1";
        let changed = self.connection.execute(self.statement(sql, vec![i64::from(units).into()])).await;
        changed.map_err(fault(sql))?;
        Ok(())
    }

    /// Closes the connections.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}
