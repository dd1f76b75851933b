//! What can be set for an application: what all of Douyin's solutions share, and the keys of group-buy vouchers. Everything that
//! the specification only infers stands behind a key here, or, where merchants differ, in `connection`.

use entrepot_sdk::prelude::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

douyin_wire::application_settings! {
    /// Settings of an application: they hold for all its connections.
    pub struct ApplicationSettings {
    /// `result` of a generic refund request that a person decides: "to be confirmed" has no number on any page (group-buy
    /// B16.3, inferred).
    code_refund_waiting: i64 = 3,
    /// The unit of `apply_time` and `audit_time` in the refund information sync (group-buy B11b, inferred: its example is in
    /// milliseconds).
    sync_time_unit: TimeUnit = TimeUnit::Milliseconds,
    /// The unit of the amounts in the refund information sync (group-buy B11b, inferred: fen by analogy).
    sync_amount_unit: AmountUnit = AmountUnit::Fen,
    }
}

/// The unit of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Milliseconds since 1970.
    Milliseconds,
    /// Seconds since 1970.
    Seconds,
}

/// The unit of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmountUnit {
    /// Hundredths of a yuan.
    Fen,
    /// Whole yuan.
    Yuan,
}

impl ApplicationSettings {
    /// What a schema cannot say of the keys of group-buy vouchers; the shared ones are checked by [`douyin_wire::partner`].
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if matches!(self.code_refund_waiting, 1 | 2) {
            let text = "settings.code_refund_waiting: 1 and 2 mean agreed and refused";
            return Err(Fault::invalid(text));
        }
        Ok(())
    }
}
