//! `serve`: runs until it is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{database, print};
use crate::boot::{self, App, Schema};
use crate::client::beside::{self, Note, Place, Taken};
use crate::config::Loaded;
use crate::http::{self, Shared, inbound::Strangers};
use crate::telemetry;

const AFTER: &str = "\
Prints `listening on http://ADDRESS` to standard error once it is ready; SIGTERM or SIGINT stop it: what is in flight
may end within http.shutdown_ms, a second signal does not wait. SIGHUP reads the configuration again, as
`entrepot reload` does.

The database's schema has to be up to date (`entrepot migrate`). Only a SQLite file that does not exist yet is made and
migrated on the way. While it runs on SQLite, FILE.server lies beside the database with its address and a token for the
commands on this machine, readable by this user only; a second server on the same file is refused.

Examples:
  entrepot serve --config entrepot.toml
  entrepot serve --config base.toml --config secrets.yaml --listen 127.0.0.1:8443";

/// Run: take partners' calls, serve the admin API, do what is due
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Address and port to listen on instead of the configuration's `http.listen`; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let values = json!({ "http": { "listen": args.listen.map(|address| address.to_string()) } });
    let loaded = args.source.load_with(values.as_object().cloned().unwrap_or_default())?;
    let config = &loaded.config;
    telemetry::start_logs(&config.telemetry).map_err(Failure::usage)?;
    let metrics = telemetry::start_metrics().map_err(Failure::failed)?;
    let mut signals = Signals::start()?;
    // From here on it ends nobody: one that comes during the start is acted on after it.
    let hangup = listen(SignalKind::hangup())?;
    let mut place = beside::path_of(config).map(|path| take(&path)).transpose()?;
    let wanted = config.http.listen;
    let listener = TcpListener::bind(wanted)
        .await
        .map_err(|fault| Failure::failed(format!("cannot listen on {wanted}: {fault}")))?;
    let address = listener.local_addr().map_err(|fault| Failure::failed(fault.to_string()))?;
    let app = tokio::select! {
        app = start(loaded, &args.source) => app?,
        () = signals.stop() => return Ok(Exit::Done),
    };
    let token = beside::new_token().map_err(Failure::failed)?;
    if let Some(place) = &mut place {
        let note =
            Note { url: format!("http://{}", reachable(address)), token: token.clone(), pid: std::process::id() };
        place.publish(&note).map_err(|fault| Failure::failed(format!("beside the database: {fault}")))?;
    }
    let shared =
        Shared { app: app.clone(), metrics, local_token: token.into(), strangers: Arc::new(Strangers::default()) };
    app.announce();
    print::note(&format!("listening on http://{address}"));
    let reloads = tokio::spawn(reload_when_told(hangup, app.clone()));
    let result = serve(listener, shared, signals).await;
    reloads.abort();
    app.stop().await;
    // Only now: until here no command may begin on the file by itself.
    drop(place);
    tracing::info!("stopped");
    result.map(|()| Exit::Done)
}

async fn serve(listener: TcpListener, shared: Shared, mut signals: Signals) -> Result<(), Failure> {
    let grace = Duration::from_millis(shared.app.running().config.http.shutdown_ms);
    let stop = async move {
        signals.stop().await;
        tracing::info!(grace_ms = millis(grace), "stopping: calls in flight may end");
        tokio::spawn(async move {
            signals.stop().await;
            print::note("a second signal: not waiting any longer");
            // Like a kill: the next start goes on from the database.
            std::process::exit(1);
        });
    };
    http::serve(listener, shared, stop, grace).await.map_err(|fault| Failure::failed(format!("the server: {fault}")))
}

fn millis(grace: Duration) -> u64 {
    u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)
}

/// Everything but the HTTP server.
async fn start(loaded: Loaded, source: &Source) -> Result<App, Failure> {
    if database::is_new_file(&loaded.config) {
        return boot::start(loaded, Schema::Migrate).await.map_err(Failure::failed);
    }
    database::ready(&loaded.config, &source.flags()).await?;
    boot::start(loaded, Schema::Expect).await.map_err(Failure::failed)
}

fn take(path: &Path) -> Result<Place, Failure> {
    Place::take(path).map_err(|taken| match taken {
        Taken::By(Some(note)) => Failure::failed(format!(
            "a server with process id {} runs on this database already, at {}; stop it first",
            note.pid, note.url
        )),
        Taken::By(None) => Failure::failed(format!("a server holds {} already; stop it first", path.display())),
        Taken::Fault(fault) if fault.kind() == ErrorKind::NotFound => {
            Failure::unreachable(format!("the folder of {} is not there; make it first", path.display()))
        }
        Taken::Fault(fault) => Failure::unreachable(format!("{}: {fault}", path.display())),
    })
}

/// The address at which this machine's commands reach a listener on all addresses.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

/// What stops a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|fault| Failure::failed(format!("signals: {fault}")))
}

/// SIGHUP reads the configuration again. What came of it is in the log.
async fn reload_when_told(mut hangup: Signal, app: App) {
    while hangup.recv().await.is_some() {
        let _ = app.reload("SIGHUP", "").await;
    }
}

impl Signals {
    fn start() -> Result<Self, Failure> {
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_reached_on_loopback() {
        let of = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(of("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(of("[::]:80"), "[::1]:80");
        assert_eq!(of("10.0.0.7:80"), "10.0.0.7:80");
    }
}
