//! `ParseKeyValue` and `ToKeyValueString`.

use std::borrow::Cow;

use super::fields::Fields;
use super::shown;
use crate::wire::Value;

/// What stands between a key and its value, and between pairs. Neither is empty, and they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters {
    delimiter: String,
    pair_delimiter: String,
}

// === impl Delimiters ===

impl Delimiters {
    /// Checks a statement's delimiters; `=` and a space where it names none.
    pub fn new(delimiter: Option<&str>, pair_delimiter: Option<&str>) -> Result<Self, String> {
        let (delimiter, pair_delimiter) = (delimiter.unwrap_or("="), pair_delimiter.unwrap_or(" "));
        if delimiter.is_empty() {
            return Err("the delimiter is empty".into());
        }
        if pair_delimiter.is_empty() {
            return Err("the pair delimiter is empty".into());
        }
        if delimiter == pair_delimiter {
            return Err(format!(
                "the pair delimiter {pair_delimiter:?} is the delimiter too"
            ));
        }
        Ok(Self {
            delimiter: delimiter.to_owned(),
            pair_delimiter: pair_delimiter.to_owned(),
        })
    }
}

/// `ParseKeyValue`: the pairs in a text, values as texts. Quotes keep delimiters between pairs together and are
/// dropped; of a key that occurs twice the last counts.
pub fn parse_key_value(text: &str, delimiters: &Delimiters) -> Result<Vec<(String, Value)>, String> {
    if text.is_empty() {
        return Err("there are no pairs in an empty text".into());
    }
    let mut fields = Fields::default();
    for pair in split(text, &delimiters.pair_delimiter)? {
        let delimiter = &delimiters.delimiter;
        let (key, value) = pair
            .split_once(delimiter)
            .ok_or_else(|| format!("the pair {} has no delimiter {delimiter:?}", shown(&pair)))?;
        fields.put_text(key.trim(), value.trim());
    }
    Ok(fields.into_list())
}

/// `ToKeyValueString`: keys and the texts of their values in one text; sorted by key, or in their own order.
pub fn key_value_text<'a>(
    pairs: impl Iterator<Item = (&'a str, Cow<'a, str>)>,
    delimiters: &Delimiters,
    is_sorted: bool,
) -> String {
    let mut pairs: Vec<_> = pairs.collect();
    if is_sorted {
        pairs.sort_by_key(|(key, _)| *key);
    }
    let mut out = String::new();
    for (place, (key, value)) in pairs.iter().enumerate() {
        if place > 0 {
            out.push_str(&delimiters.pair_delimiter);
        }
        put_quoted(&mut out, key, delimiters);
        out.push_str(&delimiters.delimiter);
        put_quoted(&mut out, value, delimiters);
    }
    out
}

/// The pieces between the delimiters that are outside of quotes, without the quotes. Empty pieces are none. A
/// backslash stays, and keeps the quote behind it from being one.
fn split(text: &str, delimiter: &str) -> Result<Vec<String>, String> {
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let (mut quote, mut is_escaped) = (None, false);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if quote.is_none()
            && let Some(behind) = rest.strip_prefix(delimiter)
        {
            if !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
            }
            rest = behind;
            continue;
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        if is_escaped {
            is_escaped = false;
        } else if quote.is_none() && matches!(letter, '"' | '\'') {
            quote = Some(letter);
            continue;
        } else if quote == Some(letter) {
            quote = None;
            continue;
        } else {
            is_escaped = letter == '\\';
        }
        piece.push(letter);
    }
    if let Some(quote) = quote {
        return Err(format!("a quote {quote} is not closed"));
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    Ok(pieces)
}

/// With a backslash before each quote; in quotes when it contains a delimiter.
fn put_quoted(out: &mut String, text: &str, delimiters: &Delimiters) {
    let escaped = text.replace('"', "\\\"");
    let has_delimiter =
        escaped.contains(&delimiters.pair_delimiter) || escaped.contains(&delimiters.delimiter);
    let quote = if has_delimiter { "\"" } else { "" };
    out.push_str(quote);
    out.push_str(&escaped);
    out.push_str(quote);
}
