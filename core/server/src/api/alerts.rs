//! What a person should look at, and a person's word that it was looked at.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post};
use entrepot_contract::ids::MerchantId;
use entrepot_domain::alert::AlertKind;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Reader, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[("resolved", "true: those whose cause is gone, too, after those that stand")];
    vec![
        Endpoint::look("/alerts", "What a person should look at", Need::See, QUERY, || get(list)),
        Endpoint::act(
            Method::POST,
            "/alerts/resolve",
            "A person looked at an alert of the whole deployment",
            Need::Administer,
            Some(body_of::<Looked>),
            || post(of_deployment),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/alerts/resolve",
            "A person looked at an alert: what the engine cannot see to be mended stands until then",
            Need::Operate,
            Some(body_of::<Looked>),
            || post(of_merchant),
        ),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    resolved: bool,
}

async fn list(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    QueryOf(asked): QueryOf<Listed>,
) -> Result<Json<Value>, Problem> {
    let mut alerts = shared.app.storage.list_alerts(principal.merchant.as_ref(), !asked.resolved).await?;
    if let Some(own) = &principal.merchant {
        alerts.retain(|alert| alert.merchant == own.as_str());
    }
    Ok(Json(json!({ "alerts": alerts })))
}

/// Which alert.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Looked {
    /// Its kind, as the list shows it.
    kind: String,
    /// What it is about, as the list shows it.
    subject: String,
}

async fn of_deployment(
    State(shared): State<Shared>,
    writer: Writer,
    JsonBody(body): JsonBody<Looked>,
) -> Result<Json<Value>, Problem> {
    resolve(&shared, &writer, None, body).await
}

async fn of_merchant(
    State(shared): State<Shared>,
    writer: Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Looked>,
) -> Result<Json<Value>, Problem> {
    resolve(&shared, &writer, Some(id(&merchant)?), body).await
}

async fn resolve(
    shared: &Shared,
    Writer(asked, _): &Writer,
    merchant: Option<MerchantId>,
    body: Looked,
) -> Result<Json<Value>, Problem> {
    let kind = AlertKind::ALL.iter().copied().find(|kind| kind.name() == body.kind).ok_or_else(|| {
        let names: Vec<&str> = AlertKind::ALL.iter().map(|kind| kind.name()).collect();
        Problem::malformed(format!("kind: expected one of {}, found {:?}", names.join(", "), body.kind))
    })?;
    if !shared.app.storage.has_alert(merchant.as_ref(), kind, &body.subject).await? {
        return Err(Problem::not_found(format!("no alert {kind} about {} was ever raised here", body.subject)));
    }
    shared.app.engine.resolve_alert(merchant.clone(), kind, &body.subject).await?;
    acts::log(shared, asked, merchant.as_ref(), "looked at an alert", &body.subject, kind.name()).await?;
    Ok(Json(json!({ "kind": kind, "subject": body.subject, "resolved": true })))
}
