//! Applications and connections, as a configuration and the plugins' cards make them.

use std::collections::BTreeMap;

use entrepot_contract::ids::{ConnectionId, MerchantId, PluginId, PoolName};
use entrepot_contract::manifest::{Manifest, PluginKind};
use entrepot_contract::message::ConnectionFacts;
use entrepot_domain::catalogue::{
    Cancels, ChannelRules, CodeRules, ConnectionRules, Holds, OnEmpty, ReadsCalendar, SupplierRules,
};
use entrepot_engine::directory::{Application, Connection, Directory};
use entrepot_host::Host;
use serde_json::Value;

use crate::config::{
    self, AcceptanceMode, AuditMode, Channel, Config, ConfigFault, Faults, GiveCodes, IssueAt, Key, KnownPlugin,
    Loaded, NamedPool, Supplier, WhenEmpty,
};
use crate::plugins::plugin_of;

/// A connection that does not fit its plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Misfit {
    /// Where configuration has it.
    place: Key,
    /// What does not fit.
    text: String,
}

impl Misfit {
    fn new(merchant: &MerchantId, kind: &str, id: &ConnectionId, text: String) -> Self {
        let place = Key::of(&["merchants", merchant.as_str(), kind, id.as_str()]);
        Self { place, text: format!("connection {id}: {text}") }
    }
}

/// Applications and connections as configuration has them, once all of it was held against the cards of the plugins that
/// are loaded. `config check`, a start and a reload refuse the same, because they all ask here.
///
/// # Errors
/// Every fault that was found, with its file and key.
pub fn checked_directory(loaded: &Loaded, host: &Host) -> Result<Directory, Faults> {
    let card = |id: &str| PluginId::parse(id).ok().and_then(|id| host.manifest(&id));
    let faults = config::check(loaded, &|id| card(id).map(|card| KnownPlugin::from(&card)));
    if !faults.is_empty() {
        return Err(Faults::new(faults));
    }
    directory(&loaded.config, host).map_err(|Misfit { place, text }| {
        Faults::new(vec![ConfigFault::new(loaded.origins.above(&place).to_string(), &place, text)])
    })
}

/// Applications and connections as configuration has them.
/// One whose plugin is not loaded, and not required, is there and sells nothing.
fn directory(config: &Config, host: &Host) -> Result<Directory, Misfit> {
    let mut directory = Directory::default();
    for (id, application) in &config.applications {
        let entry = Application { id: id.clone(), family: application.family.clone(), plugins: Default::default() };
        directory.applications.insert(id.clone(), entry);
    }
    for (id, merchant) in &config.merchants {
        directory.merchants.insert(id.clone(), merchant.name.clone());
    }
    for (merchant, id, channel) in config.channels() {
        let misfit = |text: String| Misfit::new(merchant, "channels", id, text);
        let manifest = card(config, host, &channel.plugin, PluginKind::Channel).map_err(misfit)?;
        directory.connections.insert(id.clone(), channel_connection(config, merchant, id, channel, manifest.as_ref()));
        let Some(manifest) = manifest else { continue };
        host.check_connection_settings(&channel.plugin, &Value::Object(channel.settings.clone()), id.as_str())
            .map_err(|fault| misfit(fault.to_string()))?;
        if let Some(application) = directory.applications.get_mut(&channel.application) {
            application.plugins.insert(channel.plugin.clone(), manifest);
        }
    }
    for (merchant, id, supplier) in config.suppliers() {
        let misfit = |text: String| Misfit::new(merchant, "suppliers", id, text);
        let manifest = card(config, host, &supplier.plugin, PluginKind::Supplier).map_err(misfit)?;
        let connection = supplier_connection(merchant, id, supplier, manifest.as_ref()).map_err(misfit)?;
        // Its partner calls it under its own name.
        if let Some(manifest) = manifest.filter(|manifest| !manifest.scenes.is_empty()) {
            let application = &connection.application;
            if directory.applications.contains_key(application) {
                return Err(misfit(format!(
                    "an application is called {application}, too: one of them needs another name"
                )));
            }
            let plugins = [(supplier.plugin.clone(), manifest.clone())].into();
            let entry = Application { id: application.clone(), family: manifest.family, plugins };
            directory.applications.insert(application.clone(), entry);
        }
        directory.connections.insert(id.clone(), connection);
    }
    Ok(directory)
}

fn channel_connection(
    config: &Config,
    merchant: &MerchantId,
    id: &ConnectionId,
    channel: &Channel,
    manifest: Option<&Manifest>,
) -> Connection {
    let abilities = manifest.and_then(|manifest| manifest.capabilities.channel.clone()).unwrap_or_default();
    let rules = ChannelRules {
        application: channel.application.clone(),
        distributor: channel.distributor.clone(),
        price_check: channel.price_check,
        accept_at_once: channel.acceptance == AcceptanceMode::Immediate,
        issue_at_acceptance: channel.issue_at == IssueAt::Acceptance,
        refund_by_rule: channel.audit == AuditMode::Rule,
        unissued_refund: channel.audit_unissued.of(abilities.pairs.is_some()),
        pairs: abilities.pairs.map(|pairs| pairs.separator),
        redeem_units: abilities.redeem_units,
        one_completes_all: channel.one_completes_all && !abilities.redeem_units,
        tells_redemption: abilities.notices.iter().any(|notice| notice == "redeemed"),
        times: channel.deadlines.times(i64::try_from(config.engine.hold_ms).unwrap_or(i64::MAX)),
        beside: channel.beside(),
        selling: channel.enabled && manifest.is_some(),
    };
    Connection {
        id: id.clone(),
        merchant: merchant.clone(),
        plugin: channel.plugin.clone(),
        application: channel.application.clone(),
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: merchant.clone(),
            account: Some(channel.account_id.clone()),
            shops: channel.shop_ids.clone(),
            settings: Value::Object(channel.settings.clone()),
        },
        rules: ConnectionRules::Channel(rules),
        external: format!("account {} of application {}", channel.account_id, channel.application),
    }
}

