//! A channel's call in four steps: locate, place, decode and at most one command, encode.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, PluginId, TraceId};
use entrepot_contract::intent::Intent;
use entrepot_contract::manifest::LogRules;
use entrepot_contract::message::{CallContext, Request, Response};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_host::{CallScope, InstanceKey, RunningInstance, mask_body};
use tracing::Instrument;

use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::flows;
use crate::flows::scenes::SceneSeen;
use crate::placing::{Speaker, Taker, place, speaker, takers};
use crate::records::InterfaceLine;
use crate::storage::StorageFault;

/// How a call ended, for the server: what to send, and whether the caller proved who it is.
#[derive(Debug)]
pub struct Answered {
    /// What goes on the wire; none when not even the application is known.
    pub raw: Option<RawResponse>,
    /// Whether the caller proved who it is.
    pub authentic: bool,
    /// One word for metrics and logs.
    pub verdict: &'static str,
    /// The order it was about, as the channel names it.
    pub order: Option<String>,
    /// The partner's id of the request.
    pub partner_trace: Option<String>,
}

impl Answered {
    fn bare(raw: Option<RawResponse>, verdict: &'static str) -> Self {
        Self { raw, authentic: false, verdict, order: None, partner_trace: None }
    }
}

/// What one call carries through its steps.
pub(crate) struct Visit<'a> {
    pub(crate) core: &'a Core,
    pub(crate) connection: Connection,
    pub(crate) instance: Arc<RunningInstance>,
    pub(crate) trace: TraceId,
    /// When the answer has to be there.
    pub(crate) deadline: Timestamp,
}

impl Engine {
    /// Takes a channel's call. `path` is what follows `/in/{application}/`. Handling goes on when the caller hangs
    /// up: the answer is then only lost, never the work.
    pub async fn inbound(&self, application: ApplicationId, path: String, raw: RawRequest, trace: TraceId) -> Answered {
        let core = self.core.clone();
        let directory = core.directory();
        let Some(known) = directory.applications.get(&application) else {
            return Answered::bare(None, "unknown_application");
        };
        if known.scenes(&raw.method, &path).next().is_none() {
            return unknown_scene(&core, &application, raw, &trace).await;
        }
        let takers = takers(&core, known, &raw.method, &path);
        let Some(first) = takers.first().cloned() else {
            return Answered::bare(None, "plugin_not_open");
        };
        // Who the call belongs to is not known yet: whoever has the least time must still be answered in time.
        let limit_ms = takers.iter().map(|taker| taker.scene.limit_ms).min().unwrap_or(first.scene.limit_ms);
        let limit = u64::from(limit_ms.saturating_sub(core.settings.answer_margin_ms).max(100));
        let supplier = directory.supplier_of(&application).cloned();
        let placed: Placed = Arc::default();
        let work = {
            let (ready, placed) = (first.ready.clone(), placed.clone());
            let handled = async move {
                match supplier {
                    Some(supplier) => listen(&core, &supplier, &ready, raw, trace, limit).await,
                    None => handle(&core, &application, &takers, &placed, raw, trace, limit).await,
                }
            };
            tokio::spawn(handled.in_current_span())
        };
        let answered = tokio::time::timeout(Duration::from_millis(limit), work).await;
        let ready = || placed.get().unwrap_or(&first.ready).clone();
        match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "handling a call failed");
                Answered::bare(Some(ready().busy), "failed")
            }
            // Whether the caller is who he says may not be known yet.
            Err(_) => Answered::bare(Some(ready().timed_out), "timed_out"),
        }
    }
}

/// The ready answers of whoever a call belongs to, once that is known.
type Placed = Arc<OnceLock<ReadyAnswers>>;

/// A supplier's own call: its application is its connection, so only the order has to be found.
async fn listen(
    core: &Core,
    supplier: &Connection,
    ready: &ReadyAnswers,
    raw: RawRequest,
    trace: TraceId,
    limit_ms: u64,
) -> Answered {
    let started = core.clock.now();
    let deadline = started.plus_millis(i64::try_from(limit_ms).unwrap_or(i64::MAX));
    let listened = flows::hear::run(core, supplier, ready, &raw, &trace, deadline).await;
    let span = tracing::Span::current();
    span.record("connection", supplier.id.as_str());
    if let Some(order) = &listened.order {
        span.record("order", order.as_str());
    }
    if listened.authentic && listened.verdict == "done" {
        let partner_trace = listened.partner_trace.clone();
        let seen = SceneSeen { at: started, partner_trace, trace: trace.to_string() };
        core.scenes.served(&supplier.id, &raw.scene, seen);
    }
    if listened.authentic {
        let located = Located { partner_trace: listened.partner_trace.clone(), ..Located::default() };
        let mut log = LogSheet::new(started, &supplier.application, &raw, &located, &trace);
        log.place(supplier);
        log.line.order.clone_from(&listened.order);
        let instance = core.host.instance(&supplier.instance());
        let nothing = LogRules::default();
        let understood = instance.as_ref().filter(|_| listened.verdict != "malformed");
        log.close(core, understood.map_or(&nothing, |one| &one.manifest().log), &raw, &listened.reply);
    }
    Answered {
        raw: Some(listened.reply),
        authentic: listened.authentic,
        verdict: listened.verdict,
        order: listened.order,
        partner_trace: listened.partner_trace,
    }
}

