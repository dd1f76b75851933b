//! A supplier calls by itself: its plugin says what it tells, every news is stored, and only then the caller is
//! answered. What the signature does not cover is only a reason to ask.

use entrepot_contract::channel::{RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::hearing::{About, Heard, Named, News};
use entrepot_contract::ids::{OrderId, TraceId};
use entrepot_contract::order::Order;
use entrepot_contract::product::Fulfilment;
use entrepot_contract::supplier::{Booking, SupplierRequest, SupplierResponse};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::command::{Body, CommandKey, IssueResult};
use entrepot_domain::job::{BOOK, CANCEL_AT_SUPPLIER, Heard as JobHeard, HeardCancellation};

use super::supplier;
use crate::core::Core;
use crate::directory::Connection;
use crate::storage::JobsOf;

/// What a supplier's call came to.
pub(crate) struct Listened {
    /// What goes on the wire.
    pub(crate) reply: RawResponse,
    /// One word for metrics and logs.
    pub(crate) verdict: &'static str,
    /// Whether the caller proved who it is.
    pub(crate) authentic: bool,
    /// The partner's id of the call.
    pub(crate) partner_trace: Option<String>,
    /// The first order it was about.
    pub(crate) order: Option<String>,
}

impl Listened {
    fn ready(reply: &RawResponse, verdict: &'static str, authentic: bool) -> Self {
        Self { reply: reply.clone(), verdict, authentic, partner_trace: None, order: None }
    }
}

/// Takes a supplier's call.
pub(crate) async fn run(
    core: &Core,
    connection: &Connection,
    ready: &ReadyAnswers,
    raw: &RawRequest,
    trace: &TraceId,
    deadline: Timestamp,
) -> Listened {
    let heard = match hear(core, connection, raw, trace, deadline).await {
        Ok(heard) => heard,
        Err(fault) if fault.kind == FaultKind::Unauthenticated => {
            return Listened::ready(&ready.refused, "unauthenticated", false);
        }
        Err(fault) if fault.kind == FaultKind::Invalid => {
            tracing::info!(connection = %connection.id, %fault, "a supplier's call cannot be understood");
            return Listened::ready(&ready.malformed, "malformed", true);
        }
        Err(fault) => {
            tracing::warn!(connection = %connection.id, %fault, "a supplier's call could not be heard");
            return Listened::ready(&ready.busy, "not_heard", false);
        }
    };
    let mut found = Vec::new();
    for news in &heard.news {
        match take(core, connection, news, deadline).await {
            Ok(order) => found.push(order),
            Err(Missed) => return Listened::ready(&ready.busy, "busy", true),
        }
    }
    let order = found.iter().flatten().next().map(ToString::to_string);
    let named = heard.news.iter().any(|news| !matches!(news, News::Calendar { .. }));
    let unknown = named && found.iter().all(Option::is_none);
    let (reply, verdict) = if unknown { (ready.unplaced.clone(), "unplaced") } else { (heard.reply, "done") };
    Listened { reply, verdict, authentic: true, partner_trace: heard.partner_trace, order }
}

async fn hear(
    core: &Core,
    connection: &Connection,
    raw: &RawRequest,
    trace: &TraceId,
    deadline: Timestamp,
) -> Result<Heard, Fault> {
    let asking = supplier::Asking {
        connection: &connection.id,
        order: None,
        trace: trace.clone(),
        key: trace.as_str(),
        attempt: 1,
        limit_ms: deadline.since(core.clock.now()),
    };
    match asking.call(core, SupplierRequest::Hear { raw: raw.clone() }).await? {
        SupplierResponse::Heard(heard) => Ok(heard),
        _ => Err(Fault::garbled("hear was answered with something else")),
    }
}

/// Something could not be stored: the partner has to call again.
struct Missed;

/// Stores one news. The order it was about; none where nobody knows it, which is told to a person once.
async fn take(
    core: &Core,
    connection: &Connection,
    news: &News,
    deadline: Timestamp,
) -> Result<Option<OrderId>, Missed> {
    let named = match news {
        News::Ask { order, .. }
        | News::Booking { order, .. }
        | News::Usage { order, .. }
        | News::Cancellation { order, .. } => order,
        News::Calendar { .. } => {
            core.readings.wanted(&connection.id, core.clock.now());
            return Ok(None);
        }
        News::Unknown => return Ok(None),
    };
    let Some(order) = placed(core, connection, named).await? else {
        let text = format!("{} tells of order {}, which it does not fulfil here", connection.id, name(named));
        let subject = format!("{}/{}", connection.id, name(named));
        let told = super::raise(core, &connection.merchant, AlertKind::Unplaced, &subject, &text).await;
        return if told { Ok(None) } else { Err(Missed) };
    };
    let at = Place { core, connection, order: &order, deadline };
    match news {
        News::Ask { about, .. } => at.ask(*about).await?,
        News::Booking { booking, .. } => at.booking(booking).await?,
        News::Usage { usage, .. } => {
            let asked_at = core.clock.now();
            at.give(Body::RecordUse { order: order.id.clone(), usage: usage.clone(), asked_at }).await?;
        }
        News::Cancellation { key, cancellation, .. } => {
            let fact = HeardCancellation { key: key.clone(), answer: cancellation.clone() };
            at.tell(CANCEL_AT_SUPPLIER, Some(fact)).await?;
        }
        News::Calendar { .. } | News::Unknown => {}
    }
    Ok(Some(order.id))
}

fn name(named: &Named) -> &str {
    match named {
        Named::Ours { order } => order.as_str(),
        Named::Theirs { reference } => reference.as_str(),
        Named::Unknown => "",
    }
}

/// The order, when this connection fulfils it: nobody tells anything about another supplier's tickets.
async fn placed(core: &Core, connection: &Connection, named: &Named) -> Result<Option<Order>, Missed> {
    let missed = |fault| {
        tracing::warn!(%fault, "an order cannot be read");
        Missed
    };
    let merchant = &connection.merchant;
    let id = match named {
        Named::Ours { order } => Some(order.clone()),
        Named::Theirs { reference } => {
            core.storage.order_by_reference(merchant, &connection.id, reference).await.map_err(missed)?
        }
        Named::Unknown => None,
    };
    let Some(id) = id else { return Ok(None) };
    let order = core.storage.order(merchant, &id).await.map_err(missed)?.map(|(order, _)| order);
    let fulfils = |order: &Order| matches!(&order.terms.fulfilment, Fulfilment::Supplier { connection: own, .. } if *own == connection.id);
    Ok(order.filter(fulfils))
}

/// An order that a supplier tells about.
struct Place<'a> {
    core: &'a Core,
    connection: &'a Connection,
    order: &'a Order,
    deadline: Timestamp,
}

