//! Notices, when all is well and when it is not.

use std::sync::Arc;

use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::fault::{Effect, Fault, FaultKind};
use entrepot_contract::message::{CallContext, Request};
use entrepot_contract::money::Money;
use entrepot_contract::notice::{Notice, OrderEvent, OrderNotice, RefundDecision, Told};
use entrepot_contract::services::{HttpResponse, Services as _};
use entrepot_sdk::testing::{Seat, World};

use super::sample::{TICKET, answer_well, notice, notices, stand, ticket};
use crate::ability::{delivers, has_secrets};
use crate::stand::lost;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail, failed, fine, joined, keeps_quiet, not_done, not_run, unknown};

pub(crate) const CHECKS: &[Check] = checks! {
    repeatable_notices_are_notices if delivers, "repeatable_notices names only what notices names";
    declared_notices_are_delivered if delivers, "deliver what the card declares, by a call to the partner";
    notice_names_its_order if delivers, "a notice tells the partner its own order number";
    issued_tickets_are_told if delivers, "a ticket's code is sent as it is";
    lost_notice_is_unknown if delivers, "pass the fault of call.http() on: nobody knows whether it was heard";
    unreached_notice_is_not_done if delivers, "pass the fault of call.http() on: nothing was sent";
    garbage_for_a_notice_is_unknown if delivers, "what cannot be read is garbled: the partner may have heard it";
    server_error_for_a_notice_is_unknown if delivers, "status 5xx is unknown: the partner may have heard it before it failed";
    quota_for_a_notice_is_told_as_such if delivers, "status 429 is RateLimited and not done: http::unexpected_status says so";
    notice_after_its_deadline_calls_nobody if delivers, "call the partner through call.http(): it knows the deadline";
    notices_wait_no_longer_than_the_deadline if delivers, "give each request a time limit; call.http() shortens it to the deadline";
    notices_stay_at_the_base_url if delivers, "build every URL from context.base_url(): operators allow that host and no other";
    extra_headers_go_with_each_notice if delivers, "add context.extra_headers to each request: .headers(&extra_headers)";
    notice_calls_are_few if delivers, "one notice calls a partner a few times at most: waiting is the host's";
    notice_api_names_are_stable if delivers, "a request's api is a short fixed name: limits and metrics are counted by it";
    notices_at_once_are_all_delivered if delivers, "keep nothing of a call in the instance; fetch a token once";
    notice_after_a_restart_is_delivered if delivers, "nothing that a repeat needs may be kept in memory";
    closing_drains_notices_at_work if delivers, "calls at work end as they would have; close() takes nothing from them";
    notices_keep_their_own_secrets if |m| delivers(m) && has_secrets(m), "read secrets in open() and keep them in the instance";
    issue_without_tickets_is_not_told if delivers, "refuse as Invalid, before sending, what has no credentials";
    negative_fee_is_not_told if delivers, "refuse as Invalid, before sending, an amount below nothing";
};

async fn repeatable_notices_are_notices(trial: Arc<Trial>) -> Outcome {
    let channel = trial.manifest().capabilities.channel.unwrap_or_default();
    let other = channel.repeatable_notices.iter().find(|name| !channel.notices.contains(name));
    ensure(other.is_none(), || format!("{other:?} is repeatable and not declared"))
}

async fn declared_notices_are_delivered(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for notice in notices(&trial)? {
        let (name, before) = (notice.name(), world.sent().len());
        let told = fine(name, seat.deliver(notice.clone()).await)?;
        let right = matches!(told, Told::Done | Told::Waiting(_));
        ensure(right, || format!("{name} is answered {told:?}"))?;
        ensure(world.sent().len() > before, || format!("{name} was delivered without a call"))?;
    }
    Ok(())
}

/// What the calls since then say.
fn said_since(world: &World, before: usize) -> String {
    let sent = world.sent();
    let texts =
        sent[before..].iter().map(|request| format!("{} {}", request.url, request.body.as_deref().unwrap_or("")));
    texts.collect::<Vec<_>>().join("\n")
}

async fn notice_names_its_order(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for notice in notices(&trial)? {
        let Notice::Order(OrderNotice { order, channel_order, .. }) = &notice else { continue };
        let (name, before) = (notice.name(), world.sent().len());
        fine(name, seat.deliver(notice.clone()).await)?;
        let said = said_since(&world, before);
        let named = [channel_order.as_str(), order.as_str(), TICKET].iter().any(|text| said.contains(text));
        // A use may be told by its tickets alone.
        let by_tickets = matches!(&notice, Notice::Order(OrderNotice { event: OrderEvent::Redeemed { .. }, .. }));
        ensure(named || by_tickets, || format!("{name} says neither {channel_order} nor {order}"))?;
    }
    Ok(())
}

