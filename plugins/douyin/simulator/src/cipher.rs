//! Encrypted guest fields, `spec/douyin-common.md` §8: the local way that both sides can compute, and an
//! "online" way whose ciphertexts only this platform can open.

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// What every online ciphertext begins with (common §8.1).
pub const ONLINE_PREFIX: &str = "Enc.";

const KEY_CHARS: usize = 32;

/// Brings a client secret to the 32 characters used as key (common §8.2 step 1).
pub fn key_of_secret(secret: &str) -> String {
    let mut chars: VecDeque<char> = secret.chars().collect();
    let mut left = true;
    while chars.len() != KEY_CHARS {
        match (chars.len() < KEY_CHARS, left) {
            (true, true) => chars.push_front('#'),
            (true, false) => chars.push_back('#'),
            (false, true) => drop(chars.pop_front()),
            (false, false) => drop(chars.pop_back()),
        }
        left = !left;
    }
    chars.into_iter().collect()
}

/// Key and IV as bytes. A secret that is not ASCII cannot give 32 bytes; its first 32 bytes are taken.
fn key_and_iv(secret: &str) -> ([u8; 32], [u8; 16]) {
    let text = key_of_secret(secret);
    let mut key = [b'#'; 32];
    for (place, byte) in key.iter_mut().zip(text.as_bytes()) {
        *place = *byte;
    }
    let mut iv = [0u8; 16];
    iv.copy_from_slice(&key[16..]);
    (key, iv)
}

fn seal(key: &[u8; 32], iv: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Aes256>::new(&(*key).into(), &(*iv).into()).encrypt_padded_vec::<Pkcs7>(plain)
}

fn open(key: &[u8; 32], iv: &[u8; 16], sealed: &[u8]) -> Option<String> {
    let plain =
        cbc::Decryptor::<Aes256>::new(&(*key).into(), &(*iv).into()).decrypt_padded_vec::<Pkcs7>(sealed).ok()?;
    String::from_utf8(plain).ok()
}

/// Local encryption of one field: AES-256-CBC, PKCS#7, Base64 (common §8.2).
pub fn encrypt_local(secret: &str, plain: &str) -> String {
    let (key, iv) = key_and_iv(secret);
    STANDARD.encode(seal(&key, &iv, plain.as_bytes()))
}

/// Opens a locally encrypted field; `None` when it is not one (common §8.2).
pub fn decrypt_local(secret: &str, cipher_text: &str) -> Option<String> {
    let (key, iv) = key_and_iv(secret);
    open(&key, &iv, &STANDARD.decode(cipher_text).ok()?)
}

/// The platform's own key for online ciphertexts (common §8.3). It is not derived from the client secret.
#[derive(Clone)]
pub struct OnlineVault {
    key: [u8; 32],
}

impl OnlineVault {
    /// A vault whose key follows from the seed of the platform.
    pub fn new(seed: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"douyin-simulator online vault");
        hash.update(seed.to_be_bytes());
        Self { key: hash.finalize().into() }
    }

    /// Seals a field; the same text gives the same ciphertext.
    pub fn encrypt(&self, plain: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(plain.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut iv = [0u8; 16];
        iv.copy_from_slice(&digest[..16]);
        let mut bytes = iv.to_vec();
        bytes.extend(seal(&self.key, &iv, plain.as_bytes()));
        format!("{ONLINE_PREFIX}{}", STANDARD.encode(bytes))
    }

    /// Opens a field that this vault sealed.
    pub fn decrypt(&self, cipher_text: &str) -> Option<String> {
        let bytes = STANDARD.decode(cipher_text.strip_prefix(ONLINE_PREFIX)?).ok()?;
        let (iv, sealed) = bytes.split_first_chunk::<16>()?;
        open(&self.key, iv, sealed)
    }
}

/// Masks a field as the decrypt-and-mask call does: `138***8000` (common §8.3; other lengths inferred).
pub fn mask(plain: &str) -> String {
    let chars: Vec<char> = plain.chars().collect();
    match chars.len() {
        0 => String::new(),
        1..=7 => format!("{}**", chars[0]),
        many => {
            let head: String = chars[..3].iter().collect();
            let tail: String = chars[many - 4..].iter().collect();
            format!("{head}***{tail}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789ABCDEF";
    const LONG: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

    #[test]
    fn local_vectors_of_the_page() {
        let vectors = [
            (SECRET, "13800138000", "SxxOBnwVlwZFQV1er5pEHA=="),
            (SECRET, "张三", "UOwV1M23gYhaMjPTUENkGg=="),
            (SECRET, "110101199003070011", "tDkcLk2wlkDAU++QvSE2ZPvdQ/OvGGv4vbsOAAXPaLg="),
            ("short-secret-20chars", "13800138000", "r0eKq4zjXyVA7+wroKf09g=="),
            (LONG, "13800138000", "A5EzoFe/AfmjRq4+a6J8wA=="),
        ];
        for (secret, plain, sealed) in vectors {
            assert_eq!(encrypt_local(secret, plain), sealed);
            assert_eq!(decrypt_local(secret, sealed).as_deref(), Some(plain));
        }
    }

    #[test]
    fn keys_are_brought_to_32_characters() {
        assert_eq!(key_of_secret("short-secret-20chars"), "######short-secret-20chars######");
        assert_eq!(key_of_secret(LONG), "cdefghijklmnopqrstuvwxyz01234567");
        assert_eq!(key_of_secret(&SECRET[..31]), format!("#{}", &SECRET[..31]));
        assert_eq!(key_of_secret(SECRET), SECRET);
    }

    #[test]
    fn online_texts_open_only_in_their_vault() {
        let vault = OnlineVault::new(7);
        let sealed = vault.encrypt("张三");
        assert!(sealed.starts_with(ONLINE_PREFIX));
        assert_eq!(vault.decrypt(&sealed).as_deref(), Some("张三"));
        assert_ne!(OnlineVault::new(8).decrypt(&sealed).as_deref(), Some("张三"));
        assert_eq!(decrypt_local(SECRET, &sealed), None);
    }

    #[test]
    fn masks() {
        assert_eq!(mask("13800138000"), "138***8000");
        assert_eq!(mask("张三"), "张**");
    }
}
