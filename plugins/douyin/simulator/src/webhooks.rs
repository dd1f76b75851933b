//! Webhooks (`spec/douyin-common.md` §9): verification, events, and their way, on which they get lost, doubled or out of
//! order.

use crate::misuse::Misuse;
use crate::platform::{Platform, Shared};
use crate::reply::{Outcome, SpiReply};
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

/// What happened to a voucher: `action` of `life_trade_certificate_notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateAction {
    /// `verify`.
    Verify,
    /// `verify_cancel`.
    VerifyCancel,
    /// `refund_success`.
    RefundSuccess,
}

impl CertificateAction {
    fn name(self) -> &'static str {
        match self {
            CertificateAction::Verify => "verify",
            CertificateAction::VerifyCancel => "verify_cancel",
            CertificateAction::RefundSuccess => "refund_success",
        }
    }
}

/// In which order held webhooks go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// As they were pushed.
    InOrder,
    /// The newest first.
    Reversed,
}

/// A webhook that waits.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    body: Value,
    msg_id: String,
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

    async fn send_webhook(&self, held: &Held) -> SpiReply {
        let request = self.sign_webhook(&held.body, &held.msg_id);
        self.climb(Scene::Webhook, &held.body, &request, &Scene::Webhook.ladder()).await
    }
}

/// What a webhook or notice that waits has brought so far.
pub(crate) fn nothing_yet() -> SpiReply {
    SpiReply {
        outcome: Outcome::TimedOut,
        http_status: 0,
        body: Value::Null,
        content_type: String::new(),
        elapsed_ms: 0,
        attempts: 0,
        logid: String::new(),
        history: Vec::new(),
        twin: None,
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
        self.push_event(event, content, &content.to_string()).await
    }

    /// The same where entity and action, which give the `Msg-Id`, are named apart from the content.
    pub(crate) async fn push_event(&self, event: &str, content: &Value, action: &str) -> SpiReply {
        let body = json!({
            "event": event,
            "client_key": self.shared.options.client_key,
            "content": content.to_string(),
            "log_id": self.shared.logid(),
        });
        let held = Held { body, msg_id: sign::digest_hex(format!("{event}\n{action}").as_bytes()) };
        if let Some(waiting) = &mut self.shared.world().held_webhooks {
            waiting.push(held);
            return nothing_yet();
        }
        self.shared.send_webhook(&held).await
    }

    /// From now on webhooks wait; a push then answers with no attempt made.
    pub fn hold_webhooks(&self) {
        self.shared.world().held_webhooks.get_or_insert_default();
    }

    /// Sends the webhooks that wait and holds no more; gives the answers in the order of sending.
    pub async fn release_webhooks(&self, order: Release) -> Vec<SpiReply> {
        let mut waiting = self.shared.world().held_webhooks.take().unwrap_or_default();
        if order == Release::Reversed {
            waiting.reverse();
        }
        let mut replies = Vec::new();
        for held in &waiting {
            replies.push(self.shared.send_webhook(held).await);
        }
        replies
    }

    /// Pushes `life_trade_order_notify`, action `pay_success`.
    ///
    /// # Errors
    /// When the order is unknown.
    pub async fn push_order_paid(&self, order_id: &str) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        let content = self.change(order_id, |order| {
            json!({
                "action": "pay_success",
                "msg_time": now_ms / 1000,
                "order": {
                    "order_id": order.order_id,
                    "account_id": order.account_id(),
                    "pay_amount": order.pay_amount_fen(),
                    "original_amount": order.purchase.origin_amount_fen(),
                    "create_time": order.created_ms() / 1000,
                    "pay_time": order.paid_ms.unwrap_or(0) / 1000,
                },
            })
        })?;
        Ok(self.push_event("life_trade_order_notify", &content, &format!("{order_id} pay_success")).await)
    }

    /// Pushes `life_trade_certificate_notify` for one copy. It changes nothing of the order.
    ///
    /// # Errors
    /// When the order or the copy does not exist.
    pub async fn push_certificate_event(
        &self,
        order_id: &str,
        place: usize,
        action: CertificateAction,
    ) -> Result<SpiReply, Misuse> {
        let now_ms = self.now_ms();
        let (content, mark) = self.change(order_id, |order| {
            let unit = order.units.get(place);
            let unit = unit.ok_or_else(|| Misuse::NoSuchUnit { order_id: order_id.to_owned(), place })?;
            let code = unit.voucher.as_ref().and_then(|voucher| voucher.first_code()).unwrap_or_default();
            let content = json!({
                "action": action.name(),
                "msg_time": now_ms / 1000,
                "certificate": {
                    "order_id": order_id,
                    "certificate_id": unit.certificate_id,
                    "code": code,
                    "account_id": order.account_id(),
                },
            });
            Ok((content, format!("{} {}", unit.certificate_id, action.name())))
        })??;
        Ok(self.push_event("life_trade_certificate_notify", &content, &mark).await)
    }

    /// A merchant grants or withdraws its authorisation: OpenAPI calls follow it at once, and the event is pushed. Its
    /// content is on no page; it names the merchant.
    pub async fn push_contract(&self, account_id: &str, granted: bool) -> SpiReply {
        self.authorise(account_id, granted);
        let event = if granted { "contract_authorize" } else { "contract_unauthorize" };
        let content = json!({"account_id": account_id, "msg_time": self.now_ms() / 1000});
        let number = self.shared.ids.number();
        self.push_event(event, &content, &format!("{account_id} {number}")).await
    }
}
