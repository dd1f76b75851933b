//! How a platform is set up.

use crate::groupbuy::GroupBuyOptions;
use crate::orders::{OrderState, UnitState};
use crate::scene::Scene;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How guest fields travel (common §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEncryption {
    /// AES with the client secret (common §8.2).
    Local,
    /// `Enc.` ciphertexts that only the decrypt call opens (common §8.3).
    Online,
    /// Plain text; no page describes it, test merchants were seen with it.
    None,
}

/// When the order is created (scenic §1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderMode {
    /// Create, then pay, then the payment notice (支付前创单).
    BeforePayment,
    /// Pay, then create; no payment notice (支付后创单).
    AfterPayment,
}

/// Which products must have passed a review before prices may come (scenic §14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewGate {
    /// None.
    Nothing,
    /// Those that the publish call made; others are taken as bound.
    ApiProducts,
    /// Every product; one that the platform does not know is refused.
    Everything,
}

/// Where the platform reads the time: Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The set-up of a [`Platform`](crate::Platform).
#[derive(Clone)]
pub struct PlatformOptions {
    /// Application id (common §1); letters and digits.
    pub client_key: String,
    /// Application secret (common §1).
    pub client_secret: String,
    /// The middleware's name of the application: the path segment after `/in/`.
    pub application: String,
    /// Factor on the delays of the retry ladders; 0 repeats at once.
    pub retry_scale: f64,
    /// Seed of the ids and of the online vault.
    pub seed: u64,
    /// The clock.
    pub now: Clock,
    /// How guest fields travel.
    pub field_encryption: FieldEncryption,
    /// Whether the issue SPI's travellers are encrypted too; the samples show them plain (scenic §11).
    pub issue_guests_encrypted: bool,
    /// When orders are created.
    pub order_mode: OrderMode,
    /// Last path segments that differ from [`Scene::default_path`].
    pub paths: BTreeMap<Scene, String>,
    /// Time limits in milliseconds that differ from [`Scene::limit_ms`]; they are real time.
    pub limits_ms: BTreeMap<Scene, u64>,
    /// Also send the old MD5 `sign` in the query (common §7.3).
    pub legacy_sign: bool,
    /// A token that never expires, as sandbox applications have (common §2).
    pub fixed_token: Option<String>,
    /// Ciphertexts that the decrypt call opens before it answers 2190001 (common §6).
    pub decrypt_quota: u64,
    /// Whether `ticket_calendar/save` drops the dates it does not name (scenic §15: unknown; default merge).
    pub save_replaces: bool,
    /// Which products must have passed a review before prices may come.
    pub review_gate: ReviewGate,
    /// Most days of one specification in one call (scenic §15: inferred; 30 with extended specifications).
    pub calendar_days_max: usize,
    /// Most specifications of one batch (scenic §15: inferred).
    pub calendar_specifications_max: usize,
    /// Whether a failed booking check is followed by a pull of that specification (scenic §2).
    pub pull_after_failed_check: bool,
    /// Days of that pull: 60, or 30 with extended specifications (scenic §16).
    pub pull_days: u32,
    /// Whether [`Platform::buy`](crate::Platform::buy) checks twice, first without guests.
    pub checks_twice: bool,
    /// Whether products can be published by the API; newer pages say no (scenic §17), then the call is offline.
    pub publishing: bool,
    /// Whether a save answers the ids of product and specifications; no page shows the answer (scenic §17).
    pub save_answers_ids: bool,
    /// Whether a product goes on the shelf when it passes its first review; no page says so.
    pub online_after_review: bool,
    /// `op_type` and `online_status` on the shelf (scenic §20: inferred).
    pub op_online: i64,
    /// The same off the shelf.
    pub op_offline: i64,
    /// Milliseconds from a redemption to its bill line (common §15: about an hour).
    pub ledger_delay_ms: i64,
    /// `status` of a bill line: a number of ours.
    pub ledger_status: i64,
    /// Whether `bill_date` is `yyyyMMdd` (fulfilment §13.3) instead of `yyyy-MM-dd` (common §15).
    pub bill_date_compact: bool,
    /// The platform's service fee in 1/10000 of the goods money.
    pub take_rate: i64,
    /// Real milliseconds after which a hanging OpenAPI call is cut.
    pub hang_ms: u64,
    /// Calls a second that differ from the documented ones, by path (common §6).
    pub calls_per_second: BTreeMap<String, usize>,
    /// `order_status` numbers that differ from [`OrderState::default_number`].
    pub order_status: BTreeMap<OrderState, i64>,
    /// `item_status` and voucher `status` numbers that differ from [`UnitState::default_number`].
    pub item_status: BTreeMap<UnitState, i64>,
    /// Whether answers write 64-bit integers as JSON strings, as the npm SDK's types say, or as numbers, as the pages'
    /// examples show (fulfilment §0).
    pub longs_as_text: bool,
    /// Whether the order query refuses (2100005) what is none of the three uses of common §14: by order, by status and
    /// window, by user. Default: it takes any combination.
    pub order_query_strict: bool,
    /// How group-buy is played.
    pub group_buy: GroupBuyOptions,
    /// Rows of the order query that page numbers reach; deeper needs the cursor (4000002). The number is ours.
    pub order_paging_max: usize,
}

