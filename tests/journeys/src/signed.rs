//! A platform's call as `spec/douyin-common.md` §7 says it, and nothing else: signed here, not by the simulator.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The demo's published key.
pub const CLIENT_KEY: &str = "awtestkey000001";
/// The secret beside it.
pub const CLIENT_SECRET: &str = "0123456789abcdef0123456789ABCDEF";
/// The demo's application.
pub const APPLICATION: &str = "douyin-demo";

/// `x-life-sign` over every query parameter but `sign`, sorted, and the raw body.
pub fn life_sign(secret: &str, query: &[(String, String)], body: &[u8]) -> String {
    let mut pairs: Vec<_> = query.iter().filter(|(key, _)| key != "sign").collect();
    pairs.sort();
    let mut text = secret.as_bytes().to_vec();
    for (key, value) in pairs {
        text.extend(format!("&{key}={value}").into_bytes());
    }
    if !body.is_empty() {
        text.extend(b"&http_body=");
        text.extend(body);
    }
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A call, ready to be sent or changed on its way.
#[derive(Clone)]
pub struct Signed {
    /// The application whose URL is called.
    pub application: String,
    /// What follows it in the path.
    pub path: String,
    /// The query.
    pub query: Vec<(String, String)>,
    /// The signature; without one, none is sent.
    pub sign: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Signed {
    /// A call with a JSON body.
    pub fn of(path: &str, body: &Value) -> Self {
        Self::raw(path, body.to_string().into_bytes())
    }

    /// A call with any body.
    pub fn raw(path: &str, body: Vec<u8>) -> Self {
        let now = chrono::Utc::now().timestamp_millis();
        let query = vec![
            ("timestamp".to_owned(), now.to_string()),
            ("client_key".to_owned(), CLIENT_KEY.to_owned()),
            ("sign".to_owned(), "ignored".to_owned()),
        ];
        let sign = Some(life_sign(CLIENT_SECRET, &query, &body));
        Self { application: APPLICATION.to_owned(), path: path.to_owned(), query, sign, body }
    }

    /// Where it goes, from a server's base.
    pub fn url(&self, base: &str) -> String {
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("{base}/in/{}/{}?{}", self.application, self.path, query.join("&"))
    }

    /// Sends it: status and body, null when it is no JSON.
    pub async fn send(&self, http: &reqwest::Client, base: &str) -> (u16, Value) {
        let mut request = http
            .post(self.url(base))
            .header("content-type", "application/json")
            .header("x-bytedance-logid", "journeys")
            .header("x-life-clientkey", CLIENT_KEY)
            .body(self.body.clone());
        if let Some(sign) = &self.sign {
            request = request.header("x-life-sign", sign);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

#[test]
fn the_worked_example_of_the_specification() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let query = [pair("timestamp", "1718000000123"), pair("client_key", CLIENT_KEY), pair("sign", "ignored")];
    let body = br#"{"order_id":"1000000000000000001","count":2}"#;
    let expected = "9e7cc62b4e182c394328d79e990c7e24d5c25884687f5e7fbdbb8e75d570ad2d";
    assert_eq!(life_sign(CLIENT_SECRET, &query, body), expected);
    let expected = "0845f28427874fef77677038348909c4bdc12721bc6f45e71b09de7bd14c0f62";
    assert_eq!(life_sign(CLIENT_SECRET, &query, b""), expected);
}
