//! The whole journey on one machine: simulated partners, a database of its own, real HTTP between all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use entrepot_builtin::demo::{Running, Stage, StepLog, StepReport};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::boot::{self, App, Schema};
use crate::config::{self, Loaded};
use crate::http::{Shared, inbound::Strangers, serve};
use crate::{plugins, telemetry};

/// The configuration that the demo starts from.
const DEMO_TOML: &str = include_str!("../../../config/demo.toml");

/// What the demo was asked to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// End after the journeys.
    pub exit: bool,
    /// Print one JSON document instead of a story.
    pub json: bool,
    /// A database to use; an SQLite file in a temporary folder otherwise.
    pub database: Option<String>,
    /// Load the plugins as libraries from this folder.
    pub libraries: Option<PathBuf>,
    /// Where to listen; a free port on loopback otherwise.
    pub listen: Option<String>,
}

/// What the demo says in JSON. Stable for scripts.
#[derive(Debug, Serialize)]
pub struct Report {
    /// One entry for each journey.
    pub journeys: Vec<JourneyReport>,
    /// One entry for each invariant, over all merchants.
    pub invariants: Vec<InvariantReport>,
}

/// How one journey went.
#[derive(Debug, Serialize)]
pub struct JourneyReport {
    /// Its name.
    pub name: String,
    /// Whether all steps passed.
    pub passed: bool,
    /// The steps.
    pub steps: Vec<StepReport>,
}

/// Whether one invariant holds.
#[derive(Debug, Serialize)]
pub struct InvariantReport {
    /// Its name.
    pub name: String,
    /// Whether it holds for every merchant.
    pub held: bool,
}

impl Report {
    /// Whether everything was as it should be, and there was something at all.
    #[must_use]
    pub fn passed(&self) -> bool {
        let journeys = !self.journeys.is_empty() && self.journeys.iter().all(|journey| journey.passed);
        journeys && !self.invariants.is_empty() && self.invariants.iter().all(|invariant| invariant.held)
    }
}

/// Plays the demo. True when every journey passed and every invariant holds.
pub async fn run(options: Options) -> Result<bool, String> {
    let folder = tempfile::Builder::new().prefix("entrepot-demo-").tempdir().map_err(|fault| fault.to_string())?;
    let say = Voice { silent: options.json };
    say.line("Entrepot demo: simulated partners, real HTTP between all of them.");
    let mut running = Vec::new();
    for simulator in entrepot_builtin::simulators() {
        let one = simulator.start().await?;
        say.line(&format!("  simulated {:<12} {}", one.name, one.url));
        running.push(one);
    }
    let loaded = configuration(&options, folder.path(), &running)?;
    telemetry::start_logs(&loaded.config.telemetry)?;
    let metrics = telemetry::start_metrics()?;
    let listen: SocketAddr = loaded.config.http.listen;
    let app = boot::start(loaded, Schema::Migrate).await?;
    let listener = TcpListener::bind(listen).await.map_err(|fault| format!("{listen}: {fault}"))?;
    let address = listener.local_addr().map_err(|fault| fault.to_string())?;
    let token: Arc<str> = format!("demo-{}", app.seeds.next(app.clock.now()).voucher_number(1)).into();
    let strangers = Arc::new(Strangers::default());
    app.announce();
    let shared = Shared { app: app.clone(), metrics, local_token: token.clone(), strangers };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let grace = std::time::Duration::from_secs(5);
    let server = tokio::spawn(serve(
        listener,
        shared,
        async move {
            let _ = stopped.await;
        },
        grace,
    ));
    let url = format!("http://{address}");
    say.line(&format!("  entrepot               {url}  ({} in {})", app.storage.kind(), folder.path().display()));
    let stage = Stage {
        entrepot_url: url.clone(),
        admin_token: token.to_string(),
        simulators: running.iter().map(|one| (one.name, Arc::clone(&one.handle))).collect::<BTreeMap<_, _>>(),
    };
    let report = play(&stage, &app, &say).await?;
    let passed = report.passed();
    if options.json {
        print(&serde_json::to_string_pretty(&report).map_err(|fault| fault.to_string())?);
    } else {
        tell(&say, &report);
    }
    if !options.exit {
        stay(&say, &url, &token).await;
    }
    let _ = stop.send(());
    let _ = server.await;
    app.stop().await;
    Ok(passed)
}

