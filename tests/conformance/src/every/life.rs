//! Calls that a plugin does not take, and how it closes.

use std::sync::Arc;

use entrepot_contract::capability::SupplierCapabilities;
use entrepot_contract::channel::ChannelRequest;
use entrepot_contract::declared;
use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::manifest::PluginKind;
use entrepot_contract::message::{CallContext, Request};
use entrepot_contract::supplier::{CodeRow, ResendWay, SupplierRequest};
use entrepot_sdk::testing::Seat;

use crate::ability::{all, units_limit};
use crate::fixture::Side;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{DATE, Trial, date, ensure, fail, failed, refused, some_question, unsupported};

pub(crate) const CHECKS: &[Check] = checks! {
    other_kinds_calls_are_unsupported if all, "answer calls of the other kind with Fault::unsupported; the SDK does";
    calls_of_a_later_contract_are_unsupported if all, "answer calls that this build does not know with Fault::unsupported; the SDK does";
    undeclared_calls_are_unsupported if all, "what the card does not declare is Unsupported and reaches nobody; the SDK does it";
    call_without_its_connection_is_invalid if all, "a call that names no connection is Invalid and not done, never a panic";
    closed_instance_refuses_calls if all, "after close() every call is Unavailable and not done; the SDK does it";
    closing_twice_is_harmless if all, "close() may be called again";
    closing_one_leaves_the_other if all, "keep everything in the instance: no statics";
    closed_plugin_opens_again if all, "a reload closes an instance and opens another: nothing may be left behind";
};

async fn other_kinds_calls_are_unsupported(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    match trial.manifest().kind {
        PluginKind::Channel => unsupported("book", seat.book(trial.order("1", 1)?).await),
        PluginKind::Supplier => {
            let (scene, intent, outcome) = some_question()?;
            unsupported("encode", seat.encode(scene, intent, outcome).await)
        }
        PluginKind::Unknown => fail("the plugin is of no kind"),
    }
}

async fn calls_of_a_later_contract_are_unsupported(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    let of_kind = match trial.manifest().kind {
        PluginKind::Channel => Request::Channel(ChannelRequest::Unknown),
        _ => Request::Supplier(SupplierRequest::Unknown),
    };
    for request in [of_kind, Request::Unknown] {
        unsupported("a call of a later contract", seat.call(request).await)?;
    }
    Ok(())
}

async fn undeclared_calls_are_unsupported(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    let capabilities = trial.manifest().capabilities;
    if let Some(supplier) = &capabilities.supplier {
        undeclared_calls_of_suppliers(&trial, &seat, supplier).await?;
    }
    if let Some(channel) = &capabilities.channel {
        for notice in crate::channel::all_notices()? {
            let name = notice.name();
            if !channel.notices.iter().any(|declared| declared == name) {
                unsupported(name, seat.deliver(notice).await)?;
            }
        }
    }
    ensure(world.sent().is_empty(), || "an undeclared call reached the partner".to_owned())
}

async fn undeclared_calls_of_suppliers(trial: &Trial, seat: &Seat, supplier: &SupplierCapabilities) -> Outcome {
    let order = || trial.order("1", 2).map(Box::new);
    let (key, page) = (|| "k1".to_owned(), None);
    let date = date(DATE)?;
    let rows = vec![CodeRow { line: 1, code: "c".to_owned(), password: None }];
    let product_code = "any".to_owned();
    let mut requests = vec![
        SupplierRequest::Hold { order: order()?, until: seat.context().deadline },
        SupplierRequest::Release { order: order()? },
        SupplierRequest::Book { order: order()? },
        SupplierRequest::Book { order: Box::new(trial.order("1", 0)?) },
        SupplierRequest::Inquire { order: order()?, memo: None },
        SupplierRequest::Cancel { order: order()?, units: vec![1, 2], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![1], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![2, 1], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![3], key: key() },
        SupplierRequest::InquireCancel { order: order()?, units: vec![1, 2], key: key(), memo: None },
        SupplierRequest::Usage { order: order()? },
        SupplierRequest::ReadCatalogue { page: page.clone() },
        SupplierRequest::ReadCalendar { product_code, first: date, last: date, page },
        SupplierRequest::PrepareCodes { rows },
    ];
    for how in [ResendWay::Message, ResendWay::Credentials] {
        requests.push(SupplierRequest::Resend { order: order()?, how, key: key() });
    }
    if supplier.calls().is_some() {
        let limit = units_limit(&trial.manifest()).unwrap_or(u16::MAX);
        let above = limit.checked_add(1).map(|count| trial.order("1", count)).transpose()?;
        requests.extend(above.map(|order| SupplierRequest::Book { order: Box::new(order) }));
    }
    for request in requests {
        let request = Request::Supplier(request);
        if declared::missing(&trial.manifest(), &request).is_some() {
            unsupported(request.name(), seat.call(request.clone()).await)?;
        }
    }
    Ok(())
}

