//! The trace state of a span, W3C's list of members, and in its member `ot` the sub-keys `rv` and `th` of sampling.
//!
//! Promise: what the Collector refuses is refused, and what it makes of the rest is the same, byte for byte.

use smallvec::SmallVec;

use super::threshold::{Hex, Randomness, Threshold};

/// The longest text that is read.
const LONGEST: usize = 1024;

/// One more than the members that are read.
const MEMBERS: usize = 32;

/// A trace state, taken apart as far as sampling needs it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceState<'a> {
    /// All members, sound ones; empty where the text as a whole is not sound.
    list: &'a str,
    /// The value of the member `ot`.
    ot: &'a str,
    randomness: Option<SubKey<'a, Randomness>>,
    threshold: Option<SubKey<'a, Threshold>>,
}

/// The value of a sub-key, and its text as it came.
#[derive(Clone, Copy, Debug)]
struct SubKey<'a, T> {
    value: T,
    text: Option<&'a str>,
}

/// A trace state as text; on the stack unless it is long.
pub type Written = SmallVec<[u8; 256]>;

/// What is wrong with a trace state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The text, the number of its members or a key exceeds its limit.
    #[error("the trace state is too long")]
    TooLong,
    /// It is not a list of members.
    #[error("the trace state is not a list of keys and values")]
    List,
    /// The member `ot` is not a list of sub-keys.
    #[error("the member `ot` of the trace state is not a list of sub-keys and values")]
    Ot,
    /// `rv` is not 14 hexadecimal digits.
    #[error("`rv` in the trace state is not 14 hexadecimal digits")]
    Randomness,
    /// `th` is not 1 to 14 hexadecimal digits.
    #[error("`th` in the trace state is not 1 to 14 hexadecimal digits")]
    Threshold,
}

// === impl TraceState ===

impl<'a> TraceState<'a> {
    /// Reads a trace state: what is sound of it, and what is wrong with the rest.
    pub fn read(text: &'a str) -> (Self, Option<Malformed>) {
        let mut state = Self::default();
        if text.len() > LONGEST {
            return (state, Some(Malformed::TooLong));
        }
        if !members(text).all(|member| member.is_empty() || is_member(member)) {
            return (state, Some(Malformed::List));
        }
        state.list = text;
        let mut wrong = None;
        for (key, value) in pairs(text) {
            let fault = match key {
                "ot" => state.read_ot(value),
                key if !fits(key) => Some(Malformed::TooLong),
                _ => None,
            };
            wrong = wrong.or(fault);
        }
        let is_too_long = members(text).nth(MEMBERS - 1).is_some();
        (state, wrong.or(is_too_long.then_some(Malformed::TooLong)))
    }

    /// Reads the value of a member `ot`, which takes the place of one before it.
    fn read_ot(&mut self, value: &'a str) -> Option<Malformed> {
        (self.ot, self.randomness, self.threshold) = ("", None, None);
        if !value.split(';').all(is_sub_key) {
            return Some(Malformed::Ot);
        }
        self.ot = value;
        let mut wrong = None;
        for (key, text) in sub_keys(value) {
            match key {
                "rv" => {
                    self.randomness = SubKey::read(text, Randomness::parse);
                    wrong = wrong.or(self.randomness.is_none().then_some(Malformed::Randomness));
                }
                "th" => {
                    self.threshold = SubKey::read(text, Threshold::parse);
                    wrong = wrong.or(self.threshold.is_none().then_some(Malformed::Threshold));
                }
                _ => {}
            }
        }
        wrong
    }

    /// The randomness that `rv` says.
    pub fn randomness(&self) -> Option<Randomness> {
        self.randomness.map(|sub_key| sub_key.value)
    }

    /// The threshold that `th` says.
    pub fn threshold(&self) -> Option<Threshold> {
        self.threshold.map(|sub_key| sub_key.value)
    }

    /// Writes `rv` anew.
    pub fn set_randomness(&mut self, value: Randomness) {
        self.randomness = Some(SubKey { value, text: None });
    }

    /// Takes `th` away.
    pub fn clear_threshold(&mut self) {
        self.threshold = None;
    }

