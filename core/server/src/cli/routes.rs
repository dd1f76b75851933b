//! `routes`: the URLs that partners call.

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{plugins, print};
use crate::routing::checked_directory;

const AFTER: &str = "\
One row for each application, scene and plugin. ACTION is the partner's own name of the call, to find it in the
partner's console, where each URL is registered. Needs no database.

Examples:
  entrepot routes --config entrepot.toml
  entrepot routes --config entrepot.toml --json";

/// List the URLs that partners call
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Print JSON: application, plugin, scene, action, method, path
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<Exit, Failure> {
    let loaded = args.source.load()?;
    let host = plugins::host(&loaded.config)?;
    let there = crate::plugins::load_all(&host, &loaded.config).await.map_err(Failure::failed);
    let routes = there.and_then(|()| Ok(checked_directory(&loaded, &host)?.routes()));
    // Processes of plugins were started to read their cards.
    host.close_all().await;
    let routes = routes?;
    if args.json {
        print::json(&routes)?;
        return Ok(Exit::Done);
    }
    if routes.is_empty() {
        print::note("no channel connection is configured, so there is no route");
        return Ok(Exit::Done);
    }
    let rows: Vec<[String; 6]> = routes
        .into_iter()
        .map(|route| {
            let names = [route.application.to_string(), route.plugin.to_string(), route.scene.to_string()];
            let [application, plugin, scene] = names;
            [application, plugin, scene, route.action, route.method, route.path]
        })
        .collect();
    print::line(&print::table(["APPLICATION", "PLUGIN", "SCENE", "ACTION", "METHOD", "PATH"], &rows))?;
    Ok(Exit::Done)
}
