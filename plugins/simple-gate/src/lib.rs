//! A supplier in front of a small ticket gate: JSON over HTTP with a bearer token. The smallest useful supplier, and
//! the example to copy. The gate's API is described in `README.md`.

use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<SimpleGate>()
}

/// Settings of one connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GateSettings {
    /// How long to wait for the gate, in milliseconds.
    #[schemars(range(min = 100, max = 30_000))]
    pub timeout_ms: u32,
    /// Put before each product code.
    pub product_prefix: String,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { timeout_ms: 5_000, product_prefix: String::new() }
    }
}

/// One connection to a gate.
pub struct SimpleGate {
    base_url: String,
    token: Secret,
    settings: GateSettings,
}

#[derive(Serialize)]
struct NewTickets<'a> {
    order: &'a OrderId,
    product: String,
    count: u16,
    date: Option<VisitDate>,
    guests: Vec<NewGuest<'a>>,
}

#[derive(Serialize)]
struct NewGuest<'a> {
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct CancelTickets<'a> {
    units: &'a [u16],
    key: &'a str,
}

#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Tickets {
    Issued { reference: SupplierReference, tickets: Vec<String> },
    Pending { reference: SupplierReference },
    Cancelled,
}

#[derive(Deserialize)]
struct No {
    reason: String,
}

#[async_trait]
impl Supplier for SimpleGate {
    type Settings = GateSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "simple-gate",
            family: "simple-gate",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Books, inquires and cancels at a small ticket gate.",
            capabilities: SupplierCapabilities {
                book: true,
                inquire: true,
                cancel: true,
                cancel_units: true,
                book_idempotent: true,
                cancel_idempotent: true,
                units_limit: Some(50),
                ..SupplierCapabilities::default()
            },
            secrets: vec!["token"],
            scenes: vec![],
            clear_fields: vec!["order", "product", "count", "date", "units", "state", "reference", "reason"],
        }
    }

    async fn open(context: &OpenContext, settings: GateSettings) -> Result<Self, Fault> {
        if !(100..=30_000).contains(&settings.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 100 to 30000"));
        }
        let base_url = context.base_url()?.to_owned();
        Ok(Self { base_url, token: context.secret("token").await?, settings })
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let visitors = order.guests.visitors.iter();
        let tickets = NewTickets {
            order: &order.order,
            product: format!("{}{}", self.settings.product_prefix, order.product_code),
            count: order.count,
            date: order.visit.map(|visit| visit.arrive),
            guests: visitors.map(|guest| NewGuest { name: guest.name.as_ref().and_then(|name| name.plain()) }).collect(),
        };
        let request = http::post("book", format!("{}/tickets", self.base_url)).json(&tickets);
        let response = self.send(call, request).await?;
        match response.status {
            200 | 202 => booking(&order, &response),
            409 => Ok(Booking::Refused { reason: http::read_json::<No>(&response)?.reason }),
            _ => Err(unexpected(&response)),
        }
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let response = self.send(call, http::get("inquire", self.order_url(&order))).await?;
        match response.status {
            200 => booking(&order, &response),
            404 => http::read_json::<No>(&response).map(|_| Booking::NotFound),
            _ => Err(unexpected(&response)),
        }
    }

    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
    ) -> Result<Cancellation, Fault> {
        let url = format!("{}/cancel", self.order_url(&order));
        let request = http::post("cancel", url).json(&CancelTickets { units: &units, key: &key });
        let response = self.send(call, request).await?;
        match response.status {
            200 => http::read_json::<serde_json::Map<String, serde_json::Value>>(&response).map(|_| Cancellation::Done),
            404 | 409 => Ok(Cancellation::Refused { reason: http::read_json::<No>(&response)?.reason }),
            _ => Err(unexpected(&response)),
        }
    }
}

impl SimpleGate {
    fn order_url(&self, order: &SupplierOrder) -> String {
        format!("{}/tickets/{}", self.base_url, http::segment(order.order.as_str()))
    }

    async fn send(&self, call: &Call<()>, request: http::Outgoing) -> Result<HttpResponse, Fault> {
        call.http(request.bearer(&self.token).timeout_ms(self.settings.timeout_ms).build()).await
    }
}

fn booking(order: &SupplierOrder, response: &HttpResponse) -> Result<Booking, Fault> {
    match http::read_json(response)? {
        Tickets::Pending { reference } => {
            Ok(Booking::Pending { reference: Some(reference), ask_after_ms: Some(2_000) })
        }
        Tickets::Cancelled => Ok(Booking::Cancelled),
        Tickets::Issued { reference, tickets } => {
            if tickets.len() != usize::from(order.count) || tickets.iter().any(String::is_empty) {
                return Err(Fault::garbled(format!("{} tickets for {} units", tickets.len(), order.count)));
            }
            let credential = |value| Credential { kind: CredentialKind::QrCode, value, document_kind: None };
            let unit = |(unit, ticket)| UnitCredentials { unit, credentials: vec![credential(ticket)] };
            Ok(Booking::Issued { reference: Some(reference), units: (1..).zip(tickets).map(unit).collect() })
        }
    }
}

/// What the gate did not do for certain, and what nobody knows.
fn unexpected(response: &HttpResponse) -> Fault {
    let text = format!("the gate answered with status {}", response.status);
    match response.status {
        401 | 403 => Fault::not_done(FaultKind::Unauthenticated, text),
        429 => Fault::not_done(FaultKind::RateLimited, text),
        400 | 422 => Fault::invalid(text),
        500..=599 => Fault::unknown(FaultKind::Unavailable, text),
        _ => Fault::garbled(text),
    }
    .with_code(response.status.to_string())
}
