//! Fewer things to write for each order: no index beside one that answers the same question, and on SQLite no second
//! tree for tables that are only ever found by their key.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// Tables that are made anew, with their columns and keys. A channel's order number comes first in its key, so that
/// it is found without its application, too.
const TABLES: &[(&str, &str, &[&str])] = &[
    (
        "channel_refs",
        "application TEXT NOT NULL, channel_order TEXT NOT NULL, merchant TEXT, order_id TEXT, connection TEXT,
         facts TEXT, PRIMARY KEY (channel_order, application)",
        &[],
    ),
    (
        "unit_codes",
        "merchant TEXT NOT NULL, code_index TEXT NOT NULL, order_id TEXT NOT NULL, unit BIGINT NOT NULL,
         PRIMARY KEY (merchant, code_index, order_id, unit)",
        &[],
    ),
    (
        "command_keys",
        "merchant TEXT NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL,
         answer TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (merchant, scope, kind, key)",
        &[],
    ),
    (
        "stock",
        "merchant TEXT NOT NULL, bucket TEXT NOT NULL, date TEXT NOT NULL, slot TEXT NOT NULL, capacity BIGINT,
         held BIGINT NOT NULL CHECK (held >= 0), sold BIGINT NOT NULL CHECK (sold >= 0),
         PRIMARY KEY (merchant, bucket, date, slot), CHECK (capacity IS NULL OR held + sold <= capacity)",
        &[],
    ),
    (
        "accounts",
        "merchant TEXT NOT NULL, distributor TEXT NOT NULL, currency TEXT NOT NULL,
         limit_minor BIGINT NOT NULL CHECK (limit_minor >= 0), balance_minor BIGINT NOT NULL,
         held_minor BIGINT NOT NULL CHECK (held_minor >= 0), sequence BIGINT NOT NULL,
         PRIMARY KEY (merchant, distributor)",
        &[],
    ),
    (
        "postings",
        "merchant TEXT NOT NULL, distributor TEXT NOT NULL, sequence BIGINT NOT NULL, kind TEXT NOT NULL,
         from_book TEXT NOT NULL, to_book TEXT NOT NULL, amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
         balance_after_minor BIGINT NOT NULL, held_after_minor BIGINT NOT NULL, order_id TEXT, refund_id TEXT,
         at BIGINT NOT NULL, by_whom TEXT NOT NULL, note TEXT, PRIMARY KEY (merchant, distributor, sequence)",
        &["CREATE INDEX postings_order ON postings (merchant, order_id)"],
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX orders_by_channel_order").await?;
        if manager.get_database_backend() == DatabaseBackend::Postgres {
            for statement in [
                "ALTER TABLE channel_refs DROP CONSTRAINT channel_refs_pkey",
                "ALTER TABLE channel_refs ADD PRIMARY KEY (channel_order, application)",
            ] {
                connection.execute_unprepared(statement).await?;
            }
            return Ok(());
        }
        for (table, columns, indexes) in TABLES {
            connection.execute_unprepared(&format!("ALTER TABLE {table} RENAME TO former_{table}")).await?;
            connection.execute_unprepared(&format!("CREATE TABLE {table} ({columns}) WITHOUT ROWID")).await?;
            // The columns stand in the order they had.
            connection.execute_unprepared(&format!("INSERT INTO {table} SELECT * FROM former_{table}")).await?;
            connection.execute_unprepared(&format!("DROP TABLE former_{table}")).await?;
            for index in *indexes {
                connection.execute_unprepared(index).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom("changes of the schema go forward only; restore a backup instead".to_owned()))
    }
}
