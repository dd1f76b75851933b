//! Faults between the parts: names that nothing answers to, limits that contradict each other, keys that must not be
//! used where they are. `connections` checks the merchants' part, `beside` what channels are told and asked beside their
//! orders, `alerts` the webhooks.

mod alerts;
mod beside;
mod connections;

use std::path::PathBuf;

use entrepot_contract::ids::FamilyName;
use entrepot_contract::looking::LookName;
use entrepot_contract::manifest::{Manifest, PluginKind};
use serde_json::{Map, Value};

use super::fault::{ConfigFault, Faults};
use super::key::Key;
use super::layers::ENV_PREFIX;
use super::load::{Loaded, beside};
use super::plugin::Plugin;
use super::security::GuestKey;
use super::tree::Origins;

/// What the configuration is checked against of a plugin that can be used.
#[derive(Debug, Clone)]
pub struct KnownPlugin {
    /// Channel or supplier.
    pub kind: PluginKind,
    /// The partner family it belongs to.
    pub family: FamilyName,
    /// JSON Schema of an instance's settings: an application's for channels, a connection's for suppliers.
    pub instance_settings: Value,
    /// JSON Schema of a channel connection's settings.
    pub connection_settings: Value,
    /// Whether it can tell its partner prices and stock by date.
    pub tells_calendar: bool,
    /// Whether it can tell its partner about products.
    pub tells_products: bool,
    /// Whether it can hand codes over to a pool of its partner's.
    pub takes_codes: bool,
    /// What the core may ask it about its partner's side.
    pub looks: Vec<LookName>,
}

impl From<&Manifest> for KnownPlugin {
    fn from(manifest: &Manifest) -> Self {
        let channel = manifest.capabilities.channel.clone().unwrap_or_default();
        Self {
            tells_calendar: channel.calendar.is_some(),
            tells_products: channel.notices.iter().any(|notice| notice == "product"),
            takes_codes: channel.codes.is_some(),
            looks: channel.looks,
            kind: manifest.kind,
            family: manifest.family.clone(),
            instance_settings: manifest.instance_settings.clone(),
            connection_settings: manifest.connection_settings.clone(),
        }
    }
}

/// Finds a plugin that is built in, or whose library could be read, by its id.
pub type KnownPlugins<'a> = dyn Fn(&str) -> Option<KnownPlugin> + 'a;

/// Every fault between the parts of a configuration, plugin settings included. An empty list is good news.
#[must_use]
pub fn check(loaded: &Loaded, known_plugins: &KnownPlugins<'_>) -> Vec<ConfigFault> {
    Faults::new(relations(&loaded.tree.0, &loaded.origins, known_plugins)).into_vec()
}

/// The same over values that may still have faults of form: what has the wrong type is passed over here.
pub(super) fn relations(value: &Value, origins: &Origins, known: &KnownPlugins<'_>) -> Vec<ConfigFault> {
    let mut checker = Checker { value, origins, known, faults: Vec::new() };
    checker.guest_keys();
    checker.limits();
    checker.plugins();
    checker.connections();
    checker.alerts();
    checker.faults
}

struct Checker<'a> {
    value: &'a Value,
    origins: &'a Origins,
    known: &'a KnownPlugins<'a>,
    faults: Vec<ConfigFault>,
}

impl<'a> Checker<'a> {
    fn fault(&self, key: &Key, problem: impl Into<String>) -> ConfigFault {
        ConfigFault::new(self.origins.above(key).to_string(), key, problem)
    }

