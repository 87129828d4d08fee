//! The text form of an attribute's value: what textual tests, groups and filters of stored blocks go by.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::ValueView;

/// The value as text: strings as they are, numbers decimal (`2.0` is `2`), `true` and `false`, bytes as base64,
/// lists as compact JSON, no value as empty text.
pub fn text<'a>(value: &ValueView<'a>) -> Cow<'a, str> {
    match value {
        ValueView::Empty => Cow::Borrowed(""),
        ValueView::String(text) => Cow::Borrowed(text),
        ValueView::Bool(true) => Cow::Borrowed("true"),
        ValueView::Bool(false) => Cow::Borrowed("false"),
        ValueView::Int(number) => Cow::Owned(number.to_string()),
        ValueView::Double(number) => Cow::Owned(double(*number)),
        ValueView::Bytes(bytes) => Cow::Owned(STANDARD.encode(bytes)),
        ValueView::StringIndex(index) => Cow::Owned(index.to_string()),
        ValueView::Array(_) | ValueView::KeyValueList(_) => {
            let mut out = String::new();
            put_json(&mut out, value);
            Cow::Owned(out)
        }
    }
}

/// The shortest digits that read back as the same number; with an exponent where plain digits would be many.
fn double(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        (if number > 0.0 { "Infinity" } else { "-Infinity" }).into()
    } else if size == 0.0 || (1e-7..1e21).contains(&size) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

fn put_json(out: &mut String, value: &ValueView<'_>) {
    match value {
        ValueView::Empty => out.push_str("null"),
        ValueView::Array(list) => {
            out.push('[');
            for (place, item) in list.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                put_json(out, &item);
            }
            out.push(']');
        }
        ValueView::KeyValueList(list) => {
            out.push('{');
            for (place, pair) in list.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                put_string(out, pair.key());
                out.push(':');
                put_json(out, &pair.value());
            }
            out.push('}');
        }
        ValueView::Double(number) if !number.is_finite() => put_string(out, &double(*number)),
        ValueView::String(_) | ValueView::Bytes(_) => put_string(out, &text(value)),
        _ => out.push_str(&text(value)),
    }
}

fn put_string(out: &mut String, text: &str) {
    // A string has a JSON form, always, and writing to a `String` does not fail.
    let _ = write!(out, "{}", serde_json::Value::from(text));
}
