//! The nodes of a deployment: which configuration each one runs, and what it sees failing. And connections that
//! configuration names no more.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] = &[
    "CREATE TABLE nodes (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, failing TEXT NOT NULL, seen_at BIGINT NOT NULL)",
    "ALTER TABLE connections ADD COLUMN removed_at BIGINT",
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
