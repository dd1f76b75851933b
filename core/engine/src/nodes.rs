//! The nodes of a deployment. Each tells which configuration it runs and what it sees failing; what is an alert, all of
//! them tell together: one node's healthy view does not resolve what another one sees failing.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_host::{InstanceStatus, Trouble, What};

use crate::core::Core;
use crate::flows;
use crate::records::{Failing, Node, Record};
use crate::storage::NodeSeen;

/// A node that told nothing for so long is gone, in milliseconds.
pub(crate) const GONE_MS: u32 = 15_000;

/// How often a node tells of itself while nothing changes, in milliseconds.
const BEAT_MS: i64 = 3_000;

/// How long nodes may differ before somebody is told, in milliseconds: a reload takes them one after another. Longer
/// than a node that was killed counts as alive: the next one may start with other files.
const PATIENCE_MS: i64 = 20_000;

/// Looks after which what fails here is told of again: two nodes may have taken each other's for healed.
const REMINDER_LOOKS: u32 = 60;

/// What the alert about configurations is about.
const SUBJECT: &str = "nodes";

/// Digits of a fingerprint that are enough for a person.
const SHOWN_DIGITS: usize = 12;

/// What kind of trouble, whose, and what has it.
type Subject = (AlertKind, Option<MerchantId>, String);

/// What this node knows of all of them.
#[derive(Default)]
pub(crate) struct Nodes {
    told: Option<(Node, Timestamp)>,
    /// What failed here at the last look.
    here: BTreeSet<Subject>,
    /// What failed anywhere at the last look.
    anywhere: BTreeSet<Subject>,
    /// What was called here at some time.
    seen: BTreeSet<Subject>,
    looks: u32,
    differ_since: Option<Timestamp>,
    /// Whether somebody was told that they differ; none before the first look.
    differing: Option<bool>,
}

impl Nodes {
    /// Tells of this node and looks at all of them.
    pub(crate) async fn look(&mut self, core: &Core) {
        let Some(fingerprint) = core.fingerprint() else { return };
        self.looks = (self.looks + 1) % REMINDER_LOOKS;
        let now = core.clock.now();
        let instances: Vec<InstanceStatus> =
            core.host.status().into_iter().flat_map(|plugin| plugin.instances).collect();
        let directory = core.directory();
        let merchant = |id: &ConnectionId| directory.connections.get(id).map(|known| known.merchant.clone());
        let (failing, called) = (failing(&instances, merchant), watched(&instances, merchant));
        let node = Node { id: core.settings.node.clone(), fingerprint, failing };
        if let Err(fault) = self.tell(core, &node, now).await {
            return tracing::warn!(%fault, "this node could not tell of itself");
        }
        match core.storage.nodes(GONE_MS).await {
            Ok(all) => {
                self.connections(core, &node, &all, called).await;
                self.configurations(core, &node, &all, now).await;
            }
            Err(fault) => tracing::warn!(%fault, "the nodes could not be read"),
        }
    }

    /// Tells when something changed, and now and then.
    async fn tell(&mut self, core: &Core, node: &Node, now: Timestamp) -> Result<(), crate::storage::StorageFault> {
        let fresh = |(told, at): &(Node, Timestamp)| told == node && now.since(*at) < BEAT_MS;
        if !self.told.as_ref().is_some_and(fresh) {
            core.storage.record(Record::Node(node.clone())).await?;
            self.told = Some((node.clone(), now));
        }
        Ok(())
    }

    /// Raises what fails here, and resolves what fails nowhere any more.
    async fn connections(&mut self, core: &Core, own: &Node, all: &[NodeSeen], called: BTreeSet<Subject>) {
        let subject = |one: &Failing| (one.kind, one.merchant.clone(), one.subject.clone());
        for one in &own.failing {
            if !self.here.contains(&subject(one)) || self.looks == 0 {
                let Failing { kind, subject, merchant, instance, what, since } = one;
                let text = format!("instance {instance}: {what}, since {since}");
                flows::raise_for(core, merchant.clone(), *kind, subject, &text).await;
            }
        }
        self.here = own.failing.iter().map(subject).collect();
        let told = all.iter().flat_map(|seen| &seen.node.failing).chain(&own.failing);
        let anywhere: BTreeSet<Subject> = told.map(subject).collect();
        // What is called for the first time may have failed for a process that is gone.
        let healed = self.anywhere.iter().chain(called.difference(&self.seen)).filter(|one| !anywhere.contains(one));
        for (kind, merchant, subject) in healed.cloned().collect::<BTreeSet<_>>() {
            if let Err(fault) = flows::resolve(core, merchant, kind, &subject).await {
                tracing::warn!(%fault, subject, "an alert could not be resolved");
            }
        }
        self.anywhere = anywhere;
        self.seen = called;
    }

