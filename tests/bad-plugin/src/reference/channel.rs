//! A channel with every ability, before the [market](super::market).

mod wider;

use entrepot_sdk::contract::capability::{CalendarNotices, CodeNotices};
use entrepot_sdk::contract::intent::{
    AskRefund, CancelStage, CreateOrder, IssueOrder, PullCalendar, RecordRefund, UnitChoice, Wish,
};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::contract::looking::LookName;
use entrepot_sdk::contract::order::{Guest, GuestField, Guests, RefundCause, Visit};
use entrepot_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::signature;

/// The longest body that is read, in bytes.
const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// Settings of an application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MarketSettings {
    /// How long to wait for the market, in milliseconds (100 to 30000).
    pub timeout_ms: u32,
}

impl Default for MarketSettings {
    fn default() -> Self {
        Self { timeout_ms: 5_000 }
    }
}

/// The channel.
pub struct ReferenceChannel {
    base_url: String,
    secret: Secret,
    extra_headers: Vec<(String, String)>,
    timeout_ms: u32,
}

const SCENES: &[(&str, bool)] = &[
    ("check", false),
    ("create", false),
    ("pay", true),
    ("cancel", true),
    ("issue", false),
    ("ask-refund", false),
    ("refunded", true),
    ("query", false),
    ("calendar", false),
    ("event", true),
    ("sync", false),
    ("use", true),
    ("change", false),
    ("extend", false),
    ("show", false),
    ("list", false),
    ("standing", true),
    ("want-codes", true),
    ("member", false),
    ("invoice", false),
];

const NOTICES: &[&str] =
    &["accepted", "refused", "issued", "issue_failed", "refund_decided", "redeemed", "calendar", "product", "codes"];

/// What any call may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    order: Option<String>,
    account: Option<String>,
    product: Option<String>,
    count: Option<u32>,
    date: Option<VisitDate>,
    amount: Option<u64>,
    key: Option<String>,
    at: Option<u32>,
    event: Option<String>,
    guest: Option<String>,
    code: Option<String>,
    hold_ms: Option<u64>,
    billed: Option<String>,
}

fn missing(key: &str) -> Fault {
    Fault::invalid(format!("{key}: missing or no such thing"))
}

impl Said {
    fn read(raw: &RawRequest) -> Result<Self, Fault> {
        if raw.body.len() > BODY_LIMIT_BYTES {
            return Err(Fault::invalid("the body is too long"));
        }
        // The reason would repeat what stands there.
        serde_json::from_slice(&raw.body).map_err(|_| Fault::invalid("the body cannot be read"))
    }

    fn order(&self) -> Result<ChannelOrderId, Fault> {
        let order = self.order.clone().ok_or_else(|| missing("order"))?;
        ChannelOrderId::parse(order).map_err(|_| missing("order"))
    }

    fn at(&self) -> Result<Timestamp, Fault> {
        self.at.map(|at| Timestamp::from_seconds(at.into())).ok_or_else(|| missing("at"))
    }

    fn key(&self) -> Result<String, Fault> {
        self.key.clone().ok_or_else(|| missing("key"))
    }

    fn money(&self) -> Result<Option<Money>, Fault> {
        let fen = |amount| i64::try_from(amount).map(Money::fen).map_err(|_| missing("amount"));
        self.amount.map(fen).transpose()
    }

    fn names(&self) -> ListingNames {
        ListingNames { product_out: self.product.clone(), ..ListingNames::default() }
    }

    fn guest(&self) -> Option<Guest> {
        let named = |name: &String| Guest { name: Some(GuestField::Plain(name.clone())), ..Guest::default() };
        self.guest.as_ref().map(named)
    }

    fn visit(&self) -> Option<Visit> {
        self.date.map(|date| Visit { arrive: date, leave: date })
    }

    fn wish(&self) -> Result<Wish, Fault> {
        Ok(Wish {
            names: self.names(),
            count: self.count.ok_or_else(|| missing("count"))?,
            visit: self.visit(),
            slot: None,
            origin_amount: None,
            pay_amount: self.money()?,
            guests: Guests { buyer: self.guest(), visitors: Vec::new(), ..Guests::default() },
            guests_final: true,
            ..Wish::default()
        })
    }
}

#[derive(Deserialize)]
struct Taken {
    code: i64,
    seen: Option<Seen>,
}

