//! What a card declares, as the checks ask for it.

use entrepot_contract::capability::{Calls, CancelAbility};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::supplier::ResendWay;

fn calls(manifest: &Manifest) -> Option<&Calls> {
    manifest.capabilities.supplier.as_ref()?.calls()
}

fn cancel(manifest: &Manifest, how: fn(&CancelAbility) -> bool) -> bool {
    calls(manifest).and_then(|calls| calls.cancel.as_ref()).is_some_and(how)
}

pub(crate) fn all(_: &Manifest) -> bool {
    true
}

/// Something that the host has to keep ready answers for.
pub(crate) fn takes_calls(manifest: &Manifest) -> bool {
    !manifest.scenes.is_empty()
}

/// It calls a partner.
pub(crate) fn calls_out(manifest: &Manifest) -> bool {
    books(manifest) || delivers(manifest)
}

pub(crate) fn delivers(manifest: &Manifest) -> bool {
    manifest.capabilities.channel.as_ref().is_some_and(|channel| !channel.notices.is_empty())
}

pub(crate) fn has_secrets(manifest: &Manifest) -> bool {
    !manifest.secrets.is_empty()
}

pub(crate) fn books(manifest: &Manifest) -> bool {
    calls(manifest).is_some()
}

pub(crate) fn books_once(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.book.repeatable)
}

pub(crate) fn has_units_limit(manifest: &Manifest) -> bool {
    units_limit(manifest).is_some()
}

pub(crate) fn units_limit(manifest: &Manifest) -> Option<u16> {
    calls(manifest)?.book.units_limit
}

pub(crate) fn inquires(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.inquire.is_some())
}

pub(crate) fn cancels(manifest: &Manifest) -> bool {
    cancel(manifest, |_| true)
}

pub(crate) fn cancels_units(manifest: &Manifest) -> bool {
    cancel(manifest, |cancel| cancel.units)
}

pub(crate) fn cancels_once(manifest: &Manifest) -> bool {
    cancel(manifest, |cancel| cancel.repeatable)
}

pub(crate) fn audits(manifest: &Manifest) -> bool {
    cancel(manifest, |cancel| cancel.inquire)
}

pub(crate) fn holds(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.hold.is_some())
}

pub(crate) fn extends(manifest: &Manifest) -> bool {
    calls(manifest).and_then(|calls| calls.hold.as_ref()).is_some_and(|hold| hold.extends)
}

pub(crate) fn longest_hold_ms(manifest: &Manifest) -> i64 {
    let hold = calls(manifest).and_then(|calls| calls.hold.as_ref());
    hold.map_or(0, |hold| i64::try_from(hold.longest_ms).unwrap_or(i64::MAX))
}

pub(crate) fn tells_use(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.usage.is_some())
}

pub(crate) fn resends(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| !calls.resend.is_empty())
}

pub(crate) fn shows_again(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.resend.contains(&ResendWay::Credentials))
}

pub(crate) fn sends_messages(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.resend.contains(&ResendWay::Message))
}

pub(crate) fn has_catalogue(manifest: &Manifest) -> bool {
    calls(manifest).is_some_and(|calls| calls.catalogue)
}

pub(crate) fn has_calendar(manifest: &Manifest) -> bool {
    calendar_days(manifest).is_some()
}

pub(crate) fn calendar_days(manifest: &Manifest) -> Option<u16> {
    calls(manifest)?.calendar.as_ref().map(|calendar| calendar.days_limit)
}

/// A supplier that is called by its partner.
pub(crate) fn hears(manifest: &Manifest) -> bool {
    books(manifest) && takes_calls(manifest)
}
