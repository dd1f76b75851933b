//! Whether what was missed is made up for, and how the last comparison ended.

use entrepot_contract::looking::LookName;
use entrepot_engine::flows::reconcile::Standing;
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, said};

pub(super) async fn section(visit: &Visit<'_>) -> Result<Section, StorageFault> {
    let mut section = Section::new("followed", "补偿与对账", "catch-up and comparisons");
    if !visit.looks(LookName::Orders) {
        section.not_known(
            visit.connection.plugin.as_str(),
            said("插件不能查询平台订单：无法补偿与对账", "the plugin cannot ask about orders: nothing is made up for"),
            Some(said("在平台后台人工核对订单", "compare orders with the platform's console by hand")),
        );
        return Ok(section);
    }
    catch_up(visit, &mut section).await?;
    compared(visit, &mut section).await?;
    Ok(section)
}

async fn catch_up(visit: &Visit<'_>, section: &mut Section) -> Result<(), StorageFault> {
    let following = visit.app.engine.following(visit.connection).await?;
    if visit.rules.beside.catch_up_ms.is_none() {
        section.by_hand(&visit.key("catch_up_s"), said("补偿查询已关闭", "following is switched off"));
        return Ok(());
    }
    match (&following.fault, following.looked_at) {
        (Some(fault), _) if following.failures > 0 => section.wrong(
            "catch-up",
            said(
                format!("补偿查询失败 {} 次：{fault}", following.failures),
                format!("following failed {} times: {fault}", following.failures),
            ),
            said("会自动重试；查看接口日志与平台能力", "it is tried again; look at the interface log and the scopes"),
        ),
        (_, Some(at)) => section.ok(
            "catch-up",
            said(
                format!("最近一次 {at}，累计补偿 {} 笔", following.mended),
                format!("followed last {at}; {} orders were mended so far", following.mended),
            ),
        ),
        (_, None) => section.not_known(
            "catch-up",
            said("尚未执行", "not done yet"),
            Some(said("entrepot connections catch-up … --now", "entrepot connections catch-up … --now")),
        ),
    }
    Ok(())
}

async fn compared(visit: &Visit<'_>, section: &mut Section) -> Result<(), StorageFault> {
    let days = visit.app.engine.comparisons(visit.connection).await?;
    let last = days.iter().rev().find(|(_, comparison)| comparison.standing != Standing::Wanted);
    let Some((day, last)) = last else {
        section.not_known(
            "reconciliation",
            said("尚未对账", "no day was compared yet"),
            Some(said(
                "entrepot reconcile --connection … --day …；每日对账：配置 reconcile",
                "entrepot reconcile --connection … --day …; each day: a table `reconcile` in the configuration",
            )),
        );
        return Ok(());
    };
    if last.standing == Standing::Failed {
        let fault = last.fault.as_deref().unwrap_or_default();
        section.wrong(
            "reconciliation",
            said(format!("{day} 对账失败：{fault}"), format!("{day} could not be compared: {fault}")),
            said("处理后重新对账：entrepot reconcile", "mend it, then again: entrepot reconcile"),
        );
    } else if last.differences > 0 {
        let count = last.differences;
        section.wrong(
            "reconciliation",
            said(format!("{day}：{count} 条差异"), format!("{day}: {count} differences")),
            said("逐条处理：entrepot differences", "work through them: entrepot differences"),
        );
    } else {
        let orders = last.orders;
        section.ok("reconciliation", said(format!("{day}：{orders} 单一致"), format!("{day}: {orders} orders agree")));
    }
    Ok(())
}
