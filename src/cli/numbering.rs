//! How the load generator numbers its spans, so that a sink knows which of them are missing without being
//! told each id: span `n` of a run has ids computed from the run's seed and `n`. Within a run all are distinct,
//! none is zero, and they look as random as real ones (which matters to whoever compresses them).

/// Spans that share a trace id: `n / TRACE_SPANS` numbers the trace.
pub(super) const TRACE_SPANS: u64 = 8;

/// One run of the load generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    seed: u64,
}

// === impl Run ===

impl Run {
    /// Seeds are of 62 bits: the two bits above keep trace ids and span ids apart and away from zero.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: seed & (u64::MAX >> 2),
        }
    }

    pub(super) fn seed(self) -> u64 {
        self.seed
    }

    pub(super) fn trace_id(self, n: u64) -> [u8; 16] {
        let trace = n / TRACE_SPANS;
        let high = mix(self.seed | 1 << 63);
        let low = mix(trace ^ (self.seed | 1 << 62));
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }

    pub(super) fn span_id(self, n: u64) -> [u8; 8] {
        mix(n ^ (self.seed | 1 << 63)).to_be_bytes()
    }

    /// What [`key`] makes of the ids of span `n`.
    pub(super) fn key(self, n: u64) -> u64 {
        key(&self.trace_id(n), &self.span_id(n))
    }
}

/// A span's ids in 64 bits. Two spans out of ten million share a key once in 400,000 runs.
pub(super) fn key(trace_id: &[u8], span_id: &[u8]) -> u64 {
    let words = trace_id.chunks(8).chain(span_id.chunks(8));
    words.fold(0x9e37_79b9_7f4a_7c15, |key, word| mix(key ^ little_endian(word)))
}

fn little_endian(word: &[u8]) -> u64 {
    match <[u8; 8]>::try_from(word) {
        Ok(word) => u64::from_le_bytes(word),
        Err(_) => word
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

/// The finalizer of splitmix64: a bijection of 64 bits that maps only zero to zero.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests;
