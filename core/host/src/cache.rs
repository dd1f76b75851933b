//! The shared cache as a trait, and one in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::ApplicationId;
use entrepot_contract::services::{CacheValue, Cached};
use entrepot_contract::time::{Clock, Timestamp};

use crate::locked;

/// Longest cache key, in bytes.
pub const KEY_LIMIT_BYTES: usize = 200;
/// Longest cache value, in bytes.
pub const VALUE_LIMIT_BYTES: usize = 64 * 1024;
/// Longest life of a value, in milliseconds: 45 days.
pub const LIFE_LIMIT_MS: u64 = 45 * 86_400_000;
/// Values the cache in memory holds.
pub const MEMORY_LIMIT_ENTRIES: usize = 10_000;

/// A cache that all nodes of a deployment share, with compare-and-swap, so that one of them refreshes a token.
#[async_trait]
pub trait SharedCache: Send + Sync {
    /// What is there and still lives.
    async fn get(&self, application: &ApplicationId, key: &str) -> Result<Option<Cached>, Fault>;

    /// Writes the value if the stamp still is `expected` (0: nothing there that lives), and gives the new stamp, which
    /// is never 0 and never one that this key had before. `None` when somebody else was first.
    async fn swap(
        &self,
        application: &ApplicationId,
        key: &str,
        expected: u64,
        value: CacheValue,
        lives_ms: u64,
    ) -> Result<Option<u64>, Fault>;
}

#[derive(Default)]
struct State {
    last_stamp: u64,
    entries: BTreeMap<(ApplicationId, String), Entry>,
}

struct Entry {
    cached: Cached,
    until: Timestamp,
}

/// A cache of this process, for tests and for a deployment of one node.
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl MemoryCache {
    /// An empty cache.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }
}

#[async_trait]
impl SharedCache for MemoryCache {
    async fn get(&self, application: &ApplicationId, key: &str) -> Result<Option<Cached>, Fault> {
        let now = self.clock.now();
        let state = locked(&self.state);
        let entry = state.entries.get(&(application.clone(), key.to_owned())).filter(|entry| now < entry.until);
        Ok(entry.map(|entry| entry.cached.clone()))
    }

    async fn swap(
        &self,
        application: &ApplicationId,
        key: &str,
        expected: u64,
        value: CacheValue,
        lives_ms: u64,
    ) -> Result<Option<u64>, Fault> {
        let now = self.clock.now();
        let full_key = (application.clone(), key.to_owned());
        let mut state = locked(&self.state);
        let State { last_stamp, entries } = &mut *state;
        let found = entries.get(&full_key).filter(|entry| now < entry.until).map_or(0, |entry| entry.cached.stamp);
        if found != expected {
            return Ok(None);
        }
        if entries.len() >= MEMORY_LIMIT_ENTRIES && !entries.contains_key(&full_key) {
            entries.retain(|_, entry| now < entry.until);
            if entries.len() >= MEMORY_LIMIT_ENTRIES {
                return Err(Fault::not_done(FaultKind::Unavailable, "the cache is full"));
            }
        }
        *last_stamp += 1;
        let stamp = *last_stamp;
        let until = now.plus_millis(i64::try_from(lives_ms.min(LIFE_LIMIT_MS)).unwrap_or(i64::MAX));
        entries.insert(full_key, Entry { cached: Cached { value: value.0, stamp }, until });
        Ok(Some(stamp))
    }
}
