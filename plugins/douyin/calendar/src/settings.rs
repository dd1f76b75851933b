//! What can be set. Everything that the specification only infers stands behind a key here.

use entrepot_sdk::prelude::Fault;
use schemars::JsonSchema;
use serde::Deserialize;

/// Settings of an application: they hold for all its connections.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApplicationSettings {
    /// Other client keys under which Douyin may call: an application migrated long ago keeps the old one in the URL
    /// (common §7.1, documented). They share the application's secret.
    pub other_client_keys: Vec<String>,
    /// Accept the old MD5 signature in the query when the header x-life-sign is missing (common §7.3, seen in client
    /// code). Off for new integrations.
    pub accept_old_sign: bool,
    /// Refuse calls whose timestamp differs from now by more than this, in milliseconds. Off when left out: Douyin's
    /// retries may carry the first try's timestamp (common §7.2, inferred).
    #[schemars(range(min = 1000, max = 86_400_000))]
    pub replay_window_ms: Option<u64>,
    /// Accept names and phones that are neither encrypted nor begin with `Enc.` as plain text (scenic §1.5 says that
    /// they are encrypted; sandboxes were not seen). Off: such a call is malformed.
    pub plain_guests: bool,
    /// `status` of a calendar date on sale (scenic §14, inferred).
    pub calendar_open_status: i64,
    /// `status` of a calendar date that is closed (scenic §14, inferred).
    pub calendar_closed_status: i64,
    /// `stock_qty` of a date without limit (scenic §14 knows no such value; inferred).
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub unlimited_stock: u32,
    /// Write `credential_type` of the voucher callback as text instead of a number (common §12: SDKs differ;
    /// inferred).
    pub credential_type_as_text: bool,
    /// Codes in `verify_results` that mean redeemed now (scenic §13, inferred).
    pub verify_success_codes: Vec<i64>,
    /// Codes in `verify_results` that mean redeemed before: done as well (common §5 and §13, documented for group
    /// vouchers, inferred here).
    pub verify_already_codes: Vec<i64>,
    /// What `confirm_info` says in the answer to a create before payment (scenic §3, inferred).
    pub unpaid_confirm_info: UnpaidConfirmInfo,
    /// What stands between a voucher number and its password: Douyin has no field for passwords (inferred).
    pub password_joiner: String,
}

impl Default for ApplicationSettings {
    fn default() -> Self {
        Self {
            other_client_keys: Vec::new(),
            accept_old_sign: false,
            replay_window_ms: None,
            plain_guests: false,
            calendar_open_status: 1,
            calendar_closed_status: 0,
            unlimited_stock: 99_999,
            credential_type_as_text: false,
            verify_success_codes: vec![0],
            verify_already_codes: vec![1208],
            unpaid_confirm_info: UnpaidConfirmInfo::Later,
            password_joiner: " ".to_owned(),
        }
    }
}

/// `confirm_info` of an order that is not paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnpaidConfirmInfo {
    /// Mode 2: decided later, in the payment notice's answer.
    Later,
    /// Mode 1, result 1: accepted already.
    Accept,
    /// No `confirm_info` at all.
    None,
}

impl ApplicationSettings {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let fault = |key: &str, text: &str| Err(Fault::invalid(format!("settings.{key}: {text}")));
        if self.calendar_open_status == self.calendar_closed_status {
            return fault("calendar_closed_status", "must differ from calendar_open_status");
        }
        if self.replay_window_ms.is_some_and(|window| !(1000..=86_400_000).contains(&window)) {
            return fault("replay_window_ms", "must be 1000 to 86400000");
        }
        if !(1..=1_000_000_000).contains(&self.unlimited_stock) {
            return fault("unlimited_stock", "must be 1 to 1000000000");
        }
        if self.verify_success_codes.is_empty() {
            return fault("verify_success_codes", "needs at least one code");
        }
        if self.other_client_keys.iter().any(String::is_empty) {
            return fault("other_client_keys", "holds an empty key");
        }
        Ok(())
    }
}

/// Settings of a connection; they come with each call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// When Douyin creates orders (scenic §1.1, documented). Douyin's staff switch it, per application.
    pub order_mode: OrderMode,
    /// What the issue call is answered when the order's state does not allow issuing yet (scenic §11, inferred).
    pub issue_too_early: IssueTooEarly,
    /// Whether codes are shown as they come or always as one kind; it has to be one that the product's
    /// `code_sending_info` lists (scenic §1.5, §11, seen in client code).
    pub code_as: CodeAs,
    /// When the status query's answer lists the vouchers (scenic §10, documented as needed for partial refunds).
    pub query_vouchers: QueryVouchers,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            order_mode: OrderMode::AfterPayment,
            issue_too_early: IssueTooEarly::CallAgain,
            code_as: CodeAs::Given,
            query_vouchers: QueryVouchers::Always,
        }
    }
}

/// When Douyin creates orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderMode {
    /// After the guest paid; there is no payment notice.
    AfterPayment,
    /// Before the guest pays; a payment notice follows.
    BeforePayment,
}

/// The answer to an issue call that came too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueTooEarly {
    /// Code 100: Douyin calls again within ten minutes.
    CallAgain,
    /// Result 2: failed for good, Douyin refunds at once.
    Failed,
}

/// How codes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeAs {
    /// As the supplier gives them.
    Given,
    /// Voucher numbers become QR codes, too.
    QrCode,
    /// QR codes become voucher numbers, too.
    VoucherNumber,
}

/// When the status query's answer lists the vouchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryVouchers {
    /// Always.
    Always,
    /// Only when a voucher is used or refunded.
    WhenChanged,
}
