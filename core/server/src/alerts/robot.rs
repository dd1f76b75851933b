//! One call to a webhook: signed where its robot asks for it, and judged by the robot's own words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entrepot_contract::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Url, header};
use serde_json::Value;
use sha2::Sha256;

use crate::config::{Webhook, WebhookForm};

/// Longest answer read, in bytes. Robots answer a line.
const ANSWER_LIMIT_BYTES: usize = 64 * 1024;

/// Longest part of a robot's own words that is repeated, in characters.
const WORDS_LIMIT_CHARS: usize = 200;

/// Shortest part of a URL that is taken for a secret when a robot repeats it.
const SECRET_CHARS: usize = 12;

/// The URL; a DingTalk robot with a secret wants the time and its signature: HMAC-SHA256 over both, keyed by the
/// secret, in base64.
pub(super) fn signed(webhook: &Webhook, now: Timestamp) -> Url {
    let mut url = webhook.url.expose().clone();
    let (WebhookForm::Dingtalk, Some(secret)) = (webhook.form, &webhook.secret) else { return url };
    let secret = secret.expose();
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return url };
    let timestamp = now.millis().to_string();
    mac.update(format!("{timestamp}\n{secret}").as_bytes());
    let sign = STANDARD.encode(mac.finalize().into_bytes());
    url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    url
}

/// Posts a message. What went wrong is told without the URL.
pub(super) async fn post(http: &reqwest::Client, url: Url, body: &Value, form: WebhookForm) -> Result<(), String> {
    let request = http.post(url.clone()).header(header::CONTENT_TYPE, "application/json").body(body.to_string());
    let failed = |fault: reqwest::Error| {
        let what = if fault.is_timeout() { "it did not answer in time" } else { "it cannot be reached" };
        format!("{what}: {}", fault.without_url())
    };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("expected a status of success, found {}", status.as_u16()));
    }
    if form == WebhookForm::Json {
        return Ok(());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > ANSWER_LIMIT_BYTES {
            return Err(format!("its answer is longer than {ANSWER_LIMIT_BYTES} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    judge(&bytes, &url)
}

/// Robots answer 200 to everything; `errcode` says whether the message was taken.
fn judge(answer: &[u8], url: &Url) -> Result<(), String> {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    match answer["errcode"].as_i64() {
        Some(0) => Ok(()),
        Some(code) => Err(format!("the robot refused with errcode {code}{}", words(&answer["errmsg"], url))),
        None => Err("expected the answer of a robot, with an errcode; found something else".to_owned()),
    }
}

/// The robot's own words, unless they repeat what is secret in the URL.
fn words(message: &Value, url: &Url) -> String {
    let Some(text) = message.as_str() else { return String::new() };
    let text: String = text.chars().filter(|c| !c.is_control()).take(WORDS_LIMIT_CHARS).collect();
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let steps = url.path_segments().into_iter().flatten().map(str::to_owned);
    let repeats = values.chain(steps).any(|part| part.len() >= SECRET_CHARS && text.contains(&part));
    if repeats { ": (its words are not shown, they hold a part of the URL)".to_owned() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        "https://robot.example/robot/send?access_token=0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn a_refusal_is_a_failure_in_the_robots_words_without_the_token() {
        assert_eq!(judge(br#"{"errcode":0,"errmsg":"ok"}"#, &url()), Ok(()));
        let refused = judge(br#"{"errcode":310000,"errmsg":"sign not match"}"#, &url()).unwrap_err();
        assert_eq!(refused, "the robot refused with errcode 310000: sign not match");
        let told = judge(br#"{"errcode":300001,"errmsg":"token 0123456789abcdef is not exist"}"#, &url()).unwrap_err();
        assert!(!told.contains("0123456789abcdef") && told.contains("300001"), "{told}");
        for odd in ["", "<html>", "{}", "[]", r#"{"errcode":"0"}"#] {
            assert!(judge(odd.as_bytes(), &url()).is_err(), "{odd}");
        }
    }

    #[test]
    fn the_signature_is_the_one_that_dingtalk_publishes_the_recipe_of() {
        let webhook = Webhook {
            url: crate::config::WebhookUrl::parse(url().as_str()).unwrap(),
            form: WebhookForm::Dingtalk,
            secret: Some(crate::config::SecretText::new("this is secret")),
            min_level: entrepot_domain::alert::AlertLevel::Warning,
            merchant: None,
        };
        let signed = signed(&webhook, Timestamp::from_millis(1_577_808_000_000));
        let pairs: Vec<(String, String)> =
            signed.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        assert_eq!(pairs[1], ("timestamp".to_owned(), "1577808000000".to_owned()));
        assert_eq!(pairs[2], ("sign".to_owned(), "ijHEivi6YiCNPZOq4hZstmvZ3sPfbioAiMhP30ae7W0=".to_owned()));
        let plain = Webhook { secret: None, ..webhook };
        assert_eq!(super::signed(&plain, Timestamp::from_millis(1)), url());
    }
}
