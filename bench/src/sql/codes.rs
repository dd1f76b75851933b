//! The baseline of an import: the rows as they come, an INSERT each, 500 in a transaction. Nothing is read, mended,
//! checked or sealed, all in its favour.

use sea_orm::{ConnectionTrait, TransactionTrait};
use sha2::{Digest, Sha256};

use super::{Sql, fault};
use crate::Result;

/// As long as what the store seals of a code without a password.
const SEALED_CREDENTIALS: usize = 182;
/// Rows of one transaction, as the import has them.
const CHUNK: u32 = 500;

impl Sql {
    /// Adds that many codes to a pool.
    pub async fn plain_codes(&self, merchant: &str, pool: &str, count: u32) -> Result<()> {
        let sql = "INSERT INTO codes (id, merchant, pool, code_index, credentials, state, batch, valid_from, valid_to)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'available', 'plain', '', '9999-12-31')";
        let sealed = "x".repeat(SEALED_CREDENTIALS);
        let mut begin = 0;
        while begin < count {
            let end = (begin + CHUNK).min(count);
            let all = self.connection.begin().await.map_err(fault("begin"))?;
            for number in begin..end {
                let index: String =
                    Sha256::digest(number.to_be_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
                let id = format!("PLAIN{number:021}");
                let values = vec![id.into(), merchant.into(), pool.into(), index.into(), sealed.as_str().into()];
                all.execute(self.statement(sql, values)).await.map_err(fault("inserting a code"))?;
            }
            all.commit().await.map_err(fault("commit"))?;
            begin = end;
        }
        Ok(())
    }

    /// Codes of a pool.
    pub async fn codes_of(&self, pool: &str) -> Result<i64> {
        self.number(&format!("SELECT COUNT(*) FROM codes WHERE pool = '{pool}'")).await
    }
}
