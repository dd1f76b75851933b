//! A message that a channel pushed (消息推送). It may be lost, repeated or come in any order, so it changes nothing by
//! itself: it is a reason to ask, once for each message.

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::outcome::Outcome;

use super::{catch_up, tell_product};
use crate::inbound::Visit;
use crate::notes::NoteKind;
use crate::storage::StorageFault;

/// How long a message is repeated, in milliseconds. One id names an entity and what happened to it, so the same may
/// happen again later.
const REPEATS_MS: i64 = 600_000;

pub(super) async fn run(
    visit: &Visit<'_>,
    event: &str,
    message: &str,
    order: Option<&ChannelOrderId>,
    names: &ListingNames,
) -> Outcome {
    match once(visit, message, order, names).await {
        Ok(first) => {
            let seen = if first { "first" } else { "again" };
            metrics::counter!("entrepot_events_total", "event" => event.to_owned(), "seen" => seen).increment(1);
            Outcome::Recorded
        }
        Err(fault) => {
            tracing::warn!(event, %fault, "a message could not be looked after; it has to come again");
            Outcome::Busy
        }
    }
}

/// Whether the message is new.
async fn once(
    visit: &Visit<'_>,
    message: &str,
    order: Option<&ChannelOrderId>,
    names: &ListingNames,
) -> Result<bool, StorageFault> {
    let (core, connection) = (visit.core, &visit.connection);
    let scope = connection.application.as_str();
    let now = core.clock.now();
    if !core.storage.first_note(scope, NoteKind::Message, message, now.plus_millis(-REPEATS_MS), now).await? {
        return Ok(false);
    }
    if order.is_some() {
        catch_up::ask_soon(core, connection).await?;
    }
    if !names.is_empty() {
        tell_product::ask_soon(core, connection, names).await?;
    }
    Ok(true)
}
