//! SQL without the values in it: numbers, texts, booleans and nulls become `?`, and so do digits in identifiers;
//! comments, white space and case stay.
//!
//! Statements are not parsed, only cut into tokens, so that what is cut off or no SQL at all is handled, too.

mod token;

use token::{Kind, Tokens};

/// What stands for a value.
const MASKED: &str = "?";

/// The quotes of a function's body in PostgreSQL.
const FUNCTION: &str = "$func$";

/// How quotes and `#` are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Double quotes hold identifiers.
    Standard,
    /// Double quotes hold texts, backticks identifiers, and `#` begins a comment.
    MySql,
}

/// The statement without values and without white space around it.
pub(super) fn sanitized(text: &str, dialect: Dialect) -> String {
    let mut out = String::with_capacity(text.len());
    // What stays is copied at once, up to what does not.
    let mut copied = 0;
    let mut tokens = Tokens::new(text, dialect);
    while let Some(token) = tokens.token() {
        if token.kind == Kind::Kept {
            continue;
        }
        out.push_str(text.get(copied..token.range.start).unwrap_or_default());
        copied = token.range.end;
        let token_text = text.get(token.range).unwrap_or_default();
        match token.kind {
            Kind::Kept => {}
            Kind::Value => out.push_str(MASKED),
            Kind::Identifier => put_without_digits(&mut out, token_text),
            Kind::Function => put_function(&mut out, token_text, dialect),
        }
    }
    out.push_str(text.get(copied..tokens.end()).unwrap_or_default());
    out.trim().to_owned()
}

/// A function's body is a statement. It ends at the first quotes, so that there is no other function in it.
fn put_function(out: &mut String, quoted: &str, dialect: Dialect) {
    let body = quoted.strip_prefix(FUNCTION);
    let body = body.and_then(|body| body.strip_suffix(FUNCTION));
    out.push_str(FUNCTION);
    out.push_str(&sanitized(body.unwrap_or_default(), dialect));
    out.push_str(FUNCTION);
}

/// One mark for each row of digits.
fn put_without_digits(out: &mut String, identifier: &str) {
    let mut was_digit = false;
    for letter in identifier.chars() {
        let is_digit = letter.is_ascii_digit();
        match is_digit {
            true if was_digit => {}
            true => out.push_str(MASKED),
            false => out.push(letter),
        }
        was_digit = is_digit;
    }
}
