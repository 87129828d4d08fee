//! Parquet's encodings, as far as segments use them: numbers in, bytes out, and back. No I/O.

pub mod bloom;
pub mod delta;
pub mod hybrid;
#[cfg(test)]
mod tests;

/// Bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub &'static str);

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn get_varint(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else {
            break;
        };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Broken("a number is cut off"))
}

/// Packs `values`, filled up with zeros to `count`, at `width` bits each, from the lowest bit on.
fn pack(values: impl Iterator<Item = u64>, count: usize, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let start = out.len();
    let (mut held, mut bits) = (0_u128, 0);
    for value in values {
        held |= u128::from(value) << bits;
        bits += width;
        while bits >= 64 {
            out.extend_from_slice(&(held as u64).to_le_bytes());
            held >>= 64;
            bits -= 64;
        }
    }
    let rest = held.to_le_bytes();
    out.extend_from_slice(rest.get(..bits.div_ceil(8) as usize).unwrap_or_default());
    out.resize(start + (count * width as usize).div_ceil(8), 0);
}

/// Gives `count` values of `width` bits each to `take`; those that `bytes` does not hold are zero.
#[inline]
fn unpack(bytes: &[u8], width: u32, count: usize, mut take: impl FnMut(u64)) {
    if width == 0 {
        (0..count).for_each(|_| take(0));
        return;
    }
    let mask = u64::MAX >> (u64::BITS - width);
    let mut bit = 0_usize;
    for _ in 0..count {
        let (at, shift) = (bit / 8, bit % 8);
        let mut value = window(bytes, at) >> shift;
        if shift as u32 + width > u64::BITS {
            value |= window(bytes, at + 8) << (64 - shift);
        }
        take(value & mask);
        bit += width as usize;
    }
}

/// Eight bytes from `at` on, zeros behind the end.
#[inline]
fn window(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(whole) => u64::from_le_bytes(*whole),
        None => {
            let mut whole = [0; 8];
            let rest = bytes.get(at..).unwrap_or_default();
            whole.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(whole)
        }
    }
}
