//! A message on its way: whose spans it holds, where it goes, how it is cut.

use std::sync::Arc;

use bytes::Bytes;
use rdkafka::message::{Header, OwnedHeaders};

use crate::net::kafka::Encoding;
use crate::pipeline::destination::{Failure, Left};
use crate::wire::{Malformed, Traces, json};

/// Spans that go to one partition in one message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it goes.
    pub way: Arc<Way>,
    /// Which partition; none leaves that to the client.
    pub partition: Option<i32>,
    /// The key; none has none.
    pub key: Option<Bytes>,
    /// The spans, by the parts of the batch.
    pub pieces: Vec<Piece>,
    /// Whether it is sent without others beside it.
    pub is_alone: bool,
    /// Whether it was refused for its size before.
    pub was_refused: bool,
}

/// What messages have in common that go the same way.
#[derive(Clone, Debug, Default, Hash, PartialEq, Eq)]
pub struct Way {
    /// The topic.
    pub topic: String,
    /// Names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The key that the sender's metadata says.
    pub key: Option<Bytes>,
}

/// Spans of one part of the batch.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Which part.
    pub part: usize,
    /// The spans.
    pub traces: Traces,
}

/// What goes with each message beside its content, at most: the head of a set of messages, and of one in it.
const HEAD: usize = 160;

/// The same for each header.
const HEADER_HEAD: usize = 10;

/// Bytes of JSON that a byte of protobuf becomes, more or less.
const GROWTH: usize = 3;

// === impl Way ===

impl Way {
    /// Bytes that a message has beside its spans; `key` are those of a key that is not the sender's.
    pub fn overhead(&self, key: usize) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.len() + value.len() + HEADER_HEAD)
            .sum();
        HEAD + headers + key + self.key.as_ref().map_or(0, Bytes::len)
    }

    /// As the client takes them.
    pub fn owned_headers(&self) -> Option<OwnedHeaders> {
        if self.headers.is_empty() {
            return None;
        }
        let empty = OwnedHeaders::new_with_capacity(self.headers.len());
        let all = self.headers.iter().fold(empty, |headers, (key, value)| {
            headers.insert(Header {
                key,
                value: Some(value.as_slice()),
            })
        });
        Some(all)
    }
}

// === impl Message ===

impl Message {
    /// Its spans.
    pub fn spans(&self) -> usize {
        self.pieces.iter().map(|piece| piece.traces.spans()).sum()
    }

    /// It was refused for its size: it is sent alone from now on.
    pub fn refused(self) -> Self {
        Self {
            is_alone: true,
            was_refused: true,
            ..self
        }
    }

    /// Two messages with a half of its spans each; itself when it has one span.
    pub fn halves(mut self) -> Vec<Self> {
        let pieces = match self.pieces.as_slice() {
            [piece] => {
                let traces = piece.traces.split(piece.traces.spans().div_ceil(2), 0);
                let part = piece.part;
                let halves = traces.into_iter().map(|traces| vec![Piece { part, traces }]);
                halves.collect()
            }
            _ => {
                let second = self.pieces.split_off(self.pieces.len() / 2);
                vec![std::mem::take(&mut self.pieces), second]
            }
        };
        let half = |pieces| Self {
            pieces,
            ..self.clone()
        };
        pieces.into_iter().map(half).collect()
    }

    /// Its spans, left for this reason.
    pub fn left(self, why: &Failure) -> impl Iterator<Item = Left> + use<'_> {
        self.pieces.into_iter().map(|piece| Left {
            part: piece.part,
            traces: piece.traces,
            why: why.clone(),
        })
    }

    /// Its content; shares the spans' bytes where it can.
    pub fn payload(&self, encoding: Encoding) -> Result<Bytes, Malformed> {
        match (encoding, self.pieces.as_slice()) {
            (Encoding::OtlpProto, [piece]) => Ok(piece.traces.bytes().clone()),
            (Encoding::OtlpProto, _) => Ok(self.joined().into()),
            (Encoding::OtlpJson, [piece]) => Ok(json::from_protobuf(piece.traces.bytes())?.into()),
            (Encoding::OtlpJson, _) => Ok(json::from_protobuf(&self.joined())?.into()),
        }
    }

    fn joined(&self) -> Vec<u8> {
        let len = self.pieces.iter().map(|piece| piece.traces.bytes().len()).sum();
        let mut joined = Vec::with_capacity(len);
        for piece in &self.pieces {
            joined.extend_from_slice(piece.traces.bytes());
        }
        joined
    }
}

/// Of so many encoded bytes, how many may be protobuf.
pub fn protobuf_bytes(encoding: Encoding, max_bytes: usize) -> usize {
    match encoding {
        Encoding::OtlpProto => max_bytes,
        Encoding::OtlpJson => max_bytes / GROWTH,
    }
}
