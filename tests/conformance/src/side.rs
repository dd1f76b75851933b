//! The other side of a supplier: a partner's system, played in this process or by a simulator somewhere.

use entrepot_contract::channel::RawRequest;
use entrepot_contract::fault::Fault;
use entrepot_contract::hearing::About;
use entrepot_contract::money::Money;
use entrepot_contract::services::{HttpRequest, HttpResponse};
use entrepot_contract::supplier::UsedUnits;
use entrepot_contract::time::{Timestamp, VisitDate};
use serde::{Deserialize, Serialize};

/// A supplier's system, played. It answers as the real one does; time-outs and garbage are the suite's to add.
pub trait OtherSide: Send + Sync {
    /// Answers one call.
    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Fault>;
    /// What it believes was booked.
    fn booked(&self) -> Vec<Booked>;
    /// The units given back: their numbers in order, or how many where it does not tell them apart.
    fn cancelled(&self, order: &str) -> UsedUnits;

    /// Presses a button. The checks that need one that is not there are listed as not run.
    fn press(&self, button: &Button) -> Pressed {
        let _ = button;
        Pressed::Missing
    }

    /// Why it cannot be believed, for one that is reached over a network.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// A booking, as the other side knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Booked {
    /// Our order number.
    pub order: String,
    /// The product.
    pub product: String,
    /// Units.
    pub count: u16,
    /// The date of arrival, `yyyy-MM-dd`.
    pub date: Option<String>,
    /// What is owed for one unit, where it is told.
    pub cost: Option<Money>,
    /// The time slot, where it is told.
    pub slot: Option<String>,
}

/// What happens at a partner without being asked for. Each has the JSON form `{"button": "…", …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "button", rename_all = "snake_case")]
pub enum Button {
    /// The next booking is taken, and its credentials are not there yet.
    Delay,
    /// The credentials of a delayed booking are there.
    Issue {
        /// Our order number.
        order: String,
    },
    /// Nothing is left of the product.
    SellOut,
    /// Guests use these units.
    Use {
        /// Our order number.
        order: String,
        /// Unit numbers; where the partner does not tell units apart, as many.
        units: Vec<u16>,
        /// When, in whole seconds.
        at: Timestamp,
    },
    /// From now on cancellations are audited.
    Audit,
    /// The audit of the order's cancellation ends.
    Decide {
        /// Our order number.
        order: String,
        /// Whether the units go back.
        agreed: bool,
    },
    /// From now on a cancellation costs so much.
    Charge {
        /// What is kept of what we owe.
        fee: Money,
    },
    /// The time of the order's hold is over.
    Expire {
        /// Our order number.
        order: String,
    },
    /// The product is sold so on a date.
    Offer {
        /// The date.
        date: VisitDate,
        /// Whether it is on sale.
        open: bool,
        /// What we owe for one unit.
        cost: Money,
        /// Units left.
        units: u32,
        /// The slot's id, where the date has slots.
        slot: Option<String>,
    },
    /// The call that the partner would make about an order that it knows.
    Call {
        /// Our order number.
        order: String,
        /// What the call is to be about.
        about: About,
    },
}

impl Button {
    /// Its name in the JSON form.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Issue { .. } => "issue",
            Self::SellOut => "sell_out",
            Self::Use { .. } => "use",
            Self::Audit => "audit",
            Self::Decide { .. } => "decide",
            Self::Charge { .. } => "charge",
            Self::Expire { .. } => "expire",
            Self::Offer { .. } => "offer",
            Self::Call { .. } => "call",
        }
    }
}

/// What became of a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// It was pressed.
    Done,
    /// The partner would make this call.
    Calls(RawRequest),
    /// There is no such button.
    Missing,
}
