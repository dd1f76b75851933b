//! A plugin opened before a Douyin, and what it said to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use douyin_wire::sign::parse_query;
use entrepot_sdk::contract::fault::Fault;
use entrepot_sdk::contract::plugin::Plugin;
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::testing::{Bench, Seat, World};
use serde_json::Value;

use crate::calls::{ACCOUNT, CLIENT_KEY, CLIENT_SECRET, SHOP};

/// The base URL of every test.
pub const BASE: &str = "http://partner.test";

/// A world with the application's secrets in which Douyin answers so.
pub fn world(douyin: impl Fn(&HttpRequest) -> Result<HttpResponse, Fault> + Send + Sync + 'static) -> Arc<World> {
    let world = World::new();
    world.secret("client_key", CLIENT_KEY).secret("client_secret", CLIENT_SECRET).other_side(douyin);
    world
}

/// The plugin in that world, with these settings of application and connection.
pub async fn seat(plugin: Arc<dyn Plugin>, world: &Arc<World>, settings: Value, connection: Value) -> Seat {
    let bench = Bench::new(plugin).world(world).settings(settings).connection(connection, Some(ACCOUNT), &[SHOP]);
    bench.open().await.expect("it opens")
}

/// The calls of that name.
pub fn sent(world: &World, api: &str) -> Vec<HttpRequest> {
    world.sent().into_iter().filter(|request| request.api == api).collect()
}

/// The names of all calls but the token's.
pub fn apis(world: &World) -> Vec<String> {
    world.sent().into_iter().map(|request| request.api).filter(|api| api != "client_token").collect()
}

/// Its body.
pub fn body(request: &HttpRequest) -> Value {
    serde_json::from_str(request.body.as_deref().expect("a body")).expect("JSON")
}

/// Its path.
pub fn path(request: &HttpRequest) -> &str {
    let rest = request.url.strip_prefix(BASE).expect("the base URL");
    rest.split('?').next().unwrap_or_default()
}

/// Its query.
pub fn query(request: &HttpRequest) -> BTreeMap<String, String> {
    let query = request.url.split_once('?').map_or("", |(_, query)| query);
    parse_query(query).expect("a query").into_iter().collect()
}

/// Pairs as a query.
pub fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
