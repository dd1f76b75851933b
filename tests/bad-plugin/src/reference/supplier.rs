//! A supplier with every ability, in front of the [gate](super::gate).

use std::collections::BTreeSet;

use entrepot_sdk::contract::capability::{CalendarAbility, HoldAbility, UsageAbility};
use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::hearing::{About, Heard, Named, News};
use entrepot_sdk::contract::order::{Guest, GuestField};
use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage, Slot, SupplierCell, SupplierGood, Vacancies};
use entrepot_sdk::contract::supplier::{Holding, ResendWay, Resent, Usage, UsedUnits};
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::gate::{Cost, LONGEST_HOLD_MS};
use super::signature;

/// The longest call that is heard, in bytes.
const CALL_LIMIT_BYTES: usize = 64 * 1024;

/// Settings of a connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateSettings {
    /// The distributor's number at the gate.
    pub distributor: String,
    /// How long to wait for the gate, in milliseconds (100 to 30000).
    #[serde(default = "five_seconds")]
    pub timeout_ms: u32,
}

fn five_seconds() -> u32 {
    5_000
}

/// The supplier.
pub struct ReferenceSupplier {
    base_url: String,
    secret: Secret,
    settings: GateSettings,
}

#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Told {
    Issued { order: String, reference: SupplierReference, tickets: Vec<Ticket> },
    Pending { order: String, reference: SupplierReference, queue: String, after_ms: u64 },
    Held { order: String, reference: SupplierReference, until_ms: i64 },
    Booked { order: String },
    Released { order: String },
    Cancelled { order: String },
    Unknown { order: String },
}

impl Told {
    fn order(&self) -> &str {
        match self {
            Self::Issued { order, .. }
            | Self::Pending { order, .. }
            | Self::Held { order, .. }
            | Self::Booked { order }
            | Self::Released { order }
            | Self::Cancelled { order }
            | Self::Unknown { order } => order,
        }
    }
}

#[derive(Deserialize)]
struct Ticket {
    unit: u16,
    code: String,
}

#[derive(Deserialize)]
struct No {
    reason: String,
}

#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum ToldCancel {
    Done { order: String, fee: Option<i64> },
    Waiting { order: String, batch: String },
    Refused { order: String },
    NotAsked { order: String },
}

#[derive(Deserialize)]
struct ToldUse {
    order: String,
    used: Vec<u16>,
    gone: Vec<u16>,
    last_ms: Option<i64>,
    ended: bool,
}

#[derive(Deserialize)]
struct Resending {
    order: String,
    sent: Option<bool>,
    tickets: Option<Vec<Ticket>>,
}

#[derive(Deserialize)]
struct Goods {
    goods: Vec<Good>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Good {
    code: String,
    name: String,
    least: u16,
    most: u16,
}

#[derive(Deserialize)]
struct Cells {
    product: String,
    cells: Vec<Cell>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cell {
    date: VisitDate,
    open: bool,
    cost: i64,
    units: u32,
    slot: Option<String>,
}

#[async_trait]
impl Supplier for ReferenceSupplier {
    type Settings = GateSettings;

    fn card() -> Card<SupplierCapabilities> {
        let cancel = CancelAbility::parts().repeatable().inquire();
        let mut calls = Calls::book().repeatable().units_limit(50).inquire(0).cancel(cancel);
        calls.hold = Some(HoldAbility { longest_ms: LONGEST_HOLD_MS.unsigned_abs(), extends: true });
        calls.usage = Some(UsageAbility { poll_ms: 60_000 });
        calls.resend = vec![ResendWay::Message, ResendWay::Credentials];
        calls.catalogue = true;
        calls.calendar = Some(CalendarAbility { days_limit: 31 });
        Card {
            id: "reference-supplier",
            family: "reference",
            version: "1.0.0",
            summary: "Does everything that a supplier can.",
            capabilities: calls.into(),
            secrets: vec!["key"],
            scenes: vec![SceneCard {
                name: "changed",
                action: "order.changed",
                method: "POST",
                path: "changed",
                limit_ms: 3_000,
                fact: true,
            }],
            clear_fields: vec!["order", "state"],
        }
    }

    async fn open(context: &OpenContext, settings: GateSettings) -> Result<Self, Fault> {
        if !(100..=30_000).contains(&settings.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 100 to 30000"));
        }
        if settings.distributor.trim().is_empty() {
            return Err(Fault::invalid("settings.distributor: must not be empty"));
        }
        let base_url = context.base_url()?.to_owned();
        Ok(Self { base_url, secret: context.secret("key").await?, settings })
    }

