//! `connections check`: what has to agree on both sides, line by line.

use clap::ValueEnum;
use entrepot_contract::ids::ConnectionId;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::source::Source;
use super::{print, reach};
use crate::client::segment;
use crate::config::Language;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// The connection
    connection: ConnectionId,
    /// The language of the lines; alerts.language without it
    #[arg(long, value_enum)]
    language: Option<Spoken>,
    /// Print JSON, in both languages
    #[arg(long)]
    json: bool,
}

/// A language for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Spoken {
    /// Chinese
    Zh,
    /// English
    En,
}

impl Spoken {
    fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    fn verdict(self, verdict: &Value) -> &'static str {
        match (verdict.as_str(), self) {
            (Some("ok"), Self::Zh) => "正常",
            (Some("ok"), Self::En) => "ok",
            (Some("wrong"), Self::Zh) => "不符",
            (Some("wrong"), Self::En) => "WRONG",
            (Some("by_hand"), Self::Zh) => "核对",
            (Some("by_hand"), Self::En) => "agree",
            (_, Self::Zh) => "未知",
            (_, Self::En) => "?",
        }
    }
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    reach::with_api(&args.source, async |client, config| {
        let report = client.get(&format!("/connections/{}/check", segment(args.connection.as_str()))).await?;
        let language = args.language.unwrap_or(match config.alerts.language {
            Language::Zh => Spoken::Zh,
            Language::En => Spoken::En,
        });
        if args.json {
            print::json(&report)?;
        } else {
            print::line(&told(&report, language))?;
        }
        Ok(if report["wrong"] == 0 { Exit::Done } else { Exit::Failed })
    })
    .await
}

/// The report as a person reads it.
fn told(report: &Value, language: Spoken) -> String {
    let name = language.name();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut parts = Vec::new();
    for section in list(&report["sections"]) {
        parts.push(print::cell(&section["title"][name]));
        let mut rows = Vec::new();
        for line in list(&section["lines"]) {
            let cells = [language.verdict(&line["verdict"]), line["about"].as_str().unwrap_or_default()];
            let [verdict, about] = cells.map(str::to_owned);
            rows.push([format!("  {verdict}"), about, print::cell(&line["text"][name])]);
            if let Some(advice) = line["advice"][name].as_str() {
                rows.push([String::new(), String::new(), format!("→ {advice}")]);
            }
        }
        parts.push(print::rows(&rows));
        parts.push(String::new());
    }
    let wrong = report["wrong"].as_u64().unwrap_or_default();
    parts.push(match language {
        Spoken::Zh => format!("不符：{wrong} 项"),
        Spoken::En => format!("wrong: {wrong}"),
    });
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_told_in_the_language_that_is_asked_for() {
        let said = |zh: &str, en: &str| json!({ "zh": zh, "en": en });
        let report = json!({ "wrong": 1, "sections": [{ "title": said("门店", "shops"), "lines": [
            { "verdict": "ok", "about": "71001", "text": said("东门", "east gate"), "advice": null },
            { "verdict": "wrong", "about": "7", "text": said("没有", "none"), "advice": said("更正", "correct it") },
        ] }] });
        assert_eq!(
            told(&report, Spoken::En),
            "shops\n  ok     71001  east gate\n  WRONG  7      none\n                → correct it\n\nwrong: 1"
        );
        assert!(told(&report, Spoken::Zh).starts_with("门店\n  正常  71001  东门"));
    }
}
