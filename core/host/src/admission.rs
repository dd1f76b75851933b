//! What the declared capabilities allow, and which answer fits which call.

use entrepot_contract::abi::MESSAGE_LIMIT_BYTES;
use entrepot_contract::capability::{ChannelCapabilities, SupplierCapabilities, SupplierFulfilment};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse, RawRequest};
use entrepot_contract::fault::{Fault, FaultKind};
use entrepot_contract::ids::SceneName;
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::OrderEvent;
use entrepot_contract::supplier::{Booking, SupplierOrder, SupplierRequest, SupplierResponse};

/// Refuses a call that the plugin does not declare.
pub fn declared(manifest: &Manifest, request: &Request) -> Result<(), Fault> {
    let undeclared = |what: &str| {
        let text = format!("plugin {} does not declare {what}; the call never reached it", manifest.id);
        Err(Fault::not_done(FaultKind::Unsupported, text))
    };
    match (request, &manifest.capabilities.channel, &manifest.capabilities.supplier) {
        (Request::Channel(request), Some(channel), _) => match channel_declares(manifest, channel, request) {
            Some(missing) => undeclared(&missing),
            None => Ok(()),
        },
        (Request::Supplier(request), _, Some(supplier)) => match supplier_declares(supplier, request) {
            Some(missing) => undeclared(&missing),
            None => Ok(()),
        },
        _ => undeclared(&format!("the call {}", request.name())),
    }
}

/// What the channel lacks for this call.
fn channel_declares(manifest: &Manifest, channel: &ChannelCapabilities, request: &ChannelRequest) -> Option<String> {
    let scene = |name: &SceneName| {
        let known = manifest.scenes.iter().any(|scene| scene.name == *name);
        (!known).then(|| format!("the scene {name}"))
    };
    match request {
        ChannelRequest::Locate { raw: RawRequest { scene: name, .. } }
        | ChannelRequest::Decode { raw: RawRequest { scene: name, .. } }
        | ChannelRequest::Encode { scene: name, .. } => scene(name),
        ChannelRequest::Deliver { notice } => match &notice.event {
            event if !channel.notices.iter().any(|name| name == event.name()) => {
                Some(format!("the call deliver for the event {}", event.name()))
            }
            OrderEvent::Redeemed { whole: false, .. } if !channel.redeem_units => {
                Some("the call deliver for a part of an order's units".to_owned())
            }
            _ => None,
        },
    }
}

/// What the supplier lacks for this call.
fn supplier_declares(supplier: &SupplierCapabilities, request: &SupplierRequest) -> Option<String> {
    let by_calls = supplier.fulfilment == SupplierFulfilment::Calls;
    match request {
        SupplierRequest::Book { order } if by_calls && supplier.book => too_many(supplier, order),
        SupplierRequest::Inquire { .. } if by_calls && supplier.inquire => None,
        SupplierRequest::Cancel { order, units, .. } if by_calls && supplier.cancel => {
            let part = !units.is_empty() && units.len() < usize::from(order.count);
            (part && !supplier.cancel_units).then(|| "the call cancel for single units".to_owned())
        }
        SupplierRequest::PrepareCodes { .. } if !by_calls => None,
        SupplierRequest::Book { .. } => Some("the call book".to_owned()),
        SupplierRequest::Inquire { .. } => Some("the call inquire".to_owned()),
        SupplierRequest::Cancel { .. } => Some("the call cancel".to_owned()),
        SupplierRequest::PrepareCodes { .. } => Some("the call prepare_codes".to_owned()),
    }
}

fn too_many(supplier: &SupplierCapabilities, order: &SupplierOrder) -> Option<String> {
    let limit = supplier.units_limit.filter(|limit| order.count > *limit)?;
    Some(format!("the call book for {} units: its limit is {limit}", order.count))
}

/// Whether an answer is one to this call.
#[must_use]
pub fn fits(request: &Request, response: &Response) -> bool {
    match (request, response) {
        (Request::Channel(request), Response::Channel(response)) => matches!(
            (request, response),
            (ChannelRequest::Locate { .. }, ChannelResponse::Located(_))
                | (ChannelRequest::Decode { .. }, ChannelResponse::Decoded { .. })
                | (ChannelRequest::Encode { .. }, ChannelResponse::Encoded { .. })
                | (ChannelRequest::Deliver { .. }, ChannelResponse::Delivered)
        ),
        (Request::Supplier(request), Response::Supplier(response)) => match (request, response) {
            (SupplierRequest::Book { .. }, SupplierResponse::Booking(booking)) => {
                !matches!(booking, Booking::NotFound | Booking::Cancelled)
            }
            (SupplierRequest::Inquire { .. }, SupplierResponse::Booking(_))
            | (SupplierRequest::Cancel { .. }, SupplierResponse::Cancellation(_)) => true,
            (SupplierRequest::PrepareCodes { rows }, SupplierResponse::Codes { rows: prepared }) => {
                rows.len() == prepared.len() && rows.iter().zip(prepared).all(|(row, code)| row.line == code.line)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a call's parts of unbounded length are within the limit of a message. What the core itself puts into a
/// call is bounded by its own rules; a library's transport checks the whole message once more.
#[must_use]
pub fn request_within_limit(request: &Request) -> bool {
    let bytes = match request {
        Request::Channel(ChannelRequest::Locate { raw } | ChannelRequest::Decode { raw }) => {
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
        Response::Channel(ChannelResponse::Delivered) => true,
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
