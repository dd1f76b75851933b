//! Codes with validity, batch and face value; batches; orders that wait for codes.
//!
//! An open end of validity is stored as a date that sorts where it belongs: the empty text before all, `9999-12-31`
//! after all. So one index finds what may be given on a day, in the order in which it is given.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] = &[
    "ALTER TABLE pools ADD COLUMN expiring_days BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE codes ADD COLUMN batch TEXT NOT NULL DEFAULT 'before-batches'",
    "ALTER TABLE codes ADD COLUMN valid_from TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE codes ADD COLUMN valid_to TEXT NOT NULL DEFAULT '9999-12-31'",
    "ALTER TABLE codes ADD COLUMN face_minor BIGINT",
    "ALTER TABLE codes ADD COLUMN face_currency TEXT",
    "ALTER TABLE codes ADD COLUMN given_at BIGINT",
    "ALTER TABLE codes ADD COLUMN ended_at BIGINT",
    "DROP INDEX codes_available",
    "CREATE INDEX codes_available ON codes (merchant, pool, valid_to, id) WHERE state = 'available'",
    "CREATE INDEX codes_of_batch ON codes (merchant, pool, batch, id)",
    "CREATE TABLE code_batches (merchant TEXT NOT NULL, pool TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,
        by_whom TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (merchant, pool, id))",
    // Codes that are there already are a batch, too, so that they can be paused, voided and exported.
    "INSERT INTO code_batches (merchant, pool, id, state, by_whom, at)
     SELECT DISTINCT merchant, pool, batch, 'active', '', 0 FROM codes",
    "CREATE TABLE code_waits (order_id TEXT PRIMARY KEY, merchant TEXT NOT NULL, pool TEXT NOT NULL,
        wanted BIGINT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, since BIGINT NOT NULL)",
    "CREATE INDEX code_waits_oldest ON code_waits (since, order_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom("changes of the schema go forward only; restore a backup instead".to_owned()))
    }
}
