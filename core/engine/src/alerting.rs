//! Alerts reach somebody: nobody watches a list at night.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::core::Core;
use crate::nodes::Nodes;
use crate::storage::OpenAlert;

/// Alerts told in one look.
const TOLD_LIMIT: u32 = 20;

/// How long a node has for what it took; another one tries after that.
const TELLING_MS: u32 = 60_000;

/// Whoever tells people about an alert.
#[async_trait]
pub trait Teller: Send + Sync {
    /// Tells. An error is for the log; the alert is told again after a while.
    async fn tell(&self, alert: &OpenAlert) -> Result<(), String>;
}

/// Looks once a tick until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_millis(core.settings.tick_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut nodes = Nodes::default();
    loop {
        tokio::select! {
            biased;
            () = core.jobs.closed() => return,
            _ = tick.tick() => {}
        }
        nodes.look(&core).await;
        if let Some(teller) = core.teller() {
            tell(&core, teller.as_ref()).await;
        }
    }
}

async fn tell(core: &Core, teller: &dyn Teller) {
    let taken = match core.storage.take_alerts(core.clock.now(), TOLD_LIMIT, TELLING_MS).await {
        Ok(taken) => taken,
        Err(fault) => return tracing::warn!(%fault, "alerts could not be taken"),
    };
    for alert in taken {
        let kind = alert.alert.kind;
        match teller.tell(&alert).await {
            Ok(()) => {
                if let Err(fault) = core.storage.alert_told(&alert, core.clock.now()).await {
                    tracing::warn!(%fault, %kind, "an alert was told and may be told again");
                }
            }
            Err(fault) => tracing::error!(fault, %kind, subject = alert.alert.subject, "nobody could be told"),
        }
    }
}
