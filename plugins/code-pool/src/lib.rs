//! The thin supplier in front of a code pool: turns imported rows into credentials. Everything else (assigning,
//! voiding, counting) is the core's.

use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// Longest code or password, in characters.
pub const LIMIT_CHARS: usize = 512;

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<CodePool>()
}

/// Settings of one pool connection.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PoolSettings {
    /// How a guest shows a code.
    pub show_as: ShowAs,
}

/// How a guest shows a code.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShowAs {
    /// A number that a person types.
    VoucherNumber,
    /// The content of a QR code.
    #[default]
    QrCode,
}

/// One pool connection.
pub struct CodePool {
    kind: CredentialKind,
}

#[async_trait]
impl Supplier for CodePool {
    type Settings = PoolSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "code-pool",
            family: "code-pool",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Fulfils from imported codes.",
            capabilities: SupplierCapabilities::pool().own_gate(),
            secrets: vec![],
            scenes: vec![],
            clear_fields: vec![],
        }
    }

    async fn open(_context: &OpenContext, settings: PoolSettings) -> Result<Self, Fault> {
        let kind = match settings.show_as {
            ShowAs::VoucherNumber => CredentialKind::VoucherNumber,
            ShowAs::QrCode => CredentialKind::QrCode,
        };
        Ok(Self { kind })
    }

    async fn prepare_codes(&self, _call: &Call<()>, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, Fault> {
        let prepared = |row: CodeRow| PreparedCode { line: row.line, result: self.credentials(&row) };
        Ok(rows.into_iter().map(prepared).collect())
    }
}

impl CodePool {
    fn credentials(&self, row: &CodeRow) -> Result<Vec<Credential>, String> {
        let credential = |kind, value| Credential { kind, value, document_kind: None };
        let mut credentials = vec![credential(self.kind, checked("code", &row.code)?)];
        if let Some(password) = row.password.as_deref().filter(|password| !password.trim().is_empty()) {
            credentials.push(credential(CredentialKind::Password, checked("password", password)?));
        }
        Ok(credentials)
    }
}

/// The text without blanks around it; the reason never repeats it.
fn checked(what: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(format!("the {what} is empty"));
    }
    if length > LIMIT_CHARS {
        return Err(format!("the {what} has {length} characters; at most {LIMIT_CHARS} are allowed"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("the {what} holds a control character"));
    }
    Ok(text.to_owned())
}
