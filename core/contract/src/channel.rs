//! The calls a channel answers. A channel is a translator: it decides nothing and stores nothing.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelOrderId, SceneName};
use crate::intent::Intent;
use crate::listing::ListingNames;
use crate::looking::{Look, Seen};
use crate::notice::{Notice, Told};
use crate::outcome::Outcome;

/// A call as it came in, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawRequest {
    /// The scene its path names.
    pub scene: SceneName,
    /// `POST`, `GET`, …
    pub method: String,
    /// The query string as received, without `?`.
    pub query: String,
    /// Headers in order of arrival; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(with = "bytes_as_text")]
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The raw answer to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawResponse {
    /// HTTP status.
    pub status: u16,
    /// `application/json`, …
    pub content_type: String,
    /// The body.
    #[serde(with = "bytes_as_text")]
    pub body: Vec<u8>,
}

impl RawResponse {
    /// A JSON answer with status 200.
    #[must_use]
    pub fn json(body: Vec<u8>) -> Self {
        Self { status: 200, content_type: "application/json".to_owned(), body }
    }
}

/// What an authentic call is about. Found without any table of ours and without a call to the partner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Located {
    /// The partner's account, which names the merchant.
    pub account: Option<String>,
    /// The order it is about.
    pub order: Option<ChannelOrderId>,
    /// The voucher order it draws on.
    pub source_order: Option<ChannelOrderId>,
    /// Our order number, where the call carries it.
    pub own_order: Option<String>,
    /// The product it is about.
    pub names: ListingNames,
    /// The partner's id of this request, for support.
    pub partner_trace: Option<String>,
}

/// What a scene needs before it can be placed, and how it is answered without any plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyAnswers {
    /// The scene.
    pub scene: SceneName,
    /// Too much to do; nothing was done.
    pub busy: RawResponse,
    /// The time was used up; nothing was done.
    pub timed_out: RawResponse,
    /// The signature does not hold.
    pub refused: RawResponse,
    /// Nobody knows the product or account it is about.
    pub unplaced: RawResponse,
    /// A fact about an order that nobody knows yet was stored; none where the scene is a question that has to be
    /// answered by `unplaced`.
    pub stored: Option<RawResponse>,
    /// The message cannot be understood.
    pub malformed: RawResponse,
}

/// The calls, in the words of the boundary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum ChannelRequest {
    /// Authentic? And what is it about?
    Locate {
        /// The call.
        raw: RawRequest,
    },
    /// What does it mean?
    Decode {
        /// The call.
        raw: RawRequest,
    },
    /// How is the outcome said in the channel's words?
    Encode {
        /// The scene that asked.
        scene: SceneName,
        /// What was asked.
        intent: Box<Intent>,
        /// What the core answered.
        outcome: Box<Outcome>,
    },
    /// Tell the channel.
    Deliver {
        /// What.
        notice: Box<Notice>,
    },
    /// What does the channel itself say?
    Look {
        /// About what.
        what: Box<Look>,
    },
    /// A call added after this build.
    #[serde(other)]
    Unknown,
}

/// The answers, one for each call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ChannelResponse {
    /// To `locate`.
    Located(Located),
    /// To `decode`.
    Decoded {
        /// The meaning.
        intent: Box<Intent>,
    },
    /// To `encode`.
    Encoded {
        /// What goes on the wire.
        raw: RawResponse,
    },
    /// To `deliver`.
    Told(Told),
    /// To `look`.
    Seen(Box<Seen>),
    /// An answer added after this build.
    #[serde(other)]
    Unknown,
}

/// Bytes as text where they are UTF-8, so that recordings can be read; base64 would hide them.
mod bytes_as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Bytes<'a> {
        Text(std::borrow::Cow<'a, str>),
        Raw(std::borrow::Cow<'a, [u8]>),
    }

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Bytes::Text(text.into()),
            Err(_) => Bytes::Raw(bytes.into()),
        }
        .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Bytes::deserialize(deserializer)? {
            Bytes::Text(text) => text.into_owned().into_bytes(),
            Bytes::Raw(raw) => raw.into_owned(),
        })
    }
}
