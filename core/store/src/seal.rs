//! Encryption at rest (AEAD, keys derived for each merchant, key id for rotation) and keyed blind indexes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use entrepot_engine::storage::StorageFault;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::fault::unreadable;

/// The keys for guests' data: one that writes, and older ones that still read.
#[derive(Clone)]
pub struct GuestKeys {
    current: String,
    keys: BTreeMap<String, [u8; 32]>,
    /// What was derived before, by key id, purpose and merchant: as many as there are merchants, a few times.
    derived: Arc<RwLock<BTreeMap<String, [u8; 32]>>>,
}

/// Why keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key id is 1 to 16 letters and digits, found {0:?}")]
pub struct InvalidKey(pub String);

impl fmt::Debug for GuestKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guest keys {:?}, current {}", self.keys.keys(), self.current)
    }
}

/// Which cell a text belongs to: sealed text moved to another cell does not open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: &'a str,
}

impl GuestKeys {
    /// The current key with its id.
    pub fn new(id: &str, key: [u8; 32]) -> Result<Self, InvalidKey> {
        let mut keys = Self { current: id.to_owned(), keys: BTreeMap::new(), derived: Arc::default() };
        keys.add(id, key)?;
        Ok(keys)
    }

    /// An older key that still reads.
    pub fn add(&mut self, id: &str, key: [u8; 32]) -> Result<(), InvalidKey> {
        if id.is_empty() || id.len() > 16 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(InvalidKey(id.to_owned()));
        }
        self.keys.insert(id.to_owned(), key);
        // A copy of these keys may have another key under this id.
        self.derived = Arc::default();
        Ok(())
    }

    fn derive(&self, id: &str, merchant: &str, purpose: &str) -> Option<[u8; 32]> {
        let master = self.keys.get(id)?;
        let name = format!("{id}/{purpose}/{merchant}");
        if let Some(derived) = self.derived.read().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Some(*derived);
        }
        let mut derived = [0_u8; 32];
        let info = format!("entrepot/{purpose}/{merchant}");
        // 32 bytes are far below what HKDF can give.
        Hkdf::<Sha256>::new(None, master).expand(info.as_bytes(), &mut derived).ok()?;
        self.derived.write().unwrap_or_else(PoisonError::into_inner).insert(name, derived);
        Some(derived)
    }

    fn cipher(&self, id: &str, merchant: &str) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(&self.derive(id, merchant, "seal")?).ok()
    }

    /// Seals a text for one cell.
    pub(crate) fn seal(&self, merchant: &str, cell: Cell<'_>, plain: &str) -> Result<String, StorageFault> {
        let mut nonce = [0_u8; 24];
        getrandom::fill(&mut nonce).map_err(|fault| StorageFault::Lost(format!("no randomness: {fault}")))?;
        let aad = format!("{}|{}|{}", cell.table, cell.column, cell.row);
        let payload = Payload { msg: plain.as_bytes(), aad: aad.as_bytes() };
        let sealed = self
            .cipher(&self.current, merchant)
            .and_then(|cipher| cipher.encrypt(&XNonce::from(nonce), payload).ok())
            .ok_or_else(|| StorageFault::Data("guests' data could not be encrypted".to_owned()))?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("{}:{}", self.current, STANDARD_NO_PAD.encode(bytes)))
    }

    /// Opens what was sealed for that cell.
    pub(crate) fn open(&self, merchant: &str, cell: Cell<'_>, sealed: &str) -> Result<String, StorageFault> {
        let what = cell.column;
        let (id, text) = sealed.split_once(':').ok_or_else(|| unreadable(what, "it names no key"))?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|fault| unreadable(what, fault))?;
        let (nonce, body) = bytes.split_at_checked(24).ok_or_else(|| unreadable(what, "it is too short"))?;
        let nonce: [u8; 24] = nonce.try_into().map_err(|_| unreadable(what, "it is too short"))?;
        let cipher = self.cipher(id, merchant).ok_or_else(|| {
            unreadable(what, format!("its key {id:?} is not configured; see security.previous_guest_keys"))
        })?;
        let aad = format!("{}|{}|{}", cell.table, cell.column, cell.row);
        let plain = cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: body, aad: aad.as_bytes() })
            .map_err(|_| unreadable(what, "its key does not fit, or it was changed"))?;
        String::from_utf8(plain).map_err(|fault| unreadable(what, fault))
    }

    /// The blind index of a text by the current key: what is written.
    pub(crate) fn index(&self, merchant: &str, text: &str) -> Result<String, StorageFault> {
        self.index_by(&self.current, merchant, text)
            .ok_or_else(|| StorageFault::Data("a blind index could not be made".to_owned()))
    }

    /// The blind indexes of a text by every key: what is looked for.
    pub(crate) fn indexes(&self, merchant: &str, text: &str) -> Vec<String> {
        self.keys.keys().filter_map(|id| self.index_by(id, merchant, text)).collect()
    }

    fn index_by(&self, id: &str, merchant: &str, text: &str) -> Option<String> {
        let key = self.derive(id, merchant, "index")?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        Some(STANDARD_NO_PAD.encode(&digest[..16]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell<'_> = Cell { table: "orders", column: "guests", row: "T1" };

    #[test]
    fn sealed_text_opens_only_in_its_cell_and_for_its_merchant() {
        let keys = GuestKeys::new("1", [7; 32]).unwrap();
        let sealed = keys.seal("lake", CELL, "a guest").unwrap();
        assert!(!sealed.contains("guest"));
        assert_eq!(keys.open("lake", CELL, &sealed).unwrap(), "a guest");
        assert!(keys.open("hill", CELL, &sealed).is_err());
        assert!(keys.open("lake", Cell { row: "T2", ..CELL }, &sealed).is_err());
        assert_ne!(keys.seal("lake", CELL, "a guest").unwrap(), sealed, "the same text never looks the same");
    }

    #[test]
    fn an_older_key_still_reads_and_is_looked_for() {
        let old = GuestKeys::new("1", [7; 32]).unwrap();
        let sealed = old.seal("lake", CELL, "a guest").unwrap();
        let mut new = GuestKeys::new("2", [8; 32]).unwrap();
        assert!(new.open("lake", CELL, &sealed).is_err());
        new.add("1", [7; 32]).unwrap();
        assert_eq!(new.open("lake", CELL, &sealed).unwrap(), "a guest");
        assert!(new.indexes("lake", "QR-1").contains(&old.index("lake", "QR-1").unwrap()));
        assert_ne!(new.index("lake", "QR-1").unwrap(), new.index("hill", "QR-1").unwrap());
    }
}
