//! What an opening and a call know, and what they may ask of the host.

use std::fmt;
use std::sync::Arc;

use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, ConnectionId, MerchantId, TraceId};
use entrepot_contract::message::{CallContext, ConnectionFacts, OpenRequest, TokenMode};
use entrepot_contract::services::{
    CacheValue, Cached, HttpRequest, HttpResponse, LogLevel, ServiceRequest, ServiceResponse, Services,
};
use entrepot_contract::time::Timestamp;

use crate::settings::{self, Settings};

/// A secret; shown by `Debug` as its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// From its text, for tests and for tokens that a partner hands out.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Keep it out of URLs, logs and faults.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret({} bytes)", self.0.len())
    }
}

/// What an instance is opened with; its settings are passed beside it.
pub struct OpenContext {
    /// The application (channels), or the connection's id as one (suppliers).
    pub application: ApplicationId,
    /// How the partner's token is had.
    pub token_mode: TokenMode,
    /// Headers that go with each call to the partner.
    pub extra_headers: Vec<(String, String)>,
    base_url: Option<String>,
    services: Arc<dyn Services>,
}

impl OpenContext {
    pub(crate) fn new(request: &OpenRequest, services: Arc<dyn Services>) -> Self {
        Self {
            application: request.application.clone(),
            token_mode: request.token_mode,
            extra_headers: request.extra_headers.clone(),
            base_url: request.base_url.clone(),
            services,
        }
    }

    /// The partner's base URL, without a slash at its end; a fault when none is configured.
    pub fn base_url(&self) -> Result<&str, Fault> {
        let url = self.base_url.as_deref().map(|url| url.trim_end_matches('/'));
        url.filter(|url| !url.is_empty()).ok_or_else(|| Fault::invalid("base_url: this plugin needs one"))
    }

    /// A secret that the card declares.
    pub async fn secret(&self, name: &str) -> Result<Secret, Fault> {
        match self.services.request(ServiceRequest::Secret { name: name.to_owned() }).await? {
            ServiceResponse::Secret(value) => Ok(Secret(value.0)),
            _ => Err(wrong_answer("secret")),
        }
    }

    /// Leaves a line in the host's log.
    pub fn log(&self, level: LogLevel, text: &str) {
        self.services.log(level, text);
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }
}

/// The connection a call is for.
#[derive(Debug, Clone)]
pub struct Connection<S> {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The partner's account id.
    pub account: Option<String>,
    /// The partner's shop ids.
    pub shops: Vec<String>,
    /// Its settings; nothing for suppliers, whose instance has them.
    pub settings: S,
}

/// One call, as the plugin sees it. `S` is a channel's connection settings, `()` for suppliers.
pub struct Call<S> {
    /// Until when the host waits.
    pub deadline: Timestamp,
    /// The same for every repeat of this call.
    pub idempotency_key: String,
    /// Follows the call through logs and partners.
    pub trace: TraceId,
    /// 1 for the first try.
    pub attempt: u32,
    /// The connection it is for.
    pub connection: Connection<S>,
    services: Arc<dyn Services>,
}

impl<S: Settings> Call<S> {
    pub(crate) fn of_channel(context: CallContext, services: Arc<dyn Services>) -> Result<Self, Fault> {
        Self::new(context, services, settings::parse)
    }
}

impl Call<()> {
    pub(crate) fn of_supplier(context: CallContext, services: Arc<dyn Services>) -> Result<Self, Fault> {
        Self::new(context, services, |_| Ok(()))
    }
}

impl<S> Call<S> {
    fn new(
        context: CallContext,
        services: Arc<dyn Services>,
        parse: impl FnOnce(&serde_json::Value) -> Result<S, Fault>,
    ) -> Result<Self, Fault> {
        let Some(facts) = context.connection else {
            return Err(Fault::invalid("the call names no connection"));
        };
        let ConnectionFacts { id, merchant, account, shops, settings } = facts;
        Ok(Self {
            deadline: context.deadline,
            idempotency_key: context.idempotency_key,
            trace: context.trace,
            attempt: context.attempt,
            connection: Connection { id, merchant, account, shops, settings: parse(&settings)? },
            services,
        })
    }

    /// The present instant: the only clock of a plugin.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.services.now()
    }

    /// Milliseconds until the deadline; 0 once it has passed.
    #[must_use]
    pub fn remaining_ms(&self) -> u64 {
        u64::try_from(self.deadline.since(self.now())).unwrap_or(0)
    }

    /// Calls the partner ([`crate::http`] builds requests). The wait ends with the call's deadline at the latest; a
    /// call that could not even begin before it is certainly without effect.
    pub async fn http(&self, mut request: HttpRequest) -> Result<HttpResponse, Fault> {
        let remaining = u32::try_from(self.remaining_ms()).unwrap_or(u32::MAX);
        if remaining == 0 {
            return Err(Fault::not_done(FaultKind::TimedOut, "the deadline passed before the partner was called"));
        }
        request.timeout_ms = request.timeout_ms.min(remaining);
        match self.services.request(ServiceRequest::Http(request)).await? {
            ServiceResponse::Http(response) => Ok(response),
            _ => Err(wrong_answer("http")),
        }
    }

    /// Reads the application's cache, which all nodes share.
    pub async fn cache_get(&self, key: &str) -> Result<Option<Cached>, Fault> {
        match self.services.request(ServiceRequest::CacheGet { key: key.to_owned() }).await? {
            ServiceResponse::Cache { found } => Ok(found),
            _ => Err(wrong_answer("cache_get")),
        }
    }

    /// Writes the cache if the stamp still is `expected` (0: nothing there). `None`: somebody else was first.
    pub async fn cache_swap(
        &self,
        key: &str,
        expected: u64,
        value: &Secret,
        lives_ms: u64,
    ) -> Result<Option<u64>, Fault> {
        let value = CacheValue(value.expose().to_owned());
        let swap = ServiceRequest::CacheSwap { key: key.to_owned(), expected, value, lives_ms };
        match self.services.request(swap).await? {
            ServiceResponse::Swapped { stamp } => Ok(stamp),
            _ => Err(wrong_answer("cache_swap")),
        }
    }

    /// Leaves a line in the host's log. Nothing of guests, no secrets.
    pub fn log(&self, level: LogLevel, text: &str) {
        self.services.log(level, text);
    }
}

fn wrong_answer(service: &str) -> Fault {
    Fault::unknown(FaultKind::Internal, format!("the host answered {service} with something else"))
}
