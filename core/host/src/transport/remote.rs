//! A plugin in a library as the contract's traits: calls become numbered messages, answers find their way back by
//! number.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::abi::{
    ACCEPTED, BUSY, CLOSED, CRASHED, CallMessage, MESSAGE_LIMIT_BYTES, OpenMessage, PluginTable, REFUSED,
};
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_contract::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::library::{HOST, LibraryPlugin};
use super::seats::Seat;
use crate::limits::CLOSE_TIMEOUT_MS;
use crate::locked;
use crate::pulse::Threads;

#[async_trait]
impl Plugin for LibraryPlugin {
    fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    async fn open(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        self.open_watched(request, services, None).await.map(|(instance, opened, _)| (instance, opened))
    }
}

impl LibraryPlugin {
    /// Opens an instance, with what tells whether its threads run. The first opening starts them: as many as `workers`
    /// says, or as the library likes.
    pub(crate) async fn open_watched(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
        workers: Option<usize>,
    ) -> Result<(Arc<dyn Instance>, Opened, Heart), Fault> {
        let bytes = written(&OpenMessage { request, workers })?;
        let table = self.table;
        let deliver = Arc::new(move |instance: u64, service_call: u64, bytes: &[u8]| {
            // The library copies within the call. An answer that it does not want any more is no fault.
            (table.deliver)(instance, service_call, bytes.as_ptr(), bytes.len());
        });
        let (seat, opened, closed) = Seat::take(self.manifest.id.as_str(), Handle::current(), deliver, services);
        let instance = LibraryInstance { table, seat, closed: Mutex::new(Some(closed)) };
        let code = (table.open)(std::ptr::from_ref(&HOST), instance.seat.number, bytes.as_ptr(), bytes.len());
        taken(code, "the opening", false)?;
        let opened =
            opened.await.map_err(|_| Fault::not_done(FaultKind::Crashed, "the library stopped while opening"))??;
        let heart = Heart { table, seat: Arc::clone(&instance.seat) };
        Ok((Arc::new(instance), opened, heart))
    }
}

/// Tells whether the threads of an instance's library run.
pub(crate) struct Heart {
    table: PluginTable,
    seat: Arc<Seat>,
}

impl Heart {
    /// Sends a heartbeat, unless one is without an answer.
    pub(crate) fn beat(&self, now: Timestamp) {
        let call = self.seat.number_of_a_call();
        if !self.seat.pulse.send(call, now) {
            return;
        }
        let empty: &[u8] = &[];
        match (self.table.submit)(self.seat.number, call, empty.as_ptr(), empty.len()) {
            ACCEPTED => {}
            REFUSED => self.seat.pulse.refused(),
            // Busy or closed: it says nothing about the threads.
            _ => {
                self.seat.pulse.answered(call);
            }
        }
    }

    /// What is known by now.
    pub(crate) fn threads(&self, now: Timestamp) -> Threads {
        self.seat.pulse.threads(now)
    }
}

/// An instance in a library. Dropping it closes it there.
struct LibraryInstance {
    table: PluginTable,
    seat: Arc<Seat>,
    closed: Mutex<Option<oneshot::Receiver<()>>>,
}

#[async_trait]
impl Instance for LibraryInstance {
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        let has_effect = request.has_effect();
        let bytes = written(&CallMessage { context, request })?;
        let Some((call, answered)) = self.seat.begin(services) else {
            return Err(Fault::not_done(FaultKind::Unavailable, "the instance in the library is closed"));
        };
        let _stop = Stop { instance: self, call };
        let code = (self.table.submit)(self.seat.number, call, bytes.as_ptr(), bytes.len());
        taken(code, "the call", has_effect).inspect_err(|_| {
            self.seat.forget(call);
        })?;
        answered.await.unwrap_or_else(|_| {
            let effect = if has_effect { Effect::Unknown } else { Effect::NotDone };
            Err(Fault {
                effect,
                ..Fault::not_done(FaultKind::Crashed, "the instance stopped while the call was under way")
            })
        })
    }

    async fn close(&self) {
        let closed = locked(&self.closed).take();
        (self.table.close)(self.seat.number);
        if let Some(closed) = closed {
            let _ = tokio::time::timeout(Duration::from_millis(CLOSE_TIMEOUT_MS), closed).await;
        }
        Seat::leave(self.seat.number);
    }
}

impl Drop for LibraryInstance {
    fn drop(&mut self) {
        if locked(&self.closed).take().is_some() {
            (self.table.close)(self.seat.number);
        }
        Seat::leave(self.seat.number);
    }
}

/// Tells the library to stop when the host waits no more.
struct Stop<'a> {
    instance: &'a LibraryInstance,
    call: u64,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if self.instance.seat.forget(self.call) {
            (self.instance.table.cancel)(self.instance.seat.number, self.call);
        }
    }
}

fn written(message: &impl serde::Serialize) -> Result<Vec<u8>, Fault> {
    let bytes = serde_json::to_vec(message)
        .map_err(|error| Fault::invalid(format!("the message cannot be written: {error}")))?;
    if bytes.len() > MESSAGE_LIMIT_BYTES {
        return Err(Fault::invalid("the message is longer than a message may be"));
    }
    Ok(bytes)
}

/// What the library says to a message that was handed to it.
fn taken(code: i32, what: &str, has_effect: bool) -> Result<(), Fault> {
    let (kind, text) = match code {
        ACCEPTED => return Ok(()),
        BUSY => (FaultKind::Busy, "too much is under way in the library"),
        CLOSED => (FaultKind::Unavailable, "the instance in the library is closed"),
        REFUSED => (FaultKind::Invalid, "the library cannot read the message"),
        CRASHED => (FaultKind::Crashed, "the library's code failed before it took the message"),
        _ if has_effect => {
            return Err(Fault::garbled(format!("the library answers {what} with the unknown code {code}")));
        }
        _ => (FaultKind::Garbled, "the library answers with an unknown code"),
    };
    Err(Fault::not_done(kind, format!("{what}: {text}")))
}
