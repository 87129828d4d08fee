//! Letters and classes of letters of a Go pattern.

use std::fmt::Write as _;

use super::translate::Flags;

/// A class that no letter is in.
const NOTHING: &str = "[a&&b]";

/// The letters of a named class.
fn named(name: &str) -> Option<&'static str> {
    Some(match name {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => r"\x{0}-\x{7F}",
        "blank" => r"\x{9}\x{20}",
        "cntrl" => r"\x{0}-\x{1F}\x{7F}",
        "digit" => "0-9",
        "graph" => r"\x{21}-\x{7E}",
        "lower" => "a-z",
        "print" => r"\x{20}-\x{7E}",
        "punct" => r"\x{21}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{60}\x{7B}-\x{7E}",
        "space" => r"\x{9}-\x{D}\x{20}",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    })
}

/// A letter that stands for itself.
pub(super) fn letter(code: u32, flags: Flags) -> String {
    let mut text = String::new();
    match char::from_u32(code) {
        Some(letter) => put_letter(&mut text, letter),
        None => text.push_str(NOTHING),
    }
    folded(text, flags)
}

/// What an escape outside of brackets stands for, and what follows it.
pub(super) fn escaped(text: &str, flags: Flags) -> Result<(String, &str), String> {
    if let Some((class, rest)) = escaped_class(text)? {
        return Ok((folded(class, flags), rest));
    }
    let (code, rest) = escaped_letter(text)?;
    Ok((letter(code, flags), rest))
}

/// The class in brackets that the text begins with, and what follows it.
pub(super) fn bracketed(text: &str, flags: Flags) -> Result<(String, &str), String> {
    let inside = text.strip_prefix('[').unwrap_or(text);
    let (negation, mut rest) = match inside.strip_prefix('^') {
        Some(rest) => ("^", rest),
        None => ("", inside),
    };
    let mut items = String::new();
    let mut is_first = true;
    while is_first || !rest.starts_with(']') {
        is_first = false;
        if let Some((class, behind)) = posix_class(rest)? {
            items.push_str(&class);
            rest = behind;
        } else if let Some((class, behind)) = escaped_class(rest)? {
            items.push_str(&class);
            rest = behind;
        } else {
            rest = put_range(&mut items, rest)?;
        }
    }
    if items.is_empty() {
        items.push_str(NOTHING);
    }
    let rest = rest.get(1..).unwrap_or_default();
    Ok((folded(format!("[{negation}{items}]"), flags), rest))
}

/// `a` or `a-z`; the answer is what follows it.
fn put_range<'a>(items: &mut String, text: &'a str) -> Result<&'a str, String> {
    let (first, rest) = class_letter(text)?;
    let (last, rest) = match rest.strip_prefix('-') {
        Some(end) if !end.is_empty() && !end.starts_with(']') => class_letter(end)?,
        _ => (first, rest),
    };
    if last < first {
        let shown = text.get(..text.len() - rest.len()).unwrap_or_default();
        return Err(format!("the range `{shown}` ends before it begins"));
    }
    // No text has surrogates.
    let first = char::from_u32(first).unwrap_or('\u{E000}');
    let last = char::from_u32(last).unwrap_or('\u{D7FF}');
    if first <= last {
        put_letter(items, first);
        if first < last {
            items.push('-');
            put_letter(items, last);
        }
    }
    Ok(rest)
}

fn class_letter(text: &str) -> Result<(u32, &str), String> {
    match text.chars().next() {
        None => Err("a `[` is not closed".into()),
        Some('\\') => escaped_letter(text),
        Some(letter) => Ok((letter as u32, text.get(letter.len_utf8()..).unwrap_or_default())),
    }
}

/// `[:alpha:]` or `[:^alpha:]`.
fn posix_class(text: &str) -> Result<Option<(String, &str)>, String> {
    let inside = text.strip_prefix("[:").and_then(|text| text.split_once(":]"));
    let Some((name, rest)) = inside else {
        return Ok(None);
    };
    let (negation, bare) = match name.strip_prefix('^') {
        Some(bare) => ("^", bare),
        None => ("", name),
    };
    let letters = named(bare).ok_or_else(|| format!("`[:{name}:]` is no class of letters"))?;
    Ok(Some((format!("[{negation}{letters}]"), rest)))
}

