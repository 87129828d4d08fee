//! The hashing converters.
//!
//! Promise: each gives the same text as the Collector's.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use twox_hash::{XxHash3_64, XxHash3_128};

/// `MD5`, in 32 lower-case hexadecimal digits.
pub fn md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// `SHA1`, in 40 lower-case hexadecimal digits.
pub fn sha1(text: &str) -> String {
    hex(&Sha1::digest(text))
}

/// `SHA256`, in 64 lower-case hexadecimal digits.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// `SHA512`, in 128 lower-case hexadecimal digits.
pub fn sha512(text: &str) -> String {
    hex(&Sha512::digest(text))
}

/// `FNV`: FNV-1a of 64 bits, read as a signed number.
pub fn fnv(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    hash.cast_signed()
}

/// `XXH3` with seed 0, in 16 hexadecimal digits.
pub fn xxh3(text: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(text.as_bytes()))
}

/// `XXH128` with seed 0, in 32 hexadecimal digits, the high half first.
pub fn xxh128(text: &str) -> String {
    format!("{:032x}", XxHash3_128::oneshot(text.as_bytes()))
}

/// Bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| DIGITS.get(usize::from(half))).collect()
}
