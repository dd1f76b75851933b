//! Compares a day's orders, uses and bill with a channel (对账): each day at its time, and when a person asks for it. What
//! differs is kept until a person, or a later comparison, settles it. One node of a deployment compares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entrepot_contract::ids::{ChannelOrderId, OrderId};
use entrepot_contract::looking::{LedgerLine, Look, LookName, OrderSeen, RedemptionLine, Seen};
use entrepot_contract::money::Money;
use entrepot_contract::order::Refund;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::catalogue::{ComparesDays, ConnectionRules};
use entrepot_domain::change::RefKey;
use entrepot_domain::difference::{self, Difference, OwnOrder};
use entrepot_domain::venue;
use serde::{Deserialize, Serialize};

use super::{catch_up, channel};
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::notes::{ComparedDay, MadeOrder, NoteKind, ORDERS_PAGE};
use crate::rounds::Going;
use crate::storage::StorageFault;

/// How often is looked for a day to compare, in milliseconds.
const LOOK_MS: i64 = 2_000;

const GOING: Going =
    Going { rounds: |core| &core.comparisons, every_ms: LOOK_MS, failed: "a day could not be compared" };

/// Most orders of a day; more are not compared by one run.
const ORDERS_LIMIT: usize = 200_000;

/// Most orders that are asked for one by one.
const SINGLE_LIMIT: usize = 500;

/// Most differences that one day keeps.
const DIFFERENCES_LIMIT: usize = 5_000;

/// Tries of a day before a person has to ask for it.
const TRIES_LIMIT: u32 = 5;

/// The zone of a channel's days where its connection does not say.
pub const CHANNEL_ZONE: &str = "Asia/Shanghai";

/// How far the comparison of a day is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is asked for.
    #[default]
    Wanted,
    /// It ended.
    Done,
    /// It failed, and is tried again while tries are left.
    Failed,
}

/// The comparison of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// How far it is.
    pub standing: Standing,
    /// Who asked for it.
    pub by: String,
    /// When it ended, well or not.
    pub ended_at: Option<Timestamp>,
    /// Orders that were compared.
    pub orders: u64,
    /// Lines of the bill; none where the channel cannot be asked.
    pub bill_lines: Option<u64>,
    /// Uses; none where the channel cannot be asked.
    pub uses: Option<u64>,
    /// Differences found.
    pub differences: u64,
    /// Tries that failed.
    pub failures: u32,
    /// When the next try is, after a failure.
    pub next_at: Option<Timestamp>,
    /// Why the last try failed, for people.
    pub fault: Option<String>,
}

/// Begins what is due. A comparison goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    for connection in core.directory().connections.values() {
        let ConnectionRules::Channel(rules) = &connection.rules else { continue };
        if channel::looks(core, connection, LookName::Orders) {
            let compares = rules.beside.compares.clone();
            let round =
                async move |core: Arc<Core>, connection: Connection| round(&core, &connection, compares.as_ref()).await;
            GOING.begin(core, connection, round).await;
        }
    }
}

async fn comparisons(core: &Core, connection: &Connection) -> Result<BTreeMap<VisitDate, Comparison>, StorageFault> {
    let notes = core.storage.notes(connection.id.as_str(), NoteKind::Reconciliation).await?;
    let read = |note: crate::notes::Note| Some((note.subject.parse().ok()?, serde_json::from_value(note.body).ok()?));
    Ok(notes.into_iter().filter_map(read).collect())
}

async fn write(core: &Core, connection: &Connection, day: VisitDate, body: &Comparison) -> Result<(), StorageFault> {
    let change = vec![(day.to_string(), Some(serde_json::to_value(body).unwrap_or_default()))];
    core.storage.note(connection.id.as_str(), NoteKind::Reconciliation, change, core.clock.now()).await
}

