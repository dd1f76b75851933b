//! One call and its answer: the headers of §1 and §7 on each request, and what an answer has to be before anything of it
//! is read.

use entrepot_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::OctoSupplier;
use crate::refused::{self, No};

/// The capability that adds prices (§6).
pub(crate) const PRICING: &str = "octo/pricing";

/// Names the capabilities, in requests and answers (§1).
const CAPABILITIES: &str = "octo-capabilities";

/// Longest answer that is read, in bytes.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What was asked for, or a certain no.
pub(crate) type Told<T> = Result<T, No>;

impl OctoSupplier {
    /// `GET`, without a body and yet with its content type (§7).
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: &Call<()>,
        api: &'static str,
        path: &str,
    ) -> Result<Told<T>, Fault> {
        let request = http::get(api, self.url(path)).header("content-type", "application/json");
        self.exchange(call, api, request).await
    }

    /// `POST` with a JSON body.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        call: &Call<()>,
        api: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Told<T>, Fault> {
        self.exchange(call, api, http::post(api, self.url(path)).json(body)).await
    }

    /// `PATCH` with a JSON body.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        call: &Call<()>,
        api: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Told<T>, Fault> {
        self.exchange(call, api, http::request(api, "PATCH", self.url(path)).json(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        call: &Call<()>,
        api: &'static str,
        request: http::Outgoing,
    ) -> Result<Told<T>, Fault> {
        let mut request = request
            .bearer(&self.api_key)
            // Also when it is empty: it has to be there (§7).
            .header(CAPABILITIES, self.settings.capabilities().join(","))
            .header("accept", "application/json")
            .headers(&self.extra_headers)
            .timeout_ms(self.settings.timeout_ms);
        if !self.settings.language.is_empty() {
            request = request.header("accept-language", &*self.settings.language);
        }
        let response = call.http(request.build()).await?;
        if response.body.len() > LIMIT_BYTES {
            let text = format!("{api}: the answer has {} bytes, more than {LIMIT_BYTES}", response.body.len());
            return Err(Fault::garbled(text));
        }
        if response.status != 200 {
            return refused::read(api, &response, call.now()).map(Err);
        }
        self.check_capabilities(api, &response)?;
        http::read_json(&response).map(Ok).map_err(|fault| Fault { text: format!("{api}: {}", fault.text), ..fault })
    }

    /// The answer lists what was applied (§1): nothing that was not asked for, and prices where they were.
    fn check_capabilities(&self, api: &str, response: &HttpResponse) -> Result<(), Fault> {
        let mut listed = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(CAPABILITIES)).peekable();
        if listed.peek().is_none() {
            return if self.settings.capabilities_answered {
                let text = "the answer lacks the header octo-capabilities (settings.capabilities_answered)";
                Err(Fault::garbled(format!("{api}: {text}")))
            } else {
                Ok(())
            };
        }
        let applied: Vec<&str> =
            listed.flat_map(|(_, ids)| ids.split(',')).map(str::trim).filter(|id| !id.is_empty()).collect();
        let asked = self.settings.capabilities();
        if applied.iter().any(|id| !asked.contains(id)) {
            let text = format!("{api}: octo-capabilities: the answer applies a capability that was not asked for");
            return Err(Fault::garbled(text));
        }
        match asked.iter().find(|id| !applied.contains(id)) {
            Some(id) => Err(Fault::garbled(format!("{api}: octo-capabilities: the answer does not apply {id}"))),
            None => Ok(()),
        }
    }
}

/// A successful answer whose value cannot be: a fault of the partner, after which nobody knows what it did.
pub(crate) fn wrong(api: &str, field: &str, expected: &str) -> Fault {
    Fault::garbled(format!("{api}: {field}: expected {expected}"))
}
