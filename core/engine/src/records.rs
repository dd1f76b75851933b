//! What is written beside commands, at lower priority: interface log, switches, job decisions, audit.

use entrepot_contract::ids::{ConnectionId, JobId, MerchantId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::{Alert, AlertKind};
use serde::{Deserialize, Serialize};

use crate::storage::Switch;

/// Something that is no command.
#[derive(Debug, Clone)]
pub enum Record {
    /// Exchanges with partners, a batch at a time.
    Interface(Vec<InterfaceLine>),
    /// A connection as configuration has it.
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
