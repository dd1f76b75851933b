//! What is handed over to the partner, and what the partner's side was told, on one sheet: addresses, account, who pays.

use entrepot_domain::planted::{self, Bug};
use entrepot_engine::storage::StorageFault;

use super::scenes::{Address, addresses};
use super::{Section, Visit, said};

/// The sheet of a connection; none where the channel knows no pairs.
pub(super) async fn section(visit: &Visit<'_>) -> Result<Option<Section>, StorageFault> {
    if visit.abilities.pairs.is_none() {
        return Ok(None);
    }
    let mut section = Section::new("sheet", "对接信息表", "what is handed over");
    section.by_hand(
        "system_url",
        said("系统地址：https://<公网域名>", "this system's address: https://<your public name>"),
    );
    for (Address { action, method, path }, _) in addresses(visit.app, visit.connection) {
        if planted::is(Bug::SheetWithoutUrl) {
            break;
        }
        section.by_hand(
            &action,
            said(format!("{method} https://<公网域名>{path}"), format!("{method} https://<your public name>{path}")),
        );
    }
    distributor(visit, &mut section).await?;
    named(visit, &mut section);
    let account = visit.connection.facts.account.as_deref().unwrap_or("-");
    section.by_hand("account_id", said(format!("商家账号：{account}"), format!("the merchant's account: {account}")));
    let (zh, en) = if visit.rules.price_check { ("开启", "on") } else { ("关闭", "off") };
    section.by_hand("price_check", said(format!("价格校验：{zh}"), format!("price check: {en}")));
    Ok(Some(section))
}

/// On whose line its orders are paid, and what is left of it.
async fn distributor(visit: &Visit<'_>, section: &mut Section) -> Result<(), StorageFault> {
    let (about, key) = ("distributor", visit.key("distributor"));
    let Some(distributor) = &visit.rules.distributor else {
        section.wrong(
            about,
            said("没有配置分销商：订单无授信可扣", "no distributor: its orders are paid from no credit line"),
            said(format!("配置 {key}，并设置授信额度"), format!("set {key}, and give it a line")),
        );
        return Ok(());
    };
    let merchant = &visit.connection.merchant;
    let account = visit.app.engine.storage().account(merchant, distributor).await?;
    let left = account.as_ref().map_or(0, entrepot_domain::credit::Account::available_minor);
    let shown =
        account.map(|account| entrepot_contract::money::Money { amount_minor: left, currency: account.currency });
    let shown = shown.map_or_else(|| "0".to_owned(), |left| left.to_string());
    if left > 0 {
        let text = said(
            format!("分销商 {distributor}：授信余额 {shown}，订单从中扣除（授信扣除）"),
            format!("distributor {distributor}: {shown} left of its line, from which its orders are paid"),
        );
        section.ok(about, text);
    } else {
        section.wrong(
            about,
            said(
                format!("分销商 {distributor}：授信余额 {shown}，订单将因授信不足被拒"),
                format!("distributor {distributor}: {shown} left of its line, and every order is refused"),
            ),
            said(
                format!("提高授信额度：PUT /api/v1/merchants/{merchant}/distributors/{distributor}/limit"),
                format!("raise its line: PUT /api/v1/merchants/{merchant}/distributors/{distributor}/limit"),
            ),
        );
    }
    Ok(())
}

fn named(visit: &Visit<'_>, section: &mut Section) {
    let running = visit.app.running();
    let configured = running.config.channels().find(|(_, id, _)| **id == visit.connection.id);
    let name = configured.and_then(|(_, _, channel)| channel.display_name.clone());
    match name {
        Some(name) => section.by_hand("display_name", said(format!("显示名称：{name}"), format!("its name: {name}"))),
        None => {
            let key = visit.key("display_name");
            section.not_known(
                "display_name",
                said("没有显示名称", "it has no name for people"),
                Some(said(format!("配置 {key}"), format!("set {key}"))),
            );
        }
    }
}
