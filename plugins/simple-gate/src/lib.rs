//! A supplier in front of a small ticket gate: JSON over HTTP with a bearer token. The smallest useful supplier, and
//! the example to copy. The gate's API is described in `README.md`.

use entrepot_sdk::contract::order::{Guest, GuestField};
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

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

#[derive(Deserialize)]
struct Told {
    order: String,
    #[serde(flatten)]
    tickets: Tickets,
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
        let calls = Calls::book().repeatable().units_limit(50).inquire(0).cancel(CancelAbility::parts().repeatable());
        Card {
            id: "simple-gate",
            family: "simple-gate",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Books, inquires and cancels at a small ticket gate.",
            capabilities: calls.into(),
            secrets: vec!["token"],
            scenes: vec![],
            clear_fields: vec!["order", "product", "count", "date", "units", "state", "reason"],
        }
    }

    async fn open(context: &OpenContext, settings: GateSettings) -> Result<Self, Fault> {
        if !(100..=30_000).contains(&settings.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 100 to 30000"));
        }
        let base_url = context.base_url()?.to_owned();
        let token = context.secret("token").await?;
        Ok(Self { base_url, token, settings })
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let name = |guest: &Guest| json!({"name": guest.name.as_ref().and_then(GuestField::plain)});
        let tickets = json!({
            "order": order.order,
            "product": format!("{}{}", self.settings.product_prefix, order.product_code),
            "count": order.count(),
            "date": order.visit.map(|visit| visit.arrive),
            "guests": order.guests().map(name).collect::<Vec<_>>(),
        });
        let request = http::post("book", format!("{}/tickets", self.base_url)).json(&tickets);
        let response = self.send(call, request).await?;
        match response.status {
            200 | 202 => match booking(&order, &response)? {
                Booking::Cancelled => Ok(Booking::Refused(Refusal::new(Reason::StateForbids, "given back before"))),
                booking => Ok(booking),
            },
            409 => Ok(Booking::Refused(refusal(&response)?)),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        let request = http::get("inquire", self.order_url(&order));
        let response = self.send(call, request).await?;
        match response.status {
            200 => booking(&order, &response),
            404 => refusal(&response).map(|_| Booking::NotFound),
            _ => Err(http::unexpected_status(&response)),
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
        let request = http::post("cancel", url).json(&json!({"units": units, "key": key}));
        let response = self.send(call, request).await?;
        match response.status {
            200 => http::read_json::<Map<String, Value>>(&response).map(|_| Cancellation::Done { fee: None }),
            404 | 409 => Ok(Cancellation::Refused(refusal(&response)?)),
            _ => Err(http::unexpected_status(&response)),
        }
    }
}

impl SimpleGate {
    fn order_url(&self, order: &SupplierOrder) -> String {
        let order = http::segment(order.order.as_str());
        format!("{}/tickets/{order}", self.base_url)
    }

    async fn send(&self, call: &Call<()>, request: http::Outgoing) -> Result<HttpResponse, Fault> {
        let request = request.bearer(&self.token).timeout_ms(self.settings.timeout_ms);
        call.http(request.build()).await
    }
}

fn booking(order: &SupplierOrder, response: &HttpResponse) -> Result<Booking, Fault> {
    let told: Told = http::read_json(response)?;
    if told.order != order.order.as_str() {
        return Err(Fault::garbled("the answer is about another order"));
    }
    Ok(match told.tickets {
        Tickets::Pending { reference } => Booking::Pending { reference: Some(reference), wait: Wait::ms(2_000) },
        Tickets::Cancelled => Booking::Cancelled,
        Tickets::Issued { reference, tickets } => {
            let units = one_a_unit(order, CredentialKind::QrCode, tickets)?;
            Booking::Issued { reference: Some(reference), units }
        }
    })
}

fn refusal(response: &HttpResponse) -> Result<Refusal, Fault> {
    let No { reason } = http::read_json(response)?;
    let kind = if reason == "sold out" { Reason::SoldOut } else { Reason::SupplierRefused };
    Ok(Refusal::new(kind, reason))
}
