//! Chance that repeats: the same seed gives the same sequence, on every machine and for ever.
//!
//! SplitMix64 in a dozen lines of our own, not a crate: a generator of a crate may change its sequence with a version,
//! and then the number of a failing seed would mean another world.

/// A sequence of chances.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` up to and with `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }

    /// True in so many of a thousand.
    pub fn permille(&mut self, share: u64) -> bool {
        self.draw() % 1000 < share
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, share: u64) -> bool {
        self.permille(share * 10)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.draw()).unwrap_or(0) % choices.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_never_changes() {
        let mut chance = Chance::new(1);
        assert_eq!([chance.draw(), chance.draw()], [10_451_216_379_200_822_465, 13_757_245_211_066_428_519]);
    }
}
