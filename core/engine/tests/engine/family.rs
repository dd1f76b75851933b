//! Two plugins of one family on one application that take the same paths, each in words of its own.

use std::sync::Arc;

use async_trait::async_trait;
use entrepot_contract::capability::{Capabilities, ChannelCapabilities};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::intent::{CreateOrder, Intent};
use entrepot_contract::listing::{Listing, ListingNames};
use entrepot_contract::manifest::{Manifest, PluginKind, Scene};
use entrepot_contract::message::{CallContext, OpenRequest, Opened, Request, Response, TokenMode};
use entrepot_contract::outcome::{Outcome, Reason};
use entrepot_contract::plugin::{Instance, Plugin};
use entrepot_contract::services::Services;
use entrepot_domain::catalogue::ConnectionRules;
use entrepot_domain::command::{Body, CatalogueEntry};
use entrepot_host::{InstanceKey, InstanceLimits, OpenOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fakes::manifest;
use crate::house::*;

/// Its scenes: name, path, limit. One path has another name here than at the first plugin.
const SCENES: [(&str, &str, u32); 2] = [("make", "create", 3_000), ("issue", "issue", 4_000)];

/// A message of the second plugin: the first one finds no product in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Message {
    sign: String,
    account: Option<String>,
    text: Option<String>,
    intent: Value,
}

/// The second plugin of the family: sells pairs.
pub struct OtherPlugin;

fn words(text: &str) -> RawResponse {
    RawResponse::json(serde_json::to_vec(&json!({ "other": text })).unwrap())
}

#[async_trait]
impl Plugin for OtherPlugin {
    fn manifest(&self) -> Manifest {
        let scene = |(name, path, limit_ms): &(&str, &str, u32)| Scene {
            name: name.parse().unwrap(),
            action: (*name).to_owned(),
            method: "POST".to_owned(),
            path: (*path).to_owned(),
            limit_ms: *limit_ms,
            fact: false,
        };
        let capabilities = Capabilities { channel: Some(ChannelCapabilities::default()), supplier: None };
        manifest("fake-trips", PluginKind::Channel, capabilities, SCENES.iter().map(scene).collect())
    }

    async fn open(&self, _: OpenRequest, _: Arc<dyn Services>) -> Result<(Arc<dyn Instance>, Opened), Fault> {
        let answers = SCENES.iter().map(|(name, ..)| ReadyAnswers {
            scene: name.parse().unwrap(),
            busy: words("busy"),
            timed_out: words("timed out"),
            refused: words("refused"),
            unplaced: words("unplaced"),
            stored: None,
            malformed: words("malformed"),
        });
        Ok((Arc::new(Open), Opened { answers: answers.collect() }))
    }
}

struct Open;

#[async_trait]
impl Instance for Open {
    async fn call(&self, _: CallContext, request: Request, _: Arc<dyn Services>) -> Result<Response, Fault> {
        let Request::Channel(request) = request else { return Err(Fault::unsupported("supplier")) };
        let scene = match &request {
            ChannelRequest::Locate { raw } | ChannelRequest::Decode { raw } => raw.scene.to_string(),
            ChannelRequest::Encode { scene, .. } => scene.to_string(),
            _ => return Err(Fault::unsupported("this")),
        };
        assert!(SCENES.iter().any(|(name, ..)| *name == scene), "{scene} is no scene of this plugin");
        let read = |raw: &RawRequest| -> Result<Message, Fault> {
            serde_json::from_slice(&raw.body).map_err(|error| Fault::invalid(error.to_string()))
        };
        Ok(Response::Channel(match request {
            ChannelRequest::Locate { raw } => {
                let message = read(&raw)?;
                if message.sign != "good" {
                    return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
                }
                let names = ListingNames { sku_out: message.text, ..ListingNames::default() };
                ChannelResponse::Located(Located { account: message.account, names, ..Located::default() })
            }
            ChannelRequest::Decode { raw } => {
                let intent = serde_json::from_value(read(&raw)?.intent);
                let intent: Intent = intent.map_err(|error| Fault::invalid(error.to_string()))?;
                ChannelResponse::Decoded { intent: Box::new(intent) }
            }
            ChannelRequest::Encode { outcome, .. } => {
                let raw = RawResponse::json(serde_json::to_vec(&json!({ "trips": outcome })).unwrap());
                ChannelResponse::Encoded { raw }
            }
            _ => return Err(Fault::unsupported("this")),
        }))
    }

    async fn close(&self) {}
}

/// A house whose first application has both plugins; `open`: whether the second one is.
async fn family(open: bool) -> House {
    let house = House::new().await;
    let key = InstanceKey::new(id("fake-trips"), id("app"));
    if open {
        let request = OpenRequest {
            application: id("app"),
            base_url: None,
            token_mode: TokenMode::Fixed,
            extra_headers: Vec::new(),
            settings: json!({}),
        };
        let options = OpenOptions { limits: InstanceLimits::new(64, 60_000), ..OpenOptions::default() };
        house.engine.host().open(key, request, options).await.unwrap();
    }
    let mut directory = (*house.engine.directory()).clone();
    let card = house.engine.host().manifest(&id("fake-trips")).unwrap();
    directory.applications.get_mut(&id("app")).unwrap().plugins.insert(id("fake-trips"), card);
    let ConnectionRules::Channel(mut rules) = channel("app") else { panic!() };
    rules.pairs = Some('|');
    let trips = connection("trips", "fake-trips", "app", ConnectionRules::Channel(rules));
    directory.connections.insert(id("trips"), trips);
    house.engine.replace_directory(directory);
    let names = ListingNames { sku_out: Some("trip-own".to_owned()), ..ListingNames::default() };
    let entries = vec![CatalogueEntry::Listing(Listing { names, ..listing("trips", "own") })];
    house.done(Body::PutCatalogue { entries }).await;
    house
}

