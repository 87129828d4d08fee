//! Single values of JSON, and which of them a field takes.

use std::fmt;

use super::super::reader::wire;
use super::super::schema::{Field, Kind};
use super::super::writer::{put_bytes, put_int, put_key};
use super::bytes::{from_base64, from_hex};

/// A value as JSON has it.
#[derive(Clone, Copy)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a str),
}

/// How much of a value that does not fit is shown.
const SHOWN: usize = 80;

/// Writes `value` as the field, or says what was expected.
pub(super) fn put(out: &mut Vec<u8>, field: &Field, value: Scalar<'_>) -> Result<(), String> {
    encode(out, field, value).ok_or_else(|| format!("{value} is not {}", field.kind.in_words()))
}

fn encode(out: &mut Vec<u8>, field: &Field, value: Scalar<'_>) -> Option<()> {
    let number = field.number;
    match (field.kind, value) {
        (Kind::String, Scalar::Text(text)) => put_bytes(out, number, text.as_bytes()),
        (Kind::Bytes, Scalar::Text(text)) => put_bytes(out, number, &from_base64(text)?),
        (Kind::Id, Scalar::Text(text)) => put_bytes(out, number, &from_hex(text)?),
        (Kind::Bool, Scalar::Bool(value)) => put_int(out, number, value.into()),
        (Kind::Enum(names), Scalar::Text(name)) if names.contains(&name) => {
            let value = names.iter().position(|known| *known == name)?;
            put_int(out, number, value as u64);
        }
        (Kind::Int32 | Kind::Enum(_), value) => {
            let value: i32 = value.whole()?;
            put_int(out, number, i64::from(value) as u64);
        }
        (Kind::Int64, value) => {
            let value: i64 = value.whole()?;
            put_int(out, number, value as u64);
        }
        (Kind::Uint32, value) => {
            let value: u32 = value.whole()?;
            put_int(out, number, value.into());
        }
        (Kind::Fixed32, value) => {
            let value: u32 = value.whole()?;
            put_key(out, number, wire::FIXED32);
            out.extend_from_slice(&value.to_le_bytes());
        }
        (Kind::Fixed64, value) => {
            let value: u64 = value.whole()?;
            put_key(out, number, wire::FIXED64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        (Kind::Double, value) => {
            let value = value.float()?;
            put_key(out, number, wire::FIXED64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

// === impl Scalar ===

impl Scalar<'_> {
    /// The whole number that this is, as text or with a zero fraction too, when it fits.
    fn whole<T: TryFrom<i128>>(self) -> Option<T> {
        let value = match self {
            Self::Int(value) => value,
            Self::Text(text) => text.parse().ok()?,
            // Beyond 64 bits the cast saturates to what fits nowhere.
            Self::Float(value) if value.fract() == 0.0 => value as i128,
            Self::Float(_) | Self::Bool(_) => return None,
        };
        T::try_from(value).ok()
    }

    fn float(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Text(text) => text.parse().ok(),
            Self::Bool(_) => None,
        }
    }
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Text(text) => {
                let shown: String = text.chars().take(SHOWN).collect();
                let more = if shown.len() < text.len() { "..." } else { "" };
                write!(formatter, "{shown:?}{more}")
            }
        }
    }
}

// === impl Kind ===

impl Kind {
    /// What a value of this kind has to be.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Kind::String => "a string",
            Kind::Bytes => "a string of base64",
            Kind::Id => "a string of hexadecimal digits in pairs",
            Kind::Bool => "true or false",
            Kind::Int32 => "a whole number of 32 bits",
            Kind::Uint32 | Kind::Fixed32 => "a whole number of 32 bits, 0 or more",
            Kind::Int64 => "a whole number of 64 bits",
            Kind::Fixed64 => "a whole number of 64 bits, 0 or more",
            Kind::Double => "a number",
            Kind::Enum(_) => "the number or name of an enum value",
            Kind::Message(_) => "an object",
        }
    }
}