#[async_trait]
impl Channel for ReferenceChannel {
    type Settings = MarketSettings;
    type ConnectionSettings = NoSettings;

    fn card() -> Card<ChannelCapabilities> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let scene = |(name, fact): &(&'static str, bool)| SceneCard {
            name,
            action: name,
            method: "POST",
            path: name,
            limit_ms: 2_000,
            fact: *fact,
        };
        Card {
            id: "reference-channel",
            family: "reference",
            version: "1.0.0",
            summary: "Does everything that a channel can.",
            capabilities: ChannelCapabilities {
                notices: owned(NOTICES),
                repeatable_notices: owned(NOTICES),
                redeem_units: true,
                refund_units: true,
                looks: vec![
                    LookName::Order,
                    LookName::Orders,
                    LookName::Ledger,
                    LookName::Product,
                    LookName::Shops,
                    LookName::Sealed,
                    LookName::ReservedCode,
                ],
                calendar: Some(CalendarNotices { dates_limit: 30, skus_limit: 3, horizon_days: 90 }),
                codes: Some(CodeNotices { codes_limit: 300 }),
                scopes: Vec::new(),
                ..ChannelCapabilities::default()
            },
            secrets: vec!["key"],
            scenes: SCENES.iter().map(scene).collect(),
            clear_fields: vec!["order"],
        }
    }

    async fn open(context: &OpenContext, settings: MarketSettings) -> Result<Self, Fault> {
        if !(100..=30_000).contains(&settings.timeout_ms) {
            return Err(Fault::invalid("settings.timeout_ms: must be 100 to 30000"));
        }
        let base_url = context.base_url()?.to_owned();
        let (secret, extra_headers) = (context.secret("key").await?, context.extra_headers.clone());
        Ok(Self { base_url, secret, extra_headers, timeout_ms: settings.timeout_ms })
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        let answers = |(name, fact): &(&str, bool)| {
            Some(ReadyAnswers {
                scene: SceneName::parse(*name).ok()?,
                busy: coded(100, json!({})),
                timed_out: coded(100, json!({})),
                refused: coded(401, json!({})),
                unplaced: coded(404, json!({})),
                stored: fact.then(|| coded(0, json!({}))),
                malformed: coded(400, json!({})),
            })
        };
        SCENES.iter().filter_map(answers).collect()
    }

    fn locate(&self, raw: &RawRequest) -> Result<Located, Fault> {
        let parts = [raw.scene.as_str().as_bytes(), raw.query.as_bytes(), &raw.body];
        let right = signature(self.secret.expose(), &parts);
        if raw.header("x-sign") != Some(right.as_str()) {
            return Err(Fault::not_done(FaultKind::Unauthenticated, "the signature does not hold"));
        }
        let said = Said::read(raw)?;
        let order = said.order.is_some().then(|| said.order()).transpose()?;
        Ok(Located { order, names: said.names(), account: said.account, ..Located::default() })
    }

    async fn decode(&self, _call: &Call<NoSettings>, raw: RawRequest) -> Result<Intent, Fault> {
        let said = Said::read(&raw)?;
        Ok(match raw.scene.as_str() {
            "check" => Intent::CheckBooking(said.wish()?),
            "create" => Intent::CreateOrder(CreateOrder::new(said.order()?, said.wish()?, said.at()?)),
            "pay" => Intent::PayOrder { order: said.order()?, paid_at: said.at()? },
            "cancel" => Intent::CancelOrder {
                order: said.order()?,
                stage: CancelStage::BeforePayment,
                cancelled_at: said.at()?,
            },
            "issue" => Intent::IssueOrder(IssueOrder { count: said.count, ..IssueOrder::new(said.order()?) }),
            "ask-refund" => Intent::AskRefund(AskRefund {
                fee: said.money()?,
                ..AskRefund::new(said.order()?, said.key()?, RefundCause::Guest, UnitChoice::AllLeft, said.at()?)
            }),
            "refunded" => Intent::RecordRefund(RecordRefund::new(
                said.order()?,
                said.key()?,
                RefundCause::Guest,
                UnitChoice::AllLeft,
                said.money()?.ok_or_else(|| missing("amount"))?,
                said.at()?,
            )),
            "query" => Intent::QueryOrder { order: said.order()? },
            "calendar" => {
                let date = said.date.ok_or_else(|| missing("date"))?;
                Intent::PullCalendar(PullCalendar::new(said.names(), date, date))
            }
            "event" => Intent::Event {
                event: said.event.clone().ok_or_else(|| missing("event"))?,
                message: said.key()?,
                order: Some(said.order()?),
                names: ListingNames::default(),
            },
            other => return wider::decoded(other, &said),
        })
    }

    fn encode(
        &self,
        _call: &Call<NoSettings>,
        _scene: &SceneName,
        _intent: &Intent,
        outcome: &Outcome,
    ) -> Result<RawResponse, Fault> {
        Ok(match outcome {
            Outcome::Bookable | Outcome::Recorded => coded(0, json!({})),
            Outcome::CallAgain | Outcome::Busy => coded(100, json!({})),
            Outcome::Created { order, acceptance } => coded(0, json!({ "own": order, "acceptance": acceptance })),
            Outcome::Paid { acceptance } => coded(0, json!({ "acceptance": acceptance })),
            Outcome::Issued { order, units } => coded(0, json!({ "own": order, "tickets": units })),
            Outcome::Issuing { order } => coded(1, json!({ "own": order })),
            Outcome::RefundAgreed { fee } => coded(0, json!({ "fee": fee.map(|fee| fee.amount_minor) })),
            Outcome::RefundRefused { reason, .. } => coded(2, json!({ "reason": reason })),
            Outcome::RefundWaiting => coded(3, json!({})),
            Outcome::Usage { units, .. } => coded(0, json!({ "units": units })),
            Outcome::Calendar { skus } => coded(0, json!({ "skus": skus })),
            Outcome::Orders { orders } => coded(0, json!({ "orders": orders })),
            Outcome::Products { products, next } => coded(0, json!({ "products": products, "next": next })),
            Outcome::Member(facts) => coded(0, json!({ "member": facts })),
            Outcome::Refused(refusal) => coded(200, json!({ "why": refusal.reason, "text": refusal.text })),
            Outcome::Unknown => return Err(Fault::invalid("an outcome of a later contract")),
        })
    }

    async fn deliver(&self, call: &Call<NoSettings>, notice: Notice) -> Result<Told, Fault> {
        let body = self.notice(&notice)?;
        match self.ask(call, "told", &body).await? {
            Taken { code: 0, .. } => Ok(Told::Done),
            Taken { code, .. } => {
                Err(Fault::not_done(FaultKind::Refused, "the market said no").with_code(code.to_string()))
            }
        }
    }

    async fn look(&self, call: &Call<NoSettings>, what: Look) -> Result<Seen, Fault> {
        match self.ask(call, "look", &json!({ "question": what })).await? {
            Taken { code: 0, seen: Some(seen) } => Ok(seen),
            _ => Err(Fault::garbled("the market's answer says nothing")),
        }
    }
}

