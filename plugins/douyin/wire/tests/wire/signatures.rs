//! Common spec §7.2, §7.3, §9.

use douyin_wire::sign::{
    SignPolicy, life_sign, old_sign, parse_query, single_param, to_sign, verify_call, verify_life_sign,
    verify_old_sign, verify_webhook_sign, webhook_sign,
};
use proptest::prelude::*;

use crate::SECRET;

const QUERY: &str = "timestamp=1718000000123&client_key=awtestkey000001&sign=ignored";
const BODY: &[u8] = br#"{"order_id":"1000000000000000001","count":2}"#;
const SIGNED: &str = "9e7cc62b4e182c394328d79e990c7e24d5c25884687f5e7fbdbb8e75d570ad2d";
const SIGNED_NO_BODY: &str = "0845f28427874fef77677038348909c4bdc12721bc6f45e71b09de7bd14c0f62";
const OLD: &str = "d9dc0146396ed9b3e0bc209c86f9f2a6";
const HOOK: &[u8] = br#"{"event":"life_trade_order_notify","client_key":"awtestkey000001","content":"{\"action\":\"pay_success\"}","log_id":"L1"}"#;
const HOOK_SIGNED: &str = "b0397c98812554476a41bbbf237a987e58de6a78";

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_worked_example_signs_as_printed() {
    let query = parse_query(QUERY).unwrap();
    let text = r#"0123456789abcdef0123456789ABCDEF&client_key=awtestkey000001&timestamp=1718000000123&http_body={"order_id":"1000000000000000001","count":2}"#;
    assert_eq!(to_sign(SECRET, &query, BODY), text.as_bytes());
    assert_eq!(life_sign(SECRET, &query, BODY), SIGNED);
    assert_eq!(life_sign(SECRET, &query, b""), SIGNED_NO_BODY);
    assert_eq!(old_sign(SECRET, &query, BODY), OLD);
    assert!(verify_life_sign(SECRET, QUERY, BODY, SIGNED));
    assert!(verify_life_sign(SECRET, QUERY, b"", SIGNED_NO_BODY));
    assert!(verify_life_sign(SECRET, QUERY, BODY, &SIGNED.to_uppercase()));
}

#[test]
fn the_webhook_vector_verifies() {
    assert_eq!(webhook_sign(SECRET, HOOK), HOOK_SIGNED);
    assert!(verify_webhook_sign(SECRET, HOOK, HOOK_SIGNED));
    assert!(verify_webhook_sign(SECRET, HOOK, &HOOK_SIGNED.to_uppercase()));
    assert!(!verify_webhook_sign("", HOOK, &webhook_sign("", HOOK)));
    assert!(!verify_webhook_sign(SECRET, HOOK, ""));
}

#[test]
fn sorting_is_by_key_bytes_then_value() {
    let query = pairs(&[("b", "2"), ("a", "2"), ("B", "0"), ("a", "10"), ("sign", "x")]);
    assert_eq!(to_sign("s", &query, b""), b"s&B=0&a=10&a=2&b=2");
}

#[test]
fn decoded_and_encoded_values_are_both_accepted() {
    let raw = "note=a+b%2B%E5%BC%A0&client_key=k";
    let decoded = life_sign(SECRET, &pairs(&[("client_key", "k"), ("note", "a b+张")]), BODY);
    let encoded = life_sign(SECRET, &pairs(&[("client_key", "k"), ("note", "a+b%2B%E5%BC%A0")]), BODY);
    assert_ne!(decoded, encoded);
    assert!(verify_life_sign(SECRET, raw, BODY, &decoded));
    assert!(verify_life_sign(SECRET, raw, BODY, &encoded));
    // Another spelling of the same value is one bit away and refused.
    assert!(!verify_life_sign(SECRET, "note=a+b%2b%E5%BC%A0&client_key=k", BODY, &decoded));
}

#[test]
fn undecodable_values_are_never_merged() {
    // A lossy decoder would read both as the replacement character.
    let signed = life_sign(SECRET, &pairs(&[("a", "%FF")]), BODY);
    assert!(verify_life_sign(SECRET, "a=%FF", BODY, &signed));
    assert!(!verify_life_sign(SECRET, "a=%FE", BODY, &signed));
    assert!(!verify_life_sign(SECRET, "a=%FF", BODY, &life_sign(SECRET, &pairs(&[("a", "\u{fffd}")]), BODY)));
}

#[test]
fn the_boundary_to_the_body_cannot_be_moved() {
    let body = b"x&http_body={}";
    let signed = life_sign(SECRET, &pairs(&[("t", "1")]), body);
    assert!(verify_life_sign(SECRET, "t=1", body, &signed));
    assert!(!verify_life_sign(SECRET, "t=1%26http_body%3Dx", b"{}", &signed));
    assert!(!verify_life_sign(SECRET, "t=1%26http_body%3Dx%26http_body%3D%7B%7D", b"", &signed));
    let signed = life_sign(SECRET, &[], b"{}");
    assert!(!verify_life_sign(SECRET, "http_body={}", b"", &signed));
    assert!(!verify_life_sign(SECRET, "http%5Fbody={}", b"", &signed));
}

#[test]
fn an_empty_secret_signs_nothing() {
    let query = parse_query(QUERY).unwrap();
    assert!(!verify_life_sign("", QUERY, BODY, &life_sign("", &query, BODY)));
}

