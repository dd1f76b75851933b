//! Whether a channel's plugin is open and its partner answers, whose account it is, and what the partner has to allow.

use entrepot_contract::fault::Fault;
use entrepot_engine::directory::Connection;

use super::products::Asked;
use super::shops::Shops;
use super::{Section, Visit, advice_on, said};
use crate::boot::App;

pub(super) fn section(visit: &Visit<'_>, shops: Option<&Shops>, products: &[Asked]) -> Section {
    let mut section = Section::new("plugin", "插件与账号", "plugin and account");
    open(visit.app, visit.connection, &mut section);
    let seen = products.iter().find_map(|asked| asked.seen.as_ref());
    let first: Option<Result<(), &Fault>> = match (shops, seen) {
        (Some(shops), _) => Some(shops.as_ref().map(drop)),
        (None, Some(seen)) => Some(seen.as_ref().map(drop)),
        (None, None) => None,
    };
    called("first call", first, &mut section);
    let (application, account) = (&visit.rules.application, visit.connection.facts.account.as_deref().unwrap_or("-"));
    section.by_hand(
        "account_id",
        said(
            format!("商家账号 {account}，应用 {application}：与平台后台的商家账号、应用（client_key）核对"),
            format!("account {account} of application {application}: compare with account and application there"),
        ),
    );
    section
}

/// Whether the plugin is open, and what is wrong with it.
pub(super) fn open(app: &App, connection: &Connection, section: &mut Section) {
    let host = app.engine.host();
    let (plugin, key) = (connection.plugin.as_str(), connection.instance());
    if host.instance(&key).is_none() {
        section.wrong(
            plugin,
            said(format!("插件未打开（{key}）"), format!("the plugin is not open ({key})")),
            said("查看原因：entrepot plugins list，或 /readyz", "see why: entrepot plugins list, or /readyz"),
        );
        return;
    }
    let status = host.status();
    let own = status.iter().flat_map(|plugin| &plugin.instances).find(|instance| instance.key == key);
    let troubles = own.map(|instance| instance.troubles()).unwrap_or_default();
    if troubles.is_empty() {
        let version = host.manifest(&connection.plugin).map(|card| card.version).unwrap_or_default();
        section.ok(plugin, said(format!("已打开，版本 {version}"), format!("open, version {version}")));
    }
    for trouble in troubles {
        section.wrong(
            plugin,
            said(
                format!("{} 起异常：{}", trouble.since, trouble.what),
                format!("since {}: {}", trouble.since, trouble.what),
            ),
            said("查看 GET /api/v1/plugins 与接口日志", "look at GET /api/v1/plugins and the interface log"),
        );
    }
}

/// Whether the partner answers: none where it could not be asked anything.
pub(super) fn called(about: &str, first: Option<Result<(), &Fault>>, section: &mut Section) {
    match first {
        Some(Ok(())) => {
            section.ok(about, said("平台已应答：地址与凭证有效", "the partner answered: address and credentials hold"))
        }
        Some(Err(fault)) => section.wrong(
            about,
            said(format!("平台未正常应答：{fault}"), format!("the partner did not answer well: {fault}")),
            advice_on(fault),
        ),
        None => section.not_known(
            about,
            said("没有可用于试探的查询", "there is nothing harmless to ask the partner"),
            Some(said("用一笔测试订单验证", "try it with a test order")),
        ),
    }
}

/// What the partner has to allow.
pub(super) fn scopes(visit: &Visit<'_>) -> Section {
    let mut section = Section::new("scopes", "平台能力（scope）", "what the partner has to allow");
    for scope in &visit.abilities.scopes {
        let (zh, en) = if scope.optional { ("（可选）", " (optional)") } else { ("", "") };
        section.by_hand(
            &scope.name,
            said(
                format!("{}{zh}：在平台后台确认已开通", scope.what),
                format!("{}{en}: is it granted there?", scope.what),
            ),
        );
    }
    if section.lines.is_empty() {
        section.not_known(
            visit.connection.plugin.as_str(),
            said("插件没有列出所需能力", "the plugin's card names no scopes"),
            None,
        );
    }
    section
}
