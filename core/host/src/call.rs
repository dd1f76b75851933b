//! The way of one call: declared, given its places, admitted, waited for, checked, counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::ConnectionId;
use entrepot_contract::message::{CallContext, Request, Response};

use crate::admission;
use crate::breaker::{BreakerState, Ticket, Verdict};
use crate::instance::{Lane, RunningInstance, Share, closed_fault};
use crate::locked;
use crate::places;
use crate::pulse::Threads;
use crate::services::{HostServices, ServiceScope};
use crate::transport::direct::{self, Ended};

/// A call that was given less than this and ran out of time says nothing about the plugin, in milliseconds.
pub const FAIR_WAIT_MS: u64 = 250;

/// What a call belongs to: for its share, its breaker, and what it logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallScope {
    /// The connection, once the call is placed.
    pub connection: Option<ConnectionId>,
    /// The order, once it is known.
    pub order: Option<String>,
}

impl RunningInstance {
    /// Makes one call and waits for its answer: at most until the context's deadline, and never longer than the
    /// instance's limit. Dropping the future stops the call; whoever needs the outcome keeps it.
    pub async fn call(&self, context: CallContext, request: Request, scope: CallScope) -> Result<Response, Fault> {
        let started = Instant::now();
        let name = request.name();
        let result = self.admitted(context, request, scope).await;
        let word = result.as_ref().map_or_else(|fault| kind_name(fault.kind), |_| "ok");
        let (plugin, instance) = (self.label.clone(), self.instance_label.clone());
        metrics::counter!(
            "entrepot_plugin_calls_total", "plugin" => plugin.clone(), "instance" => instance.clone(), "call" => name,
            "result" => word
        )
        .increment(1);
        metrics::histogram!(
            "entrepot_plugin_call_seconds", "plugin" => plugin, "instance" => instance, "call" => name
        )
        .record(started.elapsed().as_secs_f64());
        result
    }

    async fn admitted(&self, context: CallContext, request: Request, scope: CallScope) -> Result<Response, Fault> {
        if self.is_closed() {
            return Err(closed_fault(&self.key));
        }
        admission::declared(self.manifest(), &request)?;
        if !admission::request_within_limit(&request) {
            return Err(Fault::invalid("the call is longer than a message may be"));
        }
        let wait = self.wait(&context)?;
        let lane = Lane::of(&request);
        let share = self.share(lane, scope.connection.as_ref());
        let places = places::take(&request, &share, self.permits(lane), &self.waiting, wait).await?;
        let wait = wait.saturating_sub(places.waited);
        if wait.is_zero() {
            return Err(Fault::not_done(
                FaultKind::TimedOut,
                "the call's time was used up while it waited for a place",
            ));
        }
        // What an answer tells has happened: it is tried even where the plugin is left alone.
        let answers = matches!(request, Request::Channel(ChannelRequest::Encode { .. }));
        let mut entry = match Entry::admit(self, &share) {
            Err(_) if answers => Entry { instance: self, share: &share, ticket: None },
            admitted => admitted?,
        };
        let result = self.run(context, request, scope, wait).await;
        let settled = result.as_ref().err().map_or(Verdict::Works, |fault| verdict(fault.kind, wait));
        entry.settle(settled, result.as_ref().err());
        result
    }

    /// The nearer of the deadline and the instance's limit.
    fn wait(&self, context: &CallContext) -> Result<Duration, Fault> {
        let left_ms = u64::try_from(context.deadline.since(self.clock.now())).unwrap_or(0);
        if left_ms == 0 {
            return Err(Fault::not_done(FaultKind::TimedOut, "the call's time was used up before it began"));
        }
        Ok(Duration::from_millis(left_ms.min(self.limits.timeout_ms.max(1))))
    }

