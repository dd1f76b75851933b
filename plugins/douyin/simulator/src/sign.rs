//! The three signatures of the platform, written from the prose of `spec/douyin-common.md` §7.2, §7.3 and §9.
//!
//! Nothing here is shared with the code under test: both sides compute from the page, so that a common
//! misreading shows as a disagreement.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Lower-case hex of `bytes`.
pub fn lower_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// The bytes that both SPI signatures hash (common §7.2, steps 1 to 3).
///
/// `query` holds decoded pairs in any order; a pair called `sign` is left out, and an empty body adds nothing.
pub fn signing_bytes(secret: &str, query: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<_> = query.iter().filter(|(key, _)| *key != "sign").collect();
    pairs.sort();
    let mut bytes = secret.as_bytes().to_vec();
    for (key, value) in pairs {
        for part in ["&", key, "=", value] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    if !body.is_empty() {
        bytes.extend_from_slice(b"&http_body=");
        bytes.extend_from_slice(body);
    }
    bytes
}

/// The header `x-life-sign`: SHA-256, lower-case hex (common §7.2).
pub fn life_sign(secret: &str, query: &[(&str, &str)], body: &[u8]) -> String {
    lower_hex(&Sha256::digest(signing_bytes(secret, query, body)))
}

/// The old query parameter `sign`: MD5 over the same bytes (common §7.3).
pub fn legacy_sign(secret: &str, query: &[(&str, &str)], body: &[u8]) -> String {
    lower_hex(&Md5::digest(signing_bytes(secret, query, body)))
}

/// The header `X-Douyin-Signature` of a webhook: SHA-1 of secret and body (common §9).
pub fn webhook_sign(secret: &str, body: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(secret.as_bytes());
    hash.update(body);
    lower_hex(&hash.finalize())
}

/// SHA-256 of `bytes` in lower-case hex; used for message ids.
pub(crate) fn digest_hex(bytes: &[u8]) -> String {
    lower_hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789ABCDEF";
    const QUERY: [(&str, &str); 3] =
        [("timestamp", "1718000000123"), ("client_key", "awtestkey000001"), ("sign", "ignored")];
    const BODY: &[u8] = br#"{"order_id":"1000000000000000001","count":2}"#;

    #[test]
    fn life_sign_matches_the_page() {
        assert_eq!(life_sign(SECRET, &QUERY, BODY), "9e7cc62b4e182c394328d79e990c7e24d5c25884687f5e7fbdbb8e75d570ad2d");
        assert_eq!(life_sign(SECRET, &QUERY, b""), "0845f28427874fef77677038348909c4bdc12721bc6f45e71b09de7bd14c0f62");
    }

    #[test]
    fn legacy_sign_matches_the_page() {
        assert_eq!(legacy_sign(SECRET, &QUERY, BODY), "d9dc0146396ed9b3e0bc209c86f9f2a6");
    }

    #[test]
    fn webhook_sign_matches_the_page() {
        let body = br#"{"event":"life_trade_order_notify","client_key":"awtestkey000001","content":"{\"action\":\"pay_success\"}","log_id":"L1"}"#;
        assert_eq!(webhook_sign(SECRET, body), "b0397c98812554476a41bbbf237a987e58de6a78");
    }

    #[test]
    fn repeated_keys_are_sorted_by_value() {
        let bytes = signing_bytes("s", &[("b", "2"), ("a", "9"), ("b", "1")], b"");
        assert_eq!(bytes, b"s&a=9&b=1&b=2");
    }
}
