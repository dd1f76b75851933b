//! Who a plugin is and what it can do, as its author writes it down.

use entrepot_contract::capability::Capabilities;
use entrepot_contract::ids::{FamilyName, PluginId, SceneName};
use entrepot_contract::manifest::{ApiRate, LogRules, Manifest, PluginKind, Scene};
use entrepot_contract::version::CONTRACT;

/// A plugin's card. `C` is `ChannelCapabilities` or `SupplierCapabilities`.
#[derive(Debug, Clone)]
pub struct Card<C> {
    /// What configuration names, for example `acme-tickets`.
    pub id: &'static str,
    /// The outside system it belongs to.
    pub family: &'static str,
    /// The plugin's own version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// What it can do. What is not declared here never arrives.
    pub capabilities: C,
    /// Secrets it asks for at opening.
    pub secrets: Vec<&'static str>,
    /// Kinds of inbound call.
    pub scenes: Vec<SceneCard>,
    /// Names of JSON fields that the interface log may show in clear.
    pub clear_fields: Vec<&'static str>,
}

/// A kind of inbound call, as its author writes it down.
#[derive(Debug, Clone, Copy)]
pub struct SceneCard {
    /// Unique in the partner family, for example `create_order`.
    pub name: &'static str,
    /// The partner's own name of it.
    pub action: &'static str,
    /// `POST`, …
    pub method: &'static str,
    /// Path below `/in/{application}/`.
    pub path: &'static str,
    /// How long the partner waits, in milliseconds.
    pub limit_ms: u32,
    /// Whether it states a fact that is kept even when nobody knows its order yet.
    pub fact: bool,
}

/// # Panics
/// When an id, family or scene name cannot be one: a mistake in the plugin's source, found by its first test.
pub(crate) fn manifest_of<C>(
    card: Card<C>,
    rates: Vec<ApiRate>,
    kind: PluginKind,
    capabilities: impl FnOnce(C) -> Capabilities,
    instance_settings: serde_json::Value,
    connection_settings: serde_json::Value,
) -> Manifest {
    let scene = |scene: &SceneCard| Scene {
        name: named(SceneName::parse(scene.name)),
        action: scene.action.to_owned(),
        method: scene.method.to_owned(),
        path: scene.path.to_owned(),
        limit_ms: scene.limit_ms,
        fact: scene.fact,
    };
    let owned = |names: Vec<&'static str>| names.into_iter().map(str::to_owned).collect();
    Manifest {
        id: named(PluginId::parse(card.id)),
        kind,
        family: named(FamilyName::parse(card.family)),
        version: card.version.to_owned(),
        contract: CONTRACT,
        summary: card.summary.to_owned(),
        capabilities: capabilities(card.capabilities),
        instance_settings,
        connection_settings,
        secrets: owned(card.secrets),
        scenes: card.scenes.iter().map(scene).collect(),
        rates,
        log: LogRules { clear: owned(card.clear_fields) },
        panic: if cfg!(panic = "abort") { "abort" } else { "unwind" }.to_owned(),
    }
}

fn named<T>(id: Result<T, entrepot_contract::ids::InvalidId>) -> T {
    id.unwrap_or_else(|fault| panic!("the plugin's card is wrong: {fault}"))
}
