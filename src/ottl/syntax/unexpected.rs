//! Why a text is no statement: what was expected, and what was found.

use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Stream, TokenSlice};

use super::Fault;
use super::token::{Token, TokenKind};

pub(super) type Input<'t> = TokenSlice<'t, Token>;

/// What was wanted, so many tokens before the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unexpected {
    /// Tokens from there to the end.
    pub left: usize,
    because: Because,
}

/// What is wrong there.
#[derive(Clone, Debug, PartialEq)]
enum Because {
    /// This was expected.
    Wanted(&'static str),
    /// A sentence of its own, about so many tokens.
    Said(String, usize),
}

pub(super) const VALUE: &str = "a value";
pub(super) const CLOSED: &str = "`,` or `)`";
pub(super) const COMPARISON: &str = "a comparison such as `==`";
pub(super) const END: &str = "`and`, `or` or the end";

pub(super) fn wanted(input: &Input<'_>, what: &'static str) -> ErrMode<Unexpected> {
    ErrMode::Backtrack(Unexpected {
        left: input.eof_offset(),
        because: Because::Wanted(what),
    })
}

pub(super) fn said(input: &Input<'_>, message: String, tokens: usize) -> ErrMode<Unexpected> {
    ErrMode::Cut(Unexpected {
        left: input.eof_offset(),
        because: Because::Said(message, tokens),
    })
}

/// What people mean who write such a thing.
fn hint(wanted: &str, last: Option<&TokenKind>, found: Option<&TokenKind>) -> Option<&'static str> {
    match (last, found) {
        (Some(TokenKind::Text(_)), Some(TokenKind::Sign('+')))
        | (Some(TokenKind::Sign('+')), Some(TokenKind::Text(_))) => {
            Some("texts are joined by `Concat([…], \"\")`")
        }
        (_, Some(TokenKind::Mark('='))) if wanted == COMPARISON => Some("write `==`"),
        (_, None | Some(TokenKind::And | TokenKind::Or | TokenKind::Mark(')'))) if wanted == COMPARISON => {
            Some("a value alone is no condition; compare it, as in `== true` or `!= nil`")
        }
        (_, Some(TokenKind::Comparison(_))) if wanted == CLOSED => {
            Some("a comparison is a condition, not a value")
        }
        _ => None,
    }
}

/// How much of a word stands behind the piece of it that is a token.
fn word_rest(text: &str, token: Option<&Token>) -> usize {
    let token = token.filter(|token| matches!(token.kind, TokenKind::Upper(_) | TokenKind::Lower(_)));
    let rest = token
        .and_then(|token| text.get(token.range.end..))
        .unwrap_or_default();
    rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(rest.len())
}

// === impl Unexpected ===

impl Unexpected {
    /// Told of the text.
    pub fn fault(self, text: &str, tokens: &[Token]) -> Fault {
        let at = tokens.len().saturating_sub(self.left);
        let end = text.trim_end().len();
        let found = tokens.get(at);
        let range = found.map_or(end..end, |token| token.range.clone());
        match self.because {
            Because::Wanted(what) => {
                let last = at.checked_sub(1).and_then(|last| tokens.get(last));
                let help = hint(
                    what,
                    last.map(|token| &token.kind),
                    found.map(|token| &token.kind),
                );
                let range = range.start..range.end + word_rest(text, found);
                let found = match found.map(|token| &token.kind) {
                    Some(TokenKind::Upper(_) | TokenKind::Lower(_)) => {
                        format!("`{}`", text.get(range.clone()).unwrap_or_default())
                    }
                    Some(kind) => kind.shown(),
                    None => "the end".into(),
                };
                let fault = Fault::new(range, format!("expected {what}, found {found}"));
                Fault {
                    help: help.map(str::to_owned),
                    ..fault
                }
            }
            Because::Said(message, count) => {
                let last = (at + count).checked_sub(1).and_then(|last| tokens.get(last));
                let end = last.map_or(range.end, |token| token.range.end);
                Fault::new(range.start..end, message)
            }
        }
    }
}

impl<'t> ParserError<Input<'t>> for Unexpected {
    type Inner = Self;

    fn from_input(input: &Input<'t>) -> Self {
        Self {
            left: input.eof_offset(),
            because: Because::Wanted(VALUE),
        }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}
