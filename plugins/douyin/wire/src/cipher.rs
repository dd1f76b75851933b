//! Local decryption of encrypted fields (names, phones, document numbers, e-mail addresses).
//!
//! Common spec §8.1, §8.2, `documented`. Values that begin with `Enc.` need the online call (§8.3) and are handed
//! back sealed. The kinds of [`CipherFault`] are for our own log: none of them may be told to whoever sent the text.

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The prefix of texts that only the online call opens. Common spec §8.1, `documented`.
pub const ONLINE_PREFIX: &str = "Enc.";

/// Length of the AES block, of the IV, and the unit of every ciphertext's length, in bytes.
const BLOCK: usize = 16;
/// Length of the AES-256 key in bytes; also the regular length of a client secret.
const KEY: usize = 32;

/// A field's text after a try to open it locally. Its `Debug` form shows the kind and the length only.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The text in clear.
    Plain(String),
    /// A text beginning with `Enc.`, unchanged: it needs the online call (common spec §8.3, `documented`).
    Sealed(String),
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "Plain({} bytes)", text.len()),
            Self::Sealed(text) => write!(f, "Sealed({} bytes)", text.len()),
        }
    }
}

/// Why a text could not be opened locally. Carries no part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CipherFault {
    /// Not standard Base64 with padding.
    #[error("an encrypted field is not Base64")]
    NotBase64,
    /// The decoded length, in bytes, is zero or not a multiple of 16.
    #[error("an encrypted field has {0} bytes, not a positive multiple of 16")]
    Length(usize),
    /// The padding is wrong: most often another secret than the one it was encrypted for.
    #[error("an encrypted field does not open with this secret")]
    Padding,
    /// Decrypted bytes are not UTF-8: most often another secret.
    #[error("a decrypted field is not UTF-8")]
    NotUtf8,
}

/// The local cipher of one application: AES-256-CBC with PKCS#7 padding. Common spec §8.2, `documented`.
///
/// `Debug` shows nothing of the key.
#[derive(Clone)]
pub struct FieldCipher {
    key: [u8; KEY],
}

impl fmt::Debug for FieldCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldCipher(key hidden)")
    }
}

impl FieldCipher {
    /// Derives the key from the application secret: 32 bytes, a shorter secret padded with `#` (left first, then
    /// right, in turn), a longer one trimmed (left first, then right, in turn). Common spec §8.2, `documented`.
    pub fn new(client_secret: &str) -> Self {
        let secret = client_secret.as_bytes();
        let mut key = [b'#'; KEY];
        if secret.len() < KEY {
            let left = (KEY - secret.len()).div_ceil(2);
            key[left..left + secret.len()].copy_from_slice(secret);
        } else {
            let left = (secret.len() - KEY).div_ceil(2);
            key.copy_from_slice(&secret[left..left + KEY]);
        }
        Self { key }
    }

    /// Opens a field that the page marks encrypted. Common spec §8.1, §8.2, `documented`.
    pub fn open(&self, text: &str) -> Result<Opened, CipherFault> {
        if text.starts_with(ONLINE_PREFIX) {
            return Ok(Opened::Sealed(text.to_owned()));
        }
        let sealed = STANDARD.decode(text).map_err(|_| CipherFault::NotBase64)?;
        if sealed.is_empty() || sealed.len() % BLOCK != 0 {
            return Err(CipherFault::Length(sealed.len()));
        }
        let mut iv = [0; BLOCK];
        iv.copy_from_slice(&self.key[KEY - BLOCK..]);
        let plain = cbc::Decryptor::<Aes256>::new(&self.key.into(), &iv.into())
            .decrypt_padded_vec::<Pkcs7>(&sealed)
            .map_err(|_| CipherFault::Padding)?;
        String::from_utf8(plain).map(Opened::Plain).map_err(|_| CipherFault::NotUtf8)
    }

    /// Reads a field of which no page says whether it is encrypted: sealed or opened when it looks so, otherwise
    /// the text as it stands. Scenic spec §1.5, §11, `inferred`.
    pub fn detect(&self, text: &str) -> Opened {
        self.open(text).unwrap_or_else(|_| Opened::Plain(text.to_owned()))
    }

    /// Whether a text is encrypted as far as can be told: it begins with `Enc.`, or it is Base64 of a positive
    /// multiple of 16 bytes that decrypts to UTF-8 under this secret. Scenic spec §1.5, `inferred`.
    pub fn looks_encrypted(&self, text: &str) -> bool {
        self.open(text).is_ok()
    }
}
