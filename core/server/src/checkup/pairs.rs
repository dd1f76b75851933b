//! Vouchers with what is reserved with them, where the channel sells such pairs: whether each listing follows the rules of
//! pairs, whether its dates can be reserved, and whether somebody can redeem them.

use entrepot_contract::ids::{ConnectionId, PoolName};
use entrepot_contract::listing::{Listing, Sells};
use entrepot_contract::product::{Fulfilment, Product, Sku, Validity};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::catalogue::{Catalogue, Rules};
use entrepot_domain::planted::{self, Bug};
use entrepot_domain::{pair, venue};
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, said, supplier};

/// Dates that one line names.
pub(super) const DATES_SHOWN: usize = 5;

/// A listing of a pair whose halves are both in the catalogue.
pub(super) struct Pair<'a> {
    pub(super) listing: &'a Listing,
    pub(super) voucher: (&'a Product, &'a Sku),
    pub(super) reserved: (&'a Product, &'a Sku),
}

impl Pair<'_> {
    /// What a line of one of its figures is about.
    pub(super) fn about(&self, figure: &str) -> String {
        format!("{}/{figure}", self.listing.id)
    }

    /// The dates that its voucher is reserved on, first and last.
    pub(super) fn window(&self) -> Option<(VisitDate, VisitDate)> {
        match self.voucher.0.validity {
            Validity::Window { from, to } => Some((from, to)),
            Validity::VisitDay | Validity::DaysAfterVisit { .. } => None,
        }
    }

    /// Every date that somebody could choose now: within the window, and no more than its rule's days ahead.
    pub(super) fn bookable(&self, now: Timestamp) -> Vec<VisitDate> {
        let today = venue::zone(&self.reserved.0.time_zone).and_then(|zone| venue::today(zone, now));
        let (Some(today), Some((first, last)), Some(rule)) = (today, self.window(), self.voucher.0.reservation) else {
            return Vec::new();
        };
        let ahead = (0..u32::from(rule.window_days.max(1))).filter_map(|ahead| today.plus_days(ahead));
        ahead.filter(|date| (first..=last).contains(date)).collect()
    }
}

/// The pairs of a connection.
pub(super) fn listed<'a>(catalogue: &'a Catalogue, connection: &ConnectionId) -> Vec<Pair<'a>> {
    let own = catalogue.listings.iter().filter(|listing| listing.connection == *connection);
    let pair = |listing: &'a Listing| {
        let Sells::Pair { voucher, reservation } = &listing.sells else { return None };
        Some(Pair { listing, voucher: catalogue.sku(voucher).ok()?, reserved: catalogue.sku(reservation).ok()? })
    };
    own.filter_map(pair).collect()
}

