//! The contract's version numbers. A plugin's own version is its manifest's business.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Version of the messages: within a major only optional fields and calls behind a capability are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContractVersion {
    /// Changes when an old message no longer decodes.
    pub major: u16,
    /// Changes when something optional is added.
    pub minor: u16,
}

/// The contract this crate describes.
pub const CONTRACT: ContractVersion = ContractVersion { major: 1, minor: 0 };

/// The majors a host built from this crate can speak.
pub const SUPPORTED_MAJORS: &[u16] = &[1];

/// Version of the C table ([`crate::abi`]).
pub const ABI: u32 = 1;

impl std::fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a newer build said where this one knows no such arm. It is not kept: written, it is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anything;

impl Serialize for Anything {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
