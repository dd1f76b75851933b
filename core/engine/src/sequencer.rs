//! Drains waiting commands, a batch at a time. No delay is added: a lone command commits at once, and batches grow
//! only because commands wait while the previous batch commits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use entrepot_contract::time::Timestamp;
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Command;
use tokio::sync::{Notify, oneshot};

use crate::core::Core;
use crate::lane;

/// How a command ended without an answer of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Too much waits, the time was used up, or the database cannot be reached. Nothing was done.
    #[error("nothing was done: too much to do, or the database cannot be reached")]
    Busy,
    /// The command itself cannot be written; its neighbours were. Nothing was done.
    #[error("nothing was done: this command cannot be written")]
    Poison,
}

/// A command that waits.
pub(crate) struct Pending {
    pub(crate) command: Command,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) tries: u32,
    pub(crate) reply: oneshot::Sender<Result<Answer, Undecided>>,
}

impl Pending {
    /// Whether its time is used up.
    pub(crate) fn late(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn answer(self, answer: Result<Answer, Undecided>) {
        // The caller may have hung up: what was decided stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// What waits for one lane: a queue for each source, served round robin.
#[derive(Default)]
struct Waiting {
    sources: BTreeMap<String, VecDeque<Pending>>,
    order: VecDeque<String>,
    count: usize,
    closed: bool,
}

/// A lane's queue.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    limit: usize,
    share: usize,
}

impl Queue {
    fn new(limit: usize) -> Self {
        // One source may fill half of the queue: the others always find a place.
        Self { waiting: Mutex::default(), arrived: Notify::new(), limit, share: limit.div_ceil(2) }
    }

    /// Puts a command at the end, or hands it back when there is no place.
    pub(crate) fn push(&self, pending: Pending) -> Result<(), Box<Pending>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed || waiting.count >= self.limit {
            return Err(Box::new(pending));
        }
        let source = pending.command.key.scope.clone();
        let queue = waiting.sources.entry(source.clone()).or_default();
        if queue.len() >= self.share {
            return Err(Box::new(pending));
        }
        let first = queue.is_empty();
        queue.push_back(pending);
        if first {
            waiting.order.push_back(source);
        }
        waiting.count += 1;
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Up to `most` commands, one from each source in turn. None once closed and empty.
    pub(crate) async fn take(&self, most: usize) -> Option<Vec<Pending>> {
        loop {
            let arrived = self.arrived.notified();
            let (taken, closed) = self.take_waiting(most);
            if !taken.is_empty() {
                return Some(taken);
            }
            if closed {
                return None;
            }
            arrived.await;
        }
    }

    /// The same of what waits already, which may be nothing; and whether no more will come.
    pub(crate) fn take_waiting(&self, most: usize) -> (Vec<Pending>, bool) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = drain(&mut waiting, most);
        if !taken.is_empty() {
            metrics::gauge!("entrepot_commands_waiting").set(waiting.count as f64);
        }
        (taken, waiting.closed)
    }

    fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.arrived.notify_one();
    }
}

fn drain(waiting: &mut Waiting, most: usize) -> Vec<Pending> {
    let mut taken = Vec::new();
    while taken.len() < most {
        let Some(source) = waiting.order.pop_front() else { break };
        let Some(queue) = waiting.sources.get_mut(&source) else { continue };
        taken.extend(queue.pop_front());
        if queue.is_empty() {
            waiting.sources.remove(&source);
        } else {
            waiting.order.push_back(source);
        }
    }
    waiting.count -= taken.len();
    taken
}

/// The lanes of this node.
pub(crate) struct Sequencer {
    queues: Vec<Arc<Queue>>,
}

impl Sequencer {
    pub(crate) fn new(lanes: usize, queue_limit: usize) -> Self {
        Self { queues: (0..lanes.max(1)).map(|_| Arc::new(Queue::new(queue_limit))).collect() }
    }

    /// Starts the lanes; they end once closed and drained.
    pub(crate) fn start(&self, core: &Arc<Core>) -> Vec<tokio::task::JoinHandle<()>> {
        self.queues
            .iter()
            .map(|queue| {
                let (queue, core) = (queue.clone(), core.clone());
                tokio::spawn(lane::Lane::new(core, queue).serve())
            })
            .collect()
    }

    /// Hands a command to its merchant's lane and waits for the answer.
    pub(crate) async fn submit(&self, command: Command, deadline: Option<Timestamp>) -> Result<Answer, Undecided> {
        let (reply, answer) = oneshot::channel();
        let queue = &self.queues[lane_of(command.merchant.as_str(), self.queues.len())];
        if queue.push(Pending { command, deadline, tries: 0, reply }).is_err() {
            metrics::counter!("entrepot_commands_refused_busy_total").increment(1);
            return Err(Undecided::Busy);
        }
        answer.await.unwrap_or(Err(Undecided::Busy))
    }

    /// Takes no new commands; what waits is still decided.
    pub(crate) fn close(&self) {
        for queue in &self.queues {
            queue.close();
        }
    }
}

/// A merchant's lane: the same on every node of one build, though nothing depends on that.
fn lane_of(merchant: &str, lanes: usize) -> usize {
    let sum = merchant.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    sum % lanes
}
