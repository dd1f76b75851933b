//! The registry of connections in the database: an id names one thing for ever, and none goes while something is open.

use std::fmt;

use chrono::{DateTime, Days};
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_engine::directory::{Connection, Directory};
use entrepot_engine::records::{Record, RegisteredConnection};
use entrepot_engine::storage::{OpenWork, StorageFault};
use entrepot_store::SqlStorage;

/// How long after its day a ticket that nobody used keeps its connection.
const UNUSED_DAYS: u64 = 60;

/// Why a configuration does not agree with the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disagreement {
    /// An id names something else than before.
    Renamed {
        /// Which.
        connection: ConnectionId,
        /// What it named, and what it would name.
        text: String,
    },
    /// A connection would be removed that is needed still.
    Needed {
        /// Which.
        connection: ConnectionId,
        /// Whose.
        merchant: MerchantId,
        /// What is open.
        work: OpenWork,
    },
    /// The database did not tell.
    Unknown(String),
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed { text, .. } => f.write_str(text),
            Self::Needed { connection, merchant, work } => write!(
                f,
                "connection {connection} of merchant {merchant} cannot be removed: {} open {} and {} {} need it; keep it, \
                 switch it to draining, and remove it once they have ended",
                work.orders,
                if work.orders == 1 { "order" } else { "orders" },
                work.jobs,
                if work.jobs == 1 { "job" } else { "jobs" },
            ),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl From<StorageFault> for Disagreement {
    fn from(fault: StorageFault) -> Self {
        Self::Unknown(fault.to_string())
    }
}

fn named(connection: &Connection) -> RegisteredConnection {
    RegisteredConnection {
        id: connection.id.clone(),
        merchant: connection.merchant.clone(),
        plugin: connection.plugin.to_string(),
        external: connection.external.clone(),
    }
}

/// Whether connections could be registered as this directory has them. Changes nothing.
pub(crate) async fn check(storage: &SqlStorage, directory: &Directory, now: Timestamp) -> Result<(), Disagreement> {
    let shared = storage.shared();
    for known in shared.registered().await? {
        let id = &known.connection.id;
        if let Some(wanted) = directory.connections.get(id) {
            let renamed = |text| Disagreement::Renamed { connection: id.clone(), text };
            known.connection.still_names(&named(wanted)).map_err(renamed)?;
        } else if !known.removed {
            let visited = came_by_now(now).ok_or_else(|| Disagreement::Unknown(format!("the clock says {now}")))?;
            let work = shared.open_work(&known.connection, visited).await?;
            if work != OpenWork::default() {
                let merchant = known.connection.merchant.clone();
                return Err(Disagreement::Needed { connection: id.clone(), merchant, work });
            }
        }
    }
    Ok(())
}

/// Guests who were to come before this day will not come any more.
fn came_by_now(now: Timestamp) -> Option<VisitDate> {
    let today = DateTime::from_timestamp_millis(now.millis())?.date_naive();
    VisitDate::new(today.checked_sub_days(Days::new(UNUSED_DAYS))?)
}

/// Registers the connections of a directory: all of them, or none.
pub(crate) async fn register(storage: &SqlStorage, directory: &Directory) -> Result<(), Disagreement> {
    let all = directory.connections.values().map(named).collect();
    storage.shared().record(Record::Register(all)).await.map_err(Disagreement::from)
}
