//! What a channel is told and asked beside its orders: only what its plugin can do, at times that there are.

use entrepot_contract::looking::LookName;
use entrepot_domain::venue;
use serde_json::Value;

use super::{Checker, KnownPlugin};
use crate::config::key::Key;

/// A channel is not asked about its changes more often, in seconds.
const FOLLOWS_LEAST_S: u64 = 10;

impl Checker<'_> {
    /// `calendar`, `products`, `upload_codes` and `reconcile` of a channel connection.
    pub(super) fn beside(&mut self, connection: &Key, plugin: Option<&KnownPlugin>) {
        let calendar = connection.child("calendar");
        if calendar.find(self.value).is_some_and(Value::is_object) && plugin.is_some_and(|one| !one.tells_calendar) {
            let fault = self.fault(&calendar, "asks for what the plugin cannot do: telling prices and stock");
            self.faults
                .push(fault.expected("no such table: the channel pulls its calendar, or a person keeps it there"));
        }
        let products = connection.child("products");
        let told = self.text(&products).filter(|told| *told != "never");
        if let Some(told) = told.filter(|_| plugin.is_some_and(|one| !one.tells_products)) {
            let fault = self.fault(&products, "asks for what the plugin cannot do: telling products");
            self.faults.push(fault.found(format!("the text {told:?}")).expected("\"never\", or no such key"));
        }
        let codes = connection.child("upload_codes");
        let wanted = codes.find(self.value).and_then(Value::as_bool) == Some(true);
        if wanted && plugin.is_some_and(|one| !one.takes_codes) {
            let fault =
                self.fault(&codes, "asks for what the plugin cannot do: handing codes over to a pool of its channel");
            self.faults.push(fault.found("true").expected("false, or no such key"));
        }
        let follows = connection.child("catch_up_s");
        let often = follows.find(self.value).and_then(Value::as_u64);
        if let Some(found) = often.filter(|seconds| (1..FOLLOWS_LEAST_S).contains(seconds)) {
            let fault = self.fault(&follows, "is too small").found(format!("the number {found}"));
            self.faults.push(fault.expected(format!("at least {FOLLOWS_LEAST_S}, or 0 for never")));
        }
        let reconcile = connection.child("reconcile");
        if !reconcile.find(self.value).is_some_and(Value::is_object) {
            return;
        }
        if plugin.is_some_and(|one| !one.looks.contains(&LookName::Orders)) {
            let fault = self.fault(&reconcile, "asks for what the plugin cannot do: asking about the channel's orders");
            self.faults.push(fault.expected("no such table"));
        }
        let zone = reconcile.child("time_zone");
        if let Some(name) = self.text(&zone).filter(|name| venue::zone(name).is_none()) {
            let fault = self.fault(&zone, "is no time zone").found(format!("the text {name:?}"));
            self.faults.push(fault.expected("a name of the IANA time zone database, like \"Asia/Shanghai\""));
        }
    }
}