    async fn hold(&self, call: &Call<()>, order: SupplierOrder, until: Timestamp) -> Result<Holding, Fault> {
        let until = until.min(call.now().plus_millis(LONGEST_HOLD_MS));
        let mut body = sale(&order)?;
        body["until_ms"] = json!(until.millis());
        let response = self.send(call, http::post("hold", format!("{}/hold", self.base_url)), &body).await?;
        match response.status {
            200 => match told(&order, &response)? {
                Told::Held { reference, until_ms, .. } => {
                    Ok(Holding::Held { reference: Some(reference), until: Timestamp::from_millis(until_ms) })
                }
                Told::Booked { .. } => Ok(Holding::Booked),
                _ => Err(Fault::garbled("a hold was answered as something else")),
            },
            409 => Ok(Holding::Refused(refusal(&response)?)),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn release(&self, call: &Call<()>, order: SupplierOrder) -> Result<(), Fault> {
        let url = format!("{}/release", self.order_url(&order));
        let response = self.send(call, http::post("release", url), &json!({})).await?;
        match (response.status, response.status == 200 && matches!(told(&order, &response)?, Told::Released { .. })) {
            (200, true) => Ok(()),
            (200, false) => Err(Fault::garbled("a release was answered as something else")),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let request = http::post("book", format!("{}/book", self.base_url));
        let response = self.send(call, request, &sale(&order)?).await?;
        match response.status {
            200 => match told(&order, &response)? {
                Told::Cancelled { .. } => {
                    Ok(Booking::Refused(Refusal::new(Reason::StateForbids, "the order was given back")))
                }
                told @ (Told::Issued { .. } | Told::Pending { .. }) => booking(&order, told),
                _ => Err(Fault::garbled("a booking was answered as something else")),
            },
            409 => Ok(Booking::Refused(refusal(&response)?)),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        let response = self.ask(call, http::get("inquire", self.order_url(&order))).await?;
        match response.status {
            200 | 404 => booking(&order, told(&order, &response)?),
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
        let request = http::post("cancel", format!("{}/cancel", self.order_url(&order)));
        let response = self.send(call, request, &json!({ "units": units, "key": key })).await?;
        match response.status {
            200 => cancellation(&order, &response),
            409 => Ok(Cancellation::Refused(refusal(&response)?)),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn inquire_cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        _units: Vec<u16>,
        key: String,
        _memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        let url = format!("{}/cancels/{}", self.order_url(&order), http::segment(&key));
        let response = self.ask(call, http::get("inquire_cancel", url)).await?;
        match response.status {
            200 | 404 => cancellation(&order, &response),
            _ => Err(http::unexpected_status(&response)),
        }
    }

    async fn usage(&self, call: &Call<()>, order: SupplierOrder) -> Result<Usage, Fault> {
        let response = self.ask(call, http::get("usage", format!("{}/usage", self.order_url(&order)))).await?;
        if response.status != 200 {
            return Err(http::unexpected_status(&response));
        }
        let told: ToldUse = http::read_json(&response)?;
        same(&order, &told.order)?;
        let all: Vec<u16> = told.used.iter().chain(&told.gone).copied().collect();
        let known = all.iter().all(|unit| order.units.iter().any(|known| known.number == *unit));
        if !known || all.iter().collect::<BTreeSet<_>>().len() != all.len() {
            return Err(Fault::garbled("units were used that the order does not have"));
        }
        let by_number = |numbers| UsedUnits::Number { numbers };
        let last_used_at = told.last_ms.map(Timestamp::from_millis);
        Ok(Usage { used: by_number(told.used), gone: by_number(told.gone), last_used_at, ended: told.ended })
    }

    async fn resend(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        how: ResendWay,
        key: String,
    ) -> Result<Resent, Fault> {
        let request = http::post("resend", format!("{}/resend", self.order_url(&order)));
        let response = self.send(call, request, &json!({ "how": how, "key": key })).await?;
        match response.status {
            200 => {}
            409 => return Ok(Resent::Refused(refusal(&response)?)),
            _ => return Err(http::unexpected_status(&response)),
        }
        let told: Resending = http::read_json(&response)?;
        same(&order, &told.order)?;
        match (told.sent, told.tickets) {
            (Some(true), None) if how == ResendWay::Message => Ok(Resent::Sent),
            (None, Some(tickets)) => Ok(Resent::Credentials { units: units(&order, tickets)? }),
            _ => Err(Fault::garbled("tickets were sent again in no way that was asked for")),
        }
    }

    async fn read_catalogue(&self, call: &Call<()>, page: Option<String>) -> Result<CataloguePage, Fault> {
        let query = http::query(&[("page", page.as_deref().unwrap_or(""))]);
        let response = self.ask(call, http::get("catalogue", format!("{}/catalogue?{query}", self.base_url))).await?;
        if response.status != 200 {
            return Err(http::unexpected_status(&response));
        }
        let told: Goods = http::read_json(&response)?;
        let good = |good: Good| SupplierGood {
            product_code: good.code,
            name: good.name,
            dated: true,
            slotted: false,
            minimum_units: Some(good.least),
            maximum_units: Some(good.most),
            time_zone: None,
        };
        Ok(CataloguePage { goods: told.goods.into_iter().map(good).collect(), next: told.next })
    }

    async fn read_calendar(
        &self,
        call: &Call<()>,
        product_code: String,
        (first, last): (VisitDate, VisitDate),
        page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        let (first, last) = (first.to_string(), last.to_string());
        let pairs = [("product", product_code.as_str()), ("first", &first), ("last", &last)];
        let page = page.unwrap_or_default();
        let query = http::query(&[pairs.as_slice(), &[("page", page.as_str())]].concat());
        let response = self.ask(call, http::get("calendar", format!("{}/calendar?{query}", self.base_url))).await?;
        if response.status != 200 {
            return Err(http::unexpected_status(&response));
        }
        let told: Cells = http::read_json(&response)?;
        if told.product != product_code || told.cells.iter().any(|cell| cell.cost < 0) {
            return Err(Fault::garbled("a calendar of another product, or a price below nothing"));
        }
        Ok(CalendarPage { cells: told.cells.into_iter().map(cell).collect(), next: told.next })
    }

    fn hear(&self, raw: &RawRequest) -> Result<Heard, Fault> {
        if raw.body.len() + raw.query.len() > CALL_LIMIT_BYTES {
            return Err(Fault::invalid("the call is too long"));
        }
        let right = signature(self.secret.expose(), &[&raw.body]);
        if raw.header("x-sign") != Some(right.as_str()) {
            return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
        }
        let told: Value = serde_json::from_slice(&raw.body).map_err(|_| Fault::invalid("the call is no JSON"))?;
        let order = told["order"].as_str().ok_or_else(|| Fault::invalid("order: missing"))?;
        let order = OrderId::parse(order).map_err(|fault| Fault::invalid(fault.to_string()))?;
        let about = serde_json::from_value(told["about"].clone()).unwrap_or(About::Everything);
        let news = vec![News::Ask { order: Named::Ours { order }, about }];
        Ok(Heard { news, reply: word("success"), partner_trace: None })
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        let Ok(scene) = SceneName::parse("changed") else { return Vec::new() };
        vec![ReadyAnswers {
            scene,
            busy: word("again"),
            timed_out: word("again"),
            refused: RawResponse { status: 401, ..word("refused") },
            unplaced: word("success"),
            stored: None,
            malformed: RawResponse { status: 400, ..word("malformed") },
        }]
    }
}

fn word(text: &str) -> RawResponse {
    RawResponse { status: 200, content_type: "text/plain".to_owned(), body: text.as_bytes().to_vec() }
}

impl ReferenceSupplier {
    fn order_url(&self, order: &SupplierOrder) -> String {
        format!("{}/orders/{}", self.base_url, http::segment(order.order.as_str()))
    }

    async fn send(&self, call: &Call<()>, request: http::Outgoing, body: &Value) -> Result<HttpResponse, Fault> {
        let text = body.to_string();
        let sign = Secret::new(signature(self.secret.expose(), &[text.as_bytes()]));
        let request = request.secret_header("x-sign", &sign).body("application/json", text);
        call.http(request.timeout_ms(self.settings.timeout_ms).build()).await
    }

    async fn ask(&self, call: &Call<()>, request: http::Outgoing) -> Result<HttpResponse, Fault> {
        let sign = Secret::new(signature(self.secret.expose(), &[b""]));
        call.http(request.secret_header("x-sign", &sign).timeout_ms(self.settings.timeout_ms).build()).await
    }
}

fn sale(order: &SupplierOrder) -> Result<Value, Fault> {
    let cost = order.unit_cost.filter(|cost| cost.amount_minor >= 0);
    if order.unit_cost.is_some() && cost.is_none() {
        return Err(Fault::invalid("a cost below nothing"));
    }
    let name = |guest: &Guest| guest.name.as_ref().and_then(GuestField::plain).map(str::to_owned);
    let names: Vec<String> = order.guests().filter_map(name).collect();
    let units: Vec<u16> = order.units.iter().map(|unit| unit.number).collect();
    let cost = cost.map(|cost| Cost { minor: cost.amount_minor, currency: cost.currency.as_str().to_owned() });
    Ok(json!({
        "order": order.order, "product": order.product_code, "units": units, "names": names,
        "date": order.visit.map(|visit| visit.arrive), "slot": order.slot, "cost": cost,
    }))
}

/// The answer is about the order that was asked about.
fn same(order: &SupplierOrder, told: &str) -> Result<(), Fault> {
    if told == order.order.as_str() { Ok(()) } else { Err(Fault::garbled("an answer about another order")) }
}

fn told(order: &SupplierOrder, response: &HttpResponse) -> Result<Told, Fault> {
    let told: Told = read(response)?;
    same(order, told.order())?;
    Ok(told)
}

fn read<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, Fault> {
    http::read_json(response)
}

fn booking(order: &SupplierOrder, told: Told) -> Result<Booking, Fault> {
    Ok(match told {
        Told::Issued { reference, tickets, .. } => {
            Booking::Issued { reference: Some(reference), units: units(order, tickets)? }
        }
        Told::Pending { reference, queue, after_ms, .. } => {
            Booking::Pending { reference: Some(reference), wait: Wait::ms(after_ms).with_memo(Memo::new(queue)) }
        }
        Told::Held { until_ms, .. } => Booking::Held { until: Timestamp::from_millis(until_ms) },
        Told::Cancelled { .. } => Booking::Cancelled,
        Told::Unknown { .. } => Booking::NotFound,
        Told::Booked { .. } | Told::Released { .. } => return Err(Fault::garbled("an order in a strange state")),
    })
}

/// One ticket for each unit that is left, of units of the order.
fn units(order: &SupplierOrder, tickets: Vec<Ticket>) -> Result<Vec<UnitCredentials>, Fault> {
    let credential = |value| vec![Credential { kind: CredentialKind::QrCode, value, document_kind: None }];
    let units: Vec<UnitCredentials> = tickets
        .into_iter()
        .map(|ticket| UnitCredentials { unit: ticket.unit, credentials: credential(ticket.code) })
        .collect();
    if !entrepot_sdk::contract::supplier::credentials_fit(order, &units) {
        return Err(Fault::garbled("the tickets are not those of the order"));
    }
    Ok(units)
}

fn refusal(response: &HttpResponse) -> Result<Refusal, Fault> {
    let No { reason } = http::read_json(response)?;
    let kind = if reason == "sold out" { Reason::SoldOut } else { Reason::SupplierRefused };
    Ok(Refusal::new(kind, reason))
}

fn cancellation(order: &SupplierOrder, response: &HttpResponse) -> Result<Cancellation, Fault> {
    let (number, told) = match http::read_json(response)? {
        ToldCancel::Done { order, fee } => (order, Cancellation::Done { fee: fee.map(Money::fen) }),
        ToldCancel::Waiting { order, batch } => {
            (order, Cancellation::Waiting(Wait::ms(60_000).with_memo(Memo::new(batch))))
        }
        ToldCancel::Refused { order } => {
            (order, Cancellation::Refused(Refusal::new(Reason::SupplierRefused, "the audit said no")))
        }
        ToldCancel::NotAsked { order } => (order, Cancellation::NotAsked),
    };
    same(order, &number)?;
    Ok(told)
}

fn cell(told: Cell) -> SupplierCell {
    let slot = told.slot.map(|id| {
        let (starts, ends) = id.split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
        Slot { id, starts, ends }
    });
    SupplierCell {
        date: told.date,
        slot,
        open: told.open,
        vacancies: Vacancies::Limited { units: told.units },
        cost: Some(Money::fen(told.cost)),
        cutoff: None,
    }
}
