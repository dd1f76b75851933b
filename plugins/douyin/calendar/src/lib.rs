//! The channel of Douyin's scenic calendar ticket (景区日历票). It translates: Douyin's calls into intents, outcomes
//! into Douyin's answers, notices into OpenAPI calls. It decides nothing and stores nothing.
//!
//! Each item names the section of the specification it follows ("common" is the shared wire protocol, "scenic" the
//! calendar ticket) and how sure that section is: `documented`, `seen in client code`, `inferred` (behind a setting).
//!
//! What is Douyin's and not the calendar ticket's stands in [`douyin_wire::partner`]: authenticity, the scenes and their ready
//! answers, most of what calls mean and outcomes are answered, vouchers, notices of orders, most looks. Here is what this
//! solution makes of it.
//!
//! - `settings`: what can be set for an application; `connection`: what can be set for a connection.
//! - `scopes`: what Douyin has to allow the application.
//! - `decode`: what a call means; `encode`: which answer belongs to which scene.
//! - `deliver`: which notice becomes which call; `publish`: calendars; `product`: products, and `goods`: finding them, the
//!   shelf; `reserve`: codes for Douyin's own pool.
//! - `look`: what Douyin is asked; products and codes of its own pool.

mod connection;
mod decode;
mod deliver;
mod encode;
mod goods;
mod look;
mod product;
mod publish;
mod reserve;
mod scopes;
mod settings;

use douyin_wire::partner::dates::DateWriter;
use douyin_wire::partner::scenes::{CLEAR_FIELDS, Scene};
use douyin_wire::partner::{Partner, calls, locate, ready};
use entrepot_sdk::contract::capability::{CalendarNotices, CodeNotices};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;

pub use connection::{ConnectionSettings, PublishMode};
pub use settings::{ApplicationSettings, CalendarCall, ProductLook, ShelfCall};

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_channel::<DouyinCalendar>()
}

/// One application with all its connections.
pub struct DouyinCalendar {
    partner: Partner,
    settings: ApplicationSettings,
}

impl DouyinCalendar {
    /// How the dates of an SKU of these names are told over one connection.
    fn dates(&self, connection: &ConnectionSettings, names: &ListingNames) -> Result<DateWriter, Fault> {
        let list_price_fen = connection.list_price_fen([names.sku_out.as_ref(), names.product_out.as_ref()])?;
        Ok(DateWriter { style: self.partner.shared.dates(), list_price_fen, settlement: connection.send_settle_amount })
    }
}

/// The calls it answers.
const SCENES: [Scene; 10] = [
    Scene::CheckBooking,
    Scene::CreateOrder,
    Scene::PayOrder,
    Scene::CancelOrder,
    Scene::ApplyRefund,
    Scene::NotifyRefund,
    Scene::QueryOrder,
    Scene::IssueCertificate,
    Scene::PullCalendar,
    Scene::Webhook,
];

/// The notices that become calls. All of them may be repeated:
///
/// - `accepted`, `refused`: "on failure repeat" (scenic §5, `documented`), keyed by the order.
/// - `issued`, `issue_failed`: "repeat until error_code 0" (scenic §12, common §12, `documented`), keyed by the order.
/// - `refund_decided`: "error_code 0 = taken; else repeat" (scenic §8, `documented`), keyed by `biz_uniq_key`.
/// - `redeemed`: failed calls must be repeated with the same `verify_token`, the idempotency mark (scenic §13,
///   `documented`; only for a short time: later, 1208 says that it was done).
/// - `calendar`: prices and stock are told as they stand, not as they change (scenic §14, §15, `documented` fields).
/// - `codes`: a code that Douyin has already is refused, so none is there twice (fulfilment §7, `documented`).
/// - `product`: it is looked at first, and saved or shelved only when it has to be (scenic §17, §18, §20).
const NOTICES: [&str; 9] =
    ["accepted", "refused", "issued", "issue_failed", "refund_decided", "redeemed", "calendar", "product", "codes"];

#[async_trait]
impl Channel for DouyinCalendar {
    type Settings = ApplicationSettings;
    type ConnectionSettings = ConnectionSettings;

    fn card() -> Card<ChannelCapabilities> {
        let notices: Vec<String> = NOTICES.map(str::to_owned).to_vec();
        Card {
            id: "douyin-calendar",
            family: "douyin",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Sells scenic calendar tickets (景区日历票) on Douyin Life Services.",
            capabilities: ChannelCapabilities {
                repeatable_notices: notices.clone(),
                notices,
                redeem_units: true,
                refund_units: true,
                looks: look::LOOKS.to_vec(),
                calendar: Some(CalendarNotices {
                    dates_limit: settings::DATES_LIMIT,
                    skus_limit: settings::SKUS_LIMIT,
                    horizon_days: settings::DATES_LIMIT,
                }),
                codes: Some(CodeNotices { codes_limit: settings::CODES_LIMIT }),
                scopes: scopes::scopes(),
                ..ChannelCapabilities::default()
            },
            // `fixed_token` is asked for only in token mode `fixed`.
            secrets: vec!["client_key", "client_secret", "fixed_token"],
            scenes: SCENES.map(Scene::card).to_vec(),
            clear_fields: CLEAR_FIELDS.to_vec(),
        }
    }

    fn rates() -> Vec<ApiRate> {
        calls::rates()
    }

    async fn open(context: &OpenContext, settings: ApplicationSettings) -> Result<Self, Fault> {
        settings.check()?;
        let partner = Partner::open(context, settings.shared()).await?;
        Ok(Self { partner, settings })
    }

    fn ready_answers(&self) -> Vec<ReadyAnswers> {
        ready::answers(&SCENES)
    }

    fn locate(&self, raw: &RawRequest) -> Result<Located, Fault> {
        locate::locate(&self.partner, &SCENES, raw)
    }

    async fn decode(&self, call: &Call<ConnectionSettings>, raw: RawRequest) -> Result<Intent, Fault> {
        decode::decode(self, call, &raw)
    }

    fn encode(
        &self,
        call: &Call<ConnectionSettings>,
        scene: &SceneName,
        intent: &Intent,
        outcome: &Outcome,
    ) -> Result<RawResponse, Fault> {
        encode::encode(self, call, scene, intent, outcome)
    }

    async fn deliver(&self, call: &Call<ConnectionSettings>, notice: Notice) -> Result<Told, Fault> {
        deliver::deliver(self, call, &notice).await
    }

    async fn look(&self, call: &Call<ConnectionSettings>, what: Look) -> Result<Seen, Fault> {
        look::look(self, call, &what).await
    }
}
