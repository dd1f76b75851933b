//! What a command carries of a partner's own words.

use entrepot_contract::ids::SupplierReference;
use entrepot_contract::listing::UnitNames;
use entrepot_contract::order::UnitCredentials;

/// What a channel calls an order and its units besides the order's number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelNames {
    /// A second name of the order; it keeps the one it has where none is told.
    pub reference: Option<String>,
    /// The units, in the order of their numbers; they keep the names they have where none are told.
    pub units: Vec<UnitNames>,
}

/// What a supplier said about a booking.
#[derive(Debug, Clone)]
pub enum IssueResult {
    /// Issued.
    Issued {
        /// What the supplier calls it.
        reference: Option<SupplierReference>,
        /// One entry for each unit.
        units: Vec<UnitCredentials>,
    },
    /// Taken; asked again later, so the job goes on.
    Pending {
        /// What the supplier calls it.
        reference: Option<SupplierReference>,
    },
    /// A certain no.
    Refused {
        /// For people.
        reason: String,
    },
    /// A person typed the codes instead (人工出票).
    ByHand {
        /// One entry for each unit.
        units: Vec<UnitCredentials>,
        /// Why, for the timeline.
        reason: String,
    },
    /// The supplier issued after a person had typed the codes.
    Found {
        /// What the supplier calls it.
        reference: Option<SupplierReference>,
        /// Whether its codes are the ones that were typed.
        same: bool,
    },
}
