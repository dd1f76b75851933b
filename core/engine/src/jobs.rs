//! Jobs: what must reach the outside. A job is born leased to the node that commits it and starts from memory;
//! looking into the database serves only retries, delays and what another node left behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entrepot_domain::alert::AlertKind;
use entrepot_domain::job::{JobEnd, JobKind, JobMemo, JobState};
use entrepot_domain::planted::{self, Bug};
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::core::Core;
use crate::flows;
use crate::storage::{JobNext, LeasedJob};
use crate::under_way::{Doing, UnderWay};

/// What came of a try.
#[derive(Debug)]
pub(crate) enum Tried {
    /// The job ended, together with the command that recorded its outcome.
    Ended,
    /// This try did nothing: try again after a wait. What an earlier try may have done stays open.
    Again {
        /// Shortest wait; the back-off's own when none.
        wait_ms: Option<u64>,
        /// For people.
        note: String,
    },
    /// Nobody knows whether it was done: ask before anything else.
    Unclear {
        /// For people.
        note: String,
    },
    /// Under way outside: ask again later. Does not count as a failed try.
    Waits {
        /// How long.
        wait_ms: u64,
        /// For people.
        note: String,
        /// What it remembers from now on.
        memo: JobMemo,
    },
    /// Certainly nothing was done, also by the tries before: it begins anew.
    Anew {
        /// For people.
        note: String,
    },
    /// It cannot succeed: a person has to look.
    Hopeless {
        /// For people.
        note: String,
        /// Whether a call may have had its effect all the same.
        unclear: bool,
    },
    /// The lease was lost: somebody else has it.
    Lost,
}

/// The jobs of this node.
pub(crate) struct Jobs {
    born: mpsc::Sender<(LeasedJob, Doing)>,
    receive: Mutex<Option<mpsc::Receiver<(LeasedJob, Doing)>>>,
    nudge: Notify,
    /// The look that was asked for and has not begun.
    nudged: Mutex<Option<Doing>>,
    under_way: UnderWay,
    close: watch::Sender<bool>,
}

impl Jobs {
    pub(crate) fn new(limit: usize, under_way: UnderWay) -> Self {
        let (born, receive) = mpsc::channel(limit.max(1));
        Self {
            born,
            receive: Mutex::new(Some(receive)),
            nudge: Notify::new(),
            nudged: Mutex::default(),
            under_way,
            close: watch::Sender::new(false),
        }
    }

    /// Starts jobs from memory; those that find no place start when their lease has run out.
    pub(crate) fn born(&self, jobs: Vec<LeasedJob>) {
        for job in jobs {
            if self.born.try_send((job, self.under_way.begin())).is_err() {
                metrics::counter!("entrepot_jobs_left_to_polling_total").increment(1);
            }
        }
    }

    /// Looks for due jobs soon.
    pub(crate) fn nudge(&self) {
        self.nudged.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| self.under_way.begin());
        self.nudge.notify_one();
    }

    pub(crate) fn close(&self) {
        self.close.send_replace(true);
    }

    /// Until the engine stops.
    pub(crate) async fn closed(&self) {
        let mut close = self.close.subscribe();
        // The sender lives as long as `self`.
        let _ = close.wait_for(|closed| *closed).await;
    }
}

/// Runs jobs until the engine stops, then waits for those under way.
pub(crate) async fn run(core: Arc<Core>) {
    let receive = core.jobs.receive.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut born) = receive else { return };
    let workers = u32::try_from(core.settings.job_workers.max(1)).unwrap_or(1);
    let starts = tokio::spawn(crate::together::start_jobs(core.clone()));
    let places = Arc::new(Semaphore::new(core.settings.job_workers.max(1)));
    let mut poll = tokio::time::interval(Duration::from_millis(core.settings.poll_ms.max(1)));
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = core.jobs.closed() => break,
            job = born.recv() => match job {
                Some((job, doing)) => spawn(&core, &places, job, doing).await,
                None => break,
            },
            () = core.jobs.nudge.notified() => look(&core, &places).await,
            _ = poll.tick() => look(&core, &places).await,
        }
    }
    let _ = places.acquire_many(workers).await;
    // No job is left that could ask.
    starts.abort();
}

async fn look(core: &Arc<Core>, places: &Arc<Semaphore>) {
    // Until the jobs that it finds are counted themselves.
    let _doing = core.jobs.nudged.lock().unwrap_or_else(PoisonError::into_inner).take();
    let free = u32::try_from(places.available_permits()).unwrap_or(0);
    if free == 0 {
        return;
    }
    match core.storage.lease_jobs(&core.settings.node, free, core.settings.lease_ms).await {
        Ok(jobs) => {
            for job in jobs {
                spawn(core, places, job, core.under_way.begin()).await;
            }
        }
        Err(fault) => tracing::warn!(%fault, "due jobs could not be leased"),
    }
}

