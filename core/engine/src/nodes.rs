//! The nodes of a deployment. Each tells which configuration it runs and what it sees failing; what is an alert, all of
//! them tell together: one node's healthy view does not resolve what another one sees failing.

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_host::breaker::BreakerState;

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

/// Whose, and what.
type Subject = (Option<MerchantId>, String);

/// What this node knows of all of them.
#[derive(Default)]
pub(crate) struct Nodes {
    told: Option<(Node, Timestamp)>,
    /// What fails here, since when.
    here: BTreeMap<Subject, Timestamp>,
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
        let (failing, called) = self.look_here(core, now);
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

    /// What fails here, and everything that was called here.
    fn look_here(&self, core: &Core, now: Timestamp) -> (Vec<Failing>, BTreeSet<Subject>) {
        let directory = core.directory();
        let mut failing: BTreeMap<Subject, Failing> = BTreeMap::new();
        let mut called = BTreeSet::new();
        for instance in core.host.status().into_iter().flat_map(|plugin| plugin.instances) {
            let name = instance.key.to_string();
            for health in instance.connections {
                let subject = match &health.connection {
                    None => (None, name.clone()),
                    Some(id) => match directory.connections.get(id) {
                        Some(known) => (Some(known.merchant.clone()), id.to_string()),
                        None => continue,
                    },
                };
                if health.breaker != BreakerState::Closed {
                    let since = self.here.get(&subject).copied().unwrap_or(now);
                    let (merchant, text) = subject.clone();
                    let one = Failing { subject: text, merchant, instance: name.clone(), since };
                    failing.insert(subject.clone(), one);
                }
                called.insert(subject);
            }
        }
        (failing.into_values().collect(), called)
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
        let subject = |one: &Failing| (one.merchant.clone(), one.subject.clone());
        for one in &own.failing {
            if !self.here.contains_key(&subject(one)) || self.looks == 0 {
                let Failing { subject, merchant, instance, since } = one;
                let text = format!("calls of {subject} (instance {instance}) fail again and again since {since}");
                flows::raise_for(core, merchant.clone(), AlertKind::ConnectionFailing, subject, &text).await;
            }
        }
        self.here = own.failing.iter().map(|one| (subject(one), one.since)).collect();
        let told = all.iter().flat_map(|seen| &seen.node.failing).chain(&own.failing);
        let anywhere: BTreeSet<Subject> = told.map(subject).collect();
        // What is called for the first time may have failed for a process that is gone.
        let healed = self.anywhere.iter().chain(called.difference(&self.seen)).filter(|one| !anywhere.contains(one));
        for (merchant, subject) in healed.cloned().collect::<BTreeSet<_>>() {
            let resolved = flows::resolve(core, merchant, AlertKind::ConnectionFailing, &subject).await;
            if let Err(fault) = resolved {
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
