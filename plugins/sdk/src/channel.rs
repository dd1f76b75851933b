//! The trait of those who sell. A channel is a translator: it decides nothing and stores nothing.

use async_trait::async_trait;
use entrepot_contract::capability::ChannelCapabilities;
use entrepot_contract::channel::{Located, RawRequest, RawResponse, ReadyAnswers};
use entrepot_contract::fault::Fault;
use entrepot_contract::ids::SceneName;
use entrepot_contract::intent::Intent;
use entrepot_contract::looking::{Look, Seen};
use entrepot_contract::manifest::ApiRate;
use entrepot_contract::notice::{Notice, Told};
use entrepot_contract::outcome::Outcome;

use crate::adapt::not_written;
use crate::card::Card;
use crate::context::{Call, OpenContext};
use crate::settings::Settings;

/// A channel. One instance serves one application with all its connections.
#[async_trait]
pub trait Channel: Sized + Send + Sync + 'static {
    /// The application's settings.
    type Settings: Settings;
    /// A connection's settings; they come with each call.
    type ConnectionSettings: Settings;

    /// Who it is; the same at every call.
    fn card() -> Card<ChannelCapabilities>;

    /// Quotas that the partner documents for calls of one application, by the names that this plugin gives its
    /// interfaces: `vec![ApiRate::per_second("book", 50)]`. The host keeps them; the configuration may name others.
    fn rates() -> Vec<ApiRate> {
        Vec::new()
    }

    /// Opens an instance: reads secrets, checks what a schema cannot.
    async fn open(context: &OpenContext, settings: Self::Settings) -> Result<Self, Fault>;

    /// How each scene is answered without asking the plugin.
    fn ready_answers(&self) -> Vec<ReadyAnswers>;

    /// Authentic, and about what? `Unauthenticated` when the signature does not hold. Calls nobody.
    fn locate(&self, raw: &RawRequest) -> Result<Located, Fault>;

    /// What does an authentic call mean?
    async fn decode(&self, call: &Call<Self::ConnectionSettings>, raw: RawRequest) -> Result<Intent, Fault>;

    /// The outcome in the channel's words.
    fn encode(
        &self,
        call: &Call<Self::ConnectionSettings>,
        scene: &SceneName,
        intent: &Intent,
        outcome: &Outcome,
    ) -> Result<RawResponse, Fault>;

    /// Tells the channel what the core decided. Only notices that the card declares arrive.
    async fn deliver(&self, call: &Call<Self::ConnectionSettings>, notice: Notice) -> Result<Told, Fault> {
        let _ = call;
        Err(not_written(notice.name()))
    }

    /// Asks the channel about its own side. Only questions that the card declares arrive.
    async fn look(&self, call: &Call<Self::ConnectionSettings>, what: Look) -> Result<Seen, Fault> {
        let _ = (call, what);
        Err(not_written("look"))
    }
}
