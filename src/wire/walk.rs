//! The one pass over a request on arrival: everything that `prost` would find when decoding it, without
//! building anything.
//!
//! Promise: for every input the verdict is that of `prost` on `ExportTraceServiceRequest`, the nesting limit
//! included. `depth` is what is left of that limit inside the message at hand.
//!
//! Each function below is one message. A match arm is a field with its own wire type (`number << 3 | wire
//! type`); all else goes to [`Reader::unknown`], which knows the message's field numbers as bits.

use super::reader::{DEPTH, Fault, Reader, plain_pair};
use super::utf8::{is_ascii, is_utf8};

/// What a walk over a request counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Spans.
    pub spans: u32,
    /// Those of them whose trace id or span id has the wrong length.
    pub misfits: u32,
}

/// Bytes of a trace id.
pub(super) const TRACE_ID: usize = 16;
/// Bytes of a span id.
pub(super) const SPAN_ID: usize = 8;

/// Walks a whole request.
pub(super) fn walk(request: &[u8]) -> Result<Tally, Fault> {
    let mut tally = Tally::default();
    let mut reader = Reader::new(request);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => resource_spans(reader.bytes()?, DEPTH - 1, &mut tally)?,
            key => reader.unknown(key, bits(1..=1), DEPTH)?,
        }
    }
    Ok(tally)
}

fn resource_spans(body: &[u8], depth: u32, tally: &mut Tally) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => resource(reader.bytes()?, depth - 1)?,
            0x12 => scope_spans(reader.bytes()?, depth - 1, tally)?,
            0x1a => string(&mut reader)?,
            key => reader.unknown(key, bits(1..=3), depth)?,
        }
    }
    Ok(())
}

fn resource(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => key_value(reader.bytes()?, depth - 1)?,
            0x10 => drop(reader.varint()?),
            0x1a => entity_ref(reader.bytes()?, depth - 1)?,
            key => reader.unknown(key, bits(1..=3), depth)?,
        }
    }
    Ok(())
}

fn entity_ref(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a | 0x12 | 0x1a | 0x22 => string(&mut reader)?,
            key => reader.unknown(key, bits(1..=4), depth)?,
        }
    }
    Ok(())
}

fn scope_spans(body: &[u8], depth: u32, tally: &mut Tally) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => scope(reader.bytes()?, depth - 1)?,
            0x12 => {
                let fits = span(reader.bytes()?, depth - 1)?;
                tally.spans = tally.spans.saturating_add(1);
                tally.misfits += u32::from(!fits);
            }
            0x1a => string(&mut reader)?,
            key => reader.unknown(key, bits(1..=3), depth)?,
        }
    }
    Ok(())
}

fn scope(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a | 0x12 => string(&mut reader)?,
            0x1a => key_value(reader.bytes()?, depth - 1)?,
            0x20 => drop(reader.varint()?),
            key => reader.unknown(key, bits(1..=4), depth)?,
        }
    }
    Ok(())
}

/// Also says whether both ids have their length. The last of a repeated one counts.
fn span(body: &[u8], depth: u32) -> Result<bool, Fault> {
    let (mut trace_id, mut span_id) = (0, 0);
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => trace_id = reader.bytes()?.len(),
            0x12 => span_id = reader.bytes()?.len(),
            0x22 => drop(reader.bytes()?),
            0x1a | 0x2a => string(&mut reader)?,
            0x30 | 0x50 | 0x60 | 0x70 => drop(reader.varint()?),
            0x39 | 0x41 => drop(reader.fixed64()?),
            0x4a => key_value(reader.bytes()?, depth - 1)?,
            0x5a => event(reader.bytes()?, depth - 1)?,
            0x6a => link(reader.bytes()?, depth - 1)?,
            0x7a => status(reader.bytes()?, depth - 1)?,
            0x85 => drop(reader.fixed32()?),
            key => reader.unknown(key, bits(1..=16), depth)?,
        }
    }
    Ok(trace_id == TRACE_ID && span_id == SPAN_ID)
}

fn event(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x09 => drop(reader.fixed64()?),
            0x12 => string(&mut reader)?,
            0x1a => key_value(reader.bytes()?, depth - 1)?,
            0x20 => drop(reader.varint()?),
            key => reader.unknown(key, bits(1..=4), depth)?,
        }
    }
    Ok(())
}

fn link(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a | 0x12 => drop(reader.bytes()?),
            0x1a => string(&mut reader)?,
            0x22 => key_value(reader.bytes()?, depth - 1)?,
            0x28 => drop(reader.varint()?),
            0x35 => drop(reader.fixed32()?),
            key => reader.unknown(key, bits(1..=6), depth)?,
        }
    }
    Ok(())
}

fn status(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x12 => string(&mut reader)?,
            0x18 => drop(reader.varint()?),
            key => reader.unknown(key, bits(2..=3), depth)?,
        }
    }
    Ok(())
}

#[inline(always)]
fn key_value(body: &[u8], depth: u32) -> Result<(), Fault> {
    match depth > 0 && is_plain(body) {
        true => Ok(()),
        false => any_key_value(body, depth),
    }
}

/// Whether this is what nearly all attributes are: a key and then a string, a whole number or a bool, all text
/// ASCII. Saves the general way its many turns.
#[inline(always)]
fn is_plain(body: &[u8]) -> bool {
    match plain_pair(body) {
        // ASCII as a whole, the lengths among it.
        Some((_, [0x0a, len, text @ ..])) => usize::from(*len) == text.len() && is_ascii(body),
        Some((key, [0x10 | 0x18, value @ ..])) => {
            let mut value = Reader::new(value);
            value.varint().is_ok() && value.is_empty() && is_ascii(key)
        }
        _ => false,
    }
}

#[inline(never)]
fn any_key_value(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => string(&mut reader)?,
            0x12 => any_value(reader.bytes()?, inside(depth)?)?,
            0x18 => drop(reader.varint()?),
            key => reader.unknown(key, bits(1..=3), depth)?,
        }
    }
    Ok(())
}

/// From here on the sender chooses the nesting.
fn any_value(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => string(&mut reader)?,
            0x10 | 0x18 | 0x40 => drop(reader.varint()?),
            0x21 => drop(reader.fixed64()?),
            0x2a => array_value(reader.bytes()?, inside(depth)?)?,
            0x32 => key_value_list(reader.bytes()?, inside(depth)?)?,
            0x3a => drop(reader.bytes()?),
            key => reader.unknown(key, bits(1..=8), depth)?,
        }
    }
    Ok(())
}

fn array_value(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => any_value(reader.bytes()?, inside(depth)?)?,
            key => reader.unknown(key, bits(1..=1), depth)?,
        }
    }
    Ok(())
}

fn key_value_list(body: &[u8], depth: u32) -> Result<(), Fault> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match reader.key()? {
            0x0a => key_value(reader.bytes()?, inside(depth)?)?,
            key => reader.unknown(key, bits(1..=1), depth)?,
        }
    }
    Ok(())
}

#[inline(always)]
fn string(reader: &mut Reader<'_>) -> Result<(), Fault> {
    match is_utf8(reader.bytes()?) {
        true => Ok(()),
        false => Err(Fault::Utf8),
    }
}

#[inline(always)]
fn inside(depth: u32) -> Result<u32, Fault> {
    depth.checked_sub(1).ok_or(Fault::Depth)
}

/// A bit for each of the field numbers.
const fn bits(numbers: std::ops::RangeInclusive<u32>) -> u32 {
    (u32::MAX >> (31 - *numbers.end())) & (u32::MAX << *numbers.start())
}
