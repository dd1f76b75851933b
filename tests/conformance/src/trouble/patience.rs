//! Deadlines, quotas, and how a partner is called.

use std::collections::BTreeSet;
use std::sync::Arc;

use entrepot_contract::message::{CallContext, Request};
use entrepot_contract::services::Services as _;

use super::deed::{Deed, name};
use crate::ability::{books, cancels};
use crate::side::Button;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, not_done};

pub(crate) const CHECKS: &[Check] = checks! {
    passed_deadline_calls_nobody if books, "call the partner through call.http(): it knows the deadline";
    passed_deadline_cancels_nothing if cancels, "call the partner through call.http(): it knows the deadline";
    waits_no_longer_than_the_deadline if books, "give each request a time limit; call.http() shortens it to the deadline";
    short_deadline_is_kept if books, "give each request a time limit; call.http() shortens it to the deadline";
    partner_is_called_a_few_times_only if books, "one call asks a partner a few times at most: waiting is the host's, answer Pending";
    pending_is_not_waited_for if books, "answer Pending at once: the host asks again, nothing sleeps or polls";
    calls_stay_at_the_base_url if books, "build every URL from context.base_url(): operators allow that host and no other";
    api_names_are_stable if books, "a request's api is a short fixed name: limits and metrics are counted by it";
};

async fn late(trial: &Trial, deed: Deed) -> Outcome {
    let (stand, request) = deed.ready(trial).await?;
    let before = stand.world.sent().len();
    let past = stand.world.now().plus_millis(-1_000);
    let context = CallContext { deadline: past, ..stand.seat.context() };
    let what = format!("{} after its deadline", name(&request));
    let fault = failed(&what, stand.seat.call_in(context, Request::Supplier(request)).await)?;
    not_done(&what, &fault)?;
    ensure(stand.world.sent().len() == before, || "the partner was called".to_owned())
}

async fn passed_deadline_calls_nobody(trial: Arc<Trial>) -> Outcome {
    late(&trial, Deed::Book).await
}

async fn passed_deadline_cancels_nothing(trial: Arc<Trial>) -> Outcome {
    late(&trial, Deed::Cancel).await
}

/// Every declared call within so many milliseconds: how long it would wait.
async fn waits_at_most(trial: &Trial, limit_ms: i64) -> Outcome {
    for deed in Deed::declared(trial) {
        let (stand, request) = deed.ready(trial).await?;
        let before = stand.world.sent().len();
        let context = CallContext { deadline: stand.world.now().plus_millis(limit_ms), ..stand.seat.context() };
        let what = name(&request);
        // What it answers is another check's question.
        let _ = stand.seat.call_in(context, Request::Supplier(request)).await;
        for sent in &stand.world.sent()[before..] {
            let waits = i64::from(sent.timeout_ms);
            ensure(waits > 0, || format!("{what} waits without a limit"))?;
            ensure(waits <= limit_ms, || format!("{what} waits {waits} ms of {limit_ms} ms"))?;
        }
    }
    Ok(())
}

async fn waits_no_longer_than_the_deadline(trial: Arc<Trial>) -> Outcome {
    waits_at_most(&trial, 10_000).await
}

async fn short_deadline_is_kept(trial: Arc<Trial>) -> Outcome {
    waits_at_most(&trial, 700).await
}

async fn partner_is_called_a_few_times_only(trial: Arc<Trial>) -> Outcome {
    const CALLS_LIMIT: usize = 4;
    for deed in Deed::declared(&trial) {
        let (stand, request) = deed.ready(&trial).await?;
        let before = stand.world.sent().len();
        let what = name(&request);
        // What it answers is another check's question.
        let _ = stand.ask(request).await;
        let calls = stand.world.sent().len() - before;
        ensure(calls <= CALLS_LIMIT, || format!("{what} calls the partner {calls} times"))?;
    }
    Ok(())
}

async fn pending_is_not_waited_for(trial: Arc<Trial>) -> Outcome {
    const CALLS_LIMIT: usize = 2;
    let stand = trial.stand().await?;
    stand.press(Button::Delay)?;
    // What it answers is another check's question.
    let _ = stand.seat.book(trial.order("1", 1)?).await;
    let calls = stand.world.sent().len();
    ensure(calls <= CALLS_LIMIT, || format!("a pending booking calls the partner {calls} times"))
}

async fn calls_stay_at_the_base_url(trial: Arc<Trial>) -> Outcome {
    let base = trial.fixture.base_url.trim_end_matches('/').to_owned();
    for deed in Deed::declared(&trial) {
        let (stand, request) = deed.ready(&trial).await?;
        // What it answers is another check's question.
        let _ = stand.ask(request).await;
        for request in stand.world.sent() {
            let rest = request.url.strip_prefix(&base);
            let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
            ensure(below, || format!("{} goes elsewhere than {base}", request.api))?;
        }
    }
    Ok(())
}

async fn api_names_are_stable(trial: Arc<Trial>) -> Outcome {
    let mut names: Vec<BTreeSet<String>> = Vec::new();
    for number in ["5550001111", "5550002222"] {
        let stand = trial.stand().await?;
        stand.issued(&trial.order(number, 1)?).await?;
        names.push(stand.world.sent().into_iter().map(|request| request.api).collect());
    }
    ensure(names[0] == names[1], || format!("two orders are booked by {:?} and {:?}", names[0], names[1]))?;
    let short = names[0].iter().all(|name| (1..=64).contains(&name.len()) && !name.contains(['/', ' ']));
    ensure(short, || format!("the names are {:?}", names[0]))
}
