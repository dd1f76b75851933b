//! What a plugin may ask for: HTTP, cache, secrets, log, time. One [`HostServices`] for each call, so that what it
//! sends and logs is attached to its order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use entrepot_contract::bounds::{self, NAME_LIMIT_BYTES, TEXT_LIMIT_BYTES};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, ConnectionId, PluginId, TraceId};
use entrepot_contract::manifest::LogRules;
use entrepot_contract::services::{
    CacheValue, HttpRequest, HttpResponse, LogLevel, ServiceRequest, ServiceResponse, Services,
};
use entrepot_contract::time::{Clock, Timestamp};
use tokio::sync::Semaphore;

use crate::cache::{KEY_LIMIT_BYTES, LIFE_LIMIT_MS, SharedCache, VALUE_LIMIT_BYTES};
use crate::http::{self, HttpClient};
use crate::interface_log::{Direction, InterfaceEntry, InterfaceLog};
use crate::limits::{HTTP_TIMEOUT_LIMIT_MS, RateLimits, TokenBucket};
use crate::locked;
use crate::masking::{cut, mask_body, mask_url, scrub};
use crate::secret::SecretText;

/// Longest line a plugin may log, in bytes; the rest is cut off.
pub const LOG_LIMIT_BYTES: usize = 4 * 1024;
/// Values learnt while running (tokens, secret headers) that are looked for in texts, besides the configured secrets.
const LEARNT_LIMIT: usize = 64;
/// Names of interfaces that metrics count apart; those that come after are counted as `other`.
const API_NAMES_LIMIT: usize = 128;

/// What an instance's services are made of; the same for all its calls.
pub(crate) struct InstanceServices {
    pub(crate) plugin: PluginId,
    pub(crate) application: ApplicationId,
    /// Names of secrets the manifest declares.
    pub(crate) declared_secrets: Vec<String>,
    pub(crate) log_rules: LogRules,
    pub(crate) secrets: BTreeMap<String, SecretText>,
    pub(crate) allow_hosts: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Arc<dyn SharedCache>,
    pub(crate) interface_log: Arc<dyn InterfaceLog>,
    pub(crate) rate_limits: Arc<RateLimits>,
    pub(crate) client: HttpClient,
    pub(crate) in_flight: Semaphore,
    pub(crate) learnt: Mutex<VecDeque<SecretText>>,
    pub(crate) api_names: Mutex<BTreeSet<String>>,
    pub(crate) log_lines: Mutex<TokenBucket>,
}

/// The call that services belong to.
#[derive(Debug, Clone)]
pub(crate) struct ServiceScope {
    pub(crate) trace: TraceId,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) order: Option<String>,
    /// None for the opening, which has a time limit of its own.
    pub(crate) deadline: Option<Timestamp>,
}

/// The host, as one call of a plugin sees it.
pub struct HostServices {
    instance: Arc<InstanceServices>,
    scope: ServiceScope,
    /// Whether anything went out to the partner that may have an effect.
    sent: AtomicBool,
}

impl InstanceServices {
    /// Remembers a value that must not be shown.
    fn learn(&self, value: &str) {
        let mut learnt = locked(&self.learnt);
        if learnt.iter().any(|known| known.expose() == value) {
            return;
        }
        if learnt.len() >= LEARNT_LIMIT {
            learnt.pop_front();
        }
        learnt.push_back(SecretText::new(value));
    }

    /// Takes all values that must not be shown out of a text.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut known: Vec<SecretText> = self.secrets.values().cloned().collect();
        known.extend(locked(&self.learnt).iter().cloned());
        scrub(text, &known)
    }

    /// Takes what must not be shown out of a fault on its way to the core.
    pub(crate) fn scrub_fault(&self, mut fault: Fault) -> Fault {
        // A plugin may repeat all that its partner said.
        fault.text = bounds::cut(self.scrub(&fault.text), TEXT_LIMIT_BYTES);
        fault.partner_code = fault.partner_code.map(|code| bounds::cut(self.scrub(&code), NAME_LIMIT_BYTES));
        fault
    }

    fn api_label(&self, api: &str) -> String {
        let mut names = locked(&self.api_names);
        if names.contains(api) || (names.len() < API_NAMES_LIMIT && names.insert(api.to_owned())) {
            api.to_owned()
        } else {
            "other".to_owned()
        }
    }
}

