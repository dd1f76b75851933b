//! What a person asks of a supplier and waits for: a guest's tickets shown again, the goods it sells.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use entrepot_contract::fault::{Effect, FaultKind};
use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId, TraceId};
use entrepot_contract::supplier::{ResendWay, Resent};
use entrepot_engine::flows::ask_supplier::Unanswered;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Reader, Writer, id};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/orders/{order}/resend",
            "Asks the supplier to show the guest his tickets again; a lost answer is told, nothing is repeated",
            Need::Operate,
            Some(body_of::<Resend>),
            || post(resend),
        ),
        Endpoint::look(
            "/connections/{connection}/goods",
            "What a supplier sells, page by page, as it tells it now",
            Need::See,
            &[("page", "the next page's name, from the page before")],
            || get(goods),
        ),
    ]
}

/// How tickets are shown again.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// The supplier sends its own message to the order's contact.
    Message,
    /// As credentials in the answer; needs the right to see guests' data.
    Credentials,
}

/// Shows tickets again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Resend {
    /// How.
    how: Way,
}

async fn resend(
    State(shared): State<Shared>,
    Writer(asked, principal): Writer,
    Path((merchant, order)): Path<(String, String)>,
    JsonBody(body): JsonBody<Resend>,
) -> Result<Json<Value>, Problem> {
    let (merchant, order): (MerchantId, OrderId) = (id(&merchant)?, id(&order)?);
    let (how, act) = match body.how {
        Way::Message => (ResendWay::Message, "had tickets sent again"),
        Way::Credentials => (ResendWay::Credentials, "saw credentials"),
    };
    if how == ResendWay::Credentials && !principal.may(Need::SeeGuests, Some(merchant.as_str())) {
        let text = "credentials are shown to those who may see guests' data; ask for a message instead";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", text));
    }
    // The line is written first: nobody sees a credential without it.
    acts::log(&shared, &asked, Some(&merchant), act, order.as_str(), "asked the supplier").await?;
    let resent = shared.app.engine.resend(&asked, trace(&shared), &merchant, &order, how).await?;
    match resent {
        Resent::Sent => Ok(Json(json!({ "order": order, "resent": "sent" }))),
        Resent::Credentials { units } => Ok(Json(json!({ "order": order, "resent": "credentials", "units": units }))),
        Resent::Refused(refusal) => Err(refusal.into()),
        Resent::Unknown => Err(Problem::new(StatusCode::BAD_GATEWAY, "unknown", "the supplier said what nobody knows")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    page: Option<String>,
}

async fn goods(
    State(shared): State<Shared>,
    Reader(principal): Reader,
    Path(connection): Path<String>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let connection: ConnectionId = id(&connection)?;
    let directory = shared.app.engine.directory();
    let sees = |merchant| principal.merchant.as_ref().is_none_or(|own| own == merchant);
    if !directory.connections.get(&connection).is_some_and(|known| sees(&known.merchant)) {
        return Err(Problem::not_found(format!("there is no supplier connection {connection}")));
    }
    let page = shared.app.engine.goods(trace(&shared), &connection, query.page).await?;
    Ok(Json(json!({ "goods": page.goods, "next": page.next })))
}

fn trace(shared: &Shared) -> TraceId {
    TraceId::parse(format!("ask-{}", shared.app.seeds.next(shared.app.clock.now()).order()))
        .expect("a seed is capital letters and digits")
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotFound(text) => Self::not_found(text),
            Unanswered::Refused(text) => Self::new(StatusCode::CONFLICT, "state_forbids", text),
            Unanswered::Storage(fault) => fault.into(),
            Unanswered::Failed(fault) if fault.kind == FaultKind::Unsupported => {
                Self::new(StatusCode::CONFLICT, "unsupported", format!("the supplier's plugin cannot do that: {fault}"))
            }
            Unanswered::Failed(fault) if fault.effect == Effect::NotDone => {
                Self::new(StatusCode::BAD_GATEWAY, "not_done", format!("nothing was done: {fault}"))
            }
            Unanswered::Failed(fault) => {
                let text = format!("whether it was done is not known, look there before asking again: {fault}");
                Self::new(StatusCode::BAD_GATEWAY, "unknown", text)
            }
        }
    }
}
