//! Calls to a channel that belong to no order: telling it about dates and products, and looking at its own side.

use std::collections::BTreeMap;
use std::time::Duration;

use entrepot_contract::capability::ChannelCapabilities;
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ConnectionId, TraceId};
use entrepot_contract::looking::{Look, LookName, Seen};
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::{Notice, Told};

use super::supplier::{Asking, CALL_LIMIT_MS};
use crate::core::Core;
use crate::directory::Connection;

/// What a channel can do; nothing while its plugin is not open.
pub(crate) fn abilities(core: &Core, connection: &Connection) -> Option<ChannelCapabilities> {
    let instance = core.host.instance(&connection.instance())?;
    instance.manifest().capabilities.channel.clone()
}

/// Whether the core may ask a channel this.
pub(crate) fn looks(core: &Core, connection: &Connection, name: LookName) -> bool {
    abilities(core, connection).is_some_and(|abilities| abilities.looks.contains(&name))
}

fn trace(core: &Core, what: &str) -> TraceId {
    let seed = core.seeds.next(core.clock.now());
    TraceId::parse(format!("{what}-{seed:?}")).expect("a word and a seed's letters and digits are an id")
}

async fn call(
    core: &Core,
    connection: &ConnectionId,
    what: &str,
    attempt: u32,
    request: ChannelRequest,
) -> Result<ChannelResponse, Fault> {
    let trace = trace(core, what);
    let key = trace.to_string();
    let asking = Asking { connection, order: None, trace, key: &key, attempt, limit_ms: CALL_LIMIT_MS };
    match asking.request(core, Request::Channel(request)).await? {
        Response::Channel(response) => Ok(response),
        Response::Supplier(_) | Response::Unknown => Err(Fault::garbled("a channel answered as a supplier")),
    }
}

/// How often one look waits until a quota lets it pass.
const QUOTA_WAITS: u32 = 30;
/// How long it waits at once, in milliseconds; a quota that needs longer is told to who asks.
const QUOTA_WAIT_MS: u64 = 2_000;

/// What does the channel itself say? Who looks is in no hurry: a quota that is used up is waited for.
pub(crate) async fn look(core: &Core, connection: &ConnectionId, what: Look) -> Result<Seen, Fault> {
    let mut attempt = 1;
    let response = loop {
        let request = ChannelRequest::Look { what: Box::new(what.clone()) };
        match call(core, connection, "look", attempt, request).await {
            Err(fault) if attempt <= QUOTA_WAITS && fault.kind == FaultKind::RateLimited => {
                match fault.retry_after_ms {
                    Some(wait_ms) if wait_ms <= QUOTA_WAIT_MS => {
                        tokio::time::sleep(Duration::from_millis(wait_ms.max(1))).await;
                        attempt += 1;
                    }
                    _ => return Err(fault),
                }
            }
            other => break other?,
        }
    };
    match response {
        ChannelResponse::Seen(seen) => Ok(*seen),
        _ => Err(Fault::garbled("look was answered with something else")),
    }
}

/// Most pages of one look.
const PAGES_LIMIT: usize = 500;

/// Everything that a look finds, asked for page by page and taken under its name: where one thing comes twice, the last
/// word counts. Says why when it cannot be had whole.
pub(super) async fn look_through<Name: Ord, Thing>(
    core: &Core,
    connection: &ConnectionId,
    ask: impl Fn(Option<String>) -> Look,
    take: impl Fn(Seen) -> Option<(Vec<(Name, Thing)>, Option<String>)>,
) -> Result<Vec<Thing>, String> {
    let (mut all, mut page) = (BTreeMap::new(), None);
    for _ in 0..PAGES_LIMIT {
        let seen = look(core, connection, ask(page)).await.map_err(|fault| fault.to_string())?;
        let (things, next) = take(seen).ok_or("look was answered with something else")?;
        all.extend(things);
        if next.is_none() {
            return Ok(all.into_values().collect());
        }
        page = next;
    }
    Err(format!("the channel tells more than {PAGES_LIMIT} pages"))
}

/// Tells the channel something that belongs to no order.
pub(crate) async fn tell(core: &Core, connection: &ConnectionId, attempt: u32, notice: Notice) -> Result<Told, Fault> {
    let what = notice.name();
    match call(core, connection, what, attempt, ChannelRequest::Deliver { notice: Box::new(notice) }).await? {
        ChannelResponse::Told(told) => Ok(told),
        _ => Err(Fault::garbled("deliver was answered with something else")),
    }
}
