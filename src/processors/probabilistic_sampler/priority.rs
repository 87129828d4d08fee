//! The attribute `sampling.priority` of a span, by which its sender decides.

use crate::wire::ValueView;

/// The attribute's key.
pub const KEY: &str = "sampling.priority";

/// What the sender of a span wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// The span is kept.
    Keep,
    /// The span goes.
    Drop,
}

// === impl Priority ===

impl Priority {
    /// Zero drops and what is above keeps, as a number or as its text; anything else leaves the decision to sampling.
    pub fn of(value: &ValueView<'_>) -> Option<Self> {
        let number = match value {
            ValueView::Int(number) => number.signum() as f64,
            ValueView::Double(number) => *number,
            ValueView::String(text) => number(text)?,
            _ => return None,
        };
        if number == 0.0 {
            Some(Self::Drop)
        } else {
            (number > 0.0).then_some(Self::Keep)
        }
    }
}

/// A number as Go reads one: decimal or hexadecimal, with `_` between digits. None where it is too large.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hex = unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X"));
    if !underscores_separate(hex.unwrap_or(unsigned), hex.is_some()) {
        return None;
    }
    let plain = |text: &str| text.replace('_', "");
    let number = match hex {
        None => plain(text).parse().ok()?,
        Some(hex) if text.starts_with('-') => -hexadecimal(&plain(hex))?,
        Some(hex) => hexadecimal(&plain(hex))?,
    };
    let is_named = !unsigned.starts_with(|first: char| first == '.' || first.is_ascii_digit());
    (is_named || number.is_finite()).then_some(number)
}

/// Whether each `_` lies between two digits, or between `0x` and one.
fn underscores_separate(digits: &str, after_prefix: bool) -> bool {
    let is_digit = |letter: &u8| match after_prefix {
        true => letter.is_ascii_hexdigit(),
        false => letter.is_ascii_digit(),
    };
    let digits = digits.as_bytes();
    digits.iter().enumerate().all(|(at, letter)| {
        let before = match at.checked_sub(1) {
            Some(before) => digits.get(before).is_some_and(is_digit),
            None => after_prefix,
        };
        *letter != b'_' || before && digits.get(at + 1).is_some_and(is_digit)
    })
}

/// Digits with a point or none, `p` and an exponent of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let sign = exponent.starts_with(['+', '-']);
    let exponent_digits = exponent.get(usize::from(sign)..)?;
    let is_number =
        !exponent_digits.is_empty() && exponent_digits.bytes().all(|digit| digit.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !is_number || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // An exponent out of range is larger than any that makes a difference.
    let far = if exponent.starts_with('-') {
        -100_000
    } else {
        100_000
    };
    let mut exponent = exponent.parse().unwrap_or(far).clamp(-100_000, 100_000);
    let mut mantissa = 0.0_f64;
    for (place, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = f64::from(digit.to_digit(16)?);
        // What lies beyond 64 bits of the mantissa only moves the point.
        if mantissa < 2_f64.powi(64) {
            mantissa = mantissa * 16.0 + digit;
            exponent -= if place >= whole.len() { 4 } else { 0 };
        } else {
            exponent += if place < whole.len() { 4 } else { 0 };
        }
    }
    if mantissa == 0.0 {
        return Some(0.0);
    }
    // In two steps, so that neither is out of range before the product is.
    let first = exponent.clamp(-1000, 1000);
    Some(mantissa * 2_f64.powi(first) * 2_f64.powi((exponent - first).clamp(-1100, 1100)))
}
