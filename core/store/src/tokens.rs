//! API tokens: a random text shown once, kept as a digest.

use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::Timestamp;
use entrepot_engine::storage::StorageFault;
use sea_orm::QueryResult;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::SqlStorage;
use crate::fault::unreadable;
use crate::rows::{column, of_word, query, word};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, for every merchant.
    Admin,
    /// Everything of one merchant.
    Operator,
    /// Redeems tickets of one supplier connection.
    Gate,
    /// Sees, changes nothing; of one merchant, or of all when none is named.
    ReadOnly,
}

/// A token as it is kept. The text itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Its id, for lists and revocation.
    pub id: String,
    /// Who it was made for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whose data; all when none.
    pub merchant: Option<MerchantId>,
    /// The supplier connection of a gate.
    pub gate: Option<ConnectionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it no longer works.
    pub revoked_at: Option<Timestamp>,
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(row: &QueryResult) -> Result<ApiToken, StorageFault> {
    let merchant: Option<String> = column(row, "merchant")?;
    let gate: Option<String> = column(row, "gate")?;
    Ok(ApiToken {
        id: column(row, "id")?,
        name: column(row, "name")?,
        role: of_word("role", column(row, "role")?)?,
        merchant: merchant.map(MerchantId::parse).transpose().map_err(|fault| unreadable("merchant", fault))?,
        gate: gate.map(ConnectionId::parse).transpose().map_err(|fault| unreadable("gate", fault))?,
        created_at: Timestamp::from_millis(column(row, "created_at")?),
        revoked_at: column::<Option<i64>>(row, "revoked_at")?.map(Timestamp::from_millis),
    })
}

impl SqlStorage {
    /// Keeps a new token under the digest of its text.
    pub async fn keep_token(&self, token: &ApiToken, text: &str) -> Result<(), StorageFault> {
        let sql = "INSERT INTO api_tokens (id, name, role, merchant, gate, hash, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = vec![
            token.id.clone().into(),
            token.name.clone().into(),
            word(&token.role)?.into(),
            token.merchant.as_ref().map(ToString::to_string).into(),
            token.gate.as_ref().map(ToString::to_string).into(),
            digest(text).into(),
            token.created_at.millis().into(),
        ];
        self.execute(sql, values).await?;
        Ok(())
    }

    /// The working token behind a text.
    pub async fn token(&self, text: &str) -> Result<Option<ApiToken>, StorageFault> {
        let sql = "SELECT * FROM api_tokens WHERE hash = ?1 AND revoked_at IS NULL";
        let statement = self.inner.dialect.statement(sql, vec![digest(text).into()]);
        Ok(query(&self.inner.reader, statement, read).await?.into_iter().next())
    }

    /// All tokens, the newest last.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StorageFault> {
        let statement = self.inner.dialect.statement("SELECT * FROM api_tokens ORDER BY created_at, id", Vec::new());
        query(&self.inner.reader, statement, read).await
    }

    /// Ends a token; false when there is no working one of that id.
    pub async fn revoke_token(&self, id: &str, at: Timestamp) -> Result<bool, StorageFault> {
        let sql = "UPDATE api_tokens SET revoked_at = ?1 WHERE id = ?2 AND revoked_at IS NULL";
        Ok(self.execute(sql, vec![at.millis().into(), id.into()]).await? == 1)
    }
}
