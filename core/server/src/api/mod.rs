//! The admin API under `/api/v1`. One table of endpoints makes the routes, who may call them, and the OpenAPI
//! document: an endpoint that is not in the table does not exist.
//!
//! - [`auth`]: bearer tokens, roles, merchants; [`extract`]: bodies, keys and queries with problems that help.
//! - [`openapi`]: the document; `acts`: what writing endpoints share; `used_file`: lists of used tickets as they arrive;
//!   `pairs`: what listings of pairs have to hold.
//! - endpoints: [`deployment`] (merchants, applications, connections, plugins, invariants), [`configuration`] (its
//!   reload, and the nodes that run one), [`alerts`], [`catalogue`], [`calendar`], [`stock`], [`history`], [`credit`], [`pools`], [`orders`], [`issuing`], [`refunds`], [`redemption`], [`jobs`],
//!   [`tokens`]; of channels [`telling`], [`reconciliations`], [`differences`], [`check`].

mod acts;
pub mod alerts;
pub mod auth;
pub mod calendar;
pub mod catalogue;
pub mod check;
pub mod configuration;
pub mod credit;
pub mod deployment;
pub mod differences;
pub mod extract;
pub mod history;
mod import_codes;
pub mod issuing;
pub mod jobs;
pub mod openapi;
pub mod orders;
mod pairs;
pub mod pools;
pub mod reconciliations;
pub mod redemption;
pub mod refunds;
pub mod stock;
pub mod suppliers;
pub mod telling;
pub mod tokens;
pub mod uploads;
pub(crate) mod used_file;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use schemars::{Schema, SchemaGenerator};

use crate::http::Shared;
use auth::Need;

/// One endpoint.
pub struct Endpoint {
    /// `GET`, `PUT`, `POST`, `DELETE`.
    pub method: Method,
    /// Below `/api/v1`; `{merchant}` names the merchant whose data it is about.
    pub path: &'static str,
    /// What it does, for the document.
    pub summary: &'static str,
    /// Who may call it.
    pub need: Need,
    /// The body's schema, for endpoints that take one.
    pub body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// Query parameters: name and meaning.
    pub query: &'static [(&'static str, &'static str)],
    /// The handler.
    pub route: fn() -> MethodRouter<Shared>,
}

/// A query parameter: its name and meaning.
pub(crate) type Parameter = (&'static str, &'static str);

impl Endpoint {
    /// An endpoint that changes nothing.
    fn look(
        path: &'static str,
        summary: &'static str,
        need: Need,
        query: &'static [Parameter],
        route: fn() -> MethodRouter<Shared>,
    ) -> Self {
        Self { method: Method::GET, path, summary, need, body: None, query, route }
    }

    /// An endpoint that changes something.
    fn act(
        method: Method,
        path: &'static str,
        summary: &'static str,
        need: Need,
        body: Option<fn(&mut SchemaGenerator) -> Schema>,
        route: fn() -> MethodRouter<Shared>,
    ) -> Self {
        Self { method, path, summary, need, body, query: &[], route }
    }

    /// Whether it changes something: then it takes an `Idempotency-Key`.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// The schema of a body.
pub(crate) fn body_of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// All endpoints.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let mut all = Vec::new();
    all.extend(deployment::endpoints());
    all.extend(configuration::endpoints());
    all.extend(alerts::endpoints());
    all.extend(catalogue::endpoints());
    all.extend(calendar::endpoints());
    all.extend(stock::endpoints());
    all.extend(history::endpoints());
    all.extend(credit::endpoints());
    all.extend(pools::endpoints());
    all.extend(import_codes::endpoints());
    all.extend(uploads::endpoints());
    all.extend(orders::endpoints());
    all.extend(issuing::endpoints());
    all.extend(suppliers::endpoints());
    all.extend(refunds::endpoints());
    all.extend(redemption::endpoints());
    all.extend(jobs::endpoints());
    all.extend(telling::endpoints());
    all.extend(reconciliations::endpoints());
    all.extend(differences::endpoints());
    all.extend(check::endpoints());
    all.extend(tokens::endpoints());
    all
}

/// The routes. The document itself needs no token.
pub fn router(shared: &Shared) -> Router<Shared> {
    let mut router = Router::new().route("/openapi.json", axum::routing::get(openapi::serve));
    for endpoint in endpoints() {
        let guard = auth::Guard { shared: shared.clone(), need: endpoint.need, writes: endpoint.writes() };
        let route = (endpoint.route)().layer(from_fn_with_state(guard, auth::guard));
        router = router.route(endpoint.path, route);
    }
    router
}
