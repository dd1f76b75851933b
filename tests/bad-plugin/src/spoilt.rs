//! A plugin without a defect, spoilt in one place: what it is asked, what it answers, what goes out of it, what comes
//! in. Each [`Defect`] has a name and the one check of the conformance suite that has to see it.
//!
//! - [`defects`]: all of them, by what the checks are about.
//! - [`services`]: the host, as a spoilt plugin sees it.

pub mod defects;
pub mod services;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entrepot_sdk::async_trait;
use entrepot_sdk::contract::fault::{Fault, FaultKind};
use entrepot_sdk::contract::manifest::Manifest;
use entrepot_sdk::contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_sdk::contract::plugin::{Instance, Plugin};
use entrepot_sdk::contract::services::{HttpRequest, HttpResponse, Services};

use crate::reference::channel::ReferenceChannel;
use crate::reference::pool::ReferencePool;
use crate::reference::supplier::ReferenceSupplier;
use services::SpoiltServices;

/// A call's answer.
pub type Answer = Result<Response, Fault>;
/// The partner's answer.
pub type Received = Result<HttpResponse, Fault>;

/// What is wrong with a plugin, and the check that sees it.
#[derive(Debug, Clone, Copy)]
pub struct Defect {
    /// Its name.
    pub name: &'static str,
    /// The check that fails.
    pub check: &'static str,
    /// What is spoilt.
    pub spoils: Spoils,
}

/// A table of defects: `name breaks check: what is spoilt(how);`.
macro_rules! defect_table {
    ($($name:ident breaks $check:ident: $spoils:ident $(($how:expr))?;)*) => {
        &[$($crate::spoilt::Defect {
            name: stringify!($name),
            check: stringify!($check),
            spoils: $crate::spoilt::Spoils::$spoils $(($how))?,
        }),*]
    };
}
pub(crate) use defect_table;

/// What a defect spoils.
#[derive(Debug, Clone, Copy)]
pub enum Spoils {
    /// What the card says. The number tells how often it was read before.
    Card(fn(&mut Manifest, usize)),
    /// What it is opened with, before it sees it.
    Opening(fn(&mut OpenRequest)),
    /// What opening told the host. The number tells how often it was opened before.
    Opened(fn(&mut Opened, usize)),
    /// Why it did not open.
    OpenFault(fn(&OpenRequest, &mut Fault)),
    /// What it does while it opens.
    WhileOpening(Deed),
    /// Not more than so many instances open.
    Opens(usize),
    /// What it is asked, before it sees it.
    Asked(fn(&mut CallContext, &mut Request, &Place)),
    /// It answers by itself, without looking further.
    Instead(fn(&Request, &Place) -> Option<Answer>),
    /// What it answers.
    Answered(fn(&Request, &mut Answer, &Place)),
    /// What it does before each call.
    BesideCalls(Deed),
    /// What it asks of itself after a call.
    AsksToo(fn(&Request) -> Option<Request>),
    /// It logs what it answers.
    LogsAnswers,
    /// What goes out to the partner.
    Sent(fn(&mut HttpRequest, &Notes)),
    /// What comes back from the partner.
    Received(fn(&HttpRequest, &mut Received)),
    /// It calls the partner so often where it should call once.
    SentTimes(usize),
    /// The secrets of the first instance are every other's, too.
    SharesSecrets,
    /// A close closes nothing.
    StaysOpen,
    /// A second close panics.
    ClosesOnce,
    /// A close closes all instances, also those that are opened later.
    ClosesAll,
    /// Calls at work end unanswered when it is closed.
    Cuts,
    /// A call that is dropped never gives its place back, and there is one.
    LosesPlaces,
}

/// Something that a plugin does on its own.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// Logs its first secret.
    LogsSecret,
    /// Logs what it was asked, as JSON.
    LogsRequest,
    /// Calls the partner.
    CallsPartner,
    /// Asks for a secret that its card does not name.
    AsksForStranger,
}

/// Which instance it is, and what all of them remember.
#[derive(Debug)]
pub struct Place<'a> {
    /// Counted from 0.
    pub instance: usize,
    /// What all instances remember.
    pub notes: &'a Notes,
}

/// What a spoilt plugin remembers, in all of its instances.
#[derive(Debug, Default)]
pub struct Notes(Mutex<BTreeMap<String, String>>);

impl Notes {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands under a name; what is given here when nothing does.
    pub fn first(&self, name: &str, text: impl Into<String>) -> String {
        self.all().entry(name.to_owned()).or_insert_with(|| text.into()).clone()
    }

    /// How often it was asked for under that name before.
    pub fn count(&self, name: &str) -> usize {
        let mut all = self.all();
        let text = all.entry(name.to_owned()).or_insert_with(|| "0".to_owned());
        let before = text.parse().unwrap_or(0);
        *text = (before + 1).to_string();
        before
    }
}

/// The reference supplier, with a defect or without.
#[must_use]
pub fn supplier(defect: Option<Defect>) -> Arc<dyn Plugin> {
    Spoilt::around(entrepot_sdk::plugin_of_supplier::<ReferenceSupplier>(), defect)
}

/// The reference pool, with a defect or without.
#[must_use]
pub fn pool(defect: Option<Defect>) -> Arc<dyn Plugin> {
    Spoilt::around(entrepot_sdk::plugin_of_supplier::<ReferencePool>(), defect)
}

/// The reference channel, with a defect or without.
#[must_use]
pub fn channel(defect: Option<Defect>) -> Arc<dyn Plugin> {
    Spoilt::around(entrepot_sdk::plugin_of_channel::<ReferenceChannel>(), defect)
}

