//! Follows what changed at a channel (补偿查询): after an outage, and now and then, its orders are asked for by the time of
//! their last change, and what was missed is mended by the same commands that a call would have given. What cannot be
//! mended is told to a person. One node of a deployment follows.

use std::sync::Arc;

use entrepot_contract::ids::ChannelOrderId;
use entrepot_contract::intent::{RecordRefund, UnitChoice};
use entrepot_contract::looking::{Look, LookName, OrderSeen, Seen, SeenState};
use entrepot_contract::money::Money;
use entrepot_contract::order::{Order, OrderState, Refund, RefundCause, RefundState, UnitState};
use entrepot_contract::time::Timestamp;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::catalogue::ConnectionRules;
use entrepot_domain::change::RefKey;
use entrepot_domain::command::{Body, CommandKey, FOLLOWED, OrderName};
use entrepot_domain::difference::{YOUNG_MS, is_paid};
use serde::{Deserialize, Serialize};

use super::{channel, wishes};
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::notes::NoteKind;
use crate::rounds::Going;
use crate::storage::StorageFault;

/// How often is looked whether a round is due, in milliseconds.
const LOOK_MS: i64 = 2_000;

const GOING: Going =
    Going { rounds: |core| &core.catch_ups, every_ms: LOOK_MS, failed: "a channel's changes could not be followed" };

/// The wish for a round.
const WISH: &str = "catch_up";

/// How far back the first look goes, in milliseconds.
const FIRST_MS: i64 = 3_600_000;

/// The longest time of one question, in milliseconds.
const WINDOW_MS: i64 = 3_600_000;

/// Most questions of one round; the rest is the next round's.
const WINDOWS_LIMIT: usize = 48;

/// A call of the channel about a change may be on its way for so long, in milliseconds: until then nothing is mended.
const GRACE_MS: i64 = 120_000;

/// Failed rounds after which somebody is told.
const PATIENCE: u32 = 3;

/// How far a connection's changes were followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Following {
    /// Until when everything was seen.
    pub until: Option<Timestamp>,
    /// When the last round began.
    pub tried_at: Option<Timestamp>,
    /// When the last round ended well.
    pub looked_at: Option<Timestamp>,
    /// Rounds that failed since then.
    pub failures: u32,
    /// Why the last one failed, for people.
    pub fault: Option<String>,
    /// Orders that were mended so far.
    pub mended: u64,
}

/// Begins what is due. A round goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    for connection in core.directory().connections.values() {
        let ConnectionRules::Channel(rules) = &connection.rules else { continue };
        let Some(every_ms) = rules.beside.catch_up_ms else { continue };
        if channel::looks(core, connection, LookName::Orders) {
            GOING
                .begin(core, connection, async move |core, connection| round(&core, &connection, every_ms).await)
                .await;
        }
    }
}

async fn following(core: &Core, connection: &Connection) -> Result<Following, StorageFault> {
    let notes = core.storage.notes(connection.id.as_str(), NoteKind::CatchUp).await?;
    Ok(notes.into_iter().next().and_then(|note| serde_json::from_value(note.body).ok()).unwrap_or_default())
}

