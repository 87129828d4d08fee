//! OTLP trace requests as bytes. A span stays the bytes it arrived as; nothing here does I/O or is async.

use bytes::Bytes;

/// One validated `ExportTraceServiceRequest`, still the bytes it arrived as.
///
/// Holding one means: `prost` would decode these bytes, and every span has a trace id of 16 bytes and a
/// span id of 8. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    bytes: Bytes,
    spans: u32,
}

/// What a request turned out to be.
#[derive(Debug)]
pub struct Checked {
    /// The spans that may pass. Byte-identical to the input when `rejected` is zero.
    pub traces: Traces,
    /// Spans taken out because their trace id or span id has the wrong length.
    pub rejected: u32,
    /// Why, in English, naming the first of them; empty when none was rejected.
    pub reason: String,
}

/// Why bytes are not an `ExportTraceServiceRequest`; names the place and the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Traces {
    /// Checks everything that `prost` would, in one pass without an allocation per span.
    pub fn check(_bytes: Bytes) -> Result<Checked, Malformed> {
        Err(Malformed("not built yet".into()))
    }

    /// How many spans.
    pub fn spans(&self) -> usize {
        self.spans as usize
    }

    /// The encoded request. Concatenating these of several `Traces` gives one request with all their spans.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Ties `owned` to the bytes: it is dropped with their last slice.
    pub fn keeping<T: Send + 'static>(self, owned: T) -> Self {
        struct Kept<T>(Bytes, #[expect(dead_code, reason = "held for its drop")] T);
        impl<T> AsRef<[u8]> for Kept<T> {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Self {
            bytes: Bytes::from_owner(Kept(self.bytes, owned)),
            spans: self.spans,
        }
    }

    /// Cuts into parts of at most `max_spans` spans and `max_bytes` encoded bytes (0: no bound), in order.
    /// Resource and scope headers are repeated where a cut goes through them. A part exceeds `max_bytes` only
    /// when it is one single span. Uncut input is returned as it is, without a copy.
    pub fn split(&self, _max_spans: usize, _max_bytes: usize) -> Vec<Traces> {
        vec![self.clone()]
    }
}
