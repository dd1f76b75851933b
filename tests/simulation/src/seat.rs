//! Where one generation of a node sits: every step it takes outside itself passes here. Once the generation has
//! crashed, its calls never return, so nothing of it happens any more.

use std::sync::Arc;

use entrepot_engine::storage::StorageFault;

use crate::storage::Turn;
use crate::world::World;

/// One generation of one node.
#[derive(Clone)]
pub(crate) struct Seat {
    world: Arc<World>,
    pub(crate) node: usize,
    pub(crate) generation: u64,
}

impl Seat {
    pub(crate) const fn new(world: Arc<World>, node: usize, generation: u64) -> Self {
        Self { world, node, generation }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Whether this generation still runs.
    pub(crate) fn lives(&self) -> bool {
        self.world.generation(self.node) == self.generation
    }

    /// One step: takes its time, waits while the node stalls, and never ends when the node has crashed. Here, between
    /// any two steps, is where nodes crash and stall.
    pub(crate) async fn step(&self, what: &str) {
        let wait = self.world.toll();
        if wait > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        }
        loop {
            if !self.lives() {
                // The digest tells where the old generation came to its end.
                return std::future::pending().await;
            }
            match self.world.stalled(self.node) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => break,
            }
        }
        if self.world.crashes_here(self.node, what) {
            return std::future::pending().await;
        }
        if let Some(until) = self.world.stalls_here(self.node, what) {
            tokio::time::sleep_until(until).await;
            if !self.lives() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Remembers a turn that goes when the node crashes or stalls.
    pub(crate) fn holds(&self, turn: &Turn) {
        if self.lives() {
            self.world.holds(self.node, turn);
        } else {
            turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        }
    }

    fn fails(&self, call: &str, permille: u64, how: &str) -> bool {
        let fails = self.world.storage_fails(permille);
        if fails {
            self.world.note(format_args!("node {}: {call}: {how}", self.node));
        }
        fails
    }

    /// The database cannot be reached.
    pub(crate) fn lost(&self, call: &str, permille: u64) -> Result<(), StorageFault> {
        if self.fails(call, permille, "lost") { Err(StorageFault::Lost(format!("in {call}"))) } else { Ok(()) }
    }

    /// Somebody else was first.
    pub(crate) fn conflict(&self, call: &str, permille: u64) -> Result<(), StorageFault> {
        if self.fails(call, permille, "conflict") { Err(StorageFault::Conflict(format!("in {call}"))) } else { Ok(()) }
    }

    /// Nobody knows whether it happened.
    pub(crate) fn unknown(&self, call: &str, permille: u64) -> Result<(), StorageFault> {
        if self.fails(call, permille, "unknown") { Err(StorageFault::CommitUnknown(call.to_owned())) } else { Ok(()) }
    }
}
