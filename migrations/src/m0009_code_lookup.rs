//! Codes are found by the digest of what they say. It is keyed per merchant and finds a code alone: with the merchant
//! before it, a plan made for an empty table may read all codes of a merchant for each digest it looks for.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] =
    &["DROP INDEX codes_once", "CREATE UNIQUE INDEX codes_once ON codes (code_index, merchant)"];

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
