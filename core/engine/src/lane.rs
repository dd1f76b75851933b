//! One batch from load to commit. While a batch is written, the next one is decided ([`crate::foresight`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entrepot_contract::ids::{MerchantId, OrderId};
use entrepot_domain::alert::{AlertChange, AlertKind, INBOX};
use entrepot_domain::answer::Answer;
use entrepot_domain::change::{Change, ChannelRef, KeyRow, RefKey, Writes};
use entrepot_domain::command::CommandKey;
use entrepot_domain::decide::{Stop, decide, repeated};
use entrepot_domain::footprint::needs;
use entrepot_domain::job::{JobMemo, JobState, NewJob};
use entrepot_domain::planted::{self, Bug};

use crate::core::Core;
use crate::flows;
use crate::foresight::{self, Ahead, Foreseen};
use crate::sequencer::{Pending, Queue, Undecided};
use crate::storage::{
    BIRTH_TOKEN, Batch, BirthLease, Footprints, LaneStorage, LeasedJob, Prepared, States, StorageFault, empty_states,
};

/// How often one batch is loaded and decided afresh before its callers are told to come again.
const TRIES_LIMIT: u32 = 6;

/// A lane's runner.
pub(crate) struct Lane {
    core: Arc<Core>,
    queue: Arc<Queue>,
    storage: Option<Box<dyn LaneStorage>>,
    /// What was taken while the batch before was written.
    ahead: Option<Ahead>,
    /// Batches that are not looked ahead from: another node sells the same, and a guess would be wrong again.
    blind: u32,
}

/// How many batches a wrong guess costs.
const BLIND_BATCHES: u32 = 16;

/// A batch as decided, and ready to be written.
pub(crate) struct Decided {
    outcome: Outcome,
    prepared: Prepared,
}

/// What a batch comes to once it is written.
struct Outcome {
    after: After,
    answers: Vec<Option<Answer>>,
    states: States,
}

impl Decided {
    /// Decides a batch that sees these states and misses these references.
    pub(crate) fn of(
        core: &Core,
        mut states: States,
        batch: &[Pending],
        absent: &BTreeSet<RefKey>,
    ) -> Result<Self, StorageFault> {
        let answers = decide_all(&mut states, batch);
        let writes = states.iter_mut().map(|(merchant, state)| (merchant.clone(), std::mem::take(&mut state.writes)));
        let mut writes: BTreeMap<MerchantId, Writes> = writes.collect();
        end_in_the_inbox(&mut writes)?;
        let after = After::of(&writes);
        let prepared = core.storage.prepare(writes, absent)?;
        Ok(Self { outcome: Outcome { after, answers, states }, prepared })
    }
}

/// What this process does once a batch is committed.
#[derive(Default)]
struct After {
    /// Orders whose waiters look again.
    changed: Vec<OrderId>,
    /// Jobs that start now.
    born: Vec<LeasedJob>,
    /// Whether a job ended: another may have waited for it.
    ended: bool,
    /// Alerts that were raised, with their texts, or resolved.
    alerts: Vec<(MerchantId, AlertKind, String, Option<String>)>,
}

impl After {
    fn of(writes: &BTreeMap<MerchantId, Writes>) -> Self {
        let mut after = Self::default();
        for (merchant, writes) in writes {
            for ((kind, subject), change) in &writes.alerts {
                let text = match change {
                    AlertChange::Raised(alert) => Some(alert.text.clone()),
                    AlertChange::Resolved(_) => None,
                };
                after.alerts.push((merchant.clone(), *kind, subject.clone(), text));
            }
            after.changed.extend(writes.orders.keys().cloned());
            after.changed.extend(writes.refunds.values().map(|refund| refund.order.clone()));
            let alone = writes.jobs.iter().filter(|job| job.after.is_none());
            after.born.extend(alone.cloned().map(leased));
            after.ended |= !writes.ended_jobs.is_empty();
        }
        after
    }
}

impl Lane {
    pub(crate) fn new(core: Arc<Core>, queue: Arc<Queue>) -> Self {
        Self { core, queue, storage: None, ahead: None, blind: 0 }
    }

