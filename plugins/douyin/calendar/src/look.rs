//! Which of the core's questions Douyin is asked, and where. Every call here asks and changes nothing; orders, bills, uses,
//! shops and sealed texts are looked at as by every solution ([`douyin_wire::partner::look`]).
//!
//! - `shown`: products (scenic §18).
//! - `reserved`: whose a code of Douyin's own pool is (fulfilment §7).

mod reserved;
mod shown;

use douyin_wire::partner::look::{books, orders, sealed, shown as shops};
use entrepot_sdk::contract::looking::LookName;
use entrepot_sdk::prelude::*;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;

/// The questions that are answered; the card says it.
pub(crate) const LOOKS: [LookName; 8] = [
    LookName::Order,
    LookName::Orders,
    LookName::Ledger,
    LookName::Redemptions,
    LookName::Product,
    LookName::Shops,
    LookName::Sealed,
    LookName::ReservedCode,
];

pub(crate) async fn look(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    what: &Look,
) -> Result<Seen, Fault> {
    let (partner, settings) = (&channel.partner, &call.connection.settings);
    match what {
        Look::Order { order } => orders::one(partner, call, order).await,
        Look::Orders { from, to, page } => orders::changed(partner, call, *from, *to, page.as_deref()).await,
        Look::Ledger { day, page } => books::ledger(partner, call, *day, page.as_deref()).await,
        Look::Redemptions { from, to, page } => books::uses(partner, call, *from, *to, page.as_deref()).await,
        Look::Product { names } => shown::product(channel, call, names).await,
        Look::Shops { page } => shops::shops(partner, call, &settings.shop_out_ids, page.as_deref()).await,
        Look::Sealed(texts) => sealed::open(partner, call, texts).await,
        Look::ReservedCode { names, credentials } => reserved::order(channel, call, names, credentials).await,
        Look::Unknown => Err(Fault::unsupported("look unknown")),
    }
}
