//! Many rows in one statement of one shape: they travel as one JSON parameter, which both databases take apart by
//! themselves. Statements are few and never change, so they stay prepared, and no bind limit is ever near.

use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement, Value};
use serde_json::Value as Json;

use crate::fault::sort;
use entrepot_engine::storage::StorageFault;

/// Most rows of one statement; more become several.
const CHUNK_ROWS: usize = 1000;

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// A 64-bit integer.
    Number,
}

/// What happens to a row that is there already.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OnConflict {
    /// The statement fails.
    Fail,
    /// The row stays as it is.
    Keep,
    /// These columns are replaced.
    Replace(&'static [&'static str]),
    /// These columns are replaced, and the second ones only where the new row has a value.
    ReplaceOrKeep(&'static [&'static str], &'static [&'static str]),
}

/// A table that batches write.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    pub(crate) key: &'static [&'static str],
    pub(crate) on_conflict: OnConflict,
}

/// One row, in the order of the table's columns.
pub(crate) type Row = Vec<Json>;

/// A dialect's words for taking JSON apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect(pub(crate) DatabaseBackend);

impl Dialect {
    pub(crate) fn postgres(self) -> bool {
        self.0 == DatabaseBackend::Postgres
    }

    /// The first parameter as a set of rows named `j`.
    pub(crate) fn each(self) -> &'static str {
        if self.postgres() { "jsonb_array_elements($1::jsonb) AS j(value)" } else { "json_each(?1) AS j" }
    }

    /// The parameter of one insert among several as a set of rows named `j`. On SQLite it bears no number: numbers
    /// would count within each statement of the list, and the driver leaves a parameter beyond the last value empty.
    pub(crate) fn each_of(self, parameter: usize) -> String {
        if self.postgres() {
            format!("jsonb_array_elements(${parameter}::jsonb) AS j(value)")
        } else {
            "json_each(?) AS j".to_owned()
        }
    }

    /// One element of a row of the first parameter.
    pub(crate) fn element(self, index: usize, kind: Kind) -> String {
        match (self.postgres(), kind) {
            (true, Kind::Text) => format!("(j.value->>{index})"),
            (true, Kind::Number) => format!("(j.value->>{index})::bigint"),
            (false, _) => format!("(j.value->>{index})"),
        }
    }

    /// The texts of the first parameter, for `IN (…)`.
    pub(crate) fn texts(self) -> &'static str {
        if self.postgres() { "SELECT jsonb_array_elements_text($1::jsonb)" } else { "SELECT value FROM json_each(?1)" }
    }

    /// Locks the rows of a table that a query finds. SQLite's one writer has everything locked already.
    pub(crate) fn lock(self, table: &str) -> String {
        if self.postgres() { format!(" FOR NO KEY UPDATE OF {table}") } else { String::new() }
    }

    /// The database's own clock, in milliseconds since 1970.
    pub(crate) fn now(self) -> &'static str {
        if self.postgres() {
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
        } else {
            "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
        }
    }

    /// Several inserts, each with a parameter of its own, as one statement: SQLite takes a list, and PostgreSQL knows
    /// inserts beside an insert.
    fn together(self, inserts: &[String]) -> String {
        match inserts.split_last() {
            Some((last, earlier)) if self.postgres() && !earlier.is_empty() => {
                let beside = earlier.iter().enumerate().map(|(place, insert)| format!("w{place} AS ({insert})"));
                format!("WITH {} {last}", beside.collect::<Vec<_>>().join(", "))
            }
            _ => inserts.join("; "),
        }
    }

    /// A statement with its parameters. `sql` is written with `?1`, `?2`, … and translated.
    pub(crate) fn statement(self, sql: &str, values: Vec<Value>) -> Statement {
        let sql = if self.postgres() { sql.replace('?', "$") } else { sql.to_owned() };
        Statement::from_sql_and_values(self.0, sql, values)
    }
}

