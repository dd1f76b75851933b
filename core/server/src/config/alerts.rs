//! `[alerts]`: whom alerts are told to.

use std::borrow::Cow;
use std::fmt;

use entrepot_contract::ids::MerchantId;
use entrepot_domain::alert::AlertLevel;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::{self, MASK, SecretText};

/// Whom alerts are told to, and in which language.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// The language of the titles.
    pub language: Language,
    /// Who is told. Without any, alerts are only listed.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub webhooks: Vec<Webhook>,
}

/// A language for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// One who is told about alerts.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where alerts are posted to. A secret: robots have their token in it.
    pub url: WebhookUrl,
    /// How an alert is written.
    pub form: WebhookForm,
    /// The signing secret of a DingTalk robot (加签).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretText")]
    pub secret: Option<SecretText>,
    /// The least level that is told: "notice", "warning" or "urgent".
    #[serde(default = "warning")]
    #[schemars(schema_with = "level")]
    pub min_level: AlertLevel,
    /// Only this merchant's alerts; all, and those of the whole deployment, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "entrepot-id"))]
    pub merchant: Option<MerchantId>,
}

/// How an alert is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookForm {
    /// An object with the alert's fields.
    Json,
    /// A text message of a DingTalk group robot (钉钉).
    Dingtalk,
    /// A text message of a WeCom group robot (企业微信).
    Wecom,
}

const fn warning() -> AlertLevel {
    AlertLevel::Warning
}

fn level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["notice", "warning", "urgent"], "default": "warning" })
}

/// A webhook's URL. Printing it shows a mask; [`WebhookUrl::expose`] is the only way to the URL.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Parses an http or https URL; the message never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| "it is no URL".to_owned())?;
        let fits = matches!(url.scheme(), "http" | "https") && url.fragment().is_none();
        if fits { Ok(Self(url)) } else { Err("it is no http or https URL, or has a fragment".to_owned()) }
    }

    /// The URL itself.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for WebhookUrl {
    fn schema_name() -> Cow<'static, str> {
        "WebhookUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        secret::schema_with_format(Some("webhook-url"))
    }
}
