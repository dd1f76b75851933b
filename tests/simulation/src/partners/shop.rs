//! The channel: its messages are intents and outcomes as they are. It takes most notices twice, but not every one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use entrepot_contract::capability::{Capabilities, ChannelCapabilities};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::Intent;
use entrepot_contract::listing::ListingNames;
use entrepot_contract::manifest::{Manifest, PluginKind, Scene};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response};
use entrepot_contract::notice::{Notice, OrderEvent, OrderNotice, Told};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use serde::{Deserialize, Serialize};

use super::manifest;
use crate::house::id;
use crate::seat::Seat;

/// Scenes, and whether each brings a fact that is stored when nobody can place it.
const SCENES: [(&str, bool); 8] = [
    ("check", false),
    ("create", false),
    ("pay", true),
    ("cancel", true),
    ("issue", false),
    ("ask", false),
    ("refunded", true),
    ("query", false),
];

/// How long a call may take, in milliseconds.
const LIMIT_MS: u32 = 4_000;

/// The field of an answer that the host gave by itself.
pub(crate) const READY: &str = "ready";

/// Notices that the channel must not get twice.
const ONCE: &str = "redeemed";

/// A message of the channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) account: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) intent: Intent,
}

/// What the channel was told.
#[derive(Debug, Default)]
pub(crate) struct Shops {
    told: Mutex<Vec<OrderNotice>>,
    /// How often each notice that must come once came.
    once: Mutex<BTreeMap<String, u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shops {
    pub(crate) fn told(&self) -> Vec<OrderNotice> {
        lock(&self.told).clone()
    }

    /// Notices that came more than once and must not.
    pub(crate) fn told_twice(&self) -> Vec<String> {
        lock(&self.once).iter().filter(|(_, count)| **count > 1).map(|(token, _)| token.clone()).collect()
    }

    fn take(&self, notice: OrderNotice) {
        if let OrderEvent::Redeemed { token, .. } = &notice.event {
            *lock(&self.once).entry(token.clone()).or_default() += 1;
        }
        lock(&self.told).push(notice);
    }
}

pub(crate) struct ShopPlugin {
    pub(crate) seat: Seat,
}

#[async_trait]
impl Plugin for ShopPlugin {
    fn manifest(&self) -> Manifest {
        let notices: Vec<String> =
            ["accepted", "refused", "issued", "issue_failed", "refund_decided", ONCE].map(str::to_owned).into();
        let channel = ChannelCapabilities {
            repeatable_notices: notices.iter().filter(|name| *name != ONCE).cloned().collect(),
            notices,
            redeem_units: true,
            refund_units: true,
            ..ChannelCapabilities::default()
        };
        let scene = |(name, fact): &(&str, bool)| Scene {
            name: id(name),
            action: (*name).to_owned(),
            method: "POST".to_owned(),
            path: (*name).to_owned(),
            limit_ms: LIMIT_MS,
            fact: *fact,
        };
        let capabilities = Capabilities { channel: Some(channel), supplier: None };
        manifest("sim-shop", PluginKind::Channel, capabilities, SCENES.iter().map(scene).collect())
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let words = |text: &str| RawResponse::json(format!("{{\"{READY}\":\"{text}\"}}").into_bytes());
        let ready = |(name, fact): &(&str, bool)| ReadyAnswers {
            scene: id(name),
            busy: words("busy"),
            timed_out: words("timed out"),
            refused: words("refused"),
            unplaced: words("unplaced"),
            stored: fact.then(|| words("stored")),
            malformed: words("malformed"),
        };
        let answers = SCENES.iter().map(ready).collect();
        Ok((Arc::new(OpenShop(self.seat.clone())), Opened { answers }))
    }
}

struct OpenShop(Seat);

fn read(raw: &RawRequest) -> Result<Message, Fault> {
    serde_json::from_slice(&raw.body).map_err(|error| Fault::invalid(error.to_string()))
}

#[async_trait]
impl Instance for OpenShop {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        let Request::Channel(request) = request else { return Err(Fault::unsupported("supplier")) };
        let response = match request {
            ChannelRequest::Locate { raw } => {
                let message = read(&raw)?;
                ChannelResponse::Located(Located {
                    account: message.account,
                    order: message.order.map(|order| id(&order)),
                    names: ListingNames { product: message.product, ..ListingNames::default() },
                    ..Located::default()
                })
            }
            ChannelRequest::Decode { raw } => ChannelResponse::Decoded { intent: Box::new(read(&raw)?.intent) },
            ChannelRequest::Encode { outcome, .. } => {
                let body = serde_json::to_vec(&outcome).map_err(|error| Fault::invalid(error.to_string()))?;
                ChannelResponse::Encoded { raw: RawResponse::json(body) }
            }
            ChannelRequest::Deliver { notice } => match *notice {
                Notice::Order(notice) => self.deliver(notice).await?,
                other => return Err(Fault::unsupported(other.name())),
            },
            ChannelRequest::Look { .. } | ChannelRequest::Unknown => return Err(Fault::unsupported("unknown")),
        };
        Ok(Response::Channel(response))
    }

    async fn close(&self) {}
}

impl OpenShop {
    async fn deliver(&self, notice: OrderNotice) -> Result<ChannelResponse, Fault> {
        self.0.step("deliver").await;
        let world = self.0.world();
        let fails = world.partner_fails();
        let how = world.chance(|chance| chance.between(0, 3));
        world.note(format_args!(
            "node {} tells {} of {}{}",
            self.0.node,
            notice.event.name(),
            notice.channel_order,
            if fails { ", in trouble" } else { "" }
        ));
        match (fails, how) {
            (true, 0) => Err(Fault::not_done(FaultKind::Unavailable, "away")),
            (true, 1) => Err(Fault::unknown(FaultKind::TimedOut, "lost on its way")),
            (true, _) => {
                world.shops.take(notice);
                if how == 2 {
                    return Err(Fault::unknown(FaultKind::TimedOut, "the answer was lost"));
                }
                // Longer than anybody waits.
                tokio::time::sleep(Duration::from_secs(40)).await;
                Ok(ChannelResponse::Told(Told::Done))
            }
            (false, _) => {
                world.shops.take(notice);
                self.0.step("deliver is done").await;
                Ok(ChannelResponse::Told(Told::Done))
            }
        }
    }
}
