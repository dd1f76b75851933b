//! What an operator read in the channel's console, held against ours, for channels that sell pairs and cannot be asked, or only for some of it: the
//! voucher's price and stock, and how what is reserved may be reserved, shown, used and given back.

use entrepot_contract::calendar::SalesClose;
use entrepot_contract::listing::{CancelThere, Listing, Sells, There};
use entrepot_contract::money::Money;
use entrepot_contract::order::CredentialKind;
use entrepot_contract::product::{Fulfilment, RefundFee, RefundOtherwise, RefundRule, Validity};
use entrepot_contract::time::VisitDate;
use entrepot_domain::catalogue::Rules;
use entrepot_domain::planted::{self, Bug};
use entrepot_domain::said::Said;
use entrepot_engine::storage::StorageFault;
use serde::Serialize;

use super::pairs::{Pair, listed};
use super::products::Asked;
use super::{Section, Verdict, Visit, said};

/// A whole day, in minutes.
const DAY_MINUTES: u16 = 1440;

/// One figure of a pair: its field in `there`, what people call it, and how it stands on both sides.
struct Figure {
    field: &'static str,
    zh: &'static str,
    en: &'static str,
    ours: Said,
    there: Option<Said>,
    agrees: bool,
}

/// Each pair; none where the channel knows no pairs, or nothing of one is listed.
pub(super) async fn section(visit: &Visit<'_>, asked: &[Asked]) -> Result<Option<Section>, StorageFault> {
    if visit.abilities.pairs.is_none() {
        return Ok(None);
    }
    let mut section = Section::new("there", "与平台后台核对的数据", "figures of both sides");
    let rules = visit.app.engine.rules(&visit.connection.merchant).await?;
    for pair in listed(&rules.catalogue, &visit.connection.id) {
        let there = shown_there(&pair, asked);
        price(visit, &rules, &pair, &there, &mut section);
        stock(visit, &rules, &pair, &there, &mut section).await?;
        for figure in [dates(&pair, &there), days_valid(&pair, &there), documents(&pair, &there), cancel(&pair, &there)]
        {
            compared(visit, &pair, figure, &mut section);
        }
        close(visit, &rules, &pair, &there, &mut section);
        credentials(visit, &pair, &there, &mut section);
        linked(visit, &rules, &pair, &there, &mut section);
    }
    Ok((!section.lines.is_empty()).then_some(section))
}

/// What an operator entered; price and stock as the channel itself shows them, where it was asked and does.
fn shown_there(pair: &Pair<'_>, asked: &[Asked]) -> There {
    let mut there = pair.listing.there.clone().unwrap_or_default();
    let of_pair = asked.iter().find(|one| one.listing.id == pair.listing.id);
    let seen = of_pair.and_then(|one| one.seen.as_ref()?.as_ref().ok());
    let seen = seen.and_then(|all| all.iter().find(|seen| pair.listing.names.answers_to(&seen.names)));
    if let Some(seen) = seen {
        there.price_minor = seen.price.map(|price| price.amount_minor).or(there.price_minor);
        there.stock = seen.stock.or(there.stock);
    }
    there
}

/// How to write down what the console says.
fn enter(visit: &Visit<'_>, pair: &Pair<'_>, field: &str) -> Said {
    let (connection, listing) = (&visit.connection.id, &pair.listing.id);
    said(
        format!(
            "在平台后台查看后录入：商品映射 {listing} 的 there.{field}（entrepot connections there {connection} {listing} …）"
        ),
        format!(
            "look there, then enter it as there.{field} of listing {listing} (entrepot connections there {connection} {listing} …)"
        ),
    )
}

/// What to do about two figures that differ.
fn mend(field: &str) -> Said {
    said(
        format!("改为一致；平台已改的，重新录入 there.{field}"),
        format!("make both the same; if it was changed there, enter it anew as there.{field}"),
    )
}

fn compared(visit: &Visit<'_>, pair: &Pair<'_>, figure: Figure, section: &mut Section) {
    let Figure { field, zh, en, ours, there, agrees } = figure;
    let about = pair.about(field);
    let Some(there) = there else {
        let text = said(
            format!("平台的{zh}未录入；本系统为 {}", ours.zh),
            format!("nobody entered the {en} there; ours: {}", ours.en),
        );
        return section.not_known(&about, text, Some(enter(visit, pair, field)));
    };
    let both = said(
        format!("{zh}：平台 {}，本系统 {}", there.zh, ours.zh),
        format!("{en}: there {}, here {}", there.en, ours.en),
    );
    if agrees { section.ok(&about, both) } else { section.wrong(&about, both, mend(field)) }
}

