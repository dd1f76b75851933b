//! Uploads of codes to channels' own pools, as batches load and write them, and as flows and the admin look at them.

use std::collections::BTreeMap;

use entrepot_contract::ids::{CodeId, MerchantId, PoolName, UploadId};
use entrepot_domain::change::Writes;
use entrepot_domain::code::BatchState;
use entrepot_domain::footprint::Footprint;
use entrepot_domain::state::State;
use entrepot_domain::upload::{HandOver, PartCode, Upload};
use entrepot_engine::storage::{StorageFault, UploadCode};
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

use crate::SqlStorage;
use crate::admin::Page;
use crate::codes::run;
use crate::fault::unreadable;
use crate::numbers::merchant_of;
use crate::rows::Kind::{Number, Text};
use crate::rows::{Row, column, json as json_column, of_word, query, text_of, word};
use crate::seal::Cell;

/// Loads uploads with the codes that their channels did not answer for. Their pools are locked before.
pub(crate) async fn load(
    storage: &SqlStorage,
    connection: &impl ConnectionTrait,
    merchant: &MerchantId,
    footprint: &Footprint,
    state: &mut State,
) -> Result<(), StorageFault> {
    let dialect = storage.inner.dialect;
    for id in &footprint.uploads {
        let values = || -> Vec<sea_orm::Value> { vec![id.as_str().into(), merchant.as_str().into()] };
        let sql = "SELECT body FROM uploads WHERE id = ?1 AND merchant = ?2";
        let found = query(connection, dialect.statement(sql, values()), |row| json_column::<Upload>(row, "body"));
        state.uploads.insert(id.clone(), found.await?.into_iter().next());
        let sql = "SELECT c.id, c.hand_over, COALESCE(b.state, 'active') AS state FROM codes c LEFT JOIN code_batches b
                   ON b.merchant = c.merchant AND b.pool = c.pool AND b.id = c.batch
                   WHERE c.upload = ?1 AND c.merchant = ?2 AND c.hand_over IN ('waiting', 'unclear') ORDER BY c.id";
        let part = query(connection, dialect.statement(sql, values()), |row| {
            Ok(PartCode {
                id: CodeId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("code", fault))?,
                stands: of_word::<HandOver>("hand-over", column(row, "hand_over")?)?,
                batch: of_word::<BatchState>("batch state", column(row, "state")?)?,
            })
        });
        state.upload_parts.insert(id.clone(), part.await?);
    }
    Ok(())
}

/// An upload as a row.
pub(crate) fn row(merchant: &MerchantId, upload: &Upload) -> Result<Row, StorageFault> {
    Ok(vec![
        upload.id.as_str().into(),
        merchant.as_str().into(),
        upload.pool.as_str().into(),
        word(&upload.standing)?.into(),
        text_of(upload)?.into(),
    ])
}

/// What happens to codes of uploads, for all merchants of a batch.
#[derive(Default)]
pub(crate) struct UploadChanges {
    reserved: Vec<Json>,
    /// By code: only what counts last is written, for one statement changes each row once.
    handed_over: BTreeMap<String, String>,
}

impl UploadChanges {
    pub(crate) fn extend(&mut self, writes: &Writes) -> Result<(), StorageFault> {
        for (code, upload, at) in &writes.reserved_codes {
            self.reserved.push(json!([code, upload, at.millis()]));
        }
        for (code, stands) in &writes.handed_over {
            self.handed_over.insert(code.to_string(), word(stands)?);
        }
        Ok(())
    }

    /// Before codes move: what goes back leaves its upload then.
    pub(crate) async fn write(
        self,
        storage: &SqlStorage,
        connection: &impl ConnectionTrait,
    ) -> Result<(), StorageFault> {
        let dialect = storage.inner.dialect;
        let wanted = u64::try_from(self.reserved.len()).unwrap_or(u64::MAX);
        let sql = format!(
            "UPDATE codes SET state = 'reserved', hand_over = 'waiting', upload = {}, given_at = {} FROM {}
             WHERE codes.id = {} AND codes.state IN ('available', 'returned')",
            dialect.element(1, Text),
            dialect.element(2, Number),
            dialect.each(),
            dialect.element(0, Text),
        );
        let reserved = run(storage, connection, &sql, self.reserved).await?;
        if reserved != wanted {
            return Err(StorageFault::Conflict(format!("{reserved} of {wanted} codes were free")));
        }
        let sql = format!(
            "UPDATE codes SET hand_over = {} FROM {} WHERE codes.id = {} AND codes.state = 'reserved'",
            dialect.element(1, Text),
            dialect.each(),
            dialect.element(0, Text),
        );
        let handed_over = self.handed_over.iter().map(|(code, stands)| json!([code, stands])).collect();
        run(storage, connection, &sql, handed_over).await.map(drop)
    }
}

impl SqlStorage {
    /// Uploads that are under way, the oldest first.
    pub(crate) async fn all_going_uploads(&self) -> Result<Vec<(MerchantId, Upload)>, StorageFault> {
        let sql = "SELECT merchant, body FROM uploads WHERE standing = 'going' ORDER BY id";
        self.ask(sql, Vec::new(), |row| Ok((merchant_of(row)?, json_column(row, "body")?))).await
    }

    /// The codes that the channel of an upload did not answer for.
    pub(crate) async fn codes_of_upload(
        &self,
        merchant: &MerchantId,
        upload: &UploadId,
    ) -> Result<Vec<UploadCode>, StorageFault> {
        let sql = "SELECT id, hand_over, credentials FROM codes WHERE upload = ?1 AND merchant = ?2
                   AND hand_over IN ('waiting', 'unclear') ORDER BY id";
        self.ask(sql, vec![upload.as_str().into(), merchant.as_str().into()], |row| {
            let id = CodeId::parse(column::<String>(row, "id")?).map_err(|fault| unreadable("code", fault))?;
            let cell = Cell { table: "codes", column: "credentials", row: id.as_str() };
            let plain = self.inner.keys.open(merchant.as_str(), cell, &column::<String>(row, "credentials")?)?;
            Ok(UploadCode {
                stands: of_word::<HandOver>("hand-over", column(row, "hand_over")?)?,
                credentials: serde_json::from_str(&plain).map_err(|_| unreadable("code", "its form is another"))?,
                id,
            })
        })
        .await
    }

    /// A pool's uploads, the newest first.
    pub async fn list_uploads(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        page: &Page,
    ) -> Result<Vec<Upload>, StorageFault> {
        let sql = "SELECT body FROM uploads WHERE merchant = ?1 AND pool = ?2 AND (?3 = '' OR id < ?3)
                   ORDER BY id DESC LIMIT ?4";
        let values = vec![merchant.as_str().into(), pool.as_str().into(), page.after(), page.limit()];
        self.ask(sql, values, |row| json_column(row, "body")).await
    }

    /// One upload of a pool.
    pub async fn upload(
        &self,
        merchant: &MerchantId,
        pool: &PoolName,
        upload: &UploadId,
    ) -> Result<Option<Upload>, StorageFault> {
        let sql = "SELECT body FROM uploads WHERE merchant = ?1 AND pool = ?2 AND id = ?3";
        let values = vec![merchant.as_str().into(), pool.as_str().into(), upload.as_str().into()];
        Ok(self.ask(sql, values, |row| json_column(row, "body")).await?.into_iter().next())
    }
}
