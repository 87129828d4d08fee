//! Cuts SQL into tokens, as far as it takes to tell values from the rest.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Dialect, FUNCTION};

/// Words of the language, sorted: a mark behind one of them never belongs to it.
static KEYWORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let words = "ADD ALL ALTER ANALYZE AND ANY AS ASC ASSERTION BEGIN BETWEEN BY CASE CHECK CLONE CLUSTER COLUMN \
                 COMMIT CONSTRAINT COPY CREATE CUBE DATABASE DECLARE DEFAULT DELETE DESC DISTINCT DOMAIN DROP \
                 ELSE END ESCAPE EXEC EXECUTE EXISTS EXPLAIN FALSE FOREIGN FROM GRANT GROUP HAVING IF ILIKE IN \
                 INDEX INNER INSERT INTO IS JOIN KEY LEFT LIKE LIMIT LITERAL MERGE NOT NULL OF OFFSET ON ONLY OR \
                 ORDER OUT OUTER PLPGSQL PRIMARY PROC PROCEDURE RECURSIVE REPLACE RETURNING RETURNS REVOKE RIGHT \
                 ROLLBACK ROLLUP ROWNUM SELECT SET SKIP SOME STRAIGHT_JOIN TABLE TEMPORARY TOP TRIGGER TRUE \
                 TRUNCATE UNION UNIQUE UNLOGGED UPDATE USE USING VACCUM VALUES VIEW WHERE WINDOW WITH";
    words.split(' ').collect()
});

/// A letter of any script.
static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}").ok());

/// A piece of a statement.
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// What becomes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stays.
    Kept,
    /// A number, text, boolean, null or parameter by number.
    Value,
    /// A name, in quotes or not, in which there may be digits.
    Identifier,
    /// The body of a function in its quotes.
    Function,
}

/// The tokens of a statement. They end at its end, or before a NUL.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