#[test]
fn the_old_signature_counts_only_where_switched_on() {
    let query = QUERY.replace("ignored", OLD);
    let on = SignPolicy { accept_old: true };
    assert!(verify_old_sign(SECRET, &query, BODY));
    assert!(verify_call(SECRET, &query, BODY, None, on));
    assert!(!verify_call(SECRET, &query, BODY, None, SignPolicy::default()));
    // A wrong new signature is not rescued by a right old one.
    assert!(!verify_call(SECRET, &query, BODY, Some("00"), on));
    assert!(verify_call(SECRET, &query, BODY, Some(SIGNED), SignPolicy::default()));
    assert!(!verify_call(SECRET, &format!("{query}&sign=x"), BODY, None, on));
}

#[test]
fn a_parameter_is_read_once_or_not_at_all() {
    assert_eq!(single_param("client_key=a%41+b&x", "client_key").as_deref(), Some("aA b"));
    assert_eq!(single_param("client_key=a&client_key=a", "client_key"), None);
    assert_eq!(single_param("x=1", "client_key"), None);
    assert_eq!(single_param("x=1&&y", "y").as_deref(), Some(""));
    assert_eq!(parse_query("a=%zz%"), Some(pairs(&[("a", "%zz%")])));
    assert_eq!(parse_query("a=%FF"), None);
}

/// Every text one bit away, as far as it is UTF-8, except for bits inside the value of `sign`.
fn neighbours(query: &str) -> Vec<String> {
    let mut from = 0;
    let mut free = vec![false; query.len()];
    for piece in query.split('&') {
        if piece.starts_with("sign=") {
            // A separator before nothing, or before another `sign`, may become part of this value.
            let end = from + piece.len();
            let next = query[end..].strip_prefix('&').map(|rest| rest.split('&').next().unwrap_or(""));
            let idle =
                next.is_some_and(|next| matches!(next.split('=').next(), Some("" | "sign")) && !next.starts_with('='));
            free[from + 5..end + usize::from(idle)].fill(true);
        }
        from += piece.len() + 1;
    }
    let bits = (0..query.len() * 8).filter(|bit| !free[bit / 8]);
    bits.filter_map(|bit| String::from_utf8(flipped(query.as_bytes(), bit)).ok()).collect()
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    copy[bit / 8] ^= 1 << (bit % 8);
    copy
}

#[test]
fn every_one_bit_flip_of_the_example_is_refused() {
    for query in neighbours(QUERY) {
        assert!(!verify_life_sign(SECRET, &query, BODY, SIGNED), "{query}");
    }
    for bit in 0..BODY.len() * 8 {
        assert!(!verify_life_sign(SECRET, QUERY, &flipped(BODY, bit), SIGNED));
    }
    for bit in 0..SIGNED.len() * 8 {
        if let Ok(header) = String::from_utf8(flipped(SIGNED.as_bytes(), bit)) {
            assert!(!verify_life_sign(SECRET, QUERY, BODY, &header), "{header}");
        }
    }
    for bit in 0..HOOK.len() * 8 {
        assert!(!verify_webhook_sign(SECRET, &flipped(HOOK, bit), HOOK_SIGNED));
    }
    for bit in 0..HOOK_SIGNED.len() * 8 {
        if let Ok(header) = String::from_utf8(flipped(HOOK_SIGNED.as_bytes(), bit)) {
            assert!(!verify_webhook_sign(SECRET, HOOK, &header), "{header}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_122), max_global_rejects: 1_000_000, ..ProptestConfig::with_cases(400) })]

    /// Texts made of what query strings are made of, and of what lies one bit from it.
    #[test]
    fn any_bit_of_any_parameter_matters(
        query in "(sign=[a-f&]{0,6}&)?([%&=+'$5-9a-fA-Fgz \u{e9}]|%[0-9A-F]{2}|%[0-9a-f]{2}|&(rign|sign|http_body)=){1,14}",
        body in proptest::collection::vec(any::<u8>(), 0..20),
        signs_decoded in any::<bool>(),
    ) {
        let raw = query.split('&').filter(|piece| !piece.is_empty())
            .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
            .map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let params = if signs_decoded { parse_query(&query).unwrap_or(raw) } else { raw };
        let header = life_sign(SECRET, &params, &body);
        prop_assume!(verify_life_sign(SECRET, &query, &body, &header));
        for other in neighbours(&query) {
            prop_assert!(!verify_life_sign(SECRET, &other, &body, &header), "{query:?} and {other:?}");
        }
    }

    #[test]
    fn any_bit_of_body_and_header_matters(
        key in "[a-z0-9]{1,20}",
        stamp in any::<u64>(),
        body in proptest::collection::vec(any::<u8>(), 1..60),
        at in any::<prop::sample::Index>(),
        header_at in 0_usize..64 * 8,
    ) {
        let query = format!("client_key={key}&timestamp={stamp}");
        let header = life_sign(SECRET, &parse_query(&query).unwrap(), &body);
        prop_assert!(verify_life_sign(SECRET, &query, &body, &header));
        let body_too = flipped(&body, at.index(body.len() * 8));
        prop_assert!(!verify_life_sign(SECRET, &query, &body_too, &header));
        if let Ok(other) = String::from_utf8(flipped(header.as_bytes(), header_at)) {
            prop_assert!(!verify_life_sign(SECRET, &query, &body, &other));
        }
        let hook = webhook_sign(SECRET, &body);
        prop_assert!(verify_webhook_sign(SECRET, &body, &hook));
        prop_assert!(!verify_webhook_sign(SECRET, &body_too, &hook));
    }
}
