//! JSON as values.

use std::collections::HashMap;

use super::MAX_DEPTH;
use crate::ottl::go::number::parse_float;
use crate::wire::Value;

/// What is still to be read of a text.
struct Reader<'t> {
    rest: &'t str,
}

/// Reads a JSON object or list; anything else is an error, as is text behind it and nesting deeper than 30. As lenient as
/// the Collector's library: zeros may lead a number and its point may be the last of it, control characters may stand in
/// texts, and half of a surrogate pair is U+FFFD. All numbers become floating point; of a key that occurs twice the last
/// value counts.
pub fn parse_json(text: &str) -> Result<Value, String> {
    // A zero byte is the end to that library.
    let mut reader = Reader {
        rest: text.split('\0').next().unwrap_or_default(),
    };
    let value = reader.value(0)?;
    reader.skip_space();
    if let Some(letter) = reader.rest.chars().next() {
        return Err(format!("invalid character {letter:?} behind the json value"));
    }
    match value {
        Value::Array(_) | Value::KeyValueList(_) => Ok(value),
        _ => Err("json is neither an object nor a list".to_owned()),
    }
}

// === impl Reader ===

impl<'t> Reader<'t> {
    fn value(&mut self, depth: u32) -> Result<Value, String> {
        self.skip_space();
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => Ok(Value::String(self.text()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Empty),
            _ => Err(self.unexpected("the start of a value")),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, String> {
        self.enter(depth)?;
        let mut pairs: Vec<(String, Value)> = Vec::new();
        let mut places = HashMap::new();
        if self.skips('}') {
            return Ok(Value::KeyValueList(pairs));
        }
        loop {
            self.skip_space();
            if !self.rest.starts_with('"') {
                return Err(self.unexpected("a key"));
            }
            let key = self.text()?;
            if !self.skips(':') {
                return Err(self.unexpected("a colon behind a key"));
            }
            let value = self.value(depth)?;
            let place = *places.entry(key.clone()).or_insert(pairs.len());
            match pairs.get_mut(place) {
                Some(pair) => pair.1 = value,
                None => pairs.push((key, value)),
            }
            if self.skips('}') {
                return Ok(Value::KeyValueList(pairs));
            }
            if !self.skips(',') {
                return Err(self.unexpected("a comma behind a value"));
            }
        }
    }

    fn list(&mut self, depth: u32) -> Result<Value, String> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if self.skips(']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.skips(']') {
                return Ok(Value::Array(items));
            }
            if !self.skips(',') {
                return Err(self.unexpected("a comma behind a value"));
            }
        }
    }

    /// Behind the bracket of an object or list.
    fn enter(&mut self, depth: u32) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("json is nested deeper than {MAX_DEPTH}"));
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(())
    }

    fn number(&mut self) -> Result<Value, String> {
        let is_part = |letter: char| matches!(letter, '0'..='9' | '.' | 'e' | 'E' | '+' | '-');
        let end = self.rest.find(|letter| !is_part(letter));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        parse_float(number).map(Value::Double)
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                Ok(value)
            }
            None => Err(self.unexpected(word)),
        }
    }

    /// A text, from its first quote on.
    fn text(&mut self) -> Result<String, String> {
        let open = || "json ends within a text".to_owned();
        self.rest = self.rest.get(1..).unwrap_or_default();
        let mut out = String::new();
        loop {
            let end = self.rest.find(['"', '\\']).ok_or_else(open)?;
            let (plain, rest) = self.rest.split_at(end);
            out.push_str(plain);
            let mut letters = rest.chars();
            if letters.next() == Some('"') {
                self.rest = letters.as_str();
                return Ok(out);
            }
            let escaped = letters.next().ok_or_else(open)?;
            self.rest = letters.as_str();
            out.push(match escaped {
                '"' | '\\' | '/' => escaped,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => self.letter()?,
                _ => return Err(format!("invalid escape \\{escaped} in json")),
            });
        }
    }

    /// The letter whose code stands behind `\u`, of which two may make a pair.
    fn letter(&mut self) -> Result<char, String> {
        let (first, rest) = code(self.rest).ok_or_else(|| self.unexpected("four digits behind \\u"))?;
        self.rest = rest;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        match rest.strip_prefix("\\u").and_then(code) {
            Some((second @ 0xdc00..0xe000, rest)) => {
                self.rest = rest;
                let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => Ok(char::REPLACEMENT_CHARACTER),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Whether `letter` comes next; then it is behind.
    fn skips(&mut self, letter: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.rest.chars().next() {
            Some(letter) => format!("invalid character {letter:?} in json in place of {wanted}"),
            None => format!("json ends in place of {wanted}"),
        }
    }
}

fn code(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let is_code = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some((u32::from_str_radix(digits, 16).ok().filter(|_| is_code)?, rest))
}
