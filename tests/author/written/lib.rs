//! A supplier in front of Turnstile: orders, queries and returns tickets. Forms out, XML in, signed with MD5.

use entrepot_sdk::prelude::*;
use entrepot_sdk::{money, sign};
use schemars::JsonSchema;
use serde::Deserialize;

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<AcmeSupplier>()
}

/// Settings of one connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AcmeSettings {
    /// How long to wait for an answer, in milliseconds.
    #[schemars(range(min = 100, max = 30_000))]
    pub timeout_ms: u32,
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self { timeout_ms: 5_000 }
    }
}

/// One connection.
pub struct AcmeSupplier {
    base_url: String,
    key: Secret,
    settings: AcmeSettings,
}

/// Every answer.
#[derive(Deserialize)]
struct Reply {
    code: u32,
    #[serde(default)]
    text: String,
    order: Option<Ordered>,
}

#[derive(Deserialize)]
struct Ordered {
    number: String,
    serial: SupplierReference,
    state: String,
    #[serde(default, rename = "ticket")]
    tickets: Vec<String>,
}

#[async_trait]
impl Supplier for AcmeSupplier {
    type Settings = AcmeSettings;

    fn card() -> Card<SupplierCapabilities> {
        let calls = Calls::book().repeatable().units_limit(20).inquire(0).cancel(CancelAbility::parts().repeatable());
        Card {
            id: "supplier-acme",
            family: "acme",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Orders, queries and returns tickets at Turnstile.",
            capabilities: calls.into(),
            secrets: vec!["token"],
            scenes: vec![],
            clear_fields: vec![],
        }
    }

    async fn open(context: &OpenContext, settings: AcmeSettings) -> Result<Self, Fault> {
        if !(100..=30_000).contains(&settings.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 100 to 30000"));
        }
        let base_url = context.base_url()?.to_owned();
        let key = context.secret("token").await?;
        Ok(Self { base_url, key, settings })
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let count = order.count().to_string();
        let day = order.visit.map(|visit| visit.arrive.to_string()).unwrap_or_default();
        let price = order.unit_cost.map(money::text).unwrap_or_default();
        let mut fields = vec![("goods", order.product_code.as_str()), ("count", &count), ("day", &day)];
        if !price.is_empty() {
            fields.push(("price", &price));
        }
        let reply = self.ask(call, "order", &order, &fields).await?;
        match reply.code {
            0 => booking(&order, reply),
            7 => Ok(Booking::Refused(Refusal::new(Reason::SoldOut, reply.text))),
            8 => Ok(Booking::Refused(Refusal::new(Reason::SupplierRefused, reply.text))),
            code => Err(unexpected(code)),
        }
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        let reply = self.ask(call, "query", &order, &[]).await?;
        match reply.code {
            0 => booking(&order, reply),
            4 => Ok(Booking::NotFound),
            code => Err(unexpected(code)),
        }
    }

    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
    ) -> Result<Cancellation, Fault> {
        let tickets = units.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let reply = self.ask(call, "return", &order, &[("tickets", &tickets), ("key", &key)]).await?;
        match reply.code {
            0 => Ok(Cancellation::Done { fee: None }),
            4 | 5 => Ok(Cancellation::Refused(Refusal::new(Reason::SupplierRefused, reply.text))),
            code => Err(unexpected(code)),
        }
    }
}

impl AcmeSupplier {
    async fn ask(
        &self,
        call: &Call<()>,
        name: &str,
        order: &SupplierOrder,
        fields: &[(&str, &str)],
    ) -> Result<Reply, Fault> {
        let (number, time) = (order.order.as_str(), Zone::CHINA.text(call.now()));
        let sign = sign::md5_hex(&[name, "|", number, "|", &time, "|", self.key.expose()]);
        let mut form = vec![("number", number), ("time", &time), ("sign", &sign)];
        form.extend(fields);
        let request = http::post(name, format!("{}/api/{name}", self.base_url)).form(&form);
        let response = call.http(request.timeout_ms(self.settings.timeout_ms).build()).await?;
        if response.status != 200 {
            return Err(http::unexpected_status(&response));
        }
        let reply: Reply = http::read_xml(&response, "reply")?;
        if reply.code == 9 {
            return Err(Fault::not_done(FaultKind::Unauthenticated, "Turnstile does not take the signature"));
        }
        Ok(reply)
    }
}

fn booking(order: &SupplierOrder, reply: Reply) -> Result<Booking, Fault> {
    let found = reply.order.filter(|found| found.number == order.order.as_str());
    let found = found.ok_or_else(|| Fault::garbled("the answer is about another order"))?;
    if found.state == "gone" {
        return Ok(Booking::Cancelled);
    }
    let units = one_a_unit(order, CredentialKind::QrCode, found.tickets)?;
    Ok(Booking::Issued { reference: Some(found.serial), units })
}

fn unexpected(code: u32) -> Fault {
    Fault::garbled("Turnstile answers with a code that its description does not give").with_code(code.to_string())
}
