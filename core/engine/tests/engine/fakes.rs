//! A channel whose messages are intents and outcomes as they are, and a supplier that follows a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use entrepot_contract::capability::{
    CalendarAbility, Calls, CancelAbility, Capabilities, ChannelCapabilities, HoldAbility, SupplierCapabilities,
    UsageAbility,
};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::hearing::{Heard, News};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::manifest::{LogRules, Manifest, PluginKind, Scene};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::notice::{Notice, OrderNotice, Told};
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::reading::{CalendarPage, SupplierCell};
use entrepot_contract::services::Services;
use entrepot_contract::supplier::{
    Booking, Cancellation, Holding, Memo, SupplierOrder, SupplierRequest, SupplierResponse, Usage, UsedUnits, Wait,
};
use entrepot_contract::version::CONTRACT;
use entrepot_engine::EngineSettings;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::house::House;
use crate::side::Side;

pub const SCENES: [(&str, bool); 8] = [
    ("check", false),
    ("create", false),
    ("pay", true),
    ("cancel", true),
    ("issue", false),
    ("ask", false),
    ("refunded", true),
    ("query", false),
];

pub const LIMIT_MS: u32 = 4_000;

/// A message of the fake channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    pub sign: String,
    pub account: Option<String>,
    pub order: Option<String>,
    pub product: Option<String>,
    pub intent: Intent,
}

pub fn manifest(id: &str, kind: PluginKind, capabilities: Capabilities, scenes: Vec<Scene>) -> Manifest {
    Manifest {
        id: id.parse().unwrap(),
        kind,
        family: "fake".parse().unwrap(),
        version: "1".to_owned(),
        contract: CONTRACT,
        summary: "for tests".to_owned(),
        capabilities,
        instance_settings: serde_json::json!({}),
        connection_settings: serde_json::json!({}),
        secrets: Vec::new(),
        scenes,
        rates: vec![],
        log: LogRules::default(),
        panic: "unwind".to_owned(),
    }
}

fn words(text: &str) -> RawResponse {
    RawResponse::json(serde_json::to_vec(&serde_json::json!({ "ready": text })).unwrap())
}

/// The fake channel: what it was told, and the faults that the next notices meet.
#[derive(Default)]
pub struct Shop {
    pub told: Mutex<Vec<OrderNotice>>,
    /// The calls that it said an answer to, as they were handed back to it.
    pub answered: Mutex<Vec<Intent>>,
    pub side: Side,
    pub faults: Mutex<VecDeque<Fault>>,
}

impl Shop {
    pub fn told(&self) -> Vec<&'static str> {
        self.told.lock().unwrap().iter().map(|notice| notice.event.name()).collect()
    }

    fn deliver(&self, notice: OrderNotice) -> Result<ChannelResponse, Fault> {
        if let Some(fault) = self.faults.lock().unwrap().pop_front() {
            return Err(fault);
        }
        self.told.lock().unwrap().push(notice);
        Ok(ChannelResponse::Told(Told::Done))
    }
}

pub struct ShopPlugin(pub Arc<Shop>);

#[async_trait]
impl Plugin for ShopPlugin {
    fn manifest(&self) -> Manifest {
        let notices: Vec<String> =
            ["accepted", "refused", "issued", "issue_failed", "refund_decided", "redeemed"].map(str::to_owned).into();
        let mut channel = ChannelCapabilities {
            repeatable_notices: notices.iter().filter(|name| *name != "redeemed").cloned().collect(),
            notices,
            redeem_units: true,
            refund_units: true,
            ..ChannelCapabilities::default()
        };
        self.0.side.declare(&mut channel);
        let scenes = SCENES
            .iter()
            .map(|(name, fact)| Scene {
                name: name.parse().unwrap(),
                action: (*name).to_owned(),
                method: "POST".to_owned(),
                path: (*name).to_owned(),
                limit_ms: LIMIT_MS,
                fact: *fact,
            })
            .collect();
        let capabilities = Capabilities { channel: Some(channel), supplier: None };
        manifest("fake-shop", PluginKind::Channel, capabilities, scenes)
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let answers = SCENES
            .iter()
            .map(|(name, fact)| ReadyAnswers {
                scene: name.parse().unwrap(),
                busy: words("busy"),
                timed_out: words("timed out"),
                refused: words("refused"),
                unplaced: words("unplaced"),
                stored: fact.then(|| words("stored")),
                malformed: words("malformed"),
            })
            .collect();
        Ok((Arc::new(OpenShop(self.0.clone())), Opened { answers }))
    }
}

