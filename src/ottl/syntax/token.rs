//! A statement in words, numbers, texts and signs.

use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::combinator::{alt, opt, preceded};
use winnow::prelude::*;
use winnow::stream::{AsChar, LocatingSlice, Location};
use winnow::token::{any, none_of, one_of, take_while};

use super::{Comparison, Fault};

/// Brackets within each other.
const MAX_DEPTH: usize = 64;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Bytes(Vec<u8>),
    Float(f64),
    Int(i64),
    Text(String),
    Nil,
    Not,
    Or,
    And,
    Bool(bool),
    Comparison(Comparison),
    Arrow,
    Sign(char),
    /// `= ( ) { } [ ] : , .`
    Mark(char),
    Upper(String),
    Lower(String),
    Underscore,
}

/// Why a piece is none, where the grammar of pieces alone does not tell.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Backtrack,
    Because(String),
}

type Input<'t> = LocatingSlice<&'t str>;
type Read<T> = Result<T, Wrong>;

/// All pieces of a text, or the first place where there is none.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut input = LocatingSlice::new(text);
    let (mut tokens, mut depth): (Vec<Token>, usize) = (Vec::new(), 0);
    loop {
        let _: Read<&str> = multispace0.parse_next(&mut input);
        let start = input.current_token_start();
        let Some(next) = text.get(start..).and_then(|rest| rest.chars().next()) else {
            return Ok(tokens);
        };
        let after_word = text
            .get(..start)
            .and_then(|before| before.chars().next_back())
            .is_some_and(is_word);
        let kind = token(&mut input, after_word).map_err(|wrong| {
            let here = start..start + next.len_utf8();
            let word = start..start + word_len(text.get(start..).unwrap_or_default());
            match wrong {
                // In a text it is what was read last.
                Wrong::Because(message) if next == '"' => Fault::new(escape(text, &input), message),
                Wrong::Because(message) => Fault::new(word, message),
                Wrong::Backtrack if next == '"' => Fault::new(here, "the text is not closed"),
                Wrong::Backtrack => meaningless(next, here),
            }
        })?;
        let range = start..input.current_token_start();
        match kind {
            TokenKind::Mark('(' | '[' | '{') => depth += 1,
            TokenKind::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("brackets are more than {MAX_DEPTH} deep");
            return Err(Fault::new(range, message));
        }
        tokens.push(Token { kind, range });
    }
}

/// A sign of other languages, with what stands for it here.
fn meaningless(sign: char, range: Range<usize>) -> Fault {
    let fault = Fault::new(range, format!("`{sign}` has no meaning here"));
    match sign {
        '\'' | '`' | '“' | '”' | '‘' | '’' => {
            fault.with_help("texts stand in double quotes: `\"…\"`")
        }
        '&' => fault.with_help("write `and`"),
        '|' => fault.with_help("write `or`"),
        '!' => fault.with_help("write `not`"),
        '~' => fault.with_help("write `IsMatch(…, \"…\")`"),
        ';' => fault.with_help("each statement is an item of its own"),
        _ => fault,
    }
}

/// How long the word or number is that a text begins with.
fn word_len(text: &str) -> usize {
    let end = text.find(|letter| !is_word(letter) && letter != '.');
    end.unwrap_or(text.len())
}

/// The escape that ends where the reader stands.
fn escape(text: &str, input: &Input<'_>) -> Range<usize> {
    let end = input.current_token_start();
    let before = text.get(..end).unwrap_or_default();
    before.rfind('\\').unwrap_or(end)..end
}

fn token(input: &mut Input<'_>, after_word: bool) -> Read<TokenKind> {
    alt((
        bytes,
        number,
        quoted,
        |input: &mut Input<'_>| word(input, after_word),
        sign,
    ))
    .parse_next(input)
}

fn bytes(input: &mut Input<'_>) -> Read<TokenKind> {
    let digits = preceded("0x", take_while(1.., AsChar::is_hex_digit)).parse_next(input)?;
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    };
    let read: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    read.map(TokenKind::Bytes)
        .ok_or_else(|| Wrong::Because("bytes must have an even number of hexadecimal digits".into()))
}

/// A number without its sign: `1`, `1.`, `.5`, `1.5e3`; a leading zero means octal digits.
fn number(input: &mut Input<'_>) -> Read<TokenKind> {
    let digits = |min| take_while(min.., |c: char| c.is_ascii_digit());
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits(1));
    let with_point = alt((
        (digits(1), '.', digits(0)).void(),
        (digits(0), '.', digits(1)).void(),
    ));
    let mut float = (with_point, opt(exponent)).take();
    if let Ok(text) = float.parse_next(&mut input.clone()) {
        let _: Read<&str> = winnow::token::take(text.len()).parse_next(input);
        let wrong = || Wrong::Because(format!("`{text}` is too large a number"));
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        return number.map(TokenKind::Float).ok_or_else(wrong);
    }
    let text = digits(1).parse_next(input)?;
    let (digits, radix) = match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => (octal, 8),
        _ => (text, 10),
    };
    i64::from_str_radix(digits, radix)
        .map(TokenKind::Int)
        .map_err(|_| match radix {
            8 => Wrong::Because(format!("`{text}` begins with 0 and is no octal number")),
            _ => Wrong::Because(format!("`{text}` does not fit 64 bits")),
        })
}

