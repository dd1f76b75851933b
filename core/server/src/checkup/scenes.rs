//! The calls of a partner: the URL of each, and the last one that was served, as evidence for the partner's acceptance.

use entrepot_contract::ids::SceneName;
use entrepot_engine::directory::{Connection, Route};
use entrepot_engine::storage::StorageFault;

use super::{Section, said};
use crate::boot::App;

/// Where the partner calls.
pub(super) struct Address {
    /// The partner's own name of the call.
    pub(super) action: String,
    /// `POST`, …
    pub(super) method: String,
    /// The path on this server.
    pub(super) path: String,
}

/// The calls that a connection's plugin takes, each with its scene.
pub(super) fn addresses(app: &App, connection: &Connection) -> Vec<(Address, SceneName)> {
    let own = |of: &Route| of.application == connection.application && of.plugin == connection.plugin;
    let routes = app.engine.directory().routes().into_iter().filter(own);
    routes.map(|Route { action, method, path, scene, .. }| (Address { action, method, path }, scene)).collect()
}

pub(super) async fn section(app: &App, connection: &Connection) -> Result<Section, StorageFault> {
    let mut section = Section::new("scenes", "平台回调", "calls of the partner");
    let seen = app.engine.scenes_seen(connection).await?;
    for (Address { action, method, path }, scene) in addresses(app, connection) {
        match seen.get(scene.as_str()) {
            Some(served) => {
                let named = served.partner_trace.as_deref().unwrap_or("-");
                section.ok(
                    &action,
                    said(
                        format!("{path}：最近一次成功 {}，平台请求编号 {named}，本系统 {}", served.at, served.trace),
                        format!("{path}: last served {}, the partner's id {named}, ours {}", served.at, served.trace),
                    ),
                );
            }
            None => section.not_known(
                &action,
                said(format!("{path}：从未成功调用"), format!("{path}: never called")),
                Some(said(
                    format!("在平台后台登记：{method} https://<公网域名>{path}，再由平台发起一次"),
                    format!("register {method} https://<your public name>{path} there, then have it called once"),
                )),
            ),
        }
    }
    if section.lines.is_empty() {
        let plugin = connection.plugin.as_str();
        section.not_known(plugin, said("插件不接收平台回调", "the plugin takes no calls of a partner"), None);
    }
    Ok(section)
}
