//! Three suppliers. One can be asked what became of a booking, one takes every call twice without a second effect, one
//! can do neither. Each keeps its own truth, whatever it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::capability::{Calls, CancelAbility, Capabilities, SupplierCapabilities};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::manifest::{Manifest, PluginKind};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_contract::supplier::{
    Booking, Cancellation, Memo, SupplierOrder, SupplierRequest, SupplierResponse, Wait,
};
use tokio::time::Instant;

use super::manifest;
use crate::house::id;
use crate::seat::Seat;

/// Which of the suppliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SupplierKind {
    /// Tells what became of a booking; booking twice books twice.
    Asked,
    /// Cannot be asked; whatever is repeated under one key has one effect.
    Repeatable,
    /// Neither: what became of a lost call, only a person can find out.
    Blind,
}

impl SupplierKind {
    const fn plugin(self) -> &'static str {
        match self {
            Self::Asked => "sim-asked",
            Self::Repeatable => "sim-repeatable",
            Self::Blind => "sim-blind",
        }
    }
}

/// What a supplier knows of one order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    /// How often it was booked.
    pub(crate) bookings: u32,
    /// Units of each booking.
    pub(crate) units: u16,
    /// It took the booking and says later what becomes of it.
    pending_until: Option<Instant>,
    /// It said no.
    pub(crate) refused: bool,
    /// Units given back.
    pub(crate) cancelled: BTreeSet<u16>,
    /// Cancellations by key: the same key has one effect.
    keys: BTreeSet<String>,
    /// Cancellations under audit, until when.
    audits: BTreeMap<String, Instant>,
}

impl Truth {
    /// Whether a guest could walk in with it.
    pub(crate) fn booked(&self) -> bool {
        self.bookings > 0 && !self.refused
    }
}

impl Truth {
    /// Whether some unit of it would still be let in.
    pub(crate) fn good(&self) -> bool {
        self.booked() && self.cancelled.len() < usize::from(self.units)
    }
}

/// What the suppliers know.
#[derive(Debug, Default)]
pub(crate) struct Suppliers(Mutex<BTreeMap<String, Truth>>);

impl Suppliers {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Truth>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn truth(&self, order: &str) -> Option<Truth> {
        self.lock().get(order).cloned()
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Truth> {
        self.lock().clone()
    }
}

pub(crate) struct SupplierPlugin {
    pub(crate) kind: SupplierKind,
    pub(crate) seat: Seat,
}

#[async_trait]
impl Plugin for SupplierPlugin {
    fn manifest(&self) -> Manifest {
        let calls = match self.kind {
            SupplierKind::Asked => Calls::book().inquire(0).cancel(CancelAbility::parts().inquire()),
            SupplierKind::Repeatable => Calls::book().repeatable().cancel(CancelAbility::whole().repeatable()),
            SupplierKind::Blind => Calls::book().cancel(CancelAbility::parts()),
        };
        let supplier = SupplierCapabilities::from(calls).own_gate();
        let capabilities = Capabilities { channel: None, supplier: Some(supplier) };
        manifest(self.kind.plugin(), PluginKind::Supplier, capabilities, Vec::new())
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        Ok((Arc::new(OpenSupplier { kind: self.kind, seat: self.seat.clone() }), Opened::default()))
    }
}

struct OpenSupplier {
    kind: SupplierKind,
    seat: Seat,
}

/// The way of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It comes through and is answered.
    Well,
    /// Nobody is there: certainly without effect.
    Away,
    /// Lost on its way: without effect, and nobody can know.
    LostBefore,
    /// The effect is there, the answer is lost.
    LostAfter,
    /// The effect is there, the answer comes when nobody waits any more.
    TooLate,
    /// A certain no.
    No,
    /// Taken; what becomes of it is said later.
    Later,
    /// The effect is there; the answer makes no sense.
    Nonsense,
}

const WAYS: [Way; 9] = [
    Way::Away,
    Way::LostBefore,
    Way::LostAfter,
    Way::LostAfter,
    Way::TooLate,
    Way::No,
    Way::Later,
    Way::Later,
    Way::Nonsense,
];

/// How long an answer takes that comes too late, in milliseconds.
const TOO_LATE_MS: u64 = 40_000;

#[async_trait]
impl Instance for OpenSupplier {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        let name = request.name();
        let Request::Supplier(request) = request else { return Err(Fault::unsupported("channel")) };
        self.seat.step(name).await;
        let world = self.seat.world();
        let way = if world.partner_fails() { world.chance(|chance| chance.one_of(&WAYS)) } else { Way::Well };
        world.note(format_args!("node {} calls {:?}: {name}: {way:?}", self.seat.node, self.kind));
        match way {
            Way::Away => return Err(Fault::not_done(FaultKind::Unavailable, "away")),
            Way::LostBefore => return Err(Fault::unknown(FaultKind::TimedOut, "lost on its way")),
            _ => {}
        }
        let response = match request {
            SupplierRequest::Book { order } => SupplierResponse::Booking(self.book(&order, way)),
            SupplierRequest::Inquire { order, .. } => SupplierResponse::Booking(self.inquire(&order)),
            SupplierRequest::Cancel { order, units, key } => {
                SupplierResponse::Cancellation(self.cancel(&order, &units, &key, way))
            }
            SupplierRequest::InquireCancel { order, units, key, .. } => {
                SupplierResponse::Cancellation(self.inquire_cancel(&order, &units, &key))
            }
            other => return Err(Fault::unsupported(Request::Supplier(other).name())),
        };
        if way == Way::TooLate {
            tokio::time::sleep(Duration::from_millis(TOO_LATE_MS)).await;
        }
        // Between the effect and its answer the caller may crash, too.
        self.seat.step("answer of a supplier").await;
        match way {
            Way::LostAfter => Err(Fault::unknown(FaultKind::TimedOut, "the answer was lost")),
            Way::Nonsense => Err(Fault::garbled("nobody can read this")),
            _ => Ok(Response::Supplier(response)),
        }
    }

    async fn close(&self) {}
}

