//! One call across the plugin boundary: built in, in a library, in a process; bare, and through everything the host puts
//! around it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::{ApplicationId, ConnectionId, MerchantId, PluginId};
use entrepot_contract::message::{CallContext, ConnectionFacts, OpenRequest, Request, Response, TokenMode};
use entrepot_contract::order::{Guest, GuestField, Visit};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::product::DocumentKind;
use entrepot_contract::services::{LogLevel, ServiceRequest, ServiceResponse, Services};
use entrepot_contract::supplier::{Booking, SupplierOrder, SupplierRequest, SupplierResponse, SupplierUnit};
use entrepot_contract::time::{Clock, SystemClock, Timestamp};
use entrepot_host::breaker::BreakerRules;
use entrepot_host::transport::library;
use entrepot_host::{
    CallScope, Host, HostParts, HttpClient, InstanceKey, InstanceLimits, InterfaceEntry, InterfaceLog,
    LibraryDeclaration, MemoryCache, OpenOptions, ProcessDeclaration, ProcessRules, RunningInstance,
};
use serde::Serialize;
use serde_json::json;

use crate::clients::percentile_ms;
use crate::machine::Machine;
use crate::shop::id;
use crate::table::{number, report};
use crate::{Result, at_once};

/// What to run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How long each row is measured, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    way: &'static str,
    around: &'static str,
    in_flight: usize,
    calls_per_s: f64,
    p50_us: f64,
    p99_us: f64,
}

/// The bytes of the measured message.
const MESSAGE_BYTES: usize = 1_024;

/// The id that all three say of themselves.
const PLUGIN: &str = "bench-boundary";

/// Measures all of it.
pub async fn run(options: Options) -> Result<()> {
    let machine = Machine::look()?;
    let bytes = serde_json::to_vec(&request()?).map_err(|fault| fault.to_string())?.len();
    if !(MESSAGE_BYTES - 200..=MESSAGE_BYTES + 200).contains(&bytes) {
        return Err(format!("the message has {bytes} bytes, about {MESSAGE_BYTES} are wanted"));
    }
    let time = Duration::from_secs(options.seconds.max(1));
    let mut rows = Vec::new();
    for way in [Way::BuiltIn, Way::Library, Way::Process] {
        let seat = Seat::open(way).await?;
        for around in seat.around() {
            for in_flight in [1, 64] {
                rows.push(measure(&seat, around, in_flight, time).await?);
            }
        }
        seat.host.close_all().await;
    }
    let heads = ["way", "around it", "in flight", "calls/s", "p50 µs", "p99 µs"];
    report(options.json, &machine, &rows, &heads, |row| {
        vec![
            row.way.to_owned(),
            row.around.to_owned(),
            row.in_flight.to_string(),
            number(row.calls_per_s),
            number(row.p50_us),
            number(row.p99_us),
        ]
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    BuiltIn,
    Library,
    Process,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Library => "library",
            Self::Process => "process (Python)",
        }
    }
}

#[derive(Clone, Copy)]
enum Around {
    /// The plugin's instance, as its transport gives it.
    Bare,
    /// With capabilities, shares, deadline, breaker, metrics and the check of the answer.
    All,
}

/// Counts what it would write.
#[derive(Default)]
struct CountingLog(AtomicU64);

impl InterfaceLog for CountingLog {
    fn record(&self, _: InterfaceEntry) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// An opened instance, both ways.
struct Seat {
    way: Way,
    host: Host,
    running: Arc<RunningInstance>,
    bare: Option<Arc<dyn Instance>>,
}

impl Seat {
    async fn open(way: Way) -> Result<Self> {
        let text = |fault: &dyn std::fmt::Display| fault.to_string();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let parts = HostParts {
            clock: Arc::clone(&clock),
            cache: Arc::new(MemoryCache::new(Arc::clone(&clock))),
            interface_log: Arc::new(CountingLog::default()),
            client: HttpClient::new().map_err(|fault| text(&fault))?,
            breaker: BreakerRules::default(),
        };
        let built_in = if way == Way::BuiltIn { vec![at_once::plugin()] } else { Vec::new() };
        let host = Host::new(parts, built_in).map_err(|fault| text(&fault))?;
        let plugin: PluginId = id(PLUGIN)?;
        let mut bare = (way == Way::BuiltIn).then(at_once::plugin);
        if way == Way::Library {
            let path = built_library("bench", "bench-boundary")?;
            let declaration = LibraryDeclaration { plugin: plugin.clone(), path: path.clone(), sha256: None };
            host.load_library(&declaration).map_err(|fault| text(&fault))?;
            bare = Some(library::load(&path, None).map_err(|fault| text(&fault))? as Arc<dyn Plugin>);
        } else if way == Way::Process {
            let declaration = ProcessDeclaration {
                plugin: plugin.clone(),
                program: "python3".to_owned(),
                arguments: vec!["main.py".to_owned()],
                folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("at_once"),
                environment: Vec::new(),
            };
            host.load_process(&declaration, ProcessRules::default()).await.map_err(|fault| text(&fault))?;
        }
        let key = InstanceKey::new(plugin, id::<ApplicationId>("bench")?);
        let limits = InstanceLimits::new(256, 10_000);
        let options = OpenOptions { limits, ..OpenOptions::default() };
        let running = host.open(key, opening()?, options).await.map_err(|fault| text(&fault))?;
        let bare = match bare {
            Some(plugin) => Some(plugin.open(opening()?, Arc::new(Nothing)).await.map_err(|fault| text(&fault))?.0),
            None => None,
        };
        Ok(Self { way, host, running, bare })
    }

