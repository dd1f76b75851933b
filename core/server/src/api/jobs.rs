//! Jobs: what must still reach the outside. A person tries one again, or gives it up.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::ids::{JobId, MerchantId};
use entrepot_domain::job::JobState;
use entrepot_engine::flows::administer::Asked;
use entrepot_store::admin::Page;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const QUERY: &[Parameter] = &[
        ("state", "only jobs in this state: ready, started, done, dead, abandoned"),
        ("after", "the last id of the page before"),
        ("limit", "rows of a page: 100, at most 500"),
    ];
    let act = |path, summary, route| Endpoint::act(Method::POST, path, summary, Need::Operate, None, route);
    vec![
        Endpoint::look("/merchants/{merchant}/jobs", "Jobs, the newest first", Need::See, QUERY, || get(list)),
        act("/merchants/{merchant}/jobs/{job}/retry", "Tries an open or dead job again now", || post(retry)),
        act("/merchants/{merchant}/jobs/{job}/abandon", "Gives an open or dead job up for good", || post(abandon)),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    state: Option<JobState>,
    after: Option<String>,
    #[serde(default)]
    limit: u32,
}

async fn list(
    State(shared): State<Shared>,
    Path(merchant): Path<String>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let state = query.state.map(|state| json!(state));
    let page = Page { after: query.after, limit: query.limit };
    let state = state.as_ref().and_then(Value::as_str);
    let jobs = shared.app.storage.list_jobs(&id::<MerchantId>(&merchant)?, state, &page).await?;
    Ok(Json(json!({ "jobs": jobs })))
}

async fn retry(
    shared: State<Shared>,
    Writer(asked, _): Writer,
    path: Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    decide(shared, asked, path, true).await
}

async fn abandon(
    shared: State<Shared>,
    Writer(asked, _): Writer,
    path: Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    decide(shared, asked, path, false).await
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Path((merchant, job)): Path<(String, String)>,
    retry: bool,
) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let job: JobId = id(&job)?;
    let known = shared.app.storage.job(&merchant, &job).await?;
    let known = known.ok_or_else(|| Problem::not_found(format!("merchant {merchant} has no job {job}")))?;
    match known.state {
        // What was given up stays so: a repeat is answered alike.
        JobState::Abandoned if !retry => return Ok(Json(json!({ "job": known }))),
        JobState::Done | JobState::Abandoned => {
            let text = format!("job {job} is {:?}; only open and dead jobs are decided", known.state);
            return Err(Problem::new(StatusCode::CONFLICT, "state_forbids", text));
        }
        JobState::Ready | JobState::Started | JobState::Dead => {}
    }
    shared.app.engine.decide_job(&merchant, job.clone(), retry).await?;
    let act = if retry { "tried a job again" } else { "gave up a job" };
    let detail = format!("{} for order {}", known.job.kind.name(), known.job.order);
    acts::log(&shared, &asked, Some(&merchant), act, job.as_str(), &detail).await?;
    let known = shared.app.storage.job(&merchant, &job).await?;
    Ok(Json(json!({ "job": known })))
}
