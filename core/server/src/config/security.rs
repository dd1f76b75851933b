//! `[security]`: keys that protect guests' data.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::{self, MASK};

/// The guest key that `config/demo.toml` publishes. Everybody has it, so it is refused off loopback.
pub const DEMO_GUEST_KEY: &str = "ZW50cmVwb3QtZGVtby1vbmx5LW5ldmVyLXVzZS1pdCE=";

/// Keys that protect guests' data. Admin tokens are not here but in the database.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// The key that encrypts guests' data: 32 random bytes in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GuestKey")]
    pub guest_key: Option<GuestKey>,
    /// The name under which rows remember `guest_key`; a new key needs a new name.
    #[schemars(with = "String", length(min = 1, max = 32))]
    pub guest_key_id: String,
    /// Keys used before, by their ids, so that older rows can still be read.
    #[serde(default)]
    pub previous_guest_keys: BTreeMap<String, GuestKey>,
    /// Whether the demo's published key may be used; only while listening on loopback.
    pub allow_demo_key: bool,
}

/// A key of 32 bytes, given in base64 as a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestKey([u8; 32]);

impl GuestKey {
    /// Parses base64; the message never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| "it is not base64".to_owned())?;
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| format!("it has {length} bytes"))
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it is the key that the demo publishes.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        Self::parse(DEMO_GUEST_KEY).as_ref() == Ok(self)
    }
}

impl fmt::Debug for GuestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for GuestKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for GuestKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for GuestKey {
    fn schema_name() -> Cow<'static, str> {
        "GuestKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        secret::schema_with_format(Some("guest-key"))
    }
}
