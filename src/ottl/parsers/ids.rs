//! Ids: `UUID`, `UUIDv7`, `TraceID`, `SpanID`.

use std::time::Duration;

use super::hash::hex;

/// `UUID`, made of random bits.
pub fn uuid_v4(random: u128) -> String {
    uuid_text(random, 4)
}

/// `UUIDv7`, made of the time since 1970 and random bits: later ones are greater, down to 256 nanoseconds.
pub fn uuid_v7(since_1970: Duration, random: u64) -> String {
    let fraction = u128::from((since_1970.subsec_nanos() % 1_000_000) >> 8);
    uuid_text(
        (since_1970.as_millis() << 80) | (fraction << 64) | u128::from(random),
        7,
    )
}

/// `TraceID`: 16 bytes as they are, or 32 hexadecimal digits.
pub fn trace_id(bytes: &[u8]) -> Result<[u8; 16], String> {
    id("TraceID", bytes)
}

/// `SpanID`: 8 bytes as they are, or 16 hexadecimal digits.
pub fn span_id(bytes: &[u8]) -> Result<[u8; 8], String> {
    id("SpanID", bytes)
}

fn id<const LEN: usize>(name: &str, bytes: &[u8]) -> Result<[u8; LEN], String> {
    if let Ok(id) = bytes.try_into() {
        return Ok(id);
    }
    if bytes.len() != 2 * LEN {
        let (digits, len) = (2 * LEN, bytes.len());
        return Err(format!(
            "{name}: invalid length: expected {LEN} or {digits} bytes, got {len}"
        ));
    }
    let mut id = [0; LEN];
    for (byte, digits) in id.iter_mut().zip(bytes.chunks(2)) {
        for digit in digits {
            let value = char::from(*digit).to_digit(16);
            let value =
                value.ok_or_else(|| format!("{name}: {:?} is not hexadecimal", char::from(*digit)))?;
            *byte = (*byte << 4) | value as u8;
        }
    }
    Ok(id)
}

/// The bits with version and variant, in digits with dashes.
fn uuid_text(bits: u128, version: u128) -> String {
    let bits = bits & !(0xf << 76) & !(0b11 << 62);
    let digits = hex(&(bits | (version << 76) | (0b10 << 62)).to_be_bytes());
    let mut out = String::with_capacity(36);
    for (place, digit) in digits.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}
