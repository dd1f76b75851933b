//! Alerts reach somebody: nobody watches a list at night. And what no command sees is noticed here: connections whose
//! partner fails again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::ids::ConnectionId;
use entrepot_domain::alert::AlertKind;
use entrepot_host::breaker::BreakerState;

use crate::core::Core;
use crate::flows;
use crate::storage::OpenAlert;

/// Alerts told in one look.
const TOLD_LIMIT: u32 = 20;

/// How long a node has for what it took; another one tries after that.
const TELLING_MS: u32 = 60_000;

/// Looks after which an open breaker is told of again: a node that came meanwhile may have taken it for healed.
const REMINDER_LOOKS: u32 = 60;

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
    let mut failing = Failing::default();
    loop {
        tokio::select! {
            biased;
            () = core.jobs.closed() => return,
            _ = tick.tick() => {}
        }
        failing.look(&core).await;
        if let Some(teller) = &core.teller {
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

/// Connections whose breaker was open at the last look, or were never looked at.
#[derive(Default)]
struct Failing {
    open: BTreeSet<ConnectionId>,
    seen: BTreeSet<ConnectionId>,
    looks: u32,
}

impl Failing {
    async fn look(&mut self, core: &Core) {
        self.looks = (self.looks + 1) % REMINDER_LOOKS;
        let mut now = BTreeSet::new();
        let mut all = BTreeSet::new();
        for instance in core.host.status().into_iter().flat_map(|plugin| plugin.instances) {
            for health in instance.connections {
                let Some(connection) = health.connection else { continue };
                if health.breaker != BreakerState::Closed {
                    now.insert(connection.clone());
                }
                all.insert(connection);
            }
        }
        let directory = core.directory();
        for connection in &all {
            let Some(known) = directory.connections.get(connection) else { continue };
            let merchant = Some(known.merchant.clone());
            let (was, is) = (self.open.contains(connection), now.contains(connection));
            if is && (!was || self.looks == 0) {
                let text = format!("calls of connection {connection} (plugin {}) fail again and again", known.plugin);
                flows::raise_for(core, merchant, AlertKind::ConnectionFailing, connection.as_str(), &text).await;
            } else if !is && (was || !self.seen.contains(connection)) {
                let resolved = flows::resolve(core, merchant, AlertKind::ConnectionFailing, connection.as_str()).await;
                if let Err(fault) = resolved {
                    tracing::warn!(%fault, %connection, "an alert could not be resolved");
                }
            }
        }
        self.open = now;
        self.seen = all;
    }
}
