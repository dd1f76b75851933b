//! What a connection is set up with. What the page marks as inferred, or as different from supplier to supplier, is a key
//! here.

use entrepot_sdk::contract::money::Currency;
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// How a guest's one name becomes first and last name, which some products ask for (§3 `requiredContactFields`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// Only `fullName` is sent.
    Full,
    /// The last word is the family name.
    GivenFirst,
    /// The first word is the family name; without words, the first character, or two of a double surname (复姓).
    FamilyFirst,
}

/// Settings of one connection.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "one switch for each question that the page leaves open")]
pub struct OctoSettings {
    /// Whether prices are asked for (capability `octo/pricing`, §6).
    pub pricing: bool,
    /// The currency asked for, an ISO 4217 code; each product's own when empty. Only with `pricing`.
    pub currency: String,
    /// Languages of texts (`Accept-Language`, §1), for example `zh-CN, en;q=0.5`; left out when empty.
    pub language: String,
    /// How long to wait for an answer, in milliseconds.
    #[schemars(range(min = 1_000, max = 30_000))]
    pub timeout_ms: u32,
    /// How long units are kept while an order is booked that was not held before, in minutes.
    #[schemars(range(min = 1, max = 1_440))]
    pub hold_minutes: u32,
    /// How long a booking may be pending until it is asked about again, in milliseconds.
    #[schemars(range(min = 1_000, max = 3_600_000))]
    pub pending_poll_ms: u64,
    /// Whether an order whose hold ran out is reserved anew, once, when it is booked.
    pub renew_expired_holds: bool,
    /// Whether parts of a booking may be given back (`PATCH` with fewer unit items, §4; many suppliers refuse it).
    pub part_cancellation: bool,
    /// Whether tickets of a confirmed booking may come later, also where the booking does not say so.
    pub late_delivery: bool,
    /// Whether tickets of one booking may bear the same code.
    pub shared_codes: bool,
    /// Whether the supplier's reference is the credential where a product delivers neither voucher nor ticket (name
    /// lists, §3 `MANIFEST`).
    pub reference_as_credential: bool,
    /// Whether an error `NOT_FOUND` about a booking means that nobody knows it, as `INVALID_BOOKING_UUID` does.
    pub missing_as_not_found: bool,
    /// Whether each answer has to bear `Octo-Capabilities` (§1), which some suppliers leave out. Where it is there, it is
    /// checked either way.
    pub capabilities_answered: bool,
    /// Whether bookings in test mode (`testMode`, §3) are taken for real ones.
    pub test_mode: bool,
    /// First and last name from a guest's one name.
    pub names: Names,
    /// Put before phone numbers that begin without `+`, for example `+86`.
    pub phone_prefix: String,
    /// The mail address of each contact: the reseller's own, as guests' are not known here; left out when empty.
    pub contact_email: String,
    /// The country of each contact; left out when empty.
    pub contact_country: String,
    /// Whether a guest's document number goes into the notes of his unit (§3: there is no field for it).
    pub documents_in_notes: bool,
    /// The user of the basic authentication in a webhook's URL (§6); its password is the secret `webhook_password`.
    pub webhook_user: String,
}

impl Default for OctoSettings {
    fn default() -> Self {
        Self {
            pricing: true,
            currency: String::new(),
            language: String::new(),
            timeout_ms: 10_000,
            hold_minutes: 15,
            pending_poll_ms: 60_000,
            renew_expired_holds: true,
            part_cancellation: true,
            late_delivery: false,
            shared_codes: false,
            reference_as_credential: true,
            missing_as_not_found: false,
            capabilities_answered: false,
            test_mode: false,
            names: Names::Full,
            phone_prefix: String::new(),
            contact_email: String::new(),
            contact_country: String::new(),
            documents_in_notes: false,
            webhook_user: "entrepot".to_owned(),
        }
    }
}

impl OctoSettings {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let wrong = |key: &str, why: &str| Err(Fault::invalid(format!("settings.{key}: {why}")));
        if !(1_000..=30_000).contains(&self.timeout_ms) {
            return wrong("timeout_ms", "must be 1000 to 30000");
        }
        if !(1..=1_440).contains(&self.hold_minutes) {
            return wrong("hold_minutes", "must be 1 to 1440");
        }
        if !(1_000..=3_600_000).contains(&self.pending_poll_ms) {
            return wrong("pending_poll_ms", "must be 1000 to 3600000");
        }
        if !self.currency.is_empty() && (Currency::parse(&self.currency).is_none() || !self.pricing) {
            return wrong("currency", "must be three capital letters such as CNY, and needs pricing = true");
        }
        if !self.language.is_ascii() || self.language.contains(char::is_control) {
            return wrong("language", "must be a list such as: zh-CN, en;q=0.5");
        }
        if self.webhook_user.is_empty() || self.webhook_user.contains(':') {
            return wrong("webhook_user", "must be a name without a colon");
        }
        Ok(())
    }

    /// The capabilities asked for with each request (§1, §6): exactly those that are used.
    pub(crate) fn capabilities(&self) -> &'static [&'static str] {
        if self.pricing { &[crate::exchange::PRICING] } else { &[] }
    }
}
