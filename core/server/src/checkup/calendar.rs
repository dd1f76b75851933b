//! Prices and stock: how telling them goes, and dates that cannot be sold as they have no price.

use entrepot_contract::listing::Listing;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::catalogue::Catalogue;
use entrepot_domain::venue;
use entrepot_engine::flows::tell_calendar::Telling;
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, said};

/// How many days ahead prices are looked for, today included.
const DAYS: u32 = 30;

/// Dates that one line names.
const DATES_SHOWN: usize = 5;

pub(super) async fn section(visit: &Visit<'_>) -> Result<Section, StorageFault> {
    let mut section = Section::new("calendar", "价格与库存", "prices and stock");
    let engine = &visit.app.engine;
    let products = engine.channel_products(visit.connection).await?;
    if visit.rules.beside.calendar.is_none() {
        section.by_hand(
            &visit.key("calendar"),
            said(
                "不推送价格库存：由平台拉取，或由人在平台维护",
                "prices and stock are not told: the channel pulls them, or a person keeps them there",
            ),
        );
    } else if visit.abilities.calendar.is_none() {
        section.wrong(
            &visit.key("calendar"),
            said("插件不能推送价格库存，或未打开", "the plugin cannot tell prices and stock, or is not open"),
            said("更换插件版本，或去掉该配置", "use another plugin, or leave the table out"),
        );
    } else {
        let mut known: std::collections::BTreeMap<String, Telling> =
            engine.calendar_tellings(visit.connection).await?.into_iter().collect();
        for (name, _) in &products {
            standing(name, &known.remove(name).unwrap_or_default(), &mut section);
        }
    }
    let rules = engine.rules(&visit.connection.merchant).await?;
    for listing in products.iter().flat_map(|(_, listings)| listings) {
        priced(&rules.catalogue, listing, engine.now(), &mut section);
    }
    Ok(section)
}

fn standing(name: &str, telling: &Telling, section: &mut Section) {
    let again = || {
        said(
            "更正后全部重推：entrepot connections calendar … --again",
            "mend it, then tell all again: entrepot connections calendar … --again",
        )
    };
    if let Some(fault) = telling.fault.as_ref().filter(|_| telling.failures > 0) {
        section.wrong(
            name,
            said(
                format!("推送失败 {} 次：{fault}", telling.failures),
                format!("telling failed {} times: {fault}", telling.failures),
            ),
            said("会自动重试；查看接口日志", "it is tried again by itself; look at the interface log"),
        );
    } else if let Some(first) = telling.refused.first() {
        let count = telling.refused.len();
        section.wrong(
            name,
            said(
                format!("平台未接受 {count} 个日期，例如 {first}"),
                format!("the channel did not take {count} dates, for example {first}"),
            ),
            again(),
        );
    } else if let Some(at) = telling.told_at {
        section.ok(
            name,
            said(
                format!("最近推送 {at}，共 {} 次调用", telling.calls),
                format!("told last {at}, {} calls so far", telling.calls),
            ),
        );
    } else {
        section.not_known(name, said("尚未推送", "not told yet"), Some(again()));
    }
}

/// Whether the coming dates have a price.
fn priced(catalogue: &Catalogue, listing: &Listing, now: Timestamp, section: &mut Section) {
    let about = listing.id.as_str();
    let Ok((product, sku)) = catalogue.sku(listing.sells.dated()) else {
        return section.wrong(
            about,
            said("商品映射指向不存在的 SKU", "the listing sells a SKU that is not there"),
            said("更正商品映射", "correct the listing"),
        );
    };
    let days = catalogue.days.get(&sku.id);
    if days.is_some_and(|days| days.contains_key(&None)) {
        return section.ok(about, said("不分日期售卖，有价格", "sold without a date, with a price"));
    }
    let today = venue::zone(&product.time_zone).and_then(|zone| venue::today(zone, now));
    let Some(today) = today else { return };
    let coming = (0..DAYS).filter_map(|ahead| today.plus_days(ahead));
    let missing: Vec<VisitDate> =
        coming.filter(|date| !days.is_some_and(|days| days.contains_key(&Some(*date)))).collect();
    let first = missing.iter().take(DATES_SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if missing.is_empty() {
        section.ok(about, said(format!("未来 {DAYS} 天都有价格"), format!("the next {DAYS} days all have a price")));
    } else if missing.len() == usize::try_from(DAYS).unwrap_or(usize::MAX) {
        section.wrong(
            about,
            said(format!("未来 {DAYS} 天都没有价格"), format!("none of the next {DAYS} days has a price")),
            said("导入日历：entrepot calendar import", "import its calendar: entrepot calendar import"),
        );
    } else {
        section.by_hand(
            about,
            said(
                format!("未来 {DAYS} 天有 {} 天没有价格、不可售：{first} …", missing.len()),
                format!("{} of the next {DAYS} days have no price and are not sold: {first} …", missing.len()),
            ),
        );
    }
}
