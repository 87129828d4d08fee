//! From an HTTP body to an OTLP message: joined, unframed, decompressed, each within a bound.

use std::io::Read;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tonic::Code;

/// Why a body cannot be taken, as a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: Code,
    pub(super) message: String,
}

/// Reads the whole body; more than `limit` bytes are RESOURCE_EXHAUSTED.
pub(super) async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Fault> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Fault::new(Code::Cancelled, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + joined.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        match (first.is_empty(), joined.is_empty()) {
            (true, true) => first = data,
            (_, true) => {
                // A second frame: there will be more, as many as gRPC's prefix says.
                joined.reserve(announced(&first).min(limit).max(first.len() + data.len()));
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&data);
                first = Bytes::new();
            }
            _ => joined.extend_from_slice(&data),
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// The message in a gRPC body, decompressed by the codec that the request's header names.
pub(super) fn unframe(mut body: Bytes, encoding: &str, limit: usize) -> Result<Bytes, Fault> {
    let malformed = |what: String| Fault::new(Code::InvalidArgument, what);
    if body.len() < 5 {
        return Err(malformed(format!(
            "a gRPC body of {} bytes has no message",
            body.len()
        )));
    }
    let compressed = body.get_u8() != 0;
    let length = body.get_u32() as usize;
    if length != body.len() {
        return Err(malformed(format!(
            "the message has {} bytes, its prefix says {length}",
            body.len()
        )));
    }
    decompress(body, if compressed { encoding } else { "identity" }, limit)
}

/// The bytes decompressed; more than `limit` are RESOURCE_EXHAUSTED, an unknown codec is UNIMPLEMENTED.
pub(super) fn decompress(body: Bytes, encoding: &str, limit: usize) -> Result<Bytes, Fault> {
    match encoding {
        "" | "identity" => Ok(body),
        "gzip" => inflate(flate2::bufread::MultiGzDecoder::new(&*body), body.len(), limit),
        "deflate" | "zlib" => inflate(flate2::bufread::ZlibDecoder::new(&*body), body.len(), limit),
        "zstd" => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&*body);
            let decoder =
                decoder.map_err(|error| Fault::new(Code::InvalidArgument, format!("zstd: {error}")))?;
            inflate(decoder, body.len(), limit)
        }
        other => Err(Fault::new(
            Code::Unimplemented,
            format!("compression `{other}` is not known here"),
        )),
    }
}

fn inflate(decoder: impl Read, compressed: usize, limit: usize) -> Result<Bytes, Fault> {
    let mut out = Vec::with_capacity(compressed.saturating_mul(4).min(limit));
    decoder
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|error| Fault::new(Code::InvalidArgument, format!("cannot decompress: {error}")))?;
    if out.len() > limit {
        return Err(too_large(limit));
    }
    Ok(out.into())
}

fn announced(prefix: &[u8]) -> usize {
    match prefix {
        [_, a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]) as usize + 5,
        _ => 0,
    }
}

fn too_large(limit: usize) -> Fault {
    Fault::new(
        Code::ResourceExhausted,
        format!("the request is larger than {limit} bytes"),
    )
}

// === impl Fault ===

impl Fault {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
