//! `[merchants.ID.channels.ID]`: a connection that sells.

use entrepot_contract::ids::{ApplicationId, DistributorId, PluginId};
use entrepot_domain::catalogue::{Beside, ComparesDays, TellsCalendar, TellsProducts};
use entrepot_domain::deadline::{IssueFrom, Times};
use entrepot_domain::refund_rule::UnissuedRefund;
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
    /// What people call it, on the sheet that is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
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
    /// Whether it sells; the database must agree. Orders that are there go on either way.
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
    /// Who decides a refund that a guest asks for while the certificates are being issued, and none is there yet.
    #[serde(default)]
    pub audit_unissued: UnissuedAudit,
    /// Whether one used unit completes all units of its order, where the channel redeems whole orders only: its guests come
    /// together.
    #[serde(default)]
    pub one_completes_all: bool,
    /// How long each step may take before the channel decides by itself.
    #[serde(default)]
    pub deadlines: Deadlines,
    /// Tells the channel prices, opening and stock of the dates that it sells. Left out, it pulls them, or sells
    /// without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<TellCalendar>,
    /// When the channel is told about products: `never`, `asked` or `always`.
    #[serde(default)]
    pub products: TellProducts,
    /// Whether codes of a pool may go into a pool that the channel keeps itself (预置码), where its plugin can: the channel
    /// gives them to its buyers then, and nobody here does.
    #[serde(default)]
    pub upload_codes: bool,
    /// How often the changes of its orders are followed, in seconds, where its plugin can ask: 10 to 86,400; 0 never.
    #[serde(default = "five_minutes")]
    #[schemars(range(max = 86_400))]
    pub catch_up_s: u32,
    /// When each day is compared with the channel, where its plugin can ask. Left out, only when a person asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconcile>,
    /// The plugin's own settings of a connection.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// How long each step may take. The channel counts for itself; these are its times, so that somebody is warned before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deadlines {
    /// An unpaid order holds its stock, in seconds; `engine.hold_ms` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 604_800))]
    pub hold_s: Option<u32>,
    /// A paid order is accepted or refused, in seconds.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub accept_s: u32,
    /// Credentials are there, in seconds.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub issue_s: u32,
    /// From when on `issue_s` is counted for a reservation of a voucher: `call` or `acceptance`. For what was bought it
    /// is the channel's first call for credentials.
    pub issue_from: IssueCounted,
    /// A refund is decided once it was asked, in seconds.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub audit_s: u32,
    /// The channel's next call comes, in seconds; nobody waits longer without looking.
    #[schemars(range(min = 1, max = 2_592_000))]
    pub progress_s: u32,
    /// How much of a time may pass before somebody is warned, in percent; 100 warns nobody.
    #[schemars(range(min = 1, max = 100))]
    pub warn_percent: u8,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            hold_s: None,
            accept_s: 600,
            issue_s: 600,
            issue_from: IssueCounted::Call,
            audit_s: 259_200,
            progress_s: 3_600,
            warn_percent: 80,
        }
    }
}

impl Deadlines {
    /// As the rules count them. `hold_ms` is how long an order is held where nothing else is said.
    #[must_use]
    pub fn times(&self, hold_ms: i64) -> Times {
        let ms = |seconds: u32| i64::from(seconds) * 1000;
        Times {
            hold_ms: self.hold_s.map_or(hold_ms, ms),
            accept_ms: Some(ms(self.accept_s)),
            issue_ms: Some(ms(self.issue_s)),
            issue_from: match self.issue_from {
                IssueCounted::Call => IssueFrom::Call,
                IssueCounted::Acceptance => IssueFrom::Acceptance,
            },
            audit_ms: Some(ms(self.audit_s)),
            progress_ms: Some(ms(self.progress_s)),
            warn_percent: self.warn_percent,
        }
    }
}

/// From when on a channel counts for the credentials of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueCounted {
    /// Its first call for them.
    #[default]
    Call,
    /// The acceptance of the reservation, whether or not it calls.
    Acceptance,
}

