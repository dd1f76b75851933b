//! What a connection is set up with.

use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// How orders are paid (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PayMethod {
    /// From the distributor's deposit account (备佣金).
    Vm,
    /// At the scenic area (现场支付).
    Spot,
    /// Zhiyoubao's own payment.
    Zyb,
}

impl PayMethod {
    /// The question about an order: one that is paid at the gate (到付单) has its own (§4).
    pub(crate) const fn query(self) -> &'static str {
        match self {
            Self::Vm | Self::Zyb => "QUERY_ORDER_NEW_REQ",
            Self::Spot => "QUERY_SPOT_ORDER_REQ",
        }
    }

    /// The cancellation of a whole order (§7; §4 for one that is paid at the gate).
    pub(crate) const fn cancel(self) -> &'static str {
        match self {
            Self::Vm | Self::Zyb => "SEND_CODE_CANCEL_NEW_REQ",
            Self::Spot => "CANCEL_SPOT_ORDER_REQ",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::Spot => "spot",
            Self::Zyb => "zyb",
        }
    }
}

/// What a ticket that is shown again is (§5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShowAs {
    /// A link to the page with the QR code.
    Link,
    /// The same, short.
    ShortLink,
    /// The QR code's picture.
    Picture,
}

/// The question by which use is counted (§9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountBy {
    /// `CHECK_STATUS_QUERY_REQ`.
    Status,
    /// `QUERY_SUB_ORDER_CHECK_RECORD_REQ`, for venues that tell the time of a use only there.
    Records,
}

/// The names of elements in the answer to `FS_STOCK_REQ` (§6, inferred: read them off an answer of the gateway's).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotLayout {
    /// The list.
    pub list: String,
    /// One slot in it.
    pub item: String,
    /// A slot's date, `yyyy-MM-dd`.
    pub date: String,
    /// Its begin, `HH:mm`.
    pub start: String,
    /// Its end, `HH:mm`.
    pub end: String,
    /// Tickets left.
    pub stock: String,
}

/// Settings of one connection (§1).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZhiyoubaoSettings {
    /// The distributor's company code (企业码).
    pub corp_code: String,
    /// The distributor's user (用户名).
    pub user_name: String,
    /// How orders are paid.
    #[serde(default = "deposit")]
    pub pay_method: PayMethod,
    /// Source text (`src`); left out when empty.
    #[serde(default)]
    pub source: String,
    /// Sub source (`subSrc`); left out when empty.
    #[serde(default)]
    pub sub_source: String,
    /// Template of a message that is sent again (`tplCode`); the gateway's own when empty.
    #[serde(default)]
    pub message_template: String,
    /// What a ticket that is shown again is.
    #[serde(default = "link")]
    pub show_as: ShowAs,
    /// The question by which use is counted.
    #[serde(default = "status")]
    pub count_by: CountBy,
    /// The names in the answer about stock of time slots, whose layout was not seen (§6). Left out, nobody asks.
    #[serde(default)]
    pub slot_stock: Option<SlotLayout>,
    /// How long to wait for an answer, in milliseconds.
    #[serde(default = "ten_seconds")]
    #[schemars(range(min = 1_000, max = 30_000))]
    pub timeout_ms: u32,
    /// How long an audit may wait until it is asked about again, in milliseconds.
    #[serde(default = "a_minute")]
    #[schemars(range(min = 1_000, max = 3_600_000))]
    pub audit_poll_ms: u64,
}

const fn deposit() -> PayMethod {
    PayMethod::Vm
}

const fn link() -> ShowAs {
    ShowAs::Link
}

const fn status() -> CountBy {
    CountBy::Status
}

const fn ten_seconds() -> u32 {
    10_000
}

const fn a_minute() -> u64 {
    60_000
}

impl Default for ZhiyoubaoSettings {
    fn default() -> Self {
        Self {
            corp_code: String::new(),
            user_name: String::new(),
            pay_method: deposit(),
            source: String::new(),
            sub_source: String::new(),
            message_template: String::new(),
            show_as: link(),
            count_by: status(),
            slot_stock: None,
            timeout_ms: ten_seconds(),
            audit_poll_ms: a_minute(),
        }
    }
}

impl ZhiyoubaoSettings {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        for (key, value) in [("corp_code", &self.corp_code), ("user_name", &self.user_name)] {
            if value.trim().is_empty() {
                return Err(Fault::invalid(format!("settings.{key}: must not be empty")));
            }
        }
        if let Some(SlotLayout { list, item, date, start, end, stock }) = &self.slot_stock
            && [list, item, date, start, end, stock].iter().any(|name| name.trim().is_empty())
        {
            return Err(Fault::invalid("settings.slot_stock: names an element without a name"));
        }
        if !(1_000..=30_000).contains(&self.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 1000 to 30000"));
        }
        if !(1_000..=3_600_000).contains(&self.audit_poll_ms) {
            return Err(Fault::invalid("settings.audit_poll_ms: must be 1000 to 3600000"));
        }
        Ok(())
    }
}
