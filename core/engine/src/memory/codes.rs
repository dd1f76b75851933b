//! Pools and their codes: what a batch sees of them, and what its writes do to them.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{BatchId, CodeId, OrderId, PoolName, UploadId};
use entrepot_contract::order::Credential;
use entrepot_contract::time::VisitDate;
use entrepot_domain::change::Writes;
use entrepot_domain::code::{
    AvailableCode, BatchState, CodeBatch, CodeFacts, CodeMove, CodeState, CodeWait, HeldCode, Pool, ValidDays,
};
use entrepot_domain::command::BULK_LIMIT_ROWS;
use entrepot_domain::footprint::Footprint;
use entrepot_domain::planted::{self, Bug};
use entrepot_domain::state::State;
use entrepot_domain::upload::{HandOver, PartCode, Upload};

use crate::storage::{StorageFault, UploadCode};

/// In which order codes are given: those that came back after the others; what ends first, then the oldest.
type Place = (bool, (bool, Option<VisitDate>), u64);

/// One merchant's codes.
#[derive(Default)]
pub(super) struct Codes {
    pub(super) pools: BTreeMap<PoolName, Pool>,
    rows: BTreeMap<CodeId, CodeRow>,
    /// Codes that may be given.
    waiting: BTreeMap<PoolName, BTreeMap<Place, CodeId>>,
    texts: BTreeMap<String, PoolName>,
    batches: BTreeMap<(PoolName, BatchId), CodeBatch>,
    pub(super) waits: BTreeMap<OrderId, CodeWait>,
    pub(super) uploads: BTreeMap<UploadId, Upload>,
    born: u64,
}

/// A code of a pool.
struct CodeRow {
    pool: PoolName,
    sequence: u64,
    credentials: Vec<Credential>,
    facts: CodeFacts,
    state: CodeState,
    unit: Option<(OrderId, u16)>,
    given: u32,
    upload: Option<(UploadId, HandOver)>,
}

impl CodeRow {
    fn place(&self) -> Place {
        (self.state == CodeState::Returned, self.facts.valid.end(), self.sequence)
    }
}

impl Codes {
    pub(super) fn load(&self, footprint: &Footprint, state: &mut State) {
        for (name, wanted) in &footprint.pools {
            state.pools.insert(name.clone(), self.pools.get(name).cloned());
            let limit = usize::try_from(footprint.codes_wanted(name)).unwrap_or(usize::MAX);
            let mut found: BTreeMap<Place, &CodeId> = BTreeMap::new();
            for days in wanted.keys() {
                let good = |row: &CodeRow| days.is_none_or(|days| row.facts.valid.cover(days));
                let fits: Vec<(Place, &CodeId)> =
                    self.waiting_of(name).filter(|(_, id)| good(&self.rows[*id])).take(limit).collect();
                state.codes_seen.insert((name.clone(), *days), fits.len() < limit);
                found.extend(fits);
            }
            let named = footprint.codes.iter().filter(|(of, _)| of == name).filter_map(|(_, code)| {
                let row = self.rows.get(code).filter(|row| row.state.is_free())?;
                Some((row.place(), code))
            });
            found.extend(named);
            let code = |id: &CodeId| {
                let row = self.rows.get(id)?;
                let returned = row.state == CodeState::Returned;
                let credentials = row.credentials.clone();
                Some(AvailableCode { id: id.clone(), valid: row.facts.valid, credentials, returned })
            };
            state.codes.insert(name.clone(), found.into_values().filter_map(code).collect());
        }
        for key in &footprint.batches {
            state.batches.insert(key.clone(), self.batches.get(key).cloned());
        }
        for moving in &footprint.code_moves {
            state.moving_codes.insert(moving.clone(), self.moving(moving));
        }
        for order in &footprint.code_holders {
            state.held_codes.insert(order.clone(), self.held(order));
        }
        for id in &footprint.uploads {
            state.uploads.insert(id.clone(), self.uploads.get(id).cloned());
            let part = self.part(id).map(|(code, row, stands)| PartCode {
                id: code.clone(),
                stands,
                batch: self.batch_of(row),
            });
            state.upload_parts.insert(id.clone(), part.collect());
        }
        let known = footprint.code_texts.iter().filter_map(|text| self.texts.get_key_value(text));
        state.known_codes.extend(known.map(|(text, pool)| (text.clone(), pool.clone())));
    }

