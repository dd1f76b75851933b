//! Is a call authentic, and what is it about? Nothing of a body is read before its signature holds.

use douyin_wire::sign::{SignPolicy, single_param, verify_call, verify_webhook_sign};
use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;
use serde_json::Value;

use crate::DouyinCalendar;
use crate::body::plausible;
use crate::scenes::Scene;

/// Douyin's request id. Common §7.1, `documented`.
const LOGID: &str = "x-bytedance-logid";
/// The new signature. Common §7.1, `documented`.
const LIFE_SIGN: &str = "x-life-sign";
/// The signature of webhooks. Common §9, `documented`.
const WEBHOOK_SIGN: &str = "x-douyin-signature";

/// A body that is authentic and makes no sense is still located, with what can be read: the host answers it as
/// malformed once `decode` says so.
pub(crate) fn locate(channel: &DouyinCalendar, raw: &RawRequest) -> Result<Located, Fault> {
    let scene = Scene::named(&raw.scene)?;
    match scene {
        Scene::Webhook => authentic_webhook(channel, raw)?,
        _ => authentic_call(channel, raw)?,
    }
    let body: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
    let mut located = match scene {
        Scene::Webhook => of_event(channel, &body)?,
        _ => of_call(&body),
    };
    let header = raw.header(LOGID).filter(|logid| plausible(logid));
    located.partner_trace = header.map(str::to_owned).or(located.partner_trace);
    Ok(located)
}

fn unauthenticated(text: &str) -> Fault {
    Fault::not_done(FaultKind::Unauthenticated, text)
}

/// Common §7.2, `documented`. The query's `client_key` is what is signed, so it names the application; the header
/// x-life-clientkey only repeats it and is not signed.
fn authentic_call(channel: &DouyinCalendar, raw: &RawRequest) -> Result<(), Fault> {
    let Some(key) = single_param(&raw.query, "client_key") else {
        return Err(unauthenticated("the query holds no single client_key"));
    };
    if !known_key(channel, &key) {
        return Err(unauthenticated("the client_key is another application's"));
    }
    let policy = SignPolicy { accept_old: channel.settings.accept_old_sign };
    let secret = channel.client.client_secret.expose();
    if !verify_call(secret, &raw.query, &raw.body, raw.header(LIFE_SIGN), policy) {
        return Err(unauthenticated("the signature does not hold"));
    }
    Ok(())
}

/// Common §9, `documented`.
fn authentic_webhook(channel: &DouyinCalendar, raw: &RawRequest) -> Result<(), Fault> {
    let sign = raw.header(WEBHOOK_SIGN).unwrap_or_default();
    if !verify_webhook_sign(channel.client.client_secret.expose(), &raw.body, sign) {
        return Err(unauthenticated("the webhook's signature does not hold"));
    }
    Ok(())
}

fn known_key(channel: &DouyinCalendar, key: &str) -> bool {
    let others = &channel.settings.other_client_keys;
    key == channel.client.client_key.expose() || others.iter().any(|other| other == key)
}

/// The ids of a call, under all their names (scenic §1.4, `documented`); `sku` is the issue call's (scenic §11).
fn of_call(body: &Value) -> Located {
    let sku = body.get("sku").unwrap_or(&Value::Null);
    Located {
        account: id(body, &["account_id"]),
        order: order(id(body, &["order_id"])),
        source_order: order(id(body, &["source_order_id"])),
        own_order: id(body, &["order_out_id", "out_order_id", "third_order_id"]),
        names: ListingNames {
            product: id(body, &["product_id"]),
            sku: id(sku, &["sku_id"]).or_else(|| id(body, &["sku_id"])),
            product_out: id(body, &["product_out_id"]),
            sku_out: id(sku, &["third_sku_id"]).or_else(|| id(body, &["sku_out_id", "third_sku_id"])),
        },
        partner_trace: None,
    }
}

/// A webhook's content is a JSON text, or an object (common §9, `documented`); ids stand in it or one level deeper.
fn of_event(channel: &DouyinCalendar, body: &Value) -> Result<Located, Fault> {
    let key = body["client_key"].as_str().filter(|key| !key.is_empty());
    if key.is_some_and(|key| !known_key(channel, key)) {
        return Err(unauthenticated("the client_key is another application's"));
    }
    Ok(of_content(body))
}

/// What a webhook is about: an order, a voucher's order, or a product (scenic §19).
pub(crate) fn of_content(body: &Value) -> Located {
    let content = content(body);
    let places = [&content["order"], &content["certificate"], &content];
    let find = |name: &str| places.iter().find_map(|place| id(place, &[name]));
    Located {
        account: find("account_id"),
        order: order(find("order_id")),
        source_order: None,
        own_order: find("order_out_id"),
        names: ListingNames {
            product: find("product_id"),
            sku: find("sku_id"),
            product_out: find("product_out_id"),
            sku_out: find("sku_out_id"),
        },
        partner_trace: id(body, &["log_id"]),
    }
}

/// A webhook's content, unpacked.
fn content(body: &Value) -> Value {
    match &body["content"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    }
}

fn order(id: Option<String>) -> Option<ChannelOrderId> {
    id.and_then(|id| ChannelOrderId::parse(id).ok())
}

/// The first of these fields that holds an id: a text, or a whole number (common §1, `inferred`).
fn id(object: &Value, names: &[&str]) -> Option<String> {
    let found = |name: &&str| match object.get(*name)? {
        Value::String(text) => plausible(text).then(|| text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    };
    names.iter().find_map(found)
}
