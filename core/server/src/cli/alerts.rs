//! `alerts`: what a person should look at.

use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};

/// List what a person should look at
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is urgent stands first. docs/operations.md says what to do about each kind.

Examples:
  entrepot alerts --config entrepot.toml
  entrepot alerts --config entrepot.toml --all --json")]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// Those whose cause is gone, too
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let answer = client.get(if args.all { "/alerts?resolved=true" } else { "/alerts" }).await?;
        if args.json {
            print::json(&answer)?;
            return Ok(Exit::Done);
        }
        let title = match config.alerts.language {
            crate::config::Language::Zh => "title_zh",
            crate::config::Language::En => "title_en",
        };
        let mut alerts: Vec<&Value> = reach::rows(&answer, "alerts")?.iter().collect();
        alerts.sort_by_key(|alert| (!alert["resolved_at"].is_null(), rank(&alert["level"])));
        let rows: Vec<[String; 8]> = alerts
            .iter()
            .map(|alert| {
                let names = ["level", title, "merchant", "subject", "text", "times", "last_at", "resolved_at"];
                names.map(|name| print::cell(&alert[name]))
            })
            .collect();
        let headings = ["LEVEL", "WHAT", "MERCHANT", "SUBJECT", "TEXT", "TIMES", "LAST", "RESOLVED"];
        print::line(&print::table(headings, &rows))?;
        Ok(Exit::Done)
    })
    .await
}

fn rank(level: &Value) -> u8 {
    match level.as_str() {
        Some("urgent") => 0,
        Some("warning") => 1,
        _ => 2,
    }
}