    /// Works off the queue until it is closed and empty.
    pub(crate) async fn serve(mut self) {
        let most = self.core.settings.batch_limit;
        loop {
            let (batch, foreseen) = match self.ahead.take() {
                Some(ahead) => (ahead.batch, ahead.foreseen),
                None => match self.queue.take(most).await {
                    Some(batch) => (batch, None),
                    None => return,
                },
            };
            self.run(batch, foreseen).await;
        }
    }

    /// Decides and writes a batch, and answers every caller.
    async fn run(&mut self, batch: Vec<Pending>, mut foreseen: Option<Foreseen>) {
        let mut work = vec![batch];
        while let Some(mut batch) = work.pop() {
            let mut tries = 0;
            let decided = loop {
                let count = batch.len();
                batch = self.in_time(batch);
                if batch.is_empty() {
                    break None;
                }
                // It was foreseen whole, and for the first try.
                let foreseen = foreseen.take().filter(|_| batch.len() == count);
                tries += 1;
                match self.attempt(&batch, foreseen).await {
                    Err(StorageFault::Conflict(_)) if tries < TRIES_LIMIT => {
                        metrics::counter!("entrepot_batches_repeated_total").increment(1);
                    }
                    other => break Some(other),
                }
            };
            let Some(decided) = decided else { continue };
            let size = batch.len();
            match decided {
                Ok(decided) => self.finish(batch, decided),
                Err(StorageFault::Data(text)) if size > 1 => {
                    tracing::warn!(commands = size, fault = text, "a batch was refused; looking for the command");
                    let mut first = batch;
                    let second = first.split_off(size / 2);
                    work.push(second);
                    work.push(first);
                }
                Err(fault) => fail(batch, &fault),
            }
            metrics::histogram!("entrepot_batch_commands").record(size as f64);
        }
    }

    /// Commands whose time is used up are never begun.
    fn in_time(&self, batch: Vec<Pending>) -> Vec<Pending> {
        let now = self.core.clock.now();
        let (late, live): (Vec<_>, Vec<_>) = batch.into_iter().partition(|pending| pending.late(now));
        for pending in late {
            metrics::counter!("entrepot_commands_late_total").increment(1);
            pending.answer(Err(Undecided::Busy));
        }
        live
    }

    /// Loads, decides and commits once.
    async fn attempt(&mut self, batch: &[Pending], foreseen: Option<Foreseen>) -> Result<Outcome, StorageFault> {
        match self.attempt_once(batch, foreseen).await {
            Err(StorageFault::CommitUnknown(text)) => {
                tracing::warn!(fault = text, "the outcome of a commit is unknown; looking for its keys");
                self.resolve(batch).await
            }
            Err(StorageFault::Lost(text)) => {
                // The next batch asks for a connection of its own.
                self.storage = None;
                Err(StorageFault::Lost(text))
            }
            other => other,
        }
    }

    async fn attempt_once(&mut self, batch: &[Pending], foreseen: Option<Foreseen>) -> Result<Outcome, StorageFault> {
        if self.storage.is_none() {
            self.storage = Some(self.core.storage.lane().await?);
        }
        let Some(storage) = self.storage.as_mut() else {
            return Err(StorageFault::Lost("the lane has no connection".to_owned()));
        };
        let core = &self.core;
        let mut transaction = storage.begin().await?;
        let (states, absent) = load(core, transaction.as_mut(), batch, foreseen.as_ref()).await?;
        // Another writer may have had the database for long: what is late by now is sorted out before anything is done.
        let now = core.clock.now();
        if batch.iter().any(|pending| pending.late(now)) {
            return Err(StorageFault::Conflict("the batch waited too long to begin".to_owned()));
        }
        let Decided { outcome, prepared } = match foreseen {
            Some(foreseen) if foreseen.came_true(&absent, &states) => {
                metrics::counter!("entrepot_batches_foreseen_total", "result" => "true").increment(1);
                foreseen.decided
            }
            Some(_) => {
                metrics::counter!("entrepot_batches_foreseen_total", "result" => "false").increment(1);
                self.blind = BLIND_BATCHES;
                Decided::of(core, states, batch, &absent)?
            }
            None => Decided::of(core, states, batch, &absent)?,
        };
        let lease = BirthLease { node: core.settings.node.clone(), lease_ms: core.settings.lease_ms };
        let looks_ahead = self.blind == 0 && self.ahead.is_none();
        self.blind = self.blind.saturating_sub(1);
        let (queue, ahead) = (&self.queue, &mut self.ahead);
        // The commit is polled first: the database has its work before the next batch is thought about.
        let written = transaction.commit(prepared, lease);
        let foresee = async {
            if looks_ahead {
                *ahead = foresight::ahead(core, queue, &outcome.states);
            }
        };
        let (written, ()) = tokio::join!(written, foresee);
        match written {
            Err(StorageFault::CommitUnknown(_)) if planted::is(Bug::UnknownCommitTaken) => {}
            other => other?,
        }
        Ok(outcome)
    }