async fn issued_tickets_are_told(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let Some(Notice::Order(told)) = notice(&trial, "issued")? else {
        return not_run("the card does not declare the notice issued");
    };
    let before = world.sent().len();
    let event = OrderEvent::Issued { units: vec![ticket(1), ticket(2)] };
    fine("issued", seat.deliver(Notice::Order(OrderNotice { event, ..told })).await)?;
    let escaped = serde_json::to_string(TICKET).map_err(|fault| fault.to_string())?;
    let said = said_since(&world, before).replace("\\\\\\\"", "\\\"");
    let there = said.contains(TICKET) || said.contains(escaped.trim_matches('"'));
    ensure(there, || format!("the ticket {TICKET:?} is in no call"))
}

/// Each notice, with a partner that answered once well (so that a token is there) and then so.
async fn each(
    trial: &Trial,
    way: impl Fn() -> Result<HttpResponse, Fault> + Clone + Send + Sync + 'static,
    judge: fn(&str, &Fault) -> Outcome,
) -> Outcome {
    let (seat, world) = stand(trial).await?;
    for notice in notices(trial)? {
        answer_well(trial, &world)?;
        fine(notice.name(), seat.deliver(notice.clone()).await)?;
        let way = way.clone();
        world.other_side(move |_| way());
        judge(notice.name(), &failed(notice.name(), seat.deliver(notice.clone()).await)?)?;
    }
    Ok(())
}

fn answer(status: u16, body: &str) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse { status, headers: Vec::new(), body: body.to_owned() })
}

async fn lost_notice_is_unknown(trial: Arc<Trial>) -> Outcome {
    each(&trial, || Err(lost()), unknown).await
}

async fn unreached_notice_is_not_done(trial: Arc<Trial>) -> Outcome {
    each(&trial, || Err(Fault::not_done(FaultKind::Unavailable, "connection refused")), not_done).await
}

async fn garbage_for_a_notice_is_unknown(trial: Arc<Trial>) -> Outcome {
    for body in ["", "<html><body>502</body></html>", "{", "[]", "null", "\"ok\""] {
        each(&trial, move || answer(200, body), unknown).await?;
    }
    Ok(())
}

async fn server_error_for_a_notice_is_unknown(trial: Arc<Trial>) -> Outcome {
    for status in [500, 502, 503, 504] {
        each(&trial, move || answer(status, "{}"), unknown).await?;
    }
    Ok(())
}

async fn quota_for_a_notice_is_told_as_such(trial: Arc<Trial>) -> Outcome {
    each(
        &trial,
        || answer(429, "{}"),
        |name, fault| {
            let right = fault.kind == FaultKind::RateLimited && fault.effect == Effect::NotDone;
            ensure(right, || format!("{name} should be RateLimited and not done, is {fault}"))
        },
    )
    .await
}

fn delivery(notice: Notice) -> Request {
    Request::Channel(ChannelRequest::Deliver { notice: Box::new(notice) })
}

async fn notice_after_its_deadline_calls_nobody(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    for notice in notices(&trial)? {
        let context = CallContext { deadline: world.now().plus_millis(-1_000), ..seat.context() };
        let name = notice.name();
        not_done(name, &failed(name, seat.call_in(context, delivery(notice)).await)?)?;
    }
    ensure(world.sent().is_empty(), || "the partner was called".to_owned())
}

async fn notices_wait_no_longer_than_the_deadline(trial: Arc<Trial>) -> Outcome {
    for limit_ms in [10_000, 700] {
        let (seat, world) = stand(&trial).await?;
        for notice in notices(&trial)? {
            let context = CallContext { deadline: world.now().plus_millis(limit_ms), ..seat.context() };
            fine(notice.name(), seat.call_in(context, delivery(notice.clone())).await)?;
        }
        for sent in world.sent() {
            let waits = i64::from(sent.timeout_ms);
            ensure(0 < waits && waits <= limit_ms, || format!("{} waits {waits} ms of {limit_ms} ms", sent.api))?;
        }
    }
    Ok(())
}

async fn deliver_all(trial: &Trial) -> Outcome<Arc<World>> {
    let (seat, world) = stand(trial).await?;
    for notice in notices(trial)? {
        fine(notice.name(), seat.deliver(notice.clone()).await)?;
    }
    Ok(world)
}

async fn notices_stay_at_the_base_url(trial: Arc<Trial>) -> Outcome {
    let base = trial.fixture.base_url.trim_end_matches('/').to_owned();
    for request in deliver_all(&trial).await?.sent() {
        let rest = request.url.strip_prefix(&base);
        let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        ensure(below, || format!("{} goes elsewhere than {base}", request.api))?;
    }
    Ok(())
}

async fn extra_headers_go_with_each_notice(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    answer_well(&trial, &world)?;
    let extra = ("x-test-environment".to_owned(), "lane-7".to_owned());
    let added = extra.clone();
    let bench = trial.bench(&world)?.opening(move |open| open.extra_headers = vec![added]);
    let seat = fine("open", bench.open().await)?;
    for notice in notices(&trial)? {
        let before = world.sent().len();
        fine(notice.name(), seat.deliver(notice.clone()).await)?;
        let last = world.sent().into_iter().skip(before).last();
        let bears = last.is_some_and(|request| request.headers.contains(&extra));
        ensure(bears, || format!("{} goes without the application's extra headers", notice.name()))?;
    }
    Ok(())
}

