//! What takes the place of what is masked.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

use super::config::HashFunction;
use crate::config::pattern::Pattern;

/// Where nothing is hashed.
const STARS: &str = "****";

/// Bytes that the masked texts of one message may have. A hash is up to 128 times as long as what it stands for.
const ROOM: usize = 16 << 20;

/// What takes the place of a masked text.
pub(super) enum Mask {
    Stars,
    Md5,
    Sha1,
    Sha3,
    HmacSha256(Box<Hmac<Sha256>>),
    HmacSha512(Box<Hmac<Sha512>>),
}

/// What is left to the masked texts of one message.
pub(super) struct Room(usize);

// === impl Mask ===

impl Mask {
    pub(super) fn new(function: HashFunction, key: &[u8]) -> Self {
        match function {
            HashFunction::None => Self::Stars,
            HashFunction::Md5 => Self::Md5,
            HashFunction::Sha1 => Self::Sha1,
            HashFunction::Sha3 => Self::Sha3,
            // A key may have any length: only a misfit of types could fail, and stars tell less than any hash.
            HashFunction::HmacSha256 => {
                Hmac::new_from_slice(key).map_or(Self::Stars, |hmac| Self::HmacSha256(Box::new(hmac)))
            }
            HashFunction::HmacSha512 => {
                Hmac::new_from_slice(key).map_or(Self::Stars, |hmac| Self::HmacSha512(Box::new(hmac)))
            }
        }
    }

    /// Masks all of `text`, each of its lines by itself.
    pub(super) fn lines(&self, text: &str, room: &mut Room) -> String {
        let mut out = String::new();
        for (number, line) in text.split('\n').enumerate() {
            out.push_str(if number == 0 { "" } else { "\n" });
            self.put(&mut out, line);
            if room.is_exceeded_by(&out) {
                return STARS.to_owned();
            }
        }
        room.taken_by(out)
    }

    /// Masks each match of `pattern` in `text`, or all of it where the matches are too many to be found; nothing where
    /// there is none.
    pub(super) fn matches(&self, pattern: &Pattern, text: &str, room: &mut Room) -> Option<String> {
        if !pattern.is_match(text) {
            return None;
        }
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for found in pattern.matches(text) {
            let Ok(found) = found else {
                return Some(self.lines(text, room));
            };
            out.push_str(text.get(copied..found.start()).unwrap_or_default());
            self.put(&mut out, found.as_str());
            copied = found.end();
            if room.is_exceeded_by(&out) {
                return Some(STARS.to_owned());
            }
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Some(room.taken_by(out))
    }

    fn put(&self, out: &mut String, text: &str) {
        match self {
            Self::Stars => out.push_str(STARS),
            Self::Md5 => put_hex(out, &md5::Md5::digest(text)),
            Self::Sha1 => put_hex(out, &sha1::Sha1::digest(text)),
            Self::Sha3 => put_hex(out, &sha3::Sha3_256::digest(text)),
            Self::HmacSha256(hmac) => put_hex(out, &code(hmac.as_ref(), text)),
            Self::HmacSha512(hmac) => put_hex(out, &code(hmac.as_ref(), text)),
        }
    }
}

fn code<M: Mac + Clone>(hmac: &M, text: &str) -> hmac::digest::Output<M> {
    hmac.clone().chain_update(text).finalize().into_bytes()
}

fn put_hex(out: &mut String, bytes: &[u8]) {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    for byte in bytes {
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}

// === impl Room ===

impl Room {
    /// For the texts of one message.
    pub(super) fn new() -> Self {
        Self(ROOM)
    }

    /// Whether a text is longer than what is left.
    fn is_exceeded_by(&self, text: &str) -> bool {
        text.len() > self.0
    }

    fn taken_by(&mut self, text: String) -> String {
        match self.0.checked_sub(text.len()) {
            Some(left) => {
                self.0 = left;
                text
            }
            None => STARS.to_owned(),
        }
    }
}