struct OpenShop(Arc<Shop>);

fn read(raw: &RawRequest) -> Result<Message, Fault> {
    serde_json::from_slice(&raw.body).map_err(|error| Fault::invalid(error.to_string()))
}

#[async_trait]
impl Instance for OpenShop {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        let Request::Channel(request) = request else { return Err(Fault::unsupported("supplier")) };
        let response = match request {
            ChannelRequest::Locate { raw } => {
                let message = read(&raw)?;
                if message.sign != "good" {
                    return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
                }
                ChannelResponse::Located(Located {
                    account: message.account,
                    order: message.order.map(|order| order.parse().unwrap()),
                    names: ListingNames { product: message.product, ..ListingNames::default() },
                    ..Located::default()
                })
            }
            ChannelRequest::Decode { raw } => ChannelResponse::Decoded { intent: Box::new(read(&raw)?.intent) },
            ChannelRequest::Encode { outcome, intent, .. } => {
                self.0.answered.lock().unwrap().push(*intent);
                ChannelResponse::Encoded { raw: RawResponse::json(serde_json::to_vec(&outcome).unwrap()) }
            }
            ChannelRequest::Deliver { notice } => match *notice {
                Notice::Order(notice) => self.0.deliver(notice)?,
                other => self.0.side.deliver(other).await?,
            },
            ChannelRequest::Look { what } => self.0.side.look(*what)?,
            ChannelRequest::Unknown => return Err(Fault::unsupported("unknown")),
        };
        Ok(Response::Channel(response))
    }

    async fn close(&self) {}
}

/// What the supplier does with a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book {
    Issue,
    /// Takes it; the first inquiry finds it issued.
    Later {
        ask_after_ms: u64,
    },
    Refuse,
    /// Books, but the answer is lost.
    LostAfter,
    /// The call is lost on its way.
    LostBefore,
    /// Cannot be reached: certainly not booked.
    Away,
    /// Books once the test lets it.
    Held,
}

/// A cancellation as it arrived: order, units, and what it was reminded of.
type Cancelled = (SupplierOrder, Vec<u16>, Option<Memo>);

/// The fake supplier.
#[derive(Default)]
pub struct Gate {
    /// What the next bookings meet; after that it issues.
    pub script: Mutex<VecDeque<Book>>,
    /// What the next cancellations meet; after that it gives back.
    pub cancels: Mutex<VecDeque<Cancellation>>,
    /// What the next inquiries meet; after that it tells the truth.
    pub inquiries: Mutex<VecDeque<Fault>>,
    /// What the next questions about cancellations meet; after that it gave back.
    pub audits: Mutex<VecDeque<Cancellation>>,
    /// The faults that the next cancellations meet.
    pub losing: Mutex<VecDeque<Fault>>,
    /// How it cancels, when not in parts and repeatable.
    pub cancel_ability: Mutex<Option<CancelAbility>>,
    /// How far its answers may lag.
    pub lag_ms: Mutex<u64>,
    /// The next inquiries find it pending, for so many milliseconds.
    pub pending: Mutex<VecDeque<u64>>,
    /// What it was asked to book.
    pub orders: Mutex<Vec<SupplierOrder>>,
    /// Inquiries that do not see yet what was booked.
    pub unseen: Mutex<u32>,
    /// The orders, units and memos it was asked to cancel, or about.
    pub cancelled: Mutex<Vec<Cancelled>>,
    pub calls: Mutex<Vec<&'static str>>,
    /// How often each order was booked.
    pub booked: Mutex<BTreeMap<String, u32>>,
    pub release: Notify,
    /// How often it may be asked about use; it declares nothing of it otherwise.
    pub poll_ms: Mutex<Option<u64>>,
    /// What was used and given back there, as it tells it.
    pub usage: Mutex<Option<Usage>>,
    /// The faults that the next questions about use meet.
    pub usage_faults: Mutex<VecDeque<Fault>>,
    /// How it keeps units; it declares nothing of it otherwise.
    pub hold: Mutex<Option<HoldAbility>>,
    /// What the next holds meet; after that it keeps what is asked.
    pub holdings: Mutex<VecDeque<Result<Holding, Fault>>>,
    /// Its calendar, when it tells one: at most seven dates of one question, two cells of one page.
    pub calendar: Mutex<Option<Vec<SupplierCell>>>,
    /// Whether it calls by itself.
    pub calls_us: Mutex<bool>,
}