    /// Writes `th` anew, unless it is larger: a span that was kept with a small probability stays so.
    pub fn raise_threshold(&mut self, value: Threshold) {
        if self.threshold().is_none_or(|before| before <= value) {
            self.threshold = Some(SubKey { value, text: None });
        }
    }

    /// The text: `ot` first, in it `rv` and `th`; then the rest in its order, without spaces around it.
    pub fn write(&self) -> Written {
        let mut out = Written::new();
        if let Some(sub_key) = self.randomness {
            sub_key.write("rv:", Randomness::text, &mut out);
        }
        if let Some(sub_key) = self.threshold {
            sub_key.write("th:", Threshold::text, &mut out);
        }
        for (key, text) in sub_keys(self.ot).filter(|(key, _)| !matches!(*key, "rv" | "th")) {
            put(&mut out, ";", &[key, ":", text]);
        }
        if !out.is_empty() {
            out.insert_from_slice(0, b"ot=");
        }
        for (key, value) in pairs(self.list).filter(|(key, _)| *key != "ot" && fits(key)) {
            put(&mut out, ",", &[key, "=", value]);
        }
        out
    }
}

fn put(out: &mut Written, separator: &str, parts: &[&str]) {
    let separator = if out.is_empty() { "" } else { separator };
    out.extend_from_slice(separator.as_bytes());
    parts
        .iter()
        .for_each(|part| out.extend_from_slice(part.as_bytes()));
}

// === impl SubKey ===

impl<'a, T: Copy> SubKey<'a, T> {
    fn read(text: &'a str, parse: fn(&str) -> Option<T>) -> Option<Self> {
        parse(text).map(|value| Self {
            value,
            text: Some(text),
        })
    }

    fn write(self, key: &str, text: fn(T) -> Hex, out: &mut Written) {
        put(out, ";", &[key]);
        match self.text {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(text(self.value).as_bytes()),
        }
    }
}

// The list of members.

/// The members, without the spaces around them; some may be empty.
fn members(list: &str) -> impl Iterator<Item = &str> {
    list.split_terminator(',')
        .map(|member| member.trim_matches([' ', '\t']))
}

/// Keys and values of as many members as are read.
fn pairs(list: &str) -> impl Iterator<Item = (&str, &str)> {
    members(list)
        .take(MEMBERS - 1)
        .filter_map(|member| member.split_once('='))
}

fn is_member(member: &str) -> bool {
    member
        .split_once('=')
        .is_some_and(|(key, value)| is_key(key) && is_value(value))
}

/// A simple key, or a tenant's one of a system.
fn is_key(key: &str) -> bool {
    let begins = |text: &str, is_first: fn(u8) -> bool| {
        let mut letters = text.bytes();
        letters.next().is_some_and(is_first) && letters.all(is_key_letter)
    };
    match key.split_once('@') {
        None => begins(key, |first| first.is_ascii_lowercase()),
        Some((tenant, system)) => {
            begins(tenant, is_lower_or_digit) && begins(system, |first| first.is_ascii_lowercase())
        }
    }
}

fn is_lower_or_digit(letter: u8) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

fn is_key_letter(letter: u8) -> bool {
    is_lower_or_digit(letter) || matches!(letter, b'_' | b'-' | b'*' | b'/')
}

fn is_value(value: &str) -> bool {
    let is_letter = |letter: u8| matches!(letter, b' '..=b'~') && !matches!(letter, b',' | b'=');
    (1..=256).contains(&value.len()) && value.bytes().all(is_letter) && !value.ends_with(' ')
}

/// Whether a key is within its limits of length.
fn fits(key: &str) -> bool {
    let parts = key.split_once('@');
    key.len() <= 256 && parts.is_none_or(|(tenant, system)| tenant.len() <= 241 && system.len() <= 14)
}

// The sub-keys of `ot`.

fn sub_keys(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(';').filter_map(|sub_key| sub_key.split_once(':'))
}

fn is_sub_key(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, value)| {
        key.starts_with(|first: char| first.is_ascii_lowercase())
            && key.bytes().all(is_lower_or_digit)
            && value
                .bytes()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'_' | b'-'))
    })
}
