//! Pools, pragmas, time limits, migrations.

use std::sync::Arc;
use std::time::Duration;

use entrepot_engine::storage::StorageFault;
use entrepot_migrations::{Changes, Migrator};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};

use crate::fault::sort;
use crate::rows::{Dialect, column, query};
use crate::seal::GuestKeys;

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite://path` or `postgres://…`; may hold a password and is never printed.
    pub url: String,
    /// Writers on PostgreSQL; SQLite has one.
    pub lanes: usize,
    /// Connections for reading.
    pub readers: u32,
    /// How long a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Keys for guests' data.
    pub keys: GuestKeys,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFault {
    /// It is neither of the two.
    #[error("the database URL begins with {0:?}; expected sqlite:// or postgres://")]
    Scheme(String),
    /// It does not answer, or refuses.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The schema cannot be brought up to date.
    #[error("the schema cannot be changed: {0}")]
    Schema(String),
}

/// Makes an empty database on a PostgreSQL server, for a test or a trial of its own; gives its URL. `server` names any
/// database there, `name` is made of small letters, digits and `_`.
pub async fn create_database(server: &str, name: &str) -> Result<String, ConnectFault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
        return Err(ConnectFault::Schema(format!("{name:?} cannot name a database")));
    }
    let unreachable = |fault: DbErr| ConnectFault::Unreachable(fault.to_string());
    let connection = Database::connect(server.to_owned()).await.map_err(unreachable)?;
    let made = connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
    let _ = connection.close().await;
    made.map_err(|fault| ConnectFault::Schema(fault.to_string()))?;
    let (base, query) = server.split_once('?').map_or((server, None), |(base, query)| (base, Some(query)));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    Ok(query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}")))
}

/// The engine's storage in SQL.
#[derive(Clone)]
pub struct SqlStorage {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// SQLite's one writer; on PostgreSQL what is written beside batches.
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    pub(crate) dialect: Dialect,
    pub(crate) keys: GuestKeys,
    lanes: usize,
    lane_options: Option<ConnectOptions>,
}

impl SqlStorage {
    /// Connects. Does not change the schema.
    pub async fn connect(options: Options) -> Result<Self, ConnectFault> {
        let unreachable = |fault: DbErr| ConnectFault::Unreachable(fault.to_string());
        let scheme = options.url.split(':').next().unwrap_or_default().to_owned();
        let timeout = Duration::from_millis(options.connect_timeout_ms.max(100));
        let (writer, reader, lane_options) = match scheme.as_str() {
            "sqlite" => {
                let writer = Database::connect(sqlite(&options.url, 1, timeout, false)).await.map_err(unreachable)?;
                let readers = sqlite(&options.url, options.readers.max(1), timeout, true);
                (writer, Database::connect(readers).await.map_err(unreachable)?, None)
            }
            "postgres" | "postgresql" => {
                let pool = postgres(&options.url, options.readers.max(2), timeout, "5s");
                let pool = Database::connect(pool).await.map_err(unreachable)?;
                (pool.clone(), pool, Some(postgres(&options.url, 1, timeout, "1500ms")))
            }
            other => return Err(ConnectFault::Scheme(other.to_owned())),
        };
        let dialect = Dialect(writer.get_database_backend());
        let lanes = if lane_options.is_some() { options.lanes.max(1) } else { 1 };
        Ok(Self { inner: Arc::new(Inner { writer, reader, dialect, keys: options.keys, lanes, lane_options }) })
    }

    /// Brings the schema up to date; how many changes were made.
    pub async fn migrate(&self) -> Result<usize, ConnectFault> {
        let schema = |fault: DbErr| ConnectFault::Schema(fault.to_string());
        let pending = Migrator::get_pending_migrations(&self.inner.writer).await.map_err(schema)?.len();
        if pending > 0 {
            Migrator::up(&self.inner.writer, None).await.map_err(schema)?;
        }
        Ok(pending)
    }

    /// How many changes the schema lacks; all of them on an empty database.
    pub async fn pending(&self) -> Result<usize, ConnectFault> {
        let schema = |fault: DbErr| ConnectFault::Schema(fault.to_string());
        Ok(Migrator::get_pending_migrations(&self.inner.writer).await.map_err(schema)?.len())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageFault> {
        self.inner.reader.ping().await.map_err(sort)
    }

    /// What the database promises about a crash, as the writer's own connection reads it back; for people.
    pub async fn durability(&self) -> Result<String, StorageFault> {
        let names: &[&str] = match self.inner.dialect.0 {
            sea_orm::DatabaseBackend::Postgres => &["fsync", "synchronous_commit", "full_page_writes"],
            _ => &["journal_mode", "synchronous"],
        };
        let mut told = Vec::new();
        for name in names {
            let value = match self.inner.dialect.0 {
                sea_orm::DatabaseBackend::Postgres => {
                    let statement = self.inner.dialect.statement(&format!("SHOW {name}"), Vec::new());
                    query(&self.inner.writer, statement, |row| column::<String>(row, name)).await?
                }
                _ => {
                    let sql = format!("SELECT CAST({name} AS TEXT) AS {name} FROM pragma_{name}");
                    let statement = self.inner.dialect.statement(&sql, Vec::new());
                    query(&self.inner.writer, statement, |row| column::<String>(row, name)).await?
                }
            };
            told.push(format!("{name} {}", value.concat()));
        }
        Ok(told.join(", "))
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.inner.dialect.0 {
            sea_orm::DatabaseBackend::Postgres => "postgres",
            _ => "sqlite",
        }
    }

    /// Closes all connections; SQLite writes its log back into the file.
    pub async fn close(&self) {
        for pool in [self.inner.reader.clone(), self.inner.writer.clone()] {
            let _ = pool.close().await;
        }
    }
}

impl Inner {
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// A connection of a lane's own, or the one writer.
    pub(crate) async fn lane_connection(&self) -> Result<DatabaseConnection, StorageFault> {
        match &self.lane_options {
            None => Ok(self.writer.clone()),
            Some(options) => Database::connect(options.clone()).await.map_err(sort),
        }
    }
}

fn common(url: &str, connections: u32, timeout: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .connect_timeout(timeout)
        .acquire_timeout(timeout)
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

fn sqlite(url: &str, connections: u32, timeout: Duration, reading: bool) -> ConnectOptions {
    let mut options = common(url, connections, timeout);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(!reading)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // Each table is written in statements of several sizes, and all of them stay prepared.
            .statement_cache_capacity(400)
            .pragma("cache_size", "-16000")
            // Pages that every batch touches go back into the file once in a while, not every few batches: 32 MB.
            .pragma("wal_autocheckpoint", "8000")
            .pragma("query_only", if reading { "ON" } else { "OFF" })
    });
    options
}

/// The time limits keep one cut-off node from stopping all others. Rows are found by their keys: statements stay
/// prepared while tables grow from nothing, and a plan that was right for an empty table (read all of it, hash it) must
/// not be kept for one that has a million rows.
fn postgres(url: &str, connections: u32, timeout: Duration, statement_timeout: &'static str) -> ConnectOptions {
    let mut options = common(url, connections, timeout);
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres.application_name("entrepot").options([
            ("lock_timeout", "500ms"),
            ("statement_timeout", statement_timeout),
            ("idle_in_transaction_session_timeout", "2s"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
        ])
    });
    options
}
