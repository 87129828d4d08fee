//! Upper, lower, camel and snake case, as Go's `strings` and the Collector's `strcase` write them.
//!
//! Promise: each letter becomes one letter, whatever stands around it. Linear in the text.

/// Small Greek letters with an iota below, and how far behind them the large ones stand that have it beside.
const IOTA_BELOW: [(std::ops::RangeInclusive<char>, u32); 6] = [
    ('\u{1f80}'..='\u{1f87}', 8),
    ('\u{1f90}'..='\u{1f97}', 8),
    ('\u{1fa0}'..='\u{1fa7}', 8),
    ('\u{1fb3}'..='\u{1fb3}', 9),
    ('\u{1fc3}'..='\u{1fc3}', 9),
    ('\u{1ff3}'..='\u{1ff3}', 9),
];

/// What a letter is to the words of a name. All but ASCII is neither.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    Other,
}

/// All letters small: `Σ` becomes `σ` also at the end of a word, `İ` becomes `i`.
pub fn lower(text: &str) -> String {
    text.chars().map(lower_letter).collect()
}

/// All letters large; those that have no large one of their own, as `ß` and `ﬁ`, stay.
pub fn upper(text: &str) -> String {
    text.chars().map(upper_letter).collect()
}

/// `some_name` as `SomeName`. What is neither letter nor digit of ASCII is left out.
pub fn camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut is_start, mut before) = (true, Kind::Other);
    for letter in text.trim().chars() {
        let kind = Kind::of(letter);
        match kind {
            Kind::Lower if is_start => out.push(letter.to_ascii_uppercase()),
            Kind::Upper if before == Kind::Upper && !is_start => out.push(letter.to_ascii_lowercase()),
            Kind::Other => {}
            _ => out.push(letter),
        }
        is_start = kind == Kind::Digit || is_separator(letter);
        before = kind;
    }
    out
}

/// `SomeName` as `some_name`, with `_` also between letters and digits. Only letters of ASCII change.
pub fn snake(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut before = Kind::Other;
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        let kind = Kind::of(letter);
        let after = letters.peek().map_or(Kind::Other, |letter| Kind::of(*letter));
        // `JSONData`: the last large letter belongs to the word that follows.
        if (before, kind, after) == (Kind::Upper, Kind::Upper, Kind::Lower) {
            out.push('_');
        }
        out.push(match is_separator(letter) {
            true => '_',
            false => letter.to_ascii_lowercase(),
        });
        if matches!(
            (kind, after),
            (Kind::Upper | Kind::Lower, Kind::Digit)
                | (Kind::Lower, Kind::Upper)
                | (Kind::Digit, Kind::Upper | Kind::Lower)
        ) {
            out.push('_');
        }
        before = kind;
    }
    out
}

/// What stands between words.
fn is_separator(letter: char) -> bool {
    matches!(letter, '_' | ' ' | '-' | '.')
}

fn lower_letter(letter: char) -> char {
    let mut all = letter.to_lowercase();
    // Only `İ` becomes two, of which the first is its small letter.
    all.next().unwrap_or(letter)
}

fn upper_letter(letter: char) -> char {
    let mut all = letter.to_uppercase();
    match (all.next(), all.next()) {
        (Some(upper), None) => upper,
        _ => with_iota(letter).unwrap_or(letter),
    }
}

fn with_iota(letter: char) -> Option<char> {
    let (_, distance) = IOTA_BELOW.iter().find(|(small, _)| small.contains(&letter))?;
    char::from_u32(u32::from(letter) + distance)
}

// === impl Kind ===

impl Kind {
    fn of(letter: char) -> Self {
        match letter {
            'A'..='Z' => Self::Upper,
            'a'..='z' => Self::Lower,
            '0'..='9' => Self::Digit,
            _ => Self::Other,
        }
    }
}