    fn text(&self, key: &Key) -> Option<&'a str> {
        key.find(self.value).and_then(Value::as_str)
    }

    /// The named values of a table; none when it is not there or no table.
    fn entries(&self, table: &Key) -> Vec<(&'a str, Key)> {
        let found: Option<&'a Map<String, Value>> = table.find(self.value).and_then(Value::as_object);
        found.map(|found| found.keys().map(|name| (name.as_str(), table.child(name))).collect()).unwrap_or_default()
    }

    fn guest_keys(&mut self) {
        let security = Key::of(&["security"]);
        let current = security.child("guest_key");
        if current.find(self.value).is_none() {
            let fault = self.fault(&current, "missing");
            self.faults.push(fault.expected(
                "32 bytes in base64, as `openssl rand -base64 32` makes them; keep it safe, guests' data cannot be read without it",
            ));
        }
        let previous = self.entries(&security.child("previous_guest_keys"));
        let id = security.child("guest_key_id");
        if let Some((name, _)) = previous.iter().find(|(name, _)| self.text(&id) == Some(name)) {
            let fault = self.fault(&id, "is also the id of a previous key").found(format!("the text {name:?}"));
            self.faults.push(fault.expected("an id that no other key has"));
        }
        let keys = previous.into_iter().map(|(_, key)| key).chain([current]);
        for key in keys.collect::<Vec<_>>() {
            if self.text(&key).and_then(|text| GuestKey::parse(text).ok()).is_some_and(|key| key.is_demo()) {
                self.demo_key(&key);
            }
        }
    }

    fn demo_key(&mut self, key: &Key) {
        let allow = Key::of(&["security", "allow_demo_key"]).find(self.value) == Some(&Value::Bool(true));
        let listen = self.text(&Key::of(&["http", "listen"])).unwrap_or_default();
        let address = listen.parse::<std::net::SocketAddr>();
        let fault = if !allow {
            self.fault(key, "is the demo's published key, which everybody has")
                .expected("a key of your own; or `security.allow_demo_key = true`, on loopback only")
        } else if address.is_ok_and(|address| !address.ip().is_loopback()) {
            self.fault(key, "is the demo's published key, and the server would listen off loopback")
                .found(format!("http.listen = {listen:?} ({})", self.origins.of(&Key::of(&["http", "listen"]))))
                .expected("a key of your own, or a loopback address to listen on")
        } else {
            return;
        };
        self.faults.push(fault);
    }

    fn limits(&mut self) {
        let rules: [(&[&str], &[&str], bool); 3] = [
            (&["engine", "batch_limit"], &["engine", "queue_limit"], true),
            (&["jobs", "backoff_first_ms"], &["jobs", "backoff_limit_ms"], true),
            (&["jobs", "poll_ms"], &["jobs", "lease_ms"], false),
        ];
        for (low, high, may_be_equal) in rules {
            self.below(&Key::of(low), &Key::of(high), may_be_equal);
        }
        for (_, plugin) in self.entries(&Key::of(&["plugins"])) {
            self.below(&plugin.child("timeout_ms"), &Key::of(&["jobs", "lease_ms"]), false);
            self.default_timeout(&plugin);
            self.share(&plugin);
        }
    }

    /// One connection's part of a plugin's calls, where either is named.
    fn share(&mut self, plugin: &Key) {
        let (part, whole) = (plugin.child("connection_in_flight"), plugin.child("in_flight"));
        if whole.find(self.value).is_some() {
            return self.below(&part, &whole, true);
        }
        let limit = Plugin::default().in_flight as u64;
        if let Some(found) = part.find(self.value).and_then(Value::as_u64).filter(|found| *found > limit) {
            let fault = self.fault(&part, "is too large").found(format!("the number {found}"));
            self.faults.push(fault.expected(format!("at most {whole}, {limit} by default")));
        }
    }

    /// A plugin that names no time-out has the default one, which a short lease may not cover.
    fn default_timeout(&mut self, plugin: &Key) {
        let lease = Key::of(&["jobs", "lease_ms"]);
        let timeout = Plugin::default().timeout_ms;
        let Some(found) = lease.find(self.value).and_then(Value::as_u64) else {
            return;
        };
        if plugin.child("timeout_ms").find(self.value).is_none() && found <= timeout {
            let fault = self.fault(&lease, "is too small").found(format!("the number {found}"));
            self.faults.push(fault.expected(format!("more than {}, {timeout} by default", plugin.child("timeout_ms"))));
        }
    }

    fn below(&mut self, low: &Key, high: &Key, may_be_equal: bool) {
        let number = |key: &Key| key.find(self.value).and_then(Value::as_u64);
        let (Some(a), Some(b)) = (number(low), number(high)) else {
            return;
        };
        if a > b || (a == b && !may_be_equal) {
            let most = if may_be_equal { "at most" } else { "less than" };
            let fault = self.fault(low, "is too large").found(format!("the number {a}"));
            self.faults.push(fault.expected(format!("{most} {high} = {b} ({})", self.origins.of(high))));
        }
    }

    fn plugins(&mut self) {
        for (id, plugin) in self.entries(&Key::of(&["plugins"])) {
            let [library, command, hash] = ["library", "command", "sha256"].map(|name| plugin.child(name));
            let words = command.find(self.value).and_then(Value::as_array);
            match (self.text(&library), words) {
                (Some(_), Some(_)) => {
                    let fault = self.fault(&command, "stands beside a library");
                    self.faults.push(fault.expected(format!("{library} or {command}: a plugin is in one of the two")));
                }
                (Some(path), None) => self.library(&library, path),
                (None, Some(words)) => self.command(&command, words),
                (None, None) if (self.known)(id).is_none() => {
                    let fault = self.fault(&plugin, "is not built in");
                    self.faults.push(fault.expected(
                        "the id of a built-in plugin, `library` with the path of one, or `command` that runs one",
                    ));
                }
                (None, None) => {}
            }
            if self.text(&library).is_none() && self.text(&hash).is_some() {
                let fault = self.fault(&hash, "pins a library, but none is named");
                self.faults.push(fault.expected(format!("{library} beside it, or no sha256")));
            }
            self.environment(&plugin.child("environment"), words.is_some());
        }
    }

    fn library(&mut self, key: &Key, path: &str) {
        let path = beside(self.origins, key, PathBuf::from(path));
        if !path.is_file() {
            let fault = self.fault(key, "names a file that is not there");
            self.faults.push(fault.found(path.display().to_string()).expected("the path of a plugin's library"));
        }
    }

    /// Whether the program is there. What it makes of its arguments, it says itself when it is started.
    fn command(&mut self, key: &Key, words: &[Value]) {
        let Some(program) = words.first().and_then(Value::as_str).filter(|program| !program.is_empty()) else {
            return;
        };
        if program.contains(std::path::MAIN_SEPARATOR) {
            let path = beside(self.origins, key, PathBuf::from(program));
            if !path.is_file() {
                let fault = self.fault(key, "names a program that is not there");
                self.faults.push(fault.found(path.display().to_string()).expected("the path of a program"));
            }
            return;
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&folders).any(|folder| folder.join(program).is_file()) {
            let fault = self.fault(key, "names a program that is not found in PATH").found(format!("{program:?}"));
            self.faults.push(fault.expected("a program that is installed, or the path of one"));
        }
    }

    /// The names of variables for a process: never those that hold this server's own configuration.
    fn environment(&mut self, key: &Key, is_process: bool) {
        let Some(names) = key.find(self.value).and_then(Value::as_array).filter(|names| !names.is_empty()) else {
            return;
        };
        if !is_process {
            let fault = self.fault(key, "is for a plugin in a process of its own");
            self.faults.push(fault.expected("`command` beside it, or no environment"));
        }
        for (at, name) in names.iter().enumerate() {
            if name.as_str().is_some_and(|name| name.starts_with(ENV_PREFIX)) {
                let fault = self.fault(&key.at(at), "would hand this server's own configuration to a plugin");
                self.faults
                    .push(fault.found(name.to_string()).expected(format!("no name that begins with {ENV_PREFIX}")));
            }
        }
    }
}
