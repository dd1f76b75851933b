//! What was asked to be done soon beside a channel's orders. A wish is a note of its own, so that no round that is under way
//! writes over it, and that the node which goes round finds it, whichever node it was given to.

use std::collections::BTreeSet;

use entrepot_contract::ids::ConnectionId;

use crate::core::Core;
use crate::notes::NoteKind;
use crate::storage::StorageFault;

/// Wishes that begin so, without that beginning. They stay until [`granted`].
pub(super) async fn of(core: &Core, connection: &ConnectionId, what: &str) -> Result<BTreeSet<String>, StorageFault> {
    let notes = core.storage.notes(connection.as_str(), NoteKind::Wish).await?;
    Ok(notes.into_iter().filter_map(|note| Some(note.subject.strip_prefix(what)?.to_owned())).collect())
}

/// Takes wishes away; what follows has to do them, or to have written down that they are to be done.
pub(super) async fn granted(
    core: &Core,
    connection: &ConnectionId,
    what: &str,
    which: &BTreeSet<String>,
) -> Result<(), StorageFault> {
    if which.is_empty() {
        return Ok(());
    }
    let changes = which.iter().map(|one| (format!("{what}{one}"), None)).collect();
    core.storage.note(connection.as_str(), NoteKind::Wish, changes, core.clock.now()).await
}

/// Asks for something.
pub(super) async fn make(
    core: &Core,
    connection: &ConnectionId,
    what: &str,
    which: impl IntoIterator<Item = String>,
) -> Result<(), StorageFault> {
    let changes = which.into_iter().map(|one| (format!("{what}{one}"), Some(serde_json::Value::Null))).collect();
    core.storage.note(connection.as_str(), NoteKind::Wish, changes, core.clock.now()).await
}