    fn waiting_of(&self, pool: &PoolName) -> impl Iterator<Item = (Place, &CodeId)> {
        self.waiting.get(pool).into_iter().flatten().map(|(place, id)| (*place, id))
    }

    fn moving(&self, moving: &CodeMove) -> Vec<(CodeId, CodeState)> {
        let fits = |row: &CodeRow| match moving {
            CodeMove::Batch(pool, batch, _) => &row.pool == pool && &row.facts.batch == batch,
            CodeMove::Ended(pool, before) => &row.pool == pool && ended(row.facts.valid, *before),
        };
        let rows = self.rows.iter().filter(|(_, row)| fits(row) && moving.from().contains(&row.state));
        rows.take(BULK_LIMIT_ROWS).map(|(id, row)| (id.clone(), row.state)).collect()
    }

    fn held(&self, order: &OrderId) -> Vec<HeldCode> {
        let of = |row: &CodeRow| {
            row.state == CodeState::Assigned && row.unit.as_ref().is_some_and(|(holder, _)| holder == order)
        };
        let rows = self.rows.iter().filter(|(_, row)| of(row));
        rows.map(|(id, row)| HeldCode { id: id.clone(), batch: self.batch_of(row) }).collect()
    }

    fn batch_of(&self, row: &CodeRow) -> BatchState {
        let known = self.batches.get(&(row.pool.clone(), row.facts.batch.clone()));
        known.map_or(BatchState::Active, |batch| batch.state)
    }

    /// The codes that the channel of an upload did not answer for.
    fn part(&self, id: &UploadId) -> impl Iterator<Item = (&CodeId, &CodeRow, HandOver)> {
        self.rows.iter().filter_map(move |(code, row)| match &row.upload {
            Some((of, stands @ (HandOver::Waiting | HandOver::Unclear))) if of == id => Some((code, row, *stands)),
            _ => None,
        })
    }

    pub(super) fn upload_codes(&self, id: &UploadId) -> Vec<UploadCode> {
        let code = |(id, row, stands): (&CodeId, &CodeRow, HandOver)| UploadCode {
            id: id.clone(),
            stands,
            credentials: row.credentials.clone(),
        };
        self.part(id).map(code).collect()
    }

    pub(super) fn known(&self, texts: &[String]) -> Vec<(String, PoolName)> {
        let known = texts.iter().filter_map(|text| self.texts.get_key_value(text));
        known.map(|(text, pool)| (text.clone(), pool.clone())).collect()
    }

    pub(super) fn ended(&self, pool: &PoolName, before: VisitDate) -> u32 {
        let open = |row: &&CodeRow| row.state.is_free() || row.state == CodeState::Paused;
        let rows = self.rows.values().filter(|row| &row.pool == pool).filter(open);
        u32::try_from(rows.filter(|row| ended(row.facts.valid, before)).count()).unwrap_or(u32::MAX)
    }

    /// Whether enough codes are there for an order that waits.
    pub(super) fn enough_for(&self, wait: &CodeWait) -> bool {
        let good = |id: &CodeId| wait.days.is_none_or(|days| self.rows[id].facts.valid.cover(days));
        let wanted = usize::try_from(wait.wanted).unwrap_or(usize::MAX);
        self.waiting_of(&wait.pool).filter(|(_, id)| good(id)).take(wanted).count() == wanted
    }

    /// Refuses what a database's constraints would refuse.
    pub(super) fn check(&self, writes: &Writes) -> Result<(), StorageFault> {
        let mut texts = BTreeSet::new();
        for (pool, code) in &writes.new_codes {
            if self.texts.contains_key(&code.text) || !texts.insert(&code.text) {
                return Err(StorageFault::Data(format!("code {} of pool {pool} is there already", code.id)));
            }
        }
        let mut taken = BTreeSet::new();
        for one in &writes.taken_codes {
            let stored = self.rows.get(&one.code).is_some_and(|row| row.state.is_free());
            let fresh = writes.new_codes.iter().any(|(_, new)| new.id == one.code);
            if !(stored || fresh) || !taken.insert(&one.code) {
                let text = format!("code {} cannot be given to order {}", one.code, one.order);
                return Err(StorageFault::Conflict(text));
            }
        }
        for (code, upload, _) in &writes.reserved_codes {
            let free = self.rows.get(code).is_some_and(|row| row.state.is_free());
            if !free || !taken.insert(code) {
                return Err(StorageFault::Conflict(format!("code {code} cannot be reserved for upload {upload}")));
            }
        }
        Ok(())
    }

