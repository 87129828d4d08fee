//! `Decode` and `Base64Encode`.
//!
//! Promise: knows the encodings that the Collector knows, by the same names. Bytes that stand for nothing in an encoding become
//! `U+FFFD`.

mod base64;
mod charset;
mod pages;

use encoding_rs as web;

pub use base64::{Base64, base64_encode};
use charset::{Charset, NAMES};

use super::shown;

/// What the second argument of `Decode` names.
#[derive(Clone, Copy, Debug)]
pub struct Encoding(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Bytes stay what they are.
    Raw,
    Base64(Base64),
    Charset(Charset),
}

// === impl Encoding ===

impl Encoding {
    /// The encoding of this name; upper and lower case are the same, except in those of base64.
    pub fn named(name: &str) -> Result<Self, String> {
        if let Some(variant) = Base64::named(name) {
            return Ok(Self(Kind::Base64(variant)));
        }
        let lower = name.to_lowercase();
        let kind = match lower.as_str() {
            // The Collector has its own mind about these.
            "" | "utf8" | "ascii" | "us-ascii" => Some(Kind::Charset(Charset::Utf8)),
            "utf-16" | "utf16" => Some(Kind::Charset(Charset::Utf16 { is_big: false })),
            "nop" | "utf-8-raw" | "utf8-raw" => Some(Kind::Raw),
            lower => {
                let lower = lower.trim();
                let mut all = NAMES.iter();
                let found = all.find(|(names, _)| names.split_whitespace().any(|name| name == lower));
                found.map(|(_, charset)| Kind::Charset(*charset))
            }
        };
        kind.map(Self)
            .ok_or_else(|| format!("unsupported encoding {}", shown(name)))
    }

    /// `Decode`. What comes out is UTF-8, except from base64 and from encodings that leave bytes as they are.
    pub fn decode(self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        Ok(match self.0 {
            Kind::Raw => bytes.to_vec(),
            Kind::Base64(variant) => variant.decode(bytes)?,
            Kind::Charset(charset) => charset.decode(bytes).into_bytes(),
        })
    }
}

// === impl Charset ===

impl Charset {
    fn decode(self, bytes: &[u8]) -> String {
        let each = |letter: &dyn Fn(u8) -> char| bytes.iter().map(|byte| letter(*byte)).collect();
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Ascii => each(&|byte| {
                if byte.is_ascii() {
                    char::from(byte)
                } else {
                    '\u{fffd}'
                }
            }),
            Self::Utf16 { is_big } => utf16(bytes, is_big),
            Self::MarkedUtf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => utf16(rest, false),
                [0xfe, 0xff, rest @ ..] => utf16(rest, true),
                _ => utf16(bytes, true),
            },
            Self::Page(page, changes) => {
                let page: Vec<char> = ('\0'..'\u{80}').chain(page.chars()).collect();
                each(&|byte| changed(changes, byte).unwrap_or_else(|| at(&page, byte)))
            }
            Self::FullPage(page, changes) => {
                let page: Vec<char> = page.chars().collect();
                each(&|byte| changed(changes, byte).unwrap_or_else(|| at(&page, byte)))
            }
            Self::Latin1(changes) => each(&|byte| changed(changes, byte).unwrap_or(char::from(byte))),
            Self::OneByte(encoding) => {
                let (text, _) = encoding.decode_without_bom_handling(bytes);
                text.replace(|letter| ('\u{80}'..'\u{a0}').contains(&letter), "\u{fffd}")
            }
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::EastAsian(encoding) => east_asian(encoding, bytes),
            Self::Hz => hz(bytes),
        }
    }
}

fn at(page: &[char], byte: u8) -> char {
    page.get(usize::from(byte)).copied().unwrap_or('\u{fffd}')
}

fn changed(changes: &[(u8, char)], byte: u8) -> Option<char> {
    let change = changes.iter().find(|(changed, _)| *changed == byte);
    change.map(|(_, letter)| *letter)
}

/// Two surrogates that do not belong together are one fault when the second is one of the lower half.
fn utf16(bytes: &[u8], is_big: bool) -> String {
    let unit = |pair: [u8; 2]| match is_big {
        true => u16::from_be_bytes(pair),
        false => u16::from_le_bytes(pair),
    };
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [one, behind @ ..] = rest {
        let [two, behind @ ..] = behind else {
            out.push('\u{fffd}');
            break;
        };
        rest = behind;
        let first = unit([*one, *two]);
        let second = match behind {
            [three, four, ..] => unit([*three, *four]),
            _ => 0,
        };
        let is_pair = (0xd800..0xe000).contains(&first) && (0xdc00..0xe000).contains(&second);
        if is_pair {
            rest = behind.get(2..).unwrap_or_default();
        }
        let units = [first, second];
        let units = units.into_iter().take(if is_pair { 2 } else { 1 });
        let letter = char::decode_utf16(units).next().and_then(Result::ok);
        out.push(letter.unwrap_or('\u{fffd}'));
    }
    out
}

/// Without letters for private use, which the Collector does not know.
fn east_asian(encoding: &'static web::Encoding, bytes: &[u8]) -> String {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    text.replace(|letter| ('\u{e000}'..='\u{f8ff}').contains(&letter), "\u{fffd}")
}

/// Between `~{` and `~}` two bytes are a letter of GB 2312.
fn hz(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut rest, mut is_chinese) = (bytes, false);
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (byte, behind) {
            (b'~', [second, behind @ ..]) => {
                rest = behind;
                match second {
                    b'{' => is_chinese = true,
                    b'}' => is_chinese = false,
                    b'~' => out.push('~'),
                    b'\n' => {}
                    _ => out.push('\u{fffd}'),
                }
            }
            (0x21..0x7e, [second @ 0x21..0x7f, behind @ ..]) if is_chinese => {
                let letter = east_asian(web::GBK, &[byte | 0x80, second | 0x80]);
                out.push_str(if letter.chars().count() == 1 {
                    &letter
                } else {
                    "\u{fffd}"
                });
                rest = behind;
            }
            (0..0x80, [0..=0x80, behind @ ..]) if is_chinese => {
                out.push('\u{fffd}');
                rest = behind;
            }
            (0..0x80, _) if !is_chinese && *byte != b'~' => out.push(char::from(*byte)),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}
