//! A list of used tickets is taken in at once: what a gate wrote down while it was offline. Each row is answered by
//! itself, and the same list again changes nothing.

use std::collections::BTreeMap;

use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::intent::UnitChoice;
use entrepot_contract::order::{Order, UnitState};
use entrepot_contract::outcome::{Reason, Refusal};
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::{Body, Command, CommandKey, OrderName, fingerprint};
use entrepot_domain::decide::{Stop, decide};
use entrepot_domain::seed::Seed;
use entrepot_domain::state::State;
use entrepot_domain::venue;
use futures_util::StreamExt;

use super::redeem::Shown;
use crate::core::Engine;
use crate::sequencer::Undecided;

/// Most rows of one list.
pub const ROWS_LIMIT: usize = 5_000;

/// Rows under way at once: their commands share batches.
const AT_ONCE: usize = 16;

/// When a ticket was used, as a list says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedAt {
    /// An instant.
    Instant(Timestamp),
    /// A time at the venue, whose zone the order knows.
    Local {
        /// The date.
        date: VisitDate,
        /// Seconds since midnight.
        second_of_day: u32,
    },
}

/// A row of a list.
#[derive(Debug, Clone)]
pub struct UsedRow {
    /// Its line, for the report.
    pub line: u32,
    /// What was shown.
    pub shown: Shown,
    /// When; now without it.
    pub used_at: Option<UsedAt>,
}

/// A list of used tickets.
#[derive(Debug, Clone)]
pub struct UsedList {
    /// Whose tickets.
    pub merchant: MerchantId,
    /// The supplier connection whose tickets this gate may take; none for people who may take any.
    pub gate: Option<ConnectionId>,
    /// At most [`ROWS_LIMIT`] rows.
    pub rows: Vec<UsedRow>,
    /// Nothing is written; each row is answered as it would be.
    pub dry_run: bool,
    /// The caller's key; rows are told apart by their lines.
    pub key: String,
    /// Who.
    pub by: String,
}

/// What came of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// Units are used now.
    Redeemed {
        /// The order.
        order: OrderId,
        /// Their numbers.
        units: Vec<u16>,
    },
    /// They were used before, by this list or otherwise.
    UsedBefore {
        /// The order.
        order: OrderId,
        /// Their numbers.
        units: Vec<u16>,
    },
    /// Nothing was done.
    Refused(Refusal),
    /// Nothing was done now; the same row may pass later.
    Busy,
}

/// A row whose order is known.
struct Known {
    /// Its lines: rows of one order go together where its channel redeems whole orders only.
    lines: Vec<u32>,
    order: Order,
    units: UnitChoice,
    used_at: Timestamp,
}

impl Engine {
    /// Redeems a list, row by row: each line with its outcome, in the order of the lines.
    pub async fn redeem_rows(&self, mut list: UsedList) -> Vec<(u32, RowOutcome)> {
        let shown = std::mem::take(&mut list.rows);
        let list = &list;
        let mut outcomes: Vec<(u32, RowOutcome)> = Vec::with_capacity(shown.len());
        let find = |row: UsedRow| async move { (row.line, self.known(list, row).await) };
        let found: Vec<_> = futures_util::stream::iter(shown).map(find).buffered(AT_ONCE).collect().await;
        let mut rows = Vec::with_capacity(found.len());
        for (line, known) in found {
            match known {
                Ok(known) => rows.push(known),
                Err(outcome) => outcomes.push((line, outcome)),
            }
        }
        match self.together(&list.merchant, rows).await {
            Err(lines) => outcomes.extend(lines.into_iter().map(|line| (line, RowOutcome::Busy))),
            Ok(rows) if list.dry_run => outcomes.extend(self.tried(list, rows).await),
            Ok(rows) => {
                let redeem = |row: Known| async move { (row.lines.clone(), self.redeem_row(list, row).await) };
                let done: Vec<_> = futures_util::stream::iter(rows).map(redeem).buffered(AT_ONCE).collect().await;
                outcomes.extend(done.into_iter().flat_map(of_each));
            }
        }
        outcomes.sort_by_key(|(line, _)| *line);
        outcomes
    }