async fn round(core: &Core, connection: &Connection, every_ms: i64) -> Result<(), StorageFault> {
    let before = following(core, connection).await?;
    let now = core.clock.now();
    let wanted = wishes::of(core, &connection.id, WISH).await?;
    let due = before.tried_at.is_none_or(|last| now.since(last) >= every_ms);
    if !due && wanted.is_empty() {
        return Ok(());
    }
    wishes::granted(core, &connection.id, WISH, &wanted).await?;
    let mut after = Following { tried_at: Some(now), ..before.clone() };
    let mut until = before.until.unwrap_or(now.plus_millis(-FIRST_MS));
    let mut fault = None;
    for _ in 0..WINDOWS_LIMIT {
        // What was too young to be judged is seen once more.
        let from = until.plus_millis(-(YOUNG_MS + every_ms + 60_000));
        let to = until.plus_millis(WINDOW_MS).min(now);
        match window(core, connection, from, to).await {
            Ok(mended) => {
                after.mended += mended;
                until = to;
            }
            Err(why) => {
                fault = Some(why);
                break;
            }
        }
        if until >= now {
            break;
        }
    }
    after.until = Some(until);
    match &fault {
        None => after = Following { looked_at: Some(now), failures: 0, fault: None, ..after },
        Some(why) => after = Following { failures: after.failures + 1, fault: Some(why.clone()), ..after },
    }
    let result = if fault.is_none() { "done" } else { "failed" };
    metrics::counter!("entrepot_catch_ups_total", "connection" => connection.id.to_string(), "result" => result)
        .increment(1);
    let merchant = &connection.merchant;
    if after.failures >= PATIENCE {
        let text = format!(
            "connection {} could not be asked about its orders {} times: {}",
            connection.id,
            after.failures,
            fault.unwrap_or_default()
        );
        super::raise(core, merchant, AlertKind::CatchUpFailing, connection.id.as_str(), &text).await;
    } else if before.failures >= PATIENCE {
        super::resolve(core, Some(merchant.clone()), AlertKind::CatchUpFailing, connection.id.as_str()).await?;
    }
    let body = serde_json::to_value(&after).unwrap_or_default();
    core.storage.note(connection.id.as_str(), NoteKind::CatchUp, vec![(String::new(), Some(body))], now).await
}

/// Follows everything that changed within a time. How many orders were mended, or why it could not be asked.
async fn window(core: &Core, connection: &Connection, from: Timestamp, to: Timestamp) -> Result<u64, String> {
    let mut mended = 0;
    for seen in orders_seen(core, connection, from, to).await? {
        if follow(core, connection, &seen).await.map_err(|fault| fault.to_string())? {
            mended += 1;
        }
    }
    Ok(mended)
}

