//! What is noted beside commands, and the differences that comparing with channels finds.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] = &[
    "CREATE TABLE notes (scope TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
        at BIGINT NOT NULL, PRIMARY KEY (scope, kind, subject))",
    "CREATE TABLE differences (merchant TEXT NOT NULL, connection TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
        subject TEXT NOT NULL, body TEXT NOT NULL, found_at BIGINT NOT NULL, seen_at BIGINT NOT NULL,
        settled_at BIGINT, settled_by TEXT, PRIMARY KEY (merchant, connection, day, kind, subject))",
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
