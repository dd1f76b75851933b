//! The circuit breaker, as a state machine over given instants: no clock, no lock, no task of its own.
//!
//! Closed, it counts failures in a row. Enough of them open it; every opening that follows without a success between is
//! longer, up to a limit. When the time is over, one call goes through as a probe: its success closes the breaker, its
//! failure opens it again. A call that was admitted before the breaker last changed says nothing about it any more.

use entrepot_contract::time::Timestamp;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open the first time, in milliseconds.
    pub first_open_ms: u64,
    /// How long it stays open at most, in milliseconds.
    pub longest_open_ms: u64,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self { failures: 5, first_open_ms: 1_000, longest_open_ms: 60_000 }
    }
}

/// What an admitted call hands back with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    generation: u64,
}

/// What a call's end says about the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Works,
    /// It failed.
    Fails,
    /// Nothing: the call was dropped, or refused for a reason of our own.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Timestamp },
    Probing,
}

/// One breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    rules: BreakerRules,
    phase: Phase,
    /// Openings since the last success.
    openings: u32,
    /// When it opened for the first time since it was closed.
    since: Option<Timestamp>,
    /// Grows with every change of phase.
    generation: u64,
}

/// How a breaker stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused.
    Open,
    /// One call is on its way to find out.
    Probing,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(rules: BreakerRules) -> Self {
        Self { rules, phase: Phase::Closed { failures: 0 }, openings: 0, since: None, generation: 0 }
    }

    /// Lets a call through, or says in how many milliseconds asking again may help.
    pub fn admit(&mut self, now: Timestamp) -> Result<Ticket, u64> {
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } if now < until => {
                return Err(u64::try_from(until.since(now)).unwrap_or(0).min(self.rules.longest_open_ms));
            }
            Phase::Open { .. } => self.change(Phase::Probing),
            Phase::Probing => return Err(self.rules.first_open_ms),
        }
        Ok(Ticket { generation: self.generation })
    }

    /// Takes a call's end into account.
    pub fn settle(&mut self, ticket: Ticket, verdict: Verdict, now: Timestamp) {
        if ticket.generation != self.generation {
            return;
        }
        match (self.phase, verdict) {
            (Phase::Closed { .. }, Verdict::Works) => {
                self.phase = Phase::Closed { failures: 0 };
                self.openings = 0;
            }
            (Phase::Closed { failures }, Verdict::Fails) => {
                let failures = failures.saturating_add(1);
                if failures >= self.rules.failures {
                    self.open(now);
                } else {
                    self.phase = Phase::Closed { failures };
                }
            }
            (Phase::Probing, Verdict::Works) => {
                self.openings = 0;
                self.since = None;
                self.change(Phase::Closed { failures: 0 });
            }
            (Phase::Probing, Verdict::Fails) => self.open(now),
            // The next call may probe at once.
            (Phase::Probing, Verdict::Nothing) => self.change(Phase::Open { until: now }),
            (Phase::Closed { .. }, Verdict::Nothing) | (Phase::Open { .. }, _) => {}
        }
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::Probing => BreakerState::Probing,
        }
    }

    /// Since when it is not closed; probes that fail change nothing.
    #[must_use]
    pub const fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Failures in a row while closed; zero otherwise.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        match self.phase {
            Phase::Closed { failures } => failures,
            Phase::Open { .. } | Phase::Probing => 0,
        }
    }

    fn open(&mut self, now: Timestamp) {
        let doubled = self.rules.first_open_ms.saturating_mul(1_u64 << self.openings.min(32));
        let open_ms = doubled.min(self.rules.longest_open_ms);
        self.openings = self.openings.saturating_add(1);
        self.since = self.since.or(Some(now));
        self.change(Phase::Open { until: now.plus_millis(i64::try_from(open_ms).unwrap_or(i64::MAX)) });
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules { failures: 3, first_open_ms: 100, longest_open_ms: 350 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn run(breaker: &mut Breaker, now: i64, verdict: Verdict) {
        let ticket = breaker.admit(at(now)).unwrap();
        breaker.settle(ticket, verdict, at(now));
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::new(RULES);
        for verdict in
            [Verdict::Fails, Verdict::Fails, Verdict::Works, Verdict::Fails, Verdict::Nothing, Verdict::Fails]
        {
            run(&mut breaker, 0, verdict);
        }
        assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Closed, 2));
        run(&mut breaker, 0, Verdict::Fails);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(at(40)), Err(60));
    }

    #[test]
    fn since_when_is_the_first_opening_until_a_success() {
        let mut breaker = Breaker::new(RULES);
        (0..3).for_each(|_| run(&mut breaker, 7, Verdict::Fails));
        run(&mut breaker, 107, Verdict::Fails);
        assert_eq!(breaker.since(), Some(at(7)), "a probe that fails changes nothing");
        run(&mut breaker, 400, Verdict::Works);
        assert_eq!((breaker.state(), breaker.since()), (BreakerState::Closed, None));
    }

    #[test]
    fn stays_open_longer_each_time_up_to_a_limit() {
        let mut breaker = Breaker::new(RULES);
        (0..3).for_each(|_| run(&mut breaker, 0, Verdict::Fails));
        let mut now = 0;
        for open_ms in [100, 200, 350, 350, 350] {
            assert_eq!(breaker.admit(at(now)), Err(open_ms));
            now += i64::try_from(open_ms).unwrap();
            run(&mut breaker, now, Verdict::Fails);
        }
        now += 350;
        run(&mut breaker, now, Verdict::Works);
        assert_eq!(breaker.state(), BreakerState::Closed);
        (0..3).for_each(|_| run(&mut breaker, now, Verdict::Fails));
        assert_eq!(breaker.admit(at(now)), Err(100), "a success starts the count of openings again");
    }

    #[test]
    fn lets_one_probe_through() {
        let mut breaker = Breaker::new(RULES);
        (0..3).for_each(|_| run(&mut breaker, 0, Verdict::Fails));
        let probe = breaker.admit(at(100)).unwrap();
        assert_eq!(breaker.admit(at(100)), Err(100));
        breaker.settle(probe, Verdict::Nothing, at(100));
        let second = breaker.admit(at(100)).unwrap();
        breaker.settle(probe, Verdict::Works, at(100));
        assert_eq!(breaker.state(), BreakerState::Probing, "an old ticket counts no more");
        breaker.settle(second, Verdict::Works, at(101));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn late_results_of_calls_from_before_say_nothing() {
        let mut breaker = Breaker::new(RULES);
        let early = breaker.admit(at(0)).unwrap();
        (0..3).for_each(|_| run(&mut breaker, 0, Verdict::Fails));
        breaker.settle(early, Verdict::Works, at(1));
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_lock_it_for_longer() {
        let mut breaker = Breaker::new(RULES);
        (0..3).for_each(|_| run(&mut breaker, 1_000_000, Verdict::Fails));
        assert_eq!(breaker.admit(at(0)), Err(350));
    }
}
