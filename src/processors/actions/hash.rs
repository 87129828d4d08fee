//! The hash of a value: SHA-256 in hexadecimal digits.

use sha2::{Digest as _, Sha256};

use crate::wire::{ToValue, ValueView};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A hash as text, on the stack. Empty for bytes, lists, maps and no value, as in the Collector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    text: [u8; 64],
    len: usize,
}

// === impl Hashed ===

impl Hashed {
    /// The hash of a value: of a text's bytes, a number's eight little-endian bytes, a boolean's one.
    pub(super) fn of(value: &ValueView<'_>) -> Self {
        let hash = match value {
            ValueView::String(text) => Sha256::digest(text.as_bytes()),
            ValueView::Bool(value) => Sha256::digest([u8::from(*value)]),
            ValueView::Int(number) => Sha256::digest(number.to_le_bytes()),
            ValueView::Double(number) => Sha256::digest(number.to_le_bytes()),
            _ => {
                return Self {
                    text: [0; 64],
                    len: 0,
                };
            }
        };
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
        let mut text = [0; 64];
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(hash) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        Self { text, len: 64 }
    }

    pub(super) fn as_str(&self) -> &str {
        let text = self.text.get(..self.len).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl ToValue for Hashed {
    fn value_len(&self) -> usize {
        self.as_str().value_len()
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        self.as_str().put_value(out);
    }
}
