//! Our listings beside the products of the channel.

use std::time::{Duration, Instant};

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_contract::looking::{Look, LookName, ProductSeen, Seen};
use entrepot_domain::catalogue::{Catalogue, TellsProducts};
use entrepot_engine::flows::tell_product::{ProductStanding, ProductTelling};
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, advice_on, said};

/// Most listings that the channel is asked about.
const LISTINGS_LIMIT: usize = 100;

/// How long the channel is asked about listings.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listing with what the channel says of it.
pub(super) struct Asked {
    pub(super) listing: Listing,
    /// None: the channel was not asked.
    pub(super) seen: Option<Result<Vec<ProductSeen>, Fault>>,
}

/// Asks the channel about each listing, until it fails or the time is used up.
pub(super) async fn ask(visit: &Visit<'_>) -> Result<Vec<Asked>, StorageFault> {
    let products = visit.app.engine.channel_products(visit.connection).await?;
    let listings = products.into_iter().flat_map(|(_, listings)| listings);
    let (began, mut asking) = (Instant::now(), visit.looks(LookName::Product));
    let mut all = Vec::new();
    for listing in listings {
        asking &= all.len() < LISTINGS_LIMIT && began.elapsed() < PATIENCE;
        let seen = if asking {
            let answer = visit.look(Look::Product { names: listing.names.clone() }).await;
            let answer = answer.and_then(|seen| match seen {
                Seen::Products { products } => Ok(products),
                _ => Err(Fault::garbled("look was answered with something else")),
            });
            // What is wrong with one may be right with the next; what is wrong with the way there is not.
            let alone =
                |fault: &Fault| matches!(fault.kind, FaultKind::NotFound | FaultKind::Invalid | FaultKind::Unsupported);
            asking = answer.as_ref().map_or_else(alone, |_| true);
            Some(answer)
        } else {
            None
        };
        all.push(Asked { listing, seen });
    }
    Ok(all)
}

pub(super) async fn section(visit: &Visit<'_>, asked: &[Asked]) -> Result<Section, StorageFault> {
    let mut section = Section::new("products", "商品", "products");
    let rules = visit.app.engine.rules(&visit.connection.merchant).await?;
    let selling = rules.channel(&visit.connection.id).is_some_and(|channel| channel.selling);
    if asked.is_empty() {
        section.wrong(
            visit.connection.id.as_str(),
            said("没有任何商品映射", "nothing is listed at this connection"),
            said("在商品目录中登记商品映射（listing）", "put listings into the catalogue"),
        );
    }
    for one in asked {
        match &one.seen {
            None => section.not_known(
                one.listing.id.as_str(),
                said("未向平台查询", "the channel was not asked about it"),
                visit
                    .looks(LookName::Product)
                    .then(|| said("处理上面的问题后再检查", "mend what is above, check again")),
            ),
            Some(Err(fault)) if fault.kind == FaultKind::Unsupported => section.not_known(
                one.listing.id.as_str(),
                said(
                    "未向平台查询：该连接没有开启",
                    "the channel was not asked about it: that is off for this connection",
                ),
                None,
            ),
            Some(Err(fault)) => section.wrong(
                one.listing.id.as_str(),
                said(format!("查询失败：{fault}"), format!("asking failed: {fault}")),
                advice_on(fault),
            ),
            Some(Ok(products)) => {
                let here = on_sale(&rules.catalogue, &one.listing, selling);
                compared(&one.listing, here, products, &mut section);
            }
        }
    }
    told(visit, &mut section).await?;
    Ok(section)
}

/// Whether a listing sells here.
fn on_sale(catalogue: &Catalogue, listing: &Listing, selling: bool) -> bool {
    let product = catalogue.sku(listing.sells.bought()).is_ok_and(|(product, _)| product.on_sale);
    selling && listing.on_sale && product
}