impl Gate {
    pub fn script(&self, script: impl IntoIterator<Item = Book>) {
        self.script.lock().unwrap().extend(script);
    }

    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    pub fn bookings(&self) -> u32 {
        self.booked.lock().unwrap().values().sum()
    }

    fn issue(order: &SupplierOrder) -> Booking {
        let unit = |number| UnitCredentials {
            unit: number,
            credentials: vec![Credential {
                kind: CredentialKind::QrCode,
                value: format!("{}/{number}", order.order),
                document_kind: None,
            }],
        };
        Booking::Issued {
            reference: Some(format!("S-{}", order.order).parse().unwrap()),
            units: (1..=order.count()).map(unit).collect(),
        }
    }

    async fn book(&self, order: &SupplierOrder) -> Result<Booking, Fault> {
        let script = self.script.lock().unwrap().pop_front().unwrap_or(Book::Issue);
        if script == Book::Held {
            self.release.notified().await;
        }
        self.orders.lock().unwrap().push(order.clone());
        let takes = matches!(script, Book::Issue | Book::Later { .. } | Book::LostAfter | Book::Held);
        if takes {
            *self.booked.lock().unwrap().entry(order.order.to_string()).or_default() += 1;
        }
        match script {
            Book::Issue | Book::Held => Ok(Self::issue(order)),
            Book::Later { ask_after_ms } => Ok(Booking::Pending {
                reference: Some(format!("S-{}", order.order).parse().unwrap()),
                wait: Wait::ms(ask_after_ms),
            }),
            Book::Refuse => Ok(Booking::Refused(refusal("full"))),
            Book::LostAfter | Book::LostBefore => Err(Fault::unknown(FaultKind::TimedOut, "no answer")),
            Book::Away => Err(Fault::not_done(FaultKind::Unavailable, "away")),
        }
    }

    fn inquire(&self, order: &SupplierOrder) -> Result<Booking, Fault> {
        if let Some(fault) = self.inquiries.lock().unwrap().pop_front() {
            return Err(fault);
        }
        if let Some(ms) = self.pending.lock().unwrap().pop_front() {
            return Ok(Booking::Pending { reference: None, wait: Wait::ms(ms) });
        }
        let mut unseen = self.unseen.lock().unwrap();
        if *unseen > 0 {
            *unseen -= 1;
            return Ok(Booking::NotFound);
        }
        let known = self.booked.lock().unwrap().contains_key(order.order.as_str());
        Ok(if known { Self::issue(order) } else { Booking::NotFound })
    }
}

/// What the gate calls us for.
pub const NEWS: &str = "news";

/// A call of the fake supplier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Called {
    pub sign: String,
    pub news: Vec<News>,
}

/// These units were used, none given back.
pub fn used(units: &[u16]) -> Usage {
    Usage {
        used: UsedUnits::Number { numbers: units.to_vec() },
        gone: UsedUnits::Number { numbers: Vec::new() },
        last_used_at: None,
        ended: false,
    }
}

pub fn refusal(text: &str) -> Refusal {
    Refusal::new(Reason::SupplierRefused, text)
}

pub struct GatePlugin(pub Arc<Gate>);

