//! Douyin as a partner: what a channel plugin does with Douyin, whichever solution it sells. A plugin picks its scenes, says
//! what its own orders mean and which looks it answers; everything below is the same for all of them, and has to be: the host
//! takes the ready answers, the ids and the limits of a scene from whichever plugin of the application declares it first.
//!
//! It works on a [`Partner`] and on the call of any connection (`Call<S>`); what connections differ in is handed over.
//!
//! | module | holds |
//! |---|---|
//! | [`settings`] | what is set for an application, whatever it sells; a plugin's settings are made of it and its own keys |
//! | [`scenes`] | Douyin's calls: names, actions, limits; what the interface log may show |
//! | [`locate`] | is a call authentic, is it a repeat of long ago, what is it about |
//! | [`body`] | reading bodies without repeating them in faults |
//! | [`guests`] | buyers and travellers, opened or left sealed; documents |
//! | [`intents`] | calls as intents |
//! | [`causes`] | Douyin's reasons of refunds as ours |
//! | [`answers`] | outcomes as answers |
//! | [`refusals`] | our reasons as Douyin's codes and texts |
//! | [`ready`] | the answers the host gives without asking |
//! | [`vouchers`] | credentials as vouchers, their project ids, and the units that vouchers name |
//! | [`dates`] | prices and stock by date as calendar items |
//! | [`calls`] | what OpenAPI calls have in common: their documented rates, the account, the product, who refused |
//! | [`deliver`] | notices of orders as OpenAPI calls |
//! | [`redeem`] | uses as OpenAPI calls |
//! | [`look`] | what Douyin itself says of orders, bills, uses, products, shops and sealed texts |

pub mod answers;
pub mod body;
pub mod calls;
pub mod causes;
pub mod dates;
pub mod deliver;
pub mod guests;
pub mod intents;
pub mod locate;
pub mod look;
pub mod ready;
pub mod redeem;
pub mod refusals;
pub mod scenes;
pub mod settings;
pub mod vouchers;

use entrepot_sdk::prelude::*;

use crate::cipher::FieldCipher;
use crate::client::ApiClient;
use settings::{CodeAs, SharedSettings};
use vouchers::Style;

/// One application at Douyin, with all its connections.
pub struct Partner {
    /// Its way to the OpenAPI.
    pub client: ApiClient,
    /// What opens its guests' fields.
    pub cipher: FieldCipher,
    /// What is set for it, whatever it sells.
    pub shared: SharedSettings,
}

impl Partner {
    /// Reads the application's secrets; a fault names the setting or the secret that cannot be used.
    pub async fn open(context: &OpenContext, shared: SharedSettings) -> Result<Self, Fault> {
        shared.check()?;
        let client = ApiClient::open(context).await?;
        let cipher = FieldCipher::new(client.client_secret.expose());
        Ok(Self { client, cipher, shared })
    }

    /// How credentials are shown over a connection of this application.
    #[must_use]
    pub fn style(&self, code_as: CodeAs) -> Style<'_> {
        Style { code_as, password_joiner: &self.shared.password_joiner }
    }
}
