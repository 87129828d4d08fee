//! Texts in quotes, with escapes, as Go writes them in source.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::out::Out;

/// Letters, marks, numbers, punctuation and symbols, and of all spaces the one.
static PRINT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A[\p{L}\p{M}\p{N}\p{P}\p{S} ]").ok());

/// Whether Go would print the letter rather than its code.
pub(super) fn is_print(letter: char) -> bool {
    match letter {
        '\0'..='\x7f' => matches!(letter, ' '..='~'),
        _ => PRINT
            .as_ref()
            .is_some_and(|print| print.is_match(letter.encode_utf8(&mut [0; 4]))),
    }
}

/// A text in double quotes; with `#` in back quotes where it can be, with `+` in ASCII. Bytes that are no text are escaped.
pub(super) fn print(bytes: &[u8], out: &mut Out) -> Result<(), String> {
    let mut text = String::with_capacity(bytes.len() + 2);
    let plain = str::from_utf8(bytes).ok();
    if let Some(plain) = plain.filter(|plain| out.flags.sharp && is_raw(plain)) {
        return out.push_padded(&format!("`{plain}`"));
    }
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            escape(letter, '"', out.flags.plus, &mut text);
        }
        // Writing to a `String` does not fail.
        chunk
            .invalid()
            .iter()
            .for_each(|byte| _ = write!(text, "\\x{byte:02x}"));
    }
    text.push('"');
    out.push_padded(&text)
}

/// A letter in single quotes.
pub(super) fn print_letter(letter: char, out: &mut Out) -> Result<(), String> {
    let mut text = String::from("'");
    escape(letter, '\'', out.flags.plus, &mut text);
    text.push('\'');
    out.push_padded(&text)
}

/// Whether it may stand in back quotes.
fn is_raw(text: &str) -> bool {
    !text.contains(|letter| matches!(letter, '`' | '\x7f' | '\u{feff}' | '\0'..='\x08' | '\x0a'..='\x1f'))
}

fn escape(letter: char, quote: char, is_ascii: bool, text: &mut String) {
    let code = u32::from(letter);
    let short = match letter {
        '\\' => '\\',
        _ if letter == quote => quote,
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        _ => {
            if is_print(letter) && (letter.is_ascii() || !is_ascii) {
                text.push(letter);
                return;
            }
            // Writing to a `String` does not fail.
            _ = match code {
                ..0x80 => write!(text, "\\x{code:02x}"),
                0x80..0x10000 => write!(text, "\\u{code:04x}"),
                _ => write!(text, "\\U{code:08x}"),
            };
            return;
        }
    };
    text.push('\\');
    text.push(short);
}
