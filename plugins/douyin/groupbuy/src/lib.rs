//! The channel of Douyin's group-buy voucher with online reservation (团购券在线预约), semi-direct: a voucher is bought first, a
//! date is reserved with it later, as a second order. It translates; it decides nothing and stores nothing.
//!
//! Each item names the rule or section of the group-buy specification it follows and how sure that section is: `documented`,
//! `seen in client code`, `inferred` (behind a setting). "Common" is the shared wire protocol.
//!
//! The purchase comes in one of three families of calls, the reservation always in the first. What is Douyin's and not this
//! solution's stands in [`douyin_wire::partner`].
//!
//! - `settings`: what can be set for an application; `connection`: what can be set for a connection.
//! - `scopes`: what Douyin has to allow the application; `duties`: what a person has to see to at Douyin.
//! - `names`: which field of a call holds the pair.
//! - `decode`: what a call means; `encode`: which answer belongs to which scene; `refusals`: our reasons in each family's codes.
//! - `order`: F1, the scenic solution's orders, and the reservation; `promise`: F2, the group ticket's own calls; `generic`: F3,
//!   third-party codes; `sync`: refunds that Douyin decided by itself.
//! - `deliver`: which notice becomes which call; `look`: what Douyin is asked.

mod connection;
mod decode;
mod deliver;
mod duties;
mod encode;
mod generic;
mod look;
mod names;
mod order;
mod promise;
mod refusals;
mod scopes;
mod settings;
mod sync;

use douyin_wire::partner::scenes::{CLEAR_FIELDS, Scene};
use douyin_wire::partner::{Partner, calls, locate, ready};
use entrepot_sdk::contract::capability::Pairs;
use entrepot_sdk::prelude::*;

pub use connection::{CodesAs, ConnectionSettings, PairField, PriceField, PurchaseFamily, ShownKind, UnknownRefund};
pub use settings::{AmountUnit, ApplicationSettings, TimeUnit};

/// The plugin.
#[must_use]
pub fn plugin() -> Arc<dyn Plugin> {
    plugin_of_channel::<DouyinGroupBuy>()
}

/// One application with all its connections.
pub struct DouyinGroupBuy {
    partner: Partner,
    settings: ApplicationSettings,
}

/// The calls it answers, of all three purchase families.
const SCENES: [Scene; 16] = Scene::ALL;

/// The notices that become calls. All of them may be repeated:
///
/// - `accepted`, `refused`: "retry on failure" (B7, `documented`), keyed by the order.
/// - `issued`, `issue_failed`: "repeat until error_code 0" (B6, `documented`; B15.3 alike), keyed by the order.
/// - `refund_decided`: "repeat until error_code 0" (B9, `documented`), keyed by `biz_uniq_key`; B16.4 by the after-sale's id.
/// - `redeemed`: repeated with the same `verify_token` (B12, `documented`; later, 1208 says that it was done).
///
/// No product is ever published (rule 3, `documented`), and no calendar: the twelve permissions hold neither (A7).
const NOTICES: [&str; 6] = ["accepted", "refused", "issued", "issue_failed", "refund_decided", "redeemed"];

#[async_trait]
impl Channel for DouyinGroupBuy {
    type Settings = ApplicationSettings;
    type ConnectionSettings = ConnectionSettings;

    fn card() -> Card<ChannelCapabilities> {
        let notices: Vec<String> = NOTICES.map(str::to_owned).to_vec();
        Card {
            id: "douyin-groupbuy",
            family: "douyin",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Sells group-buy vouchers with online reservation (团购券在线预约) on Douyin Life Services.",
            capabilities: ChannelCapabilities {
                repeatable_notices: notices.clone(),
                notices,
                // Whole orders only (rules 21, 27).
                redeem_units: false,
                refund_units: false,
                looks: look::LOOKS.to_vec(),
                scopes: scopes::scopes(),
                pairs: Some(Pairs { separator: names::SEPARATOR }),
                duties: duties::duties(),
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
