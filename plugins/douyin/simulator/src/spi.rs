//! The signed caller: SPI requests and webhooks with headers, time limits, retry ladders and faults
//! (`spec/douyin-common.md` §§7 and 9).

use crate::fault::{Fault, flip_body};
use crate::platform::{Platform, Shared};
use crate::record::Exchange;
use crate::reply::{Attempt, Outcome, SpiReply};
use crate::scene::{Ladder, RetryOn, Scene};
use crate::sign;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Largest answer that is read (vouchers may carry images), bytes.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Legal error codes of an SPI answer (scenic §0).
const ERROR_CODES: std::ops::RangeInclusive<i64> = 0..=999_999;

/// "Our system failed, call again" (common §7.4).
const ASK_AGAIN: i64 = 100;

/// A finished request, ready to be sent or tampered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Path from the root, e.g. `/in/app/create-order`.
    pub path: String,
    /// Decoded query pairs.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl SignedRequest {
    /// The value of a header, whatever its case; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn tampered(&self, fault: Option<Fault>) -> SignedRequest {
        let mut request = self.clone();
        match fault {
            Some(Fault::FlipBody) => flip_body(&mut request.body),
            Some(Fault::FlipQuery) => {
                if let Some((_, stamp)) = request.query.iter_mut().find(|(key, _)| key == "timestamp") {
                    let mut bytes = std::mem::take(stamp).into_bytes();
                    flip_body(&mut bytes);
                    *stamp = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
            Some(Fault::OmitSignature) => {
                let is_sign =
                    |key: &str| ["x-life-sign", "x-douyin-signature"].iter().any(|name| key.eq_ignore_ascii_case(name));
                request.headers.retain(|(key, _)| !is_sign(key));
                request.query.retain(|(key, _)| key != "sign");
            }
            _ => {}
        }
        request
    }
}

/// What one delivery brought.
struct Delivery {
    outcome: Outcome,
    http_status: u16,
    content_type: String,
    body: Value,
}

impl Delivery {
    fn nothing(outcome: Outcome) -> Self {
        Self { outcome, http_status: 0, content_type: String::new(), body: Value::Null }
    }

    fn error_code(&self) -> Option<i64> {
        self.body["data"]["error_code"].as_i64()
    }

    fn asks_for_repeat(&self, on: RetryOn) -> bool {
        let answered = self.outcome == Outcome::Answered;
        let code = if self.http_status == 200 { self.error_code() } else { None };
        match on {
            RetryOn::Nothing => false,
            RetryOn::NoAnswer => !answered,
            RetryOn::Status => !answered || !(200..300).contains(&self.http_status),
            RetryOn::AskAgain => !answered || code.is_none_or(|code| code == ASK_AGAIN),
            RetryOn::AnyError => !answered || code != Some(0),
        }
    }
}

/// One character-safe component of a query string.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&sign::lower_hex(&[byte]).to_ascii_uppercase());
        }
    }
}

