//! The contract's version numbers. A plugin's own version is its manifest's business.

use serde::{Deserialize, Serialize};

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
