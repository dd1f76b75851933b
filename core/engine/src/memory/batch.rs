//! One lane's writer in memory, and its batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::ids::MerchantId;
use entrepot_domain::change::Writes;
use entrepot_domain::command::CommandKey;
use tokio::sync::OwnedMutexGuard;

use super::Shared;
use super::faults::InjectedFault;
use super::tables::MerchantTables;
use crate::storage::{Batch, BirthLease, Footprints, LaneStorage, Opened, Prepared, States, StorageFault};

/// A lane's writer.
pub(super) struct MemoryLane {
    shared: Arc<Shared>,
}

impl MemoryLane {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[async_trait]
impl LaneStorage for MemoryLane {
    async fn begin(&mut self) -> Result<Box<dyn Batch + '_>, StorageFault> {
        self.shared.enter("begin")?;
        let turn = self.shared.turn.clone().lock_owned().await;
        Ok(Box::new(MemoryBatch { shared: self.shared.clone(), _turn: turn }))
    }

    async fn find_keys(&mut self, keys: &[(MerchantId, CommandKey)]) -> Result<Vec<CommandKey>, StorageFault> {
        self.shared.enter("find_keys")?;
        let tables = self.shared.tables();
        let there = |(merchant, key): &&(MerchantId, CommandKey)| {
            tables.merchants.get(merchant).is_some_and(|rows| rows.keys.contains_key(key))
        };
        Ok(keys.iter().filter(there).map(|(_, key)| key.clone()).collect())
    }
}

/// A batch. It has the turn until it ends, so what it read stays true until it writes.
struct MemoryBatch {
    shared: Arc<Shared>,
    _turn: OwnedMutexGuard<()>,
}

impl MemoryBatch {
    /// Loads for each merchant that is asked about, one after the other.
    fn load(
        &self,
        footprints: &Footprints,
        states: &mut States,
        mut load: impl FnMut(&MerchantTables, &entrepot_domain::footprint::Footprint, &mut entrepot_domain::state::State),
    ) {
        let tables = self.shared.tables();
        let none = MerchantTables::default();
        for (merchant, footprint) in footprints {
            if let Some(state) = states.get_mut(merchant) {
                load(tables.merchants.get(merchant).unwrap_or(&none), footprint, state);
            }
        }
    }
}

#[async_trait]
impl Batch for MemoryBatch {
    async fn open(
        &mut self,
        footprints: &Footprints,
        keys: &[(MerchantId, CommandKey)],
        states: &mut States,
    ) -> Result<Opened, StorageFault> {
        self.shared.enter("open")?;
        let tables = self.shared.tables();
        for (merchant, key) in keys {
            let found = tables.merchants.get(merchant).and_then(|rows| rows.keys.get(key));
            if let (Some(row), Some(state)) = (found, states.get_mut(merchant)) {
                state.keys.insert(key.clone(), (row.fingerprint.clone(), row.answer.clone()));
            }
        }
        for (merchant, footprint) in footprints {
            let Some(state) = states.get_mut(merchant) else { continue };
            for key in &footprint.refs {
                state.refs.insert(key.clone(), tables.refs.get(key).cloned().unwrap_or_default());
            }
        }
        let merchants: Vec<MerchantId> = states.keys().cloned().collect();
        let asked = footprints.values().flat_map(|footprint| &footprint.refs);
        let absent = asked.filter(|key| !tables.refs.contains_key(*key)).cloned().collect();
        Ok(Opened { revisions: tables.revisions(&merchants), absent })
    }

    async fn load_orders(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        self.shared.enter("load_orders")?;
        self.load(footprints, states, MerchantTables::load_orders);
        Ok(())
    }

    async fn load_rest(&mut self, footprints: &Footprints, states: &mut States) -> Result<(), StorageFault> {
        self.shared.enter("load_rest")?;
        self.load(footprints, states, MerchantTables::load_rest);
        Ok(())
    }

    async fn commit(self: Box<Self>, prepared: Prepared, lease: BirthLease) -> Result<(), StorageFault> {
        let writes: BTreeMap<MerchantId, Writes> = prepared.form()?;
        let fault = {
            let mut faults = self.shared.faults();
            let keys = writes.values().flat_map(|writes| &writes.keys);
            if let Some(row) = keys.into_iter().find(|row| faults.poisoned.contains(&row.key.key)) {
                return Err(StorageFault::Data(format!("the key {} is poisoned", row.key.key)));
            }
            faults.commits.pop_front()
        };
        match fault {
            Some(InjectedFault::CommitLostBefore) => {
                return Err(StorageFault::CommitUnknown("injected before the commit".to_owned()));
            }
            Some(InjectedFault::CommitLostAfter) | None => {}
            Some(other) => return Err(other.outside_commit("commit")),
        }
        let now = self.shared.clock.now();
        self.shared.tables().commit(writes, &lease, now)?;
        match fault {
            Some(_) => Err(StorageFault::CommitUnknown("injected after the commit".to_owned())),
            None => Ok(()),
        }
    }
}
