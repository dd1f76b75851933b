//! One made-up application and its signed calls. Common §7.1, §9.

use douyin_wire::sign::{life_sign, parse_query, webhook_sign};
use entrepot_sdk::contract::channel::RawRequest;
use entrepot_sdk::contract::ids::SceneName;

/// Its client key, and the one of the common page's worked example.
pub const CLIENT_KEY: &str = "awtestkey000001";
/// Its secret, likewise.
pub const CLIENT_SECRET: &str = "0123456789abcdef0123456789ABCDEF";
/// Its token in mode `fixed`.
pub const FIXED_TOKEN: &str = "clt.fixed-5f0c2b9a7d";
/// A merchant account.
pub const ACCOUNT: &str = "70001";
/// A shop of it.
pub const SHOP: &str = "71001";
/// Douyin's order.
pub const ORDER: &str = "1000000000000000001";
/// Our order.
pub const OWN_ORDER: &str = "T20260001";
/// Douyin's request id.
pub const LOGID: &str = "20261001120000ABCDEF";

/// A scene by its name.
pub fn scene(name: &str) -> SceneName {
    SceneName::parse(name).expect("a scene name")
}

/// A signed call of a scene.
pub fn call(name: &str, body: &str) -> RawRequest {
    bytes(name, body.as_bytes())
}

/// A signed call with any body.
pub fn bytes(name: &str, body: &[u8]) -> RawRequest {
    let query = match name {
        "webhook" => String::new(),
        _ => format!("client_key={CLIENT_KEY}&timestamp=1790000000123&sign=ignored"),
    };
    signed(RawRequest { scene: scene(name), method: "POST".to_owned(), query, headers: vec![], body: body.to_vec() })
}

/// The call with the signature it should have.
pub fn signed(raw: RawRequest) -> RawRequest {
    let header = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![header("content-type", "application/json".to_owned())];
    if raw.scene.as_str() == "webhook" {
        headers.push(header("x-douyin-signature", webhook_sign(CLIENT_SECRET, &raw.body)));
        headers.push(header("msg-id", "message-1".to_owned()));
    } else {
        let query = parse_query(&raw.query).expect("a query");
        headers.push(header("x-life-clientkey", CLIENT_KEY.to_owned()));
        headers.push(header("x-life-sign", life_sign(CLIENT_SECRET, &query, &raw.body)));
        headers.push(header("x-bytedance-logid", LOGID.to_owned()));
    }
    RawRequest { headers, ..raw }
}
