//! Who calls: bearer tokens, hashed at rest, with a role and a merchant's scope.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use entrepot_contract::ids::{ConnectionId, MerchantId};
use entrepot_engine::directory::Directory;
use entrepot_store::tokens::Role;
use subtle::ConstantTimeEq;

use crate::http::Shared;
use crate::http::problem::Problem;

/// What an endpoint asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To see.
    See,
    /// To see guests' data; always in the audit log.
    SeeGuests,
    /// To change what is one merchant's.
    Operate,
    /// To redeem tickets.
    Redeem,
    /// To change what is everybody's.
    Administer,
}

/// A caller.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The token's name, for timelines and the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whose data; all when none.
    pub merchant: Option<MerchantId>,
    /// The supplier connection of a gate.
    pub gate: Option<ConnectionId>,
}

impl Principal {
    /// The person at this machine.
    #[must_use]
    pub fn local() -> Self {
        Self { name: "console".to_owned(), role: Role::Admin, merchant: None, gate: None }
    }

    /// Whether this caller may do that, to that merchant's data.
    #[must_use]
    pub fn may(&self, need: Need, merchant: Option<&str>) -> bool {
        let scope = match (&self.merchant, merchant) {
            (None, _) => true,
            (Some(own), Some(asked)) => own.as_str() == asked,
            // What is everybody's may be seen, and the answer is cut down to the caller's own.
            (Some(_), None) => need == Need::See,
        };
        let role = match self.role {
            Role::Admin => true,
            Role::Operator => need != Need::Administer,
            Role::Gate => need == Need::Redeem,
            Role::ReadOnly => need == Need::See,
        };
        scope && role
    }
}

/// What the guard of one route knows.
#[derive(Clone)]
pub struct Guard {
    /// What every handler shares.
    pub shared: Shared,
    /// What the route asks.
    pub need: Need,
    /// Whether the route changes something.
    pub writes: bool,
}

/// Lets a caller in, or says why not. Handlers find the [`Principal`] among the request's extensions.
pub async fn guard(
    State(guard): State<Guard>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(params) = params else {
        return Problem::malformed("the path is no text").into_response();
    };
    let principal = match request.extensions().get::<Principal>() {
        Some(local) => local.clone(),
        None => match identify(&guard.shared, request.headers()).await {
            Ok(principal) => principal,
            Err(problem) => return problem.into_response(),
        },
    };
    let directory = guard.shared.app.engine.directory();
    let merchant = merchant_of(&params, &directory);
    if !principal.may(guard.need, merchant.as_deref()) {
        let text = format!("token {} ({:?}) may not do this here", principal.name, principal.role);
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", text).into_response();
    }
    if let Some(merchant) = &merchant
        && !directory.merchants.keys().any(|known| known.as_str() == merchant)
    {
        return Problem::not_found(format!("no merchant {merchant} is configured")).into_response();
    }
    if guard.writes
        && let Err(problem) = super::extract::key_of(request.headers())
    {
        return problem.into_response();
    }
    request.extensions_mut().insert(principal);
    next.run(request).await
}

/// Whose data a path is about: the merchant it names, or the owner of the connection it names.
fn merchant_of(params: &RawPathParams, directory: &Directory) -> Option<String> {
    let named = |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
    named("merchant").or_else(|| {
        let id = ConnectionId::parse(named("connection")?).ok()?;
        Some(directory.connections.get(&id)?.merchant.to_string())
    })
}

async fn identify(shared: &Shared, headers: &HeaderMap) -> Result<Principal, Problem> {
    let refused = |text: &str| Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", text);
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| refused("send a token: Authorization: Bearer … ; make one with: entrepot tokens create"))?;
    if bool::from(text.as_bytes().ct_eq(shared.local_token.as_bytes())) {
        return Ok(Principal::local());
    }
    let found = shared.app.storage.token(text).await?;
    let token = found.ok_or_else(|| refused("this token is unknown or was revoked"))?;
    Ok(Principal { name: token.name, role: token.role, merchant: token.merchant, gate: token.gate })
}
