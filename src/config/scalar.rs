//! Values without parts, and what YAML takes a text for.

use super::within::Written;

/// A value without parts; keeps its text, for keys that want a text where YAML sees a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// As written, quotes and escapes resolved.
    pub text: String,
    /// What YAML takes it for.
    pub kind: Kind,
    /// It came from the environment or a file, and messages do not repeat it.
    pub hidden: bool,
    /// Where the text is in the source of its node; `None` where it came from elsewhere.
    pub(super) written: Option<Written>,
}

/// What YAML takes a scalar for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text,
}

// === impl Scalar ===

impl Scalar {
    /// An unquoted scalar: typed by what it looks like.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind: Kind::of(&text),
            text,
            hidden: false,
            written: None,
        }
    }

    /// A quoted scalar: a text whatever it looks like.
    pub fn quoted(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: Kind::Text,
            hidden: false,
            written: None,
        }
    }
}

// === impl Kind ===

impl Kind {
    /// YAML's core schema, with the notations that Go's reader adds (`0777`, `0b11`, `1_000`).
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            _ => {}
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(digits, ".inf" | ".Inf" | ".INF") {
            return Self::Float(if negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            });
        }
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Self::Text;
        }
        if let Some(whole) = whole_number(digits) {
            return Self::Int(if negative { -whole } else { whole });
        }
        let looks_like_float = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
            && digits.bytes().any(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if looks_like_float => Self::Float(number),
            _ => Self::Text,
        }
    }
}

/// At most what fits in 64 bits, signed or not, so that negation cannot overflow.
fn whole_number(digits: &str) -> Option<i128> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, digits.get(2..)?),
        [b'0', b'o', ..] => (8, digits.get(2..)?),
        [b'0', b'b', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix)
        .ok()
        .map(i128::from)
}
