//! Where a command's ids and secrets come from: deciding itself makes up nothing.

use entrepot_contract::ids::{CodeId, JobId, OrderId, RefundId, UploadId};
use sha2::{Digest, Sha256};

/// Where a command's ids and secrets come from.
#[derive(Clone)]
pub struct Seed {
    id: String,
    secret: [u8; 16],
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)
    }
}

impl Seed {
    /// `id`: sortable and unique, 1 to 40 capital letters and digits; ids are made from it. `secret`: unpredictable;
    /// voucher numbers are made from it. `None` when `id` is anything else.
    #[must_use]
    pub fn new(id: String, secret: [u8; 16]) -> Option<Self> {
        let plain = id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        (plain && (1..=40).contains(&id.len())).then_some(Self { id, secret })
    }

    /// The order that the command creates.
    #[must_use]
    pub fn order(&self) -> OrderId {
        OrderId::parse(format!("T{}", self.id)).expect("a seed is at most 40 letters and digits")
    }

    /// The refund that the command creates.
    #[must_use]
    pub fn refund(&self) -> RefundId {
        RefundId::parse(format!("R{}", self.id)).expect("a seed is at most 40 letters and digits")
    }

    /// The `number`th job of the command.
    #[must_use]
    pub fn job(&self, number: usize) -> JobId {
        JobId::parse(format!("J{}-{number}", self.id)).expect("a seed is at most 40 letters and digits")
    }

    /// The `number`th code of the command.
    #[must_use]
    pub fn code(&self, number: usize) -> CodeId {
        CodeId::parse(format!("C{}-{number:04}", self.id)).expect("a seed is at most 40 letters and digits")
    }

    /// The upload that the command begins.
    #[must_use]
    pub fn upload(&self) -> UploadId {
        UploadId::parse(format!("U{}", self.id)).expect("a seed is at most 40 letters and digits")
    }

    /// A voucher number: 16 places of an alphabet without look-alikes; nobody can guess one from another.
    #[must_use]
    pub fn voucher_number(&self, unit: u16) -> String {
        const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(unit.to_be_bytes());
        hash.finalize().iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
    }
}
