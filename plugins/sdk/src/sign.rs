//! Digests and signatures as partners ask for them: hexadecimal or base64 text over pieces that follow one another.
//!
//! ```
//! use entrepot_sdk::sign;
//! assert_eq!(sign::md5_hex(&["a", "bc"]), "900150983cd24fb0d6963f7d28e17f72");
//! assert!(sign::same(&sign::md5_hex(&["abc"]), "900150983cd24fb0d6963f7d28e17f72"));
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// MD5 of the pieces, one after the other, in lower-case hex. For partners that ask for it; it protects nothing else.
#[must_use]
pub fn md5_hex(pieces: &[impl AsRef<[u8]>]) -> String {
    digest_hex::<Md5>(pieces)
}

/// SHA-256 of the pieces, one after the other, in lower-case hex.
#[must_use]
pub fn sha256_hex(pieces: &[impl AsRef<[u8]>]) -> String {
    digest_hex::<Sha256>(pieces)
}

/// HMAC-SHA-256 of the pieces, one after the other, in lower-case hex.
#[must_use]
pub fn hmac_sha256_hex(key: &[u8], pieces: &[impl AsRef<[u8]>]) -> String {
    hex(&hmac_sha256(key, pieces))
}

/// The same in base64 with padding.
#[must_use]
pub fn hmac_sha256_base64(key: &[u8], pieces: &[impl AsRef<[u8]>]) -> String {
    STANDARD.encode(hmac_sha256(key, pieces))
}

/// Whether two texts are the same, in a time that tells nothing of where they differ: for signatures that came in.
/// Hexadecimal digits are compared as they are; bring what is given into the case that was agreed.
#[must_use]
pub fn same(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// Bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn digest_hex<D: Digest>(pieces: &[impl AsRef<[u8]>]) -> String {
    let mut digest = D::new();
    for piece in pieces {
        digest.update(piece.as_ref());
    }
    hex(digest.finalize().as_ref())
}

/// # Panics
/// Never: HMAC takes a key of any length.
fn hmac_sha256(key: &[u8], pieces: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for piece in pieces {
        mac.update(piece.as_ref());
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        const EMPTY: &[&str] = &[];
        assert_eq!(md5_hex(EMPTY), "d41d8cd98f00b204e9800998ecf8427e");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(&["abc"]), abc);
        assert_eq!(sha256_hex(&[b"a".as_slice(), b"bc"]), abc);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn keyed_digests_are_those_of_the_standard() {
        let pieces = ["what do ya want ", "for nothing?"];
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac_sha256_hex(b"Jefe", &pieces), hex);
        assert_eq!(hmac_sha256_base64(b"Jefe", &pieces), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }

    #[test]
    fn only_the_same_is_the_same() {
        assert!(same("ab", "ab") && same("", ""));
        assert!(!same("ab", "AB") && !same("ab", "abc") && !same("ab", ""));
    }
}
