//! How a key becomes a partition: the same as other producers make of it, so that they may write beside us.

use super::config::Hasher;

// === impl Hasher ===

impl Hasher {
    /// The partition of `key`, of so many.
    pub fn partition(self, key: &[u8], partitions: i32) -> i32 {
        let hash = match self {
            Self::SaramaCompat => fnv1a(key).cast_signed().unsigned_abs(),
            Self::Murmur2 => murmur2(key) & 0x7fff_ffff,
        };
        let partitions = partitions.max(1).unsigned_abs();
        i32::try_from(hash % partitions).unwrap_or(0)
    }
}

/// FNV-1a with 32 bits.
fn fnv1a(key: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    key.iter().fold(2_166_136_261, step)
}

/// Murmur2 with 32 bits and the seed of Kafka's own clients.
fn murmur2(key: &[u8]) -> u32 {
    const FACTOR: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mut hash = SEED ^ (key.len() as u32);
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        word ^= word >> 24;
        hash = hash.wrapping_mul(FACTOR) ^ word.wrapping_mul(FACTOR);
    }
    if !tail.is_empty() {
        let place = |word: u32, (at, byte): (usize, &u8)| word ^ (u32::from(*byte) << (8 * at));
        hash ^= tail.iter().enumerate().fold(0, place);
        hash = hash.wrapping_mul(FACTOR);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}
