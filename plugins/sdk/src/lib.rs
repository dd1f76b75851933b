//! All that the author of a plugin needs.
//!
//! An author implements one trait, [`Channel`] or [`Supplier`], and hands it over with [`plugin_of_channel`] or
//! [`plugin_of_supplier`]. Built in, the host calls the result directly; as a library, [`export_plugin!`] puts the
//! same thing behind a C table.
//!
//! - [`card`]: who a plugin is and what it can do.
//! - [`channel`]: the trait of those who sell; [`supplier`]: the trait of those who fulfil.
//! - [`settings`]: typed settings, their schemas, and faults that name the key.
//! - [`context`]: what an opening and a call know, and what they may ask of the host.
//! - [`http`]: building calls to the partner, reading its answers; JSON, forms and queries. [`xml`]: the same for XML.
//! - [`sign`]: digests and signatures; [`money`]: amounts as text; [`dates`]: local times as text.
//! - [`adapt`]: turns the author's type into the contract's `Plugin`.
//! - [`library`]: runs a plugin inside a library: runtime, calls, services (safe).
//! - [`export`]: the C functions over [`library`] and the export macro (the only unsafe code).
//! - [`testing`]: opens a plugin over real bytes against a scripted host.
//! - [`demo`]: what simulators and demo journeys implement.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod adapt;
pub mod card;
pub mod channel;
pub mod context;
pub mod dates;
pub mod demo;
pub mod export;
pub mod http;
pub mod library;
pub mod money;
pub mod settings;
pub mod sign;
pub mod supplier;
pub mod testing;
pub mod xml;

pub use adapt::{plugin_of_channel, plugin_of_supplier};
pub use async_trait::async_trait;
pub use card::{Card, SceneCard};
pub use channel::Channel;
pub use context::{Call, Connection, OpenContext, Secret};
pub use entrepot_contract as contract;
pub use supplier::Supplier;

/// One `use` for a plugin's source.
pub mod prelude {
    pub use std::sync::Arc;

    pub use async_trait::async_trait;
    pub use entrepot_contract::capability::{Calls, CancelAbility, ChannelCapabilities, SupplierCapabilities};
    pub use entrepot_contract::channel::{Located, RawRequest, RawResponse, ReadyAnswers};
    pub use entrepot_contract::fault::{Effect, Fault, FaultKind};
    pub use entrepot_contract::ids::{ChannelOrderId, OrderId, SceneName, SupplierReference};
    pub use entrepot_contract::intent::Intent;
    pub use entrepot_contract::looking::{Look, Seen};
    pub use entrepot_contract::manifest::ApiRate;
    pub use entrepot_contract::money::{Currency, Money};
    pub use entrepot_contract::notice::{Notice, OrderEvent, OrderNotice, RefundDecision, Told};
    pub use entrepot_contract::order::{Credential, CredentialKind, UnitCredentials};
    pub use entrepot_contract::outcome::{Outcome, Reason, Refusal};
    pub use entrepot_contract::plugin::Plugin;
    pub use entrepot_contract::services::{HttpRequest, HttpResponse, LogLevel};
    pub use entrepot_contract::supplier::{Booking, Cancellation, CodeRow, Memo, PreparedCode, SupplierOrder, Wait};
    pub use entrepot_contract::time::{Timestamp, VisitDate};

    pub use crate::card::{Card, SceneCard};
    pub use crate::channel::Channel;
    pub use crate::context::{Call, Connection, OpenContext, Secret};
    pub use crate::dates::Zone;
    pub use crate::http;
    pub use crate::settings::NoSettings;
    pub use crate::supplier::{Supplier, one_a_unit};
    pub use crate::{plugin_of_channel, plugin_of_supplier};
}
