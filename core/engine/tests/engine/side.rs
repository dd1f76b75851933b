//! The fake channel's own side: what it was told beside orders, and what it says when it is asked.

use std::collections::VecDeque;
use std::sync::Mutex;

use entrepot_contract::capability::{CalendarNotices, ChannelCapabilities};
use entrepot_contract::channel::ChannelResponse;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::looking::{LedgerLine, Look, LookName, Opened, OrderSeen, RedemptionLine, Seen, SeenState};
use entrepot_contract::money::Money;
use entrepot_contract::notice::{CalendarNotice, Notice, ProductNotice, Told};
use entrepot_contract::time::Timestamp;

use crate::house::id;

#[derive(Default)]
pub struct Side {
    /// Whether it declares anything of this.
    pub open: Mutex<bool>,
    pub calendars: Mutex<Vec<CalendarNotice>>,
    /// What the next notices of calendars meet; after that it takes them.
    pub calendar_answers: Mutex<VecDeque<Result<Told, Fault>>>,
    pub products: Mutex<Vec<ProductNotice>>,
    pub product_answers: Mutex<VecDeque<Result<Told, Fault>>>,
    pub orders: Mutex<Vec<OrderSeen>>,
    pub lines: Mutex<Vec<LedgerLine>>,
    pub uses: Mutex<Vec<RedemptionLine>>,
    /// Whether it can be asked.
    pub away: Mutex<bool>,
    pub asked: Mutex<Vec<Look>>,
    /// How long an answer to a notice takes, in milliseconds.
    pub slow_ms: Mutex<u64>,
    /// So many looks come too early for a quota.
    pub over_quota: Mutex<u32>,
}

impl Side {
    pub fn declare(&self, channel: &mut ChannelCapabilities) {
        if !*self.open.lock().unwrap() {
            return;
        }
        for name in ["calendar", "product"] {
            channel.notices.push(name.to_owned());
            channel.repeatable_notices.push(name.to_owned());
        }
        channel.calendar = Some(CalendarNotices { dates_limit: 30, skus_limit: 2, horizon_days: 90 });
        channel.looks =
            vec![LookName::Order, LookName::Orders, LookName::Ledger, LookName::Redemptions, LookName::Sealed];
    }

    pub async fn deliver(&self, notice: Notice) -> Result<ChannelResponse, Fault> {
        let slow_ms = *self.slow_ms.lock().unwrap();
        if slow_ms > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(slow_ms)).await;
        }
        let answers = match notice {
            Notice::Calendar(notice) => {
                self.calendars.lock().unwrap().push(notice);
                &self.calendar_answers
            }
            Notice::Product(notice) => {
                self.products.lock().unwrap().push(notice);
                &self.product_answers
            }
            other => return Err(Fault::unsupported(other.name())),
        };
        answers.lock().unwrap().pop_front().unwrap_or(Ok(Told::Done)).map(ChannelResponse::Told)
    }

    /// One entry a page, so that pages are gone through.
    pub fn look(&self, what: Look) -> Result<ChannelResponse, Fault> {
        self.asked.lock().unwrap().push(what.clone());
        let mut quota = self.over_quota.lock().unwrap();
        if *quota > 0 {
            *quota -= 1;
            return Err(Fault {
                retry_after_ms: Some(50),
                ..Fault::not_done(FaultKind::RateLimited, "the quota is used up")
            });
        }
        drop(quota);
        if *self.away.lock().unwrap() {
            return Err(Fault::not_done(FaultKind::Unavailable, "away"));
        }
        let at = |page: Option<String>| page.map_or(0, |page| page.parse::<usize>().unwrap());
        let next = |page: usize, all: usize| (page + 1 < all).then(|| (page + 1).to_string());
        let seen = match what {
            Look::Order { order } => {
                let all = self.orders.lock().unwrap();
                Seen::Orders { orders: all.iter().filter(|seen| seen.order == order).cloned().collect(), next: None }
            }
            Look::Orders { from, to, page } => {
                let all = self.orders.lock().unwrap();
                let within = |seen: &&OrderSeen| seen.updated_at.is_some_and(|at| at >= from && at < to);
                let (all, page): (Vec<&OrderSeen>, usize) = (all.iter().filter(within).collect(), at(page));
                Seen::Orders {
                    next: next(page, all.len()),
                    orders: all.into_iter().skip(page).take(1).cloned().collect(),
                }
            }
            Look::Ledger { page, .. } => {
                let (all, page) = (self.lines.lock().unwrap(), at(page));
                Seen::Ledger { lines: all.iter().skip(page).take(1).cloned().collect(), next: next(page, all.len()) }
            }
            Look::Redemptions { page, .. } => {
                let (all, page) = (self.uses.lock().unwrap(), at(page));
                Seen::Redemptions {
                    lines: all.iter().skip(page).take(1).cloned().collect(),
                    next: next(page, all.len()),
                }
            }
            Look::Sealed(sealed) => {
                let open = |text: &String| text.strip_prefix("Enc.").map(str::to_owned);
                Seen::Opened(Opened { texts: sealed.texts.iter().map(open).collect() })
            }
            _ => return Err(Fault::unsupported("look")),
        };
        Ok(ChannelResponse::Seen(Box::new(seen)))
    }
}

/// An order as the channel sees it, changed at that instant.
pub fn seen(order: &str, state: SeenState, at: Timestamp) -> OrderSeen {
    OrderSeen {
        order: id(order),
        state,
        raw_state: format!("{state:?}"),
        own_order: None,
        source_order: None,
        names: Default::default(),
        ordered_at: Some(at),
        paid_at: Some(at),
        updated_at: Some(at),
        units: None,
        used_units: None,
        refunded_units: None,
        paid: None,
        refunded: None,
    }
}

/// A line of the bill.
pub fn line(number: &str, order: &str, fen: i64) -> LedgerLine {
    LedgerLine {
        id: number.to_owned(),
        order: Some(id(order)),
        what: "sale".to_owned(),
        amount: Money::fen(fen),
        commission: None,
        at: Timestamp::from_millis(0),
    }
}
