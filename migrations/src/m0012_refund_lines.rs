//! What channels decided about refunds by themselves, one row for each line. Amounts are in minor units.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENT: &str = "CREATE TABLE refund_lines (order_id TEXT NOT NULL REFERENCES orders (id), key TEXT NOT NULL,
    line BIGINT NOT NULL, merchant TEXT NOT NULL, refund_key TEXT, unit BIGINT, names TEXT NOT NULL,
    gives_back TEXT NOT NULL, agreed BIGINT, asked_at BIGINT, decided_at BIGINT, told_at BIGINT NOT NULL,
    applied BIGINT NOT NULL, uses BIGINT, used BIGINT, refunded BIGINT, due_minor BIGINT, back_minor BIGINT,
    kept_minor BIGINT, currencies TEXT, items TEXT, faults TEXT, secret TEXT, PRIMARY KEY (order_id, key, line))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(STATEMENT).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom("changes of the schema go forward only; restore a backup instead".to_owned()))
    }
}