    /// After a commit of unknown outcome: keys that are there mean that it happened.
    async fn resolve(&mut self, batch: &[Pending]) -> Result<Outcome, StorageFault> {
        self.storage = None;
        let keys: Vec<(MerchantId, CommandKey)> = batch
            .iter()
            .filter(|pending| pending.command.body.keyed())
            .map(|pending| (pending.command.merchant.clone(), pending.command.key.clone()))
            .collect();
        let mut storage = self.core.storage.lane().await?;
        let found = if keys.is_empty() { Vec::new() } else { storage.find_keys(&keys).await? };
        self.storage = Some(storage);
        // Found or absent, the batch is decided again: found keys give their stored answers, absent ones are a
        // replay, and commands without a key are idempotent by the state they meet.
        Err(StorageFault::Conflict(format!("{} of {} keys were committed", found.len(), keys.len())))
    }

    fn finish(&self, batch: Vec<Pending>, decided: Outcome) {
        for (merchant, state) in decided.states {
            self.core.remember_catalogue(merchant, state.rules.catalogue);
        }
        for (merchant, kind, subject, text) in &decided.after.alerts {
            flows::tell(Some(merchant), *kind, subject, text.as_deref());
        }
        for order in &decided.after.changed {
            self.core.watch.wake(order);
        }
        self.core.jobs.born(decided.after.born);
        if decided.after.ended {
            self.core.jobs.nudge();
        }
        for (pending, answer) in batch.into_iter().zip(decided.answers) {
            match answer {
                Some(answer) => pending.answer(Ok(answer)),
                None => self.again(pending),
            }
        }
    }

    /// A command that has to see more goes into the next batch.
    fn again(&self, mut pending: Pending) {
        pending.tries += 1;
        if pending.tries > TRIES_LIMIT {
            tracing::error!(command = pending.command.body.name(), "a command never saw all it needs");
            return pending.answer(Err(Undecided::Poison));
        }
        if let Err(pending) = self.queue.push(pending) {
            pending.answer(Err(Undecided::Busy));
        }
    }
}

fn leased(job: NewJob) -> LeasedJob {
    LeasedJob { job, state: JobState::Ready, token: BIRTH_TOKEN, attempts: 0, memo: JobMemo::default(), heard: None }
}

fn fail(batch: Vec<Pending>, fault: &StorageFault) {
    tracing::error!(commands = batch.len(), %fault, "a batch was not written");
    let undecided = match fault {
        StorageFault::Data(_) => Undecided::Poison,
        _ => Undecided::Busy,
    };
    for pending in batch {
        pending.answer(Err(undecided));
    }
}

/// The three stages: channel references name orders, orders name cells, accounts and pools.
async fn load(
    core: &Core,
    transaction: &mut dyn Batch,
    batch: &[Pending],
    foreseen: Option<&Foreseen>,
) -> Result<(States, BTreeSet<RefKey>), StorageFault> {
    let mut merchants: Vec<MerchantId> = batch.iter().map(|pending| pending.command.merchant.clone()).collect();
    merchants.sort();
    merchants.dedup();
    let mut rules = BTreeMap::new();
    for merchant in merchants {
        rules.insert(merchant.clone(), core.rules(&merchant).await?);
    }
    let mut states = empty_states(rules);
    let keys: Vec<(MerchantId, CommandKey)> = batch
        .iter()
        .filter(|pending| pending.command.body.keyed())
        .map(|pending| (pending.command.merchant.clone(), pending.command.key.clone()))
        .collect();
    // Which references a command names does not depend on the catalogue, so rules of yesterday do for this.
    let refs = match foreseen {
        Some(foreseen) => Cow::Borrowed(&foreseen.footprints),
        None => Cow::Owned(footprints(&states, batch)),
    };
    let opened = transaction.open(&refs, &keys, &mut states).await?;
    for (merchant, revision) in opened.revisions {
        if let Some(state) = states.get_mut(&merchant)
            && state.rules.catalogue.revision < revision
        {
            state.rules = core.rules_at(&merchant, revision).await?;
        }
    }
    match foreseen.filter(|foreseen| foreseen.begins_like(&opened.absent, &states)) {
        // It goes for numbers only, and which ones is known.
        Some(foreseen) => transaction.load_rest(&foreseen.footprints, &mut states).await?,
        None => {
            let orders = footprints(&states, batch);
            transaction.load_orders(&orders, &mut states).await?;
            let rest = footprints(&states, batch);
            transaction.load_rest(&rest, &mut states).await?;
        }
    }
    Ok((states, opened.absent))
}

