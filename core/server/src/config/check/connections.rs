//! Merchants' connections: their plugins, applications, settings and identities.

use std::collections::BTreeMap;

use entrepot_contract::manifest::PluginKind;
use serde_json::{Map, Value};

use super::{Checker, KnownPlugin};
use crate::config::fault::nearest;
use crate::config::key::Key;
use crate::config::settings;

/// Application, plugin and account id.
type Account<'a> = (&'a str, &'a str, &'a str);

/// What was seen of other connections so far.
#[derive(Default)]
struct Seen<'a> {
    /// Connection ids and where they stand.
    ids: BTreeMap<&'a str, Key>,
    /// Accounts by application, plugin and account id, with their shops.
    accounts: BTreeMap<Account<'a>, Vec<(Key, Vec<&'a str>)>>,
    /// Schemas of the channel plugins on each application.
    instances: BTreeMap<&'a str, BTreeMap<&'a str, Value>>,
}

impl<'a> Checker<'a> {
    /// Checks every connection, then what the applications' settings have to satisfy for all their plugins.
    pub(super) fn connections(&mut self) {
        let mut seen = Seen::default();
        for (_, merchant) in self.entries(&Key::of(&["merchants"])) {
            for (id, key) in self.entries(&merchant.child("channels")) {
                self.unique(id, &key, &mut seen);
                self.channel(&key, &mut seen);
            }
            for (id, key) in self.entries(&merchant.child("suppliers")) {
                self.unique(id, &key, &mut seen);
                self.supplier(&key);
            }
        }
        for (id, application) in self.entries(&Key::of(&["applications"])) {
            let schemas: Vec<Value> = seen.instances.remove(id).unwrap_or_default().into_values().collect();
            self.settings(&application, &schemas);
            self.fixed_token(&application);
        }
    }

    fn unique(&mut self, id: &'a str, key: &Key, seen: &mut Seen<'a>) {
        if let Some(first) = seen.ids.get(id) {
            let fault = self.fault(key, "is not the only connection with this id");
            let first = format!("{first} ({})", self.origins.of(first));
            self.faults
                .push(fault.found(format!("also {first}")).expected("an id that no other connection of the file has"));
        } else {
            seen.ids.insert(id, key.clone());
        }
    }

    fn channel(&mut self, key: &Key, seen: &mut Seen<'a>) {
        let plugin_id = self.text(&key.child("plugin"));
        let plugin = plugin_id.and_then(|id| self.plugin(id, &key.child("plugin"), PluginKind::Channel));
        let application_id = self.text(&key.child("application"));
        let application = application_id.and_then(|id| self.application(id, &key.child("application")));
        if let Some(plugin) = &plugin {
            self.settings(key, std::slice::from_ref(&plugin.connection_settings));
        }
        self.beside(key, plugin.as_ref());
        let (Some(plugin_id), Some(application_id)) = (plugin_id, application_id) else {
            return;
        };
        if let (Some(plugin), Some(application)) = (plugin, application) {
            self.family(&plugin, plugin_id, &application, &key.child("application"));
            seen.instances.entry(application_id).or_default().insert(plugin_id, plugin.instance_settings);
        }
        self.account(key, application_id, plugin_id, seen);
    }

    fn supplier(&mut self, key: &Key) {
        let Some(id) = self.text(&key.child("plugin")) else {
            return;
        };
        if let Some(plugin) = self.plugin(id, &key.child("plugin"), PluginKind::Supplier) {
            self.settings(key, &[plugin.instance_settings]);
        }
    }

    /// The plugin that a connection names, if it is known and of the right kind.
    fn plugin(&mut self, id: &str, key: &Key, wanted: PluginKind) -> Option<KnownPlugin> {
        let declared = self.entries(&Key::of(&["plugins"]));
        let Some(plugin) = (self.known)(id) else {
            if !declared.iter().any(|(name, _)| *name == id) {
                let names: Vec<&str> = declared.iter().map(|(name, _)| *name).collect();
                let fault = self.fault(key, "no plugin has this id").found(format!("the text {id:?}"));
                let allowed = format!("a built-in plugin, or one of [plugins]: {}", names.join(", "));
                self.faults.push(fault.expected(allowed).suggest(nearest(id, names)));
            }
            return None;
        };
        if plugin.kind != wanted {
            let word = |kind| {
                if kind == PluginKind::Channel { "channel" } else { "supplier" }
            };
            let fault = self.fault(key, format!("is a {} plugin", word(plugin.kind)));
            self.faults.push(fault.found(format!("the text {id:?}")).expected(format!("a {} plugin", word(wanted))));
            return None;
        }
        Some(plugin)
    }

    fn application(&mut self, id: &str, key: &Key) -> Option<Key> {
        let declared = self.entries(&Key::of(&["applications"]));
        if let Some((_, application)) = declared.iter().find(|(name, _)| *name == id) {
            return Some(application.clone());
        }
        let names: Vec<&str> = declared.iter().map(|(name, _)| *name).collect();
        let fault = self.fault(key, "no application has this id").found(format!("the text {id:?}"));
        let allowed =
            if names.is_empty() { "one of [applications], which has none".to_owned() } else { names.join(", ") };
        self.faults.push(fault.expected(allowed).suggest(nearest(id, names)));
        None
    }

    fn family(&mut self, plugin: &KnownPlugin, plugin_id: &str, application: &Key, key: &Key) {
        let Some(family) = self.text(&application.child("family")) else {
            return;
        };
        if family != plugin.family.as_str() {
            let fault = self.fault(key, "belongs to another partner family than the plugin");
            let found = format!("{} = {family:?}", application.child("family"));
            let expected = format!("an application of the family {:?}, as {plugin_id} is", plugin.family.as_str());
            self.faults.push(fault.found(found).expected(expected));
        }
    }

    /// An inbound call finds its connection by account: two of the same must at least differ in their shops.
    fn account(&mut self, key: &Key, application: &'a str, plugin: &'a str, seen: &mut Seen<'a>) {
        let account_key = key.child("account_id");
        let Some(account) = self.text(&account_key) else {
            return;
        };
        let shops: Vec<&str> = key
            .child("shop_ids")
            .find(self.value)
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let others = seen.accounts.entry((application, plugin, account)).or_default();
        let clash = others
            .iter()
            .find(|(_, theirs)| theirs.is_empty() || shops.is_empty() || theirs.iter().any(|shop| shops.contains(shop)))
            .map(|(other, _)| other.clone());
        others.push((key.clone(), shops));
        if let Some(other) = clash {
            let fault = self.fault(&account_key, "is already the account of another connection");
            let expected = "another account; or shop_ids on both, none of them shared";
            self.faults.push(fault.found(format!("the text {account:?}, as in {other}")).expected(expected));
        }
    }

    fn settings(&mut self, above: &Key, schemas: &[Value]) {
        let key = above.child("settings");
        let empty = Map::new();
        let table = match key.find(self.value) {
            None => &empty,
            Some(Value::Object(table)) => table,
            Some(_) => return,
        };
        let faults = settings::faults(table, &key, schemas, self.origins);
        self.faults.extend(faults);
    }

    fn fixed_token(&mut self, application: &Key) {
        let token = application.child("credentials").child("fixed_token");
        if self.text(&application.child("token_mode")) == Some("fixed") && token.find(self.value).is_none() {
            let fault = self.fault(&token, "missing");
            self.faults.push(fault.expected("the partner's token, as token_mode is \"fixed\""));
        }
    }
}
