//! Webhooks (`spec/douyin-common.md` §9).

use crate::platform::{Platform, Shared};
use crate::reply::SpiReply;
use crate::scene::Scene;
use crate::sign;
use crate::spi::SignedRequest;
use serde_json::{Value, json};

/// The outcome of the verification request.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookCheck {
    /// The answer.
    pub reply: SpiReply,
    /// Whether it repeated the challenge.
    pub echoed: bool,
}

impl Shared {
    fn sign_webhook(&self, body: &Value, msg_id: &str) -> SignedRequest {
        let body = body.to_string().into_bytes();
        let signature = sign::webhook_sign(&self.options.client_secret, &body);
        let headers =
            [("Content-Type", "application/json"), ("X-Douyin-Signature", signature.as_str()), ("Msg-Id", msg_id)];
        SignedRequest {
            path: self.scene_path(Scene::Webhook),
            query: Vec::new(),
            headers: headers.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
            body,
        }
    }
}

impl Platform {
    /// Posts `verify_webhook` with a challenge, once.
    pub async fn verify_webhook(&self) -> WebhookCheck {
        let challenge = 12_345 + self.shared.ids.number();
        let body = json!({"event": "verify_webhook", "client_key": "", "content": {"challenge": challenge}});
        let request = self.shared.sign_webhook(&body, &sign::digest_hex(body.to_string().as_bytes()));
        let mut ladder = Scene::Webhook.ladder();
        ladder.delays_s.clear();
        let reply = self.shared.climb(Scene::Webhook, &body, &request, &ladder).await;
        let echoed = reply.http_status == 200 && reply.body["challenge"].as_u64() == Some(challenge);
        WebhookCheck { reply, echoed }
    }

    /// Pushes an event; `content` travels as a JSON string. The same event with the same content has the same
    /// `Msg-Id`. Repeats while the status is not 2xx, at most 3 times.
    pub async fn push_webhook(&self, event: &str, content: &Value) -> SpiReply {
        let content = content.to_string();
        let msg_id = sign::digest_hex(format!("{event}\n{content}").as_bytes());
        let body = json!({
            "event": event,
            "client_key": self.shared.options.client_key,
            "content": content,
            "log_id": self.shared.logid(),
        });
        let request = self.shared.sign_webhook(&body, &msg_id);
        self.shared.climb(Scene::Webhook, &body, &request, &Scene::Webhook.ladder()).await
    }
}
