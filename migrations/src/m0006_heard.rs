//! What suppliers tell by themselves: a job remembers it until it was looked at, and an order is found by what its
//! supplier calls it.

use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

const STATEMENTS: &[&str] = &[
    "ALTER TABLE jobs ADD COLUMN heard TEXT",
    "ALTER TABLE orders ADD COLUMN supplier_reference TEXT",
    "CREATE INDEX orders_by_supplier_reference ON orders (supplier_reference) WHERE supplier_reference IS NOT NULL",
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