async fn round(core: &Core, connection: &Connection, compares: Option<&ComparesDays>) -> Result<(), StorageFault> {
    let now = core.clock.now();
    let known = comparisons(core, connection).await?;
    let zone = compares.map_or(CHANNEL_ZONE, |compares| compares.time_zone.as_str());
    let daily = compares.and_then(|compares| yesterday(compares, now)).filter(|day| !known.contains_key(day));
    let due = |comparison: &Comparison| match comparison.standing {
        Standing::Wanted => true,
        Standing::Done => false,
        Standing::Failed => comparison.failures < TRIES_LIMIT && comparison.next_at.is_none_or(|next| next <= now),
    };
    let mut days: BTreeMap<VisitDate, Comparison> =
        known.into_iter().filter(|(_, comparison)| due(comparison)).collect();
    days.extend(daily.map(|day| (day, Comparison { by: "clock".to_owned(), ..Comparison::default() })));
    for (day, before) in days {
        let compared = compare(core, connection, zone, day).await;
        let ended_at = Some(core.clock.now());
        let after = match compared {
            Ok(compared) => Comparison { standing: Standing::Done, by: before.by, ended_at, ..compared },
            Err(fault) => {
                let failures = before.failures + 1;
                let next_at = Some(core.clock.now().plus_millis(30_000 << failures.min(6)));
                Comparison { standing: Standing::Failed, ended_at, failures, next_at, fault: Some(fault), ..before }
            }
        };
        tell(core, connection, day, &after).await;
        write(core, connection, day, &after).await?;
    }
    Ok(())
}

/// The day that has to be compared by now: yesterday, once its time has come.
fn yesterday(compares: &ComparesDays, now: Timestamp) -> Option<VisitDate> {
    let zone = venue::zone(&compares.time_zone)?;
    venue::today(zone, now.plus_millis(-i64::from(compares.minute_of_day) * 60_000))
        .and_then(|day| VisitDate::new(day.date().pred_opt()?))
}

async fn tell(core: &Core, connection: &Connection, day: VisitDate, after: &Comparison) {
    let about = format!("{}/{day}", connection.id);
    let merchant = &connection.merchant;
    let told = match (after.standing, after.differences) {
        (Standing::Failed, _) => {
            let text =
                format!("{day} could not be compared with {}: {}", connection.id, after.fault.as_deref().unwrap_or(""));
            super::raise(core, merchant, AlertKind::Differences, &about, &text).await
        }
        (_, 0) => super::resolve(core, Some(merchant.clone()), AlertKind::Differences, &about).await.is_ok(),
        (_, found) => {
            let text = format!("{found} differences between our orders of {day} and those of {}", connection.id);
            super::raise(core, merchant, AlertKind::Differences, &about, &text).await
        }
    };
    if !told {
        tracing::error!(about, "nobody could be told how a comparison went");
    }
}

/// The instants at which a day begins and ends.
fn bounds(zone: &str, day: VisitDate) -> Option<(Timestamp, Timestamp)> {
    let zone = venue::zone(zone)?;
    Some((venue::start_of(zone, day), venue::start_of(zone, day.plus_days(1)?)))
}

