//! When each scene of a connection was last called and served: what a platform's acceptance asks for, with the
//! partner's id of that call. Kept in memory and noted now and then: a call that passes costs no write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use entrepot_contract::fault::Fault;
use entrepot_contract::ids::{ConnectionId, SceneName};
use entrepot_contract::looking::{Look, Seen};
use entrepot_contract::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::channel;
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::notes::NoteKind;
use crate::storage::StorageFault;

/// How often what was seen is noted, in milliseconds.
const NOTE_MS: i64 = 10_000;

/// A scene's last call that was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneSeen {
    /// When.
    pub at: Timestamp,
    /// The partner's id of it.
    pub partner_trace: Option<String>,
    /// Ours.
    pub trace: String,
}

/// What was seen since it was noted last.
#[derive(Default)]
pub(crate) struct Scenes {
    seen: Mutex<BTreeMap<(ConnectionId, SceneName), SceneSeen>>,
    noted: Mutex<Option<Timestamp>>,
}

impl Scenes {
    pub(crate) fn served(&self, connection: &ConnectionId, scene: &SceneName, seen: SceneSeen) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((connection.clone(), scene.clone()), seen);
    }

    fn due(&self, now: Timestamp) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let due = noted.is_none_or(|last| now.since(last) >= NOTE_MS);
        if due {
            *noted = Some(now);
        }
        due
    }

    fn take(&self) -> BTreeMap<(ConnectionId, SceneName), SceneSeen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Notes what was seen, when it is time.
pub(crate) async fn look(core: &Core) {
    if core.scenes.due(core.clock.now())
        && let Err(fault) = note(core).await
    {
        tracing::warn!(%fault, "it could not be noted which calls were served");
    }
}

async fn note(core: &Core) -> Result<(), StorageFault> {
    let mut by_connection: BTreeMap<ConnectionId, Vec<_>> = BTreeMap::new();
    for ((connection, scene), seen) in core.scenes.take() {
        let change = (scene.to_string(), Some(serde_json::to_value(seen).unwrap_or_default()));
        by_connection.entry(connection).or_default().push(change);
    }
    for (connection, changes) in by_connection {
        core.storage.note(connection.as_str(), NoteKind::Scene, changes, core.clock.now()).await?;
    }
    Ok(())
}

impl Engine {
    /// The last served call of each scene of a connection.
    pub async fn scenes_seen(&self, connection: &Connection) -> Result<BTreeMap<String, SceneSeen>, StorageFault> {
        note(&self.core).await?;
        let notes = self.core.storage.notes(connection.id.as_str(), NoteKind::Scene).await?;
        let read = |note: crate::notes::Note| Some((note.subject, serde_json::from_value(note.body).ok()?));
        Ok(notes.into_iter().filter_map(read).collect())
    }

    /// What a channel itself says; for checks by a person.
    pub async fn look_at(&self, connection: &Connection, what: Look) -> Result<Seen, Fault> {
        channel::look(&self.core, &connection.id, what).await
    }
}
