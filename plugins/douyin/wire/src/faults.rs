//! What an OpenAPI error code means for us, as data. Common spec §3, §5, `documented`; the class is our reading of the
//! page's "our action" column, and what no row lists is `inferred`.

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// Repeat with the ordinary back-off, a bounded number of times.
    Retry,
    /// Fetch a new token if the one used is still the cached one, then repeat once.
    RefreshToken,
    /// Too many calls: wait longer, then repeat.
    BackOff,
    /// Refused for good: repeating the same call changes nothing.
    Refused,
    /// A person must act (permission, authorisation, configuration, platform).
    Operator,
}

/// One row of the table: first code, last code, class, meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRow {
    /// First code of the row.
    pub first: i64,
    /// Last code of the row; equal to `first` for a single code.
    pub last: i64,
    /// What to do.
    pub class: FaultClass,
    /// Whether the work may have been done although the call failed (`inferred`).
    pub unclear: bool,
    /// The code's meaning.
    pub meaning: &'static str,
}

const fn row(code: i64, class: FaultClass, meaning: &'static str) -> FaultRow {
    FaultRow { first: code, last: code, class, unclear: false, meaning }
}

const fn unclear(code: i64, class: FaultClass, meaning: &'static str) -> FaultRow {
    FaultRow { first: code, last: code, class, unclear: true, meaning }
}

use FaultClass::{BackOff, Operator, RefreshToken, Refused, Retry};

/// The known codes: token errors (common §3), gateway and business codes, voucher codes (common §5), `documented`.
/// 3000001 is judged by its sub code first, see [`classify`].
pub const FAULTS: &[FaultRow] = &[
    row(1208, Refused, "voucher already redeemed"),
    row(1212, Refused, "voucher not found"),
    row(1221, Refused, "code decryption failed"),
    row(1229, BackOff, "voucher under risk review"),
    row(1241, Refused, "times card exhausted"),
    row(1250, Refused, "code invalid"),
    row(1263, Refused, "no sub-fulfilment order"),
    row(1265, Refused, "redemption already revoked"),
    row(1502, Refused, "code missing"),
    row(1508, Operator, "merchant has not authorised the app"),
    row(10002, Operator, "token request: parameter error"),
    row(10003, Operator, "token request: unknown client_key"),
    row(10013, Operator, "token request: wrong client_key or client_secret"),
    row(10020, BackOff, "too many token requests"),
    unclear(2_100_001, Retry, "unknown error"),
    row(2_100_004, Retry, "system busy (or a parameter of a wrong type)"),
    row(2_100_005, Refused, "invalid parameter"),
    row(2_100_007, Refused, "no permission"),
    row(2_100_009, Refused, "user banned"),
    row(2_119_001, Refused, "invalid parameter"),
    row(2_119_002, Retry, "busy"),
    row(2_119_003, BackOff, "too many requests"),
    row(2_119_005, Operator, "merchant has not authorised the app"),
    row(2_119_006, Refused, "voucher is being transferred"),
    row(2_119_007, Refused, "order unpaid"),
    row(2_119_008, Operator, "blocked by platform control"),
    row(2_119_010, Operator, "API offline"),
    row(2_190_001, BackOff, "quota used up"),
    row(2_190_002, RefreshToken, "access_token invalid"),
    row(2_190_004, Operator, "app lacks this capability"),
    row(2_190_008, RefreshToken, "access_token expired"),
    row(3_000_001, Retry, "business error, see the text"),
    row(3_000_002, Refused, "shop not applicable"),
    // Too late: codes get to Douyin only with a refused refund from here on (group-buy B6, `documented`).
    row(3_000_009, Refused, "issuing failed by timeout before"),
    unclear(5_000_001, Operator, "platform error"),
    row(28_001_003, RefreshToken, "access_token invalid"),
    unclear(28_001_005, Retry, "system error"),
    unclear(28_001_006, Retry, "network error"),
    row(28_001_007, Refused, "parameter"),
    row(28_001_008, RefreshToken, "access_token expired"),
    row(28_001_014, Operator, "capability missing or suspended"),
    row(28_001_016, Operator, "app banned or offline"),
    row(28_001_018, Operator, "capability missing or suspended"),
    row(28_001_019, Operator, "capability missing or suspended"),
    row(28_003_017, BackOff, "quota used up"),
    row(28_003_018, BackOff, "too frequent"),
    FaultRow { first: 28_004_000, last: 28_004_999, class: Refused, unclear: false, meaning: "parameter" },
    row(45_005_117, Refused, "dynamic code expired"),
    row(2_034_000_910, Refused, "past the revocation window"),
];

/// The row of a code.
pub fn lookup(code: i64) -> Option<&'static FaultRow> {
    FAULTS.iter().find(|row| (row.first..=row.last).contains(&code))
}

/// Class and unclearness of a code and its sub code. 3000001 takes a listed sub code's row. A code no row lists is
/// retried a bounded number of times and counts as unclear (`inferred`).
pub fn classify(code: i64, sub_code: Option<i64>) -> (FaultClass, bool) {
    let by_sub = (code == 3_000_001).then(|| sub_code.and_then(lookup)).flatten();
    by_sub.or_else(|| lookup(code)).map_or((Retry, true), |row| (row.class, row.unclear))
}

/// Whether a code says that what was sent cannot be taken: sending something else may help, sending it again does not.
/// Common spec §5, `documented`.
pub fn refuses_contents(code: i64) -> bool {
    matches!(code, 2_100_005 | 2_119_001 | 28_001_007 | 28_004_000..=28_004_999)
}
