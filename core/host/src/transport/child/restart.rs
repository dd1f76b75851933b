//! When a process that ended is started again, as a state machine over given instants: no clock and no task of its own.
//!
//! The first restart comes soon, each one after it twice as late up to a limit; a time of health forgets that. Too many
//! ends within a window, and it is left alone until somebody reloads.

use std::collections::VecDeque;

use entrepot_contract::time::Timestamp;

/// How a process is looked after. All times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessRules {
    /// It has to have given its manifest by then.
    pub start_ms: u64,
    /// An instance is opened again within this.
    pub open_ms: u64,
    /// How long it is waited for after its input was closed, before SIGTERM.
    pub stop_ms: u64,
    /// How long it is waited for after SIGTERM, before SIGKILL.
    pub terminate_ms: u64,
    /// How long after its first end it is started again.
    pub first_delay_ms: u64,
    /// The longest such delay.
    pub longest_delay_ms: u64,
    /// Having run for so long, it is healthy: the next delay is the first one again.
    pub healthy_ms: u64,
    /// Restarts within the window; the end after them is the last.
    pub restarts: usize,
    /// The window.
    pub window_ms: u64,
}

impl Default for ProcessRules {
    fn default() -> Self {
        Self {
            start_ms: 15_000,
            open_ms: 15_000,
            stop_ms: 5_000,
            terminate_ms: 2_000,
            first_delay_ms: 500,
            longest_delay_ms: 30_000,
            healthy_ms: 60_000,
            restarts: 10,
            window_ms: 600_000,
        }
    }
}

/// The ends of one plugin's processes.
#[derive(Debug)]
pub(super) struct Restarts {
    rules: ProcessRules,
    delay_ms: u64,
    /// When the process that runs was started.
    started: Option<Timestamp>,
    ends: VecDeque<Timestamp>,
}

impl Restarts {
    /// A process that was just started for the first time.
    pub(super) fn new(rules: ProcessRules, now: Timestamp) -> Self {
        Self { rules, delay_ms: rules.first_delay_ms, started: Some(now), ends: VecDeque::new() }
    }

    /// It runs again.
    pub(super) fn started(&mut self, now: Timestamp) {
        self.started = Some(now);
    }

    /// It ended, or could not be started: how long to wait before it is started again, in milliseconds. None: it is left
    /// alone.
    pub(super) fn ended(&mut self, now: Timestamp) -> Option<u64> {
        let older = |since: Timestamp, limit_ms: u64| now.since(since) >= i64::try_from(limit_ms).unwrap_or(i64::MAX);
        if self.started.take().is_some_and(|since| older(since, self.rules.healthy_ms)) {
            self.delay_ms = self.rules.first_delay_ms;
        }
        while self.ends.front().is_some_and(|first| older(*first, self.rules.window_ms)) {
            self.ends.pop_front();
        }
        if self.ends.len() >= self.rules.restarts {
            return None;
        }
        self.ends.push_back(now);
        let delay_ms = self.delay_ms;
        self.delay_ms = delay_ms.saturating_mul(2).min(self.rules.longest_delay_ms);
        Some(delay_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn rules() -> ProcessRules {
        ProcessRules {
            first_delay_ms: 100,
            longest_delay_ms: 350,
            healthy_ms: 1_000,
            restarts: 5,
            window_ms: 10_000,
            ..ProcessRules::default()
        }
    }

    #[test]
    fn each_restart_comes_later_up_to_a_limit_and_health_forgets_it() {
        let mut restarts = Restarts::new(rules(), at(0));
        assert_eq!(restarts.ended(at(10)), Some(100));
        assert_eq!(restarts.ended(at(2_000)), Some(200), "it was not there: that is no health");
        restarts.started(at(2_100));
        assert_eq!(restarts.ended(at(3_099)), Some(350));
        restarts.started(at(3_500));
        assert_eq!(restarts.ended(at(4_500)), Some(100), "it was well for long enough");
    }

    #[test]
    fn too_many_ends_in_the_window_are_the_last() {
        let mut restarts = Restarts::new(rules(), at(0));
        assert!((0..5).all(|end| restarts.ended(at(end * 100)).is_some()));
        assert_eq!(restarts.ended(at(9_999)), None);
        assert!(restarts.ended(at(10_000)).is_some(), "the first end is out of the window");
        assert_eq!(restarts.ended(at(10_001)), None);
    }
}
