//! Zhiyoubao (智游宝), the scenic ticketing gateway: books, inquires, cancels with its audit, tells use, shows tickets
//! again, and hears what the gateway calls out. The § signs are sections of `spec/supplier-zhiyoubao.md`.
//!
//! An order of ours is one main order there with one line (子订单): both are named after our order number, so a repeat can
//! never book twice (§10.1), and all its units share one assist code (辅助检票号, §10.3).
//!
//! - [`settings`]: what a connection is set up with.
//! - [`envelope`]: a request as text, signed exactly as it is sent (§§1, 2).
//! - [`answer`]: what comes back, read with its traps (§§2, 4).
//! - [`booking`]: order, issue and query (§§3, 4).
//! - [`refunding`]: cancellations and their audit (§7).
//! - [`showing`]: use, and tickets shown again (§§5, 9).
//! - [`slots`]: stock of time slots (§6).
//! - [`hearing`]: notifications, which carry nothing to believe (§8).

mod answer;
mod booking;
mod envelope;
mod hearing;
mod refunding;
mod settings;
mod showing;
mod slots;

use entrepot_sdk::contract::capability::{CalendarAbility, UsageAbility};
use entrepot_sdk::contract::hearing::Heard;
use entrepot_sdk::contract::reading::CalendarPage;
use entrepot_sdk::contract::supplier::{ResendWay, Resent, Usage};
use entrepot_sdk::prelude::*;
use entrepot_sdk::xml;

pub use settings::{SlotLayout, ZhiyoubaoSettings};

use answer::Answer;
use envelope::Envelope;

/// Its queries may lag behind its orders: "does not exist" has to be said twice, so far apart (§10.2).
const NOT_FOUND_AFTER_MS: u64 = 5_000;

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<Zhiyoubao>()
}

/// One connection to the gateway.
pub struct Zhiyoubao {
    url: String,
    private_key: Secret,
    settings: ZhiyoubaoSettings,
}

#[async_trait]
impl Supplier for Zhiyoubao {
    type Settings = ZhiyoubaoSettings;

    fn card() -> Card<SupplierCapabilities> {
        let mut calls = Calls::book().repeatable().inquire(NOT_FOUND_AFTER_MS).cancel(CancelAbility::parts().inquire());
        calls.usage = Some(UsageAbility { poll_ms: 60_000 });
        calls.calendar = Some(CalendarAbility { days_limit: slots::DAYS_LIMIT });
        calls.resend = vec![ResendWay::Message, ResendWay::Credentials];
        Card {
            id: "zhiyoubao",
            family: "zhiyoubao",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Books, cancels and follows tickets at the Zhiyoubao gateway (智游宝).",
            capabilities: calls.into(),
            secrets: vec!["private_key"],
            scenes: hearing::scenes(),
            // Everything it says is XML and carries guests' data: nothing of it is shown in clear.
            clear_fields: vec![],
        }
    }

    async fn open(context: &OpenContext, settings: ZhiyoubaoSettings) -> Result<Self, Fault> {
        settings.check()?;
        let url = context.base_url()?.to_owned();
        let private_key = context.secret("private_key").await?;
        if private_key.expose().is_empty() {
            return Err(Fault::invalid("secrets.private_key: must not be empty"));
        }
        Ok(Self { url, private_key, settings })
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        self.place(call, &order).await
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        self.query(call, &order).await
    }

    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
    ) -> Result<Cancellation, Fault> {
        self.ask_back(call, &order, &units, &key).await
    }

    async fn inquire_cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        _key: String,
        memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        self.audit(call, &order, &units, memo).await
    }

    async fn usage(&self, call: &Call<()>, order: SupplierOrder) -> Result<Usage, Fault> {
        Ok(self.counters(call, &order).await?.usage())
    }

    async fn resend(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        how: ResendWay,
        _key: String,
    ) -> Result<Resent, Fault> {
        self.show_again(call, &order, how).await
    }

    async fn read_calendar(
        &self,
        call: &Call<()>,
        product_code: String,
        dates: (VisitDate, VisitDate),
        _page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        self.slot_stock(call, &product_code, dates).await
    }

    fn hear(&self, raw: &RawRequest) -> Result<Heard, Fault> {
        hearing::hear(raw, &self.private_key)
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        hearing::ready_answers()
    }
}

impl Zhiyoubao {
    /// One transaction: its request's name and body, and the names its answer may bear.
    async fn transact(
        &self,
        call: &Call<()>,
        name: &'static str,
        answers: &[&str],
        body: impl FnOnce(&mut xml::Writer),
    ) -> Result<Answer, Fault> {
        let response = self.ask(call, name, body).await?;
        Answer::read(&response, answers)
    }

    /// The same with the answer as it came.
    async fn ask(
        &self,
        call: &Call<()>,
        name: &'static str,
        body: impl FnOnce(&mut xml::Writer),
    ) -> Result<HttpResponse, Fault> {
        let envelope = Envelope::new(name, &self.settings, call.now(), body);
        let request = envelope.request(name, &self.url, &self.private_key).timeout_ms(self.settings.timeout_ms);
        call.http(request.build()).await
    }
}

/// The main order's number there (§10.1).
fn main_number(order: &SupplierOrder) -> &str {
    order.order.as_str()
}

/// The line's number there: unique, and the one that parts go by (§3).
fn line_number(order: &SupplierOrder) -> String {
    format!("{}-1", order.order)
}
