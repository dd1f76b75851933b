//! The whole application in one process whose time the test holds: what waits for days passes in one step.

use std::path::Path;
use std::sync::Arc;

use entrepot_contract::time::{Clock, HandClock, Timestamp};
use entrepot_engine::Ticks;
use entrepot_engine::seed::CountedSeeds;
use entrepot_server::boot::{self, Schema, Surroundings};
use entrepot_server::http::{Shared, router};
use entrepot_server::{config, plugins};
use serde_json::json;

use crate::house::House;

/// 2026-09-21T14:13:20Z.
const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// How long the demo holds an unpaid order: as long as `engine.hold_ms` says.
const HOLD_MS: i64 = 1_800_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_order_ends_when_the_test_says_that_its_time_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("clock.db").display());
    let overrides = json!({
        "database": { "url": url, "lanes": 2, "readers": 2 },
        "http": { "listen": "127.0.0.1:0", "shutdown_ms": 500 },
    });
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo.toml");
    let loaded = config::load_checked(&[demo], &overrides, &plugins::known_built_in).unwrap();
    let clock = Arc::new(HandClock::at(START));
    let surroundings = Surroundings {
        clock: clock.clone(),
        seeds: Arc::new(CountedSeeds::new(1)),
        ticks: Ticks::ByHand,
        ..Surroundings::machine()
    };
    let app = boot::start_in(loaded, Schema::Migrate, surroundings).await.unwrap();
    let shared = Shared::beside(app.clone(), House::LOCAL).unwrap();
    let house = House::of(app, router(shared), Some(folder));

    house.furnish().await;
    let order = house.create("9001", "boat", 2).await;
    let path = format!("/merchants/lakeside/orders/{order}");
    let made = house.get(&path).await.ok();
    assert_eq!((&made["order"]["state"], &made["order"]["created_at"]), (&json!("created"), &json!(START)));

    clock.pass(HOLD_MS - 1);
    house.app.engine.tick().await;
    assert_eq!(house.get(&path).await.ok()["order"]["state"], "created", "a millisecond is left");

    clock.pass(1);
    assert_eq!(house.get(&path).await.ok()["order"]["state"], "created", "nobody looked yet");
    house.app.engine.tick().await;
    let ended = house.get(&path).await.ok();
    assert_eq!(ended["order"]["state"], "cancelled", "{ended}");
    let last = ended["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["at"], json!(clock.now()), "{last}");
    house.app.stop().await;
}