async fn handle(
    core: &Core,
    application: &ApplicationId,
    takers: &[Taker],
    placed: &Placed,
    mut raw: RawRequest,
    trace: TraceId,
    limit_ms: u64,
) -> Answered {
    let started = core.clock.now();
    let deadline = started.plus_millis(i64::try_from(limit_ms).unwrap_or(i64::MAX));
    let Found { located, whose } = match find(core, application, takers, &raw, &trace, deadline).await {
        Ok(found) => found,
        Err((raw, verdict)) => return Answered::bare(Some(raw), verdict),
    };
    let span = tracing::Span::current();
    if let Some(order) = &located.order {
        span.record("order", order.as_str());
    }
    if let Some(partner_trace) = &located.partner_trace {
        span.record("partner_trace", partner_trace.as_str());
    }
    let mut log = LogSheet::new(started, application, &raw, &located, &trace);
    let mut served = None;
    let (answer, verdict) = match whose {
        Err(fault) => {
            tracing::error!(%fault, "a call could not be placed");
            (busy(takers), "busy")
        }
        Ok(Whose::Connection(connection, taker)) => {
            log.place(&connection);
            span.record("connection", connection.id.as_str());
            // Set once, by this call alone.
            let _ = placed.set(taker.ready.clone());
            raw.scene.clone_from(&taker.scene.name);
            served = Some((connection.id.clone(), taker));
            answer_placed(core, connection, &taker.ready, &raw, &trace, deadline).await
        }
        Ok(Whose::Nobodys(None)) => (busy(takers), "plugin_not_open"),
        Ok(Whose::Nobodys(Some(speaker))) => {
            raw.scene.clone_from(&speaker.taker.scene.name);
            let all_open = takers.iter().all(|taker| taker.open);
            flows::unplaced::answer(core, speaker, all_open, &raw, &located, &trace, deadline).await
        }
    };
    if let Some((connection, taker)) = served.as_ref().filter(|_| verdict == "done") {
        let partner_trace = located.partner_trace.clone();
        let seen = SceneSeen { at: started, partner_trace, trace: trace.to_string() };
        core.scenes.served(connection, &taker.scene.name, seen);
    }
    // What cannot be understood, or is nobody's among several, may hold anything anywhere: nothing of it is shown in clear.
    let whose = served.map(|(_, taker)| taker).or_else(|| only(takers));
    let speaks =
        whose.and_then(|taker| core.host.instance(&InstanceKey::new(taker.plugin.clone(), application.clone())));
    let nothing = LogRules::default();
    let rules = speaks.as_ref().filter(|_| verdict != "malformed").map_or(&nothing, |one| &one.manifest().log);
    log.line.api = raw.scene.to_string();
    log.close(core, rules, &raw, &answer);
    Answered {
        raw: Some(answer),
        authentic: true,
        verdict,
        order: located.order.map(|order| order.to_string()),
        partner_trace: located.partner_trace,
    }
}

/// What a call is about, and whose it is.
struct Found<'a> {
    located: Located,
    whose: Result<Whose<'a>, StorageFault>,
}

