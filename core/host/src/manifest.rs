//! Whether a plugin's card makes sense, and whether settings fit its schemas.

use std::collections::BTreeSet;

use entrepot_contract::bounds::NAME_LIMIT_BYTES;
use entrepot_contract::capability::{Capabilities, ChannelCapabilities, Fulfils, SupplierCapabilities};
use entrepot_contract::looking::LookName;
use entrepot_contract::manifest::{ApiRate, Manifest, PluginKind, RATE_TIME_LIMIT_MS, RATES_LIMIT, Scene};
use entrepot_contract::supplier::ResendWay;
use entrepot_contract::version::{CONTRACT, SUPPORTED_MAJORS};
use jsonschema::Validator;
use serde_json::Value;

use crate::fault::HostFault;

/// Problems of one settings document that are told at once.
const PROBLEMS_LIMIT: usize = 10;
/// Scenes of one plugin.
const SCENES_LIMIT: usize = 64;

/// Reads a card that came over the boundary. What is wrong with it follows "the library" or "its process".
pub(crate) fn read(bytes: &[u8]) -> Result<Manifest, String> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("has a manifest that is no JSON: {error}"))?;
    // Before all else: a manifest of another major need not be readable.
    let major = value["contract"]["major"].as_u64();
    if !major.is_some_and(|major| SUPPORTED_MAJORS.iter().any(|supported| u64::from(*supported) == major)) {
        let major = major.map_or_else(|| "none".to_owned(), |major| major.to_string());
        return Err(format!(
            "speaks contract major {major}, this host speaks {SUPPORTED_MAJORS:?}; take a build for it"
        ));
    }
    let minor = value["contract"]["minor"].as_u64().unwrap_or(0);
    serde_json::from_value(value).map_err(|error| {
        if minor > u64::from(CONTRACT.minor) {
            let theirs = format!("{}.{minor}", CONTRACT.major);
            format!("speaks contract {theirs}, newer than this host's {CONTRACT}, and its manifest cannot be read ({error}); take a build for {CONTRACT}, or a newer host")
        } else {
            format!("has a manifest that cannot be read: {error}")
        }
    })
}

/// A card that was found good, with its schemas ready for use.
pub(crate) struct CheckedManifest {
    pub(crate) manifest: Manifest,
    instance_settings: Validator,
    connection_settings: Validator,
}

impl CheckedManifest {
    /// Checks a card.
    pub(crate) fn new(manifest: Manifest) -> Result<Self, HostFault> {
        let fault = |text: String| HostFault::Manifest { plugin: manifest.id.to_string(), text };
        sane(&manifest).map_err(fault)?;
        let schema = |name: &str, schema: &Value| {
            jsonschema::validator_for(schema).map_err(|error| fault(format!("{name} is no JSON Schema: {error}")))
        };
        let instance_settings = schema("instance_settings", &manifest.instance_settings)?;
        let connection_settings = schema("connection_settings", &manifest.connection_settings)?;
        Ok(Self { manifest, instance_settings, connection_settings })
    }

    /// Checks an instance's settings.
    pub(crate) fn instance(&self, settings: &Value, what: &str) -> Result<(), HostFault> {
        fits(&self.instance_settings, settings, what)
    }

    /// Checks a connection's settings.
    pub(crate) fn connection(&self, settings: &Value, what: &str) -> Result<(), HostFault> {
        fits(&self.connection_settings, settings, what)
    }
}

