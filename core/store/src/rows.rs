//! Many rows in few statements whose shapes never change, so that they stay prepared. PostgreSQL takes a column at a
//! time as one array; SQLite takes rows, in shapes of 1, 2, 4, … of them that are filled up. What only looks something
//! up travels as one JSON parameter, which both take apart by themselves.

use sea_orm::sea_query::ArrayType;
use sea_orm::{ConnectionTrait, DatabaseBackend, QueryResult, Statement, Value};
use serde_json::Value as Json;

use crate::fault::sort;
use entrepot_engine::storage::StorageFault;

/// Most rows of one statement on PostgreSQL; more become several.
const CHUNK_ROWS: usize = 1000;

/// The same on SQLite, a power of two: columns times rows stay far below its limit of parameters.
const LARGEST_SHAPE: usize = 64;

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, never empty of meaning: an empty text is a text.
    Text,
    /// Text or nothing; never an empty text.
    Optional,
    /// A 64-bit integer or nothing.
    Number,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    /// Nothing.
    Null,
    /// A text.
    Text(String),
    /// An integer.
    Number(i64),
}

impl Field {
    /// As one element of a column's array, where an empty text stands for nothing.
    fn element(self) -> Value {
        let text = match self {
            Self::Null => String::new(),
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        };
        text.into()
    }

    /// As a parameter.
    fn parameter(self) -> Value {
        match self {
            Self::Null => Value::String(None),
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
        }
    }

    /// As an element of a JSON parameter.
    fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::Number(number) => (*number).into(),
        }
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Field {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Field {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Field {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl<T: Into<Field>> From<Option<T>> for Field {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
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
pub(crate) type Row = Vec<Field>;

/// Rows as one JSON parameter.
pub(crate) fn json_rows(rows: &[Row]) -> Value {
    Json::Array(rows.iter().map(|row| Json::Array(row.iter().map(Field::json).collect())).collect()).to_string().into()
}

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
            (true, Kind::Text | Kind::Optional) => format!("(j.value->>{index})"),
            (true, Kind::Number) => format!("(j.value->>{index})::bigint"),
            (false, _) => format!("(j.value->>{index})"),
        }
    }

    /// The texts of the first parameter, for `IN (…)`.
    pub(crate) fn texts(self) -> &'static str {
        if self.postgres() { "SELECT jsonb_array_elements_text($1::jsonb)" } else { "SELECT value FROM json_each(?1)" }
    }

    /// The rows of `table`, named `found`, whose `column` is a text of the first parameter. An index has to begin with
    /// that column. Plans are made while tables are empty, where every way costs the same: so the texts come first,
    /// and nothing but the column is there to find a row by. Otherwise each text is compared with each row of a table
    /// that grew meanwhile.
    pub(crate) fn found_by_each(self, table: &str, column: &str) -> String {
        if self.postgres() {
            format!(
                "jsonb_array_elements_text($1::jsonb) AS j(value)
                 CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {column} = j.value OFFSET 0) AS found"
            )
        } else {
            format!("json_each(?1) AS j CROSS JOIN {table} AS found ON found.{column} = j.value")
        }
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
    for statement in statements(Dialect(connection.get_database_backend()), tables) {
        connection.execute(statement).await.map_err(sort)?;
    }
    Ok(())
}

/// The same as statements; mostly one.
pub(crate) fn statements(dialect: Dialect, tables: Vec<(&Table, Vec<Row>)>) -> Vec<Statement> {
    let postgres = dialect.postgres();
    let mut tables: Vec<_> = tables.into_iter().map(|(table, rows)| (table, rows.into_iter())).collect();
    let mut statements = Vec::new();
    loop {
        let (mut inserts, mut values): (Vec<String>, Vec<Value>) = Default::default();
        for (table, rows) in &mut tables {
            if rows.len() == 0 {
                continue;
            }
            if postgres {
                inserts.push(table.insert_columns(values.len() + 1));
                values.extend(table.columns_of(rows.take(CHUNK_ROWS)));
            } else {
                let shape = rows.len().min(LARGEST_SHAPE).next_power_of_two();
                inserts.push(table.insert_rows(shape));
                values.extend(table.filled(rows.take(shape), shape));
            }
        }
        if inserts.is_empty() {
            return statements;
        }
        let sql = if postgres { together(&inserts) } else { inserts.join("; ") };
        statements.push(Statement::from_sql_and_values(dialect.0, sql, values));
    }
}

/// Several inserts as one statement: PostgreSQL knows inserts beside an insert.
fn together(inserts: &[String]) -> String {
    match inserts.split_last() {
        Some((last, earlier)) if !earlier.is_empty() => {
            let beside = earlier.iter().enumerate().map(|(place, insert)| format!("w{place} AS ({insert})"));
            format!("WITH {} {last}", beside.collect::<Vec<_>>().join(", "))
        }
        _ => inserts.concat(),
    }
}

impl Table {
    /// Writes rows.
    pub(crate) async fn write(&self, connection: &impl ConnectionTrait, rows: Vec<Row>) -> Result<(), StorageFault> {
        write_together(connection, vec![(self, rows)]).await
    }

    /// Rows as parameters, up to a shape: what is missing is filled with nothing.
    fn filled(&self, rows: impl Iterator<Item = Row>, shape: usize) -> Vec<Value> {
        let mut values: Vec<Value> = rows.flatten().map(Field::parameter).collect();
        values.resize(shape * self.columns.len(), Field::Null.parameter());
        values
    }

    /// Rows as one array for each column.
    fn columns_of(&self, rows: impl Iterator<Item = Row>) -> impl Iterator<Item = Value> {
        let mut columns: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::new()).collect();
        for row in rows {
            for (column, field) in columns.iter_mut().zip(row) {
                column.push(field.element());
            }
        }
        columns.into_iter().map(|column| Value::Array(ArrayType::String, Some(Box::new(column))))
    }

    /// PostgreSQL's insert of the columns that travel as parameters from `first` on.
    fn insert_columns(&self, first: usize) -> String {
        let arrays: Vec<String> =
            (first..first + self.columns.len()).map(|place| format!("${place}::text[]")).collect();
        let names: Vec<String> = (0..self.columns.len()).map(|index| format!("c{index}")).collect();
        let values: Vec<String> = self
            .columns
            .iter()
            .zip(&names)
            .map(|((_, kind), name)| match kind {
                Kind::Text => name.clone(),
                Kind::Optional => format!("NULLIF({name}, '')"),
                Kind::Number => format!("NULLIF({name}, '')::bigint"),
            })
            .collect();
        format!(
            "{} SELECT {} FROM unnest({}) AS j({}){}",
            self.insert_into(),
            values.join(", "),
            arrays.join(", "),
            names.join(", "),
            self.conflict()
        )
    }

    /// SQLite's insert of up to that many rows; those without a first column are only there to fill the shape.
    fn insert_rows(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        format!(
            "{} SELECT * FROM (VALUES {}) WHERE column1 IS NOT NULL{}",
            self.insert_into(),
            vec![row; rows].join(", "),
            self.conflict()
        )
    }

    fn insert_into(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        format!("INSERT INTO {} ({})", self.name, names.join(", "))
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
pub(crate) fn text_of(value: &impl serde::Serialize) -> Result<String, StorageFault> {
    serde_json::to_string(value).map_err(|fault| StorageFault::Data(fault.to_string()))
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
