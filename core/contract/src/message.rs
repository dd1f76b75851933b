//! The envelope of every call: context, request, response.

use serde::{Deserialize, Serialize};

use crate::channel::{ChannelRequest, ChannelResponse, ReadyAnswers};
use crate::ids::{ApplicationId, ConnectionId, MerchantId, TraceId};
use crate::supplier::{SupplierRequest, SupplierResponse};
use crate::time::Timestamp;

/// What an instance is opened with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// The application (channels), or the connection's own id as one (suppliers without a shared application).
    pub application: ApplicationId,
    /// The partner's base URL, where the plugin calls one; without a slash at its end.
    pub base_url: Option<String>,
    /// How the token is had: `client_token` or `fixed`.
    pub token_mode: TokenMode,
    /// Headers added to each call.
    #[serde(default)]
    pub extra_headers: Vec<(String, String)>,
    /// The plugin's own settings, already valid against its schema.
    pub settings: serde_json::Value,
}

/// How a partner's token is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenMode {
    /// Fetched with the application's credentials.
    #[default]
    ClientToken,
    /// A secret named `fixed_token`.
    Fixed,
    /// A way added after this build.
    #[serde(other)]
    Unknown,
}

/// What opening tells the host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Opened {
    /// Answers that the host may give without asking the plugin.
    pub answers: Vec<ReadyAnswers>,
}

/// What comes with every call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallContext {
    /// Until when the host waits.
    pub deadline: Timestamp,
    /// The same for every repeat of this call.
    pub idempotency_key: String,
    /// Follows the call through logs and partners.
    pub trace: TraceId,
    /// 1 for the first try.
    pub attempt: u32,
    /// The connection it is for; none for `locate` and for what belongs to an application.
    pub connection: Option<ConnectionFacts>,
}

/// The connection a call is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionFacts {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The partner's account id.
    pub account: Option<String>,
    /// The partner's shop ids.
    #[serde(default)]
    pub shops: Vec<String>,
    /// The connection's settings, already valid against the plugin's schema.
    pub settings: serde_json::Value,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Request {
    /// To a channel.
    Channel(ChannelRequest),
    /// To a supplier.
    Supplier(SupplierRequest),
    /// To a kind of plugin added after this build.
    #[serde(other)]
    Unknown,
}

/// What a call does outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallNature {
    /// Nobody outside is called.
    Translates,
    /// The partner is asked; nothing changes there.
    Asks,
    /// Something changes at the partner: without an answer nobody knows whether it did.
    Acts,
}

impl CallNature {
    /// Whether a call without an answer may have changed something outside.
    #[must_use]
    pub const fn has_effect(self) -> bool {
        matches!(self, Self::Acts)
    }
}

impl Request {
    /// The call's name, for logs, metrics and refusals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Channel(ChannelRequest::Locate { .. }) => "locate",
            Self::Channel(ChannelRequest::Decode { .. }) => "decode",
            Self::Channel(ChannelRequest::Encode { .. }) => "encode",
            Self::Channel(ChannelRequest::Deliver { .. }) => "deliver",
            Self::Channel(ChannelRequest::Look { .. }) => "look",
            Self::Supplier(SupplierRequest::Hold { .. }) => "hold",
            Self::Supplier(SupplierRequest::Release { .. }) => "release",
            Self::Supplier(SupplierRequest::Book { .. }) => "book",
            Self::Supplier(SupplierRequest::Inquire { .. }) => "inquire",
            Self::Supplier(SupplierRequest::Cancel { .. }) => "cancel",
            Self::Supplier(SupplierRequest::InquireCancel { .. }) => "inquire_cancel",
            Self::Supplier(SupplierRequest::Usage { .. }) => "usage",
            Self::Supplier(SupplierRequest::Resend { .. }) => "resend",
            Self::Supplier(SupplierRequest::ReadCatalogue { .. }) => "read_catalogue",
            Self::Supplier(SupplierRequest::ReadCalendar { .. }) => "read_calendar",
            Self::Supplier(SupplierRequest::Hear { .. }) => "hear",
            Self::Supplier(SupplierRequest::PrepareCodes { .. }) => "prepare_codes",
            Self::Channel(ChannelRequest::Unknown) | Self::Supplier(SupplierRequest::Unknown) | Self::Unknown => {
                "unknown"
            }
        }
    }

    /// Whether it may change something outside, also when no answer comes.
    #[must_use]
    pub const fn has_effect(&self) -> bool {
        self.nature().has_effect()
    }

    /// What it does outside.
    #[must_use]
    pub const fn nature(&self) -> CallNature {
        match self {
            Self::Channel(
                ChannelRequest::Locate { .. }
                | ChannelRequest::Decode { .. }
                | ChannelRequest::Encode { .. }
                | ChannelRequest::Unknown,
            )
            | Self::Supplier(
                SupplierRequest::Hear { .. } | SupplierRequest::PrepareCodes { .. } | SupplierRequest::Unknown,
            )
            | Self::Unknown => CallNature::Translates,
            Self::Channel(ChannelRequest::Look { .. })
            | Self::Supplier(
                SupplierRequest::Inquire { .. }
                | SupplierRequest::InquireCancel { .. }
                | SupplierRequest::Usage { .. }
                | SupplierRequest::ReadCatalogue { .. }
                | SupplierRequest::ReadCalendar { .. },
            ) => CallNature::Asks,
            Self::Channel(ChannelRequest::Deliver { .. })
            | Self::Supplier(
                SupplierRequest::Hold { .. }
                | SupplierRequest::Release { .. }
                | SupplierRequest::Book { .. }
                | SupplierRequest::Cancel { .. }
                | SupplierRequest::Resend { .. },
            ) => CallNature::Acts,
        }
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Response {
    /// From a channel.
    Channel(ChannelResponse),
    /// From a supplier.
    Supplier(SupplierResponse),
    /// From a kind of plugin added after this build.
    #[serde(other)]
    Unknown,
}
