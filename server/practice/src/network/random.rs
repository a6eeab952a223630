//! Chance: which endpoint, which name. It need not be secret, only fair and cheap.

use std::hash::{BuildHasher, Hasher, RandomState};

/// `SplitMix64`. Source: <https://prng.di.unimi.it/splitmix64.c>
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        // The standard library seeds its hash maps from the operating system.
        Self(RandomState::new().build_hasher().finish())
    }
}

impl Random {
    /// One whose choices repeat.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, each as likely; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        // The high half of a 128-bit product: unbiased to within one part in 2^64 / end.
        let product = u128::from(self.next()) * end as u128;
        usize::try_from(product >> 64).unwrap_or_default()
    }

    /// Puts `items` into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