impl HostServices {
    pub(crate) const fn new(instance: Arc<InstanceServices>, scope: ServiceScope) -> Self {
        Self { instance, scope, sent: AtomicBool::new(false) }
    }

    /// Whether anything went out to the partner that may have an effect.
    pub(crate) fn sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let instance = &*self.instance;
        if !api_name_fits(&request.api) {
            return Err(Fault::invalid("the name of an interface is 1 to 64 letters, digits and _ - . /"));
        }
        for secret in secret_values(&request) {
            instance.learn(secret);
        }
        let checked = http::check(&request, &instance.allow_hosts)?;
        let wait = self.wait(request.timeout_ms)?;
        let _permit = instance
            .in_flight
            .try_acquire()
            .map_err(|_| Fault::not_done(FaultKind::Busy, "too many outbound calls of this instance are under way"))?;
        if let Err(retry_after_ms) =
            instance.rate_limits.take(&instance.application, &request.api, instance.clock.now())
        {
            let text = format!("the quota of {} is used up", request.api);
            return Err(Fault {
                retry_after_ms: Some(retry_after_ms),
                ..Fault::not_done(FaultKind::RateLimited, text)
            });
        }
        if !checked.method.is_safe() {
            self.sent.store(true, Ordering::Release);
        }
        let mut exchange = Exchange::begin(self, &request);
        let result = instance.client.send(checked, request.body, wait).await;
        let result = result.map_err(|fault| instance.scrub_fault(fault));
        exchange.end(&result);
        result
    }

    /// The nearer of the request's own limit and the call's deadline.
    fn wait(&self, timeout_ms: u32) -> Result<Duration, Fault> {
        let own_ms = u64::from(timeout_ms).min(HTTP_TIMEOUT_LIMIT_MS);
        let left_ms = self.scope.deadline.map_or(own_ms, |deadline| {
            u64::try_from(deadline.since(self.instance.clock.now())).unwrap_or(0).min(own_ms)
        });
        if left_ms == 0 {
            return Err(Fault::not_done(FaultKind::TimedOut, "the call's time is used up; nothing was sent"));
        }
        Ok(Duration::from_millis(left_ms))
    }

    async fn cache_get(&self, key: &str) -> Result<ServiceResponse, Fault> {
        check_key(key)?;
        let found = self.instance.cache.get(&self.instance.application, key).await?;
        if let Some(cached) = &found {
            self.instance.learn(&cached.value);
        }
        Ok(ServiceResponse::Cache { found })
    }

    async fn cache_swap(
        &self,
        key: &str,
        expected: u64,
        value: CacheValue,
        lives_ms: u64,
    ) -> Result<ServiceResponse, Fault> {
        check_key(key)?;
        if value.0.len() > VALUE_LIMIT_BYTES {
            return Err(Fault::invalid(format!("a cache value has at most {VALUE_LIMIT_BYTES} bytes")));
        }
        self.instance.learn(&value.0);
        let lives_ms = lives_ms.min(LIFE_LIMIT_MS);
        let stamp = self.instance.cache.swap(&self.instance.application, key, expected, value, lives_ms).await?;
        Ok(ServiceResponse::Swapped { stamp })
    }

    fn secret(&self, name: &str) -> Result<ServiceResponse, Fault> {
        if !self.instance.declared_secrets.iter().any(|declared| declared == name) {
            return Err(Fault::invalid(format!("the manifest does not declare a secret named {name:?}")));
        }
        match self.instance.secrets.get(name) {
            Some(secret) => Ok(ServiceResponse::Secret(CacheValue(secret.expose().to_owned()))),
            None => Err(Fault::not_done(FaultKind::NotFound, format!("no secret named {name:?} is configured"))),
        }
    }
}

#[async_trait]
impl Services for HostServices {
    async fn request(&self, request: ServiceRequest) -> Result<ServiceResponse, Fault> {
        match request {
            ServiceRequest::Http(request) => self.http(request).await.map(ServiceResponse::Http),
            ServiceRequest::CacheGet { key } => self.cache_get(&key).await,
            ServiceRequest::CacheSwap { key, expected, value, lives_ms } => {
                self.cache_swap(&key, expected, value, lives_ms).await
            }
            ServiceRequest::Secret { name } => self.secret(&name),
            ServiceRequest::Unknown => Err(Fault::unsupported("of a service that this host does not know")),
        }
    }

