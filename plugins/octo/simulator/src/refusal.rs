//! Errors by id (§5).

use serde_json::{Value, json};

use crate::options::ErrorStatuses;

/// The `error` of a refusal (§5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorId {
    /// INVALID_PRODUCT_ID, with `productId`.
    InvalidProductId,
    /// INVALID_OPTION_ID, with `optionId`.
    InvalidOptionId,
    /// INVALID_UNIT_ID, with `unitId`.
    InvalidUnitId,
    /// INVALID_AVAILABILITY_ID, with `availabilityId`.
    InvalidAvailabilityId,
    /// INVALID_BOOKING_UUID, with `uuid`.
    InvalidBookingUuid,
    /// BAD_REQUEST: malformed.
    BadRequest,
    /// UNPROCESSABLE_ENTITY: well-formed, but sold out or against a rule.
    UnprocessableEntity,
    /// UNAUTHORIZED: no key, or none that is known.
    Unauthorized,
    /// FORBIDDEN: a known key that may not (see [`block_key`](crate::Desk::block_key)).
    Forbidden,
    /// INTERNAL_SERVER_ERROR.
    InternalServerError,
    /// NOT_FOUND: no such call.
    NotFound,
    /// GATEWAY_TIMEOUT.
    GatewayTimeout,
}

impl ErrorId {
    /// The word of the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidProductId => "INVALID_PRODUCT_ID",
            Self::InvalidOptionId => "INVALID_OPTION_ID",
            Self::InvalidUnitId => "INVALID_UNIT_ID",
            Self::InvalidAvailabilityId => "INVALID_AVAILABILITY_ID",
            Self::InvalidBookingUuid => "INVALID_BOOKING_UUID",
            Self::BadRequest => "BAD_REQUEST",
            Self::UnprocessableEntity => "UNPROCESSABLE_ENTITY",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
            Self::NotFound => "NOT_FOUND",
            Self::GatewayTimeout => "GATEWAY_TIMEOUT",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self, statuses: ErrorStatuses) -> u16 {
        match (statuses, self) {
            (ErrorStatuses::OctoCore, Self::Unauthorized) => 401,
            (ErrorStatuses::OctoCore, Self::Forbidden) => 403,
            (ErrorStatuses::OctoCore, Self::NotFound) => 404,
            (ErrorStatuses::OctoCore, Self::InternalServerError) => 500,
            (ErrorStatuses::OctoCore, Self::GatewayTimeout) => 504,
            _ => 400,
        }
    }

    const fn field(self) -> Option<&'static str> {
        match self {
            Self::InvalidProductId => Some("productId"),
            Self::InvalidOptionId => Some("optionId"),
            Self::InvalidUnitId => Some("unitId"),
            Self::InvalidAvailabilityId => Some("availabilityId"),
            Self::InvalidBookingUuid => Some("uuid"),
            _ => None,
        }
    }
}

/// A call refused. Its message names fields and ids, never what a guest wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) id: ErrorId,
    message: String,
    named: Option<String>,
}

impl Refusal {
    pub(crate) fn new(id: ErrorId, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), named: None }
    }

    /// An `INVALID_…` refusal of the id given.
    pub(crate) fn of(id: ErrorId, named: &str) -> Self {
        Self { id, message: format!("{} is not known here", id.field().unwrap_or("it")), named: Some(named.to_owned()) }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(ErrorId::BadRequest, message)
    }

    pub(crate) fn rule(message: impl Into<String>) -> Self {
        Self::new(ErrorId::UnprocessableEntity, message)
    }

    pub(crate) fn json(&self) -> Value {
        let mut body = json!({"error": self.id.word(), "errorMessage": self.message});
        if let (Some(field), Some(named)) = (self.id.field(), &self.named) {
            body[field] = json!(named);
        }
        body
    }
}
