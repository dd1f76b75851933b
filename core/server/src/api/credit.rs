//! Distributors' credit: accounts, statements, top-ups, corrections, transfers, limits.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::{get, post, put};
use entrepot_contract::ids::{DistributorId, MerchantId};
use entrepot_contract::money::{Currency, Money};
use entrepot_domain::answer::Answer;
use entrepot_domain::command::Body;
use entrepot_domain::credit::Account;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acts::{AMOUNT_LIMIT_MINOR, amount_fault, faultless, text_fault};
use super::auth::Need;
use super::extract::{JsonBody, QueryOf, Writer, id};
use super::{Endpoint, Parameter, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

pub(super) fn endpoints() -> Vec<Endpoint> {
    const LINES: &[Parameter] = &[("after", "lines after this number"), ("limit", "lines of a page: 100, at most 500")];
    let (see, operate) = (Need::See, Need::Operate);
    vec![
        Endpoint::look("/merchants/{merchant}/distributors", "Distributors with their accounts", see, &[], || {
            get(list)
        }),
        Endpoint::look(
            "/merchants/{merchant}/distributors/{distributor}/statement",
            "Every change of an account, the oldest first, each with the balance after it",
            see,
            LINES,
            || get(statement),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/distributors/{distributor}/top-ups",
            "Money came in",
            operate,
            Some(body_of::<TopUp>),
            || post(top_up),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/distributors/{distributor}/adjustments",
            "Corrects a balance; negative in the merchant's favour",
            operate,
            Some(body_of::<Adjustment>),
            || post(adjust),
        ),
        Endpoint::act(
            Method::PUT,
            "/merchants/{merchant}/distributors/{distributor}/limit",
            "How far the balance may fall below zero",
            operate,
            Some(body_of::<Limit>),
            || put(limit),
        ),
        Endpoint::act(
            Method::POST,
            "/merchants/{merchant}/transfers",
            "Moves money from one distributor's account to another's; the giver's numbers are answered",
            operate,
            Some(body_of::<Transfer>),
            || post(transfer),
        ),
    ]
}

/// Money came in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TopUp {
    /// Minor units, positive.
    #[schemars(range(min = 1, max = AMOUNT_LIMIT_MINOR))]
    amount_minor: i64,
    /// The account's currency when left out.
    currency: Option<Currency>,
    /// For the statement.
    note: Option<String>,
}

/// A correction.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Adjustment {
    /// Minor units; negative in the merchant's favour.
    amount_minor: i64,
    /// The account's currency when left out.
    currency: Option<Currency>,
    /// Why, for the statement.
    note: String,
}

/// A limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limit {
    /// Minor units, from zero up.
    #[schemars(range(min = 0, max = AMOUNT_LIMIT_MINOR))]
    limit_minor: i64,
    /// The account's currency when left out.
    currency: Option<Currency>,
}

/// Money of one distributor becomes another's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Transfer {
    /// Who gives.
    #[schemars(with = "String")]
    from: DistributorId,
    /// Who receives.
    #[schemars(with = "String")]
    to: DistributorId,
    /// Minor units, positive.
    #[schemars(range(min = 1, max = AMOUNT_LIMIT_MINOR))]
    amount_minor: i64,
    /// The giver's currency when left out.
    currency: Option<Currency>,
    /// For both statements.
    note: Option<String>,
}

fn numbers(account: &Account) -> Value {
    json!({
        "currency": account.currency,
        "limit_minor": account.limit_minor,
        "balance_minor": account.balance_minor,
        "held_minor": account.held_minor,
        "available_minor": account.available_minor(),
    })
}

