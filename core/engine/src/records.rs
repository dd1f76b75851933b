//! What is written beside commands, at lower priority: interface log, switches, job decisions, audit.

use entrepot_contract::ids::{ConnectionId, JobId, MerchantId, NodeId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::{Alert, AlertKind};
use serde::{Deserialize, Serialize};

use crate::storage::Switch;

/// Something that is no command.
#[derive(Debug, Clone)]
pub enum Record {
    /// Exchanges with partners, a batch at a time.
    Interface(Vec<InterfaceLine>),
    /// All connections as configuration has them; others are removed from now on.
    Register(Vec<RegisteredConnection>),
    /// A connection switched on or off by a person.
    Switch {
        /// Which.
        connection: ConnectionId,
        /// How.
        switch: Switch,
    },
    /// A person's decision on a dead or waiting job. The alert that it died is resolved with it: by itself, the job may
    /// have died again before that.
    Job {
        /// Whose.
        merchant: MerchantId,
        /// Which.
        job: JobId,
        /// Try again now, or give up for good.
        retry: bool,
        /// When.
        at: Timestamp,
    },
    /// Something a person should look at, found outside any command.
    Alert {
        /// Whose; none for the whole deployment.
        merchant: Option<MerchantId>,
        /// What.
        alert: Alert,
    },
    /// The cause of an alert is gone.
    Resolve {
        /// Whose; none for the whole deployment.
        merchant: Option<MerchantId>,
        /// What kind.
        kind: AlertKind,
        /// What it was about.
        subject: String,
        /// When.
        at: Timestamp,
    },
    /// An administrative act or a view of guests' data.
    Audit(AuditLine),
    /// A node lives, with the configuration it runs and what it sees failing.
    Node(Node),
    /// A node has stopped in order.
    NodeGone(NodeId),
    /// Removes what is older than it has to be.
    Prune {
        /// Interface log lines before this go.
        interface_before: Timestamp,
    },
}

/// One exchange with a partner, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceLine {
    /// When it began.
    pub at: Timestamp,
    /// `in` or `out`.
    pub direction: String,
    /// The application.
    pub application: String,
    /// The connection, once placed.
    pub connection: Option<String>,
    /// The merchant, once placed.
    pub merchant: Option<MerchantId>,
    /// The order it was about, as we or the channel name it.
    pub order: Option<String>,
    /// The scene or interface.
    pub api: String,
    /// HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// The partner's id of the request.
    pub partner_trace: Option<String>,
    /// Ours.
    pub trace: String,
    /// What was sent, masked.
    pub request: String,
    /// What came back, masked.
    pub response: String,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// A node of the deployment, as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// A keyed digest of the configuration it runs: equal for nodes that do the same.
    pub fingerprint: String,
    /// What it sees failing.
    pub failing: Vec<Failing>,
}

/// What one node sees failing: calls again and again, or the threads of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failing {
    /// What kind of trouble.
    pub kind: AlertKind,
    /// The connection; the instance for what belongs to no connection.
    pub subject: String,
    /// Whose; none for what belongs to an application.
    pub merchant: Option<MerchantId>,
    /// The instance: plugin and application.
    pub instance: String,
    /// What is wrong with it, for people.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
}

/// A connection as configuration has it. An id never names something else later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub merchant: MerchantId,
    /// Which plugin.
    pub plugin: String,
    /// What it is outside: application and account, or base URL.
    pub external: String,
}

/// What the registry knows of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// What it names, for ever.
    pub connection: RegisteredConnection,
    /// Whether the configuration that was registered last names it no more.
    pub removed: bool,
}

impl RegisteredConnection {
    /// Whether an id that named this names the same still; otherwise what it named, and what it would name.
    pub fn still_names(&self, now: &Self) -> Result<(), String> {
        if self == now {
            return Ok(());
        }
        Err(format!(
            "connection {} named merchant {}, plugin {}, {} before; now it names merchant {}, plugin {}, {}. Give the new \
             one an id of its own",
            self.id, self.merchant, self.plugin, self.external, now.merchant, now.plugin, now.external
        ))
    }
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Whose, if it concerns one merchant.
    pub merchant: Option<MerchantId>,
    /// What was done.
    pub act: String,
    /// To what.
    pub subject: String,
    /// For people; no guests' data, no secrets.
    pub detail: String,
}
