//! A supplier that fulfils from imported codes.

use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// The longest code, in characters.
const LIMIT_CHARS: usize = 512;

/// Settings of a pool.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PoolSettings {
    /// Put before each code.
    pub prefix: String,
}

/// The pool.
pub struct ReferencePool {
    prefix: String,
}

#[async_trait]
impl Supplier for ReferencePool {
    type Settings = PoolSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "reference-pool",
            family: "reference",
            version: "1.0.0",
            summary: "Fulfils from imported codes.",
            capabilities: SupplierCapabilities::pool(),
            secrets: vec![],
            scenes: vec![],
            clear_fields: vec![],
        }
    }

    async fn open(_context: &OpenContext, settings: PoolSettings) -> Result<Self, Fault> {
        if settings.prefix.len() > 8 {
            return Err(Fault::invalid("settings.prefix: at most 8 letters"));
        }
        Ok(Self { prefix: settings.prefix })
    }

    async fn prepare_codes(&self, _call: &Call<()>, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, Fault> {
        let prepared = |row: CodeRow| PreparedCode { line: row.line, result: self.credentials(&row) };
        Ok(rows.into_iter().map(prepared).collect())
    }
}

impl ReferencePool {
    fn credentials(&self, row: &CodeRow) -> Result<Vec<Credential>, String> {
        let credential = |kind, value| Credential { kind, value, document_kind: None };
        let code = format!("{}{}", self.prefix, checked(&row.code)?);
        let mut all = vec![credential(CredentialKind::QrCode, code)];
        if let Some(password) = &row.password {
            all.push(credential(CredentialKind::Password, checked(password)?));
        }
        Ok(all)
    }
}

fn checked(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LIMIT_CHARS || text.chars().any(char::is_control) {
        return Err(format!("a code has 1 to {LIMIT_CHARS} characters, none of them a control character"));
    }
    Ok(text.to_owned())
}
