//! Uploads: codes of a pool go into a pool that a channel keeps itself (预置码), and the channel gives them to its buyers.
//!
//! An upload goes part by part. The codes of a part become `reserved` in the change that chooses them, before anybody
//! outside hears of them, and only what the channel certainly does not have goes back. So a code that the channel may
//! give is never given here.

use entrepot_contract::ids::{CodeId, ConnectionId, ListingId, NodeId, PoolName, UploadId};
use entrepot_contract::notice::{EarlierCodes, RefusedCode};
use entrepot_contract::time::{Timestamp, VisitDate};
use serde::{Deserialize, Serialize};

use crate::code::BatchState;

/// Most codes of one upload.
pub const UPLOAD_LIMIT: u32 = 100_000;

/// Failed tries of one part after which somebody is told.
pub const PATIENCE: u32 = 3;

/// What a person wants to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadWish {
    /// The channel connection.
    pub connection: ConnectionId,
    /// For what the channel gives them.
    pub listing: ListingId,
    /// How many: 1 to [`UPLOAD_LIMIT`].
    pub count: u32,
    /// The last day on which the channel may give them: codes have to be good for as long. Where it is left out, each
    /// goes with its own last day.
    pub last_day: Option<VisitDate>,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadStanding {
    /// Under way.
    Going,
    /// The channel answered for all codes that it was told of.
    Done,
    /// The channel takes none, for a reason that does not pass by itself.
    Refused,
    /// A person ended it.
    Stopped,
}

/// A try that has begun and of which no outcome is known yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTry {
    /// Who calls.
    pub node: NodeId,
    /// When it is over at the latest.
    pub until: Timestamp,
}

/// An upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The pool.
    pub pool: PoolName,
    /// The channel connection.
    pub connection: ConnectionId,
    /// For what the channel gives them.
    pub listing: ListingId,
    /// IANA zone of the product.
    pub time_zone: String,
    /// Codes that were asked for.
    pub wanted: u32,
    /// The last day on which the channel may give them, where a person said so.
    pub last_day: Option<VisitDate>,
    /// Who began it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands.
    pub standing: UploadStanding,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Codes that were reserved for it and did not go back.
    pub reserved: u32,
    /// Codes that the channel took.
    pub taken: u32,
    /// Codes that the channel had before; they stay reserved, for nobody knows who has them.
    pub refused: u32,
    /// The last day of the part's codes.
    pub part_last_day: Option<VisitDate>,
    /// What may have become of the part's unclear codes.
    pub earlier: Option<EarlierCodes>,
    /// Tries so far: the number of the newest.
    pub tries: u32,
    /// The try under way.
    pub open: Option<OpenTry>,
    /// Tries since the last code was answered for.
    pub failures: u32,
    /// No try before.
    pub next_at: Option<Timestamp>,
    /// Why it does not go on, or ended short, for people.
    pub note: Option<String>,
}

/// How a reserved code stands with its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// The channel certainly does not have it by us.
    Waiting,
    /// It may have it.
    Unclear,
    /// It has it.
    Taken,
    /// It had it before.
    Refused,
}

/// A code for which the channel did not answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartCode {
    /// The code.
    pub id: CodeId,
    /// `waiting` or `unclear`.
    pub stands: HandOver,
    /// How its batch stands.
    pub batch: BatchState,
}

/// The codes that the next notice names: what is unclear alone, otherwise all that wait.
#[must_use]
pub fn next_notice(part: &[PartCode]) -> Vec<&CodeId> {
    let unclear = part.iter().any(|code| code.stands == HandOver::Unclear);
    let next = if unclear { HandOver::Unclear } else { HandOver::Waiting };
    part.iter().filter(|code| code.stands == next).map(|code| &code.id).collect()
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadSaid {
    /// The channel answered; what is not named was taken.
    Told {
        /// It had these before.
        refused: Vec<RefusedCode>,
        /// Certainly not there yet.
        untold: Vec<CodeId>,
        /// Perhaps there.
        unclear: Vec<CodeId>,
    },
    /// The try did certainly nothing.
    NotDone {
        /// For people.
        reason: String,
        /// Whether it may pass later.
        may_pass: bool,
        /// Shortest wait, in milliseconds.
        wait_ms: i64,
    },
    /// Nobody knows: the channel may have all codes of the notice, or none.
    Lost {
        /// For people.
        reason: String,
        /// Shortest wait, in milliseconds.
        wait_ms: i64,
    },
}
