//! One file for each thing the business does, start to end.
//!
//! Asked by a channel: [`check_booking`], [`create_order`], [`pay_order`], [`cancel_order`], [`issue_order`],
//! [`refund_order`], [`record_decision`], [`query_order`], [`show_orders`], [`pull_calendar`]; [`unplaced`]: what nobody can
//! place yet; [`unserved`]: what the contract can say and no flow serves; [`offer`]: what may be offered of a listing;
//! [`people`]: whom purchase limits count; [`named_units`]: units that are named by their codes.
//! Told by a supplier: [`hear`].
//! Done later: [`hold`], [`book`], [`cancel_at_supplier`], [`ask_use`], [`notify`], [`read_calendar`], [`watch_codes`],
//! [`upload_codes`].
//! Beside the orders of a [`channel`]: [`tell_calendar`], [`tell_product`], [`catch_up`], [`reconcile`]; [`event`]: what
//! it pushes; [`scenes`]: which of its calls were served; [`open_guests`]: what it sealed of guests;
//! [`wishes`]: what is asked to be done soon; [`bundle`]: products as a channel sells them.
//! Asked by a person: [`redeem`], [`redeem_rows`], [`issue_by_hand`], [`import_codes`], [`administer`],
//! [`ask_supplier`].

pub mod administer;
pub mod ask_supplier;
pub(crate) mod ask_use;
pub(crate) mod book;
mod bundle;
pub(crate) mod cancel_at_supplier;
mod cancel_order;
pub mod catch_up;
pub(crate) mod channel;
mod check_booking;
mod create_order;
mod event;
pub(crate) mod hear;
pub(crate) mod hold;
pub mod import_codes;
pub mod issue_by_hand;
pub(crate) mod issue_order;
mod named_units;
pub(crate) mod notify;
mod offer;
pub(crate) mod open_guests;
mod pay_order;
mod people;
mod pull_calendar;
mod query_order;
pub(crate) mod read_calendar;
pub mod reconcile;
mod record_decision;
pub mod redeem;
pub mod redeem_rows;
mod refund_order;
pub mod scenes;
mod show_orders;
pub(crate) mod supplier;
pub mod tell_calendar;
pub mod tell_product;
pub(crate) mod unplaced;
pub(crate) mod unserved;
pub mod upload_codes;
pub(crate) mod watch_codes;
mod wishes;

use entrepot_contract::ids::{ChannelOrderId, MerchantId};
use entrepot_contract::intent::Intent;
use entrepot_contract::outcome::{Outcome, Reason, Refusal};
use entrepot_domain::alert::{Alert, AlertKind};
use entrepot_domain::answer::Answer;
use entrepot_domain::change::RefKey;
use entrepot_domain::command::{Body, CommandKey, OrderName};
use entrepot_domain::planted::{self, Bug};

use crate::core::Core;
use crate::inbound::Visit;
use crate::records::Record;
use crate::sequencer::Undecided;
use crate::storage::StorageFault;

/// Does what a channel's call means.
pub(crate) async fn serve(visit: &Visit<'_>, intent: &Intent) -> Outcome {
    if let Some(refusal) = unserved::refusal(intent) {
        return Outcome::Refused(refusal);
    }
    match intent {
        Intent::CheckBooking(wish) => check_booking::run(visit, wish).await,
        Intent::CreateOrder(create) => create_order::run(visit, create).await,
        Intent::PayOrder { order, paid_at } => pay_order::run(visit, intent, order, *paid_at).await,
        Intent::CancelOrder { order, stage, cancelled_at } => {
            cancel_order::run(visit, intent, order, *stage, *cancelled_at).await
        }
        Intent::IssueOrder(issue) => issue_order::run(visit, intent, issue).await,
        Intent::AskRefund(ask) => refund_order::ask(visit, ask).await,
        Intent::RecordRefund(record) => refund_order::record(visit, intent, record).await,
        Intent::RecordDecision(told) => record_decision::run(visit, intent, told).await,
        Intent::QueryOrder { order } => query_order::run(visit, order).await,
        Intent::ShowOrders(filter) => show_orders::run(visit, filter).await,
        Intent::PullCalendar(pull) => pull_calendar::run(visit, pull).await,
        // Answered by the plugin's own words.
        Intent::Handshake { .. } => Outcome::Recorded,
        Intent::Event { event, message, order, names } => {
            event::run(visit, event, message, order.as_ref(), names).await
        }
        // Refused above.
        Intent::SyncOrder(_)
        | Intent::RecordUse(_)
        | Intent::ChangeOrder(_)
        | Intent::ExtendHold { .. }
        | Intent::ListProducts { .. }
        | Intent::RecordStanding(_)
        | Intent::WantCodes { .. }
        | Intent::AskMember(_)
        | Intent::AskInvoice(_)
        | Intent::Unknown => Outcome::Refused(unserved::not_known()),
    }
}