// === impl Tokens ===

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect }
    }

    /// Where the tokens end.
    pub(super) fn end(&self) -> usize {
        self.at
    }

    /// The next token. Each is at least one byte long.
    pub(super) fn token(&mut self) -> Option<Token> {
        let start = self.at;
        let is_mysql = self.dialect == Dialect::MySql;
        let kind = match (self.letter(0), self.letter(1)) {
            ('\0', _) => return None,
            (first, _) if is_letter(first) => self.word(first),
            ('"', _) if is_mysql => self.quoted_text(b'"'),
            ('\'', _) => self.quoted_text(b'\''),
            ('`', _) if is_mysql => self.quoted_identifier(b'`'),
            ('"', _) => self.quoted_identifier(b'"'),
            ('#', _) if is_mysql => self.line(),
            ('-', '-') => self.line(),
            ('/', '*') => self.comment(),
            ('+' | '-', '0'..='9' | '.') => self.number_from(1),
            ('0', 'x' | 'X') => self.value_of(2, |byte| byte.is_ascii_hexdigit()),
            ('0', '0'..='7') => self.value_of(2, |byte| matches!(byte, b'0'..=b'7')),
            ('0'..='9', _) => self.number_from(1),
            ('$', '0'..='9') => self.value_of(2, |byte| byte.is_ascii_digit()),
            ('$', _) => self.between_dollars(),
            ('@', '@') => self.variable(),
            ('@', next) if is_alphanumeric(next) => self.variable(),
            ('@', '?' | '>') => self.skip(2),
            ('*', _) => self.skip(1),
            (first, _) if is_operator(first) => self.operator(),
            _ => self.skip(1),
        };
        Some(Token {
            kind,
            range: start..self.at,
        })
    }

    /// A word of the language, a name, or the name of a function that is called.
    fn word(&mut self, first: char) -> Kind {
        let start = self.at;
        if !first.is_ascii() {
            self.skip_name();
            return Kind::Identifier;
        }
        self.skip_while(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let word = self.text.get(start..self.at).unwrap_or_default();
        if ends_word(self.letter(0)) && is_keyword(word) {
            let is_value = ["TRUE", "FALSE", "NULL"]
                .iter()
                .any(|value| word.eq_ignore_ascii_case(value));
            return if is_value { Kind::Value } else { Kind::Kept };
        }
        self.skip_name();
        match self.letter(0) {
            '(' => Kind::Kept,
            _ => Kind::Identifier,
        }
    }

    fn skip_name(&mut self) {
        while let Some(letter) = Some(self.letter(0)).filter(|letter| continues_name(*letter)) {
            self.at += letter.len_utf8();
        }
    }

    /// A text, also one that is cut off. A backslash takes the meaning from what follows it.
    fn quoted_text(&mut self, quote: u8) -> Kind {
        let mut is_escaped = false;
        self.at += 1;
        loop {
            match self.byte(0) {
                0 => return Kind::Value,
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                byte if byte == quote => {
                    self.at += 1;
                    return Kind::Value;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// A name, or several that points join. What is cut off stays.
    fn quoted_identifier(&mut self, quote: u8) -> Kind {
        self.at += 1;
        loop {
            match self.byte(0) {
                0 => return Kind::Kept,
                byte if byte != quote => self.at += 1,
                _ if self.byte(1) == b'.' && self.byte(2) == quote => self.at += 3,
                _ => {
                    self.at += 1;
                    return Kind::Identifier;
                }
            }
        }
    }

    /// A comment up to the end of the line.
    fn line(&mut self) -> Kind {
        self.skip_while(|byte| !matches!(byte, b'\n' | 0))
    }

    /// A comment between marks. What is cut off stays.
    fn comment(&mut self) -> Kind {
        self.at += 2;
        while self.byte(0) != 0 {
            if (self.byte(0), self.byte(1)) == (b'*', b'/') {
                return self.skip(2);
            }
            self.at += 1;
        }
        Kind::Kept
    }

    /// A number of which so many bytes are known.
    fn number_from(&mut self, known: usize) -> Kind {
        self.at += known;
        loop {
            match (self.byte(0), self.byte(1)) {
                (b'0'..=b'9' | b'.', _) => self.at += 1,
                (b'e' | b'E', b'+' | b'-') => self.at += 2,
                (b'e' | b'E', _) => self.at += 1,
                _ => return Kind::Value,
            }
        }
    }

    /// A value of which so many bytes are known, and what belongs to it.
    fn value_of(&mut self, known: usize, belongs: impl Fn(u8) -> bool) -> Kind {
        self.at += known;
        self.skip_while(belongs);
        Kind::Value
    }

    /// A text between two equal tags in dollar signs. What is cut off stays.
    fn between_dollars(&mut self) -> Kind {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let tag = rest.get(1..).and_then(|rest| rest.find('$'));
        let tag = tag.and_then(|end| rest.get(..end + 2)).unwrap_or(rest);
        let inner = rest.get(tag.len()..).unwrap_or_default();
        match inner.find(tag).filter(|_| tag.is_ascii()) {
            None => self.skip(rest.len()),
            Some(len) => {
                self.at += tag.len() + len + tag.len();
                if tag == FUNCTION {
                    Kind::Function
                } else {
                    Kind::Value
                }
            }
        }
    }

    /// A variable of the system or of the statement, or only its marks.
    fn variable(&mut self) -> Kind {
        self.at += 2;
        while is_alphanumeric(self.letter(0)) {
            self.at += 1;
        }
        Kind::Kept
    }

    /// Marks that belong together.
    fn operator(&mut self) -> Kind {
        let mut last = self.byte(0);
        match (last, self.byte(1), self.byte(2)) {
            (b'-' | b'#', b'>', b'>') => return self.skip(3),
            (b'-' | b'#', b'>', _) | (b'#', b'-', _) | (b'?', b'|' | b'&', _) | (b'<', b'@', _) => {
                return self.skip(2);
            }
            _ => self.at += 1,
        }
        // What is compared with is no part of the comparison.
        while is_operator(self.letter(0)) && !(last == b'=' && matches!(self.byte(0), b'?' | b'@')) {
            last = self.byte(0);
            self.at += 1;
        }
        Kind::Kept
    }

    fn skip(&mut self, bytes: usize) -> Kind {
        self.at += bytes;
        Kind::Kept
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> Kind {
        while self.at < self.text.len() && wanted(self.byte(0)) {
            self.at += 1;
        }
        Kind::Kept
    }

    /// The byte so far ahead, 0 behind the end.
    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The letter so far ahead, NUL behind the end. Within a letter it is none of any alphabet.
    fn letter(&self, ahead: usize) -> char {
        match self.byte(ahead) {
            byte if byte.is_ascii() => char::from(byte),
            _ => {
                let rest = self.text.get(self.at + ahead..).unwrap_or_default();
                rest.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
            }
        }
    }
}

fn is_keyword(word: &str) -> bool {
    let found = KEYWORDS.binary_search_by(|keyword| {
        keyword
            .bytes()
            .cmp(word.bytes().map(|byte| byte.to_ascii_uppercase()))
    });
    found.is_ok()
}

fn is_letter(letter: char) -> bool {
    match letter.is_ascii() {
        true => letter.is_ascii_alphabetic() || letter == '_',
        false => {
            let mut buffer = [0; 4];
            let letter = letter.encode_utf8(&mut buffer);
            LETTER.as_ref().is_some_and(|pattern| pattern.is_match(letter))
        }
    }
}

fn is_alphanumeric(letter: char) -> bool {
    letter.is_ascii_digit() || is_letter(letter) || (!letter.is_ascii() && letter.is_numeric())
}

/// Whether it belongs to a name that has begun.
fn continues_name(letter: char) -> bool {
    letter.is_ascii_digit()
        || matches!(letter, '"' | '.' | '?' | '$' | '#' | '/' | '@' | '!')
        || is_letter(letter)
}

/// Whether a word of the language may end before it.
fn ends_word(letter: char) -> bool {
    matches!(
        letter,
        '\0' | ' ' | '\t' | '\n' | '\r' | '(' | ')' | ',' | ';' | '.' | ':' | '[' | ']' | '{' | '}'
    )
}

fn is_operator(letter: char) -> bool {
    matches!(
        letter,
        '+' | '-' | '*' | '/' | '=' | '<' | '>' | '!' | '&' | '|' | '^' | '%' | '~' | '?' | '@' | ':' | '#'
    )
}