/// The same in both languages.
fn plain(text: impl ToString) -> Said {
    said(text.to_string(), text.to_string())
}

/// Kinds as they are written in the catalogue.
fn words<T: Serialize>(kinds: impl IntoIterator<Item = T>) -> Said {
    let word = |kind: T| serde_json::to_value(kind).ok()?.as_str().map(str::to_owned);
    let mut all: Vec<String> = kinds.into_iter().filter_map(word).collect();
    all.sort();
    if all.is_empty() { said("无", "none") } else { plain(all.join(", ")) }
}

fn price(visit: &Visit<'_>, rules: &Rules, pair: &Pair<'_>, there: &There, section: &mut Section) {
    let (field, sku) = ("price_minor", &pair.voucher.1.id);
    let Some(day) = rules.catalogue.day(sku, None) else {
        let text = said(format!("抢购产品 {sku} 没有价格"), format!("voucher {sku} has no price"));
        let advice = said("录入价格：entrepot calendar import", "give it one: entrepot calendar import");
        return section.wrong(&pair.about(field), text, advice);
    };
    let shown = there.price_minor.map(|amount_minor| Money { amount_minor, ..day.retail });
    let agrees = shown == Some(day.retail);
    if shown.is_some() && !agrees && !visit.rules.price_check {
        let (shown, ours) = (shown.unwrap_or(day.retail), day.retail);
        let text = said(
            format!("价格不同：平台 {shown}，本系统 {ours}；未开启价格校验，请确认"),
            format!("the prices differ: there {shown}, here {ours}; price_check is off: is that meant?"),
        );
        return section.by_hand(&pair.about(field), text);
    }
    let figure = Figure { field, zh: "价格", en: "price", ours: plain(day.retail), there: shown.map(plain), agrees };
    compared(visit, pair, figure, section);
}

async fn stock(
    visit: &Visit<'_>,
    rules: &Rules,
    pair: &Pair<'_>,
    there: &There,
    section: &mut Section,
) -> Result<(), StorageFault> {
    let offered = visit.app.engine.offered(rules, pair.listing, &pair.voucher.1.id, &[None]).await?;
    let Some(own) = offered.get(&None) else { return Ok(()) };
    let units = |count: Option<u32>| count.map_or_else(|| said("不限", "without limit"), plain);
    let (all, left) = (units(own.all), units(own.left));
    let figure = Figure {
        field: "stock",
        zh: "库存",
        en: "stock",
        ours: said(format!("{}（剩 {}）", all.zh, left.zh), format!("{} ({} left)", all.en, left.en)),
        there: there.stock.map(plain),
        // Either figure may have been read there: both sides fall together.
        agrees: there.stock.is_some()
            && (there.stock == own.all || there.stock == own.left || planted::is(Bug::StockNotCompared)),
    };
    compared(visit, pair, figure, section);
    Ok(())
}

fn range(first: Option<VisitDate>, last: Option<VisitDate>) -> Said {
    let date = |date: Option<VisitDate>| date.map_or_else(|| "?".to_owned(), |date| date.to_string());
    let (first, last) = (date(first), date(last));
    said(format!("{first} 至 {last}"), format!("{first} to {last}"))
}

fn dates(pair: &Pair<'_>, there: &There) -> Figure {
    let (first, last) = pair.window().unzip();
    let entered = there.first_date.is_some() || there.last_date.is_some();
    Figure {
        field: "first_date",
        zh: "可预约日期",
        en: "dates that can be reserved",
        ours: range(first, last),
        there: entered.then(|| range(there.first_date, there.last_date)),
        agrees: (there.first_date.is_none() || there.first_date == first)
            && (there.last_date.is_none() || there.last_date == last),
    }
}