/// Writes rows of several tables in one round trip.
pub(crate) async fn write_together(
    connection: &impl ConnectionTrait,
    tables: Vec<(&Table, Vec<Row>)>,
) -> Result<(), StorageFault> {
    let dialect = Dialect(connection.get_database_backend());
    let mut tables: Vec<_> = tables.into_iter().map(|(table, rows)| (table, rows.into_iter())).collect();
    loop {
        let (mut inserts, mut values): (Vec<String>, Vec<Value>) = Default::default();
        for (table, rows) in &mut tables {
            let chunk: Vec<Json> = rows.take(CHUNK_ROWS).map(Json::Array).collect();
            if !chunk.is_empty() {
                values.push(Json::Array(chunk).to_string().into());
                inserts.push(table.insert(dialect, values.len()));
            }
        }
        if inserts.is_empty() {
            return Ok(());
        }
        let statement = Statement::from_sql_and_values(dialect.0, dialect.together(&inserts), values);
        connection.execute(statement).await.map_err(sort)?;
    }
}

impl Table {
    /// Writes rows.
    pub(crate) async fn write(&self, connection: &impl ConnectionTrait, rows: Vec<Row>) -> Result<(), StorageFault> {
        write_together(connection, vec![(self, rows)]).await
    }

    /// The statement that inserts the rows of a parameter.
    pub(crate) fn insert(&self, dialect: Dialect, parameter: usize) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let elements: Vec<String> =
            self.columns.iter().enumerate().map(|(index, (_, kind))| dialect.element(index, *kind)).collect();
        // `WHERE true` keeps SQLite from reading ON CONFLICT as a join.
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} WHERE true{}",
            self.name,
            names.join(", "),
            elements.join(", "),
            dialect.each_of(parameter),
            self.conflict()
        )
    }

    fn conflict(&self) -> String {
        let key = self.key.join(", ");
        let replaced = |columns: &[&str]| {
            columns.iter().map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ")
        };
        match self.on_conflict {
            OnConflict::Fail => String::new(),
            OnConflict::Keep => format!(" ON CONFLICT ({key}) DO NOTHING"),
            OnConflict::Replace(columns) => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", replaced(columns)),
            OnConflict::ReplaceOrKeep(columns, kept) => {
                let table = self.name;
                let kept: Vec<String> = kept
                    .iter()
                    .map(|column| format!("{column} = COALESCE(excluded.{column}, {table}.{column})"))
                    .collect();
                format!(" ON CONFLICT ({key}) DO UPDATE SET {}, {}", replaced(columns), kept.join(", "))
            }
        }
    }
}

/// Runs a query and reads its rows.
pub(crate) async fn query<T>(
    connection: &impl ConnectionTrait,
    statement: Statement,
    read: impl Fn(&QueryResult) -> Result<T, StorageFault>,
) -> Result<Vec<T>, StorageFault> {
    let rows = connection.query_all(statement).await.map_err(sort)?;
    rows.iter().map(read).collect()
}

/// A column of a row.
pub(crate) fn column<T: sea_orm::TryGetable>(row: &QueryResult, name: &str) -> Result<T, StorageFault> {
    row.try_get("", name).map_err(|fault| crate::fault::unreadable(name, fault))
}

/// A column that holds JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &QueryResult, name: &str) -> Result<T, StorageFault> {
    let text: String = column(row, name)?;
    serde_json::from_str(&text).map_err(|fault| crate::fault::unreadable(name, fault))
}

/// A value as JSON text for a column.
pub(crate) fn text_of(value: &impl serde::Serialize) -> Result<Json, StorageFault> {
    let text = serde_json::to_string(value).map_err(|fault| StorageFault::Data(fault.to_string()))?;
    Ok(Json::String(text))
}

/// The one word that a plain enum is stored as.
pub(crate) fn word(value: &impl serde::Serialize) -> Result<String, StorageFault> {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => Ok(word),
        other => Err(StorageFault::Data(format!("expected one word, found {other:?}"))),
    }
}

/// The enum behind a stored word.
pub(crate) fn of_word<T: serde::de::DeserializeOwned>(what: &str, word: String) -> Result<T, StorageFault> {
    serde_json::from_value(Json::String(word)).map_err(|fault| crate::fault::unreadable(what, fault))
}
