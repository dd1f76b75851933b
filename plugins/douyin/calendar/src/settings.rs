//! What can be set for an application: what all of Douyin's solutions share, and the keys of calendar tickets. Everything that
//! the specification only infers stands behind a key here, or, where merchants differ, in `connection`.

use entrepot_sdk::prelude::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

douyin_wire::application_settings! {
    /// Settings of an application: they hold for all its connections.
    pub struct ApplicationSettings {
    /// The call that tells changed dates (scenic §15: that batch_save changes only the dates in it is inferred). Set `save`
    /// only after you saw that it merges: it is given the changed dates alone.
    calendar_incremental: CalendarCall = CalendarCall::BatchSave,
    /// The call that tells all dates of a specification (scenic §14, §15, inferred).
    calendar_whole: CalendarCall = CalendarCall::Save,
    /// Most dates of each specification in one call of batch_save (scenic §15, inferred).
    #[schemars(range(min = 1, max = 366))]
    calendar_days_limit: u16 = DATES_LIMIT,
    /// Most specifications in one call of batch_save (scenic §15, inferred).
    #[schemars(range(min = 1, max = 50))]
    calendar_skus_limit: u16 = SKUS_LIMIT,
    /// Codes, or sub codes, with which Douyin refuses for good what was published, beside "invalid parameter": the error
    /// lists of these calls were not seen (scenic §23, inferred).
    final_codes: Vec<i64> = Vec::new(),
    /// The call that brings products on and off the shelf (scenic §20, inferred).
    shelf_call: ShelfCall = ShelfCall::Goods,
    /// Its `op_type` for on (scenic §20, inferred; fulfilment §9, seen in client code).
    shelf_on: i64 = 1,
    /// Its `op_type` for off (scenic §20, inferred; fulfilment §9, seen in client code).
    shelf_off: i64 = 2,
    /// Codes of the trip call's items that mean done (scenic §20, inferred).
    shelf_success_codes: Vec<i64> = vec![0],
    /// When to ask again how a review stands, in milliseconds (inferred).
    #[schemars(range(min = 1000, max = 3_600_000))]
    review_poll_ms: u64 = 600_000,
    /// Where a product is looked at: the trip query, which knows reviews, or goods online get, which knows prices and only
    /// what passed review (scenic §18; fulfilment §11, both documented).
    product_look: ProductLook = ProductLook::Trip,
    /// Codes, or sub codes, with which Douyin refuses an import because it has one of its codes already. No page lists them
    /// (fulfilment §7, inferred), so there are no defaults: until they are set, such an import stops with the code that
    /// Douyin answered.
    reserved_duplicate_codes: Vec<i64> = Vec::new(),
    }
}

/// Most dates of each SKU in one notice; the card says it (scenic §15, inferred; §16's limit of a pull, documented).
pub(crate) const DATES_LIMIT: u16 = 60;
/// Most SKUs in one notice; the card says it (scenic §15, inferred; §17's limit of a product, documented).
pub(crate) const SKUS_LIMIT: u16 = 3;

/// Most codes of one notice; the card says it (fulfilment §7, documented).
pub(crate) const CODES_LIMIT: u16 = 500;

/// A call that publishes prices and stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarCall {
    /// One specification a call.
    Save,
    /// Several specifications a call.
    BatchSave,
}

/// A call that brings products on and off the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShelfCall {
    /// `/goodlife/v1/goods/product/operate/`.
    Goods,
    /// `/goodlife/v1/trip/product/operate/`.
    Trip,
}

/// Where a product is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductLook {
    /// `/goodlife/v1/trip/ticket/query/`.
    Trip,
    /// `/goodlife/v1/goods/product/online/get/`.
    Goods,
}

impl ApplicationSettings {
    /// What a schema cannot say of the keys of calendar tickets; the shared ones are checked by [`douyin_wire::partner`].
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let fault = |key: &str, text: &str| Err(Fault::invalid(format!("settings.{key}: {text}")));
        if !(1..=366).contains(&self.calendar_days_limit) {
            return fault("calendar_days_limit", "must be 1 to 366");
        }
        if !(1..=50).contains(&self.calendar_skus_limit) {
            return fault("calendar_skus_limit", "must be 1 to 50");
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
        Ok(())
    }
}
