//! The text of a value, as the Collector shows it.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::values::ValueView;

impl<'a> ValueView<'a> {
    /// The value as text: strings as they are, numbers in the shortest form that reads back, bytes in base64, lists
    /// and maps as compact JSON with sorted keys, no value as empty text.
    pub fn text(&self) -> Cow<'a, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::String(text) => Cow::Borrowed(text),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Double(number) => Cow::Owned(double(*number)),
            Self::Bytes(bytes) => Cow::Owned(STANDARD.encode(bytes)),
            Self::StringIndex(index) => Cow::Owned(index.to_string()),
            Self::Array(_) | Self::KeyValueList(_) => {
                let mut out = String::new();
                // JSON has no word for a number that is not finite; then there is no text at all.
                match put_json(&mut out, self) {
                    Ok(()) => Cow::Owned(out),
                    Err(NotFinite) => Cow::Borrowed(""),
                }
            }
        }
    }

    /// The value as patterns and span names see it: strings, booleans and numbers, these without an exponent.
    pub fn plain(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(_) | Self::Bool(_) | Self::Int(_) => Some(self.text()),
            Self::Double(number) if number.is_infinite() => {
                Some(Cow::Borrowed(if *number > 0.0 { "+Inf" } else { "-Inf" }))
            }
            Self::Double(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }
}

/// A list or map holds a number that is not finite.
struct NotFinite;

fn double(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        (if number > 0.0 { "Infinity" } else { "-Infinity" }).into()
    } else if size == 0.0 || (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        match text.contains("e-") {
            true => text,
            false => text.replace('e', "e+"),
        }
    }
}

fn put_json(out: &mut String, value: &ValueView<'_>) -> Result<(), NotFinite> {
    match value {
        ValueView::Empty => out.push_str("null"),
        // In Go, bytes of which there are none are no bytes.
        ValueView::Bytes([]) => out.push_str("null"),
        ValueView::Array(list) => {
            out.push('[');
            for (place, item) in list.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                put_json(out, &item)?;
            }
            out.push(']');
        }
        ValueView::KeyValueList(list) => {
            // Of a key that occurs twice the last counts.
            let pairs: std::collections::BTreeMap<_, _> =
                list.iter().map(|pair| (pair.key(), pair)).collect();
            out.push('{');
            for (place, (key, pair)) in pairs.into_iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                put_string(out, key);
                out.push(':');
                put_json(out, &pair.value())?;
            }
            out.push('}');
        }
        ValueView::Double(number) if !number.is_finite() => return Err(NotFinite),
        ValueView::String(_) | ValueView::Bytes(_) => put_string(out, &value.text()),
        _ => out.push_str(&value.text()),
    }
    Ok(())
}

/// JSON's own escapes, and those of the two line separators that JavaScript does not take.
fn put_string(out: &mut String, text: &str) {
    let quoted = serde_json::Value::from(text).to_string();
    for letter in quoted.chars() {
        // Writing to a `String` does not fail.
        match letter {
            '\u{2028}' | '\u{2029}' => drop(write!(out, "\\u{:04x}", letter as u32)),
            _ => out.push(letter),
        }
    }
}
