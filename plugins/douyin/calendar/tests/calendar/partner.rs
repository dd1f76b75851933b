//! Douyin with answers of a test's own, and what was said to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use douyin_wire::sign::parse_query;
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::testing::{Seat, World};
use serde_json::Value;

use crate::{seat, support, world};

/// The base URL of every test.
pub const BASE: &str = "http://partner.test";

/// An instance before a Douyin that answers so, and where it says nothing, as when all is well.
pub async fn facing(
    settings: Value,
    connection: Value,
    answer: impl Fn(&HttpRequest) -> Option<HttpResponse> + Send + Sync + 'static,
) -> (Seat, Arc<World>) {
    let world = world();
    world.other_side(move |request| answer(request).map_or_else(|| support::douyin(request), Ok));
    (seat(&world, settings, connection).await, world)
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
