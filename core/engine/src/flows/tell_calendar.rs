//! Tells channels what their dates cost and what is left of them (价格库存推送), where the connection says so.
//!
//! Nothing is queued: what the channel was told last is noted, and each round tells what differs from it now. So a
//! thousand changes of a date are one, the newest value wins, and what could not be told still differs at the next
//! round, also after a restart. One node of a deployment tells.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entrepot_contract::capability::CalendarNotices;
use entrepot_contract::ids::ListingId;
use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_contract::notice::{CalendarNotice, Notice, RefusedDate, SkuDates, Told};
use entrepot_contract::outcome::CalendarCell;
use entrepot_contract::time::{Timestamp, VisitDate};
use entrepot_domain::alert::AlertKind;
use entrepot_domain::catalogue::{ConnectionRules, Rules, TellsCalendar};
use entrepot_domain::venue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::bundle::{Bundle, bundles};
use super::{channel, offer, wishes};
use crate::core::{Core, Engine};
use crate::directory::Connection;
use crate::notes::NoteKind;
use crate::rounds::Going;
use crate::storage::StorageFault;

/// The wish that everything of a product is told again.
const WISH: &str = "calendar/";

/// Failed rounds of a product after which somebody is told.
const PATIENCE: u32 = 3;

/// Longest wait between tries, in milliseconds.
const BACKOFF_LIMIT_MS: i64 = 300_000;

/// A date as the channel was told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ToldDate {
    /// None: that it is not for sale any more.
    cell: Option<CalendarCell>,
    /// Why the channel did not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// How telling a product of a channel goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telling {
    /// When everything was told together last; none: it has to be.
    pub whole_at: Option<Timestamp>,
    /// When something was told last.
    pub told_at: Option<Timestamp>,
    /// Rounds that failed since then.
    pub failures: u32,
    /// When the next try is, after a failure.
    pub next_at: Option<Timestamp>,
    /// Why the last round failed, for people.
    pub fault: Option<String>,
    /// Dates that the channel did not take: `SKU date: reason`, at most 20.
    pub refused: Vec<String>,
    /// Calls so far.
    pub calls: u64,
}

/// Most refused dates that a telling names.
const REFUSED_SHOWN: usize = 20;

/// Begins what is due. A round goes on beside the ticker.
pub(crate) async fn look(core: &Arc<Core>) {
    for connection in core.directory().connections.values() {
        let ConnectionRules::Channel(rules) = &connection.rules else { continue };
        let Some(tells) = rules.beside.calendar else { continue };
        let failed = "a channel's calendar could not be looked at";
        let going = Going { rounds: |core| &core.tellings, every_ms: tells.every_ms, failed };
        going.begin(core, connection, async move |core, connection| round(&core, &connection, tells).await).await;
    }
}

/// Looking at very many dates takes a twentieth of the time at most: so many times its length a look rests.
const RESTS: u32 = 20;
/// The longest rest. What was stopped or sold meanwhile waits for it.
const REST_LIMIT: Duration = Duration::from_secs(60);

/// One look, and what is told of it. The channel's own time is no reason to rest: what changed meanwhile is urgent.
async fn round(core: &Core, connection: &Connection, tells: TellsCalendar) -> Result<(), StorageFault> {
    let (began, called_ms) = (Instant::now(), AtomicU64::new(0));
    tell_all(core, connection, tells, &called_ms).await?;
    let looked = began.elapsed().saturating_sub(Duration::from_millis(called_ms.into_inner()));
    let rest = looked.saturating_mul(RESTS).min(REST_LIMIT);
    core.tellings.rest(&connection.id, core.clock.now().plus_millis(i64::try_from(rest.as_millis()).unwrap_or(0)));
    Ok(())
}