fn supplier_connection(
    merchant: &MerchantId,
    id: &ConnectionId,
    supplier: &Supplier,
    manifest: Option<&Manifest>,
) -> Result<Connection, String> {
    let abilities = manifest.and_then(|manifest| manifest.capabilities.supplier.clone()).unwrap_or_default();
    if supplier.pool.is_some() && manifest.is_some() && !abilities.is_pool() {
        return Err(format!("`pool` says how codes are given, and plugin {} fulfils by calls", supplier.plugin));
    }
    Ok(Connection {
        id: id.clone(),
        merchant: merchant.clone(),
        plugin: supplier.plugin.clone(),
        application: id.as_str().parse().map_err(|fault| format!("{id}: {fault}"))?,
        facts: ConnectionFacts {
            id: id.clone(),
            merchant: merchant.clone(),
            account: None,
            shops: Vec::new(),
            settings: Value::Object(supplier.settings.clone()),
        },
        rules: ConnectionRules::Supplier(SupplierRules {
            pool: abilities.is_pool(),
            codes: supplier.pool.as_ref().map_or_else(CodeRules::usual, code_rules),
            pools: supplier.pool.as_ref().map(pool_rules).unwrap_or_default(),
            cancel: match abilities.calls().and_then(|calls| calls.cancel.as_ref()) {
                None => Cancels::Nothing,
                Some(cancel) if cancel.units => Cancels::Parts,
                Some(_) => Cancels::Whole,
            },
            units_limit: abilities.calls().and_then(|calls| calls.book.units_limit),
            holds: abilities.calls().and_then(|calls| calls.hold.as_ref()).filter(|_| supplier.hold).map(|hold| {
                Holds { longest_ms: i64::try_from(hold.longest_ms).unwrap_or(i64::MAX), extends: hold.extends }
            }),
            usage_poll_ms: abilities
                .calls()
                .and_then(|calls| calls.usage.as_ref())
                .map(|usage| i64::try_from(usage.poll_ms).unwrap_or(i64::MAX)),
            reads_calendar: supplier
                .calendar
                .filter(|_| abilities.calls().is_some_and(|calls| calls.calendar.is_some()))
                .map(|read| ReadsCalendar { every_ms: i64::from(read.every_s).saturating_mul(1_000), days: read.days }),
            own_gate: supplier.gate && abilities.own_gate,
            selling: supplier.enabled && manifest.is_some(),
        }),
        // Not the base URL: a supplier may move its server and stays the same one.
        external: format!("supplier {}", supplier.plugin),
    })
}

/// How a pool connection gives codes.
fn code_rules(pool: &GiveCodes) -> CodeRules {
    CodeRules {
        per_unit: pool.codes_per_unit,
        on_empty: match pool.on_empty {
            WhenEmpty::Wait => OnEmpty::Wait,
            WhenEmpty::Refuse => OnEmpty::Refuse,
        },
        return_unshown: pool.return_unshown,
    }
}

/// How it gives codes of the pools that are named: what one says itself, and the rest as the connection has it.
fn pool_rules(pool: &GiveCodes) -> BTreeMap<PoolName, CodeRules> {
    let of = |named: &NamedPool| {
        code_rules(&GiveCodes {
            codes_per_unit: named.codes_per_unit.unwrap_or(pool.codes_per_unit),
            on_empty: named.on_empty.unwrap_or(pool.on_empty),
            return_unshown: named.return_unshown.unwrap_or(pool.return_unshown),
            named: BTreeMap::new(),
        })
    };
    pool.named.iter().map(|(name, named)| (name.clone(), of(named))).collect()
}

/// The card of a connection's plugin; none when it is not loaded and need not be.
fn card(config: &Config, host: &Host, plugin: &PluginId, wanted: PluginKind) -> Result<Option<Manifest>, String> {
    let kind = if wanted == PluginKind::Channel { "channel" } else { "supplier" };
    match host.manifest(plugin) {
        Some(manifest) if manifest.kind == wanted => Ok(Some(manifest)),
        None if !plugin_of(config, plugin).required => Ok(None),
        _ => Err(format!("plugin {plugin} is no {kind} that is loaded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_pool_says_what_it_likes_and_has_the_rest_from_its_connection() {
        let pool: GiveCodes = serde_json::from_value(serde_json::json!({
            "codes_per_unit": 2,
            "return_unshown": true,
            "named": { "family": { "codes_per_unit": 4 }, "strict": { "on_empty": "refuse", "return_unshown": false } },
        }))
        .unwrap();
        let usual = code_rules(&pool);
        assert_eq!(usual, CodeRules { per_unit: 2, on_empty: OnEmpty::Wait, return_unshown: true });
        let named = pool_rules(&pool);
        assert_eq!(named[&PoolName::parse("family").unwrap()], CodeRules { per_unit: 4, ..usual });
        let strict = CodeRules { on_empty: OnEmpty::Refuse, return_unshown: false, ..usual };
        assert_eq!(named[&PoolName::parse("strict").unwrap()], strict);
        assert_eq!(named.len(), 2);
    }
}
