//! Ids and randomness for commands: the one place of the engine that is not deterministic.

use entrepot_contract::time::Timestamp;
use entrepot_domain::seed::Seed;

/// Makes seeds. Tests and the simulation use one that repeats.
pub trait Seeds: Send + Sync {
    /// A seed for a command given at that instant.
    fn next(&self, at: Timestamp) -> Seed;
}

/// Crockford's alphabet: no look-alikes, sorts like numbers.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn digits(mut number: u128, places: usize) -> String {
    let mut text = vec![b'0'; places];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[usize::try_from(number & 31).unwrap_or(0)];
        number >>= 5;
    }
    text.into_iter().map(char::from).collect()
}

/// Seeds from the operating system: 10 places of time, 16 of chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomSeeds;

impl Seeds for RandomSeeds {
    fn next(&self, at: Timestamp) -> Seed {
        let mut chance = [0_u8; 32];
        if getrandom::fill(&mut chance).is_err() {
            // Without the system's randomness voucher numbers could be guessed: better no service at all.
            tracing::error!("the operating system gives no randomness; stopping");
            std::process::abort();
        }
        seed(at, &chance)
    }
}

/// Seeds that repeat: the same number gives the same sequence.
#[derive(Debug)]
pub struct CountedSeeds(std::sync::atomic::AtomicU64);

impl CountedSeeds {
    /// Starts counting at `first`.
    #[must_use]
    pub const fn new(first: u64) -> Self {
        Self(std::sync::atomic::AtomicU64::new(first))
    }
}

impl Seeds for CountedSeeds {
    fn next(&self, at: Timestamp) -> Seed {
        use sha2::{Digest, Sha256};
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let chance: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        seed(at, &chance)
    }
}

/// Before this lie the ids of all orders that were made before that instant, and behind it the others.
#[must_use]
pub fn first_order_at(at: Timestamp) -> String {
    format!("T{}", digits(u128::try_from(at.millis()).unwrap_or(0), 10))
}

fn seed(at: Timestamp, chance: &[u8; 32]) -> Seed {
    let (id, secret) = chance.split_at(16);
    let number = id.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    let mut hidden = [0_u8; 16];
    hidden.copy_from_slice(secret);
    let time = u128::try_from(at.millis()).unwrap_or(0);
    Seed::new(format!("{}{}", digits(time, 10), digits(number, 16)), hidden)
        .expect("26 places of capital letters and digits are a seed")
}