    /// The order behind a row, and when it was used.
    async fn known(&self, list: &UsedList, row: UsedRow) -> Result<Known, RowOutcome> {
        let busy = |_| RowOutcome::Busy;
        let now = self.core.clock.now();
        let used_at = |order: &Order| match row.used_at {
            None => Ok(now),
            Some(UsedAt::Instant(at)) => Ok(at),
            Some(UsedAt::Local { date, second_of_day }) => at_venue(order, date, second_of_day),
        };
        let gate = list.gate.as_ref();
        let shown = self.shown_order(&list.merchant, &row.shown, gate, |order| used_at(order).ok()).await;
        let (order, units) = shown.map_err(busy)?.map_err(RowOutcome::Refused)?;
        let closed = self.closed_gate(&list.merchant, &order, list.gate.as_ref()).await.map_err(busy)?;
        if let Some(text) = closed {
            return Err(RowOutcome::Refused(Refusal::new(Reason::StateForbids, text)));
        }
        let used_at = used_at(&order)?;
        Ok(Known { lines: vec![row.line], order, units, used_at })
    }

    /// Rows of an order whose channel redeems whole orders only become one; the latest use counts. `Err`: the lines,
    /// when the rules cannot be read.
    async fn together(&self, merchant: &MerchantId, rows: Vec<Known>) -> Result<Vec<Known>, Vec<u32>> {
        let Ok(rules) = self.core.rules(merchant).await else {
            return Err(rows.into_iter().flat_map(|row| row.lines).collect());
        };
        let mut whole: BTreeMap<OrderId, usize> = BTreeMap::new();
        let mut merged: Vec<Known> = Vec::with_capacity(rows.len());
        for row in rows {
            let by_unit = rules.channel(&row.order.connection).is_none_or(|channel| channel.redeem_units);
            let UnitChoice::Numbers(numbers) = &row.units else {
                merged.push(row);
                continue;
            };
            match whole.get(&row.order.id).filter(|_| !by_unit).and_then(|at| merged.get_mut(*at)) {
                Some(Known { lines, units: UnitChoice::Numbers(together), used_at, .. }) => {
                    lines.extend(&row.lines);
                    together.extend(numbers);
                    *used_at = row.used_at.max(*used_at);
                }
                _ => {
                    whole.insert(row.order.id.clone(), merged.len());
                    merged.push(row);
                }
            }
        }
        Ok(merged)
    }

    async fn redeem_row(&self, list: &UsedList, row: Known) -> RowOutcome {
        if let Some(before) = used_before(&row.order, &row.units) {
            return before;
        }
        let line = row.lines.first().copied().unwrap_or_default();
        let key = CommandKey {
            scope: format!("api:{}", list.by),
            kind: "redeem_row".to_owned(),
            key: format!("{}-{line}", list.key),
        };
        let id = row.order.id.clone();
        let digest = fingerprint(&[("order", id.to_string()), ("units", format!("{:?}", row.units))]);
        let body = Body::Redeem { order: OrderName::Own(id.clone()), units: row.units.clone(), used_at: row.used_at };
        match self.command(&list.merchant, key, digest, &list.by, body).await {
            Ok(Answer::Redeemed { order, units }) => RowOutcome::Redeemed { order, units },
            // Another row, or the same list given twice at once, may have been faster.
            Ok(Answer::Refused(refusal)) => match self.core.storage.order(&list.merchant, &id).await {
                Ok(Some((now, _))) => used_before(&now, &row.units).unwrap_or(RowOutcome::Refused(refusal)),
                _ => RowOutcome::Refused(refusal),
            },
            Ok(_) | Err(Undecided::Busy) => RowOutcome::Busy,
            Err(fault) => {
                tracing::warn!(%fault, "a used ticket could not be recorded");
                RowOutcome::Busy
            }
        }
    }

