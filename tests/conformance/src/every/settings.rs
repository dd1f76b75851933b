//! What a plugin is opened with: settings that fit, and settings that do not.

use std::sync::Arc;

use entrepot_contract::fault::FaultKind;
use entrepot_contract::manifest::Manifest;
use serde_json::{Value, json};

use super::card::keys;
use crate::ability::all;
use crate::fixture::Side;
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, failed, keeps_quiet, not_run, refused};

pub(crate) const CHECKS: &[Check] = checks! {
    example_settings_fit_their_schema if all, "settings.example.toml and the settings' types have to agree";
    example_settings_open if all, "opening with settings.example.toml and its secrets has to work: operators copy it";
    example_shows_every_setting if has_settings, "name every setting in settings.example.toml, with its default";
    settings_left_out_take_their_defaults if needs_no_setting, "without settings the defaults hold: #[serde(default)]";
    missing_setting_is_refused_by_name if needs_a_setting, "a setting without a default that is missing is Invalid, and the fault names its key";
    unknown_setting_is_refused_by_name if all, "put #[serde(deny_unknown_fields)] on the settings; the SDK names the key";
    setting_of_another_type_is_refused_by_name if has_settings, "give each setting its type; the SDK names the key";
    bad_settings_are_refused_by_name if all, "check in open() what a schema cannot say: Fault::invalid(\"settings.KEY: …\")";
    refused_settings_are_not_repeated if all, "name the key and what was expected, never the value: it may be a secret in the wrong place";
};

fn has_settings(manifest: &Manifest) -> bool {
    !keys(&manifest.instance_settings).is_empty()
}

fn required(manifest: &Manifest) -> Vec<String> {
    let keys = manifest.instance_settings["required"].as_array().into_iter().flatten();
    keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

fn needs_a_setting(manifest: &Manifest) -> bool {
    !required(manifest).is_empty()
}

fn needs_no_setting(manifest: &Manifest) -> bool {
    required(manifest).is_empty()
}

async fn example_settings_fit_their_schema(trial: Arc<Trial>) -> Outcome {
    // Without an example this is only whether empty settings do, which may well be refused.
    if !matches!(trial.fixture.side, Side::Nobody) {
        fits("settings.example.toml", &trial.manifest().instance_settings, &trial.example()?)?;
    }
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

async fn example_shows_every_setting(trial: Arc<Trial>) -> Outcome {
    if matches!(trial.fixture.side, Side::Nobody) {
        return not_run("it needs the example settings: [settings] of a check file");
    }
    let example = trial.example()?;
    let schema = trial.manifest().instance_settings;
    // What may be null has no default that could be shown.
    let optional = |key: &str| {
        let kinds = schema["properties"][key]["type"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
    };
    let missing = keys(&schema).into_iter().find(|key| example.get(key).is_none() && !optional(key));
    ensure(missing.is_none(), || format!("it does not name {missing:?}"))
}

async fn settings_left_out_take_their_defaults(trial: Arc<Trial>) -> Outcome {
    trial.open(&trial.world()).await?;
    let opened = trial.bench(&trial.world())?.settings(json!({})).open().await;
    opened.map(|_| ()).map_err(|fault| format!("without settings: {fault}").into())
}

async fn missing_setting_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    for key in required(&trial.manifest()) {
        let mut settings = trial.example()?;
        settings.as_object_mut().and_then(|settings| settings.remove(&key));
        refused_naming(&trial, settings, &key).await?;
    }
    Ok(())
}

async fn unknown_setting_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    let mut settings = trial.example()?;
    settings["no_such_setting"] = json!(1);
    refused_naming(&trial, settings, "no_such_setting").await
}

async fn setting_of_another_type_is_refused_by_name(trial: Arc<Trial>) -> Outcome {
    for key in keys(&trial.manifest().instance_settings) {
        let mut settings = trial.example()?;
        // No setting is a list of lists.
        settings[&key] = json!([[[]]]);
        refused_naming(&trial, settings, &key).await?;
    }
    Ok(())
}

async fn bad_settings_are_refused_by_name(trial: Arc<Trial>) -> Outcome {
    if trial.fixture.bad_settings.is_empty() {
        return not_run("it needs settings that must be refused: [[bad_settings]] of a check file");
    }
    for (settings, key) in &trial.fixture.bad_settings {
        refused_naming(&trial, settings.clone(), key).await?;
    }
    Ok(())
}

async fn refused_naming(trial: &Trial, settings: Value, key: &str) -> Outcome {
    let opened = trial.bench(&trial.world())?.settings(settings.clone()).open().await;
    let fault = failed(&format!("opening with {settings}"), opened.map(|_| "an instance"))?;
    refused("bad settings", &fault, &[FaultKind::Invalid])?;
    ensure(fault.text.contains(key), || format!("the fault does not name {key}: {}", fault.text))
}

async fn refused_settings_are_not_repeated(trial: Arc<Trial>) -> Outcome {
    const MISPLACED: &str = "misplaced-secret-9c41e7";
    let mut keys = keys(&trial.manifest().instance_settings);
    keys.push("no_such_setting".to_owned());
    for key in keys {
        let mut settings = trial.example()?;
        let world = trial.world();
        // A list where a text belongs, too: what cannot be read as one thing is often shown as another.
        for value in [json!(MISPLACED), json!([MISPLACED])] {
            settings[&key] = value;
            if let Err(fault) = trial.bench(&world)?.settings(settings.clone()).open().await {
                keeps_quiet(&format!("the fault about {key}"), &[fault.to_string()], &[MISPLACED])?;
            }
        }
    }
    Ok(())
}
