//! Typed identifiers. Partners' ids are longer than 2^53 and are never numbers here. They are copied far more often
//! than they are made, so copies share their text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest identifier accepted, in bytes.
pub const ID_LIMIT_BYTES: usize = 128;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {ID_LIMIT_BYTES} bytes without spaces or control characters, found {found}")]
pub struct InvalidId {
    /// Which kind of id was expected.
    pub kind: &'static str,
    /// What is wrong, without repeating a long text.
    pub found: String,
}

fn check(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    let found = if text.is_empty() {
        "an empty text".to_owned()
    } else if text.len() > ID_LIMIT_BYTES {
        format!("{} bytes", text.len())
    } else if let Some(bad) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        format!("the character {:?}", bad)
    } else {
        return Ok(());
    };
    Err(InvalidId { kind, found })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the text; refuses empty, over-long and spaced ones.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check($kind, &text)?;
                Ok(Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(text).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": 1, "maxLength": ID_LIMIT_BYTES, "description": $kind })
            }
        }
    )*};
}

ids! {
    /// A merchant: the boundary of consistency; no command spans two.
    MerchantId = "a merchant id";
    /// One credential set at a partner.
    ApplicationId = "an application id";
    /// Merchant × plugin × application, of kind channel or supplier.
    ConnectionId = "a connection id";
    /// One plugin's manifest id, for example `acme-tickets`.
    PluginId = "a plugin id";
    /// A partner family: an outside system and everything about it.
    FamilyName = "a partner family";
    /// A scene: one kind of inbound call, unique in its partner family.
    SceneName = "a scene name";
    /// A canonical product.
    ProductId = "a product id";
    /// A canonical SKU (规格) of a product.
    SkuId = "a SKU id";
    /// One SKU as one connection's channel knows it.
    ListingId = "a listing id";
    /// An end of sales that a person declared (停售).
    StopSaleId = "a stop-sale id";
    /// An order of ours; also the id of its family when it is the first order of it.
    OrderId = "an order id";
    /// An order as the channel names it.
    ChannelOrderId = "a channel order id";
    /// An order as a supplier names it.
    SupplierReference = "a supplier reference";
    /// A refund record.
    RefundId = "a refund id";
    /// A distributor (分销商), who sells against a credit line.
    DistributorId = "a distributor id";
    /// Dated stock that one or more SKUs draw on.
    BucketId = "a bucket id";
    /// A pool of imported codes (码库).
    PoolName = "a pool name";
    /// One code of a pool.
    CodeId = "a code id";
    /// Codes of a pool that came together (批次).
    BatchId = "a batch id";
    /// Codes of a pool on their way into a channel's own pool.
    UploadId = "an upload id";
    /// A job.
    JobId = "a job id";
    /// One process of a deployment.
    NodeId = "a node id";
    /// Follows one call through logs and partners.
    TraceId = "a trace id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_id() {
        for bad in ["", " ", "a b", "a\nb", &"x".repeat(129)] {
            assert!(OrderId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(OrderId::parse("1000000000000000001").unwrap().as_str(), "1000000000000000001");
        assert!(serde_json::from_str::<SkuId>("12").is_err(), "a number is not an id");
    }
}