enum Whose<'a> {
    Connection(Connection, &'a Taker),
    Nobodys(Option<Speaker<'a>>),
}

/// Looks where a call belongs. Every plugin that takes it is asked in turn until one of them says enough to place it: each
/// may read the same path its own way. The signature is the application's, so the first word on that counts. A call that
/// goes no further gets the words that come back instead.
async fn find<'a>(
    core: &Core,
    application: &ApplicationId,
    takers: &'a [Taker],
    raw: &RawRequest,
    trace: &TraceId,
    deadline: Timestamp,
) -> Result<Found<'a>, (RawResponse, &'static str)> {
    let mut readings = Vec::new();
    for taker in takers.iter().filter(|taker| taker.open) {
        let asked = RawRequest { scene: taker.scene.name.clone(), ..raw.clone() };
        match locate(core, application, &taker.plugin, asked, trace, deadline).await {
            Err(fault) if fault.kind == FaultKind::Unauthenticated => {
                return Err((taker.ready.refused.clone(), "unauthenticated"));
            }
            Err(fault) => tracing::warn!(plugin = %taker.plugin, %fault, "a call could not be located"),
            Ok(located) => match place(core, application, takers, &located).await {
                Ok(None) => readings.push((taker, located)),
                Ok(Some((connection, taker))) => {
                    return Ok(Found { located, whose: Ok(Whose::Connection(connection, taker)) });
                }
                Err(fault) => return Ok(Found { located, whose: Err(fault) }),
            },
        }
    }
    match (speaker(core, application, &readings), readings.into_iter().next()) {
        (Some((speaker, located)), _) => Ok(Found { located, whose: Ok(Whose::Nobodys(Some(speaker))) }),
        (None, Some((_, located))) => Ok(Found { located, whose: Ok(Whose::Nobodys(None)) }),
        (None, None) => Err((busy(takers), "not_located")),
    }
}

/// "Too much to do", in the words of whoever takes the call first.
fn busy(takers: &[Taker]) -> RawResponse {
    // A call without takers never comes this far.
    let none = || RawResponse { status: 503, ..RawResponse::json(Vec::new()) };
    takers.first().map_or_else(none, |first| first.ready.busy.clone())
}

async fn answer_placed(
    core: &Core,
    connection: Connection,
    ready: &ReadyAnswers,
    raw: &RawRequest,
    trace: &TraceId,
    deadline: Timestamp,
) -> (RawResponse, &'static str) {
    let Some(instance) = core.host.instance(&connection.instance()) else {
        return (ready.busy.clone(), "plugin_not_open");
    };
    let visit = Visit { core, connection, instance, trace: trace.clone(), deadline };
    let intent = match visit.decode(raw).await {
        Ok(intent) => intent,
        Err(fault) if fault.kind == FaultKind::Invalid => {
            tracing::info!(connection = %visit.connection.id, %fault, "a call cannot be understood");
            return (ready.malformed.clone(), "malformed");
        }
        Err(fault) => {
            tracing::warn!(connection = %visit.connection.id, %fault, "a call could not be decoded");
            return (ready.busy.clone(), "not_decoded");
        }
    };
    let outcome = flows::serve(&visit, &intent).await;
    let verdict = verdict_of(&outcome);
    let intent = match flows::issue_order::in_order(&visit, intent, &outcome).await {
        Ok(intent) => intent,
        Err(fault) => {
            tracing::warn!(connection = %visit.connection.id, %fault, "the names of units cannot be read");
            return (ready.busy.clone(), "busy");
        }
    };
    match visit.encode(raw, intent, outcome).await {
        Ok(answer) => (answer, verdict),
        Err(fault) => {
            tracing::error!(connection = %visit.connection.id, %fault, "an answer could not be encoded");
            (ready.busy.clone(), "not_encoded")
        }
    }
}

const fn verdict_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(_) => "refused",
        Outcome::Busy => "busy",
        Outcome::CallAgain => "call_again",
        _ => "done",
    }
}

/// Authentic? And what is it about? Any plugin of the application's family can tell.
async fn locate(
    core: &Core,
    application: &ApplicationId,
    plugin: &PluginId,
    raw: RawRequest,
    trace: &TraceId,
    deadline: Timestamp,
) -> Result<Located, Fault> {
    let instance = core
        .host
        .instance(&InstanceKey::new(plugin.clone(), application.clone()))
        .ok_or_else(|| Fault::not_done(FaultKind::Unavailable, format!("plugin {plugin} is not open")))?;
    let context = CallContext {
        deadline,
        idempotency_key: trace.to_string(),
        trace: trace.clone(),
        attempt: 1,
        connection: None,
    };
    match instance.call(context, Request::Channel(ChannelRequest::Locate { raw }), CallScope::default()).await? {
        Response::Channel(ChannelResponse::Located(located)) => Ok(located),
        _ => Err(Fault::garbled("locate was answered with something else")),
    }
}

