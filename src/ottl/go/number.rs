//! Texts as numbers, by the rules of Go's `strconv`.
//!
//! Promise: what Go takes is taken, with the same value to the last bit; what it refuses is refused for the same of two
//! reasons, `invalid syntax` or `value out of range`. Linear in the text.

use std::borrow::Cow;

/// What Go's `math.NaN()` is, bit by bit.
const NAN: u64 = 0x7ff8_0000_0000_0001;

/// A whole number with an optional sign. A `base` of 0 is told by the prefix `0b`, `0o`, `0` or `0x`, and allows `_` between
/// digits; others are 2 to 36.
pub fn parse_int(text: &str, base: u32) -> Result<i64, String> {
    if base == 1 || base > 36 {
        return Err(format!("parsing {text:?}: invalid base {base}"));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_negative = text.starts_with('-');
    let (base, digits) = match base {
        0 => by_prefix(unsigned),
        _ => (base, Cow::Borrowed(unsigned)),
    };
    if base == 0 || digits.is_empty() {
        return Err(invalid(text));
    }
    let mut number: i64 = 0;
    for letter in digits.chars() {
        let digit = letter.to_digit(base).ok_or_else(|| invalid(text))?;
        let signed = if is_negative {
            -i64::from(digit)
        } else {
            i64::from(digit)
        };
        number = number
            .checked_mul(i64::from(base))
            .and_then(|number| number.checked_add(signed))
            .ok_or_else(|| out_of_range(text))?;
    }
    Ok(number)
}

/// The whole number of a floating point one. What no whole number holds is the least of them: Go leaves it to the machine,
/// and so it is on amd64.
pub fn whole(number: f64) -> i64 {
    let limit = 2f64.powi(63);
    match (-limit..limit).contains(&number) {
        true => number as i64,
        false => i64::MIN,
    }
}

/// A floating point number, also in hexadecimal, `inf` and `nan`, with `_` between digits. One that is too large is an
/// error, one that is too small is zero.
pub fn parse_float(text: &str) -> Result<f64, String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::from_bits(NAN));
    }
    let is_word = |word: &&str| unsigned.eq_ignore_ascii_case(word);
    if ["inf", "infinity"].iter().any(is_word) {
        return Ok(sign * f64::INFINITY);
    }
    let number = magnitude(unsigned).ok_or_else(|| invalid(text))?;
    match number.is_finite() {
        true => Ok(sign * number),
        false => Err(out_of_range(text)),
    }
}

/// The words for true and false that Go knows.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn invalid(text: &str) -> String {
    format!("parsing {text:?}: invalid syntax")
}

fn out_of_range(text: &str) -> String {
    format!("parsing {text:?}: value out of range")
}

/// The base that a prefix tells and the digits behind it, without `_`; a base of 0 where one is out of place.
fn by_prefix(text: &str) -> (u32, Cow<'_, str>) {
    let Some(digits) = without_underscores(text) else {
        return (0, Cow::Borrowed(text));
    };
    let base = match text.as_bytes() {
        [b'0', b'b' | b'B', _, ..] => 2,
        [b'0', b'o' | b'O', _, ..] => 8,
        [b'0', b'x' | b'X', _, ..] => 16,
        // The zero is a digit of its own.
        [b'0', ..] => return (8, digits),
        _ => return (10, digits),
    };
    let digits = match digits {
        Cow::Borrowed(digits) => Cow::Borrowed(digits.get(2..).unwrap_or_default()),
        Cow::Owned(digits) => Cow::Owned(digits.chars().skip(2).collect()),
    };
    (base, digits)
}

/// The text without underscores, each of which must stand between digits, or between the prefix and one.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let (is_prefixed, is_hexadecimal) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (true, true),
        [b'0', b'b' | b'B' | b'o' | b'O', ..] => (true, false),
        _ => (false, false),
    };
    let is_digit = |letter: u8| match is_hexadecimal {
        true => letter.is_ascii_hexdigit(),
        false => letter.is_ascii_digit(),
    };
    let around = |at: usize, step: isize| text.as_bytes().get(at.checked_add_signed(step)?).copied();
    let is_between = |at: usize| {
        let before = around(at, -1).is_some_and(|letter| is_digit(letter) || at == 2 && is_prefixed);
        before && around(at, 1).is_some_and(is_digit)
    };
    let mut all = text.match_indices('_');
    all.all(|(at, _)| is_between(at))
        .then(|| Cow::Owned(text.replace('_', "")))
}

/// A number without a sign; infinite where it is too large, nothing where it is none.
fn magnitude(text: &str) -> Option<f64> {
    let digits = without_underscores(text)?;
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits),
        None if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') => {
            digits.parse().ok()
        }
        None => None,
    }
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
    let size: i64 = unsigned.parse().map_or(bound, |power: i64| power.min(bound));
    let power = if power.starts_with('-') { -size } else { size };
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
