//! Deciding a batch while the one before it is written: by the numbers that one leaves behind, as if nobody else wrote.
//!
//! Deciding depends on nothing but a command and the state it sees. So what was decided ahead is taken if the batch, once
//! its turn has come and its rows are locked, sees the very state that was foreseen; otherwise it is decided again.
//! Nothing rests on the guess but time: most of what a lane computes for a batch of new orders is done while the database
//! is busy.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::MerchantId;
use entrepot_domain::change::{ChannelRef, RefKey};
use entrepot_domain::footprint::Footprint;
use entrepot_domain::planted::{self, Bug};
use entrepot_domain::state::State;

use crate::core::Core;
use crate::lane::{Decided, footprints};
use crate::sequencer::{Pending, Queue};
use crate::storage::{Footprints, States, empty_states};

/// A batch that was taken from the queue early.
pub(crate) struct Ahead {
    pub(crate) batch: Vec<Pending>,
    /// None where what it will see could not be told.
    pub(crate) foreseen: Option<Foreseen>,
}

/// What a batch is expected to see, and what becomes of it then.
pub(crate) struct Foreseen {
    /// The rows it needs.
    pub(crate) footprints: Footprints,
    absent: BTreeSet<RefKey>,
    states: States,
    pub(crate) decided: Decided,
}

impl Foreseen {
    /// Whether a batch that saw no more than its references, keys and rules so far is on the way that was foreseen.
    pub(crate) fn begins_like(&self, absent: &BTreeSet<RefKey>, states: &States) -> bool {
        let same_rules = |(merchant, state): (&MerchantId, &State)| {
            self.states.get(merchant).is_some_and(|foreseen| state.keys.is_empty() && foreseen.has_the_rules_of(state))
        };
        self.absent == *absent && states.iter().all(same_rules)
    }

    /// Whether a batch sees what was foreseen.
    pub(crate) fn came_true(&self, absent: &BTreeSet<RefKey>, states: &States) -> bool {
        let same = |((merchant, state), (other, foreseen)): ((&MerchantId, &State), (&MerchantId, &State))| {
            merchant == other && state.sees_the_same(foreseen)
        };
        let as_foreseen =
            self.absent == *absent && self.states.len() == states.len() && states.iter().zip(&self.states).all(same);
        as_foreseen || planted::is(Bug::ForesightTrusted)
    }
}

/// Takes what waits and decides it by what the batch before leaves behind. None where nothing waits.
pub(crate) fn ahead(core: &Core, queue: &Queue, before: &States) -> Option<Ahead> {
    let (batch, _) = queue.take_waiting(core.settings.batch_limit);
    if batch.is_empty() {
        return None;
    }
    let foreseen = foresee(core, &batch, before);
    Some(Ahead { batch, foreseen })
}

fn foresee(core: &Core, batch: &[Pending], before: &States) -> Option<Foreseen> {
    let mut rules = BTreeMap::new();
    for pending in batch {
        let merchant = &pending.command.merchant;
        if !rules.contains_key(merchant) {
            rules.insert(merchant.clone(), core.rules_in_memory(merchant)?);
        }
    }
    let mut states = empty_states(rules);
    let mut absent = BTreeSet::new();
    for (merchant, footprint) in footprints(&states, batch) {
        let state = states.get_mut(&merchant)?;
        state.refs.extend(footprint.refs.iter().map(|key| (key.clone(), ChannelRef::default())));
        absent.extend(footprint.refs);
    }
    let footprints = footprints(&states, batch);
    for (merchant, footprint) in &footprints {
        carry(footprint, states.get_mut(merchant)?, before.get(merchant)?)?;
    }
    let expected = states.clone();
    let decided = Decided::of(core, states, batch, &absent).ok()?;
    Some(Foreseen { footprints, absent, states: expected, decided })
}

/// Fills in what the batch before leaves. None where this one needs what that one did not see, or more than numbers.
fn carry(footprint: &Footprint, state: &mut State, before: &State) -> Option<()> {
    let numbers = Footprint {
        refs: footprint.refs.clone(),
        stock: footprint.stock.clone(),
        accounts: footprint.accounts.clone(),
        limits: footprint.limits.clone(),
        ..Footprint::default()
    };
    if numbers != *footprint {
        return None;
    }
    for key in &footprint.stock {
        state.stock.insert(key.clone(), *before.stock.get(key)?);
    }
    for distributor in &footprint.accounts {
        state.accounts.insert(distributor.clone(), before.accounts.get(distributor)?.clone());
    }
    // Somebody who buys for the first time has bought nothing yet.
    for key in &footprint.limits {
        state.limits.insert(key.clone(), before.limits.get(key).copied().unwrap_or(0));
    }
    Some(())
}
