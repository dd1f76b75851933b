//! What is looked at again and again: when each connection's next round is, and that no two go on at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use entrepot_contract::ids::ConnectionId;
use entrepot_contract::time::Timestamp;

use crate::core::Core;
use crate::directory::Connection;
use crate::nodes::GONE_MS;

/// Rounds of one kind.
#[derive(Default)]
pub(crate) struct Rounds(Mutex<BTreeMap<ConnectionId, Round>>);

#[derive(Clone, Copy)]
struct Round {
    next: Timestamp,
    busy: bool,
}

impl Rounds {
    /// Somebody told that there is something to look at: the next round is soon.
    pub(crate) fn wanted(&self, connection: &ConnectionId, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = all.get_mut(connection) {
            round.next = round.next.min(now);
        }
    }

    /// Whether it is time; then nobody else begins until it is done.
    pub(crate) fn begin(&self, connection: &ConnectionId, now: Timestamp, every_ms: i64) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let round = all.entry(connection.clone()).or_insert(Round { next: now, busy: false });
        if round.busy || round.next > now {
            return false;
        }
        *round = Round { next: now.plus_millis(every_ms), busy: true };
        true
    }

    /// The round that is going on looked at very much: the next one begins no sooner than then.
    pub(crate) fn rest(&self, connection: &ConnectionId, until: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = all.get_mut(connection) {
            round.next = round.next.max(until);
        }
    }

    /// The round is over.
    pub(crate) fn done(&self, connection: &ConnectionId, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(round) = all.get_mut(connection) {
            *round = Round { next: round.next.max(now), busy: false };
        }
    }
}

/// How a connection's rounds of one kind go.
pub(crate) struct Going {
    /// Where their times stand.
    pub(crate) rounds: fn(&Core) -> &Rounds,
    /// How often one begins, in milliseconds.
    pub(crate) every_ms: i64,
    /// What a round that failed could not do, for the log.
    pub(crate) failed: &'static str,
}

impl Going {
    /// Begins a round beside the ticker when its time has come, on the node that goes round.
    pub(crate) async fn begin<F, Fault>(
        self,
        core: &Arc<Core>,
        connection: &Connection,
        round: impl FnOnce(Arc<Core>, Connection) -> F,
    ) where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
        Fault: Display,
    {
        let Self { rounds, every_ms, failed } = self;
        let now = core.clock.now();
        if !rounds(core).begin(&connection.id, now, every_ms) {
            return;
        }
        if !first_node(core).await {
            rounds(core).done(&connection.id, now);
            return;
        }
        let (round, core, id) = (round(core.clone(), connection.clone()), core.clone(), connection.id.clone());
        let doing = core.under_way.begin();
        tokio::spawn(async move {
            if let Err(fault) = round.await {
                tracing::warn!(connection = %id, %fault, "{failed}");
            }
            rounds(&core).done(&id, core.clock.now());
            drop(doing);
        });
    }
}

/// Whether this is the node that goes round, and when that was read.
#[derive(Default)]
pub(crate) struct First(Mutex<Option<(bool, Timestamp)>>);

/// How long an answer holds, in milliseconds: every connection's rounds ask.
const ANSWER_MS: i64 = 1_000;

/// Of the nodes that live, the one whose name comes first goes round; a node that tells nobody of itself is alone.
async fn first_node(core: &Core) -> bool {
    let now = core.clock.now();
    let known = *core.first.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((first, _)) = known.filter(|(_, at)| (0..ANSWER_MS).contains(&now.since(*at))) {
        return first;
    }
    match core.storage.nodes(GONE_MS).await {
        Ok(nodes) => {
            let first = nodes.first().is_none_or(|first| first.node.id == core.settings.node);
            *core.first.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((first, now));
            first
        }
        Err(fault) => {
            tracing::warn!(%fault, "the nodes could not be read");
            false
        }
    }
}
