//! What Douyin says of its own side: to catch up, to reconcile, to open what guests' data is sealed with. Every call here
//! asks and changes nothing.
//!
//! - `orders`: one order, or those that changed (common §14).
//! - `books`: bills and uses (common §13, §15).
//! - `shown`: products and shops (scenic §18, §21).
//! - `reserved`: whose a code of Douyin's own pool is (fulfilment §7).
//! - `sealed`: guests' data (common §8.3).

mod books;
mod orders;
mod reserved;
mod sealed;
mod shown;

use douyin_wire::number::Int;
use douyin_wire::time::seconds;
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
    match what {
        Look::Order { order } => orders::one(channel, call, order).await,
        Look::Orders { from, to, page } => orders::changed(channel, call, *from, *to, page.as_deref()).await,
        Look::Ledger { day, page } => books::ledger(channel, call, *day, page.as_deref()).await,
        Look::Redemptions { from, to, page } => books::uses(channel, call, *from, *to, page.as_deref()).await,
        Look::Product { names } => shown::product(channel, call, names).await,
        Look::Shops { page } => shown::shops(channel, call, page.as_deref()).await,
        Look::Sealed(sealed) => sealed::open(channel, call, sealed).await,
        Look::ReservedCode { names, credentials } => reserved::order(channel, call, names, credentials).await,
        Look::Unknown => Err(Fault::unsupported("look unknown")),
    }
}

/// A time that has to be there.
fn required(api: &str, field: &str, value: Int) -> Result<Timestamp, Fault> {
    let time = seconds(value).map_err(|_| Fault::garbled(format!("{api}: {field} is no time of 2015 to 2100")))?;
    Ok(Timestamp::from_millis(time.get()))
}

/// A time that may be missing: 0, and what cannot be meant, is none, for one odd time must not hide a whole page.
fn optional(value: Option<Int>) -> Option<Timestamp> {
    let time = seconds(value?).ok()?;
    Some(Timestamp::from_millis(time.get()))
}

/// The seconds of a window that holds every instant from `from` until `to`, exclusive.
fn window(from: Timestamp, to: Timestamp) -> [String; 2] {
    let last = to.plus_millis(-1).max(from);
    [from, last].map(|time| time.millis().div_euclid(1_000).to_string())
}

/// A page's name that came back from the core.
fn page_fault(page: &str) -> Fault {
    let shown: String = page.chars().take(40).collect();
    Fault::invalid(format!("page {shown:?} is none that this look gave"))
}
