//! A supplier that answers at once: what is measured is the way to it. Built in, and as a library by the example of
//! the same name.

use std::sync::Arc;

use entrepot_sdk::prelude::*;

/// The plugin.
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<AtOnce>()
}

struct AtOnce;

#[async_trait]
impl Supplier for AtOnce {
    type Settings = NoSettings;

    fn card() -> Card<SupplierCapabilities> {
        Card {
            id: "bench-boundary",
            family: "bench",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Answers at once, for figures.",
            capabilities: Calls::book().repeatable().into(),
            secrets: Vec::new(),
            scenes: Vec::new(),
            clear_fields: Vec::new(),
        }
    }

    async fn open(_context: &OpenContext, _settings: NoSettings) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn book(&self, _call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        let codes = (0..order.count()).map(|unit| format!("{}-{unit}", order.order)).collect();
        let units = one_a_unit(&order, CredentialKind::VoucherNumber, codes)?;
        Ok(Booking::Issued { reference: None, units })
    }
}
