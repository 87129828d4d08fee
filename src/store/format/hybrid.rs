//! Parquet's mix of runs and packed bits, for small numbers: dictionary codes and levels.
//!
//! A stretch is `count << 1` and the value once, or `groups << 1 | 1` and eight values a group, packed from the lowest bit.

use super::{Broken, get_varint, pack, put_varint, unpack};

/// Bits that hold every number up to `most`.
pub fn width_of(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

/// Writes `values`, each of `width` bits.
pub fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed = 0;
    let mut at = 0;
    while let Some(value) = values.get(at) {
        let rest = values.get(at..).unwrap_or_default();
        let run = rest.iter().take_while(|next| *next == value).count();
        // A stretch of packed values ends on a whole group, so a run first fills up the one before it.
        let filling = (at - packed).next_multiple_of(8) - (at - packed);
        if run >= filling + 8 {
            at += filling;
            put_packed(values.get(packed..at).unwrap_or_default(), width, out);
            put_run(*value, run - filling, width, out);
            at += run - filling;
            packed = at;
        } else {
            at += run;
        }
    }
    put_packed(values.get(packed..).unwrap_or_default(), width, out);
}

fn put_run(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    put_varint((count as u64) << 1, out);
    let bytes = value.to_le_bytes();
    out.extend_from_slice(bytes.get(..width.div_ceil(8) as usize).unwrap_or_default());
}

fn put_packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    put_varint((groups as u64) << 1 | 1, out);
    let values = values.iter().map(|value| u64::from(*value));
    pack(values, groups * 8, width, out);
}

/// Reads `count` values of `width` bits.
pub fn decode(mut bytes: &[u8], width: u32, count: usize, values: &mut Vec<u32>) -> Result<(), Broken> {
    if width > u32::BITS {
        return Err(Broken("a width of more than 32 bits"));
    }
    let end = values.len() + count;
    values.reserve(count);
    while values.len() < end {
        let left = end - values.len();
        let head = get_varint(&mut bytes)?;
        if head & 1 == 0 {
            let len = width.div_ceil(8) as usize;
            let (value, rest) = bytes
                .split_at_checked(len)
                .ok_or(Broken("a run without its value"))?;
            bytes = rest;
            let mut whole = [0; 4];
            whole.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            let run = usize::try_from(head >> 1).unwrap_or(usize::MAX).min(left);
            if run == 0 {
                return Err(Broken("an empty run"));
            }
            values.resize(values.len() + run, u32::from_le_bytes(whole));
        } else {
            let groups = usize::try_from(head >> 1).unwrap_or(usize::MAX);
            let len = groups.saturating_mul(width as usize);
            let (packed, rest) = bytes
                .split_at_checked(len)
                .ok_or(Broken("packed values are cut off"))?;
            if groups == 0 {
                return Err(Broken("an empty stretch of packed values"));
            }
            bytes = rest;
            let here = left.min(groups.saturating_mul(8));
            unpack(packed, width, here, |value| values.push(value as u32));
        }
    }
    Ok(())
}

/// How many values there are, those that fill up the last group included.
pub fn count(mut bytes: &[u8], width: u32) -> Result<usize, Broken> {
    let mut count = 0_usize;
    while !bytes.is_empty() {
        let head = get_varint(&mut bytes)?;
        let more = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        let (len, more) = match head & 1 {
            0 => (width.div_ceil(8) as usize, more),
            _ => (more.saturating_mul(width as usize), more.saturating_mul(8)),
        };
        bytes = bytes.get(len..).ok_or(Broken("a stretch is cut off"))?;
        count = count.saturating_add(more);
    }
    Ok(count)
}