impl PlatformOptions {
    /// Options with the defaults: real clock, no retry delay, local encryption, create after payment.
    pub fn new(client_key: &str, client_secret: &str, application: &str) -> Self {
        Self {
            client_key: client_key.to_owned(),
            client_secret: client_secret.to_owned(),
            application: application.to_owned(),
            retry_scale: 0.0,
            seed: 0,
            now: Arc::new(system_ms),
            field_encryption: FieldEncryption::Local,
            issue_guests_encrypted: false,
            order_mode: OrderMode::AfterPayment,
            paths: BTreeMap::new(),
            limits_ms: BTreeMap::new(),
            legacy_sign: false,
            fixed_token: None,
            decrypt_quota: 1_000_000,
            save_replaces: false,
            review_gate: ReviewGate::ApiProducts,
            calendar_days_max: 60,
            calendar_specifications_max: 3,
            pull_after_failed_check: false,
            pull_days: 60,
            checks_twice: false,
            publishing: true,
            save_answers_ids: true,
            online_after_review: false,
            op_online: 1,
            op_offline: 2,
            ledger_delay_ms: 3_600_000,
            ledger_status: 1,
            bill_date_compact: false,
            take_rate: 0,
            hang_ms: 60_000,
            calls_per_second: BTreeMap::new(),
            order_status: BTreeMap::new(),
            item_status: BTreeMap::new(),
            longs_as_text: false,
            order_query_strict: false,
            group_buy: GroupBuyOptions::default(),
            order_paging_max: 10_000,
        }
    }

    /// The `order_status` of a state.
    pub fn order_status_of(&self, state: OrderState) -> i64 {
        self.order_status.get(&state).copied().unwrap_or_else(|| state.default_number())
    }

    /// The `item_status` of a copy, which is also the `status` of its voucher.
    pub fn item_status_of(&self, state: UnitState) -> i64 {
        self.item_status.get(&state).copied().unwrap_or_else(|| state.default_number())
    }

    /// A 64-bit integer as this platform writes it in answers.
    pub(crate) fn long(&self, number: i64) -> Value {
        if self.longs_as_text { number.to_string().into() } else { number.into() }
    }

    /// The last path segment of `scene`.
    pub fn path_of(&self, scene: Scene) -> &str {
        self.paths.get(&scene).map_or(scene.default_path(), String::as_str)
    }

    /// The time limit of `scene` in milliseconds.
    pub fn limit_of(&self, scene: Scene) -> u64 {
        self.limits_ms.get(&scene).copied().unwrap_or_else(|| scene.limit_ms())
    }
}

/// The secret is left out.
impl fmt::Debug for PlatformOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformOptions")
            .field("client_key", &self.client_key)
            .field("application", &self.application)
            .field("retry_scale", &self.retry_scale)
            .field("seed", &self.seed)
            .field("field_encryption", &self.field_encryption)
            .field("order_mode", &self.order_mode)
            .finish_non_exhaustive()
    }
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
