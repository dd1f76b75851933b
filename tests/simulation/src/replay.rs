//! Gives a list of commands to any database, one batch after the other, and writes down all that is in it afterwards.
//! Two databases that understand the same thing by the same commands give the same lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use entrepot_contract::ids::MerchantId;
use entrepot_domain::catalogue::{Connections, Rules};
use entrepot_domain::change::{RefKey, Writes};
use entrepot_domain::command::{Command, CommandKey};
use entrepot_domain::decide::{Stop, decide, repeated};
use entrepot_domain::footprint::needs;
use entrepot_domain::job::{JobMemo, JobState};
use entrepot_engine::storage::{
    BirthLease, Footprints, JobNext, LaneStorage, States, Storage, StorageFault, empty_states,
};

use crate::commands::{self, NUMBERS};
use crate::house::{self, SHOPS, id};

/// Runs the commands of a seed on a database, and dumps it.
pub async fn replay(storage: &dyn Storage, seed: u64) -> Vec<String> {
    let (plan, batches) = commands::of(seed);
    let connections = Arc::new(house::rules(&plan));
    let mut lines = Vec::new();
    let mut lane = storage.lane().await.unwrap();
    for batch in &batches {
        match run(storage, lane.as_mut(), &connections, batch).await {
            Ok(answers) => lines.extend(answers),
            Err(fault) => {
                lines.push(format!("not written: {}", kind(&fault)));
                lane = storage.lane().await.unwrap();
            }
        }
    }
    let keys: Vec<(MerchantId, CommandKey)> =
        batches.iter().flatten().map(|command| (command.merchant.clone(), command.key.clone())).collect();
    stored_keys(storage, lane.as_mut(), &connections, &keys, &mut lines).await;
    drop(lane);
    rows(storage, &mut lines).await;
    jobs(storage, &mut lines).await;
    lines
}

const fn kind(fault: &StorageFault) -> &'static str {
    match fault {
        StorageFault::Conflict(_) => "conflict",
        StorageFault::Data(_) => "data",
        StorageFault::Lost(_) => "lost",
        StorageFault::CommitUnknown(_) => "unknown",
    }
}

async fn states(
    storage: &dyn Storage,
    connections: &Arc<Connections>,
    merchants: &[MerchantId],
) -> Result<States, StorageFault> {
    let mut rules = BTreeMap::new();
    for merchant in merchants {
        let catalogue = Arc::new(storage.catalogue(merchant, None).await?);
        let known = Rules { merchant: merchant.clone(), catalogue, connections: connections.clone() };
        rules.insert(merchant.clone(), known);
    }
    Ok(empty_states(rules))
}

fn footprints(states: &States, batch: &[Command]) -> Footprints {
    let mut sum = Footprints::new();
    for command in batch {
        sum.entry(command.merchant.clone()).or_default().extend(needs(command, &states[&command.merchant]));
    }
    sum
}

/// One batch: loaded in the lane's three stages, decided in turn, written once.
async fn run(
    storage: &dyn Storage,
    lane: &mut dyn LaneStorage,
    connections: &Arc<Connections>,
    batch: &[Command],
) -> Result<Vec<String>, StorageFault> {
    let mut merchants: Vec<MerchantId> = batch.iter().map(|command| command.merchant.clone()).collect();
    merchants.dedup();
    let mut transaction = lane.begin().await?;
    let mut states = states(storage, connections, &merchants).await?;
    let refs = footprints(&states, batch);
    let keyed = batch.iter().filter(|command| command.body.keyed());
    let keys: Vec<_> = keyed.map(|command| (command.merchant.clone(), command.key.clone())).collect();
    let opened = transaction.open(&refs, &keys, &mut states).await?;
    let orders = footprints(&states, batch);
    transaction.load_orders(&orders, &mut states).await?;
    let rest = footprints(&states, batch);
    transaction.load_rest(&rest, &mut states).await?;
    let answers = batch.iter().map(|command| answer(&mut states, command)).collect();
    let writes: BTreeMap<MerchantId, Writes> =
        states.iter_mut().map(|(merchant, state)| (merchant.clone(), std::mem::take(&mut state.writes))).collect();
    let prepared = storage.prepare(writes, &opened.absent)?;
    transaction.commit(prepared, BirthLease { node: id("node"), lease_ms: 0 }).await?;
    Ok(answers)
}

