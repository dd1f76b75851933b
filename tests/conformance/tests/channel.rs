//! A small channel passes the suite, and fails it where it has a defect.
#![allow(clippy::unwrap_used)]

use entrepot_conformance::{ChannelSide, Fixture, Report, Sample, Side, Suite, Verdict};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;
use serde_json::json;

const SECRET: &str = "echo-secret-4711-abc";

/// Asks how much of an order was used. `SIGNED` is whether it looks at signatures.
struct Echo<const SIGNED: bool> {
    secret: Secret,
    base_url: String,
}

fn sign(secret: &str, raw: &RawRequest) -> String {
    let bytes = secret.bytes().chain(raw.query.bytes()).chain(raw.body.iter().copied());
    let sum = bytes.fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    sum.to_string()
}

fn order_of(raw: &RawRequest) -> Result<ChannelOrderId, Fault> {
    let body: serde_json::Value =
        serde_json::from_slice(&raw.body).map_err(|_| Fault::invalid("the body is no JSON"))?;
    let order = body["order"].as_str().ok_or_else(|| Fault::invalid("order: missing"))?;
    ChannelOrderId::parse(order).map_err(|fault| Fault::invalid(fault.to_string()))
}

fn told(text: &str) -> RawResponse {
    RawResponse::json(json!({"told": text}).to_string().into_bytes())
}

#[async_trait]
impl<const SIGNED: bool> Channel for Echo<SIGNED> {
    type Settings = NoSettings;
    type ConnectionSettings = NoSettings;

    fn card() -> Card<ChannelCapabilities> {
        Card {
            id: "echo",
            family: "tests",
            version: "1",
            summary: "Asks about orders.",
            capabilities: ChannelCapabilities {
                notices: vec!["accepted".to_owned()],
                ..ChannelCapabilities::default()
            },
            secrets: vec!["key"],
            scenes: vec![SceneCard {
                name: "query",
                action: "order.query",
                method: "POST",
                path: "query",
                limit_ms: 1_000,
                fact: false,
            }],
            clear_fields: vec![],
        }
    }

    async fn open(context: &OpenContext, _settings: NoSettings) -> Result<Self, Fault> {
        let base_url = context.base_url()?.to_owned();
        Ok(Self { secret: context.secret("key").await?, base_url })
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        vec![ReadyAnswers {
            scene: SceneName::parse("query").unwrap(),
            busy: told("busy"),
            timed_out: told("busy"),
            refused: RawResponse { status: 401, ..told("who are you") },
            unplaced: told("unknown"),
            stored: None,
            malformed: RawResponse { status: 400, ..told("what") },
        }]
    }

    fn locate(&self, raw: &RawRequest) -> Result<Located, Fault> {
        if SIGNED && raw.header("x-sign") != Some(sign(self.secret.expose(), raw).as_str()) {
            return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
        }
        Ok(Located { order: Some(order_of(raw)?), ..Located::default() })
    }

    async fn decode(&self, _call: &Call<NoSettings>, raw: RawRequest) -> Result<Intent, Fault> {
        Ok(Intent::QueryOrder { order: order_of(&raw)? })
    }

    fn encode(
        &self,
        _call: &Call<NoSettings>,
        _scene: &SceneName,
        _intent: &Intent,
        outcome: &Outcome,
    ) -> Result<RawResponse, Fault> {
        match outcome {
            Outcome::Unknown => Err(Fault::invalid("an outcome of a later contract")),
            _ => Ok(told("something")),
        }
    }

    async fn deliver(&self, call: &Call<NoSettings>, notice: Notice) -> Result<Told, Fault> {
        let request = http::post("notice", format!("{}/notice", self.base_url)).json(&notice);
        match call.http(request.build()).await? {
            response if response.status == 200 => Ok(Told::Done),
            response => Err(http::unexpected_status(&response)),
        }
    }
}

fn signed(mut raw: RawRequest) -> RawRequest {
    raw.headers = vec![("x-sign".to_owned(), sign(SECRET, &raw))];
    raw
}

fn report_of(plugin: fn() -> Arc<dyn Plugin>) -> Report {
    let raw = signed(RawRequest {
        scene: SceneName::parse("query").unwrap(),
        method: "POST".to_owned(),
        query: "a=1".to_owned(),
        headers: Vec::new(),
        body: br#"{"order":"1000000000000000001"}"#.to_vec(),
    });
    let notice = Notice::Order(OrderNotice {
        order: OrderId::parse("1").unwrap(),
        channel_order: ChannelOrderId::parse("1000000000000000001").unwrap(),
        source_order: None,
        names: ListingNames::default(),
        event: OrderEvent::Accepted,
    });
    let side = ChannelSide {
        connection_settings: json!({}),
        account: Some("account"),
        shops: vec![],
        samples: vec![Sample { raw, intent: "query_order", order: Some("1000000000000000001") }],
        sign: signed,
        notices: vec![notice],
        other_side: |_| Ok(HttpResponse { status: 200, headers: Vec::new(), body: String::new() }),
    };
    let fixture = Fixture {
        example: "",
        bad_settings: vec![(json!({"x": 1}), "x")],
        secrets: vec![("key", SECRET)],
        side: Side::Channel(Box::new(side)),
    };
    Suite::for_channel(plugin, fixture).run_built_in()
}

#[test]
fn a_small_channel_conforms() {
    let report = report_of(plugin_of_channel::<Echo<true>>);
    assert!(report.conforms() && report.not_declared == 0, "{report}");
}

#[test]
fn a_channel_that_believes_everybody_does_not() {
    let report = report_of(plugin_of_channel::<Echo<false>>);
    let failed: Vec<&str> =
        report.checks.iter().filter(|check| check.result == Verdict::Failed).map(|check| check.name).collect();
    assert_eq!(
        failed,
        [
            "changed_body_is_refused",
            "changed_query_is_refused",
            "unsigned_call_is_refused",
            "another_secret_refuses_the_call"
        ],
        "{report}"
    );
}