    /// Raises an alert when the nodes run different configurations for a while; resolves it once they agree.
    async fn configurations(&mut self, core: &Core, own: &Node, all: &[NodeSeen], now: Timestamp) {
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for seen in all {
            groups.entry(&seen.node.fingerprint).or_default().push(seen.node.id.as_str());
        }
        if groups.len() <= 1 {
            self.differ_since = None;
            if self.differing != Some(false) {
                match flows::resolve(core, None, AlertKind::ConfigurationDiffers, SUBJECT).await {
                    Ok(()) => self.differing = Some(false),
                    Err(fault) => tracing::warn!(%fault, "an alert could not be resolved"),
                }
            }
            return;
        }
        let since = *self.differ_since.get_or_insert(now);
        if self.differing == Some(true) || now.since(since) < PATIENCE_MS {
            return;
        }
        self.differing = Some(true);
        // One of them is enough.
        if all.first().is_some_and(|first| first.node.id == own.id) {
            let groups: Vec<String> = groups
                .iter()
                .map(|(fingerprint, nodes)| {
                    let shown = fingerprint.get(..SHOWN_DIGITS).unwrap_or(fingerprint);
                    format!("{}: {shown}", nodes.join(", "))
                })
                .collect();
            let text = format!("nodes run different configurations ({}); reload them", groups.join("; "));
            flows::raise_for(core, None, AlertKind::ConfigurationDiffers, SUBJECT, &text).await;
        }
    }
}

/// What fails in these instances. A connection that configuration does not know any more is left out.
fn failing(instances: &[InstanceStatus], merchant: impl Fn(&ConnectionId) -> Option<MerchantId>) -> Vec<Failing> {
    let mut found: BTreeMap<Subject, Failing> = BTreeMap::new();
    for instance in instances {
        let name = instance.key.to_string();
        for Trouble { what, since } in instance.troubles() {
            let subject = match &what {
                What::Silent | What::Gone => Some((AlertKind::PluginSilent, None, name.clone())),
                What::LeftAlone(connection) => of_connection(&name, connection.as_ref(), &merchant),
                What::NotOpen => None,
            };
            let Some(subject) = subject else { continue };
            let (kind, merchant, text) = subject.clone();
            let one = Failing { kind, subject: text, merchant, instance: name.clone(), what: what.to_string(), since };
            found.entry(subject).or_insert(one);
        }
    }
    found.into_values().collect()
}

/// Everything of these instances that may fail.
fn watched(instances: &[InstanceStatus], merchant: impl Fn(&ConnectionId) -> Option<MerchantId>) -> BTreeSet<Subject> {
    let of_instance = |instance: &InstanceStatus| {
        let name = instance.key.to_string();
        let called = instance.connections.iter().map(|health| health.connection.as_ref());
        let mut subjects: Vec<Subject> =
            called.filter_map(|connection| of_connection(&name, connection, &merchant)).collect();
        subjects.push((AlertKind::PluginSilent, None, name));
        subjects
    };
    instances.iter().flat_map(of_instance).collect()
}

/// A connection's calls are its merchant's; calls that belong to the application are nobody's.
fn of_connection(
    instance: &str,
    connection: Option<&ConnectionId>,
    merchant: impl Fn(&ConnectionId) -> Option<MerchantId>,
) -> Option<Subject> {
    match connection {
        None => Some((AlertKind::ConnectionFailing, None, instance.to_owned())),
        Some(id) => merchant(id).map(|merchant| (AlertKind::ConnectionFailing, Some(merchant), id.to_string())),
    }
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
        let instance = instance(silent, &[Some("east"), Some("gone"), None]);
        let park: MerchantId = "park".parse().unwrap();
        let merchant = |id: &ConnectionId| (id.as_str() == "east").then(|| park.clone());
        let found = failing(std::slice::from_ref(&instance), merchant);
        let told: BTreeSet<_> =
            found.iter().map(|one| (one.kind, one.merchant.clone(), one.subject.as_str(), one.what.as_str())).collect();
        let expected = [
            (AlertKind::ConnectionFailing, Some(park.clone()), "east", "calls of connection east fail again and again"),
            (AlertKind::ConnectionFailing, None, "gate/app", "calls of the application fail again and again"),
            (AlertKind::PluginSilent, None, "gate/app", "its threads do not run"),
        ];
        assert_eq!(told, BTreeSet::from(expected));
        let since: BTreeSet<i64> = found.iter().map(|one| one.since.millis()).collect();
        assert_eq!(since, BTreeSet::from([1_000, 2_000]));
        let subjects: BTreeSet<Subject> =
            found.iter().map(|one| (one.kind, one.merchant.clone(), one.subject.clone())).collect();
        assert_eq!(watched(&[instance], merchant), subjects, "what may be raised is what may be resolved");
    }

    #[test]
    fn an_instance_without_trouble_raises_nothing() {
        let fine = InstanceStatus { state: State::Open, ..instance(Threads::Run, &[]) };
        assert_eq!(failing(&[fine], |_| None), Vec::new());
    }
}
