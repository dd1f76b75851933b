//! Jobs in memory: leases, fencing tokens, and what has to wait for what.

use std::collections::BTreeMap;

use entrepot_contract::ids::{ConnectionId, JobId, MerchantId, NodeId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::job::{Heard, JobEnd, JobMemo, JobState, NewJob};
use entrepot_domain::planted::{self, Bug};

use crate::storage::{BIRTH_TOKEN, BirthLease, JobNext, JobsOf, LeasedJob};

/// A job as it stands, for tests and dumps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// The job; `after` as it was stored.
    pub job: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// Number of its last lease.
    pub token: i64,
    /// Tries that counted.
    pub attempts: u32,
    /// What the last try left behind.
    pub note: String,
    /// Who has it, until when.
    pub lease: Option<(NodeId, Timestamp)>,
    /// When it is due.
    pub due_at: Timestamp,
    /// What it remembers between its tries.
    pub memo: JobMemo,
    /// What the other side told and no try has seen yet.
    pub heard: Option<Heard>,
}

struct Row {
    view: JobView,
    /// Counts up over all jobs: the order of birth.
    sequence: u64,
    /// Whether a call with effect may have gone out. Kept when the job dies, so that a person's retry asks first.
    started: bool,
}

impl Row {
    /// Neither ended nor given up by a person.
    fn open(&self) -> bool {
        !matches!(self.view.state, JobState::Done | JobState::Abandoned)
    }

    fn runnable(&self) -> bool {
        matches!(self.view.state, JobState::Ready | JobState::Started)
    }

    fn is_of(&self, about: &JobsOf<'_>) -> bool {
        let job = &self.view.job;
        (&job.merchant, &job.order, &job.connection) == (about.merchant, about.order, about.connection)
            && job.kind.name() == about.kind
    }

    /// Whether that lease is the one it has.
    fn held(&self, token: i64) -> bool {
        let fenced = self.view.token == token && self.view.lease.is_some();
        self.runnable() && (fenced || planted::is(Bug::UnfencedLease))
    }
}

/// All jobs.
#[derive(Default)]
pub(super) struct Jobs {
    rows: BTreeMap<JobId, Row>,
    born: u64,
}

impl Jobs {
    pub(super) fn list(&self) -> Vec<JobView> {
        let mut rows: Vec<&Row> = self.rows.values().collect();
        rows.sort_by_key(|row| row.sequence);
        rows.into_iter().map(|row| row.view.clone()).collect()
    }

    /// How many jobs still have to reach a connection.
    pub(super) fn open_at(&self, connection: &ConnectionId) -> usize {
        self.rows.values().filter(|row| row.open() && row.view.job.connection == *connection).count()
    }

    /// Stores a new job, leased to the node that bears it. One that has to wait for another is born without a lease,
    /// its token past the birth token: whoever starts it from memory all the same is fenced off. An id that is there
    /// already is the same job of a command that is decided once more.
    pub(super) fn bear(&mut self, mut job: NewJob, lease: &BirthLease, now: Timestamp) {
        if self.rows.contains_key(&job.id) {
            return;
        }
        if job.after.is_none() {
            job.after = self.last_open(&job);
        }
        let waits = job.after.as_ref().is_some_and(|after| !self.over(after));
        self.born += 1;
        let row = Row {
            sequence: self.born,
            started: false,
            view: JobView {
                state: JobState::Ready,
                token: if waits { BIRTH_TOKEN + 1 } else { BIRTH_TOKEN },
                attempts: 0,
                note: String::new(),
                lease: (!waits).then(|| (lease.node.clone(), later(now, u64::from(lease.lease_ms)))),
                due_at: now,
                memo: JobMemo::default(),
                heard: None,
                job,
            },
        };
        self.rows.insert(row.view.job.id.clone(), row);
    }

    /// The youngest open job of the same order at the same counterparty.
    fn last_open(&self, job: &NewJob) -> Option<JobId> {
        let same = |row: &&Row| {
            let other = &row.view.job;
            row.open()
                && other.merchant == job.merchant
                && other.order == job.order
                && other.connection == job.connection
                && other.kind.beside() == job.kind.beside()
        };
        self.rows.values().filter(same).max_by_key(|row| row.sequence).map(|row| row.view.job.id.clone())
    }

    fn over(&self, id: &JobId) -> bool {
        self.rows.get(id).is_none_or(|row| !row.open())
    }