    pub(super) fn write(&mut self, writes: &mut Writes) {
        self.pools.append(&mut writes.pools);
        self.batches.append(&mut writes.batches);
        for (pool, code) in std::mem::take(&mut writes.new_codes) {
            self.born += 1;
            self.texts.insert(code.text, pool.clone());
            let row = CodeRow {
                pool,
                sequence: self.born,
                credentials: code.credentials,
                facts: code.facts,
                state: code.state,
                unit: None,
                given: 0,
                upload: None,
            };
            self.rows.insert(code.id.clone(), row);
            self.place(&code.id, code.state);
        }
        for (id, _, state) in &writes.returned_codes {
            if let Some(row) = self.rows.get_mut(id) {
                row.unit = None;
                row.given = row.given.saturating_sub(1);
            }
            self.place(id, *state);
        }
        for taken in &writes.taken_codes {
            self.place(&taken.code, CodeState::Assigned);
            if let Some(row) = self.rows.get_mut(&taken.code) {
                row.unit = Some((taken.order.clone(), taken.unit));
                row.given += 1;
            }
        }
        for (id, upload, _) in std::mem::take(&mut writes.reserved_codes) {
            self.place(&id, CodeState::Reserved);
            if let Some(row) = self.rows.get_mut(&id) {
                row.upload = Some((upload, HandOver::Waiting));
            }
        }
        for (id, stands) in std::mem::take(&mut writes.handed_over) {
            if let Some((_, before)) = self.rows.get_mut(&id).and_then(|row| row.upload.as_mut()) {
                *before = stands;
            }
        }
        self.uploads.append(&mut writes.uploads);
        for (id, state, _) in &writes.moved_codes {
            self.place(id, *state);
            if let Some(row) = self.rows.get_mut(id) {
                row.upload = None;
            }
        }
        for (order, unit, state, _) in &writes.ended_unit_codes {
            self.end_unit(order, *unit, *state);
        }
        for (order, wait) in std::mem::take(&mut writes.code_waits) {
            match wait {
                Some(wait) => drop(self.waits.insert(order, wait)),
                None => drop(self.waits.remove(&order)),
            }
        }
    }

    fn end_unit(&mut self, order: &OrderId, unit: u16, state: CodeState) {
        let of_unit = |row: &CodeRow| row.unit.as_ref() == Some(&(order.clone(), unit));
        for (id, row) in self.rows.iter_mut().filter(|(_, row)| of_unit(row) && row.state == CodeState::Assigned) {
            row.state = state;
            if planted::is(Bug::CodeGivenAgain) && state == CodeState::Void {
                row.state = CodeState::Available;
                self.waiting.entry(row.pool.clone()).or_default().insert(row.place(), id.clone());
                self.pools.entry(row.pool.clone()).or_default().available += 1;
            }
        }
    }

    /// Puts a code where it stands from now on.
    fn place(&mut self, id: &CodeId, state: CodeState) {
        let Some(row) = self.rows.get_mut(id) else { return };
        let waiting = self.waiting.entry(row.pool.clone()).or_default();
        waiting.remove(&row.place());
        row.state = state;
        if state.is_free() {
            waiting.insert(row.place(), id.clone());
        }
    }

    /// Each pool's counter beside its rows.
    pub(super) fn counted(&self) -> BTreeMap<String, (u32, u32)> {
        let rows = |pool: &PoolName| {
            let rows = self.rows.values().filter(|row| &row.pool == pool && row.state.is_free());
            u32::try_from(rows.count()).unwrap_or(u32::MAX)
        };
        self.pools.iter().map(|(name, pool)| (name.to_string(), (pool.available, rows(name)))).collect()
    }

    /// How often each code was given.
    pub(super) fn given(&self) -> BTreeMap<String, u32> {
        let given = self.rows.iter().filter(|(_, row)| row.given > 0);
        given.map(|(id, row)| (id.to_string(), row.given)).collect()
    }

    /// Codes that orders have and that are not good for ever.
    pub(super) fn dated(&self) -> Vec<(OrderId, ValidDays)> {
        let held = self.rows.values().filter(|row| row.facts.valid != ValidDays::default());
        held.filter_map(|row| Some((row.unit.clone()?.0, row.facts.valid))).collect()
    }
}

fn ended(valid: ValidDays, before: VisitDate) -> bool {
    valid.to.is_some_and(|to| to < before)
}
