//! MurmurHash3 with seed 0: the variant of 32 bits, and that of 128 bits for machines of 64 bits.

use super::hash::hex;

/// Constants of the variant of 32 bits.
const C32: [u32; 2] = [0xcc9e_2d51, 0x1b87_3593];

/// Constants of the variant of 128 bits.
const C128: [u64; 2] = [0x87c3_7b91_1142_53d5, 0x4cf5_ad43_2745_937f];

/// `Murmur3Hash`, in 8 hexadecimal digits, the lowest byte first.
pub fn murmur3(text: &str) -> String {
    let mut hash = 0u32;
    let mut chunks = text.as_bytes().chunks_exact(4);
    for chunk in &mut chunks {
        hash ^= mixed32(number(chunk) as u32);
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= mixed32(number(chunks.remainder()) as u32);
    // The algorithm counts bytes in 32 bits.
    hash ^= text.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hex(&(hash ^ (hash >> 16)).to_le_bytes())
}

/// `Murmur3Hash128`, in 32 hexadecimal digits: both halves, each with its lowest byte first.
pub fn murmur3_128(text: &str) -> String {
    let (mut first, mut second) = (0u64, 0u64);
    let mut chunks = text.as_bytes().chunks_exact(16);
    for chunk in &mut chunks {
        let (low, high) = halves(chunk);
        first ^= mixed_low(low);
        first = first.rotate_left(27).wrapping_add(second);
        first = first.wrapping_mul(5).wrapping_add(0x52dc_e729);
        second ^= mixed_high(high);
        second = second.rotate_left(31).wrapping_add(first);
        second = second.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = halves(chunks.remainder());
    let len = text.len() as u64;
    first ^= mixed_low(low) ^ len;
    second ^= mixed_high(high) ^ len;
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    first = finished(first);
    second = finished(second);
    first = first.wrapping_add(second);
    second = second.wrapping_add(first);
    hex(&[first.to_le_bytes(), second.to_le_bytes()].concat())
}

/// At most eight bytes as a number, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// At most sixteen bytes as two numbers.
fn halves(bytes: &[u8]) -> (u64, u64) {
    let (low, high) = bytes.split_at(bytes.len().min(8));
    (number(low), number(high))
}

fn mixed32(block: u32) -> u32 {
    let [first, second] = C32;
    block.wrapping_mul(first).rotate_left(15).wrapping_mul(second)
}

fn mixed_low(block: u64) -> u64 {
    let [first, second] = C128;
    block.wrapping_mul(first).rotate_left(31).wrapping_mul(second)
}

fn mixed_high(block: u64) -> u64 {
    let [first, second] = C128;
    block.wrapping_mul(second).rotate_left(33).wrapping_mul(first)
}

fn finished(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
