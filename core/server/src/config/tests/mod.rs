//! Tests of the configuration, over files in temporary folders and environments made up for each test.

#![allow(clippy::unwrap_used)]

mod beside;
mod compare;
mod faults;
mod layering;
mod published;
mod relations;
mod secrets;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use entrepot_contract::ids::FamilyName;
use entrepot_contract::looking::LookName;
use entrepot_contract::manifest::PluginKind;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::check::KnownPlugin;
use super::fault::{ConfigFault, Faults};
use super::load::{Loaded, read};

/// A folder of configuration files, and the environment they are read in.
struct Bench {
    folder: TempDir,
    files: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
    overrides: Value,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, files: Vec::new(), variables: BTreeMap::new(), overrides: Value::Null }
    }

    /// With one TOML file.
    fn toml(text: &str) -> Self {
        Self::new().file("a.toml", text)
    }

    fn file(mut self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.files.push(path);
        self
    }

    /// A file beside the configuration that is not part of it.
    fn beside(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, text: &str) -> Self {
        self.variables.insert(name.to_owned(), text.to_owned());
        self
    }

    fn overrides(mut self, overrides: Value) -> Self {
        self.overrides = overrides;
        self
    }

    fn load(&self) -> Result<Loaded, Faults> {
        read(&self.files, &self.overrides, &self.variables).into_loaded()
    }

    fn loaded(&self) -> Loaded {
        self.load().unwrap_or_else(|faults| panic!("{faults}"))
    }

    /// Every fault, of form and between the parts.
    fn faults(&self) -> Vec<ConfigFault> {
        match read(&self.files, &self.overrides, &self.variables).checked(&acme) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_vec(),
        }
    }

    /// The only fault.
    fn fault(&self) -> ConfigFault {
        let mut faults = self.faults();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.remove(0)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

/// The plugins of these tests: a channel and a second solution of one family, a channel of another, a supplier.
fn acme(id: &str) -> Option<KnownPlugin> {
    let (kind, family) = match id {
        "acme-tickets" | "acme-vouchers" => (PluginKind::Channel, "acme"),
        "other-tickets" => (PluginKind::Channel, "other"),
        "acme-gates" => (PluginKind::Supplier, "acme"),
        _ => return None,
    };
    let own = id.trim_start_matches("acme-");
    let mode = json!({ "oneOf": [
        { "const": "before_payment", "description": "held first", "type": "string" },
        { "const": "after_payment", "description": "paid first", "type": "string" }
    ]});
    Some(KnownPlugin {
        kind,
        family: FamilyName::parse(family).unwrap(),
        tells_calendar: id == "acme-vouchers",
        tells_products: id == "acme-vouchers",
        takes_codes: id == "acme-vouchers",
        looks: if id == "acme-vouchers" { vec![LookName::Orders] } else { Vec::new() },
        instance_settings: json!({
            "type": "object", "additionalProperties": false,
            "properties": { "sandbox": { "type": "boolean" }, own: { "type": "integer", "minimum": 1, "maximum": 9 } }
        }),
        connection_settings: json!({
            "type": "object", "additionalProperties": false, "required": ["order_mode"],
            "properties": { "order_mode": mode, "pin": { "type": "string", "writeOnly": true, "minLength": 4 },
                            "hours": { "type": "array", "items": { "type": "integer" } } }
        }),
    })
}

/// A key of one's own.
const OWN_KEY: &str = "[security]\nguest_key = \"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\"\n";

/// A merchant whose configuration has no fault.
const GOOD: &str = r#"
[applications.acme]
family = "acme"
base_url = "https://open.acme.example/"
credentials.client_secret = "s3cret-of-acme"
[merchants.lakeside]
name = "Lakeside"
[merchants.lakeside.channels.east]
plugin = "acme-tickets"
application = "acme"
account_id = "70001"
settings.order_mode = "before_payment"
[merchants.lakeside.suppliers.gates]
plugin = "acme-gates"
base_url = "http://127.0.0.1:9200"
"#;

fn good() -> String {
    format!("{OWN_KEY}{GOOD}")
}
