//! A filter that says "no" or "maybe": eight bits in one block of 32 bytes for each entry, as in Parquet's own, but of
//! any number of blocks. One block is all that a question has to read.

use std::ops::Range;

/// Bytes of a block.
pub const BLOCK: usize = 32;

/// Odd numbers that spread the lower half of a hash over the eight words of a block.
const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Writes a filter of `hashes`, with about `bits` bits for each.
pub fn build(hashes: impl ExactSizeIterator<Item = u64>, bits: usize, out: &mut Vec<u8>) {
    let blocks = (hashes.len() * bits).div_ceil(BLOCK * 8);
    let mut words = vec![[0_u32; 8]; blocks];
    for hash in hashes {
        if let Some(block) = words.get_mut(block_of(hash, blocks)) {
            let bits = block.iter_mut().zip(SALT);
            bits.for_each(|(word, salt)| *word |= bit(hash, salt));
        }
    }
    let words = words.iter().flatten();
    out.extend(words.flat_map(|word| word.to_le_bytes()));
}

/// Where in a filter of `len` bytes the block lies that answers for `hash`; none in an empty one, which holds nothing.
pub fn place(hash: u64, len: usize) -> Option<Range<usize>> {
    let blocks = len / BLOCK;
    let start = block_of(hash, blocks) * BLOCK;
    (blocks > 0).then_some(start..start + BLOCK)
}

/// Whether the entry may be in the filter that this `block` is from.
pub fn maybe(hash: u64, block: &[u8]) -> bool {
    let (words, _) = block.as_chunks();
    let mut words = words.iter().map(|word| u32::from_le_bytes(*word)).zip(SALT);
    words.all(|(word, salt)| word & bit(hash, salt) != 0)
}

fn block_of(hash: u64, blocks: usize) -> usize {
    ((hash >> 32).wrapping_mul(blocks as u64) >> 32) as usize
}

fn bit(hash: u64, salt: u32) -> u32 {
    1 << ((hash as u32).wrapping_mul(salt) >> 27)
}