async fn notice_calls_are_few(trial: Arc<Trial>) -> Outcome {
    const CALLS_LIMIT: usize = 4;
    for notice in notices(&trial)? {
        let (seat, world) = stand(&trial).await?;
        fine(notice.name(), seat.deliver(notice.clone()).await)?;
        let calls = world.sent().len();
        ensure(calls <= CALLS_LIMIT, || format!("{} calls the partner {calls} times", notice.name()))?;
    }
    Ok(())
}

async fn notice_api_names_are_stable(trial: Arc<Trial>) -> Outcome {
    let names = |world: &World| world.sent().into_iter().map(|request| request.api).collect::<Vec<_>>();
    let (first, second) = (deliver_all(&trial).await?, deliver_all(&trial).await?);
    ensure(names(&first) == names(&second), || "the same notices go by other names".to_owned())?;
    let odd = names(&first).into_iter().find(|name| {
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        name.is_empty() || name.len() > 64 || digits > 8 || name.contains(['/', ' '])
    });
    ensure(odd.is_none(), || format!("{odd:?} is no short fixed name"))
}

async fn notices_at_once_are_all_delivered(trial: Arc<Trial>) -> Outcome {
    const TOGETHER: usize = 16;
    let (seat, _) = stand(&trial).await?;
    let seat = Arc::new(seat);
    let all = notices(&trial)?;
    // Once alone, so that a token is there: those that come while it is fetched may be sent away.
    if let Some(first) = all.first() {
        fine(first.name(), seat.deliver(first.clone()).await)?;
    }
    let mut tasks = Vec::new();
    for notice in all.iter().cycle().take(TOGETHER).cloned() {
        let seat = Arc::clone(&seat);
        tasks.push(tokio::spawn(async move { seat.deliver(notice).await }));
    }
    for task in tasks {
        fine("a notice among others", joined(task).await?)?;
    }
    Ok(())
}

async fn notice_after_a_restart_is_delivered(trial: Arc<Trial>) -> Outcome {
    let (before, world) = stand(&trial).await?;
    for notice in notices(&trial)? {
        fine(notice.name(), before.deliver(notice.clone()).await)?;
    }
    before.close().await;
    let after: Seat = trial.open(&world).await?;
    for notice in notices(&trial)? {
        fine(notice.name(), after.deliver(notice.clone()).await)?;
    }
    Ok(())
}

async fn closing_drains_notices_at_work(trial: Arc<Trial>) -> Outcome {
    let (seat, world) = stand(&trial).await?;
    let Some(notice) = notices(&trial)?.into_iter().next() else { return fail("no notice is declared") };
    let seat = Arc::new(seat);
    world.hold();
    let working = {
        let seat = Arc::clone(&seat);
        tokio::spawn(async move { seat.deliver(notice).await })
    };
    world.called(1).await;
    let closing = {
        let seat = Arc::clone(&seat);
        tokio::spawn(async move { seat.close().await })
    };
    tokio::task::yield_now().await;
    world.release();
    fine("the notice at work", joined(working).await?)?;
    joined(closing).await
}

async fn notices_keep_their_own_secrets(trial: Arc<Trial>) -> Outcome {
    deliver_all(&trial).await?;
    let world = trial.world_of_another();
    answer_well(&trial, &world)?;
    let seat = trial.open(&world).await?;
    for notice in notices(&trial)? {
        // The partner may well refuse the other's secrets.
        let _ = seat.deliver(notice).await;
    }
    let sent: Vec<String> = world
        .sent()
        .into_iter()
        .flat_map(|request| {
            let headers = request.headers.into_iter().map(|(_, value)| value);
            headers.chain(request.body).chain([request.url]).collect::<Vec<_>>()
        })
        .collect();
    keeps_quiet("a call of another instance", &sent, &trial.secrets())
}

/// A notice that cannot be told is not sent.
async fn not_told(trial: &Trial, name: &str, event: OrderEvent) -> Outcome {
    let (seat, world) = stand(trial).await?;
    let Some(Notice::Order(told)) = notice(trial, name)? else {
        return not_run(format!("the card does not declare the notice {name}"));
    };
    let fault = failed(name, seat.deliver(Notice::Order(OrderNotice { event, ..told })).await)?;
    not_done(name, &fault)?;
    let sent = world.sent().into_iter().find(|request| !request.api.contains("token"));
    ensure(sent.is_none(), || format!("{name} was sent"))
}

async fn issue_without_tickets_is_not_told(trial: Arc<Trial>) -> Outcome {
    not_told(&trial, "issued", OrderEvent::Issued { units: Vec::new() }).await
}

async fn negative_fee_is_not_told(trial: Arc<Trial>) -> Outcome {
    let decision = RefundDecision::Agreed { fee: Some(Money::fen(-1)) };
    let event = OrderEvent::RefundDecided { key: "R1".to_owned(), units: vec![1], decision };
    not_told(&trial, "refund_decided", event).await
}