pub(crate) fn footprints(states: &States, batch: &[Pending]) -> Footprints {
    let mut sum = Footprints::new();
    for pending in batch {
        if let Some(state) = states.get(&pending.command.merchant) {
            sum.entry(pending.command.merchant.clone()).or_default().extend(needs(&pending.command, state));
        }
    }
    sum
}

/// Decides in turn; each command sees what its neighbours did, and none fails because of them.
fn decide_all(states: &mut States, batch: &[Pending]) -> Vec<Option<Answer>> {
    batch
        .iter()
        .map(|pending| {
            let command = &pending.command;
            let state = states.get_mut(&command.merchant)?;
            let mut refs = Vec::new();
            if let Some((fingerprint, answer)) = state.keys.get(&command.key).filter(|_| command.body.keyed()) {
                return Some(repeated(command, fingerprint, answer));
            }
            let answer = match decide(state, command) {
                Ok(decision) => {
                    refs = changed_refs(&decision.changes);
                    state.apply(decision.changes);
                    decision.answer
                }
                // A job whose outcome is refused does not end: a person has to look at what the partner said.
                Err(Stop::Refused(refusal)) => Answer::Refused(refusal),
                Err(Stop::Early(refusal)) => return Some(Answer::Early(refusal)),
                Err(Stop::SeeMore) => return None,
            };
            if command.body.keyed() && !planted::is(Bug::KeyNotStored) {
                state.keys.insert(command.key.clone(), (command.fingerprint.clone(), answer.clone()));
                state.writes.keys.push(KeyRow {
                    key: command.key.clone(),
                    fingerprint: command.fingerprint.clone(),
                    answer: answer.clone(),
                    at: command.at,
                });
            }
            share_refs(states, &command.merchant, refs);
            Some(answer)
        })
        .collect()
}

/// A fact about an order that nobody knew was told by the inbox, which is no merchant; the merchant whose order comes
/// after all ends that alert where it stands, too.
fn end_in_the_inbox(writes: &mut BTreeMap<MerchantId, Writes>) -> Result<(), StorageFault> {
    let changes = writes.values().flat_map(|writes| &writes.alerts);
    let ended = changes
        .filter(|((kind, _), change)| *kind == AlertKind::Unplaced && matches!(change, AlertChange::Resolved(_)));
    let ended: Vec<_> = ended.map(|(name, change)| (name.clone(), change.clone())).collect();
    if !ended.is_empty() {
        let inbox = MerchantId::parse(INBOX).map_err(|fault| StorageFault::Data(fault.to_string()))?;
        writes.entry(inbox).or_default().alerts.extend(ended);
    }
    Ok(())
}

fn changed_refs(changes: &[Change]) -> Vec<(RefKey, ChannelRef)> {
    let changed = changes.iter().filter_map(|change| match change {
        Change::Ref(key, reference) => Some((key.clone(), reference.clone())),
        _ => None,
    });
    changed.collect()
}

/// A channel's order number belongs to no merchant: a fact that the inbox keeps and the create that comes next may
/// share a batch, so each has to see what the other did, and only the last one writes the row.
fn share_refs(states: &mut States, writer: &MerchantId, refs: Vec<(RefKey, ChannelRef)>) {
    if planted::is(Bug::FactUnseenInBatch) {
        return;
    }
    for (key, reference) in refs {
        for (_, state) in states.iter_mut().filter(|(merchant, _)| *merchant != writer) {
            if let Some(seen) = state.refs.get_mut(&key) {
                *seen = reference.clone();
                state.writes.refs.remove(&key);
            }
        }
    }
}
