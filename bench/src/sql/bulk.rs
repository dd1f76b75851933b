//! Orders that stand in the database already: written by the database itself, with as many rows and bytes as real ones.

use sea_orm::{ConnectionTrait, DatabaseBackend};

use super::{Sql, fault};
use crate::Result;
use crate::shop::Offer;

/// Rows of one statement.
const CHUNK: u64 = 50_000;

impl Sql {
    /// Adds orders with the numbers `from` to `to`, the last one left out.
    pub async fn load_orders(&self, offer: &Offer, from: u64, to: u64) -> Result<()> {
        let mut begin = from;
        while begin < to {
            let end = (begin + CHUNK).min(to);
            for statement in self.load_statements(offer, begin, end) {
                self.connection.execute_unprepared(&statement).await.map_err(fault("loading orders"))?;
            }
            begin = end;
        }
        // As the database would do by itself in time.
        let tidy = if self.kind == DatabaseBackend::Postgres { "VACUUM ANALYZE" } else { "PRAGMA wal_checkpoint" };
        self.connection.execute_unprepared(tidy).await.map_err(fault(tidy))?;
        Ok(())
    }

    fn load_statements(&self, offer: &Offer, begin: u64, end: u64) -> Vec<String> {
        let (merchant, connection) = (&offer.merchant, &offer.connection);
        let last = end - 1;
        let (rows, chance) = if self.kind == DatabaseBackend::Postgres {
            (format!("generate_series({begin}, {last}) AS n(i)"), "md5(i::text)")
        } else {
            let counted = format!(
                "(WITH RECURSIVE c(i) AS (SELECT {begin} UNION ALL SELECT i + 1 FROM c WHERE i < {last}) \
                 SELECT i FROM c) AS n"
            );
            (counted, "lower(hex(randomblob(11)))")
        };
        let body = "b".repeat(1_250);
        let sealed = "x".repeat(200);
        // Both sort before what is sold afterwards, as older orders do.
        let id = "'T0' || CAST(i AS TEXT) || 'ABCDEFGHIJKLMNOP'";
        let number = "'70000000000' || CAST(i AS TEXT)";
        vec![
            format!(
                "INSERT INTO orders (id, merchant, family, connection, channel_order, state, product, sku, arrive,
                    created_at, body, guests, credentials)
                 SELECT {id}, '{merchant}', {id}, '{connection}', {number}, 'issued', '{}', '{}', '{}', i, '{body}',
                    '{sealed}', '{sealed}' FROM {rows}",
                offer.product, offer.sku, offer.date
            ),
            format!(
                "INSERT INTO channel_refs (application, channel_order, merchant, order_id, connection)
                 SELECT '{}', {number}, '{merchant}', {id}, '{connection}' FROM {rows}",
                offer.application
            ),
            format!(
                "INSERT INTO command_keys (merchant, scope, kind, key, fingerprint, answer, at)
                 SELECT '{merchant}', '{connection}', 'create_order', {number}, '0123456789abcdef0123456789abcdef',
                    '{}', i FROM {rows}",
                "a".repeat(90)
            ),
            format!(
                "INSERT INTO unit_codes (merchant, code_index, order_id, unit)
                 SELECT '{merchant}', {chance}, {id}, 1 FROM {rows}"
            ),
            format!(
                "INSERT INTO events (merchant, order_id, body) SELECT '{merchant}', {id}, '{}' FROM {rows}",
                "e".repeat(500)
            ),
            // Of a distributor without an account: the balances of the others stay what they are.
            format!(
                "INSERT INTO postings (merchant, distributor, sequence, kind, from_book, to_book, amount_minor,
                    balance_after_minor, held_after_minor, order_id, at, by_whom)
                 SELECT '{merchant}', 'earlier', i + 1, 'sale', 'balance', 'sales', 8000, 0, 0, {id}, i, 'channel'
                 FROM {rows}"
            ),
        ]
    }
}
