//! Which calls a plugin's card allows. Host and SDK ask the same function, so that both sides of the boundary keep the
//! same rules.

use crate::capability::{Calls, Capabilities, ChannelCapabilities, Fulfils, SupplierCapabilities};
use crate::channel::{ChannelRequest, RawRequest};
use crate::hearing::{About, News};
use crate::ids::SceneName;
use crate::looking::LookName;
use crate::manifest::{Manifest, Scene};
use crate::message::Request;
use crate::notice::{Notice, OrderEvent, OrderNotice};
use crate::supplier::{ResendWay, SupplierOrder, SupplierRequest};

/// What the card lacks for this call; nothing when the call may be made.
#[must_use]
pub fn missing(manifest: &Manifest, request: &Request) -> Option<String> {
    let Capabilities { channel, supplier } = &manifest.capabilities;
    match (request, channel, supplier) {
        (Request::Channel(request), Some(channel), _) => of_channel(&manifest.scenes, channel, request),
        (Request::Supplier(call), _, Some(supplier)) => of_supplier(manifest, supplier, call, request.name()),
        _ => Some(format!("the call {}", request.name())),
    }
}

fn scene(scenes: &[Scene], name: &SceneName) -> Option<String> {
    let known = scenes.iter().any(|scene| scene.name == *name);
    (!known).then(|| format!("the scene {name}"))
}

fn of_channel(scenes: &[Scene], channel: &ChannelCapabilities, request: &ChannelRequest) -> Option<String> {
    match request {
        ChannelRequest::Locate { raw: RawRequest { scene: name, .. } }
        | ChannelRequest::Decode { raw: RawRequest { scene: name, .. } }
        | ChannelRequest::Encode { scene: name, .. } => scene(scenes, name),
        ChannelRequest::Deliver { notice } => deliver(channel, notice),
        ChannelRequest::Look { what } => {
            let there = what.name().is_some_and(|name| channel.looks.contains(&name));
            (!there).then(|| format!("the call look at {}", what.name().map_or("the unknown", LookName::as_str)))
        }
        ChannelRequest::Unknown => Some("a call that this build does not know".to_owned()),
    }
}

fn deliver(channel: &ChannelCapabilities, notice: &Notice) -> Option<String> {
    if !channel.notices.iter().any(|name| name == notice.name()) {
        return Some(format!("the call deliver for the notice {}", notice.name()));
    }
    match notice {
        Notice::Order(OrderNotice { event: OrderEvent::Redeemed { whole: false, .. }, .. })
            if !channel.redeem_units =>
        {
            Some("the call deliver for a part of an order's units".to_owned())
        }
        Notice::Calendar(notice) => {
            let limits = channel.calendar.as_ref()?;
            // All dates up to the horizon belong together, however many they are.
            let limit = if notice.whole { limits.horizon_days.max(limits.dates_limit) } else { limits.dates_limit };
            if !(1..=usize::from(limits.skus_limit)).contains(&notice.skus.len()) {
                let (skus, limit) = (notice.skus.len(), limits.skus_limit);
                return Some(format!("the call deliver for {skus} SKUs of one product: its limit is {limit}"));
            }
            let dates = notice.skus.iter().map(|sku| sku.cells.len() + sku.gone.len());
            let wrong = |dates: &usize| !(1..=usize::from(limit)).contains(dates);
            let text = |dates| format!("the call deliver for {dates} dates of a SKU: its limit is {limit}");
            dates.into_iter().find(wrong).map(text)
        }
        Notice::Codes(notice) => {
            let (codes, limit) = (notice.codes.len(), channel.codes.as_ref().map_or(0, |limits| limits.codes_limit));
            let text = || format!("the call deliver for {codes} codes: its limit is {limit}");
            (!(1..=usize::from(limit)).contains(&codes)).then(text)
        }
        _ => None,
    }
}

fn of_supplier(
    manifest: &Manifest,
    supplier: &SupplierCapabilities,
    request: &SupplierRequest,
    name: &str,
) -> Option<String> {
    match (&supplier.fulfils, request) {
        (_, SupplierRequest::Hear { raw }) => scene(&manifest.scenes, &raw.scene),
        (Fulfils::Pool, SupplierRequest::PrepareCodes { .. }) => None,
        (Fulfils::Calls(calls), request) => of_calls(calls, request, name),
        _ => Some(format!("the call {name}")),
    }
}

