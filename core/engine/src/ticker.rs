//! What has to happen as time passes: switches and catalogues stay fresh, unpaid holds run out.

use std::sync::Arc;
use std::time::Duration;

use entrepot_domain::command::{Body, CommandKey};

use crate::core::Core;

/// Holds ended in one look.
const HOLDS_LIMIT: u32 = 200;

/// Looks once a tick until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_millis(core.settings.tick_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = core.jobs.closed() => return,
            _ = tick.tick() => {}
        }
        if let Err(fault) = core.refresh_switches().await {
            tracing::warn!(%fault, "switches could not be read");
            continue;
        }
        refresh_catalogues(&core).await;
        end_holds(&core).await;
    }
}

/// Other nodes change prices, too: what is held in memory is never older than a tick.
async fn refresh_catalogues(core: &Core) {
    let known = core.remembered();
    let merchants: Vec<_> = known.iter().map(|(merchant, _)| merchant.clone()).collect();
    let fresh = match core.storage.revisions(&merchants).await {
        Ok(fresh) => fresh,
        Err(fault) => return tracing::warn!(%fault, "catalogue revisions could not be read"),
    };
    for (merchant, revision) in known {
        let newest = fresh.get(&merchant).copied().unwrap_or_default();
        if newest > revision
            && let Err(fault) = core.rules_at(&merchant, newest).await
        {
            tracing::warn!(%merchant, %fault, "the catalogue could not be read");
        }
    }
}

async fn end_holds(core: &Core) {
    let due = match core.storage.holds_run_out(core.clock.now(), HOLDS_LIMIT).await {
        Ok(due) => due,
        Err(fault) => return tracing::warn!(%fault, "holds could not be read"),
    };
    for (merchant, order) in due {
        let key = CommandKey { scope: "ticker".to_owned(), kind: "expire_hold".to_owned(), key: order.to_string() };
        let body = Body::ExpireHold { order };
        if core.command(&merchant, key, String::new(), "ticker", body, None, None).await.is_err() {
            return;
        }
    }
}
