//! Tells a channel what the core decided. Notices go to the connection stored on the order, also while it is paused.

use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::{Notice, OrderEvent, OrderNotice, RefundDecision, Told};
use entrepot_contract::order::{Order, Refund, RefundCause, RefundState, UnitCredentials};
use entrepot_domain::command::Body;
use entrepot_domain::job::{JobState, Notification};
use entrepot_domain::planted::{self, Bug};
use entrepot_host::CallScope;

use super::{book, refund_order, supplier};
use crate::core::Core;
use crate::jobs::Tried;
use crate::storage::LeasedJob;

pub(crate) async fn run(core: &Core, job: &LeasedJob, notification: &Notification) -> Tried {
    match work(core, job, notification).await {
        Ok(tried) | Err(tried) => tried,
    }
}

async fn work(core: &Core, job: &LeasedJob, notification: &Notification) -> Result<Tried, Tried> {
    let (order, refunds) = supplier::order_of(core, job).await?;
    let (connection, instance) = supplier::counterparty(core, &job.job.connection)?;
    let abilities = instance.manifest().capabilities.channel.clone().unwrap_or_default();
    let event = notification.event();
    if !abilities.notices.iter().any(|name| name == event) {
        let note = format!("{} cannot be told about {event}", connection.id);
        return end(core, job, &note).await;
    }
    let blind = planted::is(Bug::BlindNotice);
    if job.state == JobState::Started && !blind && !abilities.repeatable_notices.iter().any(|name| name == event) {
        let note = format!("nobody knows whether {} took the notice {event}; look there", connection.id);
        return Ok(Tried::Hopeless { note, unclear: true });
    }
    let Some(event) = content(core, &order, &refunds, notification, connection.facts.shops.first()).await? else {
        return end(core, job, "there is nothing to tell any more").await;
    };
    let notice = Notice::Order(about(core, &order, event).await?);
    let limit_ms = supplier::start(core, job).await?;
    let key = job.job.id.to_string();
    let scope = CallScope { connection: Some(connection.id.clone()), order: Some(order.id.to_string()) };
    let context = supplier::context(core, job, &connection, &key, limit_ms);
    let request = Request::Channel(ChannelRequest::Deliver { notice: Box::new(notice) });
    match instance.call(context, request, scope).await {
        Ok(Response::Channel(ChannelResponse::Told(Told::Done))) => {
            end(core, job, &format!("{} was told", connection.id)).await
        }
        Ok(_) => Ok(Tried::Unclear { note: "deliver was answered with something else".to_owned() }),
        Err(fault) => Ok(supplier::after_fault(&fault)),
    }
}

async fn end(core: &Core, job: &LeasedJob, note: &str) -> Result<Tried, Tried> {
    let note = format!("{}: {note}", job.job.kind.name());
    book::record(core, job, Body::EndJob { order: job.job.order.clone(), note }).await
}

/// The notice, with the names by which the channel knows the order and its product.
async fn about(core: &Core, order: &Order, event: OrderEvent) -> Result<OrderNotice, Tried> {
    let rules = core.rules(&order.merchant).await.map_err(|fault| supplier::again(&fault))?;
    let listing = rules.catalogue.listings.iter().find(|listing| listing.id == order.listing);
    let source_order = match order.source() {
        Some((source, _)) => {
            let read = core.storage.order(&order.merchant, source).await;
            read.map_err(|fault| supplier::again(&fault))?.map(|(source, _)| source.channel_order)
        }
        None => None,
    };
    Ok(OrderNotice {
        order: order.id.clone(),
        channel_order: order.channel_order.clone(),
        source_order,
        names: listing.map(|listing| listing.names.clone()).unwrap_or_default(),
        unit_names: order.unit_names.clone(),
        event,
    })
}

/// What is told, as it stands now. Credentials are read here and live no longer than the call.
async fn content(
    core: &Core,
    order: &Order,
    refunds: &[Refund],
    notification: &Notification,
    shop: Option<&String>,
) -> Result<Option<OrderEvent>, Tried> {
    Ok(Some(match notification {
        Notification::Accepted => OrderEvent::Accepted,
        Notification::Refused { reason } => OrderEvent::Refused { reason: reason.clone() },
        Notification::IssueFailed { reason } => OrderEvent::IssueFailed { reason: reason.clone() },
        Notification::Issued => OrderEvent::Issued { units: credentials(core, order).await? },
        Notification::RefundDecided { refund } => {
            let Some(refund) = refunds.iter().find(|other| &other.id == refund) else { return Ok(None) };
            OrderEvent::RefundDecided {
                key: refund.key.clone(),
                units: refund.units.clone(),
                decision: match refund.state {
                    RefundState::Agreed => RefundDecision::Agreed { fee: refund.channel_fee },
                    RefundState::Refused => RefundDecision::Refused {
                        reason: refund.note.clone().unwrap_or_default(),
                        repaired: refund_order::repaired(core, &order.merchant, &order.id, refund.cause)
                            .await
                            .map_err(|fault| supplier::again(&fault))?,
                    },
                    // The money moved already, or nobody decided after all.
                    RefundState::Done | RefundState::Waiting => return Ok(None),
                },
            }
        }
        Notification::Redeemed { token, units, whole, at } => OrderEvent::Redeemed {
            token: token.clone(),
            units: units.clone(),
            whole: *whole,
            at: *at,
            shop: shop.cloned(),
            refund_refused: refunds.iter().filter(|refund| was_refused(refund)).map(|refund| refund.asked_at).max(),
            tickets: {
                let mut tickets = credentials(core, order).await?;
                tickets.retain(|ticket| units.contains(&ticket.unit));
                tickets
            },
        },
    }))
}

async fn credentials(core: &Core, order: &Order) -> Result<Vec<UnitCredentials>, Tried> {
    core.storage.credentials(&order.merchant, &order.id).await.map_err(|fault| supplier::again(&fault))
}

/// A refund that was asked for tickets that were there.
fn was_refused(refund: &Refund) -> bool {
    refund.state == RefundState::Refused && refund.cause != RefundCause::IssueFailed
}
