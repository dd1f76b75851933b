//! The configuration in force: read again on request, and compared between the nodes of a deployment.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_engine::records::Failing;
use serde_json::{Value, json};

use super::Endpoint;
use super::auth::Need;
use super::extract::{Reader, Writer};
use crate::http::Shared;
use crate::http::problem::Problem;
use crate::reload::{Refused, Reloaded};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::act(
            Method::POST,
            "/configuration/reload",
            "Reads this node's configuration again and puts it in force, or refuses it whole and says why",
            Need::Administer,
            None,
            || post(reload),
        ),
        Endpoint::look(
            "/nodes",
            "The nodes of the deployment: which configuration each runs, and what it sees failing",
            Need::See,
            &[],
            || get(nodes),
        ),
    ]
}

async fn reload(State(shared): State<Shared>, Writer(asked, _): Writer) -> Result<Json<Reloaded>, Problem> {
    let note = format!(" (key {})", asked.key);
    match shared.app.reload(&asked.by, &note).await {
        Ok(reloaded) => Ok(Json(reloaded)),
        Err(Refused::Faulty(faults)) => {
            let first = faults.first().cloned().unwrap_or_default();
            let text = match faults.len() {
                0 | 1 => format!("{first}; the configuration before keeps running"),
                count => format!("{count} faults, the first: {first}; the configuration before keeps running"),
            };
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "configuration_refused", text);
            Err(problem.with_faults(faults))
        }
        Err(Refused::Busy(text)) => {
            let text = format!("{text}; the configuration before keeps running");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text))
        }
    }
}

async fn nodes(State(shared): State<Shared>, Reader(principal): Reader) -> Result<Json<Value>, Problem> {
    let engine = &shared.app.engine;
    let all = engine.nodes().await?;
    let fingerprints: BTreeSet<&str> = all.iter().map(|seen| seen.node.fingerprint.as_str()).collect();
    let sees = |one: &&Failing| principal.merchant.is_none() || principal.merchant == one.merchant;
    let nodes = all.iter().map(|seen| {
        json!({
            "id": seen.node.id,
            "this": seen.node.id == *engine.node(),
            "fingerprint": seen.node.fingerprint,
            "seen_ms_ago": seen.ago_ms,
            "failing": seen.node.failing.iter().filter(sees).collect::<Vec<_>>(),
        })
    });
    Ok(Json(json!({ "agree": fingerprints.len() <= 1, "nodes": nodes.collect::<Vec<_>>() })))
}
