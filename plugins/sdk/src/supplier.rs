//! The trait of those who fulfil.

use async_trait::async_trait;
use entrepot_contract::capability::SupplierCapabilities;
use entrepot_contract::fault::Fault;
use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
use entrepot_contract::supplier::{Booking, Cancellation, CodeRow, PreparedCode, SupplierOrder};

use crate::card::Card;
use crate::context::{Call, OpenContext};
use crate::settings::Settings;

/// A supplier. One instance serves one connection. Implement what the card declares: the rest never arrives.
///
/// A call with effect that ends without a clear answer is a fault whose effect is unknown, never a refusal: the core
/// inquires then. A refusal is an answer (`Booking::Refused`), not a fault.
#[async_trait]
pub trait Supplier: Sized + Send + Sync + 'static {
    /// The connection's settings.
    type Settings: Settings;

    /// Who it is; the same at every call.
    fn card() -> Card<SupplierCapabilities>;

    /// Opens an instance: reads secrets, checks what a schema cannot.
    async fn open(context: &OpenContext, settings: Self::Settings) -> Result<Self, Fault>;

    /// Books and issues. `order.order` is the key: repeats carry the same.
    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let _ = (call, order);
        Err(Fault::unsupported("book"))
    }

    /// What became of it? Asked first when an outcome is unknown.
    async fn inquire(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let _ = (call, order);
        Err(Fault::unsupported("inquire"))
    }

    /// Gives units back: those numbers of the order. `key` is the same for every repeat.
    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        key: String,
    ) -> Result<Cancellation, Fault> {
        let _ = (call, order, units, key);
        Err(Fault::unsupported("cancel"))
    }

    /// Turns imported rows into credentials; one answer a row, in order. Only where fulfilment is a pool.
    async fn prepare_codes(&self, call: &Call<()>, rows: Vec<CodeRow>) -> Result<Vec<PreparedCode>, Fault> {
        let _ = (call, rows);
        Err(Fault::unsupported("prepare_codes"))
    }
}

/// One credential a unit, in order from unit 1. Garbled, with unknown effect, unless there is exactly one for each of
/// `count` units and none is empty.
pub fn one_a_unit(count: u16, kind: CredentialKind, values: Vec<String>) -> Result<Vec<UnitCredentials>, Fault> {
    if values.len() != usize::from(count) || values.iter().any(String::is_empty) {
        return Err(Fault::garbled(format!("{} credentials for {count} units, or an empty one", values.len())));
    }
    let unit =
        |(unit, value)| UnitCredentials { unit, credentials: vec![Credential { kind, value, document_kind: None }] };
    Ok((1..).zip(values).map(unit).collect())
}