fn days_valid(pair: &Pair<'_>, there: &There) -> Figure {
    let ours = match pair.reserved.0.validity {
        Validity::VisitDay => Some(0),
        Validity::DaysAfterVisit { days } => Some(days),
        // That is a fault of the pair itself.
        Validity::Window { .. } => None,
    };
    let days = |days: u16| match days {
        0 => said("当天有效", "the date alone"),
        more => said(format!("预约后 {more} 天有效"), format!("the date and {more} days after it")),
    };
    Figure {
        field: "days_valid",
        zh: "有效天数",
        en: "days of validity",
        ours: ours.map_or_else(|| plain("-"), days),
        there: there.days_valid.map(days),
        agrees: there.days_valid == ours,
    }
}

fn documents(pair: &Pair<'_>, there: &There) -> Figure {
    let ours = words(&pair.reserved.0.guests.documents);
    let shown = there.documents.as_ref().map(words);
    let agrees = shown.as_ref() == Some(&ours);
    Figure { field: "documents", zh: "游客证件类型", en: "guests' documents", ours, there: shown, agrees }
}

fn until(hours: &[i32]) -> Said {
    let list = hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    said(format!("入园日前 {list} 小时"), format!("until {list} hours before the date"))
}

/// The hours of a rule's steps, the earliest first.
fn hours(rule: &RefundRule) -> Vec<i32> {
    let mut all: Vec<i32> = rule.steps.iter().map(|step| step.hours_before_visit).collect();
    all.sort_unstable_by_key(|hours| std::cmp::Reverse(*hours));
    all
}

fn cancel(pair: &Pair<'_>, there: &There) -> Figure {
    let rule = &pair.reserved.0.refund;
    let (steps, costs) = (hours(rule), rule.steps.iter().any(|step| step.fee != RefundFee::Free));
    let after = match rule.otherwise {
        RefundOtherwise::Free => said("随时可退", "at any time"),
        RefundOtherwise::Never => said("不可退", "never"),
        RefundOtherwise::Manual => said("人工处理", "a person decides"),
    };
    let ours = if steps.is_empty() {
        after
    } else {
        let steps = until(&steps);
        said(format!("{}，之后{}", steps.zh, after.zh), format!("{}, then {}", steps.en, after.en))
    };
    let shown = there.cancel.as_ref().map(|shown| match shown {
        CancelThere::Free => said("随时取消", "at any time"),
        CancelThere::Never => said("不可取消", "never"),
        CancelThere::Until(hours) => until(hours),
    });
    let agrees = match &there.cancel {
        Some(CancelThere::Free) => rule.otherwise == RefundOtherwise::Free && !costs,
        Some(CancelThere::Never) => rule.otherwise == RefundOtherwise::Never && steps.is_empty(),
        Some(CancelThere::Until(hours)) => {
            let mut hours = hours.clone();
            hours.sort_unstable_by_key(|hours| std::cmp::Reverse(*hours));
            rule.otherwise != RefundOtherwise::Free && hours == steps
        }
        None => false,
    };
    let agrees = agrees || planted::is(Bug::RulesNotCompared);
    Figure { field: "cancel", zh: "退改规则", en: "rule of cancellation", ours, there: shown, agrees }
}

fn closing(close: SalesClose) -> Said {
    let time = format!("{:02}:{:02}", close.minute_of_day / 60, close.minute_of_day % 60);
    match close.days_before {
        0 => said(format!("当天 {time}"), format!("{time} of the date")),
        days => said(format!("提前 {days} 天 {time}"), format!("{time}, {days} days before the date")),
    }
}

fn close(visit: &Visit<'_>, rules: &Rules, pair: &Pair<'_>, there: &There, section: &mut Section) {
    let sku = &pair.reserved.1.id;
    let end = SalesClose { days_before: 0, minute_of_day: DAY_MINUTES };
    let days = pair.bookable(visit.app.engine.now()).into_iter().filter_map(|date| {
        let day = rules.catalogue.day(sku, Some(date))?;
        Some((date, day.close.unwrap_or(end)))
    });
    let days: Vec<(VisitDate, SalesClose)> = days.collect();
    // Of many dates that one is told which differs.
    let other = days.iter().find(|(_, close)| there.reservation_close.is_some_and(|shown| shown != *close));
    let Some((date, close)) = other.or_else(|| days.first()) else { return };
    let ours = closing(*close);
    let figure = Figure {
        field: "reservation_close",
        zh: "预约截止时间",
        en: "end of reservations",
        ours: said(format!("{}（{date}）", ours.zh), format!("{} ({date})", ours.en)),
        there: there.reservation_close.map(closing),
        agrees: other.is_none(),
    };
    compared(visit, pair, figure, section);
}