async fn tell_all(
    core: &Core,
    connection: &Connection,
    tells: TellsCalendar,
    called_ms: &AtomicU64,
) -> Result<(), StorageFault> {
    let Some(limits) = channel::abilities(core, connection).and_then(|abilities| abilities.calendar) else {
        return Ok(());
    };
    let now = core.clock.now();
    let rules = core.rules(&connection.merchant).await?;
    let scope = connection.id.as_str();
    let told = known(core.storage.notes(scope, NoteKind::ToldDate).await?);
    let mut tellings = BTreeMap::new();
    for note in core.storage.notes(scope, NoteKind::TellingCalendar).await? {
        let (name, telling) = telling_of(note);
        tellings.insert(name, telling);
    }
    again(core, connection, &mut tellings).await?;
    let listed: BTreeSet<&ListingId> = rules.catalogue.listings.iter().map(|listing| &listing.id).collect();
    forget(core, connection, &told, &listed, now).await?;
    for bundle in bundles(&rules.catalogue, connection) {
        let telling = tellings.remove(&bundle.name).unwrap_or_default();
        if telling.next_at.is_some_and(|next| next > now) {
            continue;
        }
        let telling_round =
            Round { core, connection, tells, limits: &limits, rules: &rules, told: &told, now, called_ms };
        telling_round.tell(&bundle, telling).await?;
    }
    Ok(())
}

/// What was asked to be told again is noted as such before the wish goes.
async fn again(
    core: &Core,
    connection: &Connection,
    tellings: &mut BTreeMap<String, Telling>,
) -> Result<(), StorageFault> {
    let wanted = wishes::of(core, &connection.id, WISH).await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let mut changes = Vec::new();
    for name in &wanted {
        let telling = tellings.entry(name.clone()).or_default();
        *telling = Telling { whole_at: None, next_at: None, ..std::mem::take(telling) };
        changes.push((name.clone(), Some(serde_json::to_value(&*telling).unwrap_or_default())));
    }
    let now = core.clock.now();
    core.storage.note(connection.id.as_str(), NoteKind::TellingCalendar, changes, now).await?;
    wishes::granted(core, &connection.id, WISH, &wanted).await
}

type Known = BTreeMap<(ListingId, VisitDate), (ToldDate, Timestamp)>;

fn known(notes: Vec<crate::notes::Note>) -> Known {
    let read = |note: crate::notes::Note| {
        let (listing, date) = note.subject.rsplit_once('/')?;
        let key = (ListingId::parse(listing).ok()?, date.parse().ok()?);
        Some((key, (serde_json::from_value(note.body).ok()?, note.at)))
    };
    notes.into_iter().filter_map(read).collect()
}

fn subject(listing: &ListingId, date: VisitDate) -> String {
    format!("{listing}/{date}")
}

/// Dates long past, and listings that are gone, need no notes.
async fn forget(
    core: &Core,
    connection: &Connection,
    told: &Known,
    listed: &BTreeSet<&ListingId>,
    now: Timestamp,
) -> Result<(), StorageFault> {
    // Two days: no time zone is further behind.
    let Some(past) = venue::zone("UTC").and_then(|zone| venue::today(zone, now.plus_millis(-2 * 86_400_000))) else {
        return Ok(());
    };
    let gone = told.keys().filter(|(listing, date)| *date < past || !listed.contains(listing));
    let changes: Vec<(String, Option<Value>)> = gone.map(|(listing, date)| (subject(listing, *date), None)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    core.storage.note(connection.id.as_str(), NoteKind::ToldDate, changes, now).await
}

struct Round<'a> {
    core: &'a Core,
    connection: &'a Connection,
    tells: TellsCalendar,
    limits: &'a CalendarNotices,
    rules: &'a Rules,
    told: &'a Known,
    now: Timestamp,
    /// How long the channel's answers took.
    called_ms: &'a AtomicU64,
}