/// The demo's own configuration: published keys, a database and ports of its own, the simulators' addresses.
fn configuration(options: &Options, folder: &std::path::Path, running: &[Running]) -> Result<Loaded, String> {
    let file = folder.join("demo.toml");
    std::fs::write(&file, DEMO_TOML).map_err(|fault| format!("{}: {fault}", file.display()))?;
    let database = match &options.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.join("entrepot.db").display()),
    };
    let listen = options.listen.clone().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let mut overrides = json!({
        "database": { "url": database },
        "http": { "listen": listen },
        "telemetry": { "filter": "error" },
        "jobs": { "poll_ms": 100 },
    });
    for one in running {
        merge(&mut overrides, one.overlay.clone());
    }
    if let Some(libraries) = &options.libraries {
        merge(&mut overrides, plugins::libraries_overlay(libraries));
    }
    let known = |id: &str| plugins::known_built_in(id);
    config::load_checked(&[file], &overrides, &known).map_err(|faults| faults.to_string())
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

async fn play(stage: &Stage, app: &App, say: &Voice) -> Result<Report, String> {
    let mut journeys = Vec::new();
    for journey in entrepot_builtin::journeys() {
        say.line(&format!("\n{}", journey.name()));
        let voice = *say;
        let mut steps = StepLog::new(move |step| voice.step(step));
        if let Err(why) = journey.play(stage, &mut steps).await {
            let known = steps.steps().last().is_some_and(|step| !step.passed);
            if !known {
                steps.push(StepReport { name: "the journey ends".to_owned(), passed: false, ms: 0, detail: why });
            }
        }
        journeys.push(JourneyReport {
            name: journey.name().to_owned(),
            passed: steps.passed(),
            steps: steps.steps().to_vec(),
        });
    }
    let mut held: BTreeMap<&'static str, bool> = BTreeMap::new();
    let mut order = Vec::new();
    for merchant in app.running().config.merchants.keys() {
        let snapshot = app.engine.storage().snapshot(merchant).await.map_err(|fault| fault.to_string())?;
        for finding in entrepot_domain::invariants::check(&snapshot) {
            if !order.contains(&finding.name) {
                order.push(finding.name);
            }
            for line in &finding.broken {
                say.line(&format!("  broken at {merchant}: {}: {line}", finding.name));
            }
            *held.entry(finding.name).or_insert(true) &= finding.broken.is_empty();
        }
    }
    let invariants = order
        .into_iter()
        .map(|name| InvariantReport { name: name.to_owned(), held: held.get(name).copied().unwrap_or(false) });
    Ok(Report { journeys, invariants: invariants.collect() })
}

fn tell(say: &Voice, report: &Report) {
    say.line("\nInvariants, over all merchants");
    for invariant in &report.invariants {
        say.line(&format!("  {}  {}", if invariant.held { "held  " } else { "BROKEN" }, invariant.name));
    }
    let passed = report.journeys.iter().filter(|journey| journey.passed).count();
    say.line(&format!("\n{passed} of {} journeys passed", report.journeys.len()));
}

async fn stay(say: &Voice, url: &str, token: &str) {
    say.line("\nStill running; end with Ctrl-C. Look at:");
    for path in ["/readyz", "/metrics", "/api/v1/openapi.json"] {
        say.line(&format!("  {url}{path}"));
    }
    say.line("  with the token of this run:");
    for path in ["merchants/lakeside/orders", "merchants/lakeside/distributors", "merchants/lakeside/pools", "alerts"] {
        say.line(&format!("  curl -H 'Authorization: Bearer {token}' {url}/api/v1/{path}"));
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Where the story is told.
#[derive(Debug, Clone, Copy)]
struct Voice {
    silent: bool,
}

impl Voice {
    fn line(self, text: &str) {
        if !self.silent {
            print(text);
        }
    }

    fn step(self, step: &StepReport) {
        let mark = if step.passed { "ok  " } else { "FAIL" };
        self.line(&format!("  {mark} {:>5} ms  {}", step.ms, step.name));
        self.line(&format!("                 {}", step.detail));
    }
}

#[allow(clippy::print_stdout)] // the demo's story is what the command prints
fn print(text: &str) {
    println!("{text}");
}
