//! What the declared capabilities allow, and which answer fits which call.

use std::collections::BTreeSet;

use entrepot_contract::abi::MESSAGE_LIMIT_BYTES;
use entrepot_contract::bounds;
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::declared;
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::hearing::{Heard, NEWS_LIMIT, Named, News};
use entrepot_contract::ids::CodeId;
use entrepot_contract::looking::{Look, SEEN_LIMIT, Seen};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::{Notice, Told};
use entrepot_contract::reading::{CELLS_LIMIT, GOODS_LIMIT};
use entrepot_contract::supplier::{
    Booking, Cancellation, Holding, ResendWay, Resent, SupplierOrder, SupplierRequest, SupplierResponse, UsedUnits,
    credentials_fit,
};

/// Refuses a call that the plugin does not declare.
pub fn declared(manifest: &Manifest, request: &Request) -> Result<(), Fault> {
    match declared::missing(manifest, request) {
        Some(what) => {
            let text = format!("plugin {} does not declare {what}; the call never reached it", manifest.id);
            Err(Fault::not_done(FaultKind::Unsupported, text))
        }
        None => Ok(()),
    }
}

/// Why an answer is none to this call; nothing when it is one. What this build does not know is no answer.
#[must_use]
pub fn misfit(manifest: &Manifest, request: &Request, response: &Response) -> Option<String> {
    let name = request.name();
    let other = || Some(format!("the answer is none to the call {name}"));
    match (request, response) {
        (Request::Channel(request), Response::Channel(response)) => {
            let fits = matches!(
                (request, response),
                (ChannelRequest::Locate { .. }, ChannelResponse::Located(_))
                    | (ChannelRequest::Decode { .. }, ChannelResponse::Decoded { .. })
                    | (ChannelRequest::Encode { .. }, ChannelResponse::Encoded { .. })
            ) || match (request, response) {
                (ChannelRequest::Deliver { notice }, ChannelResponse::Told(told)) => told_well(notice, told),
                (ChannelRequest::Look { what }, ChannelResponse::Seen(seen)) => seen_well(what, seen),
                _ => false,
            };
            if fits { None } else { other() }
        }
        (Request::Supplier(request), Response::Supplier(response)) => match supplied(manifest, request, response) {
            Fit::Fits => None,
            Fit::Other => other(),
            Fit::Wrong(why) => Some(format!("the answer to the call {name} {why}")),
        },
        _ => other(),
    }
}

/// Only a product is decided later; only a calendar and codes are taken in part, and only what the notice named is named,
/// each code once.
fn told_well(notice: &Notice, told: &Told) -> bool {
    match (told, notice) {
        (Told::Done, _) | (Told::Waiting(_), Notice::Product(_)) => true,
        (Told::Partly { refused }, Notice::Calendar(calendar)) => {
            !refused.is_empty() && refused.iter().all(|no| calendar.tells(&no.listing, no.date))
        }
        (Told::Codes { refused, untold, unclear }, Notice::Codes(codes)) => {
            let named = refused.iter().map(|no| &no.code).chain(untold).chain(unclear);
            let mut left: BTreeSet<&CodeId> = codes.codes.iter().map(|code| &code.id).collect();
            named.into_iter().all(|code| left.remove(code))
        }
        (Told::Waiting(_) | Told::Partly { .. } | Told::Codes { .. } | Told::Unknown, _) => false,
    }
}

/// The form fits the question, and a page is no longer than it may be.
fn seen_well(what: &Look, seen: &Seen) -> bool {
    match (what, seen) {
        (Look::Order { .. }, Seen::Orders { orders, next }) => orders.len() <= 1 && next.is_none(),
        (Look::Orders { .. }, Seen::Orders { orders, .. }) => orders.len() <= SEEN_LIMIT,
        (Look::Ledger { .. }, Seen::Ledger { lines, .. }) => lines.len() <= SEEN_LIMIT,
        (Look::Redemptions { .. }, Seen::Redemptions { lines, .. }) => lines.len() <= SEEN_LIMIT,
        (Look::Product { .. }, Seen::Products { products }) => products.len() <= SEEN_LIMIT,
        (Look::Shops { .. }, Seen::Shops { shops, .. }) => shops.len() <= SEEN_LIMIT,
        (Look::Sealed(sealed), Seen::Opened(opened)) => sealed.texts.len() == opened.texts.len(),
        (Look::ReservedCode { .. }, Seen::ReservedCode { .. }) => true,
        _ => false,
    }
}

