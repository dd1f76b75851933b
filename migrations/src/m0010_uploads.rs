//! Codes that go into pools which channels keep themselves.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] = &[
    "ALTER TABLE codes ADD COLUMN upload TEXT",
    "ALTER TABLE codes ADD COLUMN hand_over TEXT",
    "CREATE INDEX codes_of_upload ON codes (upload, id) WHERE upload IS NOT NULL",
    "CREATE TABLE uploads (id TEXT PRIMARY KEY, merchant TEXT NOT NULL, pool TEXT NOT NULL, standing TEXT NOT NULL,
        body TEXT NOT NULL)",
    "CREATE INDEX uploads_of_pool ON uploads (merchant, pool, id)",
    "CREATE INDEX uploads_going ON uploads (id) WHERE standing = 'going'",
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
