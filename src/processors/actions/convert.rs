//! Numbers out of values, by Go's rules.

use crate::ottl::{parse_float, whole};
use crate::wire::ValueView;

/// The whole number that a value of another type becomes; nothing when it stays as it is.
pub(super) fn int(value: &ValueView<'_>) -> Option<i64> {
    match value {
        ValueView::Bool(value) => Some(i64::from(*value)),
        ValueView::String(text) => text.parse().ok(),
        ValueView::Double(number) => Some(whole(*number)),
        _ => None,
    }
}

/// The floating point number that a value of another type becomes; nothing when it stays as it is.
pub(super) fn double(value: &ValueView<'_>) -> Option<f64> {
    match value {
        ValueView::Bool(value) => Some(f64::from(u8::from(*value))),
        ValueView::Int(number) => Some(*number as f64),
        ValueView::String(text) => parse_float(text).ok(),
        _ => None,
    }
}
