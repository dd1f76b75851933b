//! A checked request, as the calls see it: body fields, query parameters, the merchant's permission, and what is sent
//! beyond the page.

use super::fields::{Fields, Refusal};
use crate::platform::Shared;
use axum::http::HeaderMap;
use serde_json::Value;

/// One call, with its token, path and content type found good.
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) query: &'a [(String, String)],
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Value,
    /// The body as it came.
    pub(crate) bytes: &'a [u8],
    pub(crate) now_ms: i64,
}

impl<'a> Request<'a> {
    /// Fields of the body.
    pub(crate) fn fields(&self) -> Fields<'a> {
        Fields::of(self.body)
    }

    /// A header; empty when absent.
    pub(crate) fn header(&self, name: &str) -> &'a str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A query parameter that is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The same, required.
    pub(crate) fn need(&self, name: &str) -> Result<&'a str, Refusal> {
        self.parameter(name).ok_or_else(|| Refusal::parameter(format!("{name} is missing")))
    }

    /// An integer of the query.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let wrong = |_| Refusal::parameter(format!("{name} must be an integer"));
        self.parameter(name).map(str::parse).transpose().map_err(wrong)
    }

    /// A required integer of the query within bounds.
    pub(crate) fn number_in(&self, name: &str, from: usize, to: usize) -> Result<usize, Refusal> {
        let number = self.number(name)?.ok_or_else(|| Refusal::parameter(format!("{name} is missing")))?;
        let found = usize::try_from(number).ok().filter(|number| (from..=to).contains(number));
        found.ok_or_else(|| Refusal::parameter(format!("{name} must be {from} to {to}")))
    }

    /// A list of the query: joined by commas, in brackets, or one parameter for each (common §4 shows the first two).
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        let parts = values.flat_map(|(_, value)| value.trim_start_matches('[').trim_end_matches(']').split(','));
        parts.map(|part| part.trim().trim_matches('"').to_owned()).filter(|part| !part.is_empty()).collect()
    }

    /// The merchant of a query, who must have authorised the application.
    pub(crate) fn account(&self) -> Result<&'a str, Refusal> {
        let account_id = self.need("account_id")?;
        self.authorised(account_id)?;
        Ok(account_id)
    }

    /// The merchant must have authorised the application (2119005).
    pub(crate) fn authorised(&self, account_id: &str) -> Result<(), Refusal> {
        if self.shared.world().unauthorised.contains(account_id) {
            return Err(Refusal::new(2_119_005, "the merchant has not authorised the app"));
        }
        Ok(())
    }

    /// Remembers parameters that the page does not list.
    pub(crate) fn known_parameters(&self, section: &str, known: &[&str]) {
        let others = self.query.iter().map(|(name, _)| name.as_str()).filter(|name| !known.contains(name));
        self.not_on_the_page(section, "parameter", others);
    }

    /// Remembers body fields that the page does not list.
    pub(crate) fn known_fields(&self, section: &str, known: &[&str]) {
        self.not_on_the_page(section, "field", self.fields().others(known).into_iter());
    }

    /// The same for an object within the body.
    pub(crate) fn known_fields_of(&self, value: &Value, section: &str, known: &[&str]) {
        self.not_on_the_page(section, "field", Fields::of(value).others(known).into_iter());
    }

    fn not_on_the_page<'n>(&self, section: &str, what: &str, names: impl Iterator<Item = &'n str>) {
        for name in names {
            let rule = format!("{section}: the page lists no {what} {name}");
            self.shared.world().violation(self.now_ms, self.body["order_id"].as_str(), rule);
        }
    }

    /// A 64-bit integer as this platform writes it.
    pub(crate) fn long(&self, number: i64) -> Value {
        self.shared.options.long(number)
    }

    /// A time in seconds, from milliseconds.
    pub(crate) fn time(&self, at_ms: i64) -> Value {
        self.long(at_ms / 1000)
    }
}
