//! The schema, one file per change, forward only. Both databases run the same statements.
//!
//! - [`m0001_foundation`]: orders, stock, credit, codes, keys, jobs, catalogue, logs, tokens.
//! - [`m0002_engine`]: deadlines, purchase limits, history, alerts that are told.
//! - [`m0003_lean`]: fewer indexes and trees to write for each order.
//! - [`m0004_memo`]: what jobs remember between their tries.
//! - [`m0005_nodes`]: the nodes of a deployment and what they run.
//! - [`m0006_heard`]: what suppliers tell by themselves.
//! - [`m0007_pool`]: codes with validity and batch; orders that wait for codes.
//! - [`m0008_notes`]: what is noted beside commands; differences from channels.
//! - [`m0009_code_lookup`]: codes are found by what they say.
//! - [`m0010_uploads`]: codes that go into channels' own pools.
//! - [`m0011_returned`]: codes that came back unseen.
//! - [`m0012_refund_lines`]: what channels decided about refunds by themselves.
//!
//! Types are the three that both databases share: text, 64-bit integers, and integers as yes and no. Dates of visit
//! are `yyyy-MM-dd`, instants are milliseconds since 1970 in UTC, and what is encrypted is text.

use sea_orm_migration::prelude::*;

mod m0001_foundation;
mod m0002_engine;
mod m0003_lean;
mod m0004_memo;
mod m0005_nodes;
mod m0006_heard;
mod m0007_pool;
mod m0008_notes;
mod m0009_code_lookup;
mod m0010_uploads;
mod m0011_returned;
mod m0012_refund_lines;

/// All changes, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_foundation::Migration),
            Box::new(m0002_engine::Migration),
            Box::new(m0003_lean::Migration),
            Box::new(m0004_memo::Migration),
            Box::new(m0005_nodes::Migration),
            Box::new(m0006_heard::Migration),
            Box::new(m0007_pool::Migration),
            Box::new(m0008_notes::Migration),
            Box::new(m0009_code_lookup::Migration),
            Box::new(m0010_uploads::Migration),
            Box::new(m0011_returned::Migration),
            Box::new(m0012_refund_lines::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("schema_changes").into_iden()
    }
}

pub use sea_orm_migration::MigratorTrait as Changes;
