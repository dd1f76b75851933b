//! The uuid of a booking (§2, §4): made from our order number, so that a repeat names the same booking, and nobody has to
//! store it. A version 5 UUID of RFC 9562.

use entrepot_sdk::prelude::*;
use sha1::{Digest, Sha1};

/// Under which our order numbers are names. It never changes: open bookings would be lost.
const ORDERS: [u8; 16] =
    [0x5e, 0x0c, 0x8f, 0x5d, 0x3b, 0x57, 0x4c, 0x0e, 0x9a, 0x21, 0x6d, 0x7f, 0x42, 0xc1, 0x90, 0xe3];

/// Which of an order's holds: a hold that ran out may stay in the supplier's books, and its uuid with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Try {
    /// The first one, nearly always the only one.
    First,
    /// The one that is made after the first ran out.
    Second,
}

impl Try {
    /// Both, in order.
    pub(crate) const BOTH: [Self; 2] = [Self::First, Self::Second];
}

/// The uuid of an order's booking, in lower case (§7).
pub(crate) fn booking_uuid(order: &OrderId, which: Try) -> String {
    match which {
        Try::First => version_5(&ORDERS, order.as_str()),
        // An order number has no spaces, so no order is named like this.
        Try::Second => version_5(&ORDERS, &format!("{order} again")),
    }
}

fn version_5(namespace: &[u8; 16], name: &str) -> String {
    let digest = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let number = u128::from_be_bytes(bytes);
    let (head, tail) = (number >> 64, number & u128::from(u64::MAX));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        head >> 32,
        (head >> 16) & 0xffff,
        head & 0xffff,
        tail >> 48,
        tail & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, appendix A.4.
    #[test]
    fn the_standard_s_example_comes_out() {
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8_u128.to_be_bytes();
        assert_eq!(version_5(&dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn an_order_has_two_uuids_for_ever() {
        let order = OrderId::parse("1000000000000000001").unwrap();
        let [first, second] = Try::BOTH.map(|which| booking_uuid(&order, which));
        assert_eq!(first, booking_uuid(&order, Try::First));
        assert_ne!(first, second);
        assert_ne!(first, booking_uuid(&OrderId::parse("1000000000000000002").unwrap(), Try::First));
    }
}
