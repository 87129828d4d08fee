//! Parquet's `DELTA_BINARY_PACKED`, for numbers that lie close to the one before.
//!
//! ```text
//! block size, miniblocks a block, count, first value (zigzag)
//! then a block: least difference (zigzag), a width for each miniblock, the miniblocks: differences less the least, packed
//! ```

use super::{Broken, get_varint, pack, put_varint, unpack};

const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// Writes `values`.
pub fn encode(values: &[i64], out: &mut Vec<u8>) {
    put_varint(BLOCK as u64, out);
    put_varint((BLOCK / MINIBLOCK) as u64, out);
    put_varint(values.len() as u64, out);
    let Some((first, rest)) = values.split_first() else {
        put_varint(0, out);
        return;
    };
    put_varint(zigzag(*first), out);
    let mut before = *first;
    let mut differences = [0_i64; BLOCK];
    for block in rest.chunks(BLOCK) {
        for (difference, value) in differences.iter_mut().zip(block) {
            *difference = value.wrapping_sub(before);
            before = *value;
        }
        put_block(differences.get(..block.len()).unwrap_or_default(), out);
    }
}

fn put_block(differences: &[i64], out: &mut Vec<u8>) {
    let least = differences.iter().copied().min().unwrap_or_default();
    put_varint(zigzag(least), out);
    let beyond = |difference: &i64| difference.wrapping_sub(least) as u64;
    let widths = out.len();
    out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
    for (number, miniblock) in differences.chunks(MINIBLOCK).enumerate() {
        let most = miniblock.iter().map(beyond).max().unwrap_or_default();
        let width = u64::BITS - most.leading_zeros();
        if let Some(byte) = out.get_mut(widths + number) {
            *byte = width as u8;
        }
        pack(miniblock.iter().map(beyond), MINIBLOCK, width, out);
    }
}

/// Reads all values, of which there are at most `most`.
pub fn decode(mut bytes: &[u8], most: usize) -> Result<Vec<i64>, Broken> {
    let block = get_varint(&mut bytes)?;
    let miniblocks = get_varint(&mut bytes)?;
    let count = get_varint(&mut bytes)?;
    if block != BLOCK as u64 || miniblocks != (BLOCK / MINIBLOCK) as u64 || count > most as u64 {
        return Err(Broken("differences in blocks of another size"));
    }
    let count = count as usize;
    let mut before = unzigzag(get_varint(&mut bytes)?);
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        values.push(before);
    }
    while values.len() < count {
        let least = unzigzag(get_varint(&mut bytes)?);
        let cut_off = Broken("a block of differences is cut off");
        let (widths, rest) = bytes.split_at_checked(BLOCK / MINIBLOCK).ok_or(cut_off)?;
        bytes = rest;
        for width in widths {
            let here = MINIBLOCK.min(count - values.len());
            if here == 0 {
                break;
            }
            let width = u32::from(*width);
            let len = width as usize * MINIBLOCK / 8;
            let (packed, rest) = bytes.split_at_checked(len).ok_or(cut_off)?;
            if width > u64::BITS {
                return Err(cut_off);
            }
            bytes = rest;
            unpack(packed, width, here, |beyond| {
                before = before.wrapping_add(least).wrapping_add(beyond as i64);
                values.push(before);
            });
        }
    }
    Ok(values)
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
