//! Many clients at once, timed.

use std::time::{Duration, Instant};

use crate::Result;

/// How one call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sale {
    /// The order stands.
    Stored,
    /// Nothing was left.
    SoldOut,
    /// "Busy": nothing was done.
    Busy,
}

/// One client. It makes one call at a time.
pub trait Buyer: Send + Sized + 'static {
    /// Buys one unit.
    fn buy(&mut self) -> impl Future<Output = Result<Sale>> + Send;
}

/// How long clients go on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// For this long.
    Time(Duration),
    /// Each until it meets the first refusal.
    SoldOut,
}

/// What came of a round.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// From the first call to the last one that stored an order; to the last call when none did.
    pub elapsed: Duration,
    /// How long each stored order took, in microseconds, sorted.
    pub stored_us: Vec<u32>,
    /// How long each refusal took, in microseconds, sorted.
    pub refused_us: Vec<u32>,
    /// How long each "busy" took, in microseconds, sorted.
    pub busy_us: Vec<u32>,
}

impl Round {
    /// Calls of these latencies in a second.
    pub fn per_second(&self, count: usize) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The latency that a part of the calls stayed below, in milliseconds.
pub fn percentile_ms(sorted_us: &[u32], part: f64) -> f64 {
    let place = (sorted_us.len() as f64 * part).ceil() as usize;
    sorted_us.get(place.saturating_sub(1)).map_or(0.0, |us| f64::from(*us) / 1_000.0)
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    stored_us: Vec<u32>,
    refused_us: Vec<u32>,
    busy_us: Vec<u32>,
    last_stored: Option<Instant>,
}

/// Lets all clients buy at once; they are given back for the next round.
pub async fn round<B: Buyer>(buyers: Vec<B>, until: Until) -> Result<(Vec<B>, Round)> {
    let begun = Instant::now();
    let tasks: Vec<_> = buyers.into_iter().map(|buyer| tokio::spawn(one(buyer, until, begun))).collect();
    let mut buyers = Vec::with_capacity(tasks.len());
    let mut sum = Round::default();
    let mut last_stored = None;
    for task in tasks {
        let (buyer, seen) = task.await.map_err(|fault| fault.to_string())??;
        buyers.push(buyer);
        sum.stored_us.extend(seen.stored_us);
        sum.refused_us.extend(seen.refused_us);
        sum.busy_us.extend(seen.busy_us);
        last_stored = last_stored.max(seen.last_stored);
    }
    sum.elapsed = last_stored.map_or_else(|| begun.elapsed(), |last| last - begun);
    sum.stored_us.sort_unstable();
    sum.refused_us.sort_unstable();
    sum.busy_us.sort_unstable();
    Ok((buyers, sum))
}

async fn one<B: Buyer>(mut buyer: B, until: Until, begun: Instant) -> Result<(B, Seen)> {
    let mut seen = Seen::default();
    loop {
        let asked = Instant::now();
        let sale = buyer.buy().await?;
        let now = Instant::now();
        let took_us = u32::try_from((now - asked).as_micros()).unwrap_or(u32::MAX);
        match sale {
            Sale::Stored => {
                seen.stored_us.push(took_us);
                seen.last_stored = Some(now);
            }
            Sale::SoldOut => seen.refused_us.push(took_us),
            Sale::Busy => seen.busy_us.push(took_us),
        }
        let over = match until {
            Until::Time(limit) => now - begun >= limit,
            Until::SoldOut => sale == Sale::SoldOut,
        };
        if over {
            return Ok((buyer, seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_call() {
        let sorted: Vec<u32> = (1..=100).map(|ms| ms * 1_000).collect();
        assert!((percentile_ms(&sorted, 0.5) - 50.0).abs() < 1e-9);
        assert!((percentile_ms(&sorted, 0.99) - 99.0).abs() < 1e-9);
        assert!(percentile_ms(&[], 0.5).abs() < 1e-9);
    }
}
