//! How many calls a path takes in one second of the platform's clock (common §6).

use std::collections::{BTreeMap, VecDeque};

/// Calls older than this do not count, milliseconds.
const WINDOW_MS: i64 = 1_000;

/// The calls of the last second, by path. Only paths with a limit are kept, so it stays small.
#[derive(Debug, Default)]
pub(crate) struct RateBook {
    recent: BTreeMap<&'static str, VecDeque<i64>>,
}

impl RateBook {
    /// Counts a call; false when `limit` were taken in the last second. A refused call does not count.
    pub(crate) fn admit(&mut self, path: &'static str, limit: usize, now_ms: i64) -> bool {
        let recent = self.recent.entry(path).or_default();
        while recent.front().is_some_and(|at_ms| now_ms - at_ms >= WINDOW_MS) {
            recent.pop_front();
        }
        if recent.len() >= limit {
            return false;
        }
        recent.push_back(now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_takes_so_many_and_paths_are_apart() {
        let mut book = RateBook::default();
        assert!((0..20).all(|_| book.admit("/a/", 20, 5)));
        assert!(!book.admit("/a/", 20, 1_004));
        assert!(book.admit("/b/", 20, 1_004));
        assert!(book.admit("/a/", 20, 1_005));
    }
}