async fn call_without_its_connection_is_invalid(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    let context = CallContext { connection: None, ..seat.context() };
    let request = match any_call(&trial)? {
        Request::Channel(ChannelRequest::Locate { raw }) => Request::Channel(ChannelRequest::Decode { raw }),
        other => other,
    };
    let fault = failed("a call without a connection", seat.call_in(context, request).await)?;
    refused("a call without a connection", &fault, &[FaultKind::Invalid])
}

async fn closed_instance_refuses_calls(trial: Arc<Trial>) -> Outcome {
    let world = trial.world();
    let seat = trial.open(&world).await?;
    seat.close().await;
    let fault = failed("a call after closing", seat.call(any_call(&trial)?).await)?;
    ensure(world.sent().is_empty(), || "a closed instance called the partner".to_owned())?;
    let right = fault.kind == FaultKind::Unavailable && fault.effect == Effect::NotDone;
    ensure(right, || format!("should be Unavailable and not done, is {fault}"))
}

async fn closing_twice_is_harmless(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    seat.close().await;
    seat.close().await;
    let fault = failed("a call after closing twice", seat.call(any_call(&trial)?).await)?;
    ensure(fault.effect == Effect::NotDone, || format!("should be not done, is {fault}"))
}

async fn closing_one_leaves_the_other(trial: Arc<Trial>) -> Outcome {
    let (first, second) = (trial.open(&trial.world()).await?, trial.open(&trial.world()).await?);
    first.close().await;
    takes_a_call(&trial, &second, "the other instance").await
}

async fn closed_plugin_opens_again(trial: Arc<Trial>) -> Outcome {
    let first = trial.open(&trial.world()).await?;
    first.close().await;
    let second = trial.open(&trial.world()).await?;
    takes_a_call(&trial, &second, "an instance opened after another was closed").await
}

/// It may fail, but not as one that is closed.
async fn takes_a_call(trial: &Trial, seat: &Seat, what: &str) -> Outcome {
    match seat.call(any_call(trial)?).await {
        Err(fault) if fault.text.contains("closed") => fail(format!("{what} is closed, too: {fault}")),
        Err(fault) if fault.kind == FaultKind::Crashed => fail(format!("{what} panicked: {fault}")),
        _ => Ok(()),
    }
}

/// A call that the card declares.
fn any_call(trial: &Trial) -> Outcome<Request> {
    let manifest = trial.manifest();
    if let Some(supplier) = &manifest.capabilities.supplier {
        return Ok(Request::Supplier(match supplier.is_pool() {
            true => SupplierRequest::PrepareCodes { rows: Vec::new() },
            false => SupplierRequest::Book { order: Box::new(trial.order("1", 1)?) },
        }));
    }
    let sample = match &trial.fixture.side {
        Side::Channel(side) => side.samples.first().cloned(),
        _ => None,
    };
    let raw = match sample {
        Some(sample) => sample.raw,
        None => crate::channel::stranger(&manifest)?,
    };
    Ok(Request::Channel(ChannelRequest::Locate { raw }))
}
