//! Simulated partners, as the demo starts them.

use std::sync::Arc;

use douyin_simulator::{Platform, PlatformOptions};
use entrepot_contract::async_trait;
use entrepot_sdk::demo::{Running, Simulator};
use serde_json::json;
use simple_gate_simulator::SimpleGate;
use zhiyoubao_simulator::{Options, Zhiyoubao};

/// Names of applications, connections and credentials of `config/demo.toml`.
pub mod names {
    /// How long the simulated platform waits for the codes of a reservation.
    pub const ISSUE_MS: i64 = 8_000;
    /// The group-buy connection, and its account.
    pub const GROUPBUY: (&str, &str) = ("lakeside-groupbuy", "70011");
    /// The application that both merchants share.
    pub const APPLICATION: &str = "douyin-demo";
    /// Its published key.
    pub const CLIENT_KEY: &str = "awtestkey000001";
    /// Its published secret.
    pub const CLIENT_SECRET: &str = "0123456789abcdef0123456789ABCDEF";
    /// The gate's published token.
    pub const GATE_TOKEN: &str = "demo-gate-token";
    /// The published key of the harbour's ticketing system.
    pub const HARBOUR_KEY: &str = "demo-harbour-key";
    /// The harbour's connection; the demo adds it, because its plugin is not in `config/demo.toml`.
    pub const HARBOUR: &str = "lakeside-harbour";
    /// The supplier connection of the scenic area.
    pub const SCENIC: &str = "lakeside-scenic";
    /// The distributor's company code and user at its gateway.
    pub const SCENIC_USER: (&str, &str) = ("DEMOCORP", "demo");
    /// The published key beside them.
    pub const SCENIC_KEY: &str = "0123456789ABCDEF0123456789ABCDEF";
}

/// The simulated Douyin platform.
pub struct DouyinPlatform;

#[async_trait]
impl Simulator for DouyinPlatform {
    fn name(&self) -> &'static str {
        "douyin"
    }

    async fn start(&self) -> Result<Running, String> {
        let mut options = PlatformOptions::new(names::CLIENT_KEY, names::CLIENT_SECRET, names::APPLICATION);
        options.order_mode = douyin_simulator::OrderMode::BeforePayment;
        // Ten minutes, in a play that is to end: as `deadlines.issue_s` of the connection says.
        options.group_buy.issue_ms = names::ISSUE_MS;
        // Order numbers of this run meet none of an earlier run on the same database.
        options.seed = u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or(1);
        let platform = Platform::start(options).await.map_err(|fault| format!("the simulated platform: {fault}"))?;
        let url = platform.openapi_base();
        let overlay = json!({ "applications": { (names::APPLICATION): { "base_url": url } } });
        Ok(Running { name: self.name(), url, overlay, handle: Arc::new(platform) })
    }
}

/// The simulated ticket gate.
pub struct TicketGate;

#[async_trait]
impl Simulator for TicketGate {
    fn name(&self) -> &'static str {
        "simple-gate"
    }

    async fn start(&self) -> Result<Running, String> {
        let gate =
            SimpleGate::start(names::GATE_TOKEN).await.map_err(|fault| format!("the simulated gate: {fault}"))?;
        let url = gate.url.clone();
        let overlay = json!({ "merchants": { "lakeside": { "suppliers": { "lakeside-gate": { "base_url": url } } } } });
        Ok(Running { name: self.name(), url, overlay, handle: Arc::new(gate) })
    }
}

/// A simulated ticketing system that speaks OCTO.
pub struct Harbour;

#[async_trait]
impl Simulator for Harbour {
    fn name(&self) -> &'static str {
        "octo"
    }

    async fn start(&self) -> Result<Running, String> {
        let options = octo_simulator::Options::new(names::HARBOUR_KEY);
        let harbour = octo_simulator::Supplier::start(options).await;
        let harbour = harbour.map_err(|fault| format!("the simulated OCTO supplier: {fault}"))?;
        let url = harbour.url.clone();
        let connection = json!({
            "plugin": "octo-supplier",
            "base_url": url,
            "credentials": { "api_key": names::HARBOUR_KEY },
            "settings": { "currency": "CNY", "capabilities_answered": true },
        });
        let overlay = json!({
            "plugins": { "octo-supplier": {} },
            "merchants": { "lakeside": { "suppliers": { (names::HARBOUR): connection } } },
        });
        Ok(Running { name: self.name(), url, overlay, handle: Arc::new(harbour) })
    }
}

/// The simulated gateway of a scenic area.
pub struct ScenicGateway;

#[async_trait]
impl Simulator for ScenicGateway {
    fn name(&self) -> &'static str {
        "zhiyoubao"
    }

    async fn start(&self) -> Result<Running, String> {
        let (corp_code, user_name) = names::SCENIC_USER;
        let gateway = Zhiyoubao::start(Options::new(corp_code, user_name, names::SCENIC_KEY)).await;
        let gateway = gateway.map_err(|fault| format!("the simulated gateway: {fault}"))?;
        let url = gateway.url.clone();
        let overlay = json!({ "merchants": { "lakeside": { "suppliers": { (names::SCENIC): { "base_url": url } } } } });
        Ok(Running { name: self.name(), url, overlay, handle: Arc::new(gateway) })
    }
}