impl Place<'_> {
    async fn ask(&self, about: About) -> Result<(), Missed> {
        if matches!(about, About::Booking | About::Everything) {
            self.tell(BOOK, None).await?;
        }
        if matches!(about, About::Cancellation | About::Everything) {
            self.tell(CANCEL_AT_SUPPLIER, None).await?;
        }
        if matches!(about, About::Usage | About::Everything) {
            self.give(Body::AskUse { order: self.order.id.clone() }).await?;
        }
        Ok(())
    }

    /// What `inquire` would have answered. What is no end of the matter is only a reason to ask.
    async fn booking(&self, booking: &Booking) -> Result<(), Missed> {
        let result = match booking {
            Booking::Issued { reference, units } => {
                Some(IssueResult::Issued { reference: reference.clone(), units: units.clone() })
            }
            Booking::Refused(refusal) => Some(IssueResult::Refused { reason: refusal.text.clone() }),
            _ => None,
        };
        if let Some(result) = result {
            self.give(Body::RecordIssue { order: self.order.id.clone(), result }).await?;
        }
        self.tell(BOOK, None).await
    }

    /// Makes what is under way due, with what was said.
    async fn tell(&self, kind: &str, cancellation: Option<HeardCancellation>) -> Result<(), Missed> {
        let about =
            JobsOf { merchant: &self.order.merchant, order: &self.order.id, connection: &self.connection.id, kind };
        let heard = JobHeard { at: self.core.clock.now(), cancellation };
        match self.core.storage.tell_jobs(&about, &heard).await {
            Ok(0) => Ok(()),
            Ok(_) => {
                self.core.jobs.nudge();
                Ok(())
            }
            Err(fault) => {
                tracing::warn!(%fault, "news of a supplier could not be stored");
                Err(Missed)
            }
        }
    }

    /// A command that is decided by the state it meets: what it refuses is logged, and nothing has to come again.
    async fn give(&self, body: Body) -> Result<(), Missed> {
        let key = CommandKey {
            scope: self.connection.id.to_string(),
            kind: body.name().to_owned(),
            key: self.order.id.to_string(),
        };
        let given =
            self.core.command(&self.order.merchant, key, String::new(), "supplier", body, Some(self.deadline), None);
        match given.await {
            Ok(entrepot_domain::answer::Answer::Refused(refusal)) => {
                tracing::warn!(order = %self.order.id, why = refusal.text, "news of a supplier was refused");
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(_) => Err(Missed),
        }
    }
}
