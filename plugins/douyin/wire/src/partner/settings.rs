//! What can be set for an application, whatever it sells. A plugin's own settings are these keys and its own beside them, in
//! one closed table: [`application_settings!`](crate::application_settings) writes both, so that a key which two plugins of an
//! application read has one type, one default and one check. (A struct within a struct would give the keys another place, and
//! serde's `flatten` takes unknown keys.)
//!
//! What a connection sets is the plugin's own; the choices that several plugins offer there are at the end.

use entrepot_sdk::contract::looking::SeenState;
use entrepot_sdk::prelude::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::DateStyle;

/// The settings of a plugin for an application: the shared keys, and the plugin's own as `name: type = default`, each with
/// its documentation. Makes a closed struct with `Deserialize`, `JsonSchema` and `Default`, and a method `shared`.
#[macro_export]
macro_rules! application_settings {
    ($(#[$about:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::settings_struct! {
            $(#[$about])*
            pub struct $name {
                /// Other client keys under which Douyin may call: an application migrated long ago keeps the old one in
                /// the URL (common §7.1, documented). They share the application's secret.
                other_client_keys: Vec<String> = Vec::new(),
                /// Accept the old MD5 signature in the query when the header x-life-sign is missing (common §7.3, seen
                /// in client code). Off for new integrations.
                accept_old_sign: bool = false,
                /// Refuse calls whose timestamp differs from now by more than this, in milliseconds. Off when left out:
                /// Douyin's retries may carry the first try's timestamp (common §7.2, inferred).
                #[schemars(range(min = 1000, max = 86_400_000))]
                replay_window_ms: Option<u64> = None,
                /// Accept names and phones that are neither encrypted nor begin with `Enc.` as plain text (scenic §1.5
                /// says that they are encrypted; sandboxes were not seen). Off: such a call is malformed.
                plain_guests: bool = false,
                /// Write `credential_type` of the voucher callback as text instead of a number (common §12: SDKs
                /// differ; inferred).
                credential_type_as_text: bool = false,
                /// Codes in `verify_results` that mean redeemed now (scenic §13, inferred).
                verify_success_codes: Vec<i64> = vec![0],
                /// Codes in `verify_results` that mean redeemed before: done as well (common §5 and §13, documented for
                /// group vouchers, inferred here).
                verify_already_codes: Vec<i64> = vec![1208],
                /// What `confirm_info` says in the answer to a create before payment (scenic §3, inferred).
                unpaid_confirm_info: $crate::partner::settings::UnpaidConfirmInfo =
                    $crate::partner::settings::UnpaidConfirmInfo::Later,
                /// What stands between a voucher number and its password: Douyin has no field for passwords (inferred).
                password_joiner: String = " ".to_owned(),
                /// `online_status` of a product on sale, for `product_look = "goods"` (fulfilment §11, inferred).
                goods_online_status: Vec<i64> = vec![1],
                /// What `order_status` means (common §14: no value was seen, so there are no defaults). What is not
                /// listed is kept as it came, and no order is mended by it.
                order_status_names: ::std::collections::BTreeMap<String, $crate::partner::settings::StatusName> =
                    ::std::collections::BTreeMap::new(),
                /// What `item_status` of a voucher means (common §14: no value was seen, so there are no defaults).
                item_status_names: ::std::collections::BTreeMap<String, $crate::partner::settings::StatusName> =
                    ::std::collections::BTreeMap::new(),
                /// Orders of one page (common §14 names no limit; inferred).
                #[schemars(range(min = 1, max = 100))]
                orders_page_size: u16 = 50,
                /// Count an order's used units by asking for its vouchers, one call more for each order looked at alone
                /// (fulfilment §5, documented). Otherwise `item_status_names` tells.
                used_by_certificates: bool = false,
                /// With `used_by_certificates`: a voucher of that list which says nothing of a use and is Douyin's own
                /// (it has an encrypted code) is asked for by itself, one call more for each (fulfilment §5,
                /// documented).
                single_certificates: bool = false,
                /// Which bill is read (common §15, documented): the detailed one knows the platform's fee and needs a
                /// scope of its own.
                ledger: $crate::partner::settings::LedgerCall = $crate::partner::settings::LedgerCall::Plain,
                /// How the bill's day is written (common §15 says yyyy-MM-dd, client code yyyyMMdd).
                bill_date: $crate::partner::settings::BillDate = $crate::partner::settings::BillDate::Dashed,
                /// Find the orders of uses by asking for their vouchers' bills, one call more for each page: the
                /// history names no order (fulfilment §13.3, documented).
                redemption_orders: bool = true,
                /// `status` of a calendar date on sale (scenic §14, inferred).
                calendar_open_status: i64 = 1,
                /// `status` of a calendar date that is closed (scenic §14, inferred).
                calendar_closed_status: i64 = 0,
                /// `stock_qty` of a date without limit (scenic §14 knows no such value; inferred).
                #[schemars(range(min = 1, max = 1_000_000_000))]
                unlimited_stock: u32 = 99_999,
                /// How dates of equal terms are named: one by one (type 3), or as ranges (type 1) (scenic §14, inferred).
                calendar_dates_as: $crate::partner::dates::DatesAs = $crate::partner::dates::DatesAs::Dates,
                /// The price of a date that is not for sale any more and of which nothing else is known, in fen; it is
                /// told closed, without stock (scenic §14 requires a price; inferred). High: should it be sold all the
                /// same, then not for nothing.
                #[schemars(range(min = 0, max = 1_000_000_000))]
                gone_price_fen: i64 = 9_999_900,
            }
            and {
                $($own)*
            }
        }
    };
}

/// What [`application_settings!`](crate::application_settings) becomes once the shared keys are written out.
#[doc(hidden)]
#[macro_export]
macro_rules! settings_struct {
    (
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$meta:meta])* $key:ident: $type:ty = $default:expr,)* }
        and { $($(#[$own_meta:meta])* $own_key:ident: $own_type:ty = $own_default:expr,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$meta])* pub $key: $type,)*
            $($(#[$own_meta])* pub $own_key: $own_type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* $($own_key: $own_default,)* }
            }
        }

        impl $name {
            /// The keys that every plugin of an application has.
            #[must_use]
            pub fn shared(&self) -> $crate::partner::settings::SharedSettings {
                $crate::partner::settings::SharedSettings { $($key: self.$key.clone(),)* }
            }
        }
    };
}

application_settings! {
    /// What is set for an application, whatever it sells. Everything that the specification only infers stands behind a key.
    pub struct SharedSettings {}
}

impl SharedSettings {
    /// What a schema cannot say.
    pub fn check(&self) -> Result<(), Fault> {
        let fault = |key: &str, text: &str| Err(Fault::invalid(format!("settings.{key}: {text}")));
        if self.replay_window_ms.is_some_and(|window| !(1000..=86_400_000).contains(&window)) {
            return fault("replay_window_ms", "must be 1000 to 86400000");
        }
        if self.verify_success_codes.is_empty() {
            return fault("verify_success_codes", "needs at least one code");
        }
        if self.other_client_keys.iter().any(String::is_empty) {
            return fault("other_client_keys", "holds an empty key");
        }
        if !(1..=100).contains(&self.orders_page_size) {
            return fault("orders_page_size", "must be 1 to 100");
        }
        if self.calendar_open_status == self.calendar_closed_status {
            return fault("calendar_closed_status", "must differ from calendar_open_status");
        }
        if !(1..=1_000_000_000).contains(&self.unlimited_stock) {
            return fault("unlimited_stock", "must be 1 to 1000000000");
        }
        if !(0..=1_000_000_000).contains(&self.gone_price_fen) {
            return fault("gone_price_fen", "must be 0 to 1000000000");
        }
        for (key, map) in
            [("order_status_names", &self.order_status_names), ("item_status_names", &self.item_status_names)]
        {
            if map.keys().any(|code| code.parse::<i64>().is_err()) {
                return fault(key, "its keys are Douyin's numbers");
            }
        }
        Ok(())
    }

    /// How prices and stock are written.
    #[must_use]
    pub const fn dates(&self) -> DateStyle {
        DateStyle {
            open_status: self.calendar_open_status,
            closed_status: self.calendar_closed_status,
            unlimited_stock: self.unlimited_stock,
            dates_as: self.calendar_dates_as,
            gone_price_fen: self.gone_price_fen,
        }
    }
}

/// Which bill is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerCall {
    /// `/goodlife/v1/settle/ledger/query/`.
    Plain,
    /// `/goodlife/v1/settle/ledger/detailed_query/`.
    Detailed,
}

