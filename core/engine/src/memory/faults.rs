//! What was injected, and what it means to the caller.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::storage::StorageFault;

/// A fault that happens where it was injected, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedFault {
    /// Another node was first, or a lock took too long: nothing is written.
    Conflict,
    /// The database is gone: nothing is written.
    Busy,
    /// The connection broke before the commit happened; the caller cannot know. Elsewhere the same as `Busy`.
    CommitLostBefore,
    /// The commit happened, but the connection broke before its answer. Elsewhere the same as `Busy`.
    CommitLostAfter,
    /// The data is refused: nothing is written.
    Data,
}

impl InjectedFault {
    /// As a call other than `commit` reports it.
    pub(super) fn outside_commit(self, call: &str) -> StorageFault {
        let text = format!("injected at {call}");
        match self {
            Self::Conflict => StorageFault::Conflict(text),
            Self::Data => StorageFault::Data(text),
            Self::Busy | Self::CommitLostBefore | Self::CommitLostAfter => StorageFault::Lost(text),
        }
    }
}

/// Faults that have not happened yet.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) commits: VecDeque<InjectedFault>,
    pub(super) calls: BTreeMap<String, VecDeque<InjectedFault>>,
    pub(super) poisoned: BTreeSet<String>,
}

impl Faults {
    /// The next fault of a call, if there is one.
    pub(super) fn at(&mut self, call: &str) -> Option<InjectedFault> {
        self.calls.get_mut(call)?.pop_front()
    }
}