/// How the channel is told prices and stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TellCalendar {
    /// How often changes are looked for, in seconds: 1 to 3,600. All that changed meanwhile is told together.
    #[schemars(range(min = 1, max = 3_600))]
    pub every_s: u32,
    /// A date of which only the number left changed is told again after so long, in seconds: 1 to 86,400. One that
    /// sold out, or sells again, does not wait.
    #[schemars(range(min = 1, max = 86_400))]
    pub stock_every_s: u32,
    /// How often all dates are told together, in seconds: 600 to 2,592,000.
    #[schemars(range(min = 600, max = 2_592_000))]
    pub whole_every_s: u32,
}

impl Default for TellCalendar {
    fn default() -> Self {
        Self { every_s: 2, stock_every_s: 60, whole_every_s: 86_400 }
    }
}

/// When a channel is told about products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TellProducts {
    /// Never: a person keeps them there by hand.
    #[default]
    Never,
    /// When a person asks for it.
    Asked,
    /// Whenever one changes here.
    Always,
}

/// When each day is compared with the channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reconcile {
    /// The hour and minute of the next day: `HH:MM`. A channel's bill comes some hours after the use.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub at: String,
    /// IANA zone of the channel's days.
    pub time_zone: String,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self { at: "06:00".to_owned(), time_zone: "Asia/Shanghai".to_owned() }
    }
}

impl Reconcile {
    /// The minute of the day that `at` names; none when it names none.
    #[must_use]
    pub fn minute_of_day(&self) -> Option<u16> {
        let (hour, minute) = self.at.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    }
}

impl Channel {
    /// What it is told and asked beside its orders.
    #[must_use]
    pub fn beside(&self) -> Beside {
        let ms = |seconds: u32| i64::from(seconds.max(1)) * 1000;
        Beside {
            calendar: self.calendar.map(|told| TellsCalendar {
                every_ms: ms(told.every_s),
                stock_every_ms: ms(told.stock_every_s),
                whole_every_ms: ms(told.whole_every_s),
            }),
            products: match self.products {
                TellProducts::Never => TellsProducts::Never,
                TellProducts::Asked => TellsProducts::Asked,
                TellProducts::Always => TellsProducts::Always,
            },
            codes: self.upload_codes,
            catch_up_ms: (self.catch_up_s > 0).then(|| ms(self.catch_up_s)),
            compares: self.reconcile.as_ref().and_then(|compared| {
                let (minute_of_day, time_zone) = (compared.minute_of_day()?, compared.time_zone.clone());
                Some(ComparesDays { minute_of_day, time_zone })
            }),
        }
    }
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

/// Who decides a refund while certificates are being issued (出票中). What the channel asks because none came in time (301)
/// has a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnissuedAudit {
    /// A person where the channel sells vouchers that dates are reserved with, and whoever `audit` says elsewhere.
    #[default]
    Usual,
    /// Whoever `audit` says.
    Rule,
    /// A person.
    Person,
}

impl UnissuedAudit {
    /// As the rules have it. `pairs`: whether the channel sells vouchers that dates are reserved with.
    #[must_use]
    pub const fn of(self, pairs: bool) -> UnissuedRefund {
        match self {
            Self::Person => UnissuedRefund::Person,
            Self::Usual if pairs => UnissuedRefund::Person,
            Self::Usual | Self::Rule => UnissuedRefund::Rule,
        }
    }
}

const fn five_minutes() -> u32 {
    300
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_decides_while_certificates_are_issued_where_pairs_are_sold() {
        for (mode, pairs, whose) in [
            (UnissuedAudit::default(), true, UnissuedRefund::Person),
            (UnissuedAudit::default(), false, UnissuedRefund::Rule),
            (UnissuedAudit::Rule, true, UnissuedRefund::Rule),
            (UnissuedAudit::Person, false, UnissuedRefund::Person),
        ] {
            assert_eq!(mode.of(pairs), whose, "{mode:?}, pairs: {pairs}");
        }
    }
}
