//! Whole numbers.

use super::out::Out;
use super::quote;

/// Writes a number that has a sign; whether the verb is one for it.
pub(super) fn signed(number: i64, verb: char, out: &mut Out) -> Result<bool, String> {
    match verb {
        // These see the bits.
        'c' | 'q' | 'U' => unsigned(number as u64, verb, out),
        _ => whole(number < 0, number.unsigned_abs(), verb, out),
    }
}

/// Writes a number that has none; whether the verb is one for it.
pub(super) fn unsigned(number: u64, verb: char, out: &mut Out) -> Result<bool, String> {
    match verb {
        'v' if out.flags.is_source => {
            let sharp = std::mem::replace(&mut out.flags.sharp, true);
            let written = whole(false, number, 'x', out);
            out.flags.sharp = sharp;
            return written;
        }
        'c' => out.push_padded(letter(number).encode_utf8(&mut [0; 4]))?,
        'q' => quote::print_letter(letter(number), out)?,
        'U' => unicode(number, out)?,
        _ => return whole(false, number, verb, out),
    }
    Ok(true)
}

/// The letter of a code point; one that is none is U+FFFD.
fn letter(number: u64) -> char {
    let code = u32::try_from(number).ok();
    code.and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn whole(is_negative: bool, size: u64, verb: char, out: &mut Out) -> Result<bool, String> {
    let digits = match verb {
        'v' | 'd' => size.to_string(),
        'b' => format!("{size:b}"),
        'o' | 'O' => format!("{size:o}"),
        'x' => format!("{size:x}"),
        'X' => format!("{size:X}"),
        _ => return Ok(false),
    };
    let flags = out.flags;
    if flags.precision == Some(0) && size == 0 {
        out.flags.zero = false;
        let filled = out.fill(flags.width.unwrap_or(0));
        out.flags.zero = flags.zero;
        return filled.map(|()| true);
    }
    let sign = match (is_negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    // Zeros make it as wide as asked, but not the prefix.
    let least = match (flags.precision, flags.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero && !flags.minus => width - sign.len().min(width),
        _ => 0,
    };
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    let prefix = match verb {
        'b' if flags.sharp => "0b",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        'o' | 'O' if flags.sharp && zeros.is_empty() && !digits.starts_with('0') => "0",
        _ => "",
    };
    let octal = if verb == 'O' { "0o" } else { "" };
    out.push_spaced(&format!("{sign}{octal}{prefix}{zeros}{digits}"))?;
    Ok(true)
}

/// `U+0078`, with `#` also the letter.
fn unicode(number: u64, out: &mut Out) -> Result<(), String> {
    let digits = out.flags.precision.unwrap_or(0).max(4);
    let written = format!("{number:X}");
    let zeros = "0".repeat(digits.saturating_sub(written.len()));
    let mut text = format!("U+{zeros}{written}");
    let known = u32::try_from(number).ok().and_then(char::from_u32);
    if let Some(letter) = known.filter(|letter| out.flags.sharp && quote::is_print(*letter)) {
        text.push_str(&format!(" '{letter}'"));
    }
    out.push_spaced(&text)
}
