//! Which of the core's questions Douyin is asked, and where: as by every solution ([`douyin_wire::partner::look`]). All but sealed
//! texts need a permission beside the solution's twelve.

use douyin_wire::partner::look::{books, orders, sealed, shown};
use entrepot_sdk::contract::looking::LookName;
use entrepot_sdk::prelude::*;

use crate::DouyinGroupBuy;
use crate::connection::ConnectionSettings;

/// The questions that are answered; the card says it.
pub(crate) const LOOKS: [LookName; 7] = [
    LookName::Product,
    LookName::Order,
    LookName::Orders,
    LookName::Ledger,
    LookName::Redemptions,
    LookName::Shops,
    LookName::Sealed,
];

pub(crate) async fn look(
    channel: &DouyinGroupBuy,
    call: &Call<ConnectionSettings>,
    what: &Look,
) -> Result<Seen, Fault> {
    let partner = &channel.partner;
    match what {
        // Fulfilment §11: price and stock of what is online (group-buy rules 11 and 12 compare them).
        Look::Product { names } if call.connection.settings.goods_look => {
            Ok(Seen::Products { products: shown::online(partner, call, names).await? })
        }
        Look::Product { .. } => Err(Fault::unsupported("look at products: goods_look is false")),
        Look::Order { order } => orders::one(partner, call, order).await,
        Look::Orders { from, to, page } => orders::changed(partner, call, *from, *to, page.as_deref()).await,
        Look::Ledger { day, page } => books::ledger(partner, call, *day, page.as_deref()).await,
        Look::Redemptions { from, to, page } => books::uses(partner, call, *from, *to, page.as_deref()).await,
        Look::Shops { page } => shown::shops(partner, call, &[], page.as_deref()).await,
        Look::Sealed(texts) => sealed::open(partner, call, texts).await,
        Look::ReservedCode { .. } | Look::Unknown => Err(Fault::unsupported("this look")),
    }
}
