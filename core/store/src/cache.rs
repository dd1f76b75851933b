//! The plugins' shared cache: one refresher for each application in the whole deployment. Values are sealed.

use std::sync::Arc;

use entrepot_contract::ids::ApplicationId;
use entrepot_contract::services::Cached;
use entrepot_contract::time::Clock;
use entrepot_engine::storage::StorageFault;

use crate::SqlStorage;
use crate::rows::{column, query};
use crate::seal::Cell;

/// The shared cache in the database.
pub struct StoredCache {
    storage: SqlStorage,
    clock: Arc<dyn Clock>,
}

impl StoredCache {
    /// A cache in this database; values end by this clock.
    #[must_use]
    pub fn new(storage: SqlStorage, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// A value that has not ended.
    pub async fn read(&self, application: &ApplicationId, key: &str) -> Result<Option<Cached>, StorageFault> {
        let sql = "SELECT value, stamp FROM cache WHERE application = ?1 AND key = ?2 AND expires_at > ?3";
        let values = vec![application.as_str().into(), key.into(), self.clock.now().millis().into()];
        let statement = self.storage.inner.dialect.statement(sql, values);
        let found: Vec<(String, i64)> =
            query(&self.storage.inner.reader, statement, |row| Ok((column(row, "value")?, column(row, "stamp")?)))
                .await?;
        let Some((sealed, stamp)) = found.into_iter().next() else { return Ok(None) };
        let cell = Cell { table: "cache", column: "value", row: key };
        let value = self.storage.inner.keys.open(application.as_str(), cell, &sealed)?;
        Ok(Some(Cached { value, stamp: u64::try_from(stamp).unwrap_or(0) }))
    }

    /// Writes a value if its stamp still is `expected` (0: not there); the new stamp, or none when somebody else was
    /// first.
    pub async fn write(
        &self,
        application: &ApplicationId,
        key: &str,
        expected: u64,
        value: &str,
        lives_ms: u64,
    ) -> Result<Option<u64>, StorageFault> {
        let cell = Cell { table: "cache", column: "value", row: key };
        let sealed = self.storage.inner.keys.seal(application.as_str(), cell, value)?;
        let now = self.clock.now();
        let ends = now.plus_millis(i64::try_from(lives_ms).unwrap_or(i64::MAX / 4)).millis();
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        // A value that has ended counts as not there; stamps go on growing, so that none comes twice.
        let sql = "INSERT INTO cache (application, key, value, stamp, expires_at) VALUES (?1, ?2, ?3, 1, ?4)
                   ON CONFLICT (application, key) DO UPDATE SET value = excluded.value, stamp = cache.stamp + 1,
                      expires_at = excluded.expires_at
                   WHERE (cache.stamp = ?5 AND cache.expires_at > ?6) OR (?5 = 0 AND cache.expires_at <= ?6)
                   RETURNING stamp";
        let values = vec![
            application.as_str().into(),
            key.into(),
            sealed.into(),
            ends.into(),
            expected.into(),
            now.millis().into(),
        ];
        let statement = self.storage.inner.dialect.statement(sql, values);
        let stamps: Vec<i64> = query(&self.storage.inner.writer, statement, |row| column(row, "stamp")).await?;
        let Some(stamp) = stamps.into_iter().next() else { return Ok(None) };
        Ok(u64::try_from(stamp).ok())
    }
}