async fn list(State(shared): State<Shared>, Path(merchant): Path<String>) -> Result<Json<Value>, Problem> {
    let merchant: MerchantId = id(&merchant)?;
    let catalogue = acts::catalogue(&shared, &merchant).await?;
    let accounts = shared.app.storage.list_accounts(&merchant).await?;
    let distributors: Vec<Value> = catalogue
        .distributors
        .values()
        .map(|distributor| {
            let account = accounts.iter().find(|account| account.distributor == distributor.id);
            json!({
                "id": distributor.id,
                "name": distributor.name,
                "prices": distributor.prices,
                "warn_below_minor": distributor.warn_below_minor,
                "account": account.map(numbers),
            })
        })
        .collect();
    Ok(Json(json!({ "distributors": distributors })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    #[serde(default)]
    after: i64,
    #[serde(default)]
    limit: u32,
}

/// The account that a path names.
async fn account(
    shared: &Shared,
    merchant: &str,
    distributor: &str,
) -> Result<(MerchantId, DistributorId, Account), Problem> {
    let merchant: MerchantId = id(merchant)?;
    let distributor: DistributorId = id(distributor)?;
    let found = shared.app.engine.storage().account(&merchant, &distributor).await?;
    let missing = || Problem::not_found(format!("merchant {merchant} has no distributor {distributor}"));
    let account = found.ok_or_else(missing)?;
    Ok((merchant, distributor, account))
}

async fn statement(
    State(shared): State<Shared>,
    Path((merchant, distributor)): Path<(String, String)>,
    QueryOf(lines): QueryOf<Lines>,
) -> Result<Json<Value>, Problem> {
    let (merchant, distributor, account) = account(&shared, &merchant, &distributor).await?;
    let lines = shared.app.storage.statement(&merchant, &distributor, lines.after, lines.limit).await?;
    Ok(Json(json!({ "distributor": distributor, "account": numbers(&account), "lines": lines })))
}

/// Gives a command about an account and writes it into the audit log.
async fn post_to(
    shared: &Shared,
    Writer(asked, _): &Writer,
    merchant: &MerchantId,
    distributor: &DistributorId,
    body: Body,
    did: (&str, String),
) -> Result<Json<Value>, Problem> {
    let answer = shared.app.engine.administer(asked, merchant, body).await?;
    match acts::settled(answer)? {
        Answer::Posted { balance_minor, available_minor } => {
            acts::log(shared, asked, Some(merchant), did.0, distributor.as_str(), &did.1).await?;
            Ok(Json(json!({
                "distributor": distributor,
                "balance_minor": balance_minor,
                "available_minor": available_minor,
            })))
        }
        other => Err(acts::odd(&other)),
    }
}

async fn top_up(
    State(shared): State<Shared>,
    writer: Writer,
    Path((merchant, distributor)): Path<(String, String)>,
    JsonBody(body): JsonBody<TopUp>,
) -> Result<Json<Value>, Problem> {
    let (merchant, distributor, account) = account(&shared, &merchant, &distributor).await?;
    faultless([
        amount_fault("amount_minor", body.amount_minor),
        body.note.as_deref().and_then(|note| text_fault("note", note)),
    ])?;
    let amount = Money::new(body.amount_minor, body.currency.unwrap_or(account.currency));
    let command = Body::TopUp { distributor: distributor.clone(), amount, note: body.note };
    post_to(&shared, &writer, &merchant, &distributor, command, ("topped up", amount.to_string())).await
}

async fn adjust(
    State(shared): State<Shared>,
    writer: Writer,
    Path((merchant, distributor)): Path<(String, String)>,
    JsonBody(body): JsonBody<Adjustment>,
) -> Result<Json<Value>, Problem> {
    let (merchant, distributor, account) = account(&shared, &merchant, &distributor).await?;
    let beyond = body.amount_minor == 0 || body.amount_minor.unsigned_abs() > AMOUNT_LIMIT_MINOR.unsigned_abs();
    faultless([
        beyond.then(|| {
            format!("amount_minor: expected up to {AMOUNT_LIMIT_MINOR} either way, not 0; found {}", body.amount_minor)
        }),
        text_fault("note", &body.note),
    ])?;
    let amount = Money::new(body.amount_minor, body.currency.unwrap_or(account.currency));
    let did = ("corrected a balance", format!("{amount}: {}", body.note));
    let command = Body::AdjustCredit { distributor: distributor.clone(), amount, note: body.note };
    post_to(&shared, &writer, &merchant, &distributor, command, did).await
}

async fn limit(
    State(shared): State<Shared>,
    writer: Writer,
    Path((merchant, distributor)): Path<(String, String)>,
    JsonBody(body): JsonBody<Limit>,
) -> Result<Json<Value>, Problem> {
    let (merchant, distributor, account) = account(&shared, &merchant, &distributor).await?;
    faultless([amount_fault("limit_minor", body.limit_minor)])?;
    let limit = Money::new(body.limit_minor, body.currency.unwrap_or(account.currency));
    let command = Body::SetCreditLimit { distributor: distributor.clone(), limit };
    post_to(&shared, &writer, &merchant, &distributor, command, ("set a limit", limit.to_string())).await
}

async fn transfer(
    State(shared): State<Shared>,
    writer: Writer,
    Path(merchant): Path<String>,
    JsonBody(body): JsonBody<Transfer>,
) -> Result<Json<Value>, Problem> {
    faultless([
        amount_fault("amount_minor", body.amount_minor),
        body.note.as_deref().and_then(|note| text_fault("note", note)),
        (body.from == body.to).then(|| format!("to: expected another distributor than from, found {}", body.to)),
    ])?;
    let (_, to, _) = account(&shared, &merchant, body.to.as_str()).await?;
    let (merchant, from, giver) = account(&shared, &merchant, body.from.as_str()).await?;
    let amount = Money::new(body.amount_minor, body.currency.unwrap_or(giver.currency));
    let did = ("transferred credit", format!("{amount} to {to}"));
    let command = Body::TransferCredit { from: from.clone(), to: to.clone(), amount, note: body.note };
    let mut answer = post_to(&shared, &writer, &merchant, &from, command, did).await?;
    answer["to"] = json!(to);
    Ok(answer)
}
