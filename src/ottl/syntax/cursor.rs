//! Looking at tokens, and taking them.

use std::ops::Range;

use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::stream::Stream;
use winnow::token::any;

use super::grammar::Parsed;
use super::token::{Token, TokenKind};
use super::unexpected::{Input, Unexpected, wanted};

/// The next token, left where it is.
pub(super) fn next<'t>(input: &Input<'t>) -> Option<&'t Token> {
    input.peek_token()
}

pub(super) fn is_next(input: &Input<'_>, letter: char) -> bool {
    next(input).is_some_and(|token| token.kind == TokenKind::Mark(letter))
}

pub(super) fn mark(letter: char, what: &'static str, input: &mut Input<'_>) -> Parsed<Range<usize>> {
    let start = input.clone();
    let token = any.verify(|token: &&Token| token.kind == TokenKind::Mark(letter));
    let found: Parsed<&Token> = { token }.parse_next(input);
    found
        .map(|token| token.range.clone())
        .map_err(|_| wanted(&start, what))
}

pub(super) fn sign<'t>(letter: char) -> impl Parser<Input<'t>, (), ErrMode<Unexpected>> {
    any.verify(move |token: &&Token| token.kind == TokenKind::Sign(letter))
        .void()
}

pub(super) fn lower<'t>(word: &'static str) -> impl Parser<Input<'t>, (), ErrMode<Unexpected>> {
    any.verify(move |token: &&Token| matches!(&token.kind, TokenKind::Lower(found) if found == word))
        .void()
}

pub(super) fn text(input: &mut Input<'_>) -> Option<String> {
    let Some(TokenKind::Text(text)) = next(input).map(|token| &token.kind) else {
        return None;
    };
    let _ = input.next_token();
    Some(text.clone())
}

/// The place of the next token; nothing at the end.
pub(super) fn place(input: &Input<'_>) -> Range<usize> {
    next(input).map_or(0..0, |token| token.range.clone())
}

/// The place of the last token that was read since `start`.
pub(super) fn before(start: &Input<'_>, input: &Input<'_>) -> Range<usize> {
    let read = start.eof_offset() - input.eof_offset();
    let last = read.checked_sub(1).and_then(|at| start.get(at));
    last.map_or(0..0, |token| token.range.clone())
}
