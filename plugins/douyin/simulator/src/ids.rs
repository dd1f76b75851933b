//! Identifiers from seeded counters: no randomness, so that a run can be repeated.

use chrono::{DateTime, FixedOffset};
use std::sync::atomic::{AtomicU64, Ordering};

/// Offset of China Standard Time (common §10: the zone of dates, inferred).
const CST_SECONDS: i32 = 8 * 3600;

/// The order id of seed 0 is this plus one: longer than 2^53, as every id of the platform (common §1).
const ORDER_BASE: u64 = 1_000_000_000_000_000_000;
const SPECIFICATION_BASE: u64 = 1_800_000_000_000_000_000;
const PRODUCT_BASE: u64 = 2_000_000_000_000_000_000;
const ITEM_BASE: u64 = 3_000_000_000_000_000_000;
const CERTIFICATE_BASE: u64 = 7_000_000_000_000_000_000;
const VERIFY_BASE: u64 = 8_000_000_000_000_000_000;

/// Distance between the ids of two seeds.
const SEED_STRIDE: u64 = 1_000_000_000;
const SEEDS: u64 = 1_000_000;

/// The counters of one platform.
#[derive(Debug)]
pub(crate) struct Ids {
    offset: u64,
    orders: AtomicU64,
    items: AtomicU64,
    certificates: AtomicU64,
    verifies: AtomicU64,
    products: AtomicU64,
    specifications: AtomicU64,
    others: AtomicU64,
    logids: AtomicU64,
}

fn next(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            offset: (seed % SEEDS) * SEED_STRIDE,
            orders: zero(),
            items: zero(),
            certificates: zero(),
            verifies: zero(),
            products: zero(),
            specifications: zero(),
            others: zero(),
            logids: zero(),
        }
    }

    pub(crate) fn order(&self) -> String {
        (ORDER_BASE + self.offset + next(&self.orders)).to_string()
    }

    pub(crate) fn item(&self) -> String {
        (ITEM_BASE + self.offset + next(&self.items)).to_string()
    }

    pub(crate) fn certificate(&self) -> String {
        (CERTIFICATE_BASE + self.offset + next(&self.certificates)).to_string()
    }

    pub(crate) fn verify(&self) -> String {
        (VERIFY_BASE + self.offset + next(&self.verifies)).to_string()
    }

    pub(crate) fn product(&self) -> String {
        (PRODUCT_BASE + self.offset + next(&self.products)).to_string()
    }

    pub(crate) fn specification(&self) -> String {
        (SPECIFICATION_BASE + self.offset + next(&self.specifications)).to_string()
    }

    /// A small number for refund keys, tokens and challenges.
    pub(crate) fn number(&self) -> u64 {
        self.offset + next(&self.others)
    }

    /// A request id: the local time, then the counter in 20 hexadecimal digits.
    pub(crate) fn logid(&self, now_ms: i64) -> String {
        let stamp = local_time(now_ms).map_or_else(String::new, |at| at.format("%Y%m%d%H%M%S").to_string());
        format!("{stamp}{:020X}", self.offset + next(&self.logids))
    }
}

/// The instant in China Standard Time; `None` outside the calendar's range.
pub(crate) fn local_time(now_ms: i64) -> Option<DateTime<FixedOffset>> {
    let zone = FixedOffset::east_opt(CST_SECONDS)?;
    Some(DateTime::from_timestamp_millis(now_ms)?.with_timezone(&zone))
}

/// Unix seconds at which the local day `yyyy-MM-dd` begins; `None` when it is not a date.
pub(crate) fn day_start_s(day: &str) -> Option<i64> {
    let date = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp() - i64::from(CST_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_seeded_and_long() {
        assert_eq!(Ids::new(0).order(), "1000000000000000001");
        assert_eq!(Ids::new(2).order(), "1000000002000000001");
        assert!(Ids::new(u64::MAX).verify().parse::<i64>().is_ok());
    }

    #[test]
    fn days_begin_at_local_midnight() {
        assert_eq!(day_start_s("2026-10-01"), Some(1_790_784_000));
        assert_eq!(day_start_s("2026-13-01"), None);
        assert_eq!(Ids::new(0).logid(1_790_784_000_000), "2026100100000000000000000000000001");
    }
}
