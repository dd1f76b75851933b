//! Checks of every plugin.

use std::sync::Arc;

use entrepot_contract::capability::SupplierCapabilities;
use entrepot_contract::declared;
use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::manifest::PluginKind;
use entrepot_contract::message::Request;
use entrepot_contract::supplier::{CodeRow, ResendWay, SupplierRequest};
use entrepot_contract::time::VisitDate;
use entrepot_contract::version::SUPPORTED_MAJORS;
use entrepot_sdk::testing::{Seat, trip};
use serde_json::{Value, json};

use crate::fixture::Side;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{DATE, Trial, ensure, failed, some_question, unsupported};

pub(crate) const CHECKS: &[Check] = checks! {
    "manifest_is_sane" if |_| true => manifest_is_sane;
    "manifest_is_stable" if |_| true => manifest_is_stable;
    "manifest_survives_the_trip" if |_| true => manifest_survives_the_trip;
    "settings_schemas_are_objects" if |_| true => settings_schemas_are_objects;
    "example_settings_fit_their_schema" if |_| true => example_settings_fit_their_schema;
    "example_settings_open" if |_| true => example_settings_open;
    "unknown_setting_is_refused_by_name" if |_| true => unknown_setting_is_refused_by_name;
    "bad_settings_are_refused_by_name" if |_| true => bad_settings_are_refused_by_name;
    "missing_secret_is_refused" if |_| true => missing_secret_is_refused;
    "other_kinds_calls_are_unsupported" if |_| true => other_kinds_calls_are_unsupported;
    "undeclared_calls_are_unsupported" if |_| true => undeclared_calls_are_unsupported;
    "closed_instance_refuses_calls" if |_| true => closed_instance_refuses_calls;
    "closing_one_leaves_the_other" if |_| true => closing_one_leaves_the_other;
};

async fn manifest_is_sane(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    let kind_fits = match manifest.kind {
        PluginKind::Channel => manifest.capabilities.channel.is_some() && manifest.capabilities.supplier.is_none(),
        PluginKind::Supplier => manifest.capabilities.supplier.is_some() && manifest.capabilities.channel.is_none(),
        PluginKind::Unknown => false,
    };
    ensure(kind_fits, || format!("kind {:?} does not fit its capabilities", manifest.kind))?;
    let major = manifest.contract.major;
    ensure(SUPPORTED_MAJORS.contains(&major), || format!("contract major {major} is not spoken here"))?;
    ensure(manifest.panic == "unwind", || format!("panic strategy {}", manifest.panic))?;
    ensure(!manifest.version.is_empty(), || "no version".to_owned())?;
    ensure(!manifest.summary.trim().is_empty(), || "no summary".to_owned())?;
    for (at, scene) in manifest.scenes.iter().enumerate() {
        ensure(scene.limit_ms > 0, || format!("scene {} has no time limit", scene.name))?;
        let path = scene.path.as_str();
        ensure(!path.is_empty() && !path.starts_with('/'), || format!("scene {} has the path {path:?}", scene.name))?;
        let twice = manifest.scenes[..at].iter().any(|before| before.name == scene.name);
        ensure(!twice, || format!("two scenes are named {}", scene.name))?;
    }
    Ok(())
}

async fn manifest_is_stable(trial: Arc<Trial>) -> Outcome {
    ensure(trial.manifest() == trial.manifest(), || "two readings differ".to_owned())
}

async fn manifest_survives_the_trip(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    let back = trip(&manifest).map_err(|fault| fault.text)?;
    ensure(back == manifest, || "it reads back differently".to_owned())
}

async fn settings_schemas_are_objects(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for (which, schema) in [("instance", &manifest.instance_settings), ("connection", &manifest.connection_settings)] {
        ensure(schema["type"] == "object", || format!("the schema of {which} settings is no object"))?;
        let valid = jsonschema::validator_for(schema);
        valid.map_err(|fault| format!("the schema of {which} settings: {fault}"))?;
    }
    Ok(())
}

async fn example_settings_fit_their_schema(trial: Arc<Trial>) -> Outcome {
    fits("settings.example.toml", &trial.manifest().instance_settings, &trial.example()?)?;
    if let Side::Channel(side) = &trial.fixture.side {
        fits("the connection's settings", &trial.manifest().connection_settings, &side.connection_settings)?;
    }
    Ok(())
}

fn fits(what: &str, schema: &Value, settings: &Value) -> Outcome {
    let validator = jsonschema::validator_for(schema).map_err(|fault| fault.to_string())?;
    let faults: Vec<String> = validator.iter_errors(settings).map(|fault| fault.to_string()).collect();
    ensure(faults.is_empty(), || format!("{what}: {}", faults.join("; ")))
}

async fn example_settings_open(trial: Arc<Trial>) -> Outcome {
    trial.open(&trial.world()).await.map(|_| ())
}