    async fn run(
        &self,
        context: CallContext,
        request: Request,
        scope: CallScope,
        wait: Duration,
    ) -> Result<Response, Fault> {
        let nature = request.nature();
        let name = request.name();
        let failed = |kind, text: String| Err(Fault::unknown(kind, text).settled(nature, true));
        // The plugin's own deadline is the one that is really waited for.
        let waited_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let deadline = context.deadline.min(self.clock.now().plus_millis(waited_ms));
        let scope = ServiceScope {
            trace: context.trace.clone(),
            connection: scope.connection,
            order: scope.order,
            deadline: Some(deadline),
        };
        let services = Arc::new(HostServices::new(Arc::clone(&self.services), scope));
        let own = Arc::clone(&services);
        let context = CallContext { deadline, ..context };
        let asked = request.clone();
        let instance = Arc::clone(&self.instance);
        let call = direct::contained(async move { instance.call(context, request, services).await });
        match direct::within(wait, call).await {
            Ended::Answered(Ok(response)) if !admission::response_within_limit(&response) => {
                failed(FaultKind::Garbled, format!("the answer to the call {name} is longer than a message may be"))
            }
            Ended::Answered(Ok(response)) => {
                let long = || admission::too_long(&asked, &response);
                match admission::misfit(self.manifest(), &asked, &response).or_else(long) {
                    Some(why) => failed(FaultKind::Garbled, why),
                    None => Ok(response),
                }
            }
            Ended::Answered(Err(fault)) => Err(self.services.scrub_fault(fault.settled(nature, own.sent()))),
            Ended::Panicked(text) => failed(
                FaultKind::Crashed,
                self.services.scrub(&format!("the plugin failed in the call {name}: {text}")),
            ),
            Ended::TimedOut => {
                let silent = matches!(self.threads(), Threads::Silent { .. });
                let why = if silent { ": the plugin's threads do not run" } else { "" };
                let text = format!("no answer to the call {name} within {} ms{why}", wait.as_millis());
                failed(FaultKind::TimedOut, text)
            }
        }
    }
}

/// An admitted call in its breaker's books; a call that is dropped leaves a note that it says nothing.
struct Entry<'a> {
    instance: &'a RunningInstance,
    share: &'a Share,
    ticket: Option<Ticket>,
}

impl<'a> Entry<'a> {
    fn admit(instance: &'a RunningInstance, share: &'a Share) -> Result<Self, Fault> {
        let admitted = locked(&share.breaker).admit(instance.clock.now());
        match admitted {
            Ok(ticket) => Ok(Self { instance, share, ticket: Some(ticket) }),
            Err(retry_after_ms) => {
                let text = format!("{} failed too often; it is left alone for a while", instance.key);
                Err(Fault { retry_after_ms: Some(retry_after_ms), ..Fault::not_done(FaultKind::Busy, text) })
            }
        }
    }

    fn settle(&mut self, verdict: Verdict, fault: Option<&Fault>) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let mut breaker = locked(&self.share.breaker);
        let before = breaker.state();
        breaker.settle(ticket, verdict, self.instance.clock.now());
        let after = breaker.state();
        drop(breaker);
        if let (BreakerState::Open, Some(fault)) = (after, fault) {
            *locked(&self.share.fault) = Some(self.instance.scrub(&fault.to_string()));
        }
        if before != after {
            self.instance.publish();
        }
        match (before == after, after, fault) {
            (false, BreakerState::Open, Some(fault)) => self.instance.report(format!("left alone after: {fault}")),
            (false, BreakerState::Closed, _) => self.instance.report("answers again"),
            (true, _, Some(fault)) if matches!(fault.kind, FaultKind::Crashed | FaultKind::Garbled) => {
                self.instance.report(fault.to_string());
            }
            _ => {}
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.settle(Verdict::Nothing, None);
    }
}

/// What a fault says about the plugin and its partner. A refusal shows that both work.
fn verdict(kind: FaultKind, wait: Duration) -> Verdict {
    match kind {
        FaultKind::TimedOut if wait < Duration::from_millis(FAIR_WAIT_MS) => Verdict::Nothing,
        FaultKind::Unavailable
        | FaultKind::TimedOut
        | FaultKind::Crashed
        | FaultKind::Garbled
        | FaultKind::Internal
        | FaultKind::Unknown => Verdict::Fails,
        FaultKind::Invalid
        | FaultKind::NotFound
        | FaultKind::SoldOut
        | FaultKind::Refused
        | FaultKind::Unauthenticated
        | FaultKind::Unsupported => Verdict::Works,
        FaultKind::RateLimited | FaultKind::Busy => Verdict::Nothing,
    }
}

const fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Invalid => "invalid",
        FaultKind::NotFound => "not_found",
        FaultKind::SoldOut => "sold_out",
        FaultKind::Refused => "refused",
        FaultKind::Unauthenticated => "unauthenticated",
        FaultKind::RateLimited => "rate_limited",
        FaultKind::Unavailable => "unavailable",
        FaultKind::TimedOut => "timed_out",
        FaultKind::Crashed => "crashed",
        FaultKind::Unsupported => "unsupported",
        FaultKind::Busy => "busy",
        FaultKind::Garbled => "garbled",
        FaultKind::Internal => "internal",
        FaultKind::Unknown => "unknown",
    }
}
