//! Whether a string is UTF-8, quickest for the short ASCII ones that spans are made of.

/// Below this many bytes a plain look for a high bit beats the start-up of the vector code.
const SHORT: usize = 64;

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

#[inline(always)]
pub(super) fn is_utf8(bytes: &[u8]) -> bool {
    (bytes.len() < SHORT && is_ascii(bytes)) || is_utf8_of_any_kind(bytes)
}

#[inline(never)]
fn is_utf8_of_any_kind(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Eight bytes at a time; the last eight overlap those before.
#[inline(always)]
pub(super) fn is_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return is_short_ascii(bytes);
    };
    let (words, _) = bytes.as_chunks::<8>();
    let seen = words.iter().fold(u64::from_ne_bytes(*last), |seen, word| {
        seen | u64::from_ne_bytes(*word)
    });
    seen & HIGH_BITS == 0
}

/// Fewer than eight bytes.
#[inline(always)]
fn is_short_ascii(bytes: &[u8]) -> bool {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            (u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last)) & HIGH_BITS as u32 == 0
        }
        _ => bytes.iter().fold(0, |seen, byte| seen | byte) < 0x80,
    }
}
