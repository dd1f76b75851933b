//! What a plugin says of itself, before it is opened.

use std::sync::Arc;

use entrepot_contract::manifest::PluginKind;
use entrepot_contract::version::{CONTRACT, SUPPORTED_MAJORS};
use serde_json::Value;

use crate::ability::{all, has_secrets, takes_calls};
use crate::suite::{Check, Outcome, checks};
use crate::trial::{Trial, ensure, fail};

pub(crate) const CHECKS: &[Check] = checks! {
    card_kind_fits_its_capabilities if all, "a channel declares channel capabilities, a supplier supplier capabilities, none both";
    card_speaks_this_contract if all, "build the plugin with an SDK of this host's contract";
    card_survives_a_panic if all, "build the library with panic = \"unwind\" in its profile";
    card_says_version_and_purpose if all, "give the card a version and a summary of one sentence";
    card_is_the_same_at_every_reading if all, "card() holds constants: no time, no environment, no counter";
    scenes_can_be_routed if takes_calls, "each scene has a method, a path without a slash at its front, and a limit above 0";
    scenes_are_told_apart if takes_calls, "no two scenes share a name, and no two a method with a path";
    settings_schemas_can_be_read if all, "derive JsonSchema on the settings; each schema is an object of draft 2020-12";
    settings_schemas_refuse_strangers if all, "put #[serde(deny_unknown_fields)] on the settings: a mistyped key must not be silence";
    every_setting_is_described if all, "put a doc comment on each field of the settings: `plugins list --json` shows it";
    secrets_are_no_settings if has_secrets, "ask for secrets with context.secret(name); in settings they stand in a readable file";
    clear_fields_hold_nothing_private if all, "leave names of secrets and of guests' data out of the card's clear_fields";
};

async fn card_kind_fits_its_capabilities(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    let (channel, supplier) = (&manifest.capabilities.channel, &manifest.capabilities.supplier);
    let fits = match manifest.kind {
        PluginKind::Channel => channel.is_some() && supplier.is_none(),
        PluginKind::Supplier => {
            channel.is_none() && supplier.as_ref().is_some_and(|told| told.is_pool() || told.calls().is_some())
        }
        PluginKind::Unknown => false,
    };
    ensure(fits, || format!("kind {:?} does not fit its capabilities", manifest.kind))
}

async fn card_speaks_this_contract(trial: Arc<Trial>) -> Outcome {
    let spoken = trial.manifest().contract;
    let major = SUPPORTED_MAJORS.contains(&spoken.major);
    ensure(major && spoken <= CONTRACT, || format!("contract {spoken}; this suite speaks up to {CONTRACT}"))
}

async fn card_survives_a_panic(trial: Arc<Trial>) -> Outcome {
    let strategy = trial.manifest().panic;
    ensure(strategy == "unwind", || format!("panic strategy {strategy}: one panic would end the whole process"))
}

async fn card_says_version_and_purpose(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    ensure(!manifest.version.trim().is_empty(), || "no version".to_owned())?;
    ensure(!manifest.summary.trim().is_empty(), || "no summary".to_owned())
}

async fn card_is_the_same_at_every_reading(trial: Arc<Trial>) -> Outcome {
    ensure(trial.manifest() == trial.manifest(), || "two readings differ".to_owned())
}

async fn scenes_can_be_routed(trial: Arc<Trial>) -> Outcome {
    for scene in trial.manifest().scenes {
        ensure(scene.limit_ms > 0, || format!("scene {} has no time limit", scene.name))?;
        let method = !scene.method.is_empty() && scene.method.bytes().all(|byte| byte.is_ascii_uppercase());
        ensure(method, || format!("scene {} has the method {:?}", scene.name, scene.method))?;
        let path = scene.path.as_str();
        let plain = !path.is_empty() && !path.starts_with('/') && !path.contains(['?', '#', ' ']);
        ensure(plain, || format!("scene {} has the path {path:?}", scene.name))?;
    }
    Ok(())
}

async fn scenes_are_told_apart(trial: Arc<Trial>) -> Outcome {
    let scenes = trial.manifest().scenes;
    for (at, scene) in scenes.iter().enumerate() {
        let before = &scenes[..at];
        let named = before.iter().any(|other| other.name == scene.name);
        ensure(!named, || format!("two scenes are named {}", scene.name))?;
        let reached = before.iter().find(|other| (&other.method, &other.path) == (&scene.method, &scene.path));
        if let Some(other) = reached {
            return fail(format!("{} and {} are reached by the same path", other.name, scene.name));
        }
    }
    Ok(())
}

async fn settings_schemas_can_be_read(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for (which, schema) in [("instance", &manifest.instance_settings), ("connection", &manifest.connection_settings)] {
        ensure(schema["type"] == "object", || format!("the schema of {which} settings is no object"))?;
        let valid = jsonschema::validator_for(schema);
        valid.map_err(|fault| format!("the schema of {which} settings: {fault}"))?;
    }
    Ok(())
}

async fn settings_schemas_refuse_strangers(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for (which, schema) in [("instance", &manifest.instance_settings), ("connection", &manifest.connection_settings)] {
        let closed = schema["additionalProperties"] == false;
        ensure(closed, || format!("the schema of {which} settings allows keys that it does not name"))?;
    }
    Ok(())
}

async fn every_setting_is_described(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for schema in [&manifest.instance_settings, &manifest.connection_settings] {
        for (key, told) in schema["properties"].as_object().into_iter().flatten() {
            let described = told["description"].as_str().is_some_and(|text| !text.trim().is_empty());
            ensure(described, || format!("the setting {key} has no description"))?;
        }
    }
    Ok(())
}

async fn secrets_are_no_settings(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for schema in [&manifest.instance_settings, &manifest.connection_settings] {
        let key = manifest.secrets.iter().find(|secret| schema["properties"].get(secret.as_str()).is_some());
        ensure(key.is_none(), || format!("{key:?} is a secret and a setting"))?;
    }
    Ok(())
}

/// Names under which partners send what nobody may read in a log.
const PRIVATE_NAMES: &[&str] = &[
    "name",
    "phone",
    "mobile",
    "tel",
    "email",
    "document",
    "id_card",
    "idcard",
    "passport",
    "address",
    "guest",
    "guests",
    "buyer",
    "contact",
    "password",
    "token",
    "access_token",
    "authorization",
    "sign",
    "signature",
    "ticket",
    "tickets",
    "code",
    "voucher",
    "qr",
];

async fn clear_fields_hold_nothing_private(trial: Arc<Trial>) -> Outcome {
    let manifest = trial.manifest();
    for field in &manifest.log.clear {
        let name = field.to_ascii_lowercase();
        let private = PRIVATE_NAMES.contains(&name.as_str()) || manifest.secrets.iter().any(|secret| *secret == name);
        ensure(!private, || format!("the interface log would show {field} in clear"))?;
    }
    Ok(())
}

/// Names of the settings at the top of a schema.
pub(crate) fn keys(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
}