/// What is no order is as little declared as what is no call.
fn of_calls(calls: &Calls, request: &SupplierRequest, name: &str) -> Option<String> {
    let there = |declared: bool| (!declared).then(|| format!("the call {name}"));
    match request {
        SupplierRequest::Hold { order, .. } => there(calls.hold.is_some()).or_else(|| too_many(calls, order, name)),
        SupplierRequest::Release { .. } => there(calls.hold.is_some()),
        SupplierRequest::Book { order } => too_many(calls, order, name),
        SupplierRequest::Inquire { .. } => there(calls.inquire.is_some()),
        SupplierRequest::Cancel { order, units, .. } => {
            there(calls.cancel.is_some()).or_else(|| part(calls, order, units))
        }
        SupplierRequest::InquireCancel { order, units, .. } => {
            there(calls.cancel.as_ref().is_some_and(|cancel| cancel.inquire)).or_else(|| part(calls, order, units))
        }
        SupplierRequest::Usage { .. } => there(calls.usage.is_some()),
        SupplierRequest::Resend { how, .. } => there(*how != ResendWay::Unknown && calls.resend.contains(how)),
        SupplierRequest::ReadCatalogue { .. } => there(calls.catalogue),
        SupplierRequest::ReadCalendar { first, last, .. } => there(calls.calendar.is_some()).or_else(|| {
            let limit = i64::from(calls.calendar.as_ref()?.days_limit);
            let days = last.days_since(*first) + 1;
            let text = || format!("the call read_calendar for {days} dates: its limit is {limit}");
            (!(1..=limit).contains(&days)).then(text)
        }),
        SupplierRequest::Hear { .. } | SupplierRequest::PrepareCodes { .. } | SupplierRequest::Unknown => there(false),
    }
}

fn too_many(calls: &Calls, order: &SupplierOrder, call: &str) -> Option<String> {
    let count = order.count();
    let limit = calls.book.units_limit.unwrap_or(u16::MAX);
    match count {
        0 => Some(format!("the call {call} for no unit")),
        _ if count > limit => Some(format!("the call {call} for {count} units: its limit is {limit}")),
        _ => None,
    }
}

/// Units to give back are units that are left, in order, each once; a part only where parts can go.
fn part(calls: &Calls, order: &SupplierOrder, units: &[u16]) -> Option<String> {
    let left = order.left();
    let ordered = units.windows(2).all(|pair| pair[0] < pair[1]);
    if units.is_empty() || !ordered || !units.iter().all(|unit| left.contains(unit)) {
        return Some("the call cancel for units that are not there to give back".to_owned());
    }
    let whole = units.len() == order.units.len();
    let parts = calls.cancel.as_ref().is_some_and(|cancel| cancel.units);
    (!whole && !parts).then(|| "the call cancel for single units".to_owned())
}

/// What the card lacks for this news: nobody may be told to ask what cannot be asked.
#[must_use]
pub fn missing_for(supplier: &SupplierCapabilities, news: &News) -> Option<&'static str> {
    let calls = supplier.calls();
    let has = |ability: fn(&Calls) -> bool| calls.is_some_and(ability);
    let (declared, name) = match news {
        News::Ask { about: About::Booking, .. } => (has(|calls| calls.inquire.is_some()), "inquire"),
        News::Ask { about: About::Usage, .. } | News::Usage { .. } => (has(|calls| calls.usage.is_some()), "usage"),
        News::Ask { about: About::Cancellation, .. } => {
            (has(|calls| calls.cancel.as_ref().is_some_and(|cancel| cancel.inquire)), "inquire_cancel")
        }
        News::Cancellation { .. } => (has(|calls| calls.cancel.is_some()), "cancel"),
        News::Booking { .. } => (calls.is_some(), "book"),
        News::Calendar { .. } => (has(|calls| calls.calendar.is_some()), "read_calendar"),
        News::Ask { about: About::Everything, .. } | News::Unknown => (true, ""),
    };
    (!declared).then_some(name)
}