fn no(text: &str) -> Refusal {
    Refusal::new(Reason::SupplierRefused, text)
}

impl OpenSupplier {
    /// Credentials of the last booking: each booking makes tickets of its own.
    fn issued(order: &SupplierOrder, truth: &Truth) -> Booking {
        let unit = |number| UnitCredentials {
            unit: number,
            credentials: vec![Credential {
                kind: CredentialKind::QrCode,
                value: format!("{}/{number}/{}", order.order, truth.bookings),
                document_kind: None,
            }],
        };
        Booking::Issued {
            reference: Some(id(&format!("S-{}-{}", order.order, truth.bookings))),
            units: (1..=order.count()).map(unit).collect(),
        }
    }

    fn book(&self, order: &SupplierOrder, way: Way) -> Booking {
        let delay = self.seat.world().chance(|chance| chance.between(500, 20_000));
        let mut all = self.seat.world().suppliers.lock();
        let truth = all.entry(order.order.to_string()).or_default();
        let repeated = self.kind == SupplierKind::Repeatable && (truth.bookings > 0 || truth.refused);
        if !repeated {
            if way == Way::No {
                truth.refused = truth.bookings == 0;
                return Booking::Refused(no("full"));
            }
            truth.bookings += 1;
            truth.refused = false;
            truth.units = order.count();
            truth.pending_until = (way == Way::Later).then(|| Instant::now() + Duration::from_millis(delay));
        }
        Self::standing(order, truth)
    }

    /// What became of an order.
    fn standing(order: &SupplierOrder, truth: &Truth) -> Booking {
        if truth.refused {
            return Booking::Refused(no("full"));
        }
        match truth.pending_until {
            Some(until) if until > Instant::now() => Booking::Pending {
                reference: Some(id(&format!("S-{}-{}", order.order, truth.bookings))),
                wait: Wait::ms(2_000),
            },
            _ => Self::issued(order, truth),
        }
    }

    fn inquire(&self, order: &SupplierOrder) -> Booking {
        let all = self.seat.world().suppliers.lock();
        match all.get(order.order.as_str()) {
            None => Booking::NotFound,
            Some(truth) if truth.bookings == 0 => Booking::Refused(no("full")),
            Some(truth) if truth.cancelled.len() == usize::from(truth.units) => Booking::Cancelled,
            Some(truth) => Self::standing(order, truth),
        }
    }

    fn cancel(&self, order: &SupplierOrder, units: &[u16], key: &str, way: Way) -> Cancellation {
        let delay = self.seat.world().chance(|chance| chance.between(500, 20_000));
        let mut all = self.seat.world().suppliers.lock();
        let Some(truth) = all.get_mut(order.order.as_str()).filter(|truth| truth.booked()) else {
            return Cancellation::Refused(no("there is no such order"));
        };
        if truth.keys.contains(key) && self.kind != SupplierKind::Blind {
            return Cancellation::Done { fee: None };
        }
        if way == Way::No {
            return Cancellation::Refused(no("not any more"));
        }
        if way == Way::Later && self.kind != SupplierKind::Blind {
            truth.audits.entry(key.to_owned()).or_insert_with(|| Instant::now() + Duration::from_millis(delay));
        }
        if truth.audits.get(key).is_some_and(|until| *until > Instant::now()) {
            return Cancellation::Waiting(Wait::ms(2_000).with_memo(Memo::new(key)));
        }
        Self::take_back(truth, units, key)
    }

    /// How a cancellation stands.
    fn inquire_cancel(&self, order: &SupplierOrder, units: &[u16], key: &str) -> Cancellation {
        let mut all = self.seat.world().suppliers.lock();
        match all.get_mut(order.order.as_str()) {
            Some(truth) if truth.keys.contains(key) => Cancellation::Done { fee: None },
            Some(truth) => match truth.audits.get(key) {
                Some(until) if *until > Instant::now() => Cancellation::Waiting(Wait::ms(2_000)),
                Some(_) => Self::take_back(truth, units, key),
                None => Cancellation::NotAsked,
            },
            None => Cancellation::NotAsked,
        }
    }

    fn take_back(truth: &mut Truth, units: &[u16], key: &str) -> Cancellation {
        if units.iter().any(|unit| truth.cancelled.contains(unit)) {
            return Cancellation::Refused(no("some of it was given back before"));
        }
        truth.keys.insert(key.to_owned());
        truth.cancelled.extend(units);
        Cancellation::Done { fee: None }
    }
}