impl Visit<'_> {
    fn context(&self) -> CallContext {
        CallContext {
            deadline: self.deadline,
            idempotency_key: self.trace.to_string(),
            trace: self.trace.clone(),
            attempt: 1,
            connection: Some(self.connection.facts.clone()),
        }
    }

    async fn call(&self, request: ChannelRequest) -> Result<ChannelResponse, Fault> {
        let scope = CallScope { connection: Some(self.connection.id.clone()), order: None };
        match self.instance.call(self.context(), Request::Channel(request), scope).await? {
            Response::Channel(response) => Ok(response),
            Response::Supplier(_) | Response::Unknown => Err(Fault::garbled("a channel answered as a supplier")),
        }
    }

    pub(crate) async fn decode(&self, raw: &RawRequest) -> Result<Intent, Fault> {
        match self.call(ChannelRequest::Decode { raw: raw.clone() }).await? {
            ChannelResponse::Decoded { intent } => Ok(*intent),
            _ => Err(Fault::garbled("decode was answered with something else")),
        }
    }

    pub(crate) async fn encode(
        &self,
        raw: &RawRequest,
        intent: Intent,
        outcome: Outcome,
    ) -> Result<RawResponse, Fault> {
        let request =
            ChannelRequest::Encode { scene: raw.scene.clone(), intent: Box::new(intent), outcome: Box::new(outcome) };
        match self.call(request).await? {
            ChannelResponse::Encoded { raw } => Ok(raw),
            _ => Err(Fault::garbled("encode was answered with something else")),
        }
    }
}

/// A path that no plugin takes. Whether the caller is who he says is still checked, by the words of another scene;
/// an authentic call is kept, somebody is told, and the channel is asked to call again.
async fn unknown_scene(core: &Core, application: &ApplicationId, mut raw: RawRequest, trace: &TraceId) -> Answered {
    let directory = core.directory();
    // Who a supplier's caller is shows only in a call that its plugin understands.
    if directory.supplier_of(application).is_some() {
        return Answered::bare(None, "unknown_scene");
    }
    let known = directory.applications.get(application).and_then(|known| {
        known.plugins.iter().find_map(|(plugin, manifest)| Some((plugin.clone(), manifest.scenes.first()?.clone())))
    });
    let Some((plugin, scene)) = known else { return Answered::bare(None, "unknown_scene") };
    let asked = std::mem::replace(&mut raw.scene, scene.name.clone());
    let instance = core.host.instance(&InstanceKey::new(plugin.clone(), application.clone()));
    let Some(ready) = instance.and_then(|instance| instance.answers_for(&scene.name).cloned()) else {
        return Answered::bare(None, "plugin_not_open");
    };
    let started = core.clock.now();
    let deadline = started.plus_millis(2_000);
    let Ok(located) = locate(core, application, &plugin, raw.clone(), trace, deadline).await else {
        return Answered::bare(Some(ready.refused), "unauthenticated");
    };
    let text = format!("the partner calls {asked} of application {application}, which no plugin here takes");
    flows::raise_for(core, None, AlertKind::UnknownScene, &format!("{application}/{asked}"), &text).await;
    let mut log = LogSheet::new(started, application, &raw, &located, trace);
    log.line.api = asked.to_string();
    let rules = core.host.manifest(&plugin).map(|manifest| manifest.log).unwrap_or_default();
    log.close(core, &rules, &raw, &ready.busy);
    Answered {
        raw: Some(ready.busy),
        authentic: true,
        verdict: "unknown_scene",
        order: located.order.map(|order| order.to_string()),
        partner_trace: located.partner_trace,
    }
}

/// The interface log's line of an inbound call.
struct LogSheet {
    line: InterfaceLine,
}

impl LogSheet {
    fn new(at: Timestamp, application: &ApplicationId, raw: &RawRequest, located: &Located, trace: &TraceId) -> Self {
        Self {
            line: InterfaceLine {
                at,
                direction: "in".to_owned(),
                application: application.to_string(),
                connection: None,
                merchant: None,
                order: located.order.as_ref().map(ToString::to_string),
                api: raw.scene.to_string(),
                status: None,
                partner_trace: located.partner_trace.clone(),
                trace: trace.to_string(),
                request: String::new(),
                response: String::new(),
                took_ms: 0,
            },
        }
    }

    fn place(&mut self, connection: &Connection) {
        self.line.connection = Some(connection.id.to_string());
        self.line.merchant = Some(connection.merchant.clone());
    }

    fn close(mut self, core: &Core, rules: &LogRules, raw: &RawRequest, answer: &RawResponse) {
        let log = &core.interface_log;
        let sent_as = raw.header("content-type").unwrap_or("application/json");
        self.line.request = log.kept(mask_body(rules, &raw.body, sent_as));
        self.line.response = log.kept(mask_body(rules, &answer.body, &answer.content_type));
        self.line.status = Some(answer.status);
        self.line.took_ms = u32::try_from(core.clock.now().since(self.line.at)).unwrap_or(0);
        log.push(self.line);
    }
}

/// The one who takes a call that nobody else takes.
fn only(takers: &[Taker]) -> Option<&Taker> {
    match takers {
        [one] => Some(one),
        _ => None,
    }
}
