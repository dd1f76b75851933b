//! Which connection an inbound call belongs to: by known order, else by account, else by listing. And who speaks for a call
//! that belongs to none.

use entrepot_contract::channel::{Located, ReadyAnswers};
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, PluginId};
use entrepot_contract::manifest::Scene;
use entrepot_domain::catalogue::ConnectionRules;
use entrepot_domain::change::RefKey;
use entrepot_domain::pair;
use entrepot_host::InstanceKey;

use crate::core::Core;
use crate::directory::{Application, Connection, Directory};
use crate::storage::StorageFault;

/// A plugin that takes a call, with what it says of the scene. Where several of a family take one path, each reads and
/// answers in words of its own.
#[derive(Debug, Clone)]
pub(crate) struct Taker {
    pub(crate) plugin: PluginId,
    pub(crate) scene: Scene,
    /// Its own words; those of another one while it is not open.
    pub(crate) ready: ReadyAnswers,
    pub(crate) open: bool,
}

/// The plugins of an application that take a call, those that are open first; empty where none is. What belongs to one that
/// is not open must wait for it, and never become another one's.
pub(crate) fn takers(core: &Core, application: &Application, method: &str, path: &str) -> Vec<Taker> {
    let words = |plugin: &PluginId, scene: &Scene| {
        let instance = core.host.instance(&InstanceKey::new(plugin.clone(), application.id.clone()))?;
        instance.answers_for(&scene.name).cloned()
    };
    let all: Vec<_> =
        application.scenes(method, path).map(|(plugin, scene)| (plugin, scene, words(plugin, scene))).collect();
    let Some(any) = all.iter().find_map(|(.., words)| words.clone()) else { return Vec::new() };
    let taker = |(plugin, scene, words): (&PluginId, &Scene, Option<ReadyAnswers>)| {
        let open = words.is_some();
        Taker { plugin: plugin.clone(), scene: scene.clone(), ready: words.unwrap_or_else(|| any.clone()), open }
    };
    let mut takers: Vec<Taker> = all.into_iter().map(taker).collect();
    takers.sort_by_key(|taker| !taker.open);
    takers
}

/// The connection that an authentic call belongs to, among those whose plugin takes it, with its taker. None where its order
/// is not known, and neither account nor product names one connection.
pub(crate) async fn place<'a>(
    core: &Core,
    application: &ApplicationId,
    takers: &'a [Taker],
    located: &Located,
) -> Result<Option<(Connection, &'a Taker)>, StorageFault> {
    let directory = core.directory();
    for order in [&located.order, &located.source_order].into_iter().flatten() {
        let known = by_order(core, &directory, application, order).await?;
        if let Some(placed) = known.and_then(|connection| taken(connection, takers)) {
            return Ok(Some(placed));
        }
    }
    let candidates: Vec<&Connection> = candidates(&directory, application, takers)
        .filter(|connection| located.account.is_none() || connection.facts.account == located.account)
        .collect();
    if let ([only], true) = (candidates.as_slice(), located.account.is_some()) {
        return Ok(taken((*only).clone(), takers));
    }
    let mut listed = Vec::new();
    for connection in candidates {
        let rules = core.rules(&connection.merchant).await?;
        if rules.catalogue.listing(&connection.id, &located.names).is_ok() {
            listed.push(connection);
        }
    }
    Ok(match listed.as_slice() {
        [only] => taken((*only).clone(), takers),
        _ => None,
    })
}

/// Who speaks for a call that belongs to no connection.
pub(crate) struct Speaker<'a> {
    pub(crate) connection: Connection,
    pub(crate) taker: &'a Taker,
    /// Whether the call names the connection's own account.
    pub(crate) own: bool,
}

/// One of the account that the call names, and of those one that sells pairs where its names look like a pair's; else any
/// that can read it. `readings`: what each plugin that is open read in it. With the speaker, what its plugin read.
pub(crate) fn speaker<'a>(
    core: &Core,
    application: &ApplicationId,
    readings: &[(&'a Taker, Located)],
) -> Option<(Speaker<'a>, Located)> {
    let directory = core.directory();
    let mut best: Option<((bool, bool), Speaker<'a>, &Located)> = None;
    for connection in directory.connections.values().filter(|connection| &connection.application == application) {
        let mine = readings.iter().find(|(taker, _)| taker.plugin == connection.plugin);
        let Some((taker, located)) = mine else { continue };
        let own = located.account.is_some() && connection.facts.account == located.account;
        let bar = match &connection.rules {
            ConnectionRules::Channel(rules) => rules.pairs,
            ConnectionRules::Supplier(_) => None,
        };
        let looks = |bar| pair::text_of(&located.names, bar).is_some_and(|text| pair::looks_bound(text, bar));
        let rank = (own, bar.is_some_and(looks));
        if best.as_ref().is_none_or(|(other, ..)| rank > *other) {
            best = Some((rank, Speaker { connection: connection.clone(), taker, own }, located));
        }
    }
    best.map(|(_, speaker, located)| (speaker, located.clone()))
}

fn candidates<'a>(
    directory: &'a Directory,
    application: &'a ApplicationId,
    takers: &'a [Taker],
) -> impl Iterator<Item = &'a Connection> {
    directory.connections.values().filter(move |connection| {
        &connection.application == application && takers.iter().any(|taker| taker.plugin == connection.plugin)
    })
}

/// A connection with its plugin's part of the call; none where its plugin does not take it.
fn taken(connection: Connection, takers: &[Taker]) -> Option<(Connection, &Taker)> {
    let taker = takers.iter().find(|taker| taker.plugin == connection.plugin)?;
    Some((connection, taker))
}

async fn by_order(
    core: &Core,
    directory: &Directory,
    application: &ApplicationId,
    order: &ChannelOrderId,
) -> Result<Option<Connection>, StorageFault> {
    let key = RefKey { application: application.clone(), order: order.clone() };
    let known = core.lookups.ask(key).await?.and_then(|reference| reference.order);
    Ok(known.and_then(|placed| directory.connections.get(&placed.connection).cloned()))
}