    /// What would come of the rows, one after the other, on a copy of what is stored.
    async fn tried(&self, list: &UsedList, rows: Vec<Known>) -> Vec<(u32, RowOutcome)> {
        let Ok(rules) = self.core.rules(&list.merchant).await else {
            return rows.into_iter().flat_map(|row| of_each((row.lines, RowOutcome::Busy))).collect();
        };
        let mut state = State::new(rules);
        let mut outcomes = Vec::new();
        for row in rows {
            let outcome = self.tried_row(list, &mut state, &row).await.unwrap_or(RowOutcome::Busy);
            outcomes.extend(of_each((row.lines, outcome)));
        }
        outcomes
    }

    async fn tried_row(&self, list: &UsedList, state: &mut State, row: &Known) -> Option<RowOutcome> {
        let source = row.order.source().map(|(source, _)| source.clone());
        for id in [Some(row.order.id.clone()), source].into_iter().flatten() {
            if state.order(&id).is_none() {
                let (order, refunds) = self.core.storage.order(&list.merchant, &id).await.ok()??;
                state.insert_order(order);
                refunds.into_iter().for_each(|refund| state.insert_refund(refund));
            }
        }
        let now = state.order(&row.order.id)?;
        if let Some(before) = used_before(now, &row.units) {
            return Some(before);
        }
        let name = OrderName::Own(row.order.id.clone());
        let command = Command {
            merchant: list.merchant.clone(),
            key: CommandKey { scope: String::new(), kind: String::new(), key: String::new() },
            fingerprint: String::new(),
            at: self.core.clock.now(),
            by: list.by.clone(),
            seed: Seed::new("TRIED".to_owned(), [0; 16])?,
            job: None,
            body: Body::Redeem { order: name, units: row.units.clone(), used_at: row.used_at },
        };
        match decide(state, &command) {
            Ok(decision) => {
                state.apply(decision.changes);
                match decision.answer {
                    Answer::Redeemed { order, units } => Some(RowOutcome::Redeemed { order, units }),
                    _ => None,
                }
            }
            Err(Stop::Refused(refusal) | Stop::Early(refusal)) => Some(RowOutcome::Refused(refusal)),
            Err(Stop::SeeMore) => None,
        }
    }
}

/// Each line with what came of them together.
fn of_each((lines, outcome): (Vec<u32>, RowOutcome)) -> impl Iterator<Item = (u32, RowOutcome)> {
    lines.into_iter().map(move |line| (line, outcome.clone()))
}

fn at_venue(order: &Order, date: VisitDate, second_of_day: u32) -> Result<Timestamp, RowOutcome> {
    let zone = venue::zone(&order.terms.time_zone).ok_or_else(|| {
        let text = format!(
            "nobody knows the zone {} of order {}; give a time with its offset",
            order.terms.time_zone, order.id
        );
        RowOutcome::Refused(Refusal::new(Reason::Malformed, text))
    })?;
    let minute = u16::try_from(second_of_day / 60).unwrap_or(u16::MAX);
    Ok(venue::instant(zone, date.date(), minute).plus_millis(i64::from(second_of_day % 60) * 1_000))
}

/// Whether everything that a row means was used already.
fn used_before(order: &Order, units: &UnitChoice) -> Option<RowOutcome> {
    let used = order.numbers(UnitState::Redeemed);
    let before = match units {
        UnitChoice::Numbers(numbers) => !numbers.is_empty() && numbers.iter().all(|unit| used.contains(unit)),
        _ => !used.is_empty() && order.count(UnitState::Available) == 0,
    };
    let units = match units {
        UnitChoice::Numbers(numbers) => numbers.clone(),
        _ => used,
    };
    before.then(|| RowOutcome::UsedBefore { order: order.id.clone(), units })
}
