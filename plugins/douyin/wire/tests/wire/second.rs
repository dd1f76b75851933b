//! A second solution's plugin, as small as one can be: written out of the shared parts, with a connection's settings and a scene
//! of its own, and opened like any other.

use std::sync::Arc;

use douyin_testing::bench::{apis, body, seat, sent, world};
use douyin_testing::calls::{ORDER, OWN_ORDER, call, scene};
use douyin_testing::douyin::douyin;
use douyin_testing::golden::{assert_sent_as, said};
use douyin_testing::notices::{of_an_order, redemption};
use douyin_wire::kinds::ConfirmResult;
use douyin_wire::number::Fen;
use douyin_wire::partner::body::read;
use douyin_wire::partner::scenes::{CLEAR_FIELDS, Scene};
use douyin_wire::partner::settings::{CodeAs, IssueTooEarly, QueryVouchers, RedeemBy};
use douyin_wire::partner::{Partner, answers, calls, deliver, intents, locate, look, ready, redeem};
use entrepot_sdk::contract::fault::FaultKind;
use entrepot_sdk::contract::looking::LookName;
use entrepot_sdk::contract::manifest::ApiRate;
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

douyin_wire::application_settings! {
    /// No keys of its own.
    pub struct Application {}
}

/// What its connections differ in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Connection {
    /// Codes as QR codes.
    pub qr_codes: bool,
}

struct Second {
    partner: Partner,
}

const SCENES: [Scene; 4] = [Scene::ApplyRefund, Scene::QueryOrder, Scene::IssueCertificate, Scene::SyncRefund];
const NOTICES: [&str; 6] = ["accepted", "refused", "issued", "issue_failed", "refund_decided", "redeemed"];

fn code_as(call: &Call<Connection>) -> CodeAs {
    if call.connection.settings.qr_codes { CodeAs::QrCode } else { CodeAs::Given }
}

#[async_trait]
impl Channel for Second {
    type Settings = Application;
    type ConnectionSettings = Connection;

    fn card() -> Card<ChannelCapabilities> {
        let notices: Vec<String> = NOTICES.map(str::to_owned).to_vec();
        let capabilities = ChannelCapabilities {
            repeatable_notices: notices.clone(),
            notices,
            looks: vec![LookName::Order],
            ..ChannelCapabilities::default()
        };
        Card {
            id: "douyin-second",
            family: "douyin",
            version: "0.0.0",
            summary: "Sells something else.",
            capabilities,
            secrets: vec!["client_key", "client_secret", "fixed_token"],
            scenes: SCENES.map(Scene::card).to_vec(),
            clear_fields: CLEAR_FIELDS.to_vec(),
        }
    }

    fn rates() -> Vec<ApiRate> {
        calls::rates()
    }

    async fn open(context: &OpenContext, settings: Application) -> Result<Self, Fault> {
        Ok(Self { partner: Partner::open(context, settings.shared()).await? })
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        ready::answers(&SCENES)
    }

    fn locate(&self, raw: &RawRequest) -> Result<Located, Fault> {
        locate::locate(&self.partner, &SCENES, raw)
    }

    async fn decode(&self, _: &Call<Connection>, raw: RawRequest) -> Result<Intent, Fault> {
        match Scene::named(&raw.scene, &SCENES)? {
            Scene::ApplyRefund => intents::apply_refund(&read(&raw.body)?),
            Scene::QueryOrder => intents::query_order(&read(&raw.body)?),
            Scene::IssueCertificate => intents::issue_certificate(&read(&raw.body)?),
            other => Err(Fault::unsupported(other.name())),
        }
    }

    fn encode(
        &self,
        call: &Call<Connection>,
        scene: &SceneName,
        _: &Intent,
        outcome: &Outcome,
    ) -> Result<RawResponse, Fault> {
        let style = self.partner.style(code_as(call));
        match Scene::named(scene, &SCENES)? {
            // This solution's fee is always nothing.
            Scene::ApplyRefund => answers::apply_refund(&style, Fen::new(0).unwrap(), outcome),
            Scene::QueryOrder => answers::query_order(QueryVouchers::WhenChanged, outcome),
            Scene::IssueCertificate => answers::issue_certificate(&style, IssueTooEarly::CallAgain, outcome),
            other => Err(Fault::unsupported(other.name())),
        }
    }

