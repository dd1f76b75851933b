//! What a channel's call means, once its plugin has decoded it. Ids are carried as received; the engine resolves them.
//!
//! [`change`]: an order as it stands, and what is sold, for channels that show both. [`beside`]: members, invoices, and
//! how a product or shop stands at the channel. [`refund`]: money that goes back. [`decided`]: refunds that the channel
//! decided by itself.
//!
//! Decoding a call again gives the same intent: a length of time stays one, and never becomes an instant.

pub mod beside;
pub mod change;
pub mod decided;
pub mod refund;

use serde::{Deserialize, Serialize};

use self::beside::{AskInvoice, AskMember, RecordStanding};
use self::change::{ChangeOrder, OrderFilter};
use self::decided::RecordDecision;
pub use self::refund::{AskRefund, GivesBack, RecordRefund};
use crate::ids::ChannelOrderId;
use crate::listing::{ListingNames, UnitNames};
use crate::money::Money;
use crate::order::{Credential, Guests, Visit};
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
    /// The channel decided about a refund by itself.
    RecordDecision(Box<RecordDecision>),
    /// How much of the order was used?
    QueryOrder {
        /// The order.
        order: ChannelOrderId,
    },
    /// What does the calendar say?
    PullCalendar(PullCalendar),
    /// An order was made and paid at the channel, with codes that it was given before (预置码).
    SyncOrder(SyncOrder),
    /// Units were used at the channel's side, or their use was undone there.
    RecordUse(RecordUse),
    /// Change an order, or take note that the channel changed it.
    ChangeOrder(Box<ChangeOrder>),
    /// Keep an order that is not paid for longer.
    ExtendHold {
        /// The order.
        order: ChannelOrderId,
        /// For how long from now, in milliseconds; none: for as long as an order is kept by itself.
        hold_ms: Option<u64>,
    },
    /// How do orders stand, with all that a guest may see of them?
    ShowOrders(OrderFilter),
    /// What is sold through this connection?
    ListProducts {
        /// Only what answers to these names; empty means all.
        names: ListingNames,
        /// The page's name from the one before; none for the first.
        #[serde(default)]
        page: Option<String>,
    },
    /// A product, a shop or a room stands otherwise at the channel: a reason to look, and to tell somebody.
    RecordStanding(RecordStanding),
    /// The channel runs short of codes that it is given before it sells.
    WantCodes {
        /// The product.
        names: ListingNames,
        /// How many it would like, when it says so.
        count: Option<u32>,
        /// The channel's id of the message, for de-duplication.
        message: String,
    },
    /// A guest joins or leaves the merchant's club, or is looked up in it.
    AskMember(Box<AskMember>),
    /// A guest asks for an invoice.
    AskInvoice(Box<AskInvoice>),
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
            Self::RecordDecision(_) => "record_decision",
            Self::QueryOrder { .. } => "query_order",
            Self::PullCalendar(_) => "pull_calendar",
            Self::SyncOrder(_) => "sync_order",
            Self::RecordUse(_) => "record_use",
            Self::ChangeOrder(_) => "change_order",
            Self::ExtendHold { .. } => "extend_hold",
            Self::ShowOrders(_) => "show_orders",
            Self::ListProducts { .. } => "list_products",
            Self::RecordStanding(_) => "record_standing",
            Self::WantCodes { .. } => "want_codes",
            Self::AskMember(_) => "ask_member",
            Self::AskInvoice(_) => "ask_invoice",
            Self::Handshake { .. } => "handshake",
            Self::Event { .. } => "event",
            Self::Unknown => "unknown",
        }
    }

    /// The one order that it is about.
    #[must_use]
    pub const fn order(&self) -> Option<&ChannelOrderId> {
        match self {
            Self::CreateOrder(create) => Some(&create.order),
            Self::PayOrder { order, .. }
            | Self::CancelOrder { order, .. }
            | Self::QueryOrder { order }
            | Self::ExtendHold { order, .. } => Some(order),
            Self::IssueOrder(issue) => Some(&issue.order),
            Self::AskRefund(ask) => Some(&ask.order),
            Self::RecordRefund(record) => Some(&record.order),
            Self::RecordDecision(told) => Some(&told.order),
            Self::SyncOrder(sync) => Some(&sync.created.order),
            Self::RecordUse(told) => Some(&told.order),
            Self::ChangeOrder(change) => Some(&change.order),
            Self::Event { order, .. } => order.as_ref(),
            Self::CheckBooking(_)
            | Self::PullCalendar(_)
            | Self::ShowOrders(_)
            | Self::ListProducts { .. }
            | Self::RecordStanding(_)
            | Self::WantCodes { .. }
            | Self::AskMember(_)
            | Self::AskInvoice(_)
            | Self::Handshake { .. }
            | Self::Unknown => None,
        }
    }
}