/// The problems name the place and the rule, never the value: a settings document may hold what is nobody's business.
fn fits(validator: &Validator, settings: &Value, what: &str) -> Result<(), HostFault> {
    let problems: Vec<String> = validator
        .iter_errors(settings)
        .take(PROBLEMS_LIMIT)
        .map(|error| match error.instance_path().as_str() {
            "" => error.masked().to_string(),
            path => format!("{}: {}", path.trim_start_matches('/').replace('/', "."), error.masked()),
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(HostFault::Settings { what: what.to_owned(), problems }) }
}

fn sane(manifest: &Manifest) -> Result<(), String> {
    let contract = manifest.contract;
    if !SUPPORTED_MAJORS.contains(&contract.major) {
        return Err(format!(
            "it speaks contract {contract}, this host speaks the majors {SUPPORTED_MAJORS:?}; take a build of the plugin for one of them"
        ));
    }
    capabilities(manifest.kind, &manifest.capabilities)?;
    scenes(&manifest.scenes)?;
    rates(&manifest.rates)?;
    unique("secret", manifest.secrets.iter().map(String::as_str))
}

fn capabilities(kind: PluginKind, capabilities: &Capabilities) -> Result<(), String> {
    match (kind, &capabilities.channel, &capabilities.supplier) {
        (PluginKind::Channel, Some(channel), None) => sells(channel),
        (PluginKind::Supplier, None, Some(supplier)) => supplies(supplier),
        (PluginKind::Channel, ..) => Err("a channel declares the channel capabilities and no others".to_owned()),
        (PluginKind::Unknown, ..) => Err("it is of a kind that this host does not know".to_owned()),
        (PluginKind::Supplier, ..) => Err("a supplier declares the supplier capabilities and no others".to_owned()),
    }
}

fn sells(channel: &ChannelCapabilities) -> Result<(), String> {
    unique("notice", channel.notices.iter().map(String::as_str))?;
    unique("look", channel.looks.iter().filter(|name| **name != LookName::Unknown).map(|name| name.as_str()))?;
    if let Some(event) = channel.repeatable_notices.iter().find(|event| !channel.notices.contains(event)) {
        return Err(format!("the notice {event} is repeatable, but not among its notices"));
    }
    let told = channel.notices.iter().any(|name| name == "calendar");
    let codes = channel.notices.iter().any(|name| name == "codes");
    if codes != channel.codes.as_ref().is_some_and(|limits| limits.codes_limit > 0) {
        return Err("it takes codes, and says how many at once, or neither".to_owned());
    }
    match &channel.calendar {
        None if told => Err("it is told about its calendar, but not how many dates at once".to_owned()),
        Some(limits) if limits.dates_limit == 0 || limits.skus_limit == 0 || limits.horizon_days == 0 => {
            Err("the dates and SKUs of one calendar notice, and its horizon, must be above 0".to_owned())
        }
        _ => Ok(()),
    }
}

fn supplies(supplier: &SupplierCapabilities) -> Result<(), String> {
    let calls = match &supplier.fulfils {
        Fulfils::Pool => return Ok(()),
        Fulfils::Calls(calls) => calls,
        Fulfils::Unknown => return Err("it does not say in a way known here how it fulfils".to_owned()),
    };
    let zero = |what: &str| Err(format!("{what} must be above 0"));
    if calls.book.units_limit == Some(0) {
        return zero("the units limit of its bookings");
    }
    if calls.hold.as_ref().is_some_and(|hold| hold.longest_ms == 0) {
        return zero("the time of its longest hold");
    }
    if calls.calendar.as_ref().is_some_and(|calendar| calendar.days_limit == 0) {
        return zero("the dates of one question for its calendar");
    }
    let mut ways = BTreeSet::new();
    if calls.resend.iter().any(|way| *way != ResendWay::Unknown && !ways.insert(way)) {
        return Err("a way of resending stands there twice".to_owned());
    }
    Ok(())
}

fn scenes(scenes: &[Scene]) -> Result<(), String> {
    if scenes.len() > SCENES_LIMIT {
        return Err(format!("it has {} scenes, {SCENES_LIMIT} are allowed", scenes.len()));
    }
    unique("scene", scenes.iter().map(|scene| scene.name.as_str()))?;
    let mut routes = BTreeSet::new();
    for Scene { name, method, path, limit_ms, .. } in scenes {
        if path.is_empty() || path.starts_with('/') || path.contains(char::is_whitespace) {
            return Err(format!("the path {path:?} of scene {name} must be relative and without spaces"));
        }
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(format!("the method {method:?} of scene {name} must be in capitals"));
        }
        if *limit_ms == 0 {
            return Err(format!("the limit of scene {name} must be above 0 ms"));
        }
        if !routes.insert((method, path)) {
            return Err(format!("two scenes share {method} {path}"));
        }
    }
    Ok(())
}

fn rates(rates: &[ApiRate]) -> Result<(), String> {
    if rates.len() > RATES_LIMIT {
        return Err(format!("it has {} rates, {RATES_LIMIT} are allowed", rates.len()));
    }
    for ApiRate { api, calls, per_ms } in rates {
        if api.is_empty() || api.len() > NAME_LIMIT_BYTES {
            return Err(format!("a rate names its interface by 1 to {NAME_LIMIT_BYTES} bytes"));
        }
        if *calls == 0 {
            return Err(format!("the calls of the rate of {api} must be above 0"));
        }
        if !(1..=RATE_TIME_LIMIT_MS).contains(per_ms) {
            return Err(format!("the rate of {api} must count over 1 to {RATE_TIME_LIMIT_MS} ms"));
        }
    }
    unique("rate of", rates.iter().map(|rate| rate.api.as_str()))
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("the {what} {name} stands there twice"));
        }
    }
    Ok(())
}