fn quoted(input: &mut Input<'_>) -> Read<TokenKind> {
    let _ = '"'.parse_next(input)?;
    let mut text = String::new();
    loop {
        match any.parse_next(input)? {
            '"' => return Ok(TokenKind::Text(text)),
            '\\' => text.push(escaped(input)?),
            letter => text.push(letter),
        }
    }
}

/// What stands behind a backslash, as in Go.
fn escaped(input: &mut Input<'_>) -> Read<char> {
    let letter = none_of(['\n']).parse_next(input)?;
    let plain = match letter {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '"' => letter,
        'x' => return code(input, letter, 2, 16),
        'u' => return code(input, letter, 4, 16),
        'U' => return code(input, letter, 8, 16),
        '0'..='7' => {
            let rest = octal(input)?;
            let code = letter.to_digit(8).unwrap_or_default() * 64 + rest;
            let letter = u8::try_from(code).ok().map(char::from);
            return letter.ok_or_else(|| Wrong::Because("octal escapes go up to `\\377`".into()));
        }
        other => {
            let hint = "for a backslash, as in regular expressions, write two";
            return Err(Wrong::Because(format!("`\\{other}` is no escape; {hint}")));
        }
    };
    Ok(plain)
}

fn octal(input: &mut Input<'_>) -> Read<u32> {
    let digits = take_while(2, '0'..='7').parse_next(input);
    let digits: &str =
        digits.map_err(|_: Wrong| Wrong::Because("an octal escape has three digits".into()))?;
    Ok(u32::from_str_radix(digits, 8).unwrap_or_default())
}

fn code(input: &mut Input<'_>, letter: char, digits: usize, radix: u32) -> Read<char> {
    let wrong = || {
        Wrong::Because(format!(
            "`\\{letter}` needs {digits} hexadecimal digits of a character"
        ))
    };
    let found = take_while(digits, AsChar::is_hex_digit).parse_next(input);
    let found: &str = found.map_err(|_: Wrong| wrong())?;
    let code = u32::from_str_radix(found, radix).ok();
    code.and_then(char::from_u32).ok_or_else(wrong)
}

/// Names and keywords; these only where no word stands before them without a gap.
fn word(input: &mut Input<'_>, after_word: bool) -> Read<TokenKind> {
    let lower = (one_of('a'..='z'), take_while(0.., ('a'..='z', '0'..='9', '_'))).take();
    let upper = (one_of('A'..='Z'), take_while(0.., ('A'..='Z', '0'..='9', '_'))).take();
    let word = alt((lower, upper, "_")).parse_next(input)?;
    let ends: Read<char> = winnow::combinator::peek(any).parse_next(input);
    let is_whole = !after_word && !ends.is_ok_and(is_word);
    Ok(match word {
        "nil" if is_whole => TokenKind::Nil,
        "not" if is_whole => TokenKind::Not,
        "or" if is_whole => TokenKind::Or,
        "and" if is_whole => TokenKind::And,
        "true" if is_whole => TokenKind::Bool(true),
        "false" if is_whole => TokenKind::Bool(false),
        "_" if is_whole => TokenKind::Underscore,
        "_" => return Err(Wrong::Backtrack),
        word if word.starts_with(|c: char| c.is_ascii_uppercase()) => TokenKind::Upper(word.into()),
        word => TokenKind::Lower(word.into()),
    })
}

fn sign(input: &mut Input<'_>) -> Read<TokenKind> {
    let comparison = alt((
        "==".value(Comparison::Equal),
        "!=".value(Comparison::Unequal),
        ">=".value(Comparison::GreaterOrEqual),
        "<=".value(Comparison::LessOrEqual),
        ">".value(Comparison::Greater),
        "<".value(Comparison::Less),
    ));
    alt((
        comparison.map(TokenKind::Comparison),
        "=>".value(TokenKind::Arrow),
        one_of(['+', '-', '*', '/']).map(TokenKind::Sign),
        one_of(['=', '(', ')', '{', '}', '[', ']', ':', ',', '.']).map(TokenKind::Mark),
    ))
    .parse_next(input)
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

// === impl TokenKind ===

impl TokenKind {
    /// As it is shown where it was not expected.
    pub fn shown(&self) -> String {
        match self {
            Self::Bytes(_) => "bytes".into(),
            Self::Float(number) => format!("`{number}`"),
            Self::Int(number) => format!("`{number}`"),
            Self::Text(text) => format!("the text {text:?}"),
            Self::Nil => "`nil`".into(),
            Self::Not => "`not`".into(),
            Self::Or => "`or`".into(),
            Self::And => "`and`".into(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Comparison(_) => "a comparison".into(),
            Self::Arrow => "`=>`".into(),
            Self::Sign(sign) | Self::Mark(sign) => format!("`{sign}`"),
            Self::Upper(word) | Self::Lower(word) => format!("`{word}`"),
            Self::Underscore => "`_`".into(),
        }
    }
}

// === impl Wrong ===

impl<I: winnow::stream::Stream> winnow::error::ParserError<I> for Wrong {
    type Inner = Self;

    fn from_input(_: &I) -> Self {
        Self::Backtrack
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }

    fn is_backtrack(&self) -> bool {
        *self == Self::Backtrack
    }
}
