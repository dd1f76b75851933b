//! One call that a card declares, ready to be made: what has to be there before it, is.

use entrepot_contract::message::Request;
use entrepot_contract::services::Services as _;
use entrepot_contract::supplier::{ResendWay, SupplierRequest};

use crate::ability;
use crate::stand::Stand;
use crate::suite::Outcome;
use crate::trial::{DATE, Trial, date, whole};

/// A call about order `1` of two units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Hold,
    Book,
    Inquire,
    Cancel,
    InquireCancel,
    Usage,
    Message,
    Credentials,
    Catalogue,
    Calendar,
}

const ALL: &[Deed] = &[
    Deed::Hold,
    Deed::Book,
    Deed::Inquire,
    Deed::Cancel,
    Deed::InquireCancel,
    Deed::Usage,
    Deed::Message,
    Deed::Credentials,
    Deed::Catalogue,
    Deed::Calendar,
];

impl Deed {
    /// Those that the card declares.
    pub(crate) fn declared(trial: &Trial) -> Vec<Self> {
        let manifest = trial.manifest();
        let declared = |deed: &Self| match deed {
            Self::Hold => ability::holds(&manifest),
            Self::Book => ability::books(&manifest),
            Self::Inquire => ability::inquires(&manifest),
            Self::Cancel => ability::cancels(&manifest),
            Self::InquireCancel => ability::audits(&manifest),
            Self::Usage => ability::tells_use(&manifest),
            Self::Message => ability::sends_messages(&manifest),
            Self::Credentials => ability::shows_again(&manifest),
            Self::Catalogue => ability::has_catalogue(&manifest),
            Self::Calendar => ability::has_calendar(&manifest),
        };
        ALL.iter().copied().filter(declared).collect()
    }

    /// Whether the order has to be booked before.
    fn follows_a_booking(self) -> bool {
        !matches!(self, Self::Hold | Self::Book | Self::Catalogue | Self::Calendar)
    }

    /// A stand on which it can be done, and the call.
    pub(crate) async fn ready(self, trial: &Trial) -> Outcome<(Stand, SupplierRequest)> {
        let stand = trial.stand().await?;
        let order = trial.order("1", 2)?;
        if self.follows_a_booking() {
            stand.issued(&order).await?;
        }
        let (key, order) = ("k1".to_owned(), Box::new(order));
        let request = match self {
            Self::Hold => {
                let longest = ability::longest_hold_ms(&trial.manifest()).min(600_000);
                SupplierRequest::Hold { order, until: stand.world.now().plus_millis(longest) }
            }
            Self::Book => SupplierRequest::Book { order },
            Self::Inquire => SupplierRequest::Inquire { order, memo: None },
            Self::Cancel => SupplierRequest::Cancel { order, units: whole(2), key },
            Self::InquireCancel => SupplierRequest::InquireCancel { order, units: whole(2), key, memo: None },
            Self::Usage => SupplierRequest::Usage { order },
            Self::Message => SupplierRequest::Resend { order, how: ResendWay::Message, key },
            Self::Credentials => SupplierRequest::Resend { order, how: ResendWay::Credentials, key },
            Self::Catalogue => SupplierRequest::ReadCatalogue { page: None },
            Self::Calendar => {
                let product_code = trial.supplier_side()?.product.clone();
                let first = date(DATE)?;
                SupplierRequest::ReadCalendar { product_code, first, last: first, page: None }
            }
        };
        Ok((stand, request))
    }
}

/// Its name, as a fault or a log would say it.
pub(crate) fn name(request: &SupplierRequest) -> &'static str {
    Request::Supplier(request.clone()).name()
}
