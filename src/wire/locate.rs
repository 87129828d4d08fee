//! Where and why a request is broken, in words. Walks by the schema's table; only for requests that the
//! quick walk has refused.

use smallvec::SmallVec;

use super::Malformed;
use super::reader::{DEPTH, Fault, Reader, position, wire};
use super::schema::{Field, Kind, Message, REQUEST};
use super::utf8::is_utf8;

/// Where the first fault lies.
struct Found {
    /// From the broken field up to the request.
    path: Vec<String>,
    offset: usize,
    fault: Fault,
}

/// Names the place and the fault. `fault` is what the quick walk found.
#[cold]
pub(super) fn locate(request: &[u8], fault: Fault) -> Malformed {
    let located = verify(request, &REQUEST).err();
    located.unwrap_or_else(|| Malformed(format!("malformed OTLP: {fault}")))
}

/// Checks that `bytes` are a `kind`, as `prost` would, and not quickly.
pub(super) fn verify(bytes: &[u8], kind: &Message) -> Result<(), Malformed> {
    message(bytes, kind, bytes, DEPTH).map_err(
        |Found {
             mut path,
             offset,
             fault,
         }| {
            path.reverse();
            let place = if path.is_empty() {
                String::new()
            } else {
                format!("{} ", path.join("."))
            };
            Malformed(format!("malformed OTLP: {place}at byte {offset}: {fault}"))
        },
    )
}

fn message(request: &[u8], message: &Message, body: &[u8], depth: u32) -> Result<(), Found> {
    let mut reader = Reader::new(body);
    let mut counts: SmallVec<[usize; 16]> = message.fields.iter().map(|_| 0).collect();
    while !reader.is_empty() {
        let offset = position(request, reader.rest()).start;
        let here = |path, fault| Found { path, offset, fault };
        let key = reader.key().map_err(|fault| here(Vec::new(), fault))?;
        let mut known = message.fields.iter().zip(&mut counts);
        match known.find(|(field, _)| field.number == key >> 3) {
            Some((known, count)) => {
                let result = match field(request, known, key, &mut reader, depth) {
                    Ok(result) => result,
                    Err(fault) => Err(here(Vec::new(), fault)),
                };
                result.map_err(|mut found| {
                    found.path.push(name(known, *count));
                    found
                })?;
                *count += 1;
            }
            None => {
                let skipped = reader.skip(key, depth);
                skipped.map_err(|fault| here(vec![format!("unknown field {}", key >> 3)], fault))?;
            }
        }
    }
    Ok(())
}

/// The outer error is the field's own, the inner one lies inside its message.
fn field(
    request: &[u8],
    field: &Field,
    key: u32,
    reader: &mut Reader<'_>,
    depth: u32,
) -> Result<Result<(), Found>, Fault> {
    if key & 7 > wire::FIXED32 {
        return Err(Fault::Key);
    }
    if key & 7 != field.kind.wire_type() {
        return Err(Fault::WireType);
    }
    match field.kind {
        Kind::Message(inner) => {
            let depth = depth.checked_sub(1).ok_or(Fault::Depth)?;
            return Ok(message(request, inner, reader.bytes()?, depth));
        }
        Kind::String => {
            if !is_utf8(reader.bytes()?) {
                return Err(Fault::Utf8);
            }
        }
        _ => reader.skip(key, DEPTH)?,
    }
    Ok(Ok(()))
}

fn name(field: &Field, count: usize) -> String {
    match field.repeated {
        true => format!("{}[{count}]", field.snake),
        false => field.snake.into(),
    }
}
