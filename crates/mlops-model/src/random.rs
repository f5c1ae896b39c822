//! Seeded random numbers.

/// Random numbers by SplitMix64: the same on every machine and in every version.
///
/// # Source
///
/// G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014.
#[derive(Debug, Clone)]
pub struct Random(u64);

const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// A stream of its own for each pair of seed and number.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_add(1).wrapping_mul(0xD1B5_4A32_D192_ED03));
        random.next_u64();
        random
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_RATIO);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at most 2^32; the bias is below one in four billion.
    pub fn below(&mut self, end: usize) -> usize {
        (((self.next_u64() >> 32) * end as u64) >> 32) as usize
    }

    /// A number from 0 on and below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns the indices `0..rows` in random order.
    pub fn permutation(&mut self, rows: usize) -> Vec<u32> {
        let mut indices: Vec<u32> = (0..rows as u32).collect();
        for index in (1..rows).rev() {
            indices.swap(index, self.below(index + 1));
        }
        indices
    }
}
