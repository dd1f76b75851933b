//! `reload`: a running server reads its configuration again.

use axum::http::Method;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::print;
use super::serve::reachable;
use super::source::Source;
use crate::client::{Client, new_key};
use crate::config::Config;

/// The environment variable that holds a token, for a server that left none beside its database.
const TOKEN: &str = "ENTREPOT_TOKEN";

const AFTER: &str = "\
The files are read and checked here first, and then by the server, with its own command line and environment. What
changed is opened, swapped and drained while calls go on. A faulty configuration, the removal of a connection with open
orders, and what needs a restart (database, addresses, keys of guests' data …) are refused whole: exit code 1 or 2, and
the configuration before keeps running. SIGHUP does the same; then the log says what came of it.

On SQLite the server is found beside its database. On PostgreSQL say where it is, one node after another; the token of
an administrator comes from the environment variable ENTREPOT_TOKEN.

Examples:
  entrepot reload --config entrepot.toml
  ENTREPOT_TOKEN=$(cat ops.token) entrepot reload --config entrepot.toml --url http://10.0.0.7:8080";

/// Let a running server read its configuration again, without a restart
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The server's address, when it is not found beside its database; `http.listen` without it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print JSON: added, removed, opened, closing, fingerprint
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let config = args.source.load()?.config;
    let client = find(&config, args.url.as_deref()).await?;
    let answer = client.request(Method::POST, "/configuration/reload", Some(&new_key()?), None).await?;
    if args.json {
        print::json(&answer)?;
        return Ok(Exit::Done);
    }
    let list = |name: &str| {
        let names = answer[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<&str> = names.collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    print::line("the configuration is in force")?;
    for (what, name) in [
        ("connections added", "added"),
        ("connections removed", "removed"),
        ("instances opened", "opened"),
        ("instances closing", "closing"),
    ] {
        print::line(&format!("  {what}: {}", list(name)))?;
    }
    Ok(Exit::Done)
}

async fn find(config: &Config, url: Option<&str>) -> Result<Client, Failure> {
    if url.is_none()
        && let Some(client) = Client::of_server(config, &print::note).await?
    {
        return Ok(client);
    }
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let url = match url {
        Some(url) => url.to_owned(),
        None if config.http.listen.port() != 0 => format!("http://{}", reachable(config.http.listen)),
        None => return Err(Failure::usage("say with --url where the server is: http.listen leaves its port open")),
    };
    let Some(token) = token else {
        return Err(Failure::unreachable(format!(
            "no server runs on {} on this machine; for one elsewhere set {TOKEN} to an administrator's token (asked: {url})",
            config.database.url.redacted()
        )));
    };
    Ok(Client::at(&url, &token).await?)
}