impl Shared {
    /// Headers and query of an SPI request over `body` (common §7.1).
    pub(crate) fn sign_spi(&self, scene: Scene, body: &Value, logid: &str) -> SignedRequest {
        let options = &self.options;
        let body = body.to_string().into_bytes();
        let stamp = self.now_ms().to_string();
        let pairs = [("client_key", options.client_key.as_str()), ("timestamp", stamp.as_str())];
        let signature = sign::life_sign(&options.client_secret, &pairs, &body);
        let mut query: Vec<(String, String)> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if options.legacy_sign {
            query.push(("sign".into(), sign::legacy_sign(&options.client_secret, &pairs, &body)));
        }
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Bytedance-Logid", logid),
            ("x-life-clientkey", &options.client_key),
            ("x-life-sign", &signature),
        ];
        SignedRequest {
            path: self.scene_path(scene),
            query,
            headers: headers.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
            body,
        }
    }

    pub(crate) fn scene_path(&self, scene: Scene) -> String {
        format!("/in/{}/{}", self.options.application, self.options.path_of(scene))
    }

    /// Sends `request` and its repeats, and keeps the exchange.
    pub(crate) async fn climb(&self, scene: Scene, body: &Value, request: &SignedRequest, ladder: &Ladder) -> SpiReply {
        let at_ms = self.now_ms();
        let mut history: Vec<Attempt> = Vec::new();
        let mut twin = None;
        let mut scale = self.options.retry_scale;
        let mut unanswered = 0;
        let of_order = (scene, body["order_id"].as_str().unwrap_or_default().to_owned());
        let mut is_lost = self.world().unheard.remove(&of_order);
        let mut delays = ladder.delays_s.iter().copied();
        let mut delay_s = 0;
        loop {
            let mut fault = if is_lost { None } else { self.world().faults.take_for_scene(scene) };
            if fault == Some(Fault::RetryAtOnce) {
                scale = 0.0;
                fault = self.world().faults.take_for_scene(scene);
            }
            is_lost |= fault == Some(Fault::LoseCall);
            fault = if is_lost { Some(Fault::LoseRequest) } else { fault };
            let begun = Instant::now();
            let (delivery, other) = self.attempt(scene, request, fault).await;
            let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            twin = other.or(twin);
            unanswered += u32::from(delivery.outcome != Outcome::Answered);
            history.push(Attempt {
                outcome: delivery.outcome,
                http_status: delivery.http_status,
                error_code: delivery.error_code(),
                delay_s,
            });
            let patience = ladder.unanswered_max.is_none_or(|most| unanswered < most);
            let next = if patience && delivery.asks_for_repeat(ladder.on) { delays.next() } else { None };
            let Some(next_s) = next else {
                let reply = SpiReply {
                    outcome: delivery.outcome,
                    http_status: delivery.http_status,
                    body: delivery.body,
                    content_type: delivery.content_type,
                    elapsed_ms,
                    attempts: u32::try_from(history.len()).unwrap_or(u32::MAX),
                    logid: request.header("X-Bytedance-Logid").to_owned(),
                    history,
                    twin,
                };
                self.keep(at_ms, scene, body, &reply);
                return reply;
            };
            delay_s = next_s;
            wait(next_s, scale).await;
        }
    }

    /// Remembers an exchange and judges the envelope of the last answer (common §7.4).
    fn keep(&self, at_ms: i64, scene: Scene, body: &Value, reply: &SpiReply) {
        let mut world = self.world();
        world.exchanges.push(Exchange {
            at_ms,
            scene,
            logid: reply.logid.clone(),
            request: body.clone(),
            http_status: reply.http_status,
            answer: reply.body.clone(),
            attempts: reply.attempts,
        });
        if scene == Scene::Webhook || reply.http_status != 200 {
            return;
        }
        let order_id = body["order_id"].as_str();
        let action = scene.action();
        if !reply.content_type.starts_with("application/json") {
            world.violation(at_ms, order_id, format!("common §7.4: {action} answered without application/json"));
        }
        if !reply.error_code().is_some_and(|code| ERROR_CODES.contains(&code)) {
            world.violation(at_ms, order_id, format!("common §7.4: {action} answered without a legal error_code"));
        }
    }

    /// One attempt under one fault; the second value is the other answer of a doubled delivery.
    async fn attempt(&self, scene: Scene, request: &SignedRequest, fault: Option<Fault>) -> (Delivery, Option<Value>) {
        let limit = Duration::from_millis(self.options.limit_of(scene));
        let request = request.tampered(fault);
        match fault {
            Some(Fault::LoseRequest) => (Delivery::nothing(Outcome::TimedOut), None),
            Some(Fault::DropAnswer) => {
                let _lost = self.deliver(&request, limit).await;
                (Delivery::nothing(Outcome::TimedOut), None)
            }
            Some(Fault::DeliverTwice) => {
                let first = self.deliver(&request, limit).await;
                (self.deliver(&request, limit).await, Some(first.body))
            }
            Some(Fault::DeliverTwiceAtOnce) => {
                let (first, second) = tokio::join!(self.deliver(&request, limit), self.deliver(&request, limit));
                (first, Some(second.body))
            }
            _ => (self.deliver(&request, limit).await, None),
        }
    }

    async fn deliver(&self, request: &SignedRequest, limit: Duration) -> Delivery {
        if self.world().is_cut_off {
            return Delivery::nothing(Outcome::TimedOut);
        }
        let Some(target) = self.world().next_target() else {
            return Delivery::nothing(Outcome::Unreachable);
        };
        let mut url = format!("{target}{}", request.path);
        for (place, (key, value)) in request.query.iter().enumerate() {
            url.push(if place == 0 { '?' } else { '&' });
            encode(key, &mut url);
            url.push('=');
            encode(value, &mut url);
        }
        let mut builder = self.http.post(url).timeout(limit).body(request.body.clone());
        for (key, value) in &request.headers {
            builder = builder.header(key, value);
        }
        match exchange(builder).await {
            Ok(delivery) => delivery,
            Err(error) if error.is_timeout() => Delivery::nothing(Outcome::TimedOut),
            Err(_) => Delivery::nothing(Outcome::Unreachable),
        }
    }
}

