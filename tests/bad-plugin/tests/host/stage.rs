//! A host with a clock that stands still, and the files.

use std::env::consts::{DLL_EXTENSION, DLL_PREFIX};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bad_plugin::mark::marked;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::message::{CallContext, OpenRequest, Request, Response};
use entrepot_contract::supplier::SupplierRequest;
use entrepot_contract::time::{Clock, Timestamp};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::{
    CallScope, Host, HostFault, HostParts, HttpClient, InstanceKey, InstanceLimits, InstanceStatus, LibraryDeclaration,
    MemoryCache, NoInterfaceLog, OpenOptions, RunningInstance,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When the clock begins.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
/// Failures that open a breaker.
pub const FAILURES: u32 = 3;
/// Long enough for every call that has an end, also on a busy machine.
pub const LONG_MS: i64 = 60_000;
/// How long a call without an end is waited for; long enough to count as a failure.
pub const SHORT_MS: i64 = 300;
/// How long it stays open the first time.
pub const OPEN_MS: i64 = 1_000;

/// A clock that moves when it is told to.
pub struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The host, and a folder for the files that are loaded.
pub struct Stage {
    pub host: Host,
    clock: Arc<StillClock>,
    pub folder: TempDir,
}

impl Stage {
    pub fn new() -> Self {
        let clock = Arc::new(StillClock(AtomicI64::new(START.millis())));
        let parts = HostParts {
            cache: Arc::new(MemoryCache::new(Arc::clone(&clock) as _)),
            clock: Arc::clone(&clock) as _,
            interface_log: Arc::new(NoInterfaceLog),
            client: HttpClient::new().unwrap(),
            breaker: BreakerRules { failures: FAILURES, first_open_ms: OPEN_MS as u64, longest_open_ms: 60_000 },
        };
        let host = Host::new(parts, vec![bad_plugin::healthy()]).unwrap();
        Self { host, clock, folder: tempfile::tempdir().unwrap() }
    }

    /// With a library of that mark loaded.
    pub fn with(library: &str, mark: &str) -> Self {
        let stage = Self::new();
        stage.load(library, mark).unwrap();
        stage
    }

    pub fn advance(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// A copy of a library with that mark.
    pub fn file(&self, library: &str, mark: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{library}-{mark}"));
        let copy = marked(&std::fs::read(built(library)).unwrap(), mark).unwrap();
        std::fs::write(&path, copy).unwrap();
        path
    }

    pub fn load(&self, library: &str, mark: &str) -> Result<(), HostFault> {
        let path = self.file(library, mark);
        self.declare(library, path, None)
    }

    pub fn declare(&self, plugin: &str, path: PathBuf, sha256: Option<String>) -> Result<(), HostFault> {
        self.host.load_library(&LibraryDeclaration { plugin: plugin.parse().unwrap(), path, sha256 }).map(|_| ())
    }

    /// Opens an instance for an application; a call that has an end gets there.
    pub async fn open(
        &self,
        plugin: &str,
        application: &str,
        settings: Value,
    ) -> Result<Arc<RunningInstance>, HostFault> {
        self.open_with(plugin, application, settings, None).await
    }

    pub async fn open_with(
        &self,
        plugin: &str,
        application: &str,
        settings: Value,
        workers: Option<usize>,
    ) -> Result<Arc<RunningInstance>, HostFault> {
        let request =
            json!({"application": application, "base_url": null, "token_mode": "fixed", "settings": settings});
        let request: OpenRequest = serde_json::from_value(request).unwrap();
        let options =
            OpenOptions { limits: InstanceLimits::new(64, LONG_MS as u64), workers, ..OpenOptions::default() };
        self.host.open(key(plugin, application), request, options).await
    }

    /// One call on behalf of the connection `c`.
    pub async fn call(&self, running: &RunningInstance, request: Request) -> Result<Response, Fault> {
        running.call(self.context(LONG_MS), request, scope()).await
    }

    /// One call that has no end where the fault is a time-out.
    pub async fn fails(&self, running: &RunningInstance, request: Request, expected: FaultKind) -> Fault {
        let left_ms = if expected == FaultKind::TimedOut { SHORT_MS } else { LONG_MS };
        running.call(self.context(left_ms), request, scope()).await.unwrap_err()
    }

    /// The answer's text, or the fault.
    pub async fn book(&self, running: &RunningInstance, product: &str) -> Result<String, Fault> {
        self.call(running, book(product, "o1")).await.map(reason)
    }

    pub fn context(&self, left_ms: i64) -> CallContext {
        CallContext {
            deadline: self.clock.now().plus_millis(left_ms),
            idempotency_key: "key".to_owned(),
            trace: "trace".parse().unwrap(),
            attempt: 1,
            connection: None,
        }
    }

    pub fn status(&self, plugin: &str, application: &str) -> InstanceStatus {
        let key = key(plugin, application);
        let all = self.host.status().into_iter().flat_map(|plugin| plugin.instances);
        all.into_iter().find(|status| status.key == key).unwrap()
    }

    /// What the health page says of an instance: what, and since when.
    pub fn troubles(&self, plugin: &str, application: &str) -> Vec<(String, Timestamp)> {
        let troubles = self.status(plugin, application).troubles();
        troubles.into_iter().map(|trouble| (trouble.what.to_string(), trouble.since)).collect()
    }

    /// What was noticed of a plugin itself.
    pub fn reports(&self, plugin: &str) -> Vec<String> {
        let found = self.host.status().into_iter().find(|status| status.id.as_str() == plugin).unwrap();
        found.reports.into_iter().map(|report| report.text).collect()
    }
}

pub fn key(plugin: &str, application: &str) -> InstanceKey {
    InstanceKey::new(plugin.parse().unwrap(), application.parse().unwrap())
}

pub fn scope() -> CallScope {
    CallScope { connection: Some("c".parse().unwrap()), order: None }
}

fn order(product: &str, order: &str) -> Box<entrepot_contract::supplier::SupplierOrder> {
    let order = json!({
        "order": order, "product_code": product, "units": [{"number": 1}],
    });
    serde_json::from_value(order).unwrap()
}

pub fn book(product: &str, number: &str) -> Request {
    Request::Supplier(SupplierRequest::Book { order: order(product, number) })
}

pub fn inquire(product: &str) -> Request {
    Request::Supplier(SupplierRequest::Inquire { order: order(product, "o1"), memo: None })
}

/// The text that the bad plugin answers with where it answers.
pub fn reason(response: Response) -> String {
    let value = serde_json::to_value(response).unwrap();
    value["text"].as_str().unwrap_or_default().to_owned()
}

/// A library as it was built: in the folder that `cargo xtask libraries` fills, or where cargo puts this package's
/// examples, beside the folder of this test.
pub fn built(library: &str) -> PathBuf {
    let file = format!("{DLL_PREFIX}{}.{DLL_EXTENSION}", library.replace('-', "_"));
    let folder = std::env::var_os("ENTREPOT_LIBRARIES").map(PathBuf::from).unwrap_or_else(|| {
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).map(|profile| profile.join("examples")).unwrap()
    });
    let path = folder.join(file);
    assert!(path.is_file(), "{} is missing; run `cargo xtask libraries`", path.display());
    path
}

/// Waits until something is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// Whether files are there.
pub fn all_there(paths: &[&Path]) -> bool {
    paths.iter().all(|path| path.exists())
}
