//! The numbers under which plugins elsewhere know their instances and calls. One table for this program, because the C
//! table's callbacks carry a number and nothing else. Numbers are never used twice, so a late reply finds nobody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use entrepot_contract::abi::{CallReply, LogLine, MESSAGE_LIMIT_BYTES, OpenReply, ServiceCall, ServiceReply};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::services::Services;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::direct;
use super::line::Line;
use crate::locked;
use crate::pulse::Pulse;

/// Service requests of one instance under way at once.
const REQUESTS_LIMIT: usize = 1_024;

static SEATS: Mutex<BTreeMap<u64, Arc<Seat>>> = Mutex::new(BTreeMap::new());
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// One instance of a plugin elsewhere.
pub(super) struct Seat {
    pub(super) number: u64,
    label: Arc<str>,
    runtime: Handle,
    line: Arc<dyn Line>,
    opening: Mutex<Option<oneshot::Sender<OpenReply>>>,
    /// Services of the opening; they stay for what the instance does outside of calls.
    services: Arc<dyn Services>,
    /// None once the instance has stopped.
    calls: Mutex<Option<BTreeMap<u64, Pending>>>,
    next_call: AtomicU64,
    requests: Arc<Semaphore>,
    pub(super) pulse: Pulse,
    closed: Mutex<Option<oneshot::Sender<()>>>,
}

struct Pending {
    answer: oneshot::Sender<CallReply>,
    services: Arc<dyn Services>,
}

impl Seat {
    /// Takes a number. The receivers give the answer to the opening, and the word that the instance has stopped.
    pub(super) fn take(
        label: &str,
        runtime: Handle,
        line: Arc<dyn Line>,
        services: Arc<dyn Services>,
    ) -> (Arc<Self>, oneshot::Receiver<OpenReply>, oneshot::Receiver<()>) {
        let (opening, opened) = oneshot::channel();
        let (closing, closed) = oneshot::channel();
        let seat = Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            label: Arc::from(label),
            runtime,
            line,
            opening: Mutex::new(Some(opening)),
            services,
            calls: Mutex::new(Some(BTreeMap::new())),
            next_call: AtomicU64::new(1),
            requests: Arc::new(Semaphore::new(REQUESTS_LIMIT)),
            pulse: Pulse::default(),
            closed: Mutex::new(Some(closing)),
        });
        locked(&SEATS).insert(seat.number, Arc::clone(&seat));
        (seat, opened, closed)
    }

    /// Gives the number back. Calls that still wait learn that nobody will answer.
    pub(super) fn leave(number: u64) {
        let Some(seat) = locked(&SEATS).remove(&number) else {
            return;
        };
        let waiting = locked(&seat.calls).take();
        drop(waiting);
        drop(locked(&seat.opening).take());
        if let Some(closed) = locked(&seat.closed).take() {
            let _ = closed.send(());
        }
    }

    /// Takes a number for a call; none once the instance has stopped.
    pub(super) fn begin(&self, services: Arc<dyn Services>) -> Option<(u64, oneshot::Receiver<CallReply>)> {
        let call = self.number_of_a_call();
        let (answer, answered) = oneshot::channel();
        let pending = Pending { answer, services };
        locked(&self.calls).as_mut()?.insert(call, pending);
        Some((call, answered))
    }

    /// A number that no call had before.
    pub(super) fn number_of_a_call(&self) -> u64 {
        self.next_call.fetch_add(1, Ordering::Relaxed)
    }

    /// Forgets a call; whether it still waited.
    pub(super) fn forget(&self, call: u64) -> bool {
        self.take_call(call).is_some()
    }

    fn take_call(&self, call: u64) -> Option<Pending> {
        locked(&self.calls).as_mut()?.remove(&call)
    }

    fn services_of(&self, call: u64) -> Option<Arc<dyn Services>> {
        if call == 0 {
            return Some(Arc::clone(&self.services));
        }
        let calls = locked(&self.calls);
        let pending = calls.as_ref()?.get(&call)?;
        Some(Arc::clone(&pending.services))
    }

    fn dropped(&self) {
        metrics::counter!("entrepot_plugin_replies_dropped_total", "plugin" => Arc::clone(&self.label)).increment(1);
    }

    async fn serve(&self, service_call: u64, bytes: Option<Vec<u8>>) {
        let reply = match self.asked(bytes) {
            Ok((services, request)) => {
                let future = direct::contained(async move { services.request(request).await });
                future.await.unwrap_or_else(|panic| {
                    let text = direct::panic_text(panic);
                    tracing::error!(plugin = &*self.label, text, "a host service failed");
                    Err(Fault::unknown(FaultKind::Internal, "the host's service failed"))
                })
            }
            Err(fault) => Err(fault),
        };
        self.answer(service_call, &reply).await;
    }

    fn asked(
        &self,
        bytes: Option<Vec<u8>>,
    ) -> Result<(Arc<dyn Services>, entrepot_contract::services::ServiceRequest), Fault> {
        let bytes = bytes.ok_or_else(|| Fault::invalid("the service request is longer than a message may be"))?;
        let asked: ServiceCall = serde_json::from_slice(&bytes)
            .map_err(|error| Fault::invalid(format!("the service request cannot be read: {error}")))?;
        let services = self
            .services_of(asked.call)
            .ok_or_else(|| Fault::invalid("the call on whose behalf this is asked is over"))?;
        Ok((services, asked.request))
    }

    async fn answer(&self, service_call: u64, reply: &ServiceReply) {
        let bytes = match serde_json::to_vec(reply) {
            Ok(bytes) if bytes.len() <= MESSAGE_LIMIT_BYTES => bytes,
            Ok(_) => too_long(),
            Err(error) => {
                tracing::error!(plugin = &*self.label, %error, "a service answer cannot be written");
                too_long()
            }
        };
        self.line.deliver(self.number, service_call, bytes).await;
    }
}