/// All orders of a channel that changed within a time; where one comes twice the last word counts.
pub(super) async fn orders_seen(
    core: &Core,
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<OrderSeen>, String> {
    let ask = |page| Look::Orders { from, to, page };
    let take = |seen| match seen {
        Seen::Orders { orders, next } => {
            Some((orders.into_iter().map(|seen| (seen.order.clone(), seen)).collect(), next))
        }
        _ => None,
    };
    channel::look_through(core, &connection.id, ask, take).await
}

/// One order as the channel sees it; none where it does not know it.
pub(super) async fn order_seen(
    core: &Core,
    connection: &Connection,
    order: &ChannelOrderId,
) -> Result<Option<OrderSeen>, String> {
    let look = channel::look(core, &connection.id, Look::Order { order: order.clone() }).await;
    match look.map_err(|fault| fault.to_string())? {
        Seen::Orders { orders, .. } => Ok(orders.into_iter().next()),
        _ => Err("look was answered with something else".to_owned()),
    }
}

/// Mends what a channel says of one order; whether something was mended.
async fn follow(core: &Core, connection: &Connection, seen: &OrderSeen) -> Result<bool, StorageFault> {
    let now = core.clock.now();
    let age = seen.updated_at.or(seen.paid_at).or(seen.ordered_at).map_or(i64::MAX, |at| now.since(at));
    let key = RefKey { application: connection.application.clone(), order: seen.order.clone() };
    let placed = core.storage.channel_ref(&key).await?.and_then(|known| known.order);
    let Some(placed) = placed.filter(|placed| placed.merchant == connection.merchant) else {
        missing(core, connection, seen, age).await;
        return Ok(false);
    };
    if age < GRACE_MS {
        return Ok(false);
    }
    let Some((order, refunds)) = core.storage.order(&placed.merchant, &placed.order).await? else { return Ok(false) };
    let Some((what, body)) = mend(&order, &refunds, seen, now) else { return Ok(false) };
    let key = CommandKey {
        scope: connection.id.to_string(),
        kind: format!("follow_{what}"),
        key: format!("{}-{}", seen.order, seen.updated_at.unwrap_or(now).millis()),
    };
    let told = core.command(&connection.merchant, key, String::new(), "catch-up", body, None, None).await;
    match told {
        Ok(Answer::Refused(refusal)) => {
            let text = format!(
                "the channel says {:?} ({}) of order {}: {}",
                seen.state, seen.raw_state, order.id, refusal.text
            );
            super::raise(core, &connection.merchant, AlertKind::Contradiction, order.id.as_str(), &text).await;
            Ok(false)
        }
        Ok(_) => {
            tracing::warn!(order = %order.id, what, "a missed call was made up for");
            metrics::counter!("entrepot_followed_total", "what" => what).increment(1);
            Ok(true)
        }
        Err(fault) => {
            tracing::warn!(order = %order.id, %fault, "a missed call could not be made up for; the next round tries again");
            Ok(false)
        }
    }
}

/// An order that the guest paid at the channel and that never came here.
async fn missing(core: &Core, connection: &Connection, seen: &OrderSeen, age_ms: i64) {
    if !is_paid(seen) || age_ms < YOUNG_MS {
        return;
    }
    let text = format!(
        "order {} of connection {} is {:?} ({}) there and not here; give the money back there, or issue it by hand",
        seen.order, connection.id, seen.state, seen.raw_state
    );
    super::raise(core, &connection.merchant, AlertKind::OrderMissing, seen.order.as_str(), &text).await;
}

/// The command that makes up for a missed call; none where nothing was missed, or only a person can tell.
fn mend(order: &Order, refunds: &[Refund], seen: &OrderSeen, now: Timestamp) -> Option<(&'static str, Body)> {
    let name = || OrderName::Own(order.id.clone());
    let changed = seen.updated_at.unwrap_or(now);
    if order.state == OrderState::Created {
        return match seen.state {
            SeenState::Paid | SeenState::Issued | SeenState::Used => {
                Some(("pay", Body::PayOrder { order: name(), paid_at: seen.paid_at.unwrap_or(changed) }))
            }
            SeenState::Cancelled | SeenState::Refunded => {
                let told = "as the channel says when it is asked".to_owned();
                Some(("cancel", Body::CancelOrder { order: name(), told }))
            }
            SeenState::Unpaid | SeenState::Other => None,
        };
    }
    let bought = u32::try_from(order.units.len()).unwrap_or(u32::MAX);
    let back_here = u32::try_from(order.count(UnitState::Refunded)).unwrap_or(u32::MAX);
    let all_back = seen.state == SeenState::Refunded;
    let back_there = if all_back { bought } else { seen.refunded_units.unwrap_or(0).min(bought) };
    if back_there <= back_here || order.paid_at.is_none() {
        return None;
    }
    // A question that is open is answered by this result; otherwise the result has no name yet.
    let open = refunds.iter().find(|refund| matches!(refund.state, RefundState::Waiting | RefundState::Agreed));
    let key = open.map_or_else(|| format!("{FOLLOWED}{}-{back_there}", seen.order), |refund| refund.key.clone());
    let done: i64 = refunds.iter().filter_map(|refund| refund.channel_amount).map(|amount| amount.amount_minor).sum();
    // How much of a part went back has to be told.
    let there = seen.refunded.or(all_back.then_some(order.retail))?;
    let intent = RecordRefund {
        order: order.channel_order.clone(),
        key,
        cause: RefundCause::Platform,
        units: if all_back { UnitChoice::AllLeft } else { UnitChoice::Count(back_there - back_here) },
        amount: Money { amount_minor: there.amount_minor.saturating_sub(done).max(0), ..there },
        refunded_at: changed,
        gives_back: Default::default(),
    };
    Some(("refund", Body::RecordRefund { order: name(), intent }))
}

/// A channel told that something happened to an order: its changes are followed soon.
pub(crate) async fn ask_soon(core: &Core, connection: &Connection) -> Result<(), StorageFault> {
    if !channel::looks(core, connection, LookName::Orders) {
        return Ok(());
    }
    wishes::make(core, &connection.id, WISH, [String::new()]).await?;
    core.catch_ups.wanted(&connection.id, core.clock.now());
    Ok(())
}

impl Engine {
    /// How far a connection's changes were followed.
    pub async fn following(&self, connection: &Connection) -> Result<Following, StorageFault> {
        following(&self.core, connection).await
    }

    /// A connection's changes are followed soon.
    pub async fn catch_up_soon(&self, connection: &Connection) -> Result<(), StorageFault> {
        ask_soon(&self.core, connection).await
    }
}