fn answer(states: &mut States, command: &Command) -> String {
    use entrepot_domain::answer::Answer;
    use entrepot_domain::change::KeyRow;
    let Some(state) = states.get_mut(&command.merchant) else { return "no merchant".to_owned() };
    let known = state.keys.get(&command.key).filter(|_| command.body.keyed());
    if let Some((fingerprint, answer)) = known {
        return format!("{}: again {:?}", command.body.name(), repeated(command, fingerprint, answer));
    }
    let answer = match decide(state, command) {
        Ok(decision) => {
            state.apply(decision.changes);
            decision.answer
        }
        Err(Stop::Refused(refusal)) => Answer::Refused(refusal),
        Err(Stop::Early(refusal)) => return format!("{}: early {refusal:?}", command.body.name()),
        Err(Stop::SeeMore) => return format!("{}: has to see more", command.body.name()),
    };
    if command.body.keyed() {
        let (key, fingerprint) = (command.key.clone(), command.fingerprint.clone());
        state.keys.insert(key.clone(), (fingerprint.clone(), answer.clone()));
        state.writes.keys.push(KeyRow { key, fingerprint, answer: answer.clone(), at: command.at });
    }
    format!("{}: {answer:?}", command.body.name())
}

/// Every answer that is stored.
async fn stored_keys(
    storage: &dyn Storage,
    lane: &mut dyn LaneStorage,
    connections: &Arc<Connections>,
    keys: &[(MerchantId, CommandKey)],
    lines: &mut Vec<String>,
) {
    let mut transaction = lane.begin().await.unwrap();
    let mut states = states(storage, connections, &commands::merchants()).await.unwrap();
    transaction.open(&Footprints::new(), keys, &mut states).await.unwrap();
    for (merchant, state) in states {
        lines.extend(state.keys.iter().map(|(key, stored)| format!("key of {merchant}: {key:?}: {stored:?}")));
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Everything that the storage can be asked about.
async fn rows(storage: &dyn Storage, lines: &mut Vec<String>) {
    let merchant: MerchantId = id(house::MERCHANT);
    let mut snapshot = storage.snapshot(&merchant).await.unwrap();
    snapshot.orders.sort_by(|one, other| one.id.cmp(&other.id));
    snapshot.postings.sort_by(|one, other| (&one.distributor, one.sequence).cmp(&(&other.distributor, other.sequence)));
    lines.extend(snapshot.stock.iter().map(|cell| format!("{cell:?}")));
    lines.extend(snapshot.accounts.values().map(json));
    lines.extend(snapshot.postings.iter().map(json));
    // SQL counts only what must not be: a code that was given more than once.
    snapshot.codes_given.retain(|_, times| *times > 1);
    lines.push(format!("{:?} {:?}", snapshot.pools, snapshot.codes_given));
    for order in &snapshot.orders {
        let (found, mut refunds) = storage.order(&merchant, &order.id).await.unwrap().unwrap();
        assert_eq!(&found, order, "the snapshot and the order tell the same");
        refunds.sort_by(|one, other| one.id.cmp(&other.id));
        lines.push(json(&(found, refunds)));
        let credentials = storage.credentials(&merchant, &order.id).await.unwrap();
        for unit in &credentials {
            let shown = storage.units_of_code(&merchant, &unit.credentials[0].value).await.unwrap();
            lines.push(format!("{} {:?}", json(unit), shown));
        }
        lines.push(json(&storage.guests(&merchant, &order.id).await.unwrap()));
        lines.extend(storage.events(&merchant, &order.id).await.unwrap().iter().map(json));
    }
    for (_, application, _) in SHOPS {
        for number in 1..=NUMBERS {
            let key = RefKey { application: id(application), order: id(&number.to_string()) };
            // A claimed row that nobody wrote is as good as none.
            let found = storage.channel_ref(&key).await.unwrap().unwrap_or_default();
            lines.push(format!("{key:?} {}", json(&found)));
        }
    }
    lines.push(format!("{:?}", storage.revisions(&commands::merchants()).await.unwrap()));
    lines.push(format!("{:?}", storage.pool(&merchant, &id("pool")).await.unwrap()));
    let texts: Vec<String> = (0..50).map(|number| format!("CODE-{number}")).collect();
    let mut known = storage.known_codes(&merchant, &texts).await.unwrap();
    known.sort();
    lines.push(format!("{known:?}"));
    let later = entrepot_contract::time::Timestamp::from_millis(i64::MAX / 2);
    let mut holds = storage.deadlines(later, 1_000).await.unwrap();
    holds.sort();
    lines.push(format!("{holds:?}"));
}

/// All jobs in the order in which they may run: each round those whose predecessors have ended.
async fn jobs(storage: &dyn Storage, lines: &mut Vec<String>) {
    for round in 0.. {
        let mut leased = storage.lease_jobs(&id("node"), 10_000, 60_000).await.unwrap();
        if leased.is_empty() {
            return;
        }
        leased.sort_by(|one, other| one.job.id.cmp(&other.job.id));
        for job in leased {
            lines.push(format!("round {round}: {} {:?} {:?} {}", job.job.id, job.job.kind, job.state, job.attempts));
            let next = JobNext {
                state: JobState::Done,
                wait_ms: 0,
                note: String::new(),
                counts: false,
                unclear: false,
                memo: JobMemo::default(),
                heard: None,
            };
            assert!(storage.put_job(&job.job.id, job.token, next).await.unwrap());
        }
    }
}
