//! What Douyin says of its own side: to catch up, to reconcile, to open what guests' data is sealed with. Every call here
//! asks and changes nothing; which of them a plugin answers is on its card.
//!
//! - [`orders`]: one order, or those that changed (common §14).
//! - [`books`]: bills and uses (common §13, §15).
//! - [`shown`]: what is online, and shops (fulfilment §11, scenic §21).
//! - [`sealed`]: guests' data (common §8.3).

pub mod books;
pub mod orders;
pub mod sealed;
pub mod shown;

use entrepot_sdk::prelude::*;

use crate::number::Int;
use crate::time::seconds;

/// A time that has to be there.
fn required(api: &str, field: &str, value: Int) -> Result<Timestamp, Fault> {
    let time = seconds(value).map_err(|_| Fault::garbled(format!("{api}: {field} is no time of 2015 to 2100")))?;
    Ok(Timestamp::from_millis(time.get()))
}

/// A time that may be missing: 0, and what cannot be meant, is none, for one odd time must not hide a whole page.
#[must_use]
pub fn optional(value: Option<Int>) -> Option<Timestamp> {
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
