//! The messages of contract 1.0 as they were written down: each is still read, says the same when it is written again,
//! and survives fields of later builds. They are never edited; a new minor gets a folder of its own.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use entrepot_contract::abi::{CallMessage, CallReply, LogLine, OpenMessage, OpenReply, ServiceCall, ServiceReply};
use entrepot_contract::channel::{ChannelRequest, ChannelResponse};
use entrepot_contract::hearing::News;
use entrepot_contract::intent::Intent;
use entrepot_contract::intent::beside::Thing;
use entrepot_contract::intent::change::OrderFilter;
use entrepot_contract::looking::{Look, Seen};
use entrepot_contract::manifest::Manifest;
use entrepot_contract::message::{Request, Response};
use entrepot_contract::notice::{Notice, OrderEvent, RefundDecision, Told};
use entrepot_contract::outcome::Outcome;
use entrepot_contract::services::{ServiceRequest, ServiceResponse};
use entrepot_contract::supplier::{Booking, Cancellation, Holding, Resent, SupplierRequest, SupplierResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

type Messages = BTreeMap<String, Value>;

macro_rules! golden {
    ($name:literal) => {
        serde_json::from_str::<Messages>(include_str!(concat!("../golden/1.0/", $name, ".json"))).unwrap()
    };
}

/// Without what is left out when it is written: nothing, and what stands for it.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, bare(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(bare).collect()),
        other => other,
    }
}

/// With a field of a later build in every message; what belongs to a plugin or partner stays as it is.
fn later(value: &Value, name: &str) -> Value {
    const THEIRS: &[&str] = &["settings", "challenge", "instance_settings", "connection_settings", "Ok", "Err"];
    const CHOICES: &[&str] = &["plain", "sealed", "numbers", "count", "named", "text", "raw", "fixed", "ratio"];
    match value {
        Value::Object(fields) => {
            let all = fields
                .iter()
                .map(|(key, value)| (key.clone(), if key == "settings" { value.clone() } else { later(value, key) }));
            let mut grown: Map<String, Value> = all.collect();
            // A choice is written as an object with one field, its arm: another one would be another arm.
            let choice = fields.len() == 1
                && fields.keys().all(|key| CHOICES.contains(&key.as_str()) || key == "Ok" || key == "Err");
            if !choice && !THEIRS[..4].contains(&name) {
                grown.insert("of_a_later_build".to_owned(), json!({ "any": ["thing", 1] }));
            }
            Value::Object(grown)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| later(item, name)).collect()),
        other => other.clone(),
    }
}

fn holds<T: DeserializeOwned + Serialize>(messages: &Messages) {
    assert!(!messages.is_empty());
    for (name, message) in messages {
        let read: T = serde_json::from_value(message.clone()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(bare(written.clone()), bare(message.clone()), "{name} is written otherwise");
        let grown = later(message, "");
        assert_ne!(&grown, message, "{name} was not grown");
        let survived: T = serde_json::from_value(grown).unwrap_or_else(|fault| panic!("{name}, grown: {fault}"));
        assert_eq!(serde_json::to_value(&survived).unwrap(), written, "{name} means something else when it has grown");
    }
}

#[test]
fn every_message_is_read_and_written_as_it_was() {
    holds::<Request>(&golden!("requests"));
    holds::<Response>(&golden!("responses"));
    holds::<Manifest>(&golden!("manifests"));
    holds::<OpenMessage>(&golden!("open_messages"));
    holds::<CallMessage>(&golden!("call_messages"));
    holds::<OpenReply>(&golden!("open_replies"));
    holds::<CallReply>(&golden!("call_replies"));
    holds::<ServiceCall>(&golden!("service_calls"));
    holds::<ServiceReply>(&golden!("service_replies"));
    holds::<LogLine>(&golden!("log_lines"));
}

/// The arms of an enum by their names. The match has no rest, so a new arm cannot be forgotten here.
macro_rules! arms {
    ($type:ident: $($arm:ident $name:literal),* $(,)?) => {{
        #[allow(dead_code)]
        fn name(value: &$type) -> &'static str {
            match value { $($type::$arm { .. } => $name,)* $type::Unknown => "" }
        }
        [$($name),*]
    }};
}

