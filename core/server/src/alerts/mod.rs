//! Alerts leave the house: each goes to the webhooks whose level and merchant fit. An alert that fits none counts as
//! told.
//!
//! - `message`: what is written, in each form; `robot`: what a robot answers, and how a call is signed.

mod message;
mod robot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::ids::MerchantId;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_domain::alert::AlertKind;
use entrepot_engine::alerting::Teller;
use entrepot_engine::storage::OpenAlert;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::config::{Alerts, Webhook};

/// How long a webhook may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Calls under way at once.
const IN_FLIGHT: usize = 4;

/// How long a webhook that failed is left alone: a dead one must not hold up the alerts behind it.
const PAUSE_MS: i64 = 20_000;

/// How long it is remembered who was told about an alert that could not be told to everybody. The engine comes back
/// with it every minute; one that is gone for longer was resolved.
const MEMORY_MS: i64 = 300_000;

/// Alerts remembered at most; beyond, somebody may be told twice.
const MEMORY_LIMIT: usize = 1_000;

/// Tells webhooks.
pub struct Webhooks {
    alerts: Alerts,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    in_flight: Semaphore,
    memory: Mutex<Memory>,
}

/// An alert as it was told.
type Told = (Option<MerchantId>, AlertKind, String, String);

#[derive(Default)]
struct Memory {
    /// Who was told about an alert that others could not be told about, and when that was tried last.
    told: BTreeMap<Told, (BTreeSet<usize>, Timestamp)>,
    /// Webhooks that failed, until when they are left alone.
    paused: BTreeMap<usize, Timestamp>,
}

impl Webhooks {
    /// The webhooks of a configuration; none where it names none.
    pub fn of(alerts: &Alerts, clock: Arc<dyn Clock>) -> Result<Option<Arc<Self>>, String> {
        if alerts.webhooks.is_empty() {
            return Ok(None);
        }
        // The provider may have been installed by somebody else: then theirs is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = match builder().build() {
            Ok(http) => http,
            Err(fault) => {
                tracing::error!(%fault, "no CA certificates on this machine: webhooks over https will fail");
                builder().tls_certs_only([]).build().map_err(|fault| fault.to_string())?
            }
        };
        Ok(Some(Arc::new(Self {
            alerts: alerts.clone(),
            http,
            clock,
            in_flight: Semaphore::new(IN_FLIGHT),
            memory: Mutex::default(),
        })))
    }

    /// Who has to be told still.
    fn due(&self, alert: &OpenAlert) -> BTreeSet<usize> {
        let fits = |webhook: &Webhook| {
            let own = webhook.merchant.is_none() || webhook.merchant == alert.merchant;
            own && alert.alert.kind.level() >= webhook.min_level
        };
        let all = self.alerts.webhooks.iter().enumerate().filter(|(_, webhook)| fits(webhook));
        let all: BTreeSet<usize> = all.map(|(number, _)| number).collect();
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match memory.told.get(&name_of(alert)) {
            Some((told, _)) => all.difference(told).copied().collect(),
            None => all,
        }
    }

    /// Tells one webhook. The error names it by its number: its URL is a secret.
    async fn tell_one(&self, number: usize, alert: &OpenAlert) -> Result<usize, String> {
        let Some(webhook) = self.alerts.webhooks.get(number) else { return Ok(number) };
        let named = |text: String| format!("alerts.webhooks[{number}]: {text}");
        let now = self.clock.now();
        let paused = self.memory.lock().unwrap_or_else(PoisonError::into_inner).paused.get(&number).copied();
        if paused.is_some_and(|until| now < until) {
            return Err(named("it failed a moment ago and is left alone for a while".to_owned()));
        }
        let _place = self.in_flight.acquire().await.map_err(|_| named("closing".to_owned()))?;
        let body = message::body(webhook.form, self.alerts.language, alert);
        let url = robot::signed(webhook, now);
        let sent = robot::post(&self.http, url, &body, webhook.form).await;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(()) => {
                memory.paused.remove(&number);
                Ok(number)
            }
            Err(text) => {
                memory.paused.insert(number, self.clock.now().plus_millis(PAUSE_MS));
                Err(named(text))
            }
        }
    }

    /// Remembers who was told, while somebody could not be.
    fn remember(&self, alert: &OpenAlert, told: BTreeSet<usize>, complete: bool) {
        let now = self.clock.now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.told.retain(|_, (_, at)| now.since(*at) < MEMORY_MS);
        let name = name_of(alert);
        if complete {
            memory.told.remove(&name);
        } else if memory.told.len() < MEMORY_LIMIT || memory.told.contains_key(&name) {
            let entry = memory.told.entry(name).or_insert_with(|| (BTreeSet::new(), now));
            entry.0.extend(told);
            entry.1 = now;
        }
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .user_agent(concat!("entrepot/", env!("CARGO_PKG_VERSION")))
}

/// With its words: an alert that was resolved and raised anew about something else is another one.
fn name_of(alert: &OpenAlert) -> Told {
    (alert.merchant.clone(), alert.alert.kind, alert.alert.subject.clone(), alert.alert.text.clone())
}

#[async_trait]
impl Teller for Webhooks {
    async fn tell(&self, alert: &OpenAlert) -> Result<(), String> {
        let due = self.due(alert);
        let results = join_all(due.iter().map(|number| self.tell_one(*number, alert))).await;
        let (mut told, mut faults) = (BTreeSet::new(), Vec::new());
        for result in results {
            match result {
                Ok(number) => {
                    told.insert(number);
                }
                Err(fault) => faults.push(fault),
            }
        }
        self.remember(alert, told, faults.is_empty());
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}