/// How the bill's day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillDate {
    /// `2026-10-01`.
    Dashed,
    /// `20261001`.
    Plain,
}

/// What a number of Douyin's means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    /// Made, not paid.
    Unpaid,
    /// Paid, and nothing more happened.
    Paid,
    /// The guest holds vouchers.
    Issued,
    /// Used.
    Used,
    /// Given back.
    Refunded,
    /// Ended before payment.
    Cancelled,
    /// Known, and none of these.
    Other,
}

impl From<StatusName> for SeenState {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Unpaid => Self::Unpaid,
            StatusName::Paid => Self::Paid,
            StatusName::Issued => Self::Issued,
            StatusName::Used => Self::Used,
            StatusName::Refunded => Self::Refunded,
            StatusName::Cancelled => Self::Cancelled,
            StatusName::Other => Self::Other,
        }
    }
}

/// `confirm_info` of an order that is not paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnpaidConfirmInfo {
    /// Mode 2: decided later, in the payment notice's answer.
    Later,
    /// Mode 1, result 1: accepted already.
    Accept,
    /// No `confirm_info` at all.
    None,
}

/// When Douyin creates orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderMode {
    /// After the guest paid; there is no payment notice.
    AfterPayment,
    /// Before the guest pays; a payment notice follows.
    BeforePayment,
}

/// The answer to an issue call that came too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueTooEarly {
    /// Code 100: Douyin calls again within ten minutes.
    CallAgain,
    /// Result 2: failed for good, Douyin refunds at once.
    Failed,
}

/// How codes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryVouchers {
    /// Always.
    Always,
    /// Only when a voucher is used or refunded.
    WhenChanged,
}

/// The call that redeems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedeemBy {
    /// `/goodlife/v1/trip/certificate/verify/`.
    Trip,
    /// `/goodlife/v1/fulfilment/certificate/verify/`, vouchers named by their project ids.
    General,
    /// The same, vouchers named by the codes that the guests showed.
    Codes,
}