async fn call(house: &House, scene: &str, body: &Value) -> (Value, &'static str) {
    let raw = RawRequest {
        scene: id(scene),
        method: "POST".to_owned(),
        query: String::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: serde_json::to_vec(body).unwrap(),
    };
    let answered = house.engine.inbound(id("app"), scene.to_owned(), raw, id("trace")).await;
    (serde_json::from_slice(&answered.raw.unwrap().body).unwrap(), answered.verdict)
}

/// A create in the second plugin's words.
fn trip(number: &str, text: &str) -> Value {
    let Intent::CreateOrder(mut made) = create(number, "own", 1, None) else { panic!() };
    made.wish.names = ListingNames { sku_out: Some(text.to_owned()), ..ListingNames::default() };
    let intent = serde_json::to_value(Intent::CreateOrder(CreateOrder { ..made })).unwrap();
    json!({ "sign": "good", "account": "account", "text": text, "intent": intent })
}

/// A create in the first one's.
fn ticket(number: &str, product: &str) -> Value {
    let intent = serde_json::to_value(create(number, product, 1, None)).unwrap();
    json!({ "sign": "good", "account": "account", "order": number, "product": product, "intent": intent })
}

fn refused(said: &Value) -> entrepot_contract::outcome::Refusal {
    match serde_json::from_value(said.clone()) {
        Ok(Outcome::Refused(refusal)) => refusal,
        other => panic!("{other:?} in {said}"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_is_read_and_answered_by_the_plugin_that_it_belongs_to() {
    let house = family(true).await;
    let (said, verdict) = call(&house, "create", &ticket("1", "own")).await;
    assert_eq!((said["outcome"].as_str(), verdict), (Some("created"), "done"));
    let (said, verdict) = call(&house, "create", &trip("2", "trip-own")).await;
    assert_eq!((said["trips"]["outcome"].as_str(), verdict), (Some("created"), "done"));
    for (number, connection) in [("1", "shop"), ("2", "trips")] {
        assert_eq!(house.order(number).await.unwrap().connection, id(connection));
    }
    // What comes later about an order is read by whoever made it.
    let intent = serde_json::to_value(issue("2")).unwrap();
    let (said, _) = call(&house, "issue", &json!({ "sign": "good", "order": "2", "intent": intent })).await;
    assert!(said["trips"].is_object(), "{said}");
    house.sound().await;
}

#[tokio::test(start_paused = true)]
async fn the_words_that_are_ready_are_those_of_the_plugin_that_it_belongs_to() {
    let house = family(true).await;
    let (said, verdict) = call(&house, "create", &json!({ "sign": "bad", "intent": issue("1") })).await;
    assert_eq!((said["ready"].as_str(), verdict), (Some("refused"), "unauthenticated"));
    let mut unreadable = trip("1", "trip-own");
    unreadable["intent"] = json!({ "intent": "create_order" });
    let (said, verdict) = call(&house, "create", &unreadable).await;
    assert_eq!((said["other"].as_str(), verdict), (Some("malformed"), "malformed"));
}

#[tokio::test(start_paused = true)]
async fn a_question_about_what_nobody_lists_is_refused_by_the_plugin_that_reads_it() {
    let house = family(true).await;
    for (text, sentence) in [("trip｜own", "全角"), ("trip|own", "不是任何规格")] {
        let (said, verdict) = call(&house, "create", &trip("1", text)).await;
        let refusal = refused(&said["trips"]);
        assert_eq!((refusal.reason, verdict), (Reason::OffSale, "unplaced"), "{text}");
        assert!(refusal.zh.unwrap().contains(sentence), "{text}");
    }
    let (said, _) = call(&house, "create", &ticket("1", "nothing")).await;
    assert_eq!(refused(&said).reason, Reason::OffSale);
    let intent = serde_json::to_value(issue("9")).unwrap();
    let (said, _) = call(&house, "issue", &json!({ "sign": "good", "order": "9", "intent": intent })).await;
    assert_eq!(refused(&said).reason, Reason::OrderUnknown);
    assert_eq!(house.orders(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_may_belong_to_a_plugin_that_is_not_open_waits_for_it() {
    let house = family(false).await;
    let (said, verdict) = call(&house, "create", &ticket("1", "own")).await;
    assert_eq!((said["outcome"].as_str(), verdict), (Some("created"), "done"));
    let (said, verdict) = call(&house, "create", &trip("2", "trip-own")).await;
    assert_eq!((said["ready"].as_str(), verdict), (Some("busy"), "plugin_not_open"));
}
