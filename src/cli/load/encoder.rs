//! From the number of a request to the bytes of its body: numbered, compressed if asked, framed for gRPC.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::{Compress, Compression, FlushCompress, Status};

use super::template::Template;
use crate::cli::numbering::Run;

/// gRPC's message prefix: a compressed flag and the length, big-endian.
const PREFIX: usize = 5;

/// What every worker encodes with.
#[derive(Clone)]
pub(super) struct Encoding {
    pub(super) run: Run,
    pub(super) ordinary: Arc<Template>,
    /// Takes the place of the ordinary one in requests with a poisoned span.
    pub(super) poisoned: Arc<Template>,
    pub(super) grpc: bool,
    pub(super) gzip: bool,
}

/// One worker's encoder. Every request is compressed anew (level 1), since its ids are its own.
pub(super) struct Encoder {
    encoding: Encoding,
    gzip: Compress,
    plain: BytesMut,
    compressed: Vec<u8>,
    /// The last ordinary body, whose bytes are right but for the ids.
    last: Option<Bytes>,
}

// === impl Encoder ===

impl Encoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            gzip: Compress::new_gzip(Compression::new(1), 15),
            plain: BytesMut::new(),
            compressed: Vec::new(),
            last: None,
        }
    }

    /// The body of the request whose first span has number `first`.
    pub(super) fn encode(&mut self, first: u64, poisoned: bool) -> Bytes {
        match self.last.take().map(Bytes::try_into_mut) {
            Some(Ok(mut body)) if !poisoned => {
                let prefix = if self.encoding.grpc { PREFIX } else { 0 };
                if let Some(message) = body.get_mut(prefix..) {
                    self.encoding.ordinary.number(message, self.encoding.run, first);
                }
                body.freeze()
            }
            _ => self.encode_anew(first, poisoned),
        }
    }

    /// Gives back a body that nobody will send again, for its memory to be used for the next.
    pub(super) fn give_back(&mut self, body: Bytes, poisoned: bool) {
        if !poisoned && !self.encoding.gzip {
            self.last = Some(body);
        }
    }

    fn encode_anew(&mut self, first: u64, poisoned: bool) -> Bytes {
        let template = if poisoned {
            &self.encoding.poisoned
        } else {
            &self.encoding.ordinary
        };
        if self.encoding.gzip {
            self.plain.clear();
            template.write(&mut self.plain, self.encoding.run, first);
            self.compressed.clear();
            gzip(&mut self.gzip, &self.plain, &mut self.compressed);
            let mut body = BytesMut::with_capacity(PREFIX + self.compressed.len());
            put_prefix(&mut body, self.encoding.grpc, true, self.compressed.len());
            body.extend_from_slice(&self.compressed);
            body.freeze()
        } else {
            let mut body = BytesMut::with_capacity(PREFIX + template.len());
            put_prefix(&mut body, self.encoding.grpc, false, template.len());
            template.write(&mut body, self.encoding.run, first);
            body.freeze()
        }
    }
}

fn put_prefix(body: &mut BytesMut, grpc: bool, compressed: bool, length: usize) {
    if grpc {
        body.put_u8(u8::from(compressed));
        body.put_u32(length as u32);
    }
}

fn gzip(compress: &mut Compress, plain: &[u8], out: &mut Vec<u8>) {
    compress.reset();
    out.reserve(plain.len() / 4 + 1024);
    loop {
        let rest = plain.get(compress.total_in() as usize..).unwrap_or_default();
        match compress.compress_vec(rest, out, FlushCompress::Finish) {
            // Deflate has no invalid input; out of room is what the next round mends.
            Ok(Status::StreamEnd) | Err(_) => return,
            Ok(Status::Ok | Status::BufError) => out.reserve(plain.len() / 4 + 1024),
        }
    }
}
