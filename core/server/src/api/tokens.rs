//! API tokens: made, listed, revoked. The text is shown once and kept as a digest.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_domain::catalogue::ConnectionRules;
use entrepot_engine::directory::Directory;
use entrepot_store::tokens::{ApiToken, Role};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::auth::Need;
use super::extract::{JsonBody, Writer};
use super::{Endpoint, acts, body_of};
use crate::http::Shared;
use crate::http::problem::Problem;

/// Longest name, in characters.
const NAME_LIMIT_CHARS: usize = 80;

/// Names that timelines and audit lines use for something else.
const RESERVED: [&str; 6] = ["console", "configuration", "channel", "rule", "job", "supplier"];

pub(super) fn endpoints() -> Vec<Endpoint> {
    let need = Need::Administer;
    vec![
        Endpoint::look("/tokens", "All tokens, without their texts", need, &[], || get(list)),
        Endpoint::act(
            Method::POST,
            "/tokens",
            "Makes a token; its text is in the answer and nowhere else",
            need,
            Some(body_of::<Wanted>),
            || post(create),
        ),
        Endpoint::act(Method::DELETE, "/tokens/{token}", "Ends a token", need, None, || delete(revoke)),
    ]
}

/// What a token may do.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RoleWord {
    /// Everything, for every merchant.
    Admin,
    /// Everything of one merchant.
    Operator,
    /// Redeems tickets of one supplier connection.
    Gate,
    /// Sees, changes nothing.
    ReadOnly,
}

/// A token to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Who it is for; unique among tokens that work.
    #[schemars(length(min = 1, max = NAME_LIMIT_CHARS))]
    name: String,
    /// What it may do.
    role: RoleWord,
    /// Whose data: needed for operators and gates, not allowed for admins.
    merchant: Option<MerchantId>,
    /// The supplier connection of a gate.
    gate: Option<ConnectionId>,
}

async fn list(State(shared): State<Shared>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "tokens": shared.app.storage.tokens().await? })))
}

/// What is wrong with a token that is wanted.
fn faults(wanted: &Wanted, directory: &Directory) -> Vec<String> {
    let mut faults = Vec::new();
    let count = wanted.name.chars().count();
    if wanted.name.trim() != wanted.name || !(1..=NAME_LIMIT_CHARS).contains(&count) {
        faults.push(format!("name: expected 1 to {NAME_LIMIT_CHARS} characters without blanks around them"));
    }
    if wanted.name.chars().any(char::is_control) || RESERVED.contains(&wanted.name.as_str()) {
        faults.push(format!("name: expected printable characters, and none of {RESERVED:?}"));
    }
    match (wanted.role, &wanted.merchant) {
        (RoleWord::Admin, Some(_)) => faults.push("merchant: an admin's token has none".to_owned()),
        (RoleWord::Operator | RoleWord::Gate, None) => {
            faults.push("merchant: the token of an operator or a gate needs one".to_owned());
        }
        (_, Some(merchant)) if !directory.merchants.contains_key(merchant) => {
            faults.push(format!("merchant: {merchant} is not configured"));
        }
        _ => {}
    }
    match (wanted.role, &wanted.gate) {
        (RoleWord::Gate, None) => faults.push("gate: name the supplier connection whose tickets it takes".to_owned()),
        (RoleWord::Gate, Some(gate)) => faults.extend(gate_fault(directory, wanted.merchant.as_ref(), gate)),
        (_, Some(_)) => faults.push("gate: only a gate's token has one".to_owned()),
        (_, None) => {}
    }
    faults
}

fn gate_fault(directory: &Directory, merchant: Option<&MerchantId>, gate: &ConnectionId) -> Option<String> {
    let own = directory.connections.get(gate).filter(|connection| Some(&connection.merchant) == merchant);
    match own.map(|connection| &connection.rules) {
        Some(ConnectionRules::Supplier(rules)) if rules.own_gate => None,
        Some(ConnectionRules::Supplier(_)) => {
            Some(format!("gate: tickets of {gate} are not taken at our own desk (gate = true in its configuration)"))
        }
        Some(ConnectionRules::Channel(_)) => Some(format!("gate: {gate} is a channel; expected a supplier")),
        None => Some(format!("gate: {gate} is no supplier connection of that merchant")),
    }
}

/// The id of the token that a request makes: the same request repeated names the same token.
fn id_of(by: &str, key: &str) -> String {
    let digest = Sha256::digest(format!("{} {by}{key}", by.len()));
    let hex: String = digest.iter().take(10).map(|byte| format!("{byte:02X}")).collect();
    format!("K{hex}")
}

fn random_text() -> Result<String, Problem> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|fault| {
        tracing::error!(%fault, "the machine gives no randomness");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "no token can be made now; try again")
    })?;
    Ok(format!("ent_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

async fn create(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let faults = faults(&wanted, &shared.app.engine.directory());
    if !faults.is_empty() {
        return Err(Problem::of_faults(faults));
    }
    let id = id_of(&asked.by, &asked.key);
    let known = shared.app.storage.tokens().await?;
    if known.iter().any(|token| token.id == id) {
        let text = format!("token {id} was made with this key; its text was shown once. Revoke it, use another key");
        return Err(Problem::new(StatusCode::CONFLICT, "key_conflict", text));
    }
    if known.iter().any(|token| token.revoked_at.is_none() && token.name == wanted.name) {
        let text = format!("a working token is called {:?}; names tell who did what, so choose another", wanted.name);
        return Err(Problem::new(StatusCode::CONFLICT, "name_taken", text));
    }
    let role = match wanted.role {
        RoleWord::Admin => Role::Admin,
        RoleWord::Operator => Role::Operator,
        RoleWord::Gate => Role::Gate,
        RoleWord::ReadOnly => Role::ReadOnly,
    };
    let token = ApiToken {
        id,
        name: wanted.name,
        role,
        merchant: wanted.merchant,
        gate: wanted.gate,
        created_at: shared.app.clock.now(),
        revoked_at: None,
    };
    let text = random_text()?;
    // The line is written first: no token works without it, and an answer that is lost cannot be asked for again.
    let detail = format!("{:?} for {}", token.role, token.name);
    acts::log(&shared, &asked, token.merchant.as_ref(), "made a token", &token.id, &detail).await?;
    shared.app.storage.keep_token(&token, &text).await?;
    let answer = json!({ "token": token, "text": text });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

async fn revoke(
    State(shared): State<Shared>,
    Writer(asked, _): Writer,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let find = |tokens: Vec<ApiToken>| tokens.into_iter().find(|token| token.id == id);
    let missing = || Problem::not_found("there is no token of that id; GET /api/v1/tokens lists them");
    let known = find(shared.app.storage.tokens().await?).ok_or_else(missing)?;
    if known.revoked_at.is_none() {
        shared.app.storage.revoke_token(&known.id, shared.app.clock.now()).await?;
        acts::log(&shared, &asked, known.merchant.as_ref(), "revoked a token", &known.id, &known.name).await?;
    }
    let known = find(shared.app.storage.tokens().await?).ok_or_else(missing)?;
    Ok(Json(json!({ "token": known })))
}