impl Visit<'_> {
    /// The order as this call's application names it.
    pub(crate) fn name_of(&self, order: &ChannelOrderId) -> OrderName {
        OrderName::Channel(self.connection.application.clone(), order.clone())
    }

    pub(crate) fn ref_of(&self, order: &ChannelOrderId) -> RefKey {
        RefKey { application: self.connection.application.clone(), order: order.clone() }
    }

    /// Gives a command under the channel's own key of this scene.
    pub(crate) async fn command(&self, key: &str, fields: &[(&str, String)], body: Body) -> Result<Answer, Undecided> {
        let mut key =
            CommandKey { scope: self.connection.id.to_string(), kind: body.name().to_owned(), key: key.to_owned() };
        if planted::is(Bug::WrongKeyScope) {
            key.scope = "channel".to_owned();
        }
        if planted::is(Bug::KeyWithoutScene) {
            key.kind.clear();
        }
        let fingerprint = entrepot_domain::command::fingerprint(fields);
        let (core, merchant) = (self.core, &self.connection.merchant);
        core.command(merchant, key, fingerprint, "channel", body, Some(self.deadline), None).await
    }

    /// Waits until a change of the order gives a result, or the answer is due.
    pub(crate) async fn until<T, F>(
        &self,
        order: &entrepot_contract::ids::OrderId,
        mut look: impl FnMut() -> F,
    ) -> Option<T>
    where
        F: Future<Output = Option<T>>,
    {
        let left = self.deadline.since(self.core.clock.now()).saturating_sub(PROMISE_MS);
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0));
        let mut waiter = self.core.watch.wait_for(order);
        loop {
            if let Some(found) = look().await {
                return Some(found);
            }
            // Results made on other nodes wake nobody here: look again now and then.
            let pause = tokio::time::Instant::now() + OTHER_NODES;
            tokio::select! {
                biased;
                () = waiter.changed() => {}
                () = tokio::time::sleep_until(deadline) => return look().await,
                () = tokio::time::sleep_until(pause) => {}
            }
        }
    }
}

/// Kept back for the command that promises a callback.
const PROMISE_MS: i64 = 700;

/// How often a waiting call looks for results made on other nodes.
const OTHER_NODES: std::time::Duration = std::time::Duration::from_millis(500);

/// The outcome of a command that was not decided.
pub(crate) fn undecided(undecided: Undecided) -> Outcome {
    match undecided {
        Undecided::Busy => Outcome::Busy,
        Undecided::Poison => {
            Outcome::Refused(Refusal::new(Reason::Other, "this call cannot be stored; the log says why"))
        }
    }
}

/// An answer that the command cannot have: our fault, never the caller's.
pub(crate) fn odd(answer: &Answer) -> Outcome {
    tracing::error!(?answer, "a command was answered with something else");
    Outcome::Busy
}

/// Tells a person about something found outside any command; false when that could not be stored.
pub(crate) async fn raise(core: &Core, merchant: &MerchantId, kind: AlertKind, subject: &str, text: &str) -> bool {
    raise_for(core, Some(merchant.clone()), kind, subject, text).await
}

/// The same for the whole deployment, or one merchant.
pub(crate) async fn raise_for(
    core: &Core,
    merchant: Option<MerchantId>,
    kind: AlertKind,
    subject: &str,
    text: &str,
) -> bool {
    tell(merchant.as_ref(), kind, subject, Some(text));
    let alert = Alert { kind, subject: subject.to_owned(), text: text.to_owned(), at: core.clock.now() };
    let stored = core.storage.record(Record::Alert { merchant, alert }).await;
    if let Err(fault) = &stored {
        tracing::error!(%fault, "an alert could not be stored");
    }
    stored.is_ok()
}

/// The cause of an alert is gone, found outside any command.
pub(crate) async fn resolve(
    core: &Core,
    merchant: Option<MerchantId>,
    kind: AlertKind,
    subject: &str,
) -> Result<(), StorageFault> {
    tell(merchant.as_ref(), kind, subject, None);
    let at = core.clock.now();
    core.storage.record(Record::Resolve { merchant, kind, subject: subject.to_owned(), at }).await
}

/// Counts and logs an alert that was raised, or resolved.
pub(crate) fn tell(merchant: Option<&MerchantId>, kind: AlertKind, subject: &str, text: Option<&str>) {
    let merchant = merchant.map_or("", MerchantId::as_str);
    let change = if text.is_some() { "raised" } else { "resolved" };
    metrics::counter!("entrepot_alerts_total", "kind" => kind.name(), "change" => change).increment(1);
    match text {
        Some(text) => tracing::warn!(merchant, %kind, subject, text, "alert"),
        None => tracing::info!(merchant, %kind, subject, "alert resolved"),
    }
}
