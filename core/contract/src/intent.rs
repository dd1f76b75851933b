//! What a channel's call means, once its plugin has decoded it. Ids are carried as received; the engine resolves them.

use serde::{Deserialize, Serialize};

use crate::ids::ChannelOrderId;
use crate::listing::ListingNames;
use crate::money::Money;
use crate::order::{Guests, RefundCause, Visit};
use crate::time::{Timestamp, VisitDate};
use crate::version::Anything;

/// One inbound call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// May this be bought? Reserves nothing.
    CheckBooking(Wish),
    /// An order was made at the channel.
    CreateOrder(CreateOrder),
    /// The guest paid an order that was created before payment.
    PayOrder {
        /// The order.
        order: ChannelOrderId,
        /// When.
        paid_at: Timestamp,
    },
    /// An order ended at the channel without any unit used.
    CancelOrder {
        /// The order.
        order: ChannelOrderId,
        /// When in its life.
        stage: CancelStage,
        /// When.
        cancelled_at: Timestamp,
    },
    /// Credentials are asked for.
    IssueOrder(IssueOrder),
    /// May this be refunded?
    AskRefund(AskRefund),
    /// The channel gave money back.
    RecordRefund(RecordRefund),
    /// How much of the order was used?
    QueryOrder {
        /// The order.
        order: ChannelOrderId,
    },
    /// What does the calendar say?
    PullCalendar(PullCalendar),
    /// The channel proves that the URL is ours; the plugin answers by itself.
    Handshake {
        /// What has to be sent back.
        challenge: serde_json::Value,
    },
    /// A message pushed by the channel that changes nothing by itself.
    Event {
        /// The channel's name of the event.
        event: String,
        /// The channel's id of the message, for de-duplication.
        message: String,
        /// The order it names, if any.
        order: Option<ChannelOrderId>,
        /// The product it names, if any.
        #[serde(default)]
        names: ListingNames,
    },
    /// An intent added after this build.
    #[serde(other)]
    Unknown,
}

impl Intent {
    /// A short name for logs and command keys.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CheckBooking(_) => "check_booking",
            Self::CreateOrder(_) => "create_order",
            Self::PayOrder { .. } => "pay_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::IssueOrder(_) => "issue_order",
            Self::AskRefund(_) => "ask_refund",
            Self::RecordRefund(_) => "record_refund",
            Self::QueryOrder { .. } => "query_order",
            Self::PullCalendar(_) => "pull_calendar",
            Self::Handshake { .. } => "handshake",
            Self::Event { .. } => "event",
            Self::Unknown => "unknown",
        }
    }
}

/// What somebody wants to buy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// The product, as the channel names it.
    pub names: ListingNames,
    /// Units.
    pub count: u32,
    /// When; none for vouchers.
    pub visit: Option<Visit>,
    /// The time slot, where there are several.
    #[serde(default)]
    pub slot: Option<String>,
    /// List price of the whole order, when the call carries it.
    pub origin_amount: Option<Money>,
    /// What the guest pays for the whole order, when the call carries it.
    pub pay_amount: Option<Money>,
    /// Who; a first check may come without anybody.
    pub guests: Guests,
    /// Whether the guests' data has to be complete (false for a first check without guests).
    pub guests_final: bool,
}

/// An order made at the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// As the channel names it; the key of every repeat.
    pub order: ChannelOrderId,
    /// The voucher order a reservation draws on.
    #[serde(default)]
    pub source_order: Option<ChannelOrderId>,
    /// What is bought.
    pub wish: Wish,
    /// When it was made at the channel.
    pub ordered_at: Timestamp,
    /// When the guest paid, for channels that create orders after payment.
    pub paid_at: Option<Timestamp>,
}

/// Where in its life an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelStage {
    /// The guest had not paid.
    BeforePayment,
    /// The guest had paid.
    AfterPayment,
    /// The channel saw our creation fail.
    CreationFailed,
    /// A stage added after this build.
    #[serde(other)]
    Unknown,
}

/// A call for credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueOrder {
    /// The order.
    pub order: ChannelOrderId,
    /// Units the channel believes it sold, when it says so.
    pub count: Option<u32>,
    /// The product, as the channel names it here.
    pub names: ListingNames,
}

/// Units of an order: named one by one, or all that are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitChoice {
    /// Every unit not used and not given back.
    AllLeft,
    /// These numbers.
    Numbers(Vec<u16>),
    /// That many, whichever.
    Count(u32),
    /// A choice added after this build.
    #[serde(untagged)]
    Unknown(Anything),
}

/// May this be refunded?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskRefund {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key; its result carries the same.
    pub key: String,
    /// Why.
    pub cause: RefundCause,
    /// Which units.
    pub units: UnitChoice,
    /// The fee the channel computed.
    pub fee: Option<Money>,
    /// When the guest asked.
    pub asked_at: Timestamp,
}

/// The channel gave money back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRefund {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's key.
    pub key: String,
    /// Why.
    pub cause: RefundCause,
    /// Which units.
    pub units: UnitChoice,
    /// What the guest got.
    pub amount: Money,
    /// When.
    pub refunded_at: Timestamp,
}

/// A question for the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullCalendar {
    /// The product; its listings answer.
    pub names: ListingNames,
    /// Only these SKUs; empty means all of the product.
    pub skus: Vec<ListingNames>,
    /// First date.
    pub from: VisitDate,
    /// Last date, inclusive.
    pub to: VisitDate,
}