/// Some dates of many, for a line.
pub(super) fn some_of(dates: &[VisitDate]) -> String {
    let first = dates.iter().take(DATES_SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if dates.len() > DATES_SHOWN { format!("{first} …") } else { first }
}

/// Each listing of a pair; none where the channel knows no pairs.
pub(super) async fn section(visit: &Visit<'_>) -> Result<Option<Section>, StorageFault> {
    let Some(pairs) = visit.abilities.pairs else { return Ok(None) };
    let mut section = Section::new("pairs", "抢购产品与预约产品", "vouchers and what is reserved with them");
    let rules = visit.app.engine.rules(&visit.connection.merchant).await?;
    let catalogue = &rules.catalogue;
    for listing in catalogue.listings.iter().filter(|listing| listing.connection == visit.connection.id) {
        fitting(catalogue, listing, pairs.separator, &mut section);
    }
    for pair in listed(catalogue, &visit.connection.id) {
        dates(visit, &rules, &pair, &mut section).await?;
        redeemed(visit, &rules, &pair, &mut section).await?;
    }
    if section.lines.is_empty() {
        section.not_known(visit.connection.id.as_str(), said("没有任何商品映射", "nothing is listed"), None);
    }
    Ok(Some(section))
}

fn fitting(catalogue: &Catalogue, listing: &Listing, separator: char, section: &mut Section) {
    let about = listing.id.as_str();
    let Sells::Pair { voucher, reservation } = &listing.sells else {
        return section.by_hand(
            about,
            said(
                "只售卖一个规格（SKU），不是抢购加预约的组合；请核对",
                "it sells one SKU, not a voucher with what is reserved; is that meant?",
            ),
        );
    };
    let faults = pair::fits(catalogue, listing, separator);
    if faults.is_empty() {
        section.ok(
            about,
            said(
                format!("抢购产品 {voucher}，预约产品 {reservation}"),
                format!("voucher {voucher}, reserved {reservation}"),
            ),
        );
    }
    for fault in faults {
        section.wrong(
            about,
            fault.said(separator),
            said(
                "更正商品目录或商品映射，并与平台保持一致",
                "correct the catalogue or the listing, and the same there",
            ),
        );
    }
}

/// Whether each date that can be chosen has a price and stock. A date that sold out has both.
async fn dates(visit: &Visit<'_>, rules: &Rules, pair: &Pair<'_>, section: &mut Section) -> Result<(), StorageFault> {
    let (about, sku) = (pair.about("dates"), &pair.reserved.1.id);
    let bookable = pair.bookable(visit.app.engine.now());
    if bookable.is_empty() {
        let text = said(
            "预约期内没有可预约的日期：抢购产品的有效期（validity）已结束，或尚未开始",
            "no date can be reserved now: the voucher's window (validity) is over, or begins later",
        );
        section.not_known(&about, text, Some(said("核对抢购产品的有效期", "is the voucher's window right?")));
        return Ok(());
    }
    let cells: Vec<Option<VisitDate>> = bookable.iter().copied().map(Some).collect();
    let offered = visit.app.engine.offered(rules, pair.listing, sku, &cells).await?;
    let blind = planted::is(Bug::MissingDateUnseen);
    let has = |date: &VisitDate| blind || offered.get(&Some(*date)).is_some_and(|units| units.all != Some(0));
    let lacking: Vec<VisitDate> = bookable.iter().copied().filter(|date| !has(date)).collect();
    let closed = |date: &VisitDate| {
        let open = rules.catalogue.day(sku, Some(*date)).is_some_and(|day| day.open);
        !open || rules.catalogue.stopped(&visit.connection.id, sku, Some(*date)).is_some()
    };
    let shut: Vec<VisitDate> = bookable.iter().copied().filter(|date| has(date) && closed(date)).collect();
    let (all, first) = (bookable.len(), bookable.first().map(ToString::to_string).unwrap_or_default());
    if lacking.is_empty() {
        let text = said(
            format!("自 {first} 起可预约的 {all} 天都有价格与库存"),
            format!("all {all} dates that can be reserved, from {first} on, have a price and stock"),
        );
        section.ok(&about, text);
    } else {
        let (count, some) = (lacking.len(), some_of(&lacking));
        section.wrong(
            &about,
            said(
                format!("预约产品 {sku} 可预约的 {all} 天中有 {count} 天没有价格或库存：{some}"),
                format!("{count} of the {all} dates on which {sku} can be reserved have no price or no stock: {some}"),
            ),
            said(
                "导入日历（entrepot calendar import），或缩短抢购产品的有效期",
                "import its calendar (entrepot calendar import), or end the voucher's window earlier",
            ),
        );
    }
    if !shut.is_empty() {
        let (count, some) = (shut.len(), some_of(&shut));
        section.by_hand(
            &pair.about("closed"),
            said(
                format!("{count} 天已关闭或停售，平台的可入园日期也应去掉：{some}"),
                format!("{count} dates are closed or stopped here, and have to be there, too: {some}"),
            ),
        );
    }
    Ok(())
}

/// Whether the tickets of what is reserved come from somebody who is there, and their use is told.
async fn redeemed(
    visit: &Visit<'_>,
    rules: &Rules,
    pair: &Pair<'_>,
    section: &mut Section,
) -> Result<(), StorageFault> {
    let about = pair.about("supplier");
    let Fulfilment::Supplier { connection, product_code } = &pair.reserved.1.fulfilment else {
        let text = said(
            "凭证由本系统生成，在本系统核销台核销",
            "its tickets are made here, and redeemed at the desk of this system",
        );
        section.ok(&about, text);
        return Ok(());
    };
    let standing = match rules.supplier(connection) {
        Some(own) => supplier::standing(visit.app, connection, own),
        None => Err((
            said(format!("供应商连接 {connection} 不存在"), format!("there is no supplier connection {connection}")),
            said("更正预约产品的 fulfilment", "correct the fulfilment of what is reserved"),
        )),
    };
    match standing {
        Err((text, advice)) => section.wrong(&about, text, advice),
        Ok(true) => section.ok(
            &about,
            said(
                format!("供应商连接 {connection} 已打开，核销可知"),
                format!("supplier connection {connection} is open, and uses are known"),
            ),
        ),
        Ok(false) => section.by_hand(
            &about,
            said(
                format!("供应商连接 {connection} 不告知核销：请导入核销清单（entrepot redeem），否则订单不会完成"),
                format!("{connection} tells no uses: import lists of them (entrepot redeem), or orders never complete"),
            ),
        ),
    }
    if rules.supplier(connection).is_some_and(|own| own.pool) {
        pool(visit, pair, product_code, section).await?;
    }
    Ok(())
}

/// Whether the pool that the tickets come from has codes.
async fn pool(
    visit: &Visit<'_>,
    pair: &Pair<'_>,
    product_code: &str,
    section: &mut Section,
) -> Result<(), StorageFault> {
    let storage = visit.app.engine.storage();
    let found = match PoolName::parse(product_code) {
        Ok(name) => storage.pool(&visit.connection.merchant, &name).await?,
        Err(_) => None,
    };
    let about = pair.about("pool");
    match found.map_or(0, |(left, _)| left) {
        0 => section.wrong(
            &about,
            said(format!("码库 {product_code} 没有可用的码"), format!("pool {product_code} has no codes left")),
            said("导入凭证码：entrepot codes import", "import codes: entrepot codes import"),
        ),
        left => section.ok(
            &about,
            said(format!("码库 {product_code} 剩 {left} 个码"), format!("pool {product_code} has {left} codes left")),
        ),
    }
    Ok(())
}