/// The words that stand at a tag, anywhere in the messages.
fn said(messages: &[&Messages], tag: &str) -> BTreeSet<String> {
    fn collect(value: &Value, tag: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get(tag).and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, tag, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, tag, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    messages.iter().flat_map(|messages| messages.values()).for_each(|value| collect(value, tag, &mut found));
    found
}

fn cover(messages: &[&Messages], tag: &str, arms: &[&str]) {
    let said = said(messages, tag);
    let missing: Vec<&&str> = arms.iter().filter(|arm| !said.contains(**arm)).collect();
    assert!(missing.is_empty(), "no golden message with {tag} = {missing:?}");
}

#[test]
fn every_arm_has_its_message() {
    let (requests, responses) = (golden!("requests"), golden!("responses"));
    let both = [&requests, &responses];
    cover(
        &both,
        "call",
        &arms!(ChannelRequest: Locate "locate", Decode "decode", Encode "encode", Deliver "deliver", Look "look"),
    );
    cover(
        &both,
        "call",
        &arms!(SupplierRequest: Hold "hold", Release "release", Book "book", Inquire "inquire", Cancel "cancel",
        InquireCancel "inquire_cancel", Usage "usage", Resend "resend", ReadCatalogue "read_catalogue",
        ReadCalendar "read_calendar", Hear "hear", PrepareCodes "prepare_codes"),
    );
    cover(
        &both,
        "answer",
        &arms!(ChannelResponse: Located "located", Decoded "decoded", Encoded "encoded", Told "told", Seen "seen"),
    );
    cover(
        &both,
        "answer",
        &arms!(SupplierResponse: Holding "holding", Released "released", Booking "booking",
        Cancellation "cancellation", Usage "usage", Resent "resent", Catalogue "catalogue", Calendar "calendar",
        Heard "heard", Codes "codes"),
    );
    cover(
        &both,
        "intent",
        &arms!(Intent: CheckBooking "check_booking", CreateOrder "create_order", PayOrder "pay_order",
        CancelOrder "cancel_order", IssueOrder "issue_order", AskRefund "ask_refund", RecordRefund "record_refund",
        RecordDecision "record_decision",
        QueryOrder "query_order", PullCalendar "pull_calendar", SyncOrder "sync_order", RecordUse "record_use",
        ChangeOrder "change_order", ExtendHold "extend_hold", ShowOrders "show_orders", ListProducts "list_products",
        RecordStanding "record_standing", WantCodes "want_codes", AskMember "ask_member", AskInvoice "ask_invoice",
        Handshake "handshake", Event "event"),
    );
    cover(
        &both,
        "outcome",
        &arms!(Outcome: Bookable "bookable", Created "created", Paid "paid", Recorded "recorded",
        CallAgain "call_again", Issued "issued", Issuing "issuing", RefundAgreed "refund_agreed",
        RefundRefused "refund_refused", RefundWaiting "refund_waiting", Usage "usage", Calendar "calendar",
        Orders "orders", Products "products", Member "member",
        Refused "refused", Busy "busy"),
    );
    cover(
        &both,
        "event",
        &arms!(OrderEvent: Accepted "accepted", Refused "refused", Issued "issued", IssueFailed "issue_failed",
        RefundDecided "refund_decided", Redeemed "redeemed"),
    );
    cover(&both, "decision", &arms!(RefundDecision: Agreed "agreed", Refused "refused"));
    cover(&both, "notice", &arms!(Notice: Order "order", Calendar "calendar", Product "product", Codes "codes"));
    cover(&both, "told", &arms!(Told: Done "done", Waiting "waiting", Partly "partly", Codes "codes"));
    cover(
        &both,
        "look",
        &arms!(Look: Order "order", Orders "orders", Ledger "ledger", Redemptions "redemptions",
            Product "product", Shops "shops", Sealed "sealed", ReservedCode "reserved_code"),
    );
    cover(
        &both,
        "seen",
        &arms!(Seen: Orders "orders", Ledger "ledger", Redemptions "redemptions", Products "products", Shops "shops", Opened "opened",
            ReservedCode "reserved_code"),
    );
    cover(&both, "holding", &arms!(Holding: Held "held", Booked "booked", Refused "refused"));
    cover(
        &both,
        "booking",
        &arms!(Booking: Issued "issued", Pending "pending", Refused "refused", Held "held", NotFound "not_found", Cancelled "cancelled"),
    );
    cover(
        &both,
        "cancellation",
        &arms!(Cancellation: Done "done", Refused "refused", Waiting "waiting", NotAsked "not_asked"),
    );
    cover(&both, "resent", &arms!(Resent: Sent "sent", Credentials "credentials", Refused "refused"));
    cover(
        &both,
        "news",
        &arms!(News: Ask "ask", Booking "booking", Usage "usage", Cancellation "cancellation", Calendar "calendar"),
    );
    cover(&both, "by", &arms!(OrderFilter: Names "names", Reference "reference", Own "own", Visits "visits"));
    cover(&both, "of", &arms!(Thing: Product "product", Calendar "calendar", Shop "shop", Room "room"));
    let services = [&golden!("service_calls"), &golden!("service_replies")];
    cover(
        &services,
        "service",
        &arms!(ServiceRequest: Http "http", CacheGet "cache_get", CacheSwap "cache_swap", Secret "secret"),
    );
    cover(&services, "answer", &arms!(ServiceResponse: Http "http", Cache "cache", Swapped "swapped", Secret "secret"));
}
