//! The trait of those who fulfil.

use async_trait::async_trait;
use entrepot_contract::capability::SupplierCapabilities;
use entrepot_contract::channel::{RawRequest, ReadyAnswers};
use entrepot_contract::fault::Fault;
use entrepot_contract::hearing::Heard;
use entrepot_contract::manifest::ApiRate;
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_contract::reading::{CalendarPage, CataloguePage};
use entrepot_contract::supplier::{
    Booking, Cancellation, CodeRow, Holding, Memo, PreparedCode, ResendWay, Resent, SupplierOrder, Usage,
};
use entrepot_contract::time::{Timestamp, VisitDate};

use crate::adapt::not_written;
use crate::card::Card;
use crate::context::{Call, OpenContext};
use crate::settings::Settings;

/// A supplier. One instance serves one connection. Implement what the card declares: the rest never arrives.
///
/// A call with effect that ends without a clear answer is a fault whose effect is unknown, never a refusal: the core
/// inquires then. A refusal is an answer (`Booking::Refused`, with its reason as data), not a fault.
#[async_trait]
pub trait Supplier: Sized + Send + Sync + 'static {
    /// The connection's settings.
    type Settings: Settings;

    /// Who it is; the same at every call.
    fn card() -> Card<SupplierCapabilities>;

    /// Quotas that the partner documents for calls of one application, by the names that this plugin gives its
    /// interfaces: `vec![ApiRate::per_second("book", 50)]`. The host keeps them; the configuration may name others.
    fn rates() -> Vec<ApiRate> {
        Vec::new()
    }

    /// Opens an instance: reads secrets, checks what a schema cannot.
    async fn open(context: &OpenContext, settings: Self::Settings) -> Result<Self, Fault>;

    /// Books and issues. `order.order` is the key: repeats carry the same.
    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let _ = (call, order);
        Err(not_written("book"))
    }

    /// What became of it? Asked first when an outcome is unknown; `memo` is what the last
    /// [wait](entrepot_contract::supplier::Wait) said. `NotFound` is believed when it is said twice.
    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, memo: Option<Memo>) -> Result<Booking, Fault> {
        let _ = (call, order, memo);
        Err(not_written("inquire"))
    }

    /// Keeps units until then, or for less; a repeat with a later instant makes the hold longer. `book` confirms it.
    async fn hold(&self, call: &Call<()>, order: SupplierOrder, until: Timestamp) -> Result<Holding, Fault> {
        let _ = (call, order, until);
        Err(not_written("hold"))
    }

    /// Gives up what is held; also well when nothing is held any more.
    async fn release(&self, call: &Call<()>, order: SupplierOrder) -> Result<(), Fault> {
        let _ = (call, order);
        Err(not_written("release"))
    }

    /// Gives units back: those numbers, in order, none of them gone before. [`SupplierOrder::is_rest`] says whether the
    /// order ends with them. `key` is the same for every repeat.
    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
    ) -> Result<Cancellation, Fault> {
        let _ = (call, order, units, key);
        Err(not_written("cancel"))
    }

    /// How does that cancellation stand? Asked while it is audited, and first when its outcome is unknown.
    async fn inquire_cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
        memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        let _ = (call, order, units, key, memo);
        Err(not_written("inquire_cancel"))
    }

    /// How much was used and given back until now? Totals, not news.
    async fn usage(&self, call: &Call<()>, order: SupplierOrder) -> Result<Usage, Fault> {
        let _ = (call, order);
        Err(not_written("usage"))
    }

    /// Shows the guest his tickets again.
    async fn resend(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        how: ResendWay,
        key: String,
    ) -> Result<Resent, Fault> {
        let _ = (call, order, how, key);
        Err(not_written("resend"))
    }

    /// What is sold there, page by page.
    async fn read_catalogue(&self, call: &Call<()>, page: Option<String>) -> Result<CataloguePage, Fault> {
        let _ = (call, page);
        Err(not_written("read_catalogue"))
    }

    /// Prices and stock of one product from the first of two dates to the second, both inclusive, page by page.
    async fn read_calendar(
        &self,
        call: &Call<()>,
        product_code: String,
        dates: (VisitDate, VisitDate),
        page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        let _ = (call, product_code, dates, page);
        Err(not_written("read_calendar"))
    }

    /// A call came in for one of the card's scenes. Authentic, and what does it tell? `Unauthenticated` when the
    /// signature does not hold. Calls nobody.
    fn hear(&self, raw: &RawRequest) -> Result<Heard, Fault> {
        let _ = raw;
        Err(not_written("hear"))
    }

    /// How each scene is answered without asking the plugin.
    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        Vec::new()
    }

    /// Turns imported rows into credentials; one answer a row, in order. Only where fulfilment is a pool.
    async fn prepare_codes(&self, call: &Call<()>, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, Fault> {
        let _ = (call, rows);
        Err(not_written("prepare_codes"))
    }
}

/// One credential a unit, in the order of the units. Garbled, with unknown effect, unless there is exactly one for each
/// unit of the order and none is empty.
pub fn one_a_unit(
    order: &SupplierOrder,
    kind: CredentialKind,
    values: Vec<String>,
) -> Result<Vec<UnitCredentials>, Fault> {
    let count = order.units.len();
    if values.len() != count || values.iter().any(String::is_empty) {
        return Err(Fault::garbled(format!("{} credentials for {count} units, or an empty one", values.len())));
    }
    let credentials = |value| vec![Credential { kind, value, document_kind: None }];
    let pairs = order.units.iter().zip(values);
    Ok(pairs.map(|(unit, value)| UnitCredentials { unit: unit.number, credentials: credentials(value) }).collect())
}