    async fn deliver(&self, call: &Call<Connection>, notice: Notice) -> Result<Told, Fault> {
        let Notice::Order(notice) = &notice else { return Err(Fault::unsupported(notice.name())) };
        let (partner, style) = (&self.partner, self.partner.style(code_as(call)));
        match &notice.event {
            OrderEvent::Accepted => deliver::confirm(partner, call, notice, ConfirmResult::Accept).await?,
            OrderEvent::Refused { .. } => deliver::confirm(partner, call, notice, ConfirmResult::Refuse).await?,
            OrderEvent::Issued { units } => deliver::issued(partner, call, notice, units, &style).await?,
            OrderEvent::IssueFailed { reason } => deliver::issue_failed(partner, call, notice, reason).await?,
            OrderEvent::RefundDecided { key, decision, .. } => {
                deliver::refund_decided(partner, call, notice, key, decision, &style).await?;
            }
            OrderEvent::Redeemed { .. } => redeem::redeemed(partner, call, notice, RedeemBy::Trip).await?,
            OrderEvent::Unknown => return Err(Fault::unsupported(notice.event.name())),
        }
        Ok(Told::Done)
    }

    async fn look(&self, call: &Call<Connection>, what: Look) -> Result<Seen, Fault> {
        match &what {
            Look::Order { order } => look::orders::one(&self.partner, call, order).await,
            _ => Err(Fault::unsupported("look")),
        }
    }
}

fn plugin() -> Arc<dyn Plugin> {
    plugin_of_channel::<Second>()
}

/// Group-buy B8's own example, B14's answer, B5's.
#[tokio::test]
async fn calls_are_read_and_answered() {
    let seat = seat(plugin(), &world(douyin), json!({}), json!({"qr_codes": true})).await;
    let ask = json!({"order_id": ORDER, "out_order_id": OWN_ORDER, "biz_uniq_key": "k1", "after_sale_type": 2,
        "apply_source": 101, "apply_refund_time_unix": 1_777_700_000});
    let raw = call("apply-refund", &ask.to_string());
    let located = seat.locate(raw.clone()).await.unwrap();
    assert_eq!((located.order.unwrap().as_str(), located.own_order.as_deref()), (ORDER, Some(OWN_ORDER)));
    let intent = seat.decode(raw).await.unwrap();
    let Intent::AskRefund(asked) = &intent else { panic!("{intent:?}") };
    assert_eq!((asked.key.as_str(), asked.fee), ("k1", None));
    let agreed = Outcome::RefundAgreed { fee: Some(Money::fen(500)) };
    let answer = said(&seat.encode(scene("apply-refund"), intent.clone(), agreed).await.unwrap());
    assert_eq!((&answer["data"]["audit_refund_result"], &answer["data"]["refund_fee_amount"]), (&json!(1), &json!(0)));

    let code = Credential { kind: CredentialKind::VoucherNumber, value: "N1".to_owned(), document_kind: None };
    let units = vec![UnitCredentials { unit: 1, credentials: vec![code] }];
    let issued = Outcome::Issued { order: OrderId::parse(OWN_ORDER).unwrap(), units };
    let answer = said(&seat.encode(scene("issue-certificate"), intent, issued).await.unwrap());
    assert_eq!(answer["data"]["vouchers"][0]["entrance"]["qrcodes"], json!(["N1"]), "as the connection shows codes");

    let undeclared = seat.locate(call("create-order", "{}")).await.unwrap_err();
    assert_eq!(undeclared.kind, FaultKind::Unsupported, "a scene of another solution's card");
}

#[tokio::test]
async fn notices_and_looks_go_out() {
    let world = world(douyin);
    let seat = seat(plugin(), &world, json!({}), json!({})).await;
    for notice in of_an_order(true) {
        assert_eq!(seat.deliver(notice).await, Ok(Told::Done));
    }
    let calls =
        ["confirm_order", "confirm_order", "create_callback", "create_callback", "refund_audit", "certificate_verify"];
    assert_eq!(apis(&world), calls);
    assert_sent_as(&sent(&world, "confirm_order")[0], &json!({"order_id": ORDER, "confirm_result": 1}).to_string());
    let whole = body(&sent(&world, "certificate_verify")[0]);
    assert_eq!((&whole["order_id"], whole.get("vouchers")), (&json!(ORDER), None), "a whole order names no voucher");
    let order = ChannelOrderId::parse(ORDER).unwrap();
    let Seen::Orders { orders, .. } = seat.look(Look::Order { order }).await.unwrap() else { panic!("orders") };
    assert_eq!(orders.len(), 1);
    let part = seat.deliver(redemption(&[1], false)).await.unwrap_err();
    assert_eq!(part.kind, FaultKind::Unsupported, "its card knows whole orders only");
}
