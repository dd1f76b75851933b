//! Douyin with answers of a test's own, and what was said to it.

use std::sync::Arc;

pub use douyin_testing::bench::{apis, body, pairs, path, query, sent};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse};
use entrepot_sdk::testing::{Seat, World};
use serde_json::Value;

use crate::{seat, support, world};

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
