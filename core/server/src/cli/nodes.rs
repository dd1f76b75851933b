//! `nodes`: which configuration each node runs.

use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};

/// List the nodes of the deployment, and whether they run one configuration
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 1 when they run different configurations; reload those that lag behind.

Examples:
  entrepot nodes --config entrepot.toml
  entrepot nodes --config entrepot.toml --json")]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, _| {
        let answer = client.get("/nodes").await?;
        let agree = answer["agree"] == true;
        if args.json {
            print::json(&answer)?;
        } else {
            print::line(&print::table(["NODE", "CONFIGURATION", "SEEN", "FAILING"], &rows(&answer)?))?;
            print::line(if agree { "all of them run one configuration" } else { "they run different configurations" })?;
        }
        Ok(if agree { Exit::Done } else { Exit::Failed })
    })
    .await
}

fn rows(answer: &Value) -> Result<Vec<[String; 4]>, Failure> {
    let row = |node: &Value| {
        let fingerprint = node["fingerprint"].as_str().unwrap_or_default();
        let failing = node["failing"].as_array().into_iter().flatten().map(|one| print::cell(&one["subject"]));
        [
            print::cell(&node["id"]),
            fingerprint.get(..12).unwrap_or(fingerprint).to_owned(),
            format!("{} ms ago", print::cell(&node["seen_ms_ago"])),
            failing.collect::<Vec<_>>().join(", "),
        ]
    };
    Ok(reach::rows(answer, "nodes")?.iter().map(row).collect())
}
