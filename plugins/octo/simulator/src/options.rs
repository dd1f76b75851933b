//! How a supplier is set up. Every field marked *inferred* answers a question that the page leaves open.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::catalogue::Product;
use crate::samples;

/// Where the supplier reads the time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a repeated call with effect gets (*inferred*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The booking as it is now, without a second effect.
    Booking,
    /// UNPROCESSABLE_ENTITY.
    Refused,
}

/// Which HTTP status an error has (§5: the two sources differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStatuses {
    /// UNAUTHORIZED 401, FORBIDDEN 403, NOT_FOUND 404, INTERNAL_SERVER_ERROR 500, GATEWAY_TIMEOUT 504, others 400.
    OctoCore,
    /// 400 for every error, as the TypeSpec lists them.
    All400,
}

/// What is left of a hold that was not confirmed (§4: both answers to a late confirmation are documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LapsedHolds {
    /// It is told as EXPIRED; confirming it is UNPROCESSABLE_ENTITY.
    Kept,
    /// Nobody knows it: INVALID_BOOKING_UUID for every call, and its uuid may reserve anew.
    Forgotten,
}

/// What a hold becomes when it is cancelled (§2 and §7 differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledHold {
    /// CANCELLED, as the validator expects.
    Cancelled,
    /// EXPIRED, as octomock does.
    Expired,
}

/// What `cancellation.refund` says (§3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refund {
    /// Everything.
    Full,
    /// A part.
    Partial,
    /// Nothing.
    None,
}

impl Refund {
    /// The word of the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Partial => "PARTIAL",
            Self::None => "NONE",
        }
    }
}

/// How availability ids look (§3: unique within the option, nothing more).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityIds {
    /// They name product and option, so that another product's id is never valid here.
    Opaque,
    /// The local time or date alone: two options share their ids.
    LocalTimes,
}

/// What vacancies and capacity count (*inferred*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Unit items.
    Units,
    /// Heads: each unit item counts its `paxCount`.
    Pax,
}

/// What stands in `voucher` and `ticket` before there is anything to show (*inferred*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unissued {
    /// The object, its `deliveryOptions` empty (the validator wants a voucher wherever the method is VOUCHER, §7).
    Empty,
    /// `null`.
    Null,
}

/// What a confirmation gives when the product has no instant delivery (§4 says PENDING; *inferred* otherwise).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateDelivery {
    /// PENDING until [`accept`](crate::Desk::accept) or [`reject`](crate::Desk::reject).
    Pending,
    /// CONFIRMED, its tickets following with [`accept`](crate::Desk::accept).
    Confirmed,
}

/// How strictly requests are read. All on by default: what a client gets through here, it gets through elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one switch a rule")]
pub struct Strictness {
    /// `Octo-Capabilities` must be there, if only empty (§1, §7).
    pub capabilities_header: bool,
    /// Only ids of the standard and the vendors' known ones (§6, §7).
    pub known_capabilities: bool,
    /// `Content-Type: application/json` also on GET (§7).
    pub content_type_on_get: bool,
    /// Fields and query parameters that the page does not list are refused (*inferred*).
    pub known_fields: bool,
    /// UUIDs are lower case (§7, said there of the supplier; of the client *inferred*).
    pub lower_case_uuids: bool,
    /// In a change of unit items a `uuid` must be one of the booking's (*inferred*).
    pub known_unit_items: bool,
}

impl Strictness {
    /// All rules on, or all off.
    #[must_use]
    pub const fn all(on: bool) -> Self {
        Self {
            capabilities_header: on,
            known_capabilities: on,
            content_type_on_get: on,
            known_fields: on,
            lower_case_uuids: on,
            known_unit_items: on,
        }
    }
}

/// The set-up of a [`Desk`](crate::Desk).
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "one switch a question")]
pub struct Options {
    /// The API key asked for (§1).
    pub token: String,
    /// `endpoint` of the supplier, without a slash at the end (§1); a started server puts its own address here.
    pub endpoint: String,
    /// What is sold.
    pub catalogue: Vec<Product>,
    /// The clock.
    pub now: Clock,
    /// How strictly requests are read.
    pub strict: Strictness,
    /// HTTP statuses of errors.
    pub error_statuses: ErrorStatuses,
    /// Minutes of a hold whose request names none (*inferred*).
    pub hold_minutes: i64,
    /// Most minutes of a hold; more is capped (§4).
    pub hold_limit_minutes: i64,
    /// A second reservation with the uuid and the content of the first (§2: it is the idempotency key).
    pub repeated_reserve: Repeat,
    /// A second confirmation.
    pub repeated_confirm: Repeat,
    /// A second cancellation.
    pub repeated_cancel: Repeat,
    /// Holds that were not confirmed.
    pub lapsed_holds: LapsedHolds,
    /// Holds that are cancelled.
    pub cancelled_hold: CancelledHold,
    /// Refund told when a hold is cancelled (*inferred*).
    pub hold_refund: Refund,
    /// Refund told when a confirmed booking is cancelled in time.
    pub refund: Refund,
    /// Whether `force` cancels after the cut-off, without refund (*inferred*; §2 lists the field only).
    pub force_cancels: bool,
    /// Whether a confirmed booking may lose unit items by update (§4; §8: many refuse).
    pub fewer_units: bool,
    /// What availability ids look like.
    pub availability_ids: AvailabilityIds,
    /// What vacancies count.
    pub counting: Counting,
    /// Whether `units` of an availability request make too small slots SOLD_OUT (*inferred*).
    pub units_narrow: bool,
    /// What stands for tickets before they are issued.
    pub unissued: Unissued,
    /// Confirmation without instant delivery.
    pub late_delivery: LateDelivery,
    /// Whether bookings carry `product`, `option` and `unit` (§3: each may be absent).
    pub embed_catalogue: bool,
    /// `testMode` of bookings (§3; how it is switched on is not said).
    pub test_mode: bool,
    /// Whether redemption is a `booking_update` (§6 names confirm, update, cancel; §8 counts on it: *inferred*).
    pub notice_of_redemption: bool,
    /// Most days in one availability request (*inferred*).
    pub range_limit_days: i64,
    /// Most unit items of a booking, beside the catalogue's restrictions (*inferred*).
    pub unit_items_limit: usize,
}

impl Options {
    /// The defaults: the samples' catalogue, everything strict, the machine's clock.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            endpoint: "http://127.0.0.1".to_owned(),
            catalogue: samples::catalogue(),
            now: Arc::new(Utc::now),
            strict: Strictness::all(true),
            error_statuses: ErrorStatuses::OctoCore,
            hold_minutes: 30,
            hold_limit_minutes: 60,
            repeated_reserve: Repeat::Booking,
            repeated_confirm: Repeat::Refused,
            repeated_cancel: Repeat::Refused,
            lapsed_holds: LapsedHolds::Kept,
            cancelled_hold: CancelledHold::Cancelled,
            hold_refund: Refund::Full,
            refund: Refund::Full,
            force_cancels: false,
            fewer_units: true,
            availability_ids: AvailabilityIds::Opaque,
            counting: Counting::Units,
            units_narrow: true,
            unissued: Unissued::Empty,
            late_delivery: LateDelivery::Pending,
            embed_catalogue: true,
            test_mode: false,
            notice_of_redemption: true,
            range_limit_days: 366,
            unit_items_limit: 100,
        }
    }

    /// The defaults at a time that stands still until [`advance`](crate::Desk::advance) moves it.
    #[must_use]
    pub fn standing_at(token: &str, at: DateTime<Utc>) -> Self {
        Self { now: Arc::new(move || at), ..Self::new(token) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("endpoint", &self.endpoint)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
