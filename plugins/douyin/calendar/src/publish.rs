//! The notice of a calendar as the fewest publish calls. Scenic §14 and §15.
//!
//! What Douyin refuses is narrowed down: first to a specification, then to a date, so that one date it does not take does
//! not hold up the others. Only calls that may carry a part are divided; a whole calendar sent by `save` stays whole.

use std::collections::VecDeque;

use douyin_wire::calendar::{BatchSaveCalendar, ProductRef, SaveCalendar, SkuCalendar};
use douyin_wire::number::Id;
use douyin_wire::partner::calls::{account, product, refusal};
use douyin_wire::partner::dates::{Dated, specification};
use entrepot_sdk::contract::notice::{CalendarNotice, RefusedDate, SkuDates};
use entrepot_sdk::prelude::*;

use crate::DouyinCalendar;
use crate::connection::ConnectionSettings;
use crate::settings::{ApplicationSettings, CalendarCall};

/// One specification a call. Scenic §14, `documented`.
const SAVE: (&str, &str) = ("calendar_save", "/goodlife/v1/trip/ticket_calendar/save/");
/// Several specifications a call. Scenic §15, `documented`.
const BATCH_SAVE: (&str, &str) = ("calendar_batch_save", "/goodlife/v1/trip/ticket_calendar/batch_save/");

/// Most calls of one notice beyond those it needs, to find out what was refused: enough for one date among three times
/// sixty. What is not found by then, or by the deadline, is refused together.
const NARROWING_LIMIT: usize = 16;

/// Dates of one SKU that go into one call.
#[derive(Clone)]
struct Part<'a> {
    sku: &'a SkuDates,
    dates: Vec<Dated>,
}

/// What one call tells.
type Load<'a> = Vec<Part<'a>>;

pub(crate) async fn deliver(
    channel: &DouyinCalendar,
    call: &Call<ConnectionSettings>,
    notice: &CalendarNotice,
) -> Result<Told, Fault> {
    let settings = &channel.settings;
    let parts = parts(channel, &call.connection.settings, notice)?;
    let long = parts.iter().any(|part| part.dates.len() > usize::from(settings.calendar_days_limit));
    let by = match (notice.whole, settings.calendar_whole) {
        (false, _) => settings.calendar_incremental,
        // A whole calendar that one call cannot carry goes in parts, by the call that takes parts.
        (true, CalendarCall::Save) if long => CalendarCall::BatchSave,
        (true, by) => by,
    };
    let loads = match by {
        CalendarCall::Save => parts.into_iter().map(|part| vec![part]).collect(),
        CalendarCall::BatchSave => packed(settings, &parts),
    };
    let mut push = Push {
        channel,
        call,
        account: account(call)?,
        product: product(&notice.names)?,
        by,
        calls_left: loads.len() + NARROWING_LIMIT,
        loads,
        slowest_ms: 0,
        taken: false,
        refused: Vec::new(),
    };
    push.run().await?;
    Ok(match push.refused {
        refused if refused.is_empty() => Told::Done,
        refused => Told::Partly { refused },
    })
}

/// Every SKU's dates in order: as they stand, and those that are gone.
fn parts<'a>(
    channel: &DouyinCalendar,
    connection: &ConnectionSettings,
    notice: &'a CalendarNotice,
) -> Result<Vec<Part<'a>>, Fault> {
    let of_sku = |sku: &'a SkuDates| {
        let writer = channel.dates(connection, &sku.names)?;
        let mut dates = writer.dated(&sku.cells)?;
        for date in &sku.gone {
            dates.push(writer.gone(*date)?);
        }
        dates.sort_by_key(|dated| dated.date);
        if specification(&sku.names).sku_out_id.is_none() && sku.names.sku.is_none() {
            return Err(Fault::invalid(format!("listing {}: it has no SKU id that Douyin knows", sku.listing)));
        }
        Ok(Part { sku, dates })
    };
    let mut parts: Vec<Part<'a>> = notice.skus.iter().map(of_sku).collect::<Result<_, Fault>>()?;
    parts.retain(|part| !part.dates.is_empty());
    Ok(parts)
}

/// As many specifications and dates into each call as it may carry.
fn packed<'a>(settings: &ApplicationSettings, parts: &[Part<'a>]) -> VecDeque<Load<'a>> {
    let (days, skus) = (usize::from(settings.calendar_days_limit), usize::from(settings.calendar_skus_limit));
    let mut loads = VecDeque::new();
    for group in parts.chunks(skus) {
        let calls = group.iter().map(|part| part.dates.len().div_ceil(days)).max().unwrap_or(0);
        for nth in 0..calls {
            let of_call = |part: &Part<'a>| {
                let dates = part.dates.chunks(days).nth(nth)?.to_vec();
                Some(Part { sku: part.sku, dates })
            };
            loads.push_back(group.iter().filter_map(of_call).collect());
        }
    }
    loads
}