#[async_trait]
impl Plugin for GatePlugin {
    fn manifest(&self) -> Manifest {
        let cancel =
            self.0.cancel_ability.lock().unwrap().clone().unwrap_or_else(|| CancelAbility::parts().repeatable());
        let mut calls = Calls::book().inquire(*self.0.lag_ms.lock().unwrap()).cancel(cancel);
        calls.book.pending_alert_ms = Some(20_000);
        calls.hold = self.0.hold.lock().unwrap().clone();
        let tells = self.0.calendar.lock().unwrap().is_some();
        calls.calendar = tells.then_some(CalendarAbility { days_limit: 7 });
        calls.usage = self.0.poll_ms.lock().unwrap().map(|poll_ms| UsageAbility { poll_ms });
        let supplier = SupplierCapabilities::from(calls).own_gate();
        let capabilities = Capabilities { channel: None, supplier: Some(supplier) };
        let scene = Scene {
            name: NEWS.parse().unwrap(),
            action: NEWS.to_owned(),
            method: "POST".to_owned(),
            path: NEWS.to_owned(),
            limit_ms: LIMIT_MS,
            fact: true,
        };
        let scenes = if *self.0.calls_us.lock().unwrap() { vec![scene] } else { Vec::new() };
        manifest("fake-gate", PluginKind::Supplier, capabilities, scenes)
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let answers = ReadyAnswers {
            scene: NEWS.parse().unwrap(),
            busy: words("busy"),
            timed_out: words("timed out"),
            refused: words("refused"),
            unplaced: words("unplaced"),
            stored: None,
            malformed: words("malformed"),
        };
        let answers = if *self.0.calls_us.lock().unwrap() { vec![answers] } else { Vec::new() };
        Ok((Arc::new(OpenGate(self.0.clone())), Opened { answers }))
    }
}

struct OpenGate(Arc<Gate>);

#[async_trait]
impl Instance for OpenGate {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        self.0.calls.lock().unwrap().push(request.name());
        let Request::Supplier(request) = request else { return Err(Fault::unsupported("channel")) };
        let response = match request {
            SupplierRequest::Book { order } => SupplierResponse::Booking(self.0.book(&order).await?),
            SupplierRequest::Inquire { order, .. } => SupplierResponse::Booking(self.0.inquire(&order)?),
            SupplierRequest::Cancel { order, units, .. } => {
                self.0.cancelled.lock().unwrap().push((*order, units, None));
                if let Some(fault) = self.0.losing.lock().unwrap().pop_front() {
                    return Err(fault);
                }
                let scripted = self.0.cancels.lock().unwrap().pop_front();
                SupplierResponse::Cancellation(scripted.unwrap_or(Cancellation::Done { fee: None }))
            }
            SupplierRequest::InquireCancel { order, units, memo, .. } => {
                self.0.cancelled.lock().unwrap().push((*order, units, memo));
                let scripted = self.0.audits.lock().unwrap().pop_front();
                SupplierResponse::Cancellation(scripted.unwrap_or(Cancellation::Done { fee: None }))
            }
            SupplierRequest::Hold { until, .. } => {
                let scripted = self.0.holdings.lock().unwrap().pop_front();
                SupplierResponse::Holding(scripted.unwrap_or(Ok(Holding::Held { reference: None, until }))?)
            }
            SupplierRequest::Release { .. } => SupplierResponse::Released,
            SupplierRequest::ReadCalendar { first, last, page, .. } => {
                let all = self.0.calendar.lock().unwrap().clone().unwrap();
                let asked: Vec<_> = all.into_iter().filter(|cell| (first..=last).contains(&cell.date)).collect();
                let from: usize = page.map_or(0, |page| page.parse().unwrap());
                let next = (from + 2 < asked.len()).then(|| (from + 2).to_string());
                let cells = asked.into_iter().skip(from).take(2).collect();
                SupplierResponse::Calendar(CalendarPage { cells, next })
            }
            SupplierRequest::Usage { .. } => {
                if let Some(fault) = self.0.usage_faults.lock().unwrap().pop_front() {
                    return Err(fault);
                }
                SupplierResponse::Usage(self.0.usage.lock().unwrap().clone().unwrap_or_else(|| used(&[])))
            }
            SupplierRequest::Hear { raw } => {
                let told: Called =
                    serde_json::from_slice(&raw.body).map_err(|error| Fault::invalid(error.to_string()))?;
                if told.sign != "good" {
                    return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
                }
                SupplierResponse::Heard(Heard { news: told.news, reply: words("heard"), partner_trace: None })
            }
            other => return Err(Fault::unsupported(Request::Supplier(other).name())),
        };
        Ok(Response::Supplier(response))
    }

    async fn close(&self) {}
}

impl House {
    /// With other settings of the engine.
    pub async fn with(change: impl FnOnce(&mut EngineSettings)) -> Self {
        Self::made(|_| {}, change).await
    }

    /// With another supplier.
    pub async fn of(gate: impl FnOnce(&Gate)) -> Self {
        Self::made(gate, |_| {}).await
    }
}
