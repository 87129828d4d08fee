//! Globs, as the Collector's `gobwas/glob` reads them where nothing separates.
//!
//! Promise: matching takes time in proportion to the text, whatever the pattern.

use regex::{Regex, RegexBuilder};

/// Bytes that a glob may take once it is compiled.
const MAX_COMPILED: usize = 10 << 20;

/// Alternatives within each other.
const MAX_DEPTH: u32 = 1000;

/// A pattern of whole texts: `*` any run of letters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one of them or not,
/// `{one,two}` alternatives, `\` before what is meant as itself.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

// === impl Glob ===

impl Glob {
    /// Compiles `pattern`; says what is wrong with it.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{pattern:?} is not a glob: {why}");
        let translated = translate(pattern).map_err(|why| wrong(&why))?;
        let regex = RegexBuilder::new(&translated)
            .size_limit(MAX_COMPILED)
            .nest_limit(MAX_DEPTH)
            .build();
        regex.map(Self).map_err(|_| wrong("it is too large"))
    }

    /// Whether it matches the whole of `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// The regular expression that matches the same texts.
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::from(r"(?s)\A(?:");
    let mut open = 0u32;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // Letters that the Collector's reader takes for its end and for a fault.
            '\0' => break,
            '\u{fffd}' => return Err("it holds U+FFFD".to_owned()),
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => {
                let class = letters.as_str();
                let rest = put_class(class, &mut out)?;
                letters = rest.chars();
            }
            '{' => {
                open += 1;
                out.push_str("(?:");
            }
            ',' if open > 0 => out.push('|'),
            '}' if open > 0 => {
                open -= 1;
                out.push(')');
            }
            // At the end it stands for nothing.
            '\\' => letters
                .next()
                .iter()
                .for_each(|letter| put_letter(*letter, &mut out)),
            _ => put_letter(letter, &mut out),
        }
    }
    // What is open at the end is closed there.
    out.extend((0..open).map(|_| ')'));
    out.push_str(r")\z");
    Ok(out)
}

fn put_letter(letter: char, out: &mut String) {
    out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

/// Translates the letters behind a `[` and returns what follows the `]`: either a range or letters, of which `\` makes the
/// next one mean itself.
fn put_class<'p>(class: &'p str, out: &mut String) -> Result<&'p str, String> {
    let (not, class) = match class.strip_prefix('!') {
        Some(class) => ("^", class),
        None => ("", class),
    };
    out.push('[');
    out.push_str(not);
    let mut letters = class.chars();
    let (first, second) = (letters.next(), letters.next());
    let rest = match (first, second, letters.next()) {
        (Some(low), Some('-'), Some(high)) => {
            if high < low {
                return Err(format!("the range {low}-{high} is empty"));
            }
            put_in_class(low, out);
            out.push('-');
            put_in_class(high, out);
            letters.as_str()
        }
        _ => put_letters(class, out)?,
    };
    out.push(']');
    rest.strip_prefix(']')
        .ok_or_else(|| "a class has more than one range or no end".to_owned())
}

fn put_letters<'p>(class: &'p str, out: &mut String) -> Result<&'p str, String> {
    let mut letters = class.chars();
    let mut count = 0;
    loop {
        let rest = letters.as_str();
        let letter = match letters.next() {
            Some(']') if count == 0 => return Err("a class is empty".to_owned()),
            Some(']') => return Ok(rest),
            Some('\\') => letters.next(),
            letter => letter,
        };
        match letter {
            Some('\0' | '\u{fffd}') | None => return Err("a class has no end".to_owned()),
            Some(letter) => put_in_class(letter, out),
        }
        count += 1;
    }
}

fn put_in_class(letter: char, out: &mut String) {
    out.push_str(&format!(r"\x{{{:x}}}", u32::from(letter)));
}