struct Spoilt {
    plugin: Arc<dyn Plugin>,
    shared: Arc<Shared>,
}

/// What all instances of one spoilt plugin share; a plugin without a defect uses nothing of it.
#[derive(Default)]
struct Shared {
    spoils: Option<Spoils>,
    notes: Notes,
    read: AtomicUsize,
    opened: AtomicUsize,
    closed: AtomicBool,
    at_work: AtomicUsize,
    /// The name of its first secret.
    secret: Option<String>,
    /// The host of the first instance.
    first: Mutex<Option<Arc<dyn Services>>>,
}

impl Spoilt {
    fn around(plugin: Arc<dyn Plugin>, defect: Option<Defect>) -> Arc<dyn Plugin> {
        let (spoils, secret) = (defect.map(|defect| defect.spoils), plugin.manifest().secrets.first().cloned());
        Arc::new(Self { plugin, shared: Arc::new(Shared { spoils, secret, ..Shared::default() }) })
    }
}

#[async_trait]
impl Plugin for Spoilt {
    fn manifest(&self) -> Manifest {
        let mut manifest = self.plugin.manifest();
        let read = self.shared.read.fetch_add(1, Ordering::AcqRel);
        if let Some(Spoils::Card(spoil)) = self.shared.spoils {
            spoil(&mut manifest, read);
        }
        manifest
    }

    async fn open(
        &self,
        mut request: OpenRequest,
        services: Arc<dyn Services>,
    ) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let before = self.shared.opened.fetch_add(1, Ordering::AcqRel);
        let asked = request.clone();
        match self.shared.spoils {
            Some(Spoils::Opening(spoil)) => spoil(&mut request),
            Some(Spoils::WhileOpening(deed)) => self.shared.does(deed, &services, String::new).await,
            Some(Spoils::Opens(most)) if before >= most => return Err(Fault::invalid("there are enough of us")),
            _ => {}
        }
        match self.plugin.open(request, self.shared.services(services)).await {
            Ok((instance, mut opened)) => {
                if let Some(Spoils::Opened(spoil)) = self.shared.spoils {
                    spoil(&mut opened, before);
                }
                let (shared, closes) = (Arc::clone(&self.shared), AtomicUsize::new(0));
                Ok((Arc::new(SpoiltInstance { instance, shared, closes, number: before }), opened))
            }
            Err(mut fault) => {
                if let Some(Spoils::OpenFault(spoil)) = self.shared.spoils {
                    spoil(&asked, &mut fault);
                }
                Err(fault)
            }
        }
    }
}

struct SpoiltInstance {
    instance: Arc<dyn Instance>,
    shared: Arc<Shared>,
    closes: AtomicUsize,
    number: usize,
}

#[async_trait]
impl Instance for SpoiltInstance {
    async fn call(&self, mut context: CallContext, mut request: Request, services: Arc<dyn Services>) -> Answer {
        let place = Place { instance: self.number, notes: &self.shared.notes };
        let asked = request.clone();
        match self.shared.spoils {
            Some(Spoils::Asked(spoil)) => spoil(&mut context, &mut request, &place),
            Some(Spoils::Instead(answer)) => {
                if let Some(answer) = answer(&request, &place) {
                    return answer;
                }
            }
            Some(Spoils::BesideCalls(deed)) => {
                self.shared.does(deed, &services, || serde_json::to_string(&asked).unwrap_or_default()).await;
            }
            Some(Spoils::ClosesAll) if self.shared.closed.load(Ordering::Acquire) => {
                return Err(Fault::not_done(FaultKind::Unavailable, "the instance is closed"));
            }
            Some(Spoils::LosesPlaces) if self.shared.at_work.fetch_add(1, Ordering::AcqRel) > 0 => {
                return Err(Fault::not_done(FaultKind::Busy, "no place is left"));
            }
            _ => {}
        }
        let mut answer = self.inner(context.clone(), request, &services).await;
        match self.shared.spoils {
            Some(Spoils::Answered(spoil)) => spoil(&asked, &mut answer, &place),
            Some(Spoils::AsksToo(more)) => {
                if let Some(more) = more(&asked) {
                    // What comes of it shows at the partner.
                    let _ = self.inner(context, more, &services).await;
                }
            }
            Some(Spoils::LogsAnswers) => services.log(
                entrepot_sdk::contract::services::LogLevel::Info,
                &serde_json::to_string(&answer).unwrap_or_default(),
            ),
            Some(Spoils::Cuts) if self.closes.load(Ordering::Acquire) > 0 => {
                return Err(Fault::unknown(FaultKind::Unavailable, "the instance was closed"));
            }
            Some(Spoils::LosesPlaces) => {
                self.shared.at_work.fetch_sub(1, Ordering::AcqRel);
            }
            _ => {}
        }
        answer
    }

    async fn close(&self) {
        let before = self.closes.fetch_add(1, Ordering::AcqRel);
        match self.shared.spoils {
            Some(Spoils::StaysOpen) => return,
            Some(Spoils::ClosesOnce) => assert_eq!(before, 0, "closed before"),
            Some(Spoils::ClosesAll) => self.shared.closed.store(true, Ordering::Release),
            _ => {}
        }
        self.instance.close().await;
    }
}

impl SpoiltInstance {
    async fn inner(&self, context: CallContext, request: Request, services: &Arc<dyn Services>) -> Answer {
        self.instance.call(context, request, self.shared.services(Arc::clone(services))).await
    }
}

impl Shared {
    fn services(self: &Arc<Self>, services: Arc<dyn Services>) -> Arc<dyn Services> {
        Arc::new(SpoiltServices { services, shared: Arc::clone(self) })
    }
}
