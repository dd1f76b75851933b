//! UUIDs and times in the form of the wire (§1, §7).

use chrono::{DateTime, FixedOffset, Utc};

/// A UUID of version 4's shape, made from a counter: the same run gives the same ids.
pub(crate) fn uuid(number: u64) -> String {
    // An odd multiplier is a bijection on u64: different numbers never give one id.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        mixed >> 32,
        (mixed >> 16) & 0xffff,
        (mixed >> 4) & 0xfff,
        mixed & 0xf,
        number
    )
}

/// Whether a text is a UUID; `lower_only` refuses upper-case digits (§7).
pub(crate) fn is_uuid(text: &str, lower_only: bool) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || (!lower_only && byte.is_ascii_hexdigit()),
        })
}

/// An instant: ISO 8601 with `Z`, without milliseconds (§1, §7).
pub(crate) fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A local time: ISO 8601 with its offset (§1).
pub(crate) fn local(at: DateTime<FixedOffset>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_are_lower_case_uuids_and_differ() {
        assert!(is_uuid(&uuid(1), true) && is_uuid(&uuid(u64::MAX >> 16), true));
        assert_ne!(uuid(1), uuid(2));
        assert!(!is_uuid("5C1B2C3A-0000-4000-8000-000000000001", true));
        assert!(is_uuid("5C1B2C3A-0000-4000-8000-000000000001", false));
        assert!(!is_uuid("5c1b2c3a00004000800000000000000100000", true));
    }
}
