//! What can be set for an application. Everything that the specification only infers stands behind a key here, or, where
//! merchants differ, in `connection`.

use std::collections::BTreeMap;

use entrepot_sdk::contract::looking::SeenState;
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
    /// The call that tells changed dates (scenic §15: that batch_save changes only the dates in it is inferred). Set `save`
    /// only after you saw that it merges: it is given the changed dates alone.
    pub calendar_incremental: CalendarCall,
    /// The call that tells all dates of a specification (scenic §14, §15, inferred).
    pub calendar_whole: CalendarCall,
    /// Most dates of each specification in one call of batch_save (scenic §15, inferred).
    #[schemars(range(min = 1, max = 366))]
    pub calendar_days_limit: u16,
    /// Most specifications in one call of batch_save (scenic §15, inferred).
    #[schemars(range(min = 1, max = 50))]
    pub calendar_skus_limit: u16,
    /// How dates of equal terms are named: one by one (type 3), or as ranges (type 1) (scenic §14, inferred).
    pub calendar_dates_as: DatesAs,
    /// The price of a date that is not for sale any more and of which nothing else is known, in fen; it is told closed,
    /// without stock (scenic §14 requires a price; inferred). High: should it be sold all the same, then not for nothing.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub gone_price_fen: i64,
    /// Codes, or sub codes, with which Douyin refuses for good what was published, beside "invalid parameter": the error
    /// lists of these calls were not seen (scenic §23, inferred).
    pub final_codes: Vec<i64>,
    /// The call that brings products on and off the shelf (scenic §20, inferred).
    pub shelf_call: ShelfCall,
    /// Its `op_type` for on (scenic §20, inferred; fulfilment §9, seen in client code).
    pub shelf_on: i64,
    /// Its `op_type` for off (scenic §20, inferred; fulfilment §9, seen in client code).
    pub shelf_off: i64,
    /// Codes of the trip call's items that mean done (scenic §20, inferred).
    pub shelf_success_codes: Vec<i64>,
    /// When to ask again how a review stands, in milliseconds (inferred).
    #[schemars(range(min = 1000, max = 3_600_000))]
    pub review_poll_ms: u64,
    /// Where a product is looked at: the trip query, which knows reviews, or goods online get, which knows prices and only
    /// what passed review (scenic §18; fulfilment §11, both documented).
    pub product_look: ProductLook,
    /// `online_status` of a product on sale, for `product_look = "goods"` (fulfilment §11, inferred).
    pub goods_online_status: Vec<i64>,
    /// What `order_status` means (common §14: no value was seen, so there are no defaults). What is not listed is kept as it
    /// came, and no order is mended by it.
    pub order_status_names: BTreeMap<String, StatusName>,
    /// What `item_status` of a voucher means (common §14: no value was seen, so there are no defaults).
    pub item_status_names: BTreeMap<String, StatusName>,
    /// Orders of one page (common §14 names no limit; inferred).
    #[schemars(range(min = 1, max = 100))]
    pub orders_page_size: u16,
    /// Count an order's used units by asking for its vouchers, one call more for each order looked at alone (fulfilment §5,
    /// documented). Otherwise `item_status_names` tells.
    pub used_by_certificates: bool,
    /// Which bill is read (common §15, documented): the detailed one knows the platform's fee and needs a scope of its own.
    pub ledger: LedgerCall,
    /// How the bill's day is written (common §15 says yyyy-MM-dd, client code yyyyMMdd).
    pub bill_date: BillDate,
    /// Codes, or sub codes, with which Douyin refuses an import because it has one of its codes already. No page lists them
    /// (fulfilment §7, inferred), so there are no defaults: until they are set, such an import stops with the code that
    /// Douyin answered.
    pub reserved_duplicate_codes: Vec<i64>,
    /// Find the orders of uses by asking for their vouchers' bills, one call more for each page: the history names no order
    /// (fulfilment §13.3, documented).
    pub redemption_orders: bool,
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
            calendar_incremental: CalendarCall::BatchSave,
            calendar_whole: CalendarCall::Save,
            calendar_days_limit: DATES_LIMIT,
            calendar_skus_limit: SKUS_LIMIT,
            calendar_dates_as: DatesAs::Dates,
            gone_price_fen: 9_999_900,
            final_codes: Vec::new(),
            shelf_call: ShelfCall::Goods,
            shelf_on: 1,
            shelf_off: 2,
            shelf_success_codes: vec![0],
            review_poll_ms: 600_000,
            product_look: ProductLook::Trip,
            goods_online_status: vec![1],
            order_status_names: BTreeMap::new(),
            item_status_names: BTreeMap::new(),
            orders_page_size: 50,
            used_by_certificates: false,
            ledger: LedgerCall::Plain,
            bill_date: BillDate::Dashed,
            reserved_duplicate_codes: Vec::new(),
            redemption_orders: true,
        }
    }
}

/// Most dates of each SKU in one notice; the card says it (scenic §15, inferred; §16's limit of a pull, documented).
pub(crate) const DATES_LIMIT: u16 = 60;
/// Most SKUs in one notice; the card says it (scenic §15, inferred; §17's limit of a product, documented).
pub(crate) const SKUS_LIMIT: u16 = 3;

/// Most codes of one notice; the card says it (fulfilment §7, documented).
pub(crate) const CODES_LIMIT: u16 = 500;

/// A call that publishes prices and stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarCall {
    /// One specification a call.
    Save,
    /// Several specifications a call.
    BatchSave,
}

/// How dates of equal terms are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatesAs {
    /// `calendar_type` 3.
    Dates,
    /// `calendar_type` 1.
    Ranges,
}

/// A call that brings products on and off the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShelfCall {
    /// `/goodlife/v1/goods/product/operate/`.
    Goods,
    /// `/goodlife/v1/trip/product/operate/`.
    Trip,
}

/// Where a product is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductLook {
    /// `/goodlife/v1/trip/ticket/query/`.
    Trip,
    /// `/goodlife/v1/goods/product/online/get/`.
    Goods,
}

/// Which bill is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerCall {
    /// `/goodlife/v1/settle/ledger/query/`.
    Plain,
    /// `/goodlife/v1/settle/ledger/detailed_query/`.
    Detailed,
}

/// How the bill's day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillDate {
    /// `2026-10-01`.
    Dashed,
    /// `20261001`.
    Plain,
}

/// What a number of Douyin's means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
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
        self.check_goods()
    }

    fn check_goods(&self) -> Result<(), Fault> {
        let fault = |key: &str, text: &str| Err(Fault::invalid(format!("settings.{key}: {text}")));
        if !(1..=366).contains(&self.calendar_days_limit) {
            return fault("calendar_days_limit", "must be 1 to 366");
        }
        if !(1..=50).contains(&self.calendar_skus_limit) {
            return fault("calendar_skus_limit", "must be 1 to 50");
        }
        if !(0..=1_000_000_000).contains(&self.gone_price_fen) {
            return fault("gone_price_fen", "must be 0 to 1000000000");
        }
        if self.shelf_on == self.shelf_off {
            return fault("shelf_off", "must differ from shelf_on");
        }
        if self.shelf_success_codes.is_empty() {
            return fault("shelf_success_codes", "needs at least one code");
        }
        if !(1000..=3_600_000).contains(&self.review_poll_ms) {
            return fault("review_poll_ms", "must be 1000 to 3600000");
        }
        if !(1..=100).contains(&self.orders_page_size) {
            return fault("orders_page_size", "must be 1 to 100");
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
}
