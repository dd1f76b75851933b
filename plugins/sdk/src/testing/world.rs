//! A scripted host: clock, cache, secrets, log, and the partner behind `http`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::{
    CacheValue, Cached, HttpRequest, HttpResponse, LogLevel, ServiceRequest, ServiceResponse, Services,
};
use entrepot_contract::time::Timestamp;
use tokio::sync::watch;

use super::recording::{Exchange, Masks};
use super::trip;

/// What a scripted world's clock shows at first: 2026-09-21T14:13:20Z.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

type OtherSide = Arc<dyn Fn(&HttpRequest) -> Result<HttpResponse, Fault> + Send + Sync>;

/// A scripted host: clock, cache, secrets, log, and the partner behind `http`.
pub struct World {
    state: Mutex<State>,
    held: watch::Sender<bool>,
    calls: watch::Sender<usize>,
}

struct State {
    now: Timestamp,
    secrets: BTreeMap<String, String>,
    secrets_asked: Vec<String>,
    cache: BTreeMap<String, Cached>,
    stamp: u64,
    script: VecDeque<Exchange>,
    other_side: Option<OtherSide>,
    sent: Vec<HttpRequest>,
    hidden: Vec<String>,
    recorded: Vec<(HttpRequest, Result<HttpResponse, Fault>)>,
    logs: Vec<(LogLevel, String)>,
    complaints: Vec<String>,
}

impl World {
    /// An empty world: no secrets, nobody answers.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let state = State {
            now: START,
            secrets: BTreeMap::new(),
            secrets_asked: Vec::new(),
            cache: BTreeMap::new(),
            stamp: 0,
            script: VecDeque::new(),
            other_side: None,
            sent: Vec::new(),
            hidden: Vec::new(),
            recorded: Vec::new(),
            logs: Vec::new(),
            complaints: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), held: watch::Sender::new(false), calls: watch::Sender::new(0) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives it a secret.
    pub fn secret(&self, name: &str, value: &str) -> &Self {
        self.state().secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Who answers calls once the recorded exchanges are used up.
    pub fn other_side(
        &self,
        answer: impl Fn(&HttpRequest) -> Result<HttpResponse, Fault> + Send + Sync + 'static,
    ) -> &Self {
        self.state().other_side = Some(Arc::new(answer));
        self
    }

    /// Fields of bodies and queries whose values a recording does not hold, and that are not compared with one: what is
    /// made with a secret, such as `sign`.
    pub fn hide(&self, fields: &[&str]) -> &Self {
        self.state().hidden.extend(fields.iter().map(|field| (*field).to_owned()));
        self
    }

    /// The exchanges so far, for the file of a recording ([`super::recording::text`]). The secrets of this world and the
    /// hidden fields are masked; look through it for guests' data before you keep it.
    #[must_use]
    pub fn recorded(&self) -> Vec<Exchange> {
        let (masks, recorded) = {
            let state = self.state();
            (state.masks(), state.recorded.clone())
        };
        recorded.iter().map(|(request, answer)| masks.exchange(request, answer)).collect()
    }

    /// Adds recorded exchanges, expected in this order.
    pub fn script(&self, exchanges: impl IntoIterator<Item = Exchange>) -> &Self {
        self.state().script.extend(exchanges);
        self
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// While held, calls to the partner are taken and not answered.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers what was held.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Waits until that many calls to the partner were made.
    pub async fn called(&self, calls: usize) {
        // The sender lives as long as this world.
        let _ = self.calls.subscribe().wait_for(|made| *made >= calls).await;
    }

    /// Calls made to the partner so far.
    #[must_use]
    pub fn sent(&self) -> Vec<HttpRequest> {
        self.state().sent.clone()
    }

    /// Names of the secrets that were asked for, whether they are there or not.
    #[must_use]
    pub fn secrets_asked(&self) -> Vec<String> {
        self.state().secrets_asked.clone()
    }

    /// Lines logged so far.
    #[must_use]
    pub fn logs(&self) -> Vec<(LogLevel, String)> {
        self.state().logs.clone()
    }

    /// A cache value.
    #[must_use]
    pub fn cached(&self, key: &str) -> Option<Cached> {
        self.state().cache.get(key).cloned()
    }

    /// # Panics
    /// When a call came that no exchange expects, or an exchange was not used.
    pub fn assert_script_played(&self) {
        let state = self.state();
        assert!(state.complaints.is_empty(), "unexpected calls: {:?}", state.complaints);
        assert!(state.script.is_empty(), "{} recorded exchanges were not used", state.script.len());
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        self.state().sent.push(request.clone());
        self.calls.send_modify(|made| *made += 1);
        let mut held = self.held.subscribe();
        // The sender lives as long as this world.
        let _ = held.wait_for(|held| !held).await;
        let answer = self.answer(&request);
        self.state().recorded.push((request, answer.clone()));
        answer
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault> {
        let other_side = {
            let mut state = self.state();
            if let Some(exchange) = state.script.pop_front() {
                return match exchange.request.differs(&state.masks().asked(request)) {
                    None => exchange.answer,
                    Some(complaint) => {
                        state.complaints.push(complaint.clone());
                        Err(Fault::not_done(FaultKind::Internal, complaint))
                    }
                };
            }
            state.other_side.clone()
        };
        match other_side {
            Some(answer) => answer(request),
            None => {
                let complaint = format!("{} {}: nobody answers in this world", request.method, request.url);
                self.state().complaints.push(complaint.clone());
                Err(Fault::not_done(FaultKind::Unavailable, complaint))
            }
        }
    }

    fn swap(&self, key: String, expected: u64, value: CacheValue) -> ServiceResponse {
        let mut state = self.state();
        let present = state.cache.get(&key).map_or(0, |cached| cached.stamp);
        if present != expected {
            return ServiceResponse::Swapped { stamp: None };
        }
        state.stamp += 1;
        let stamp = state.stamp;
        state.cache.insert(key, Cached { value: value.0, stamp });
        ServiceResponse::Swapped { stamp: Some(stamp) }
    }
}

impl State {
    fn masks(&self) -> Masks {
        Masks { texts: self.secrets.values().cloned().collect(), fields: self.hidden.clone() }
    }
}

#[async_trait]
impl Services for World {
    async fn request(&self, request: ServiceRequest) -> Result<ServiceResponse, Fault> {
        let answer = match trip(&request)? {
            ServiceRequest::Http(request) => ServiceResponse::Http(self.http(request).await?),
            ServiceRequest::CacheGet { key } => ServiceResponse::Cache { found: self.cached(&key) },
            ServiceRequest::CacheSwap { key, expected, value, .. } => self.swap(key, expected, value),
            ServiceRequest::Secret { name } => {
                let mut state = self.state();
                state.secrets_asked.push(name.clone());
                match state.secrets.get(&name) {
                    Some(value) => ServiceResponse::Secret(CacheValue(value.clone())),
                    None => return Err(Fault::not_done(FaultKind::NotFound, format!("no secret named {name}"))),
                }
            }
            ServiceRequest::Unknown => return Err(Fault::unsupported("of an unknown service")),
        };
        trip(&answer)
    }

    fn log(&self, level: LogLevel, text: &str) {
        self.state().logs.push((level, text.to_owned()));
    }

    fn now(&self) -> Timestamp {
        self.state().now
    }
}