async fn exchange(builder: reqwest::RequestBuilder) -> Result<Delivery, reqwest::Error> {
    let mut response = builder.send().await?;
    let http_status = response.status().as_u16();
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            bytes.clear();
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok(Delivery { outcome: Outcome::Answered, http_status, content_type, body })
}

async fn wait(delay_s: u64, scale: f64) {
    let seconds = Duration::from_secs(delay_s).as_secs_f64() * scale.max(0.0);
    if let Ok(delay) = Duration::try_from_secs_f64(seconds)
        && !delay.is_zero()
    {
        tokio::time::sleep(delay).await;
    }
}

impl Platform {
    /// Signs `body` and posts it to the scene's path, with the scene's time limit and retry ladder. It changes no
    /// order of the platform. Every attempt repeats the same signed request (common §7.2: Douyin may reuse it).
    pub async fn call(&self, scene: Scene, body: &Value) -> SpiReply {
        self.call_on_ladder(scene, body, &scene.ladder()).await
    }

    /// The same on another ladder.
    pub async fn call_on_ladder(&self, scene: Scene, body: &Value, ladder: &Ladder) -> SpiReply {
        let request = self.signed_request(scene, body);
        self.shared.climb(scene, body, &request, ladder).await
    }

    /// The request that [`Platform::call`] would send, for tampering.
    pub fn signed_request(&self, scene: Scene, body: &Value) -> SignedRequest {
        let logid = self.shared.logid();
        self.shared.sign_spi(scene, body, &logid)
    }

    /// Sends a request as it is, once, without faults. A path that begins with `/` is taken from the root, another
    /// one under `/in/{application}/`.
    pub async fn call_raw(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> SpiReply {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/in/{}/{path}", self.shared.options.application)
        };
        self.send(&SignedRequest { path, query: owned(query), headers: owned(headers), body: body.to_vec() }).await
    }

    /// Sends a prepared request as it is, once, without faults.
    pub async fn send(&self, request: &SignedRequest) -> SpiReply {
        let begun = Instant::now();
        let limit = Duration::from_millis(Scene::IssueCertificate.limit_ms());
        let delivery = self.shared.deliver(request, limit).await;
        SpiReply {
            outcome: delivery.outcome,
            http_status: delivery.http_status,
            content_type: delivery.content_type.clone(),
            elapsed_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            attempts: 1,
            logid: request.header("X-Bytedance-Logid").to_owned(),
            history: vec![Attempt {
                outcome: delivery.outcome,
                http_status: delivery.http_status,
                error_code: delivery.error_code(),
                delay_s: 0,
            }],
            twin: None,
            body: delivery.body,
        }
    }
}