fn compared(listing: &Listing, here: bool, products: &[ProductSeen], section: &mut Section) {
    let about = listing.id.as_str();
    if products.is_empty() {
        return section.wrong(
            about,
            said(
                format!("平台没有该商品（{}）", named(&listing.names)),
                format!("the channel does not know it ({})", named(&listing.names)),
            ),
            said(
                "在平台创建并绑定商品，或推送：entrepot connections products … --tell；核对商品映射的编号",
                "make and bind it there, or tell it: entrepot connections products … --tell; compare the listing's ids",
            ),
        );
    }
    let Some(seen) = products.iter().find(|seen| listing.names.answers_to(&seen.names)) else {
        let there: Vec<String> = products.iter().take(5).map(|seen| named(&seen.names)).collect();
        return section.wrong(
            about,
            said(
                format!("编号不一致：本系统 {}，平台 {}", named(&listing.names), there.join("; ")),
                format!("the ids differ: {} here, {} there", named(&listing.names), there.join("; ")),
            ),
            said("更正商品映射的编号，或在平台改外部编号", "correct the listing's ids, or the outer ids there"),
        );
    };
    let audit = seen.audit.as_ref().map(|audit| format!(", {audit}")).unwrap_or_default();
    let (zh, en) = if here { ("在售", "on sale") } else { ("停售", "off sale") };
    if seen.on_sale == here {
        section.ok(about, said(format!("{}（{zh}{audit}）", seen.title), format!("{} ({en}{audit})", seen.title)));
    } else {
        let (zh_there, en_there) = if seen.on_sale { ("在售", "on sale") } else { ("未售", "off sale") };
        section.wrong(
            about,
            said(
                format!("{}：本系统{zh}，平台{zh_there}{audit}", seen.title),
                format!("{}: {en} here, {en_there} there{audit}", seen.title),
            ),
            said("在两侧统一上下架状态；审核未通过时先处理审核", "agree on one; where an audit stands, end that first"),
        );
    }
}

fn named(names: &ListingNames) -> String {
    let all = [
        ("product", &names.product),
        ("sku", &names.sku),
        ("product_out", &names.product_out),
        ("sku_out", &names.sku_out),
    ];
    let given = all.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
    given.collect::<Vec<_>>().join(", ")
}

/// How telling products goes.
async fn told(visit: &Visit<'_>, section: &mut Section) -> Result<(), StorageFault> {
    if visit.rules.beside.products == TellsProducts::Never {
        section.by_hand(
            &visit.key("products"),
            said(
                "不推送商品：由人在平台维护，与本系统核对",
                "products are not told: a person keeps them there and compares them with those here",
            ),
        );
        return Ok(());
    }
    let mut known = visit.app.engine.product_tellings(visit.connection).await?;
    for (name, _) in visit.app.engine.channel_products(visit.connection).await? {
        standing(&name, &known.remove(&name).unwrap_or_default(), section);
    }
    Ok(())
}

fn standing(name: &str, telling: &ProductTelling, section: &mut Section) {
    let why = telling.fault.as_deref().unwrap_or_default();
    let at = telling.told_at.map(|at| at.to_string()).unwrap_or_default();
    match telling.standing {
        ProductStanding::Done => section.ok(name, said(format!("{at} 已推送"), format!("told {at}"))),
        ProductStanding::Waiting => section.not_known(
            name,
            said(format!("{at} 已推送，平台审核中"), format!("told {at}; the channel decides")),
            Some(said("等待平台审核", "wait for the channel")),
        ),
        ProductStanding::Untold | ProductStanding::Wanted => section.not_known(
            name,
            said("尚未推送", "not told yet"),
            Some(said("entrepot connections products … --tell", "entrepot connections products … --tell")),
        ),
        ProductStanding::Refused => section.wrong(
            name,
            said(format!("平台未接受：{why}"), format!("the channel did not take it: {why}")),
            said("更正商品，或按原因处理后再推送", "change the product, or mend the cause and tell it again"),
        ),
        ProductStanding::Failing => section.wrong(
            name,
            said(
                format!("推送失败 {} 次：{why}", telling.failures),
                format!("failed {} times: {why}", telling.failures),
            ),
            said("会自动重试；查看接口日志", "it is tried again by itself; look at the interface log"),
        ),
    }
}
