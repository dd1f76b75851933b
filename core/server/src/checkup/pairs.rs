//! Vouchers with what is reserved with them, where the channel sells such pairs; and what only a person can see to there.

use entrepot_contract::listing::Sells;
use entrepot_domain::pair;
use entrepot_engine::storage::StorageFault;

use super::{Section, Visit, said};

/// Each listing of a pair; none where the channel knows no pairs.
pub(super) async fn section(visit: &Visit<'_>) -> Result<Option<Section>, StorageFault> {
    let Some(pairs) = visit.abilities.pairs else { return Ok(None) };
    let mut section = Section::new("pairs", "抢购产品与预约产品", "vouchers and what is reserved with them");
    let rules = visit.app.engine.rules(&visit.connection.merchant).await?;
    let catalogue = &rules.catalogue;
    for listing in catalogue.listings.iter().filter(|listing| listing.connection == visit.connection.id) {
        let about = listing.id.as_str();
        let Sells::Pair { voucher, reservation } = &listing.sells else {
            section.by_hand(
                about,
                said(
                    "只售卖一个规格（SKU），不是抢购加预约的组合；请核对",
                    "it sells one SKU, not a voucher with what is reserved; is that meant?",
                ),
            );
            continue;
        };
        let faults = pair::fits(catalogue, listing, pairs.separator);
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
                fault.said(pairs.separator),
                said(
                    "更正商品目录或商品映射，并与平台保持一致",
                    "correct the catalogue or the listing, and the same there",
                ),
            );
        }
    }
    if section.lines.is_empty() {
        section.not_known(visit.connection.id.as_str(), said("没有任何商品映射", "nothing is listed"), None);
    }
    Ok(Some(section))
}

/// What the plugin's card leaves to a person: never said to be done, because nobody here can see it.
pub(super) fn duties(visit: &Visit<'_>) -> Option<Section> {
    let mut section = Section::new("duties", "须由人完成的事项", "what only a person can see to");
    for duty in &visit.abilities.duties {
        section.by_hand(&duty.name, said(duty.zh.clone(), duty.en.clone()));
    }
    (!section.lines.is_empty()).then_some(section)
}