fn too_many() -> ServiceReply {
    Err(Fault::not_done(FaultKind::Busy, "too many service requests of this instance are under way"))
}

/// The refusal for one more service request of an instance that has as many under way as it may; otherwise nothing.
pub(super) fn refused_request(instance: u64) -> Option<Vec<u8>> {
    let full = find(instance)?.requests.available_permits() == 0;
    full.then(|| serde_json::to_vec(&too_many()).unwrap_or_default())
}

/// Calls of an instance that wait for an answer.
pub(super) fn under_way(instance: u64) -> usize {
    find(instance).map_or(0, |seat| locked(&seat.calls).as_ref().map_or(0, BTreeMap::len))
}

fn too_long() -> Vec<u8> {
    let fault = ServiceReply::Err(Fault::garbled("the answer does not fit into a message"));
    serde_json::to_vec(&fault).unwrap_or_default()
}

fn find(instance: u64) -> Option<Arc<Seat>> {
    locked(&SEATS).get(&instance).cloned()
}

/// The answer to a call, to a heartbeat, or to the opening (call 0). Late, repeated and unknown ones are counted and dropped.
/// `None` stands for a message that was too long to be copied.
pub(super) fn replied(instance: u64, call: u64, bytes: Option<&[u8]>) {
    let Some(seat) = find(instance) else {
        metrics::counter!("entrepot_plugin_replies_dropped_total", "plugin" => "unknown").increment(1);
        return;
    };
    if seat.pulse.answered(call) {
        return;
    }
    let read = if call == 0 {
        locked(&seat.opening).take().map(|opening| opening.send(parsed(bytes)).is_ok())
    } else {
        let pending = seat.take_call(call);
        pending.map(|pending| pending.answer.send(parsed(bytes)).is_ok())
    };
    if read != Some(true) {
        seat.dropped();
    }
}

fn parsed<T: serde::de::DeserializeOwned>(bytes: Option<&[u8]>) -> Result<T, Fault> {
    let bytes = bytes.ok_or_else(|| Fault::garbled("the answer is longer than a message may be"))?;
    serde_json::from_slice::<Result<T, Fault>>(bytes)
        .unwrap_or_else(|error| Err(Fault::garbled(format!("the answer cannot be read: {error}"))))
}

/// A service request. Served on the host's runtime; the caller's thread never waits.
pub(super) fn requested(instance: u64, service_call: u64, bytes: Option<&[u8]>) {
    let Some(seat) = find(instance) else { return };
    let bytes = bytes.map(<[u8]>::to_vec);
    let runtime = seat.runtime.clone();
    match Arc::clone(&seat.requests).try_acquire_owned() {
        Ok(permit) => {
            runtime.spawn(async move {
                seat.serve(service_call, bytes).await;
                drop(permit);
            });
        }
        Err(_) => {
            runtime.spawn(async move { seat.answer(service_call, &too_many()).await });
        }
    }
}

/// A log line.
pub(super) fn logged(instance: u64, bytes: Option<&[u8]>) {
    let (Some(seat), Some(bytes)) = (find(instance), bytes) else {
        return;
    };
    let Ok(line) = serde_json::from_slice::<LogLine>(bytes) else {
        return;
    };
    // A line of a call that is over still belongs to the instance.
    let services = seat.services_of(line.call).unwrap_or_else(|| Arc::clone(&seat.services));
    services.log(line.level, &line.text);
}

#[cfg(test)]
mod tests {
    use entrepot_contract::services::{CacheValue, Cached, HttpResponse, ServiceResponse};

    use super::*;

    #[test]
    fn every_service_answer_survives_the_trip() {
        let http = HttpResponse { status: 200, headers: vec![("a".into(), "b".into())], body: "{}".into() };
        let answers = [
            ServiceResponse::Http(http),
            ServiceResponse::Cache { found: None },
            ServiceResponse::Cache { found: Some(Cached { value: "v".into(), stamp: 7 }) },
            ServiceResponse::Swapped { stamp: Some(7) },
            ServiceResponse::Secret(CacheValue("s".into())),
        ];
        for answer in answers {
            let reply = ServiceReply::Ok(answer);
            let bytes = serde_json::to_vec(&reply).unwrap();
            assert_eq!(serde_json::from_slice::<ServiceReply>(&bytes).unwrap(), reply);
        }
    }
}
