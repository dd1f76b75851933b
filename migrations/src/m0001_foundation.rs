//! The first schema.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Statements for both databases. `{serial}` is a counting primary key.
const STATEMENTS: &[&str] = &[
    // The row that a batch writes first on SQLite, so that it holds the write lock before it reads anything.
    "CREATE TABLE writer (id BIGINT PRIMARY KEY, batches BIGINT NOT NULL)",
    "INSERT INTO writer (id, batches) VALUES (1, 0)",
    // Catalogue.
    "CREATE TABLE catalogues (merchant TEXT PRIMARY KEY, revision BIGINT NOT NULL)",
    "CREATE TABLE catalogue_entries (merchant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (merchant, kind, id))",
    "CREATE TABLE calendar_days (merchant TEXT NOT NULL, sku TEXT NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (merchant, sku, date))",
    // Numbers. The checks are the last guard: no statement of ours should ever meet them.
    "CREATE TABLE stock (merchant TEXT NOT NULL, bucket TEXT NOT NULL, date TEXT NOT NULL, slot TEXT NOT NULL,
        capacity BIGINT, held BIGINT NOT NULL CHECK (held >= 0), sold BIGINT NOT NULL CHECK (sold >= 0),
        PRIMARY KEY (merchant, bucket, date, slot), CHECK (capacity IS NULL OR held + sold <= capacity))",
    "CREATE TABLE accounts (merchant TEXT NOT NULL, distributor TEXT NOT NULL, currency TEXT NOT NULL,
        limit_minor BIGINT NOT NULL CHECK (limit_minor >= 0), balance_minor BIGINT NOT NULL,
        held_minor BIGINT NOT NULL CHECK (held_minor >= 0), sequence BIGINT NOT NULL,
        PRIMARY KEY (merchant, distributor))",
    "CREATE TABLE postings (merchant TEXT NOT NULL, distributor TEXT NOT NULL, sequence BIGINT NOT NULL,
        kind TEXT NOT NULL, from_book TEXT NOT NULL, to_book TEXT NOT NULL,
        amount_minor BIGINT NOT NULL CHECK (amount_minor > 0), balance_after_minor BIGINT NOT NULL,
        held_after_minor BIGINT NOT NULL, order_id TEXT, refund_id TEXT, at BIGINT NOT NULL, by_whom TEXT NOT NULL,
        note TEXT, PRIMARY KEY (merchant, distributor, sequence))",
    "CREATE INDEX postings_order ON postings (merchant, order_id)",
    // Orders. A channel's order number has a row of its own, because absence cannot be locked.
    "CREATE TABLE channel_refs (application TEXT NOT NULL, channel_order TEXT NOT NULL, merchant TEXT, order_id TEXT,
        connection TEXT, facts TEXT, PRIMARY KEY (application, channel_order))",
    "CREATE TABLE orders (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, family TEXT NOT NULL, connection TEXT NOT NULL,
        channel_order TEXT NOT NULL, state TEXT NOT NULL, product TEXT NOT NULL, sku TEXT NOT NULL, arrive TEXT,
        created_at BIGINT NOT NULL, hold_until BIGINT, body TEXT NOT NULL, guests TEXT, credentials TEXT)",
    "CREATE INDEX orders_of_merchant ON orders (merchant, id)",
    "CREATE INDEX orders_of_family ON orders (family)",
    "CREATE INDEX orders_by_channel_order ON orders (merchant, channel_order)",
    "CREATE INDEX orders_held ON orders (hold_until) WHERE hold_until IS NOT NULL",
    "CREATE TABLE refunds (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, order_id TEXT NOT NULL REFERENCES orders (id),
        state TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX refunds_of_order ON refunds (order_id)",
    "CREATE INDEX refunds_of_merchant ON refunds (merchant, state, id)",
    "CREATE TABLE events (seq {serial}, merchant TEXT NOT NULL, order_id TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX events_of_order ON events (merchant, order_id)",
    "CREATE TABLE unit_codes (merchant TEXT NOT NULL, code_index TEXT NOT NULL, order_id TEXT NOT NULL,
        unit BIGINT NOT NULL, PRIMARY KEY (merchant, code_index, order_id, unit))",
    // Pools of codes.
    "CREATE TABLE pools (merchant TEXT NOT NULL, name TEXT NOT NULL, available BIGINT NOT NULL CHECK (available >= 0),
        threshold BIGINT NOT NULL, PRIMARY KEY (merchant, name))",
    "CREATE TABLE codes (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, pool TEXT NOT NULL, code_index TEXT NOT NULL,
        credentials TEXT NOT NULL, state TEXT NOT NULL, order_id TEXT, unit BIGINT)",
    "CREATE UNIQUE INDEX codes_once ON codes (merchant, code_index)",
    "CREATE INDEX codes_available ON codes (merchant, pool, id) WHERE state = 'available'",
    "CREATE INDEX codes_of_order ON codes (order_id) WHERE order_id IS NOT NULL",
    // Keys, jobs, alerts.
    "CREATE TABLE command_keys (merchant TEXT NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
        fingerprint TEXT NOT NULL, answer TEXT NOT NULL, at BIGINT NOT NULL,
        PRIMARY KEY (merchant, scope, kind, key))",
    "CREATE TABLE jobs (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, order_id TEXT NOT NULL, connection TEXT NOT NULL,
        kind TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, after_job TEXT, attempts BIGINT NOT NULL,
        due_at BIGINT NOT NULL, lease_node TEXT, lease_token BIGINT NOT NULL, lease_until BIGINT NOT NULL,
        note TEXT NOT NULL, created_at BIGINT NOT NULL, started BIGINT NOT NULL)",
    "CREATE INDEX jobs_after ON jobs (after_job) WHERE after_job IS NOT NULL",
    "CREATE INDEX jobs_open ON jobs (due_at) WHERE state IN ('ready', 'started')",
    "CREATE INDEX jobs_of_order ON jobs (order_id, connection)",
    "CREATE INDEX jobs_of_merchant ON jobs (merchant, state, id)",
    "CREATE TABLE alerts (merchant TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
        first_at BIGINT NOT NULL, last_at BIGINT NOT NULL, times BIGINT NOT NULL, resolved_at BIGINT,
        PRIMARY KEY (merchant, kind, subject))",
    // What is beside the business: connections, logs, tokens, cache.
    "CREATE TABLE connections (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, plugin TEXT NOT NULL,
        external TEXT NOT NULL, switch TEXT NOT NULL)",
    "CREATE TABLE interface_log (seq {serial}, at BIGINT NOT NULL, merchant TEXT, application TEXT NOT NULL,
        order_ref TEXT, body TEXT NOT NULL)",
    "CREATE INDEX interface_log_of_order ON interface_log (order_ref)",
    "CREATE INDEX interface_log_at ON interface_log (at)",
    "CREATE TABLE audit_log (seq {serial}, at BIGINT NOT NULL, by_whom TEXT NOT NULL, merchant TEXT, act TEXT NOT NULL,
        subject TEXT NOT NULL, detail TEXT NOT NULL)",
    "CREATE TABLE api_tokens (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, merchant TEXT, gate TEXT,
        hash TEXT NOT NULL, created_at BIGINT NOT NULL, revoked_at BIGINT)",
    "CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash)",
    "CREATE TABLE cache (application TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, stamp BIGINT NOT NULL,
        expires_at BIGINT NOT NULL, PRIMARY KEY (application, key))",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let serial = match manager.get_database_backend() {
            DatabaseBackend::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            _ => "INTEGER PRIMARY KEY",
        };
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(&statement.replace("{serial}", serial)).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom("changes of the schema go forward only; restore a backup instead".to_owned()))
    }
}
