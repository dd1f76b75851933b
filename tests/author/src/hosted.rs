//! A library in a host of the test's own: what a server does with it, without the server.

use std::path::Path;
use std::sync::Arc;

use entrepot_contract::fault::Fault;
use entrepot_contract::message::{CallContext, OpenRequest, Request, Response};
use entrepot_contract::supplier::{SupplierOrder, SupplierRequest};
use entrepot_contract::time::{Clock, SystemClock};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    CallScope, Host, HostParts, HttpClient, InstanceKey, InstanceLimits, LibraryDeclaration, MemoryCache,
    NoInterfaceLog, OpenOptions, RunningInstance, SecretText,
};
use serde_json::{Value, json};

/// A host with one library.
pub struct Hosted {
    host: Host,
    plugin: String,
}

/// How long a call may take.
const PATIENCE_MS: u32 = 30_000;

impl Hosted {
    /// Loads a library: its manifest is read and checked.
    ///
    /// # Panics
    /// When the host does not take it.
    pub fn load(plugin: &str, library: &Path) -> Self {
        let parts = HostParts {
            cache: Arc::new(MemoryCache::new(Arc::new(SystemClock))),
            clock: Arc::new(SystemClock),
            interface_log: Arc::new(NoInterfaceLog),
            client: HttpClient::new().unwrap(),
            breaker: BreakerRules::default(),
        };
        let host = Host::new(parts, Vec::new()).unwrap();
        let declaration =
            LibraryDeclaration { plugin: plugin.parse().unwrap(), path: library.to_owned(), sha256: None };
        host.load_library(&declaration).unwrap_or_else(|fault| panic!("{fault}"));
        Self { host, plugin: plugin.to_owned() }
    }

    /// The plugin's card, as JSON.
    pub fn card(&self) -> Value {
        serde_json::to_value(self.host.manifest(&self.plugin.parse().unwrap()).unwrap()).unwrap()
    }

    /// Opens an instance.
    pub async fn open(&self, base_url: Option<&str>, secrets: &[(&str, &str)]) -> Arc<RunningInstance> {
        let request = json!({"application": "a", "base_url": base_url, "token_mode": "fixed", "settings": {}});
        let request: OpenRequest = serde_json::from_value(request).unwrap();
        let allowed = base_url.and_then(|url| url.strip_prefix("http://")).map(str::to_owned);
        let options = OpenOptions {
            limits: InstanceLimits::new(8, u64::from(PATIENCE_MS)),
            secrets: secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretText::new(*value))).collect(),
            allow_hosts: allowed.into_iter().collect(),
            ..OpenOptions::default()
        };
        let key = InstanceKey::new(self.plugin.parse().unwrap(), "a".parse().unwrap());
        self.host.open(key, request, options).await.unwrap_or_else(|fault| panic!("{fault}"))
    }
}

/// An order of adult tickets.
pub fn order(number: &str, units: u16) -> Box<SupplierOrder> {
    let units: Vec<Value> = (1..=units).map(|number| json!({"number": number})).collect();
    serde_json::from_value(json!({"order": number, "product_code": "adult", "units": units})).unwrap()
}

/// One call of a supplier; its answer as JSON.
pub async fn ask(running: &RunningInstance, request: SupplierRequest) -> Result<Value, Fault> {
    let context = CallContext {
        deadline: SystemClock.now().plus_millis(i64::from(PATIENCE_MS)),
        idempotency_key: "key".to_owned(),
        trace: "trace".parse().unwrap(),
        attempt: 1,
        connection: Some(serde_json::from_value(json!({"id": "c", "merchant": "m", "settings": {}})).unwrap()),
    };
    let scope = CallScope { connection: Some("c".parse().unwrap()), order: None };
    let answer: Response = running.call(context, Request::Supplier(request), scope).await?;
    Ok(serde_json::to_value(answer).unwrap())
}