    fn log(&self, level: LogLevel, text: &str) {
        if locked(&self.instance.log_lines).take(self.now()).is_err() {
            let plugin = self.instance.plugin.to_string();
            metrics::counter!("entrepot_plugin_log_lines_dropped_total", "plugin" => plugin).increment(1);
            return;
        }
        // Scrubbed before the last cut: half a secret at the end would not be found any more.
        let mut line = text.to_owned();
        cut(&mut line, LOG_LIMIT_BYTES * 4);
        let mut line = self.instance.scrub(&line).replace(['\n', '\r'], " ");
        cut(&mut line, LOG_LIMIT_BYTES);
        let (plugin, application) = (&self.instance.plugin, &self.instance.application);
        let (trace, order) = (&self.scope.trace, self.scope.order.as_deref().unwrap_or_default());
        let connection = self.scope.connection.as_ref().map(ConnectionId::as_str).unwrap_or_default();
        match level {
            LogLevel::Error => {
                tracing::error!(target: "entrepot::plugin", %plugin, %application, connection, order, %trace, "{line}")
            }
            LogLevel::Warn => {
                tracing::warn!(target: "entrepot::plugin", %plugin, %application, connection, order, %trace, "{line}")
            }
            LogLevel::Info | LogLevel::Unknown => {
                tracing::info!(target: "entrepot::plugin", %plugin, %application, connection, order, %trace, "{line}")
            }
            LogLevel::Debug => {
                tracing::debug!(target: "entrepot::plugin", %plugin, %application, connection, order, %trace, "{line}")
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.instance.clock.now()
    }
}

fn check_key(key: &str) -> Result<(), Fault> {
    if key.is_empty() || key.len() > KEY_LIMIT_BYTES {
        return Err(Fault::invalid(format!("a cache key has 1 to {KEY_LIMIT_BYTES} bytes")));
    }
    Ok(())
}

fn api_name_fits(api: &str) -> bool {
    (1..=64).contains(&api.len()) && api.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
}

fn secret_values(request: &HttpRequest) -> impl Iterator<Item = &str> {
    let is_secret = |name: &str| request.secret_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name));
    request.headers.iter().filter(move |(name, _)| is_secret(name)).map(|(_, value)| value.as_str())
}

/// An exchange under way. It is recorded when it ends, and also when the call that made it is dropped before that.
struct Exchange {
    instance: Arc<InstanceServices>,
    started: Instant,
    entry: Option<InterfaceEntry>,
}

impl Exchange {
    fn begin(services: &HostServices, request: &HttpRequest) -> Self {
        let instance = Arc::clone(&services.instance);
        let content_type = header(&request.headers, "content-type");
        let body = request.body.as_deref().unwrap_or_default();
        let entry = InterfaceEntry {
            at: instance.clock.now(),
            direction: Direction::Outbound,
            application: instance.application.clone(),
            plugin: instance.plugin.clone(),
            connection: services.scope.connection.clone(),
            order: services.scope.order.clone(),
            trace: services.scope.trace.clone(),
            api: request.api.clone(),
            method: request.method.clone(),
            url: instance.scrub(&mask_url(&request.url)),
            status: None,
            fault: Some("the call was given up before the answer came".to_owned()),
            request_body: instance.scrub(&mask_body(&instance.log_rules, body.as_bytes(), content_type)),
            response_body: String::new(),
            duration_ms: 0,
        };
        Self { instance, started: Instant::now(), entry: Some(entry) }
    }

    fn end(&mut self, result: &Result<HttpResponse, Fault>) {
        let Some(entry) = &mut self.entry else { return };
        match result {
            Ok(response) => {
                let content_type = header(&response.headers, "content-type");
                let masked = mask_body(&self.instance.log_rules, response.body.as_bytes(), content_type);
                entry.status = Some(response.status);
                entry.response_body = self.instance.scrub(&masked);
                entry.fault = None;
            }
            Err(fault) => entry.fault = Some(fault.text.clone()),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let Some(mut entry) = self.entry.take() else {
            return;
        };
        entry.duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let result = entry.status.map_or_else(|| "none".to_owned(), |status| format!("{}xx", status / 100));
        let api = self.instance.api_label(&entry.api);
        let application = self.instance.application.to_string();
        metrics::counter!("entrepot_plugin_http_total", "application" => application, "api" => api, "result" => result)
            .increment(1);
        self.instance.interface_log.record(entry);
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}
