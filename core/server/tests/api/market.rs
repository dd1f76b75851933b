//! A channel that is told calendars and products and can be asked about its own side.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use entrepot_contract::capability::{CalendarNotices, Capabilities, ChannelCapabilities, Duty, Pairs, Scope};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::looking::{Look, LookName, ProductSeen, Seen, ShopSeen};
use entrepot_contract::manifest::{LogRules, Manifest, PluginKind, Scene};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::notice::Told;
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_contract::version::CONTRACT;
use serde_json::{Value, json};
use tokio::sync::watch;

/// The market: what it was told, and what it says of itself.
pub struct Market {
    /// Names of the notices, in order.
    pub told: watch::Sender<Vec<&'static str>>,
    pub products: Mutex<Vec<ProductSeen>>,
    pub shops: Mutex<Vec<&'static str>>,
    /// What every question is answered with, where it is not none.
    pub fault: Mutex<Option<Fault>>,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            told: watch::Sender::new(Vec::new()),
            products: Mutex::default(),
            shops: Mutex::default(),
            fault: Mutex::default(),
        }
    }
}

impl Market {
    /// A product that it knows by our SKU.
    pub fn knows(&self, sku_out: &str, on_sale: bool) {
        let names = ListingNames { sku_out: Some(sku_out.to_owned()), ..ListingNames::default() };
        let (title, audit) = (format!("The {sku_out}"), Some("approved".to_owned()));
        self.products.lock().unwrap().push(ProductSeen { names, title, on_sale, audit, price: None, stock: None });
    }

    /// Waits until it was told so many notices of a name.
    pub async fn until_told(&self, name: &str, count: usize) {
        let mut told = self.told.subscribe();
        let enough = |told: &Vec<&'static str>| told.iter().filter(|one| **one == name).count() >= count;
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), told.wait_for(enough)).await;
        waited.unwrap_or_else(|_| panic!("the market was not told {name} {count} times")).unwrap();
    }

    fn look(&self, what: Look) -> Result<Seen, Fault> {
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        Ok(match what {
            Look::Product { names } => {
                let all = self.products.lock().unwrap();
                Seen::Products { products: all.iter().filter(|one| names.answers_to(&one.names)).cloned().collect() }
            }
            Look::Shops { .. } => {
                let shop = |id: &&str| ShopSeen { id: (*id).to_owned(), name: "East gate".to_owned(), out_id: None };
                Seen::Shops { shops: self.shops.lock().unwrap().iter().map(shop).collect(), next: None }
            }
            Look::Order { .. } | Look::Orders { .. } => Seen::Orders { orders: Vec::new(), next: None },
            _ => return Err(Fault::unsupported("look")),
        })
    }
}

/// Values that put the market in the place of the lakeside park's channel.
pub fn configured(more: Value) -> Value {
    let mut channel = json!({
        "plugin": "market", "application": "fair", "account_id": "70001", "shop_ids": ["71001", "71002"],
        "distributor": "bluebird", "settings": { "mode": "sync", "pin": "9137" },
    });
    for (name, value) in more.as_object().unwrap() {
        channel[name] = value.clone();
    }
    json!({
        "applications": { "fair": { "family": "fair" } },
        "merchants": { "lakeside": { "channels": { "lakeside-market": channel } } },
    })
}

pub struct MarketPlugin(pub Arc<Market>);

fn words(text: &str) -> RawResponse {
    RawResponse::json(serde_json::to_vec(&json!({ "answer": text })).unwrap())
}

#[async_trait]
impl Plugin for MarketPlugin {
    fn manifest(&self) -> Manifest {
        let notices: Vec<String> = ["calendar", "product"].map(str::to_owned).into();
        let scope = |name: &str, optional| Scope { name: name.to_owned(), what: "selling".to_owned(), optional };
        let channel = ChannelCapabilities {
            repeatable_notices: notices.clone(),
            notices,
            looks: vec![LookName::Order, LookName::Orders, LookName::Product, LookName::Shops],
            calendar: Some(CalendarNotices { dates_limit: 60, skus_limit: 10, horizon_days: 60 }),
            scopes: vec![scope("trade.create", false), scope("trade.extra", true)],
            pairs: Some(Pairs { separator: '|' }),
            duties: vec![Duty {
                name: "console".to_owned(),
                zh: "平台后台已开启预约".to_owned(),
                en: "reservations are switched on in the console".to_owned(),
            }],
            ..ChannelCapabilities::default()
        };
        let scene = |name: &str| Scene {
            name: name.parse().unwrap(),
            action: format!("market.{name}"),
            method: "POST".to_owned(),
            path: name.to_owned(),
            limit_ms: 4_000,
            fact: false,
        };
        Manifest {
            id: "market".parse().unwrap(),
            kind: PluginKind::Channel,
            family: "fair".parse().unwrap(),
            version: "1".to_owned(),
            contract: CONTRACT,
            summary: "for tests".to_owned(),
            capabilities: Capabilities { channel: Some(channel), supplier: None },
            instance_settings: json!({}),
            connection_settings: json!({ "type": "object", "properties": {
                "mode": { "type": "string", "description": "how orders come" },
                "pin": { "type": "string", "writeOnly": true },
            } }),
            secrets: Vec::new(),
            scenes: vec![scene("hello"), scene("create")],
            rates: vec![],
            log: LogRules::default(),
            panic: "unwind".to_owned(),
        }
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let ready = |scene: &str| ReadyAnswers {
            scene: scene.parse().unwrap(),
            busy: words("busy"),
            timed_out: words("timed out"),
            refused: words("refused"),
            unplaced: words("unplaced"),
            stored: None,
            malformed: words("malformed"),
        };
        let answers = vec![ready("hello"), ready("create")];
        Ok((Arc::new(OpenMarket(self.0.clone())), Opened { answers }))
    }
}

struct OpenMarket(Arc<Market>);

#[async_trait]
impl Instance for OpenMarket {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        let Request::Channel(request) = request else { return Err(Fault::unsupported("supplier")) };
        Ok(Response::Channel(match request {
            ChannelRequest::Locate { raw } if raw.header("sign") == Some("good") => ChannelResponse::Located(Located {
                account: Some("70001".to_owned()),
                partner_trace: Some("log-4711".to_owned()),
                ..Located::default()
            }),
            ChannelRequest::Locate { .. } => {
                return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
            }
            ChannelRequest::Decode { .. } => {
                let intent = Box::new(Intent::Handshake { challenge: json!("c") });
                ChannelResponse::Decoded { intent }
            }
            ChannelRequest::Encode { .. } => ChannelResponse::Encoded { raw: words("fine") },
            ChannelRequest::Deliver { notice } => {
                self.0.told.send_modify(|told| told.push(notice.name()));
                ChannelResponse::Told(Told::Done)
            }
            ChannelRequest::Look { what } => ChannelResponse::Seen(Box::new(self.0.look(*what)?)),
            ChannelRequest::Unknown => return Err(Fault::unsupported("unknown")),
        }))
    }

    async fn close(&self) {}
}
