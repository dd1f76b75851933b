//! Alerts reach somebody: nobody watches a list at night. And what no command sees is noticed here: connections whose
//! partner fails again and again, plugins whose threads do not run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::ids::MerchantId;
use entrepot_domain::alert::AlertKind;
use entrepot_host::{InstanceStatus, Trouble, What};

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

/// What an alert is about.
type Subject = (AlertKind, String);

/// What had trouble at the last look, and what was ever looked at.
#[derive(Default)]
struct Failing {
    failing: BTreeSet<Subject>,
    seen: BTreeSet<Subject>,
    looks: u32,
}

impl Failing {
    async fn look(&mut self, core: &Core) {
        self.looks = (self.looks + 1) % REMINDER_LOOKS;
        let instances: Vec<InstanceStatus> =
            core.host.status().into_iter().flat_map(|plugin| plugin.instances).collect();
        let failing = troubled(&instances);
        let all: BTreeSet<Subject> = instances.iter().flat_map(subjects).collect();
        for subject in &all {
            let Some(merchant) = merchant_of(core, subject) else { continue };
            let (kind, name) = subject;
            let was = self.failing.contains(subject);
            match failing.get(subject) {
                Some(text) if !was || self.looks == 0 => {
                    flows::raise_for(core, merchant, *kind, name, text).await;
                }
                None if was || !self.seen.contains(subject) => {
                    if let Err(fault) = flows::resolve(core, merchant, *kind, name).await {
                        tracing::warn!(%fault, subject = name, "an alert could not be resolved");
                    }
                }
                Some(_) | None => {}
            }
        }
        self.failing = failing.into_keys().collect();
        self.seen = all;
    }
}

/// What may be told of an instance: its threads, its connections, and the calls that belong to its application.
fn subjects(instance: &InstanceStatus) -> Vec<Subject> {
    let key = instance.key.to_string();
    let connections = instance.connections.iter().map(|health| match &health.connection {
        Some(connection) => (AlertKind::ConnectionFailing, connection.to_string()),
        None => (AlertKind::ConnectionFailing, key.clone()),
    });
    connections.chain([(AlertKind::PluginSilent, key.clone())]).collect()
}

fn troubled(instances: &[InstanceStatus]) -> BTreeMap<Subject, String> {
    let mut found = BTreeMap::new();
    for instance in instances {
        let key = instance.key.to_string();
        for Trouble { what, since } in instance.troubles() {
            let subject = match &what {
                What::Silent => (AlertKind::PluginSilent, key.clone()),
                What::LeftAlone(Some(connection)) => (AlertKind::ConnectionFailing, connection.to_string()),
                What::LeftAlone(None) => (AlertKind::ConnectionFailing, key.clone()),
                What::NotOpen => continue,
            };
            found.entry(subject).or_insert_with(|| format!("instance {key}: {what}, since {since}"));
        }
    }
    found
}

/// Whose alert it is: a connection's merchant's; what concerns an instance is the operator's. None where the directory
/// does not know the connection.
fn merchant_of(core: &Core, (kind, subject): &Subject) -> Option<Option<MerchantId>> {
    if *kind == AlertKind::PluginSilent || subject.contains('/') {
        return Some(None);
    }
    let connection = subject.parse().ok()?;
    core.directory().connections.get(&connection).map(|known| Some(known.merchant.clone()))
}

#[cfg(test)]
mod tests {
    use entrepot_contract::time::Timestamp;
    use entrepot_host::breaker::BreakerState;
    use entrepot_host::instance::{ConnectionHealth, Lane};
    use entrepot_host::{InstanceKey, State, Threads};

    use super::*;

    fn instance(threads: Threads, connections: &[Option<&str>]) -> InstanceStatus {
        let failing = connections.iter().map(|connection| ConnectionHealth {
            connection: connection.map(|id| id.parse().unwrap()),
            lane: Lane::Reach,
            breaker: BreakerState::Open,
            since: Some(Timestamp::from_millis(1_000)),
            fault: None,
            failures: 0,
            in_flight: 0,
        });
        InstanceStatus {
            key: InstanceKey::new("gate".parse().unwrap(), "app".parse().unwrap()),
            state: State::Degraded,
            required: true,
            threads,
            opened_at: None,
            connections: failing.collect(),
            reports: Vec::new(),
        }
    }

    #[test]
    fn an_alert_names_the_instance_what_and_since_when() {
        let silent = Threads::Silent { since: Timestamp::from_millis(2_000) };
        let instance = instance(silent, &[Some("east"), None]);
        let expected = [
            (
                AlertKind::ConnectionFailing,
                "east",
                "instance gate/app: calls of connection east fail again and again, since 1970-01-01T00:00:01.000Z",
            ),
            (
                AlertKind::ConnectionFailing,
                "gate/app",
                "instance gate/app: calls of the application fail again and again, since 1970-01-01T00:00:01.000Z",
            ),
            (
                AlertKind::PluginSilent,
                "gate/app",
                "instance gate/app: its threads do not run, since 1970-01-01T00:00:02.000Z",
            ),
        ];
        let expected = expected.map(|(kind, subject, text)| ((kind, subject.to_owned()), text.to_owned()));
        let found = troubled(std::slice::from_ref(&instance));
        assert_eq!(found, BTreeMap::from(expected));
        let subjects: BTreeSet<Subject> = subjects(&instance).into_iter().collect();
        assert_eq!(subjects, found.into_keys().collect(), "what may be raised is what may be resolved");
    }

    #[test]
    fn an_instance_without_trouble_raises_nothing() {
        let fine = InstanceStatus { state: State::Open, ..instance(Threads::Run, &[]) };
        assert_eq!(troubled(&[fine]), BTreeMap::new());
    }
}
