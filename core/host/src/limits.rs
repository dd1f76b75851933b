//! Limits of an instance, and the token buckets that keep partners' quotas.

use std::collections::BTreeMap;
use std::sync::Mutex;

use entrepot_contract::ids::{ApplicationId, PluginId};
use entrepot_contract::manifest::ApiRate;
use entrepot_contract::time::Timestamp;

use crate::instance::InstanceKey;
use crate::locked;

/// Bytes of a partner's answer that are read; a longer one is a fault.
pub const ANSWER_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Outbound calls of one instance under way at once.
pub const HTTP_IN_FLIGHT: usize = 128;

/// How long one outbound call may take at most, in milliseconds, whatever a plugin asks for.
pub const HTTP_TIMEOUT_LIMIT_MS: u64 = 60_000;

/// Lines an instance may log within a second; more are counted and dropped.
pub const LOG_LINES_PER_SECOND: u32 = 1_000;

/// How long opening may take at least, in milliseconds, however short an instance's calls are.
pub const OPEN_TIMEOUT_MS: u64 = 15_000;

/// How long closing is waited for, in milliseconds; longer than the SDK lets calls under way end in a library.
pub const CLOSE_TIMEOUT_MS: u64 = 8_000;

/// Connections of one instance with shares and breakers of their own; those that come after share one.
pub const CONNECTIONS_LIMIT: usize = 4_096;

/// How much of an instance may be under way, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceLimits {
    /// Calls under way at once. Translations (locate, decode, encode, hear, prepare_codes) and calls that reach the
    /// partner have a share of this size each, so that a partner that hangs does not stop its own inbound calls. Who
    /// translates waits for a place when there is none ([`crate::places`]).
    pub in_flight: usize,
    /// The part of `in_flight` that one connection may use; never above `in_flight`.
    pub connection_in_flight: usize,
    /// How long one call is waited for at most, in milliseconds; the call's own deadline may be nearer.
    pub timeout_ms: u64,
}

impl InstanceLimits {
    /// With the whole share open to each connection.
    #[must_use]
    pub const fn new(in_flight: usize, timeout_ms: u64) -> Self {
        Self { in_flight, connection_in_flight: in_flight, timeout_ms }
    }
}

impl Default for InstanceLimits {
    fn default() -> Self {
        Self { in_flight: 64, connection_in_flight: 48, timeout_ms: 10_000 }
    }
}

/// A bucket that fills with time. It counts in calls × `per_ms`, so that no fraction is lost.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    calls: u64,
    per_ms: u64,
    level: u64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket. Zero calls or zero time count as one.
    #[must_use]
    pub fn new(calls: u32, per_ms: u64, now: Timestamp) -> Self {
        let (calls, per_ms) = (u64::from(calls.max(1)), per_ms.max(1));
        Self { calls, per_ms, level: calls.saturating_mul(per_ms), filled_at: now }
    }

    /// Takes one call out, or says in how many milliseconds there will be one.
    pub fn take(&mut self, now: Timestamp) -> Result<(), u64> {
        let passed = u64::try_from(now.since(self.filled_at)).unwrap_or(0);
        let full = self.calls.saturating_mul(self.per_ms);
        self.level = self.level.saturating_add(passed.saturating_mul(self.calls)).min(full);
        // A clock that went back must not stop the filling until it is where it was.
        self.filled_at = now;
        if self.level >= self.per_ms {
            self.level -= self.per_ms;
            return Ok(());
        }
        Err((self.per_ms - self.level).div_ceil(self.calls))
    }
}

/// The quotas of all applications; instances of one application share its buckets.
#[derive(Debug, Default)]
pub struct RateLimits {
    applications: Mutex<BTreeMap<ApplicationId, Quotas>>,
}

/// The quotas of one application: those that the configuration names, and for other interfaces those on its plugins'
/// cards. A card's stay when its plugin is taken out: they are the partner's.
#[derive(Debug, Default)]
struct Quotas {
    configured: Vec<ApiRate>,
    cards: BTreeMap<PluginId, Vec<ApiRate>>,
    buckets: BTreeMap<String, (ApiRate, TokenBucket)>,
}

impl Quotas {
    /// Those in force. Where two cards name one interface, the tighter one is.
    fn in_force(&self) -> BTreeMap<String, ApiRate> {
        let mut all: BTreeMap<String, ApiRate> = BTreeMap::new();
        for rate in self.cards.values().flatten() {
            match all.get(&rate.api) {
                Some(known) if !is_tighter(rate, known) => {}
                _ => drop(all.insert(rate.api.clone(), rate.clone())),
            }
        }
        all.extend(self.configured.iter().map(|rate| (rate.api.clone(), rate.clone())));
        all
    }