async fn spawn(core: &Arc<Core>, places: &Arc<Semaphore>, job: LeasedJob, doing: Doing) {
    let Ok(place) = places.clone().acquire_owned().await else { return };
    let core = core.clone();
    tokio::spawn(async move {
        try_once(&core, job).await;
        drop(place);
        drop(doing);
    });
}

#[tracing::instrument(name = "job", skip_all, fields(job = %job.job.id, kind = job.job.kind.name(), order = %job.job.order, connection = %job.job.connection, attempt = job.attempts + 1))]
async fn try_once(core: &Core, job: LeasedJob) {
    let tried = match &job.job.kind {
        JobKind::Hold { until } => flows::hold::keep(core, &job, *until).await,
        JobKind::Release => flows::hold::release(core, &job).await,
        JobKind::Book => flows::book::run(core, &job).await,
        JobKind::CancelAtSupplier { units, gone, refund, key } => {
            let what = flows::cancel_at_supplier::What { units, gone, refund: refund.as_ref(), key };
            flows::cancel_at_supplier::run(core, &job, &what).await
        }
        JobKind::AskUse => flows::ask_use::run(core, &job).await,
        JobKind::Notify(notification) => flows::notify::run(core, &job, notification).await,
    };
    let kind = job.job.kind.name();
    let unclear_before = job.state == JobState::Started;
    let memo = job.memo.clone();
    let heard = job.heard.clone();
    let next = |state, wait_ms, note, counts, unclear| JobNext { state, wait_ms, note, counts, unclear, memo, heard };
    let mut next = match tried {
        Tried::Ended => {
            metrics::counter!("entrepot_jobs_total", "kind" => kind, "result" => "done").increment(1);
            return;
        }
        Tried::Lost => {
            tracing::warn!("the lease was lost; another node goes on");
            return;
        }
        Tried::Waits { wait_ms, note, memo } => JobNext { memo, ..next(JobState::Started, wait_ms, note, false, true) },
        Tried::Anew { note } => {
            let memo = JobMemo { told: job.memo.told, ..JobMemo::default() };
            JobNext { memo, ..next(JobState::Ready, 0, note, false, false) }
        }
        Tried::Unclear { note } => next(JobState::Started, backoff(core, &job), note, true, true),
        Tried::Again { note, .. } if planted::is(Bug::LostJob) => next(JobState::Done, 0, note, true, false),
        Tried::Again { wait_ms, note } => {
            next(job.state, wait_ms.unwrap_or(0).max(backoff(core, &job)), note, true, unclear_before)
        }
        Tried::Hopeless { note, unclear } => next(JobState::Dead, 0, note, true, unclear || unclear_before),
    };
    if next.counts && job.attempts + 1 >= core.settings.attempts_limit {
        next.state = JobState::Dead;
    }
    let (dead, note) = (next.state == JobState::Dead, next.note.clone());
    let result = if dead { "dead" } else { "again" };
    metrics::counter!("entrepot_jobs_total", "kind" => kind, "result" => result).increment(1);
    tracing::warn!(note, dead, "a job did not end");
    // Told first: a job that died while nobody could be told would lie there for ever. Untold, it goes on instead.
    if dead && !planted::is(Bug::SilentDeath) {
        let text = dead_text(&job, &note);
        if !flows::raise(core, &job.job.merchant, AlertKind::DeadJob, job.job.id.as_str(), &text).await {
            return;
        }
    }
    let at_once = next.state == JobState::Ready && next.wait_ms == 0;
    match core.storage.put_job(&job.job.id, job.token, next).await {
        Ok(true) if at_once => core.jobs.nudge(),
        Ok(true) => {}
        Ok(false) => tracing::warn!("the lease was lost; whoever has it decides about the job"),
        Err(fault) => tracing::error!(%fault, "a job could not be put back; it goes on after its lease"),
    }
}

fn dead_text(job: &LeasedJob, note: &str) -> String {
    format!(
        "job {} ({}) of order {} gave up: {note}; retry or abandon it",
        job.job.id,
        job.job.kind.name(),
        job.job.order
    )
}

/// Doubles with each try, up to a limit; the last eighth differs from job to job, so that they do not come back at once.
fn backoff(core: &Core, job: &LeasedJob) -> u64 {
    let doubled = core.settings.backoff_first_ms.saturating_mul(1_u64 << job.attempts.min(20));
    let full = doubled.min(core.settings.backoff_limit_ms);
    let spread = full / 8;
    let mark = job.job.id.as_str().bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    full - spread + if spread == 0 { 0 } else { mark % spread }
}

/// The end of a leased job, to be written with the command that records its outcome.
pub(crate) fn end(job: &LeasedJob) -> JobEnd {
    JobEnd { id: job.job.id.clone(), token: job.token }
}
