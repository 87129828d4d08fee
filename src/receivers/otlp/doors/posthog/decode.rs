//! From a body to spans: what it is, is found out by trying, first protobuf, then JSON, then JSON lines.

use bytes::Bytes;

use super::answer::Refusal;
use crate::net::buffer::{Full, PaidBuffer};
use crate::net::decompress::{self, Encoding, decompress};
use crate::pipeline::budget::Budget;
use crate::receivers::otlp::fault::Unread;
use crate::wire::json::to_protobuf;
use crate::wire::{Checked, Malformed, Traces};

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why a body did not become spans.
#[derive(Debug)]
pub enum Undecoded {
    /// For PostHog's reasons.
    Refused(Refusal),
    /// For ours.
    Unread(Unread),
}

/// Whether a body has to be decompressed.
pub fn is_packed(body: &PaidBuffer, encoding: Encoding) -> bool {
    encoding != Encoding::Identity || body.as_slice().starts_with(&GZIP)
}

/// The spans of a body that is compressed as `encoding`, or as its first bytes say. Decompressed it may have `limit` bytes.
pub fn decode(
    body: PaidBuffer,
    encoding: Encoding,
    limit: usize,
    budget: &Budget,
) -> Result<Checked, Undecoded> {
    let mut body = body;
    if encoding != Encoding::Identity {
        body = unpack(&body, encoding, limit, budget)?;
    }
    if body.as_slice().starts_with(&GZIP) {
        body = unpack(&body, Encoding::Gzip, limit, budget).map_err(|undecoded| match undecoded {
            Undecoded::Unread(Unread::Fault(_)) => Refusal::expanded(limit).into(),
            other => other,
        })?;
    }
    // Without a byte there is nothing to keep a reservation for.
    let bytes = match body.is_empty() {
        true => Bytes::new(),
        false => body.into_bytes(),
    };
    let mut checked = match Traces::check(bytes.clone()) {
        Ok(checked) => checked,
        Err(protobuf) => from_json(&bytes, &protobuf, limit, budget)?,
    };
    if checked.rejected > 0 {
        // What is left was copied.
        checked.traces = budget.cover(checked.traces);
    }
    Ok(checked)
}

fn unpack(
    body: &PaidBuffer,
    encoding: Encoding,
    limit: usize,
    budget: &Budget,
) -> Result<PaidBuffer, Undecoded> {
    decompress(encoding, body.as_slice(), limit, budget).map_err(|error| match error {
        decompress::Error::Corrupt { encoding, why } => Refusal::corrupt(encoding, &why).into(),
        full @ decompress::Error::Full(_) => Undecoded::Unread(full.into()),
    })
}

/// Pays for the protobuf before it is made: it is smaller than the JSON, and while it grows two of it exist.
fn from_json(json: &[u8], protobuf: &Malformed, limit: usize, budget: &Budget) -> Result<Checked, Undecoded> {
    let reservation = budget.reserve(json.len().saturating_mul(2)).map_err(Full::from)?;
    let request = to_protobuf(json).or_else(|whole| from_lines(json, whole));
    let request = request.map_err(|error| Refusal::undecodable(&error.to_string(), &protobuf.to_string()))?;
    if request.is_empty() {
        return Ok(Traces::check(Bytes::new()).map_err(Unread::from)?);
    }
    let request = PaidBuffer::adopt(request, reservation, limit)?;
    Ok(Traces::check(request.into_bytes()).map_err(Unread::from)?)
}

/// The protobuf of requests in JSON, one on each line that is not blank; one after the other they are one request. The error is
/// that of the first bad line, or `whole` where not even the first is a request of its own.
fn from_lines(json: &[u8], whole: Malformed) -> Result<Vec<u8>, Malformed> {
    let mut request = None;
    let lines = json.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    for line in lines.filter(|line| !line.is_empty()) {
        match (to_protobuf(line), &mut request) {
            (Ok(first), None) => request = Some(first),
            (Ok(next), Some(request)) => request.extend_from_slice(&next),
            (Err(error), Some(_)) => return Err(error),
            (Err(_), None) => return Err(whole),
        }
    }
    request.ok_or(whole)
}

// === impl Undecoded ===

impl From<Refusal> for Undecoded {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unread> for Undecoded {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

impl From<Full> for Undecoded {
    fn from(full: Full) -> Self {
        Self::Unread(full.into())
    }
}
