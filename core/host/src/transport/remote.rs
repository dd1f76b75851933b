//! An instance on the other side of a line as the contract's trait: calls become numbered messages, answers find their
//! way back by number.

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
use super::line::Line;
use super::seats::Seat;
use crate::limits::CLOSE_TIMEOUT_MS;
use crate::locked;
use crate::pulse::{Heart, Threads};

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
        let (instance, opened) = self.open_remote(request, services, None).await?;
        Ok((instance, opened))
    }
}

impl LibraryPlugin {
    /// Opens an instance, which tells whether its threads run, too. The first opening starts them: as many as `workers`
    /// says, or as the library likes.
    pub(crate) async fn open_remote(
        &self,
        request: OpenRequest,
        services: Arc<dyn Services>,
        workers: Option<usize>,
    ) -> Result<(Arc<RemoteInstance>, Opened), Fault> {
        let message = OpenMessage { request, workers };
        open(Arc::new(LibraryLine(self.table)), self.manifest.id.as_str(), &message, services).await
    }
}

/// A library's table. It copies a message within the call that passes it.
struct LibraryLine(PluginTable);

#[async_trait]
impl Line for LibraryLine {
    fn open(&self, instance: u64, bytes: &[u8]) -> i32 {
        (self.0.open)(std::ptr::from_ref(&HOST), instance, bytes.as_ptr(), bytes.len())
    }

    fn submit(&self, instance: u64, call: u64, bytes: &[u8]) -> i32 {
        (self.0.submit)(instance, call, bytes.as_ptr(), bytes.len())
    }

    fn cancel(&self, instance: u64, call: u64) {
        (self.0.cancel)(instance, call);
    }

    async fn deliver(&self, instance: u64, service_call: u64, bytes: Vec<u8>) {
        (self.0.deliver)(instance, service_call, bytes.as_ptr(), bytes.len());
    }

    fn close(&self, instance: u64) {
        (self.0.close)(instance);
    }
}

/// Opens an instance over a line.
pub(super) async fn open(
    line: Arc<dyn Line>,
    label: &str,
    message: &OpenMessage,
    services: Arc<dyn Services>,
) -> Result<(Arc<RemoteInstance>, Opened), Fault> {
    let bytes = written(message)?;
    let (seat, opened, closed) = Seat::take(label, Handle::current(), Arc::clone(&line), services);
    let instance = RemoteInstance { line, seat, closed: Mutex::new(Some(closed)) };
    taken(instance.line.open(instance.seat.number, &bytes), "the opening", false)?;
    let opened =
        opened.await.map_err(|_| Fault::not_done(FaultKind::Crashed, "the plugin stopped while opening"))??;
    Ok((Arc::new(instance), opened))
}

/// An instance on the other side of a line. Dropping it closes it there.
pub(crate) struct RemoteInstance {
    line: Arc<dyn Line>,
    seat: Arc<Seat>,
    closed: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Heart for RemoteInstance {
    fn beat(&self, now: Timestamp) {
        let call = self.seat.number_of_a_call();
        if !self.seat.pulse.send(call, now) {
            return;
        }
        match self.line.submit(self.seat.number, call, &[]) {
            ACCEPTED => {}
            REFUSED => self.seat.pulse.refused(),
            // Busy or closed: it says nothing about the threads.
            _ => {
                self.seat.pulse.answered(call);
            }
        }
    }

    fn threads(&self, now: Timestamp) -> Threads {
        self.seat.pulse.threads(now)
    }
}

impl RemoteInstance {
    fn leave(&self) {
        Seat::leave(self.seat.number);
        self.line.left(self.seat.number);
    }
}

#[async_trait]
impl Instance for RemoteInstance {
    async fn call(
        &self,
        context: CallContext,
        request: Request,
        services: Arc<dyn Services>,
    ) -> Result<Response, Fault> {
        let has_effect = request.has_effect();
        let bytes = written(&CallMessage { context, request })?;
        let Some((call, answered)) = self.seat.begin(services) else {
            return Err(Fault::not_done(FaultKind::Unavailable, "the plugin's instance is closed"));
        };
        let _stop = Stop { instance: self, call };
        let code = self.line.submit(self.seat.number, call, &bytes);
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
        self.line.close(self.seat.number);
        if let Some(closed) = closed {
            let _ = tokio::time::timeout(Duration::from_millis(CLOSE_TIMEOUT_MS), closed).await;
        }
        self.leave();
    }
}

impl Drop for RemoteInstance {
    fn drop(&mut self) {
        if locked(&self.closed).take().is_some() {
            self.line.close(self.seat.number);
        }
        self.leave();
    }
}

/// Tells the plugin to stop when the host waits no more.
struct Stop<'a> {
    instance: &'a RemoteInstance,
    call: u64,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if self.instance.seat.forget(self.call) {
            self.instance.line.cancel(self.instance.seat.number, self.call);
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

/// What the other side says to a message that was handed to it.
fn taken(code: i32, what: &str, has_effect: bool) -> Result<(), Fault> {
    let (kind, text) = match code {
        ACCEPTED => return Ok(()),
        BUSY => (FaultKind::Busy, "too much is under way in the plugin"),
        CLOSED => (FaultKind::Unavailable, "the plugin's instance is closed"),
        REFUSED => (FaultKind::Invalid, "the plugin cannot read the message"),
        CRASHED => (FaultKind::Crashed, "the plugin's code failed before it took the message"),
        _ if has_effect => {
            return Err(Fault::garbled(format!("the plugin answers {what} with the unknown code {code}")));
        }
        _ => (FaultKind::Garbled, "the plugin answers with an unknown code"),
    };
    Err(Fault::not_done(kind, format!("{what}: {text}")))
}
