//! OCTO, the open standard of tours and attractions, as a reseller: holds units, books them in two phases, gives them
//! back, tells use, shows tickets again, reads goods and their calendar, and hears notices. The § signs are sections of
//! `spec/supplier-octo.md`.
//!
//! An order of ours is one booking there, whose uuid is made from our order number: a repeat can never book twice (§2). A
//! successful answer with wrong or missing values is a fault of the partner, after which nobody knows what it did.
//!
//! - [`settings`]: what a connection is set up with.
//! - [`product_code`]: what a SKU names: product, option and unit type.
//! - [`booking_uuid`]: the uuid of an order's booking.
//! - [`exchange`]: one call: headers, capabilities, statuses (§§1, 6).
//! - [`refused`]: errors by their id (§5).
//! - [`wire`]: the models as they are read (§3).
//! - [`price`]: prices of the capability `octo/pricing` (§6).
//! - [`contact`]: guests as contacts (§3).
//! - [`wanted`]: an order in the protocol's words, and whether a booking is it (§§2, 3, 7).
//! - [`slot`]: the availability that an order books (§4).
//! - [`booking`]: reserve, extend, confirm, release, and what is there (§4).
//! - [`refunding`]: cancellations, whole and in part (§4).
//! - [`tickets`]: what a guest shows (§3).
//! - [`showing`]: use, and tickets shown again (§4).
//! - [`reading`]: goods and calendar (§2).
//! - [`hearing`]: notices, which carry nothing to believe (§6).

mod booking;
mod booking_uuid;
mod contact;
mod exchange;
mod hearing;
mod price;
mod product_code;
mod reading;
mod refunding;
mod refused;
mod settings;
mod showing;
mod slot;
mod tickets;
mod wanted;
mod wire;

use entrepot_sdk::contract::capability::{CalendarAbility, HoldAbility, UsageAbility};
use entrepot_sdk::contract::hearing::Heard;
use entrepot_sdk::contract::reading::{CalendarPage, CataloguePage};
use entrepot_sdk::contract::supplier::{Holding, ResendWay, Resent, Usage};
use entrepot_sdk::prelude::*;

pub use settings::{Names, OctoSettings};

/// Most units of one booking: the page names no limit, an answer with more would outgrow what is read.
const UNITS_LIMIT: u16 = 500;

/// The page does not say that what was written is read at once, so "nobody knows it" has to be said twice.
const NOT_FOUND_AFTER_MS: u64 = 5_000;

/// How often a booking is asked about on its day, in milliseconds.
const USAGE_POLL_MS: u64 = 60_000;

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_supplier::<OctoSupplier>()
}

/// One connection to an OCTO supplier.
pub struct OctoSupplier {
    base_url: String,
    api_key: Secret,
    webhook_password: Option<Secret>,
    extra_headers: Vec<(String, String)>,
    settings: OctoSettings,
}

#[async_trait]
impl Supplier for OctoSupplier {
    type Settings = OctoSettings;

    fn card() -> Card<SupplierCapabilities> {
        let cancel = CancelAbility::parts().repeatable().inquire();
        let mut calls = Calls::book().repeatable().units_limit(UNITS_LIMIT).inquire(NOT_FOUND_AFTER_MS).cancel(cancel);
        calls.hold = Some(HoldAbility { longest_ms: booking::LONGEST_HOLD_MS, extends: true });
        calls.usage = Some(UsageAbility { poll_ms: USAGE_POLL_MS });
        calls.resend = vec![ResendWay::Credentials];
        calls.catalogue = true;
        calls.calendar = Some(CalendarAbility { days_limit: reading::DAYS_LIMIT });
        Card {
            id: "octo-supplier",
            family: "octo",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Holds, books, cancels and follows tickets at a supplier that speaks OCTO.",
            capabilities: calls.into(),
            secrets: vec!["api_key", "webhook_password"],
            scenes: hearing::scenes(),
            // Neither codes nor guests, and no free texts.
            clear_fields: vec![
                "uuid",
                "status",
                "productId",
                "optionId",
                "unitId",
                "availabilityId",
                "availabilityIds",
                "resellerReference",
                "supplierReference",
                "localDate",
                "localDateStart",
                "localDateEnd",
                "localDateTimeStart",
                "utcExpiresAt",
                "utcConfirmedAt",
                "utcRedeemedAt",
                "expirationMinutes",
                "available",
                "vacancies",
                "cancellable",
                "refund",
                "quantity",
                "net",
                "retail",
                "currency",
                "currencyPrecision",
                "error",
            ],
        }
    }

    async fn open(context: &OpenContext, settings: OctoSettings) -> Result<Self, Fault> {
        settings.check()?;
        let base_url = context.base_url()?.to_owned();
        let api_key = context.secret("api_key").await?;
        if api_key.expose().is_empty() {
            return Err(Fault::invalid("secrets.api_key: must not be empty"));
        }
        let webhook_password = match context.secret("webhook_password").await {
            Ok(password) => Some(password).filter(|password| !password.expose().is_empty()),
            Err(fault) if fault.kind == FaultKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        Ok(Self { base_url, api_key, webhook_password, extra_headers: context.extra_headers.clone(), settings })
    }

    async fn hold(&self, call: &Call<()>, order: SupplierOrder, until: Timestamp) -> Result<Holding, Fault> {
        self.hold_units(call, &order, until).await
    }

    async fn release(&self, call: &Call<()>, order: SupplierOrder) -> Result<(), Fault> {
        self.release_units(call, &order).await
    }

    async fn book(&self, call: &Call<()>, order: SupplierOrder) -> Result<Booking, Fault> {
        self.book_units(call, &order).await
    }

    async fn inquire(&self, call: &Call<()>, order: SupplierOrder, _memo: Option<Memo>) -> Result<Booking, Fault> {
        self.found(call, &order).await
    }

    async fn cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        _key: String,
    ) -> Result<Cancellation, Fault> {
        self.give_back(call, &order, &units).await
    }

    async fn inquire_cancel(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        units: Vec<u16>,
        _key: String,
        _memo: Option<Memo>,
    ) -> Result<Cancellation, Fault> {
        self.given_back(call, &order, &units).await
    }

    async fn usage(&self, call: &Call<()>, order: SupplierOrder) -> Result<Usage, Fault> {
        self.used_units(call, &order).await
    }

    async fn resend(
        &self,
        call: &Call<()>,
        order: SupplierOrder,
        _how: ResendWay,
        _key: String,
    ) -> Result<Resent, Fault> {
        self.tickets_again(call, &order).await
    }

    async fn read_catalogue(&self, call: &Call<()>, page: Option<String>) -> Result<CataloguePage, Fault> {
        self.goods(call, page).await
    }

    async fn read_calendar(
        &self,
        call: &Call<()>,
        product_code: String,
        dates: (VisitDate, VisitDate),
        page: Option<String>,
    ) -> Result<CalendarPage, Fault> {
        self.cells(call, &product_code, dates, page).await
    }

    fn hear(&self, raw: &RawRequest) -> Result<Heard, Fault> {
        hearing::hear(raw, &self.settings.webhook_user, self.webhook_password.as_ref())
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        hearing::ready_answers()
    }
}