struct Push<'a> {
    channel: &'a DouyinCalendar,
    call: &'a Call<ConnectionSettings>,
    account: Id,
    product: ProductRef,
    by: CalendarCall,
    loads: VecDeque<Load<'a>>,
    calls_left: usize,
    /// How long the slowest call took so far, in milliseconds.
    slowest_ms: u64,
    /// Whether Douyin took any of it.
    taken: bool,
    refused: Vec<RefusedDate>,
}

impl<'a> Push<'a> {
    async fn run(&mut self) -> Result<(), Fault> {
        while let Some(load) = self.loads.pop_front() {
            self.calls_left = self.calls_left.saturating_sub(1);
            let began = self.call.now();
            let sent = self.send(&load).await;
            let took_ms = u64::try_from(self.call.now().since(began)).unwrap_or(0);
            self.slowest_ms = self.slowest_ms.max(took_ms);
            let Err(fault) = sent else {
                self.taken = true;
                continue;
            };
            let Some(reason) = refusal(&self.channel.settings.final_codes, &fault) else {
                // All of it is told again, so what was taken before is no harm; but it was not nothing.
                let effect = if self.taken { Effect::Unknown } else { fault.effect };
                return Err(Fault { effect, ..fault });
            };
            self.narrow(load, &reason);
        }
        Ok(())
    }

    /// Whether so many more calls, beside those that wait, are allowed and end before the deadline, twice as slow as the
    /// slowest one so far: a notice that begins anew each time would never be told.
    fn affords(&self, calls: usize) -> bool {
        let calls = self.loads.len() + calls;
        let time_ms = self.slowest_ms.saturating_mul(2).saturating_mul(u64::try_from(calls).unwrap_or(u64::MAX));
        calls <= self.calls_left && time_ms < self.call.remaining_ms()
    }

    /// Divides what was refused, while that is affordable; otherwise it is refused as it is.
    fn narrow(&mut self, load: Load<'a>, reason: &str) {
        let smaller = match self.by {
            CalendarCall::Save => Vec::new(),
            CalendarCall::BatchSave => divided(&load),
        };
        if !smaller.is_empty() && self.affords(smaller.len()) {
            for load in smaller.into_iter().rev() {
                self.loads.push_front(load);
            }
            return;
        }
        for part in load {
            let refused = part.dates.iter().map(|dated| RefusedDate {
                listing: part.sku.listing.clone(),
                date: dated.date,
                reason: reason.to_owned(),
            });
            self.refused.extend(refused);
        }
    }

    async fn send(&self, load: &[Part<'a>]) -> Result<(), Fault> {
        let client = &self.channel.partner.client;
        let lists = load.iter().map(|part| {
            let writer = self.channel.dates(&self.call.connection.settings, &part.sku.names)?;
            Ok(SkuCalendar {
                ticket_specification: specification(&part.sku.names),
                calendar_list: writer.items(&part.dates),
            })
        });
        let lists: Vec<SkuCalendar> = lists.collect::<Result<_, Fault>>()?;
        let (account_id, product) = (self.account.clone(), self.product.clone());
        match self.by {
            CalendarCall::BatchSave => {
                let body = BatchSaveCalendar { account_id, product, ticket_sku_and_calendar: lists };
                client.post(self.call, BATCH_SAVE.0, BATCH_SAVE.1, &body).await.map(|_| ())
            }
            CalendarCall::Save => {
                for SkuCalendar { ticket_specification, calendar_list: calendars } in lists {
                    let (account_id, product) = (account_id.clone(), product.clone());
                    let body = SaveCalendar { account_id, product, ticket_specification, calendars };
                    client.post(self.call, SAVE.0, SAVE.1, &body).await?;
                }
                Ok(())
            }
        }
    }
}

/// Specification by specification; of one alone, half and half. Empty when there is only one date.
fn divided<'a>(load: &[Part<'a>]) -> Vec<Load<'a>> {
    match load {
        [part] if part.dates.len() > 1 => {
            let (first, second) = part.dates.split_at(part.dates.len() / 2);
            [first, second].map(|dates| vec![Part { sku: part.sku, dates: dates.to_vec() }]).to_vec()
        }
        [_] | [] => Vec::new(),
        several => several.iter().map(|part| vec![part.clone()]).collect(),
    }
}