    fn around(&self) -> Vec<Around> {
        if self.bare.is_some() { vec![Around::Bare, Around::All] } else { vec![Around::All] }
    }

    async fn call(&self, around: Around, request: Request) -> std::result::Result<Response, Fault> {
        let context = context()?;
        match (around, &self.bare) {
            (Around::Bare, Some(bare)) => bare.call(context, request, Arc::new(Nothing)).await,
            _ => {
                let scope =
                    CallScope { connection: context.connection.as_ref().map(|facts| facts.id.clone()), order: None };
                self.running.call(context, request, scope).await
            }
        }
    }
}

/// The library of a package's example, built as this program was.
pub fn built_library(package: &str, example: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().map_err(|fault| fault.to_string())?;
    let folder = program.parent().ok_or("this program lies in no folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "-q", "-p", package, "--example", example, "--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    match built {
        Ok(status) if status.success() => {}
        other => return Err(format!("the library of the example {example} was not built: {other:?}")),
    }
    let name = example.replace('-', "_");
    let file = format!("{}{name}.{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_EXTENSION);
    Ok(folder.join("examples").join(file))
}

async fn measure(seat: &Seat, around: Around, in_flight: usize, time: Duration) -> Result<Row> {
    // What is loaded or allocated once is not part of it.
    one_after_another(seat, around, Instant::now() + time / 10).await?;
    let begun = Instant::now();
    let clients = (0..in_flight).map(|_| one_after_another(seat, around, begun + time));
    let mut took: Vec<u32> = Vec::new();
    for client in futures_util::future::try_join_all(clients).await? {
        took.extend(client);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    took.sort_unstable();
    Ok(Row {
        way: seat.way.name(),
        around: match around {
            Around::Bare => "bare",
            Around::All => "all of it",
        },
        in_flight,
        calls_per_s: took.len() as f64 / elapsed,
        p50_us: percentile_ms(&took, 0.5) * 1_000.0,
        p99_us: percentile_ms(&took, 0.99) * 1_000.0,
    })
}

async fn one_after_another(seat: &Seat, around: Around, until: Instant) -> Result<Vec<u32>> {
    let request = request()?;
    let mut took = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = seat.call(around, request.clone()).await.map_err(|fault| fault.to_string())?;
        took.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !matches!(answer, Response::Supplier(SupplierResponse::Booking(Booking::Issued { .. }))) {
            return Err(format!("it answered {answer:?}"));
        }
    }
    Ok(took)
}

/// A booking as a venue gets it: two guests with names and documents.
fn request() -> Result<Request> {
    let guest = |name: &str| Guest {
        name: Some(GuestField::Plain(name.to_owned())),
        phone: Some(GuestField::Plain("+86 199 0000 0000".to_owned())),
        document: Some(GuestField::Plain("110101199003070000".to_owned())),
        document_kind: Some(DocumentKind::IdentityCard),
    };
    let unit = |number, name: &str| SupplierUnit { number, guests: vec![guest(name)], gone: false };
    let day = "2026-10-01".parse().map_err(|fault| format!("{fault}"))?;
    let order = SupplierOrder {
        order: id("T01JABCDEFGHJKMNPQRSTVWXYZ0")?,
        reference: None,
        product_code: "lakeside-adult-day-ticket".to_owned(),
        units: vec![unit(1, "Guest One Example"), unit(2, "Guest Two Example"), unit(3, "Guest Three Example")],
        visit: Some(Visit { arrive: day, leave: day }),
        slot: Some("09:00-12:00".to_owned()),
        buyer: Some(guest("Buyer Example")),
        unit_cost: None,
    };
    Ok(Request::Supplier(SupplierRequest::Book { order: Box::new(order) }))
}

/// What comes with a call of nobody in particular.
pub fn context() -> std::result::Result<CallContext, Fault> {
    let invalid = |fault: entrepot_contract::ids::InvalidId| Fault::invalid(fault.to_string());
    Ok(CallContext {
        deadline: SystemClock.now().plus_millis(10_000),
        idempotency_key: "T01JABCDEFGHJKMNPQRSTVWXYZ0".to_owned(),
        trace: "J01JABCDEFGHJKMNPQRSTVWXYZ0-1".parse().map_err(invalid)?,
        attempt: 1,
        connection: Some(ConnectionFacts {
            id: "bench".parse::<ConnectionId>().map_err(invalid)?,
            merchant: "lakeside".parse::<MerchantId>().map_err(invalid)?,
            account: None,
            shops: Vec::new(),
            settings: json!({}),
        }),
    })
}

fn opening() -> Result<OpenRequest> {
    Ok(OpenRequest {
        application: id("bench")?,
        base_url: None,
        token_mode: TokenMode::default(),
        extra_headers: Vec::new(),
        settings: json!({}),
    })
}

/// Services for a plugin that asks for none.
struct Nothing;

#[async_trait]
impl Services for Nothing {
    async fn request(&self, _: ServiceRequest) -> std::result::Result<ServiceResponse, Fault> {
        Err(Fault::not_done(FaultKind::Unsupported, "nothing is offered here"))
    }

    fn log(&self, _: LogLevel, _: &str) {}

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}