/// How a supplier's answer fits its call.
enum Fit {
    Fits,
    /// It answers another call, or is of a later build.
    Other,
    /// It answers this call, and cannot be.
    Wrong(&'static str),
}

impl Fit {
    const fn when(holds: bool, why: &'static str) -> Self {
        if holds { Self::Fits } else { Self::Wrong(why) }
    }
}

fn supplied(manifest: &Manifest, request: &SupplierRequest, response: &SupplierResponse) -> Fit {
    use SupplierRequest as Q;
    use SupplierResponse as A;
    match (request, response) {
        (Q::Hold { .. }, A::Holding(holding)) if *holding != Holding::Unknown => Fit::Fits,
        (Q::Release { .. }, A::Released) => Fit::Fits,
        (Q::Book { .. }, A::Booking(Booking::NotFound | Booking::Cancelled | Booking::Held { .. })) => Fit::Other,
        (Q::Book { order } | Q::Inquire { order, .. }, A::Booking(booking)) => booked(order, booking),
        (Q::Cancel { .. }, A::Cancellation(Cancellation::NotAsked)) => Fit::Other,
        (Q::Cancel { .. } | Q::InquireCancel { .. }, A::Cancellation(answer)) if *answer != Cancellation::Unknown => {
            Fit::Fits
        }
        (Q::Usage { order }, A::Usage(usage)) => {
            Fit::when(counts(order, &usage.used) && counts(order, &usage.gone), "counts units that are not there")
        }
        (Q::Resend { order, how, .. }, A::Resent(resent)) => resent_as(order, *how, resent),
        (Q::ReadCatalogue { .. }, A::Catalogue(page)) => {
            Fit::when(page.goods.len() <= GOODS_LIMIT, "has more goods than a page may have")
        }
        (Q::ReadCalendar { first, last, .. }, A::Calendar(page)) => {
            let asked = page.cells.iter().all(|cell| (*first..=*last).contains(&cell.date));
            Fit::when(asked && page.cells.len() <= CELLS_LIMIT, "has dates not asked for, or more than a page may have")
        }
        (Q::Hear { .. }, A::Heard(heard)) => heard_well(manifest, heard),
        (Q::PrepareCodes { rows }, A::Codes { rows: prepared }) => {
            let each = rows.iter().zip(prepared).all(|(row, code)| row.line == code.line);
            Fit::when(each && rows.len() == prepared.len(), "does not have one entry for each row")
        }
        _ => Fit::Other,
    }
}

fn booked(order: &SupplierOrder, booking: &Booking) -> Fit {
    match booking {
        Booking::Issued { units, .. } => {
            Fit::when(credentials_fit(order, units), "does not have credentials for each unit of the order")
        }
        Booking::Unknown => Fit::Other,
        _ => Fit::Fits,
    }
}

/// No more units than the order has, and none twice.
fn counts(order: &SupplierOrder, told: &UsedUnits) -> bool {
    match told {
        UsedUnits::Number { numbers } => {
            let once: BTreeSet<u16> = numbers.iter().copied().collect();
            once.len() == numbers.len()
                && once.iter().all(|number| order.units.iter().any(|unit| unit.number == *number))
        }
        UsedUnits::Count { count } => *count <= order.count(),
        UsedUnits::Unknown => false,
    }
}

fn resent_as(order: &SupplierOrder, how: ResendWay, resent: &Resent) -> Fit {
    match (how, resent) {
        (ResendWay::Message, Resent::Sent) | (_, Resent::Refused(_)) => Fit::Fits,
        (ResendWay::Credentials, Resent::Credentials { units }) => {
            Fit::when(credentials_fit(order, units), "does not have credentials for each unit of the order")
        }
        _ => Fit::Other,
    }
}

/// News are few, known to this build, and about what can be asked.
fn heard_well(manifest: &Manifest, heard: &Heard) -> Fit {
    let Some(supplier) = &manifest.capabilities.supplier else { return Fit::Other };
    let known = |news: &News| match news {
        News::Booking { order, booking } => *order != Named::Unknown && *booking != Booking::Unknown,
        News::Cancellation { order, cancellation, .. } => {
            *order != Named::Unknown && *cancellation != Cancellation::Unknown
        }
        News::Usage { order, usage } => {
            *order != Named::Unknown && usage.used != UsedUnits::Unknown && usage.gone != UsedUnits::Unknown
        }
        News::Ask { order, .. } => *order != Named::Unknown,
        News::Calendar { .. } => true,
        News::Unknown => false,
    };
    if heard.news.len() > NEWS_LIMIT {
        Fit::Wrong("has more news than one call may have")
    } else if !heard.news.iter().all(known) {
        Fit::Wrong("has news that this build does not know")
    } else {
        let asked = heard.news.iter().all(|news| declared::missing_for(supplier, news).is_none());
        Fit::when(asked, "has news about what the plugin does not declare")
    }
}

/// What of an answer is longer than the contract allows.
#[must_use]
pub fn too_long(request: &Request, response: &Response) -> Option<String> {
    let part = bounds::check(response).err()?;
    Some(format!("the answer to the call {}: {part}", request.name()))
}

/// Whether a call's parts of unbounded length are within the limit of a message. What the core itself puts into a
/// call is bounded by its own rules; a library's transport checks the whole message once more.
#[must_use]
pub fn request_within_limit(request: &Request) -> bool {
    let bytes = match request {
        Request::Channel(ChannelRequest::Locate { raw } | ChannelRequest::Decode { raw })
        | Request::Supplier(SupplierRequest::Hear { raw }) => {
            let headers: usize = raw.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            raw.body.len() + raw.query.len() + headers
        }
        Request::Supplier(SupplierRequest::PrepareCodes { rows }) => {
            rows.iter().map(|row| 32 + row.code.len() + row.password.as_ref().map_or(0, String::len)).sum()
        }
        _ => 0,
    };
    bytes <= MESSAGE_LIMIT_BYTES
}

/// Whether an answer's parts of unbounded length are within the limit of a message.
#[must_use]
pub fn response_within_limit(response: &Response) -> bool {
    let mut counter = Counter(0);
    match response {
        Response::Channel(ChannelResponse::Encoded { raw }) => raw.body.len() <= MESSAGE_LIMIT_BYTES,
        other => serde_json::to_writer(&mut counter, other).is_ok(),
    }
}

/// Counts what is written, up to the limit.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        if self.0 > MESSAGE_LIMIT_BYTES { Err(std::io::Error::other("too long")) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