    /// Ends the leases of a node that starts anew. The numbers change now, so that nobody goes on under the old ones.
    pub(super) fn reclaim(&mut self, node: &NodeId) -> u64 {
        let own = |row: &&mut Row| row.runnable() && row.view.lease.as_ref().is_some_and(|(holder, _)| holder == node);
        let mut count = 0;
        for row in self.rows.values_mut().filter(own) {
            row.view.token += 1;
            row.view.lease = None;
            count += 1;
        }
        count
    }

    pub(super) fn lease(&mut self, node: &NodeId, limit: u32, now: Timestamp, lease_ms: u32) -> Vec<LeasedJob> {
        let free = |row: &Row| row.view.lease.as_ref().is_none_or(|(_, until)| *until <= now);
        let mut due: Vec<(Timestamp, u64, JobId)> = self
            .rows
            .values()
            .filter(|row| row.runnable() && row.view.due_at <= now && free(row))
            .filter(|row| row.view.job.after.as_ref().is_none_or(|after| self.over(after)))
            .map(|row| (row.view.due_at, row.sequence, row.view.job.id.clone()))
            .collect();
        due.sort();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let until = later(now, u64::from(lease_ms));
        due.into_iter()
            .filter_map(|(_, _, id)| {
                let view = &mut self.rows.get_mut(&id)?.view;
                view.token += 1;
                view.lease = Some((node.clone(), until));
                Some(LeasedJob {
                    job: view.job.clone(),
                    state: view.state,
                    token: view.token,
                    attempts: view.attempts,
                    memo: view.memo.clone(),
                    heard: view.heard.clone(),
                })
            })
            .collect()
    }

    pub(super) fn start(&mut self, id: &JobId, token: i64, now: Timestamp, lease_ms: u32) -> bool {
        let Some(row) = self.rows.get_mut(id).filter(|row| row.held(token)) else { return false };
        row.view.state = JobState::Started;
        row.started = true;
        if let Some((_, until)) = &mut row.view.lease {
            *until = later(now, u64::from(lease_ms));
        }
        true
    }

    pub(super) fn put(&mut self, id: &JobId, token: i64, next: JobNext, now: Timestamp) -> bool {
        let Some(row) = self.rows.get_mut(id).filter(|row| row.held(token)) else { return false };
        row.started = next.unclear;
        row.view.state = next.state;
        row.view.note = next.note;
        row.view.memo = next.memo;
        row.view.attempts += u32::from(next.counts);
        if row.view.heard == next.heard {
            row.view.heard = None;
        }
        row.view.due_at = if row.view.heard.is_some() { now } else { later(now, next.wait_ms) };
        row.view.lease = None;
        true
    }

    /// Jobs that may have had an effect that nobody knows of.
    pub(super) fn unclear(&self, about: &JobsOf<'_>) -> u64 {
        let open = |row: &&Row| matches!(row.view.state, JobState::Started | JobState::Dead) && row.started;
        let count = self.rows.values().filter(open).filter(|row| row.is_of(about)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Started jobs hear something and are due.
    pub(super) fn tell(&mut self, about: &JobsOf<'_>, heard: &Heard, now: Timestamp) -> u64 {
        let meant = |row: &&mut Row| row.view.state == JobState::Started && row.is_of(about);
        let mut count = 0;
        for row in self.rows.values_mut().filter(meant) {
            row.view.heard = Some(heard.clone());
            row.view.due_at = now;
            count += 1;
        }
        count
    }

    /// Ends a job, unless its lease was lost meanwhile.
    pub(super) fn end(&mut self, end: &JobEnd) {
        let fenced = |row: &Row| row.view.token == end.token || planted::is(Bug::UnfencedLease);
        if let Some(row) = self.rows.get_mut(&end.id).filter(|row| row.runnable() && fenced(row)) {
            row.view.state = JobState::Done;
            row.view.lease = None;
        }
    }

    /// A person's decision; false when there is no such open job. A retry of a job whose call may have gone out asks
    /// first, and whoever is at work on it loses the lease.
    pub(super) fn decide(&mut self, merchant: &MerchantId, id: &JobId, retry: bool, now: Timestamp) -> bool {
        let mine = |row: &&mut Row| row.open() && &row.view.job.merchant == merchant;
        let Some(row) = self.rows.get_mut(id).filter(mine) else { return false };
        row.view.state = match (retry, row.started) {
            (false, _) => JobState::Abandoned,
            (true, true) => JobState::Started,
            (true, false) => JobState::Ready,
        };
        row.view.attempts = 0;
        row.view.due_at = now;
        row.view.lease = None;
        true
    }
}

fn later(now: Timestamp, wait_ms: u64) -> Timestamp {
    now.plus_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX))
}