async fn unknown_setting_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    let mut settings = trial.example()?;
    settings["no_such_setting"] = json!(1);
    refused_naming(&trial, settings, "no_such_setting").await
}

async fn bad_settings_are_refused_by_name(trial: Arc<Trial>) -> Outcome {
    ensure(!trial.fixture.bad_settings.is_empty(), || "the fixture brings no bad settings".to_owned())?;
    for (settings, key) in &trial.fixture.bad_settings {
        refused_naming(&trial, settings.clone(), key).await?;
    }
    Ok(())
}

async fn refused_naming(trial: &Trial, settings: Value, key: &str) -> Outcome {
    let opened = trial.bench(&trial.world())?.settings(settings.clone()).open().await;
    let fault = failed(&format!("opening with {settings}"), opened.map(|_| "an instance"))?;
    let right = fault.kind == FaultKind::Invalid && fault.effect == Effect::NotDone;
    ensure(right, || format!("bad settings should be Invalid, are {fault}"))?;
    ensure(fault.text.contains(key), || format!("the fault does not name {key}: {}", fault.text))
}

async fn missing_secret_is_refused(trial: Arc<Trial>) -> Outcome {
    if trial.manifest().secrets.is_empty() {
        return Ok(());
    }
    let opened = trial.bench(&entrepot_sdk::testing::World::new())?.open().await;
    failed("opening without secrets", opened.map(|_| "an instance")).map(|_| ())
}

async fn other_kinds_calls_are_unsupported(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    match trial.manifest().kind {
        PluginKind::Channel => unsupported("book", seat.book(trial.order("1", 1)?).await),
        PluginKind::Supplier => {
            let (scene, intent, outcome) = some_question()?;
            unsupported("encode", seat.encode(scene, intent, outcome).await)
        }
        PluginKind::Unknown => Err("the plugin is of no kind".to_owned()),
    }
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
    let date: VisitDate = DATE.parse().map_err(|fault| format!("{fault}"))?;
    let rows = vec![CodeRow { line: 1, code: "c".to_owned(), password: None }];
    let product_code = "any".to_owned();
    let mut requests = vec![
        SupplierRequest::Hold { order: order()?, until: seat.context().deadline },
        SupplierRequest::Release { order: order()? },
        SupplierRequest::Book { order: order()? },
        SupplierRequest::Inquire { order: order()?, memo: None },
        SupplierRequest::Cancel { order: order()?, units: vec![1, 2], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![1], key: key() },
        SupplierRequest::Cancel { order: order()?, units: vec![], key: key() },
        SupplierRequest::InquireCancel { order: order()?, units: vec![1, 2], key: key(), memo: None },
        SupplierRequest::Usage { order: order()? },
        SupplierRequest::ReadCatalogue { page: page.clone() },
        SupplierRequest::ReadCalendar { product_code, first: date, last: date, page },
        SupplierRequest::PrepareCodes { rows },
        SupplierRequest::Unknown,
    ];
    for how in [ResendWay::Message, ResendWay::Credentials] {
        requests.push(SupplierRequest::Resend { order: order()?, how, key: key() });
    }
    if let Some(limit) = supplier.calls().and_then(|calls| calls.book.units_limit) {
        requests.push(SupplierRequest::Book { order: Box::new(trial.order("1", limit.saturating_add(1))?) });
    }
    for request in requests {
        let request = Request::Supplier(request);
        if declared::missing(&trial.manifest(), &request).is_some() {
            unsupported(request.name(), seat.call(request.clone()).await)?;
        }
    }
    Ok(())
}

async fn closed_instance_refuses_calls(trial: Arc<Trial>) -> Outcome {
    let seat = trial.open(&trial.world()).await?;
    seat.close().await;
    let fault = failed("a call after closing", seat.call(any_call(&trial)?).await)?;
    let right = fault.kind == FaultKind::Unavailable && fault.effect == Effect::NotDone;
    ensure(right, || format!("should be Unavailable and not done, is {fault}"))
}

async fn closing_one_leaves_the_other(trial: Arc<Trial>) -> Outcome {
    let (first, second) = (trial.open(&trial.world()).await?, trial.open(&trial.world()).await?);
    first.close().await;
    match second.call(any_call(&trial)?).await {
        Err(fault) if fault.text.contains("closed") => Err(format!("the other was closed, too: {fault}")),
        _ => Ok(()),
    }
}

fn any_call(trial: &Trial) -> Result<Request, String> {
    use entrepot_contract::channel::ChannelRequest;
    Ok(match &trial.fixture.side {
        Side::Channel(side) => {
            let sample = side.samples.first().ok_or("the fixture brings no sample")?;
            Request::Channel(ChannelRequest::Locate { raw: sample.raw.clone() })
        }
        Side::Pool => Request::Supplier(SupplierRequest::PrepareCodes { rows: Vec::new() }),
        Side::Supplier(_) => Request::Supplier(SupplierRequest::Book { order: Box::new(trial.order("1", 1)?) }),
    })
}
