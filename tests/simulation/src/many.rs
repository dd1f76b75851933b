//! Many seeds on several threads. Which thread runs a seed makes no difference to it.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::world::{Report, run};

/// What came of many worlds.
#[derive(Debug, Default)]
pub struct Sum {
    /// Worlds.
    pub worlds: u64,
    /// Batches written in all of them.
    pub commits: u64,
    /// Worlds in which something was wrong, by seed.
    pub broken: Vec<Report>,
}

/// Broken worlds that are kept; after that the rest is not run.
const BROKEN_LIMIT: usize = 10;

/// Runs these seeds on as many threads as there are processors. `progress` is told after each thousand.
#[must_use]
pub fn run_all(seeds: Range<u64>, progress: impl Fn(u64) + Sync) -> Sum {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let report = run(seed, false);
                    let mut sum = sum.lock().unwrap();
                    sum.worlds += 1;
                    sum.commits += report.commits;
                    if !report.broken.is_empty() {
                        sum.broken.push(report);
                    }
                    if sum.broken.len() >= BROKEN_LIMIT {
                        next.store(seeds.end, Ordering::Relaxed);
                    }
                    if sum.worlds.is_multiple_of(1_000) {
                        progress(sum.worlds);
                    }
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap();
    sum.broken.sort_by_key(|report| report.seed);
    sum
}