/// What is issued, where that is known before.
fn issued(visit: &Visit<'_>, pair: &Pair<'_>) -> Option<CredentialKind> {
    match &pair.reserved.1.fulfilment {
        Fulfilment::Nothing => None,
        Fulfilment::OwnNumber => Some(CredentialKind::VoucherNumber),
        Fulfilment::Document => Some(CredentialKind::Document),
        Fulfilment::Supplier { connection, .. } => {
            let running = visit.app.engine.directory();
            let key = running.connections.get(connection)?.instance();
            let open = visit.app.engine.host().instance(&key)?;
            let card = open.manifest().capabilities.supplier.clone()?;
            card.is_pool().then_some(CredentialKind::VoucherNumber)
        }
    }
}

fn credentials(visit: &Visit<'_>, pair: &Pair<'_>, there: &There, section: &mut Section) {
    let field = "credentials";
    let (zh, en) = ("使用凭证", "what the guest is shown");
    let Some(kind) = issued(visit, pair) else {
        let text = said(
            "凭证类型由供应商决定：用一笔测试订单核对平台展示的凭证",
            "its supplier chooses what the guest gets: compare it with what is shown there by a test order",
        );
        return section.line(Verdict::ByHand, &pair.about(field), text, None);
    };
    let shown = there.credentials.as_deref();
    let number = |kind: &CredentialKind| {
        matches!(kind, CredentialKind::VoucherNumber | CredentialKind::QrCode | CredentialKind::Image)
    };
    let includes = shown.is_some_and(|shown| shown.contains(&kind));
    if let Some(all) = shown.filter(|shown| !includes && number(&kind) && shown.iter().any(number)) {
        let (ours, there) = (words([kind]), words(all));
        let text = said(
            format!("平台展示 {}，本系统发放 {}：确认连接设置以平台展示的形式发放", there.zh, ours.zh),
            format!("there {}, here {}: does a setting of the connection tell codes in that form?", there.en, ours.en),
        );
        return section.by_hand(&pair.about(field), text);
    }
    let figure = Figure { field, zh, en, ours: words([kind]), there: shown.map(words), agrees: includes };
    compared(visit, pair, figure, section);
}

/// Whether the dates' stock there is that of a dated product, which then has to draw on the same stock here.
fn linked(visit: &Visit<'_>, rules: &Rules, pair: &Pair<'_>, there: &There, section: &mut Section) {
    let (field, sku) = ("linked", pair.reserved.1);
    let catalogue = &rules.catalogue;
    let shares = |other: &&Listing| match &other.sells {
        Sells::One(id) => {
            catalogue.skus.get(id).is_some_and(|one| one.buckets.iter().any(|own| sku.buckets.contains(own)))
        }
        Sells::Pair { .. } => false,
    };
    let beside = catalogue.listings.iter().filter(|other| other.on_sale).find(shares);
    let about = pair.about(field);
    match (there.linked, beside) {
        (None, _) => section.not_known(
            &about,
            said(
                "平台的预约库存是关联日历票还是手动设置，未录入",
                "nobody entered whether the stock of its dates is linked to a dated product there, or kept by hand",
            ),
            Some(enter(visit, pair, field)),
        ),
        (Some(true), Some(other)) => section.ok(
            &about,
            said(
                format!("预约库存关联日历票：与商品映射 {} 共用库存", other.id),
                format!("linked to a dated product there, and listing {} draws on the same stock here", other.id),
            ),
        ),
        (Some(true), None) => section.wrong(
            &about,
            said(
                format!("平台的预约库存关联日历票，而本系统没有在售的商品映射与 {} 共用库存", sku.id),
                format!(
                    "its stock is linked to a dated product there, but no listing on sale here shares that of {}",
                    sku.id
                ),
            ),
            said(
                "日历票的规格（SKU）与预约产品使用同一库存桶（buckets），或在平台改为手动设置",
                "give the SKU of the dated product the same buckets, or keep the stock by hand there",
            ),
        ),
        (Some(false), _) => section.by_hand(
            &about,
            said(
                "预约库存在平台手动设置：本系统的日历变更后，须同时在平台修改",
                "its stock is kept by hand there: change it there, too, whenever it changes here",
            ),
        ),
    }
}
