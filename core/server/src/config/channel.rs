//! `[merchants.ID.channels.ID]`: a connection that sells.

use entrepot_contract::ids::{ApplicationId, DistributorId, PluginId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A connection that sells: merchant × channel plugin × application.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The plugin that speaks the channel's protocol.
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub plugin: PluginId,
    /// The application whose credentials it uses.
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub application: ApplicationId,
    /// The merchant's account at the channel, as the channel sends it.
    #[schemars(length(min = 1, max = 128))]
    pub account_id: String,
    /// The merchant's shops at the channel; empty: all of the account.
    #[serde(default)]
    pub shop_ids: Vec<String>,
    /// The distributor against whose credit the channel sells; absent: no credit line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub distributor: Option<DistributorId>,
    /// Whether an order is refused when the channel's price is not the calendar's.
    #[serde(default = "yes")]
    pub price_check: bool,
    /// Whether it sells; the database must agree.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When a paid order is accepted.
    #[serde(default)]
    pub acceptance: AcceptanceMode,
    /// When issuing starts.
    #[serde(default)]
    pub issue_at: IssueAt,
    /// Who decides a refund that the channel asks for.
    #[serde(default)]
    pub audit: AuditMode,
    /// The plugin's own settings of a connection.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// When a paid order is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AcceptanceMode {
    /// In the answer to the payment notice.
    #[default]
    Immediate,
    /// Later, by a call to the channel.
    Deferred,
}

/// When issuing starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueAt {
    /// When the channel asks for the certificates.
    #[default]
    IssueCall,
    /// As soon as the order is accepted.
    Acceptance,
}

/// Who decides a refund that the channel asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditMode {
    /// The product's refund rule.
    #[default]
    Rule,
    /// A person.
    Person,
}

fn yes() -> bool {
    true
}
