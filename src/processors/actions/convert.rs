//! Numbers out of values, by Go's rules.

use std::borrow::Cow;

use crate::wire::ValueView;

/// What Go's `math.NaN()` is, bit by bit.
const NAN: u64 = 0x7ff8_0000_0000_0001;

/// The whole number that a value of another type becomes; nothing when it stays as it is.
pub(super) fn int(value: &ValueView<'_>) -> Option<i64> {
    match value {
        ValueView::Bool(value) => Some(i64::from(*value)),
        ValueView::String(text) => text.parse().ok(),
        // Out of range Go leaves it to the processor, and most give the least number.
        ValueView::Double(number) if (-(2f64.powi(63))..2f64.powi(63)).contains(number) => {
            Some(*number as i64)
        }
        ValueView::Double(_) => Some(i64::MIN),
        _ => None,
    }
}

/// The floating point number that a value of another type becomes; nothing when it stays as it is.
pub(super) fn double(value: &ValueView<'_>) -> Option<f64> {
    match value {
        ValueView::Bool(value) => Some(f64::from(u8::from(*value))),
        ValueView::Int(number) => Some(*number as f64),
        ValueView::String(text) => parse_double(text),
        _ => None,
    }
}

/// Reads a number as Go does: also in hexadecimal, with `_` between digits, and none that is too large.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::from_bits(NAN));
    }
    if ["inf", "infinity"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word))
    {
        return Some(sign * f64::INFINITY);
    }
    let digits = without_underscores(unsigned)?;
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits)?,
        None if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') => {
            digits.parse().ok()?
        }
        None => return None,
    };
    number.is_finite().then_some(sign * number)
}

/// The same without underscores, each of which must stand between digits, or between the `0x` and one.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |letter: u8| match is_hexadecimal {
        true => letter.is_ascii_hexdigit(),
        false => letter.is_ascii_digit(),
    };
    let around = |at: usize, step: isize| text.as_bytes().get(at.checked_add_signed(step)?).copied();
    let is_between = |at: usize| {
        let before = around(at, -1).is_some_and(|letter| is_digit(letter) || at == 2 && is_hexadecimal);
        before && around(at, 1).is_some_and(is_digit)
    };
    let mut all = text.match_indices('_');
    all.all(|(at, _)| is_between(at))
        .then(|| Cow::Owned(text.replace('_', "")))
}

/// `1.8p-1`: digits with a point, and a power of two. Rounds to the nearest number, and the even one of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once(['p', 'P'])?;
    let unsigned = power.strip_prefix(['+', '-']).unwrap_or(power);
    if unsigned.is_empty() || !unsigned.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // No power that large makes a number, whatever the digits are.
    let bound = 1 << 40;
    let power: i64 = unsigned.parse().map_or(bound, |power: i64| power.min(bound));
    let power = if text.contains("p-") || text.contains("P-") {
        -power
    } else {
        power
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // The digits as a number times two to the exponent; what no longer fits is remembered in the last bit.
    let (mut number, mut exponent) = (0u64, power - 4 * fraction.len() as i64);
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        match number >> 60 {
            0 => number = number << 4 | digit,
            _ => {
                number |= u64::from(digit != 0);
                exponent += 4;
            }
        }
    }
    Some(rounded(number, exponent))
}

/// `number` times two to the `exponent`.
fn rounded(number: u64, exponent: i64) -> f64 {
    if number == 0 {
        return 0.0;
    }
    let leading = i64::from(number.leading_zeros());
    // The value of the last bit that stays: of 53 bits, or of the least number there is.
    let last = (exponent + 11 - leading).max(-1074);
    let shift = last - exponent;
    let kept = match shift {
        ..=0 => number << -shift,
        64.. => u64::from(shift == 64 && number > 1 << 63),
        _ => {
            let (kept, rest, half) = (number >> shift, number & ((1 << shift) - 1), 1 << (shift - 1));
            kept + u64::from(rest > half || rest == half && kept & 1 == 1)
        }
    };
    if last > 971 {
        return f64::INFINITY;
    }
    // Both factors are exact; in two steps, since the smallest powers are no normal numbers.
    let half = (last / 2) as i32;
    kept as f64 * 2f64.powi(half) * 2f64.powi(last as i32 - half)
}
