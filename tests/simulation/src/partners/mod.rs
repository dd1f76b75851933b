//! The partners' own truth, and plugins that do not always tell it.
//!
//! - [`shop`]: the channel: what it was told.
//! - [`supplier`]: three suppliers: what they booked and gave back.

mod shop;
mod supplier;

pub(crate) use shop::{Message, READY, ShopPlugin, Shops};
pub(crate) use supplier::{SupplierKind, SupplierPlugin, Suppliers, Truth};

use entrepot_contract::capability::Capabilities;
use entrepot_contract::manifest::{LogRules, Manifest, PluginKind, Scene};
use entrepot_contract::version::CONTRACT;

use crate::house::id;

fn manifest(name: &str, kind: PluginKind, capabilities: Capabilities, scenes: Vec<Scene>) -> Manifest {
    Manifest {
        id: id(name),
        kind,
        family: id("sim"),
        version: "1".to_owned(),
        contract: CONTRACT,
        summary: "for the simulation".to_owned(),
        capabilities,
        instance_settings: serde_json::json!({}),
        connection_settings: serde_json::json!({}),
        secrets: Vec::new(),
        scenes,
        rates: vec![],
        log: LogRules::default(),
        panic: "unwind".to_owned(),
    }
}