async fn compare(core: &Core, connection: &Connection, zone: &str, day: VisitDate) -> Result<Comparison, String> {
    let now = core.clock.now();
    let (from, to) = bounds(zone, day).ok_or_else(|| format!("{day} has no bounds in zone {zone}"))?;
    if from >= now {
        return Err(format!("{day} has not begun"));
    }
    let mut ours = made(core, connection, from, to).await?;
    // A change after the day still speaks about its orders.
    let until = to.plus_millis(86_400_000).min(now);
    let seen = catch_up::orders_seen(core, connection, from, until).await?;
    let of_day = |seen: &OrderSeen| seen.ordered_at.is_none_or(|at| at >= from && at < to);
    let mut theirs: BTreeMap<ChannelOrderId, OrderSeen> =
        seen.into_iter().filter(of_day).map(|seen| (seen.order.clone(), seen)).collect();
    // An order of midnight counts for another day there, or has not changed since then.
    fetch(core, connection, theirs.keys().filter(|order| !ours.contains_key(*order)).cloned().collect(), &mut ours)
        .await?;
    let unseen: Vec<&ChannelOrderId> = ours.keys().filter(|order| !theirs.contains_key(*order)).collect();
    let mut single = Vec::new();
    for order in unseen.into_iter().take(SINGLE_LIMIT) {
        single.extend(catch_up::order_seen(core, connection, order).await?);
    }
    theirs.extend(single.into_iter().map(|seen| (seen.order.clone(), seen)));
    let own: Vec<OwnOrder> = ours.values().cloned().collect();
    let theirs: Vec<OrderSeen> = theirs.into_values().collect();
    let mut found = difference::orders(&own, &theirs, now);
    let uses = if channel::looks(core, connection, LookName::Redemptions) {
        Some(uses(core, connection, from, to).await?)
    } else {
        None
    };
    let bill = if channel::looks(core, connection, LookName::Ledger) {
        Some(bill(core, connection, day).await?)
    } else {
        None
    };
    let named = uses.iter().flatten().filter_map(|line| line.order.clone());
    let named: BTreeSet<ChannelOrderId> =
        named.chain(bill.iter().flatten().filter_map(|line| line.order.clone())).collect();
    fetch(core, connection, named.into_iter().filter(|order| !ours.contains_key(order)).collect(), &mut ours).await?;
    let all: Vec<OwnOrder> = ours.into_values().collect();
    found.extend(uses.iter().flat_map(|uses| difference::uses(&all, uses)));
    found.extend(bill.iter().flat_map(|lines| difference::bill(&all, lines, uses.as_deref())));
    let mut found = once(found);
    let numbers = vouchers(core, connection, &found, &all).await?;
    difference::under_vouchers(&mut found, &all, &theirs, &numbers);
    let differences = found.len() as u64;
    let of = ComparedDay { merchant: connection.merchant.clone(), connection: connection.id.clone(), day };
    core.storage.found(&of, found, now).await.map_err(|fault| fault.to_string())?;
    Ok(Comparison {
        orders: own.len().max(theirs.len()) as u64,
        bill_lines: bill.map(|lines| lines.len() as u64),
        uses: uses.map(|lines| lines.len() as u64),
        differences,
        ..Comparison::default()
    })
}

/// The numbers of the vouchers behind the reservations that differ. A voucher may be of another day.
async fn vouchers(
    core: &Core,
    connection: &Connection,
    found: &[Difference],
    ours: &[OwnOrder],
) -> Result<BTreeMap<OrderId, ChannelOrderId>, String> {
    let differs: BTreeSet<&str> = found.iter().map(|one| one.subject.as_str()).collect();
    let reservations = ours.iter().filter(|own| differs.contains(own.order.channel_order.as_str()));
    let wanted: BTreeSet<&OrderId> =
        reservations.filter_map(|own| own.order.source()).map(|(source, _)| source).collect();
    let here: BTreeMap<&OrderId, &ChannelOrderId> =
        ours.iter().map(|own| (&own.order.id, &own.order.channel_order)).collect();
    let mut numbers = BTreeMap::new();
    let mut asked = 0;
    for source in wanted {
        if let Some(number) = here.get(source) {
            numbers.insert(source.clone(), ChannelOrderId::clone(number));
        } else if asked < SINGLE_LIMIT {
            asked += 1;
            let read = core.storage.order(&connection.merchant, source).await.map_err(|fault| fault.to_string())?;
            numbers.extend(read.map(|(voucher, _)| (voucher.id, voucher.channel_order)));
        }
    }
    Ok(numbers)
}

/// Each subject once for each kind, and no more than a day keeps.
fn once(found: Vec<Difference>) -> Vec<Difference> {
    let mut known = BTreeSet::new();
    let mut kept: Vec<Difference> =
        found.into_iter().filter(|one| known.insert((one.kind, one.subject.clone()))).collect();
    kept.truncate(DIFFERENCES_LIMIT);
    kept
}