fn coded(code: i64, mut said: Value) -> RawResponse {
    said["code"] = json!(code);
    RawResponse::json(said.to_string().into_bytes())
}

impl ReferenceChannel {
    fn notice(&self, notice: &Notice) -> Result<Value, Fault> {
        let Notice::Order(told) = notice else { return Ok(json!({ "notice": notice })) };
        match &told.event {
            OrderEvent::Issued { units } if units.is_empty() => Err(Fault::invalid("issued without tickets")),
            OrderEvent::RefundDecided { decision: RefundDecision::Agreed { fee: Some(fee) }, .. }
                if fee.amount_minor < 0 =>
            {
                Err(Fault::invalid("a fee below nothing"))
            }
            _ => Ok(json!({ "notice": notice })),
        }
    }

    async fn ask(&self, call: &Call<NoSettings>, api: &str, body: &Value) -> Result<Taken, Fault> {
        let text = body.to_string();
        let sign = Secret::new(signature(self.secret.expose(), &[text.as_bytes()]));
        let request = http::post(api, format!("{}/{api}", self.base_url)).headers(&self.extra_headers);
        let request = request.secret_header("x-sign", &sign).body("application/json", text);
        let response = call.http(request.timeout_ms(self.timeout_ms).build()).await?;
        match response.status {
            200 => http::read_json(&response),
            _ => Err(http::unexpected_status(&response)),
        }
    }
}
