//! The calls of a partner: the URL of each, and the last one that was served, as evidence for the partner's acceptance.

use entrepot_engine::directory::Connection;
use entrepot_engine::storage::StorageFault;

use super::{Section, said};
use crate::boot::App;

pub(super) async fn section(app: &App, connection: &Connection) -> Result<Section, StorageFault> {
    let mut section = Section::new("scenes", "平台回调", "calls of the partner");
    let seen = app.engine.scenes_seen(connection).await?;
    let routes = app.engine.directory().routes();
    let own = |of: &entrepot_engine::directory::Route| {
        of.application == connection.application && of.plugin == connection.plugin
    };
    for route in routes.into_iter().filter(own) {
        let (action, path) = (&route.action, &route.path);
        match seen.get(route.scene.as_str()) {
            Some(served) => {
                let named = served.partner_trace.as_deref().unwrap_or("-");
                section.ok(
                    action,
                    said(
                        format!("{path}：最近一次成功 {}，平台请求编号 {named}，本系统 {}", served.at, served.trace),
                        format!("{path}: last served {}, the partner's id {named}, ours {}", served.at, served.trace),
                    ),
                );
            }
            None => section.not_known(
                action,
                said(format!("{path}：从未成功调用"), format!("{path}: never called")),
                Some(said(
                    format!("在平台后台登记：{} https://<公网域名>{path}，再由平台发起一次", route.method),
                    format!(
                        "register {} https://<your public name>{path} there, then have it called once",
                        route.method
                    ),
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