fn own(made: MadeOrder) -> OwnOrder {
    let back: Vec<Money> = made.refunds.iter().filter_map(|refund: &Refund| refund.channel_amount).collect();
    let sum: i64 = back.iter().map(|amount| amount.amount_minor).sum();
    let refunded = (!back.is_empty()).then_some(Money { amount_minor: sum, ..made.order.retail });
    OwnOrder { order: made.order, refunded }
}

type Ours = BTreeMap<ChannelOrderId, OwnOrder>;

/// Our orders of a day.
async fn made(core: &Core, connection: &Connection, from: Timestamp, to: Timestamp) -> Result<Ours, String> {
    let mut all = BTreeMap::new();
    let mut after: Option<OrderId> = None;
    while all.len() < ORDERS_LIMIT {
        let page = core.storage.orders_made(&connection.merchant, &connection.id, (from, to), after.as_ref()).await;
        let page = page.map_err(|fault| fault.to_string())?;
        let last = page.len() < usize::try_from(ORDERS_PAGE).unwrap_or(usize::MAX);
        after = page.last().map(|made| made.order.id.clone());
        all.extend(page.into_iter().map(|made| (made.order.channel_order.clone(), own(made))));
        if last {
            return Ok(all);
        }
    }
    Err(format!("more than {ORDERS_LIMIT} orders of one day"))
}

/// Orders of ours that were made on another day, where they are ours.
async fn fetch(
    core: &Core,
    connection: &Connection,
    orders: Vec<ChannelOrderId>,
    ours: &mut Ours,
) -> Result<(), String> {
    for part in orders.chunks(500) {
        let keys: Vec<RefKey> = part
            .iter()
            .map(|order| RefKey { application: connection.application.clone(), order: order.clone() })
            .collect();
        let known = core.storage.channel_refs(&keys).await.map_err(|fault| fault.to_string())?;
        for placed in known.into_values().filter_map(|known| known.order) {
            if placed.merchant != connection.merchant || placed.connection != connection.id {
                continue;
            }
            let read = core.storage.order(&placed.merchant, &placed.order).await.map_err(|fault| fault.to_string())?;
            if let Some((order, refunds)) = read {
                ours.insert(order.channel_order.clone(), own(MadeOrder { order, refunds }));
            }
        }
    }
    Ok(())
}

async fn uses(
    core: &Core,
    connection: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<RedemptionLine>, String> {
    let ask = |page| Look::Redemptions { from, to, page };
    let take = |seen| match seen {
        Seen::Redemptions { lines, next } => {
            Some((lines.into_iter().map(|line| (line.id.clone(), line)).collect(), next))
        }
        _ => None,
    };
    channel::look_through(core, &connection.id, ask, take).await
}

async fn bill(core: &Core, connection: &Connection, day: VisitDate) -> Result<Vec<LedgerLine>, String> {
    let ask = |page| Look::Ledger { day, page };
    let take = |seen| match seen {
        Seen::Ledger { lines, next } => Some((lines.into_iter().map(|line| (line.id.clone(), line)).collect(), next)),
        _ => None,
    };
    channel::look_through(core, &connection.id, ask, take).await
}

impl Engine {
    /// The comparisons of a connection's days.
    pub async fn comparisons(&self, connection: &Connection) -> Result<BTreeMap<VisitDate, Comparison>, StorageFault> {
        comparisons(&self.core, connection).await
    }

    /// Asks for a day to be compared soon; false where the channel cannot be asked about its orders.
    pub async fn compare_soon(&self, connection: &Connection, day: VisitDate, by: &str) -> Result<bool, StorageFault> {
        if !channel::looks(&self.core, connection, LookName::Orders) {
            return Ok(false);
        }
        let wanted = Comparison { by: by.to_owned(), ..Comparison::default() };
        write(&self.core, connection, day, &wanted).await?;
        self.core.comparisons.wanted(&connection.id, self.core.clock.now());
        Ok(true)
    }
}
