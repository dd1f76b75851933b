//! Which connection an inbound call belongs to: by known order, else by account, else by listing.

use entrepot_contract::channel::Located;
use entrepot_contract::ids::{ApplicationId, ChannelOrderId, PluginId};
use entrepot_domain::change::RefKey;

use crate::core::Core;
use crate::directory::{Connection, Directory};
use crate::storage::StorageFault;

/// Where a call belongs.
pub(crate) enum Place {
    /// To this connection.
    Connection(Box<Connection>),
    /// Its order is not known, and neither account nor product names one connection.
    Nowhere,
}

/// Finds the connection of an authentic call, among those whose plugin takes the scene.
pub(crate) async fn place(
    core: &Core,
    application: &ApplicationId,
    plugins: &[&PluginId],
    located: &Located,
) -> Result<Place, StorageFault> {
    let directory = core.directory();
    for order in [&located.order, &located.source_order].into_iter().flatten() {
        if let Some(connection) = by_order(core, &directory, application, order).await? {
            return Ok(Place::Connection(Box::new(connection)));
        }
    }
    let candidates: Vec<&Connection> = directory
        .connections
        .values()
        .filter(|connection| &connection.application == application && plugins.contains(&&connection.plugin))
        .filter(|connection| located.account.is_none() || connection.facts.account == located.account)
        .collect();
    if let ([only], true) = (candidates.as_slice(), located.account.is_some()) {
        return Ok(Place::Connection(Box::new((*only).clone())));
    }
    let mut listed = Vec::new();
    for connection in candidates {
        let rules = core.rules(&connection.merchant).await?;
        if rules.catalogue.listing(&connection.id, &located.names).is_ok() {
            listed.push(connection);
        }
    }
    Ok(match listed.as_slice() {
        [only] => Place::Connection(Box::new((*only).clone())),
        _ => Place::Nowhere,
    })
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
