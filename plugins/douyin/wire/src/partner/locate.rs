//! Is a call authentic, and what is it about? Nothing of a body is read before its signature holds.

use entrepot_sdk::contract::listing::ListingNames;
use entrepot_sdk::prelude::*;
use serde_json::Value;

use super::Partner;
use super::body::plausible;
use super::scenes::Scene;
use crate::sign::{SignPolicy, single_param, verify_call, verify_webhook_sign};

/// Douyin's request id. Common §7.1, `documented`.
const LOGID: &str = "x-bytedance-logid";
/// The new signature. Common §7.1, `documented`.
const LIFE_SIGN: &str = "x-life-sign";
/// The signature of webhooks. Common §9, `documented`.
const WEBHOOK_SIGN: &str = "x-douyin-signature";

/// What a call of one of these scenes is about, once it is authentic; otherwise `Unauthenticated`. A body that is authentic
/// and makes no sense is still located, with what can be read: the host answers it as malformed once `decode` says so.
pub fn locate(partner: &Partner, scenes: &[Scene], raw: &RawRequest) -> Result<Located, Fault> {
    let scene = Scene::named(&raw.scene, scenes)?;
    match scene {
        Scene::Webhook => authentic_webhook(partner, raw)?,
        _ => authentic_call(partner, raw)?,
    }
    let body: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
    let mut located = match scene {
        Scene::Webhook => of_event(partner, &body)?,
        _ => of_call(&body),
    };
    let header = raw.header(LOGID).filter(|logid| plausible(logid));
    located.partner_trace = header.map(str::to_owned).or(located.partner_trace);
    Ok(located)
}

/// Refuses a call of long ago, where that is set: common §7.2, `inferred`, off unless set. Not part of [`locate`], which has
/// no clock.
pub fn refuse_replay(partner: &Partner, now: Timestamp, raw: &RawRequest) -> Result<(), Fault> {
    let Some(window_ms) = partner.shared.replay_window_ms else {
        return Ok(());
    };
    let stamp = single_param(&raw.query, "timestamp").and_then(|text| text.parse::<i64>().ok());
    let near = stamp.is_some_and(|stamp| now.millis().abs_diff(stamp) <= window_ms);
    if near {
        return Ok(());
    }
    Err(unauthenticated("the call's timestamp is missing or outside settings.replay_window_ms"))
}

fn unauthenticated(text: &str) -> Fault {
    Fault::not_done(FaultKind::Unauthenticated, text)
}

/// Common §7.2, `documented`. The query's `client_key` is what is signed, so it names the application; the header
/// x-life-clientkey only repeats it and is not signed.
fn authentic_call(partner: &Partner, raw: &RawRequest) -> Result<(), Fault> {
    let Some(key) = single_param(&raw.query, "client_key") else {
        return Err(unauthenticated("the query holds no single client_key"));
    };
    if !known_key(partner, &key) {
        return Err(unauthenticated("the client_key is another application's"));
    }
    let policy = SignPolicy { accept_old: partner.shared.accept_old_sign };
    let secret = partner.client.client_secret.expose();
    if !verify_call(secret, &raw.query, &raw.body, raw.header(LIFE_SIGN), policy) {
        return Err(unauthenticated("the signature does not hold"));
    }
    Ok(())
}

/// Common §9, `documented`.
fn authentic_webhook(partner: &Partner, raw: &RawRequest) -> Result<(), Fault> {
    let sign = raw.header(WEBHOOK_SIGN).unwrap_or_default();
    if !verify_webhook_sign(partner.client.client_secret.expose(), &raw.body, sign) {
        return Err(unauthenticated("the webhook's signature does not hold"));
    }
    Ok(())
}

fn known_key(partner: &Partner, key: &str) -> bool {
    let others = &partner.shared.other_client_keys;
    key == partner.client.client_key.expose() || others.iter().any(|other| other == key)
}

/// The ids of a call, under all their names (scenic §1.4, `documented`); `sku` is the issue call's (scenic §11), or the first
/// of the group ticket's pre-order (group-buy B15.1, `documented`). The generic order query asks about several orders of one
/// merchant (B14, `documented`): the first one places it.
fn of_call(body: &Value) -> Located {
    let sku = body.get("sku").or_else(|| body.get("sku_info_list")?.get(0)).unwrap_or(&Value::Null);
    let first = &body["order_ids"][0];
    Located {
        account: id(body, &["account_id"]),
        order: order(id(body, &["order_id"]).or_else(|| id_of(first))),
        source_order: order(id(body, &["source_order_id"])),
        own_order: id(body, &["order_out_id", "out_order_id", "third_order_id"]),
        names: ListingNames {
            product: id(sku, &["product_id"]).or_else(|| id(body, &["product_id"])),
            sku: id(sku, &["sku_id"]).or_else(|| id(body, &["sku_id"])),
            product_out: id(sku, &["product_out_id"]).or_else(|| id(body, &["product_out_id", "third_product_id"])),
            sku_out: id(sku, &["sku_out_id", "third_sku_id"]).or_else(|| id(body, &["sku_out_id", "third_sku_id"])),
        },
        partner_trace: None,
    }
}

/// A webhook's content is a JSON text, or an object (common §9, `documented`); ids stand in it or one level deeper.
fn of_event(partner: &Partner, body: &Value) -> Result<Located, Fault> {
    let key = body["client_key"].as_str().filter(|key| !key.is_empty());
    if key.is_some_and(|key| !known_key(partner, key)) {
        return Err(unauthenticated("the client_key is another application's"));
    }
    Ok(of_content(body))
}

/// What a webhook is about: an order, a voucher's order, or a product (scenic §19).
#[must_use]
pub fn of_content(body: &Value) -> Located {
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

/// The first of these fields that holds an id.
fn id(object: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| id_of(object.get(*name)?))
}

/// An id: a text, or a whole number (common §1, `inferred`).
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => plausible(text).then(|| text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Whichever plugin of an application is asked first has to find the ids of every solution's calls.
    #[test]
    fn ids_are_found_in_every_solutions_calls() {
        let promise = json!({"order_id": "8001", "order_item_list": [{"order_item_id": "i1", "sku_id": "17"}],
            "sku_info_list": [{"product_id": "5", "sku_id": "17", "sku_out_id": "QG100|YY200"}]});
        let generic = json!({"order_id": 8001, "sku_id": "17", "third_sku_id": "S", "third_product_id": "P"});
        let query = json!({"scene": "fulfil", "order_ids": ["8001", "8002"]});
        let [promise, generic, query] = [promise, generic, query].map(|body| of_call(&body));
        for located in [&promise, &generic, &query] {
            assert_eq!(located.order.as_ref().map(|order| order.as_str()), Some("8001"));
        }
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(promise.names.product, text("5"));
        assert_eq!(promise.names.sku, text("17"));
        assert_eq!(promise.names.sku_out, text("QG100|YY200"));
        assert_eq!((generic.names.product_out, generic.names.sku_out), (text("P"), text("S")));
        assert_eq!(generic.names.sku, text("17"));
        assert_eq!(of_call(&json!({"order_ids": [], "sku_info_list": {}})), Located::default());
    }
}