    /// Makes the buckets anew; one whose quota did not change keeps its level.
    fn fill(&mut self, now: Timestamp) {
        let mut known = std::mem::take(&mut self.buckets);
        let bucket = |(api, rate): (String, ApiRate)| {
            let kept = known.remove(&api).filter(|(before, _)| *before == rate);
            (api, kept.unwrap_or_else(|| (rate.clone(), TokenBucket::new(rate.calls, rate.per_ms, now))))
        };
        self.buckets = self.in_force().into_iter().map(bucket).collect();
    }
}

fn is_tighter(one: &ApiRate, other: &ApiRate) -> bool {
    u128::from(one.calls) * u128::from(other.per_ms) < u128::from(other.calls) * u128::from(one.per_ms)
}

impl RateLimits {
    /// Sets the quotas of an instance's application: all that the configuration names, and those on its plugin's card.
    /// A quota that did not change keeps its level.
    pub fn set(&self, instance: &InstanceKey, configured: &[ApiRate], card: &[ApiRate], now: Timestamp) {
        let mut applications = locked(&self.applications);
        let quotas = applications.entry(instance.application.clone()).or_default();
        quotas.configured = configured.to_vec();
        quotas.cards.insert(instance.plugin.clone(), card.to_vec());
        quotas.fill(now);
    }

    /// Takes one call out of an interface's quota; an interface without one is not limited.
    pub fn take(&self, application: &ApplicationId, api: &str, now: Timestamp) -> Result<(), u64> {
        let mut applications = locked(&self.applications);
        match applications.get_mut(application).and_then(|quotas| quotas.buckets.get_mut(api)) {
            Some((_, bucket)) => bucket.take(now),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_bucket_fills_with_time() {
        let mut bucket = TokenBucket::new(3, 1_000, at(0));
        assert!((0..3).all(|_| bucket.take(at(0)).is_ok()));
        assert_eq!(bucket.take(at(0)), Err(334));
        assert_eq!(bucket.take(at(333)), Err(1));
        assert_eq!(bucket.take(at(334)), Ok(()));
        assert!((0..3).all(|_| bucket.take(at(60_000)).is_ok()));
        assert!(bucket.take(at(60_000)).is_err(), "it holds no more than its size");
        assert!(bucket.take(at(0)).is_err(), "a clock that goes back fills nothing");
        assert!(bucket.take(at(1_000)).is_ok(), "and does not stop it either");
    }

    fn key(plugin: &str, application: &str) -> InstanceKey {
        InstanceKey::new(plugin.parse().unwrap(), application.parse().unwrap())
    }

    fn every(per_ms: u64) -> [ApiRate; 1] {
        [ApiRate { api: "push".to_owned(), calls: 1, per_ms }]
    }

    #[test]
    fn quotas_belong_to_an_application_and_an_interface() {
        let limits = RateLimits::default();
        let (one, two) = (key("shop", "one"), key("shop", "two"));
        limits.set(&one, &every(100), &[], at(0));
        assert_eq!(limits.take(&one.application, "push", at(0)), Ok(()));
        limits.set(&one, &every(100), &[], at(0));
        assert_eq!(limits.take(&one.application, "push", at(0)), Err(100), "setting the same again does not fill it");
        assert_eq!(limits.take(&one.application, "pull", at(0)), Ok(()));
        assert_eq!(limits.take(&two.application, "push", at(0)), Ok(()));
    }

    #[test]
    fn a_card_holds_where_the_configuration_says_nothing_and_the_tighter_of_two_cards() {
        let limits = RateLimits::default();
        let (one, other) = (key("shop", "one"), key("mall", "one"));
        let used_up = |now: i64| {
            let _ = limits.take(&one.application, "push", at(now));
            limits.take(&one.application, "push", at(now)).err()
        };
        limits.set(&one, &[], &every(100), at(0));
        assert_eq!(used_up(0), Some(100));
        limits.set(&other, &[], &every(300), at(0));
        assert_eq!(used_up(0), Some(300), "the tighter one");
        limits.set(&other, &[], &every(50), at(0));
        assert_eq!(used_up(0), Some(100), "each card its own");
        limits.set(&other, &every(40), &every(50), at(0));
        assert_eq!(used_up(0), Some(40), "the configuration wins, tighter or not");
        limits.set(&one, &every(900), &every(100), at(0));
        assert_eq!(used_up(0), Some(900));
        limits.set(&one, &[], &[], at(0));
        assert_eq!(used_up(0), Some(50));
    }
}
