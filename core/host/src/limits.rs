//! Limits of an instance, and the token buckets that keep partners' quotas.

use std::collections::BTreeMap;
use std::sync::Mutex;

use entrepot_contract::ids::ApplicationId;
use entrepot_contract::time::Timestamp;

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

/// A partner's quota for one of its interfaces: `calls` in any `per_ms`, as a bucket that holds `calls`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ApiLimit {
    /// The interface, as plugins name it ([`entrepot_contract::services::HttpRequest::api`]).
    pub api: String,
    /// Calls.
    pub calls: u32,
    /// In this many milliseconds.
    pub per_ms: u64,
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
    buckets: Mutex<BTreeMap<(ApplicationId, String), (ApiLimit, TokenBucket)>>,
}

impl RateLimits {
    /// Sets an application's quotas: all of them. A quota that did not change keeps its level.
    pub fn set(&self, application: &ApplicationId, limits: &[ApiLimit], now: Timestamp) {
        let mut buckets = locked(&self.buckets);
        buckets.retain(|(of, api), _| of != application || limits.iter().any(|limit| limit.api == *api));
        for limit in limits {
            let key = (application.clone(), limit.api.clone());
            if buckets.get(&key).is_none_or(|(known, _)| known != limit) {
                buckets.insert(key, (limit.clone(), TokenBucket::new(limit.calls, limit.per_ms, now)));
            }
        }
    }

    /// Takes one call out of an interface's quota; an interface without one is not limited.
    pub fn take(&self, application: &ApplicationId, api: &str, now: Timestamp) -> Result<(), u64> {
        match locked(&self.buckets).get_mut(&(application.clone(), api.to_owned())) {
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

    #[test]
    fn quotas_belong_to_an_application_and_an_interface() {
        let limits = RateLimits::default();
        let (one, two) = (ApplicationId::parse("one").unwrap(), ApplicationId::parse("two").unwrap());
        let quota = [ApiLimit { api: "push".to_owned(), calls: 1, per_ms: 100 }];
        limits.set(&one, &quota, at(0));
        assert_eq!(limits.take(&one, "push", at(0)), Ok(()));
        limits.set(&one, &quota, at(0));
        assert_eq!(limits.take(&one, "push", at(0)), Err(100), "setting the same again does not fill it");
        assert_eq!(limits.take(&one, "pull", at(0)), Ok(()));
        assert_eq!(limits.take(&two, "push", at(0)), Ok(()));
    }
}