impl Round<'_> {
    async fn tell(&self, bundle: &Bundle<'_>, mut telling: Telling) -> Result<(), StorageFault> {
        let whole_every = self.tells.whole_every_ms;
        let whole = telling.whole_at.is_none_or(|last| self.now.since(last) >= whole_every);
        let mut skus = Vec::new();
        for listing in &bundle.listings {
            let dates = self.dates(listing, whole).await?;
            if !dates.cells.is_empty() || !dates.gone.is_empty() {
                skus.push(dates);
            }
        }
        if skus.is_empty() {
            return Ok(());
        }
        let before = telling.clone();
        let mut refused = if whole { Vec::new() } else { std::mem::take(&mut telling.refused) };
        let mut fault = None;
        for notice in notices(&bundle.names, skus, self.limits, whole) {
            telling.calls += 1;
            let told = self.deliver(&notice, telling.failures + 1).await;
            metrics::counter!("entrepot_calendar_tellings_total", "connection" => self.connection.id.to_string(),
                "result" => if told.is_ok() { "told" } else { "failed" })
            .increment(1);
            match told {
                Ok(not_taken) => {
                    let told = dates_of(&notice);
                    refused.retain(|line| !told.iter().any(|date| line.starts_with(date)));
                    refused
                        .extend(not_taken.iter().map(|no| format!("{}{}", told_date(&no.listing, no.date), no.reason)));
                    self.note(&notice, &not_taken).await?;
                }
                Err(why) => {
                    fault = Some(why);
                    break;
                }
            }
        }
        refused.truncate(REFUSED_SHOWN);
        telling.refused = refused;
        match fault {
            None => {
                let whole_at = if whole { Some(self.now) } else { before.whole_at };
                telling =
                    Telling { whole_at, told_at: Some(self.now), failures: 0, next_at: None, fault: None, ..telling };
            }
            Some(why) => {
                telling.failures += 1;
                let wait = self.tells.every_ms.saturating_mul(1 << telling.failures.min(12)).min(BACKOFF_LIMIT_MS);
                telling.next_at = Some(self.now.plus_millis(wait));
                telling.fault = Some(why);
            }
        }
        self.alert(&bundle.name, &before, &telling).await;
        let body = serde_json::to_value(&telling).unwrap_or_default();
        let change = vec![(bundle.name.clone(), Some(body))];
        self.core.storage.note(self.connection.id.as_str(), NoteKind::TellingCalendar, change, self.now).await
    }

    /// The dates of a listing that the channel has to be told.
    async fn dates(&self, listing: &Listing, whole: bool) -> Result<SkuDates, StorageFault> {
        let mut dates =
            SkuDates { listing: listing.id.clone(), names: listing.names.clone(), cells: Vec::new(), gone: Vec::new() };
        let Ok((product, _)) = self.rules.catalogue.sku(listing.sells.dated()) else { return Ok(dates) };
        let range = venue::zone(&product.time_zone)
            .and_then(|zone| venue::today(zone, self.now))
            .and_then(|today| Some((today, today.plus_days(u32::from(self.limits.horizon_days.saturating_sub(1)))?)));
        let Some((first, last)) = range else { return Ok(dates) };
        let cells = offer::days(self.core, self.rules, listing, (first, last)).await?;
        let known: BTreeSet<VisitDate> = cells.iter().filter_map(|cell| cell.day.date).collect();
        let of = |date: VisitDate| self.told.get(&(listing.id.clone(), date));
        dates.cells = cells
            .into_iter()
            .filter(|cell| cell.day.date.is_some_and(|date| whole || self.differs(cell, of(date))))
            .collect();
        let told = self.told.iter().filter(|((of, date), (told, _))| {
            *of == listing.id
                && (first..=last).contains(date)
                && !known.contains(date)
                && (whole || told.cell.is_some())
        });
        dates.gone = told.map(|((_, date), _)| *date).collect();
        Ok(dates)
    }

    /// Whether a date has to be told. Where only the number left changed, and some are left before and after, the
    /// channel is told now and then.
    fn differs(&self, cell: &CalendarCell, told: Option<&(ToldDate, Timestamp)>) -> bool {
        let Some((ToldDate { cell: Some(before), .. }, at)) = told else { return true };
        if before == cell {
            return false;
        }
        let sells = |cell: &CalendarCell| cell.left.is_none_or(|left| left > 0);
        let small =
            before.day == cell.day && before.left.is_some() == cell.left.is_some() && sells(before) == sells(cell);
        !small || self.now.since(*at) >= self.tells.stock_every_ms
    }

    /// The dates that were not taken, or why nothing was.
    async fn deliver(&self, notice: &CalendarNotice, attempt: u32) -> Result<Vec<RefusedDate>, String> {
        let began = Instant::now();
        let told = channel::tell(self.core, &self.connection.id, attempt, Notice::Calendar(notice.clone())).await;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.called_ms.fetch_add(took_ms, Ordering::Relaxed);
        match told {
            Ok(Told::Done) => Ok(Vec::new()),
            Ok(Told::Partly { refused }) => Ok(refused),
            Ok(_) => Err("the notice was answered with something else".to_owned()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    /// Notes what the channel was told. A date that it did not take is told again when it changes, or with all others.
    async fn note(&self, notice: &CalendarNotice, refused: &[RefusedDate]) -> Result<(), StorageFault> {
        let mut changes = Vec::new();
        for sku in &notice.skus {
            let cells = sku.cells.iter().filter_map(|cell| Some((cell.day.date?, Some(cell.clone()))));
            for (date, cell) in cells.chain(sku.gone.iter().map(|date| (*date, None))) {
                let no = refused.iter().find(|no| no.listing == sku.listing && no.date == date);
                let told = ToldDate { cell, refused: no.map(|no| no.reason.clone()) };
                changes.push((subject(&sku.listing, date), Some(serde_json::to_value(told).unwrap_or_default())));
            }
        }
        self.core.storage.note(self.connection.id.as_str(), NoteKind::ToldDate, changes, self.now).await
    }

    async fn alert(&self, product: &str, before: &Telling, after: &Telling) {
        let stands = |telling: &Telling| telling.failures >= PATIENCE || !telling.refused.is_empty();
        let about = format!("{}/{product}", self.connection.id);
        if stands(after) {
            let text = match (&after.fault, after.refused.first()) {
                (Some(why), _) => {
                    format!("{about}: prices and stock could not be told {} times: {why}", after.failures)
                }
                (None, Some(no)) => format!("{about}: the channel did not take some dates, first {no}"),
                (None, None) => return,
            };
            super::raise(self.core, &self.connection.merchant, AlertKind::CalendarBehind, &about, &text).await;
        } else if stands(before) {
            let merchant = Some(self.connection.merchant.clone());
            if let Err(fault) = super::resolve(self.core, merchant, AlertKind::CalendarBehind, &about).await {
                tracing::error!(%fault, "an alert could not be resolved");
            }
        }
    }
}

/// How a refused date begins, for people.
fn told_date(listing: &ListingId, date: VisitDate) -> String {
    format!("{listing} {date}: ")
}

fn dates_of(notice: &CalendarNotice) -> Vec<String> {
    let of = |sku: &SkuDates| {
        let dates = sku.cells.iter().filter_map(|cell| cell.day.date).chain(sku.gone.iter().copied());
        dates.map(|date| told_date(&sku.listing, date)).collect::<Vec<_>>()
    };
    notice.skus.iter().flat_map(of).collect()
}

/// The fewest notices that say it: each with as many SKUs and dates as the channel takes.
fn notices(names: &ListingNames, skus: Vec<SkuDates>, limits: &CalendarNotices, whole: bool) -> Vec<CalendarNotice> {
    let (skus_limit, dates_limit) = (usize::from(limits.skus_limit.max(1)), usize::from(limits.dates_limit.max(1)));
    let mut parts: Vec<SkuDates> = Vec::new();
    for sku in skus {
        if whole {
            parts.push(sku);
            continue;
        }
        let part = |cells: &[CalendarCell], gone: &[VisitDate]| SkuDates {
            cells: cells.to_vec(),
            gone: gone.to_vec(),
            ..sku.clone()
        };
        parts.extend(sku.cells.chunks(dates_limit).map(|cells| part(cells, &[])));
        // Those that are gone go along with the last dates, where there is room.
        let room =
            parts.last().filter(|last| last.listing == sku.listing).map_or(0, |last| dates_limit - last.cells.len());
        let (with_last, more) = sku.gone.split_at(room.min(sku.gone.len()));
        if let Some(last) = parts.last_mut().filter(|last| last.listing == sku.listing) {
            last.gone = with_last.to_vec();
        }
        parts.extend(more.chunks(dates_limit).map(|gone| part(&[], gone)));
    }
    // A notice names each SKU once: the parts are dealt out in turns.
    let mut turns: BTreeMap<usize, Vec<SkuDates>> = BTreeMap::new();
    let mut seen: BTreeMap<ListingId, usize> = BTreeMap::new();
    for part in parts {
        let turn = seen.entry(part.listing.clone()).or_default();
        turns.entry(*turn).or_default().push(part);
        *turn += 1;
    }
    let notice = |skus: &[SkuDates]| CalendarNotice { names: names.clone(), skus: skus.to_vec(), whole };
    turns.into_values().flat_map(|skus| skus.chunks(skus_limit).map(notice).collect::<Vec<_>>()).collect()
}

impl Engine {
    /// The products of a channel's connection by name, each with our listings that the channel sells as one.
    pub async fn channel_products(&self, connection: &Connection) -> Result<Vec<(String, Vec<Listing>)>, StorageFault> {
        let rules = self.core.rules(&connection.merchant).await?;
        let listed = |bundle: Bundle<'_>| (bundle.name, bundle.listings.into_iter().cloned().collect());
        Ok(bundles(&rules.catalogue, connection).into_iter().map(listed).collect())
    }

    /// How telling calendars goes at a connection: products by name.
    pub async fn calendar_tellings(&self, connection: &Connection) -> Result<Vec<(String, Telling)>, StorageFault> {
        let notes = self.core.storage.notes(connection.id.as_str(), NoteKind::TellingCalendar).await?;
        Ok(notes.into_iter().map(telling_of).collect())
    }

    /// Everything of a connection is told together soon; of one product where it is named. How many products that are.
    pub async fn tell_calendar_whole(
        &self,
        connection: &Connection,
        product: Option<&str>,
    ) -> Result<usize, StorageFault> {
        whole(&self.core, connection, product).await
    }
}

/// See [`Engine::tell_calendar_whole`].
pub(super) async fn whole(core: &Core, connection: &Connection, product: Option<&str>) -> Result<usize, StorageFault> {
    let rules = core.rules(&connection.merchant).await?;
    let named = bundles(&rules.catalogue, connection).into_iter().map(|bundle| bundle.name);
    let wanted: Vec<String> = named.filter(|name| product.is_none_or(|product| product == name)).collect();
    let count = wanted.len();
    wishes::make(core, &connection.id, WISH, wanted).await?;
    core.tellings.wanted(&connection.id, core.clock.now());
    Ok(count)
}

fn telling_of(note: crate::notes::Note) -> (String, Telling) {
    (note.subject, serde_json::from_value(note.body).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(listing: &str, dates: u32, gone: u32) -> SkuDates {
        let day = |number: u32| "2026-10-01".parse::<VisitDate>().unwrap().plus_days(number).unwrap();
        let cell = |number| CalendarCell {
            day: entrepot_contract::calendar::CalendarDay {
                sku: "s".parse().unwrap(),
                date: Some(day(number)),
                retail: entrepot_contract::money::Money::fen(100),
                settlement: entrepot_contract::money::Money::fen(90),
                open: true,
                close: None,
                cost: None,
                minimum_units: None,
                maximum_units: None,
                cutoff: None,
                slots: Vec::new(),
            },
            left: Some(1),
            slots: Vec::new(),
        };
        SkuDates {
            listing: listing.parse().unwrap(),
            names: ListingNames::default(),
            cells: (0..dates).map(cell).collect(),
            gone: (dates..dates + gone).map(day).collect(),
        }
    }

    fn dates(notices: &[CalendarNotice]) -> usize {
        notices.iter().flat_map(|notice| &notice.skus).map(|sku| sku.cells.len() + sku.gone.len()).sum()
    }

    #[test]
    fn a_thousand_dates_are_the_fewest_calls_and_none_is_lost_or_told_twice() {
        let limits = CalendarNotices { dates_limit: 60, skus_limit: 3, horizon_days: 400 };
        let told = notices(
            &ListingNames::default(),
            vec![sku("a", 334, 0), sku("b", 333, 0), sku("c", 333, 0)],
            &limits,
            false,
        );
        assert_eq!((told.len(), dates(&told)), (6, 1000));
        assert!(told.iter().all(|notice| notice.skus.len() <= 3));
        assert!(told.iter().flat_map(|notice| &notice.skus).all(|sku| sku.cells.len() <= 60));
        let told = notices(&ListingNames::default(), vec![sku("a", 50, 20), sku("b", 0, 61)], &limits, false);
        assert_eq!((told.len(), dates(&told)), (2, 131));
        let told = notices(&ListingNames::default(), vec![sku("a", 200, 1)], &limits, true);
        assert_eq!((told.len(), dates(&told)), (1, 201));
        let four: Vec<SkuDates> = ["a", "b", "c", "d"].map(|id| sku(id, 10, 0)).to_vec();
        assert_eq!(notices(&ListingNames::default(), four, &limits, false).len(), 2);
    }
}
