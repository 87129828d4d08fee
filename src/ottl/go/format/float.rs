//! Floating point numbers.

use super::out::Out;
use crate::ottl::go::digits::{Digits, MAX_PLACES, exponent};

/// Writes a number; whether the verb is one for it.
pub(super) fn print(number: f64, verb: char, out: &mut Out) -> Result<bool, String> {
    let (verb, default) = match verb {
        'v' => ('g', None),
        'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
        'f' | 'F' => ('f', Some(6)),
        'e' | 'E' => (verb, Some(6)),
        _ => return Ok(false),
    };
    let flags = out.flags;
    let precision = flags.precision.or(default);
    let sign = match (
        number.is_sign_negative() && !number.is_nan(),
        flags.plus,
        flags.space,
    ) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    if !number.is_finite() {
        let word = if number.is_nan() { "NaN" } else { "Inf" };
        // An infinite number has its plus, once it has a width to fill or not.
        let sign = if number.is_infinite() && sign.is_empty() {
            "+"
        } else {
            sign
        };
        out.push_spaced(&format!("{sign}{word}"))?;
        return Ok(true);
    }
    let mut text = match verb {
        'b' => binary(number.abs()),
        'x' | 'X' => hexadecimal(number.abs(), precision, verb),
        'f' => fixed(number.abs(), precision.unwrap_or(0)),
        'e' | 'E' => scientific(number.abs(), precision.unwrap_or(0), verb),
        _ => general(number.abs(), precision, verb),
    };
    if flags.sharp && verb != 'b' {
        text = with_point(&text, verb, precision);
    }
    let width = flags.width.unwrap_or(0);
    if !sign.is_empty() && flags.zero && !flags.minus && width > text.len() + 1 {
        out.push(sign)?;
        out.fill(width - text.len() - 1)?;
        out.push(&text)?;
        return Ok(true);
    }
    out.push_padded(&format!("{sign}{text}"))?;
    Ok(true)
}

/// `123.450`
fn fixed(number: f64, precision: usize) -> String {
    let known = precision.min(MAX_PLACES);
    let mut text = format!("{number:.known$}");
    text.extend((known..precision).map(|_| '0'));
    text
}

/// `1.234500e+02`
fn scientific(number: f64, precision: usize, verb: char) -> String {
    let known = precision.min(MAX_PLACES);
    let text = format!("{number:.known$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let zeros = "0".repeat(precision - known);
    format!("{digits}{zeros}{}", exponent(power.parse().unwrap_or(0), verb))
}

/// The shorter of both, with as many digits as tell the number, or as the precision allows.
fn general(number: f64, precision: Option<usize>, verb: char) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let digits = Digits::of(number, precision);
    let count = digits.digits.len() as i64;
    let most = match precision {
        None => 6,
        Some(_) if count >= digits.point => precision.map_or(count, |precision| count.min(precision as i64)),
        Some(precision) => precision as i64,
    };
    let power = digits.point - 1;
    if power < -4 || power >= most {
        return digits.scientific(if verb == 'G' { 'E' } else { 'e' });
    }
    digits.fixed()
}

/// The mantissa as a whole number, and the power of two.
fn binary(number: f64) -> String {
    let (mantissa, power) = parts(number);
    format!(
        "{mantissa}p{}{}",
        if power < 0 { '-' } else { '+' },
        power.unsigned_abs()
    )
}

/// The mantissa with its 52 places as a whole number, and the power of two.
fn parts(number: f64) -> (u64, i64) {
    let bits = number.to_bits();
    let (power, mantissa) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
    match power {
        0 => (mantissa, -1074),
        _ => (mantissa | 1 << 52, power - 1075),
    }
}

/// `0x1.8p+01`
fn hexadecimal(number: f64, precision: Option<usize>, verb: char) -> String {
    let (mut mantissa, mut power) = parts(number);
    // One bit stands before the point, 52 behind it.
    if mantissa != 0 {
        let shift = mantissa.leading_zeros() - 11;
        mantissa <<= shift;
        power += 52 - i64::from(shift);
    } else {
        power = 0;
    }
    let places = precision.unwrap_or(13);
    if places < 13 {
        let cut = 52 - 4 * places;
        let (kept, rest, half) = (mantissa >> cut, mantissa & ((1 << cut) - 1), 1 << (cut - 1));
        mantissa = (kept + u64::from(rest > half || rest == half && kept & 1 == 1)) << cut;
        if mantissa >> 53 == 1 {
            mantissa >>= 1;
            power += 1;
        }
    }
    let fraction = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let mut digits = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(places) => fraction.get(..places).unwrap_or(&fraction).to_owned(),
    };
    digits.extend((13..places).map(|_| '0'));
    let point = if digits.is_empty() { "" } else { "." };
    let text = format!("0x{}{point}{digits}{}", mantissa >> 52, exponent(power, 'p'));
    if verb == 'X' {
        text.to_ascii_uppercase()
    } else {
        text
    }
}

/// With `#` there is a point, and zeros at the end stay.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let is_tail = |letter: char| match verb {
        'x' | 'X' => matches!(letter, 'p' | 'P'),
        _ => matches!(letter, 'e' | 'E'),
    };
    let (number, tail) = text.split_at(text.find(is_tail).unwrap_or(text.len()));
    let wanted = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let digits = number.chars().filter(|letter| *letter != '.');
    // The zero before a point counts where there is nothing else.
    let mut known = digits.skip_while(|digit| *digit == '0').count();
    let mut out = number.to_owned();
    if !number.contains('.') {
        known += usize::from(number == "0");
        out.push('.');
    }
    out.extend((known..wanted).map(|_| '0'));
    out + tail
}
