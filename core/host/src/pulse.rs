//! Whether a plugin's own threads run: a heartbeat is a task on the executor that runs a library's calls, or a frame that
//! a process answers, so a partner that is slow leaves it beating, and workers that block or spin do not. A state machine
//! over given instants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use entrepot_contract::time::Timestamp;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::instance::RunningInstance;
use crate::locked;

/// A heartbeat is sent so often, unless one is still without an answer, in milliseconds.
pub const BEAT_EVERY_MS: u64 = 500;

/// A heartbeat without an answer for so long means that the threads do not run, in milliseconds.
pub const SILENT_AFTER_MS: i64 = 2_000;

/// Whether a plugin's own threads run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threads {
    /// Nobody can tell: it runs on the host's threads (built in), or its library refuses heartbeats.
    Unwatched,
    /// They run.
    Run,
    /// They do not.
    Silent {
        /// Since when, at the latest.
        since: Timestamp,
    },
    /// It has a process of its own, which is not there, or in which it did not open again; the reports say why.
    Gone {
        /// Since when.
        since: Timestamp,
    },
}

/// Tells whether the threads of an instance run.
pub(crate) trait Heart: Send + Sync {
    /// Sends a heartbeat, unless one is without an answer.
    fn beat(&self, now: Timestamp);
    /// What is known by now.
    fn threads(&self, now: Timestamp) -> Threads;
}

/// The heartbeats of one instance; at most one is without an answer.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Beat>);

#[derive(Debug, Default, Clone, Copy)]
enum Beat {
    #[default]
    Answered,
    Sent {
        call: u64,
        at: Timestamp,
    },
    Refused,
}

impl Pulse {
    /// Notes that a heartbeat is about to be sent under this number; false when there is no need for one.
    pub(crate) fn send(&self, call: u64, now: Timestamp) -> bool {
        let mut beat = locked(&self.0);
        let free = matches!(*beat, Beat::Answered);
        if free {
            *beat = Beat::Sent { call, at: now };
        }
        free
    }

    /// An answer came; whether it was the heartbeat's.
    pub(crate) fn answered(&self, call: u64) -> bool {
        let mut beat = locked(&self.0);
        let ours = matches!(*beat, Beat::Sent { call: sent, .. } if sent == call);
        if ours {
            *beat = Beat::Answered;
        }
        ours
    }

    /// The library knows no heartbeats.
    pub(crate) fn refused(&self) {
        *locked(&self.0) = Beat::Refused;
    }

    /// What is known by now.
    pub(crate) fn threads(&self, now: Timestamp) -> Threads {
        match *locked(&self.0) {
            Beat::Refused => Threads::Unwatched,
            Beat::Sent { at, .. } if now.since(at) >= SILENT_AFTER_MS => Threads::Silent { since: at },
            Beat::Sent { .. } | Beat::Answered => Threads::Run,
        }
    }
}

/// Looks after an instance until it is closed or gone. One that has no heart is not looked after.
pub(crate) fn watch(running: &Arc<RunningInstance>) {
    if running.heart.is_none() {
        return;
    }
    let watched = Arc::downgrade(running);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(BEAT_EVERY_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            match watched.upgrade().filter(|running| !running.is_closed()) {
                Some(running) => running.look(),
                None => return,
            };
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn two_seconds_without_an_answer_are_silence_since_the_beat() {
        let pulse = Pulse::default();
        assert!(pulse.send(7, at(100)));
        assert_eq!(pulse.threads(at(2_099)), Threads::Run);
        assert_eq!(pulse.threads(at(2_100)), Threads::Silent { since: at(100) });
        assert!(!pulse.send(8, at(2_100)), "one at a time");
        assert_eq!(pulse.threads(at(9_000)), Threads::Silent { since: at(100) }, "since the first one");
    }

    #[test]
    fn only_the_beats_own_answer_ends_the_silence() {
        let pulse = Pulse::default();
        assert!(pulse.send(7, at(0)));
        assert!(!pulse.answered(6));
        assert_eq!(pulse.threads(at(5_000)), Threads::Silent { since: at(0) });
        assert!(pulse.answered(7));
        assert_eq!(pulse.threads(at(5_000)), Threads::Run);
        assert!(!pulse.answered(7), "a second answer is nobody's");
        assert!(pulse.send(8, at(5_000)));
    }

    #[test]
    fn a_library_that_refuses_is_not_watched() {
        let pulse = Pulse::default();
        assert!(pulse.send(1, at(0)));
        pulse.refused();
        assert_eq!(pulse.threads(at(9_000)), Threads::Unwatched);
        assert!(!pulse.send(2, at(9_000)));
    }
}
