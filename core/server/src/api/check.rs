//! A connection looked through: what agrees on both sides, what does not, what a person has to agree.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use entrepot_contract::ids::ConnectionId;

use super::Endpoint;
use super::auth::Need;
use super::extract::{Reader, id};
use crate::checkup::{self, Report};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::look(
        "/connections/{connection}/check",
        "Looks through what must agree on both sides of a connection; the partner is asked, nothing changes there",
        Need::See,
        &[],
        || get(check),
    )]
}

async fn check(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path(connection): Path<String>,
) -> Result<Json<Report>, Problem> {
    let connection: ConnectionId = id(&connection)?;
    let directory = shared.app.engine.directory();
    let sees = |merchant| principal.merchant.as_ref().is_none_or(|own| own == merchant);
    let known = directory.connections.get(&connection).filter(|known| sees(&known.merchant));
    let known = known.ok_or_else(|| Problem::not_found(format!("no connection {connection} is configured")))?;
    Ok(Json(checkup::of(&shared.app, known).await?))
}
