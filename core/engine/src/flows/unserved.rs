//! What the contract can say and no flow serves: refused by its name, never answered as if it were done. A part of a
//! call that no flow reads is refused alike, because a yes to the rest would be a yes to it.

use entrepot_contract::intent::change::OrderFilter;
use entrepot_contract::intent::{AskRefund, CreateOrder, GivesBack, Intent, IssueOrder, Wish};
use entrepot_contract::listing::UnitNames;
use entrepot_contract::outcome::{Reason, Refusal};

/// Why this call is refused; none where a flow serves all of it.
pub(crate) fn refusal(intent: &Intent) -> Option<Refusal> {
    let what = match intent {
        Intent::CheckBooking(wish) => in_wish(wish)?,
        Intent::CreateOrder(create) => in_create(create)?,
        Intent::IssueOrder(issue) => in_issue(issue)?,
        Intent::AskRefund(ask) => in_ask(ask)?,
        Intent::ShowOrders(filter) => in_filter(filter)?,
        Intent::PullCalendar(pull) if !pull.shops.is_empty() => "a calendar of whole shops",
        // Money that is gone is taken down, whatever it was given for.
        Intent::RecordRefund(_)
        | Intent::RecordDecision(_)
        | Intent::PayOrder { .. }
        | Intent::CancelOrder { .. }
        | Intent::QueryOrder { .. }
        | Intent::PullCalendar(_)
        | Intent::Handshake { .. }
        | Intent::Event { .. } => return None,
        Intent::Unknown => return Some(not_known()),
        Intent::SyncOrder(_)
        | Intent::RecordUse(_)
        | Intent::ChangeOrder(_)
        | Intent::ExtendHold { .. }
        | Intent::ListProducts { .. }
        | Intent::RecordStanding(_)
        | Intent::WantCodes { .. }
        | Intent::AskMember(_)
        | Intent::AskInvoice(_) => "this call",
    };
    let text = format!("{what} ({}) is not served by this version", intent.name());
    Some(Refusal::new(Reason::Other, text))
}

/// The refusal of what this build cannot even name.
pub(crate) fn not_known() -> Refusal {
    Refusal::new(Reason::Malformed, "the plugin decoded something this build does not know")
}

fn in_filter(filter: &OrderFilter) -> Option<&'static str> {
    match filter {
        OrderFilter::Names { .. } | OrderFilter::Own { .. } => None,
        OrderFilter::Reference { .. } => Some("finding orders by a second name"),
        OrderFilter::Visits { .. } => Some("finding orders by their dates"),
        OrderFilter::Unknown => Some("finding orders by what this build does not know"),
    }
}

fn in_wish(wish: &Wish) -> Option<&'static str> {
    let marked_up = wish.nights.iter().any(|night| night.markup.is_some_and(|markup| markup.amount_minor != 0));
    if !wish.lines.is_empty() {
        Some("an order of several SKUs")
    } else if marked_up {
        Some("a markup of single nights")
    } else if wish.shop.is_some() {
        Some("an order for one shop")
    } else {
        None
    }
}

fn in_create(create: &CreateOrder) -> Option<&'static str> {
    if !create.more_sources.is_empty() {
        Some("a reservation with several voucher orders")
    } else if create.whole {
        Some("an answer with the whole order")
    } else if create.hold_ms.is_some() {
        Some("a hold of a length that the channel chooses")
    } else if by_code(&create.unit_names) {
        Some("naming units by their codes")
    } else {
        in_wish(&create.wish)
    }
}

fn in_issue(issue: &IssueOrder) -> Option<&'static str> {
    if issue.guests.is_some() {
        Some("guests named when credentials are asked for")
    } else if issue.whole {
        Some("an answer with the whole order")
    } else if by_code(&issue.unit_names) {
        Some("naming units by their codes")
    } else {
        None
    }
}

/// A code is a secret like the credential, which an order's names are not kept as: before an order is issued there is
/// nothing that it could be held against.
fn by_code(names: &[UnitNames]) -> bool {
    names.iter().any(|names| names.code.is_some())
}

fn in_ask(ask: &AskRefund) -> Option<&'static str> {
    if ask.at_once {
        Some("a refund that is done with its answer")
    } else if ask.whole {
        Some("an answer with the whole order")
    } else {
        in_refund(ask.gives_back)
    }
}

fn in_refund(gives_back: GivesBack) -> Option<&'static str> {
    match gives_back {
        GivesBack::Units | GivesBack::Reservation => None,
        GivesBack::Money => Some("giving back money alone"),
        GivesBack::Unknown => Some("giving back what this build does not know"),
    }
}