/// `\d`, `\w`, `\s`, `\p{Greek}`, `\pL` and their negations.
fn escaped_class(text: &str) -> Result<Option<(String, &str)>, String> {
    let mut letters = text.chars();
    if letters.next() != Some('\\') {
        return Ok(None);
    }
    let class = match letters.next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => r"[\x{9}\x{A}\x{C}\x{D}\x{20}]",
        Some('S') => r"[^\x{9}\x{A}\x{C}\x{D}\x{20}]",
        Some(property @ ('p' | 'P')) => return unicode_class(property == 'P', letters.as_str()).map(Some),
        _ => return Ok(None),
    };
    Ok(Some((class.to_owned(), letters.as_str())))
}

/// A class of Unicode; `text` is what follows the `\p`.
fn unicode_class(is_negated: bool, text: &str) -> Result<(String, &str), String> {
    let wrong = |name: &str| format!(r"`\p{{{name}}}` is no class of letters");
    let (name, rest) = match text.strip_prefix('{') {
        Some(inside) => inside.split_once('}').ok_or_else(|| wrong(inside))?,
        None => {
            let end = text.chars().next().map_or(0, char::len_utf8);
            text.split_at_checked(end).unwrap_or_default()
        }
    };
    let (is_negated, bare) = match name.strip_prefix('^') {
        Some(bare) => (!is_negated, bare),
        None => (is_negated, name),
    };
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | ' ');
    if bare.is_empty() || !bare.chars().all(is_fit) {
        return Err(wrong(name));
    }
    let property = if is_negated { 'P' } else { 'p' };
    Ok((format!(r"\{property}{{{bare}}}"), rest))
}

/// The letter that an escape stands for, as its number, and what follows it.
fn escaped_letter(text: &str) -> Result<(u32, &str), String> {
    let mut letters = text.chars();
    letters.next();
    let Some(letter) = letters.next() else {
        return Err(r"a `\` at the end stands for nothing".into());
    };
    let rest = letters.as_str();
    let follows_octal = rest.starts_with(|next: char| next.is_digit(8));
    let code = match letter {
        'a' => 0x07,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        'x' => {
            return hexadecimal(rest)
                .ok_or_else(|| r"`\x` needs two hexadecimal digits, or some in braces".into());
        }
        '0' => return Ok(octal(text)),
        '1'..='7' if follows_octal => return Ok(octal(text)),
        '1'..='9' => return Err(format!(r"`\{letter}`, a reference to a group, is not supported")),
        _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => letter as u32,
        _ => return Err(format!(r"`\{letter}` is no escape sequence")),
    };
    Ok((code, rest))
}

/// `41` or `{1F600}`.
fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(inside) => inside.split_once('}')?,
        None => text.split_at_checked(2)?,
    };
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok()?;
    (is_number && code <= char::MAX as u32).then_some((code, rest))
}

/// `\0` and at most two more octal digits.
fn octal(text: &str) -> (u32, &str) {
    let digits = text
        .bytes()
        .skip(1)
        .take(3)
        .take_while(|digit| matches!(digit, b'0'..=b'7'));
    let (count, code) = digits.fold((0, 0), |(count, code), digit| {
        (count + 1, code * 8 + u32::from(digit - b'0'))
    });
    (code, text.get(1 + count..).unwrap_or_default())
}

fn put_letter(out: &mut String, letter: char) {
    match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' => out.push(letter),
        // Writing to a `String` does not fail.
        _ => drop(write!(out, r"\x{{{:X}}}", letter as u32)),
    }
}

/// The same, in either case where the flags say so.
fn folded(text: String, flags: Flags) -> String {
    match flags.fold {
        true => format!("(?i:{text})"),
        false => text,
    }
}
