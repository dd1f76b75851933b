//! What has to happen as time passes: switches and catalogues stay fresh, deadlines pass, calendars are read, codes are
//! looked after.

use std::sync::Arc;
use std::time::Duration;

use entrepot_contract::time::Timestamp;
use entrepot_domain::command::{Body, CommandKey};
use tokio::sync::Mutex;

use crate::core::Core;
use crate::flows;
use crate::notes::NoteKind;
use crate::records::Record;

/// Orders looked at in one tick.
const DEADLINES_LIMIT: u32 = 200;

/// Looks once a tick until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_millis(core.settings.tick_ms));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = core.jobs.closed() => return,
            _ = tick.tick() => {}
        }
        core.ticker.look(&core).await;
    }
}

/// What one look leaves for the next.
#[derive(Default)]
pub(crate) struct Ticker(Mutex<Looked>);

#[derive(Default)]
struct Looked {
    swept: Option<Timestamp>,
    pruned: Option<Timestamp>,
}

impl Ticker {
    /// One look at everything; no two go on at once.
    pub(crate) async fn look(&self, core: &Arc<Core>) {
        let mut looked = self.0.lock().await;
        if let Err(fault) = core.refresh_switches().await {
            tracing::warn!(%fault, "switches could not be read");
            return;
        }
        refresh_catalogues(core).await;
        pass_deadlines(core).await;
        flows::read_calendar::look(core).await;
        flows::tell_calendar::look(core).await;
        flows::tell_product::look(core).await;
        flows::catch_up::look(core).await;
        flows::reconcile::look(core).await;
        flows::scenes::look(core).await;
        flows::upload_codes::look(core).await;
        flows::watch_codes::look(core, &mut looked.swept).await;
        prune(core, &mut looked.pruned).await;
    }
}

/// How often what is too old is taken away, in milliseconds.
const PRUNE_MS: i64 = 3_600_000;

/// How long messages of partners are told from new ones, in milliseconds: they repeat within minutes.
const MESSAGES_MS: i64 = 86_400_000;

/// How long it is known how the comparison of a day went, in milliseconds. The differences stay.
const DAYS_MS: i64 = 400 * 86_400_000;

/// What is kept only for a time goes, an hour's worth at once.
async fn prune(core: &Core, pruned: &mut Option<Timestamp>) {
    let now = core.clock.now();
    if pruned.is_some_and(|last| now.since(last) < PRUNE_MS) {
        return;
    }
    *pruned = Some(now);
    let interface_before = now.plus_millis(-core.settings.interface_keep_ms);
    let logs = core.storage.record(Record::Prune { interface_before }).await;
    let messages = core.storage.forget_notes(NoteKind::Message, now.plus_millis(-MESSAGES_MS)).await;
    let days = core.storage.forget_notes(NoteKind::Reconciliation, now.plus_millis(-DAYS_MS)).await;
    if let Err(fault) = logs.and(messages).and(days) {
        tracing::warn!(%fault, "what is too old could not be taken away; the next hour tries again");
    }
}

/// Other nodes change prices, too: what is held in memory is never older than a tick.
async fn refresh_catalogues(core: &Core) {
    let known = core.remembered();
    let merchants: Vec<_> = known.iter().map(|(merchant, _)| merchant.clone()).collect();
    let fresh = match core.storage.revisions(&merchants).await {
        Ok(fresh) => fresh,
        Err(fault) => return tracing::warn!(%fault, "catalogue revisions could not be read"),
    };
    for (merchant, revision) in known {
        let newest = fresh.get(&merchant).copied().unwrap_or_default();
        if newest > revision
            && let Err(fault) = core.rules_at(&merchant, newest).await
        {
            tracing::warn!(%merchant, %fault, "the catalogue could not be read");
        }
    }
}

/// Deadlines are columns, not sleeping rows: whoever is due is found by one look.
async fn pass_deadlines(core: &Core) {
    let now = core.clock.now();
    let due = match core.storage.deadlines(now, DEADLINES_LIMIT).await {
        Ok(due) => due,
        Err(fault) => return tracing::warn!(%fault, "deadlines could not be read"),
    };
    let passing = due.into_iter().map(|(merchant, order)| async move {
        let key = CommandKey { scope: "ticker".to_owned(), kind: "pass_deadlines".to_owned(), key: order.to_string() };
        let body = Body::PassDeadlines { order };
        // What is busy now is still due at the next look.
        let _ = core.command(&merchant, key, String::new(), "ticker", body, None, None).await;
    });
    futures_util::future::join_all(passing).await;
}