/// What somebody wants to buy. Its `Default` wants nothing; it stands for what a call does not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// More that is bought by the same order, for channels whose orders hold several SKUs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// What each night of a stay costs, when the call says so; in order of their dates. Held against the calendar like
    /// `origin_amount`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nights: Vec<Night>,
    /// How many people come, when the call says so: at most as many as the units admit. Units are counted by `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// The channel's id of the shop (门店) that hands it out, where the guest chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
    /// Whether a refusal has to say prices and stock of the dates asked for ([`crate::outcome::Refusal::calendar`]).
    #[serde(default, skip_serializing_if = "is_false")]
    pub calendar_when_refused: bool,
}

/// One more SKU of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product, as the channel names it.
    pub names: ListingNames,
    /// Units.
    pub count: u32,
    /// List price of all its units, when the call carries it.
    #[serde(default)]
    pub origin_amount: Option<Money>,
}

/// One night of a stay, or one date of a visit of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// The date on which it begins.
    pub date: VisitDate,
    /// Its price for one unit.
    pub price: Money,
    /// What the guest pays for one unit of it beside the voucher (加价).
    #[serde(default)]
    pub markup: Option<Money>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde calls
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
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
    /// More voucher orders that the same reservation draws on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_sources: Vec<ChannelOrderId>,
    /// How the channel names the units, in the order of their numbers; empty where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<UnitNames>,
    /// How long the channel asks to keep an unpaid order, in milliseconds from now; none: as long as we like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
    /// A second name under which the channel may ask for the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Whether a yes shows the whole order: then it is [`crate::outcome::Outcome::Orders`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
}

impl CreateOrder {
    /// An unpaid purchase, and nothing more said of it.
    #[must_use]
    pub const fn new(order: ChannelOrderId, wish: Wish, ordered_at: Timestamp) -> Self {
        Self {
            order,
            source_order: None,
            wish,
            ordered_at,
            paid_at: None,
            more_sources: Vec::new(),
            unit_names: Vec::new(),
            hold_ms: None,
            reference: None,
            whole: false,
        }
    }
}

/// An order that the channel made with codes of its own stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncOrder {
    /// The order, as if it was created now.
    pub created: CreateOrder,
    /// The codes that the guest holds, in the order of the units; one for all of them where there is one.
    pub codes: Vec<Credential>,
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
    /// How the channel names the units, in the order of their numbers; its answer may have to say the same names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<UnitNames>,
    /// When the guest paid, for channels that say so by this call alone: then it is payment and this in one. It may come
    /// before the order, and is kept until that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
    /// Who, where the channel says so only now; those of the order stay where this names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<Guests>,
    /// A second name under which the channel may ask for the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Whether a yes shows the whole order: then it is [`crate::outcome::Outcome::Orders`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
}

impl IssueOrder {
    /// A call that names the order alone.
    #[must_use]
    pub fn new(order: ChannelOrderId) -> Self {
        Self { order, count: None, unit_names: Vec::new(), paid_at: None, guests: None, reference: None, whole: false }
    }
}

/// Units were used, or their use was undone, at the channel's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordUse {
    /// The order.
    pub order: ChannelOrderId,
    /// The channel's id of this use or undoing, for de-duplication.
    pub key: String,
    /// Which units.
    pub units: UnitChoice,
    /// Whether the use was undone (撤销核销).
    #[serde(default, skip_serializing_if = "is_false")]
    pub undone: bool,
    /// When.
    pub at: Timestamp,
    /// The channel's id of the shop, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
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
    /// Those that the channel names so, by [`UnitNames`] it gave before or by the values of their credentials.
    Named(Vec<UnitNames>),
    /// A choice added after this build.
    #[serde(untagged)]
    Unknown(Anything),
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
    /// All that is sold of these shops or hotels, where the call asks by them; their ids at the channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shops: Vec<String>,
}

impl PullCalendar {
    /// For all SKUs of one product.
    #[must_use]
    pub const fn new(names: ListingNames, from: VisitDate, to: VisitDate) -> Self {
        Self { names, skus: Vec::new(), from, to, shops: Vec::new() }
    }
}
