//! From tokens to trees.

use std::ops::Range;

use winnow::combinator::{alt, opt, repeat};
use winnow::error::{ErrMode, ParserError};
use winnow::prelude::*;
use winnow::stream::{Stream, TokenSlice};
use winnow::token::any;

use super::conditions::any_of;
use super::cursor::{before, is_next, lower, mark, next, place, sign, text};
use super::token::{Token, TokenKind, tokens};
use super::unexpected::{CLOSED, END, Input, Unexpected, VALUE, said, wanted};
use super::{Argument, Call, Expression, Fault, Field, Given, Key, Kind, Path, Sign, Statement, Test};

/// What a parser makes of tokens.
pub(super) type Parsed<T> = Result<T, ErrMode<Unexpected>>;

/// Parses an editor with its condition.
pub fn statement(text: &str) -> Result<Statement, Fault> {
    parse(text, "`where` or the end", |input| {
        let editor = editor(input)?;
        let condition = match opt(lower("where")).parse_next(input)? {
            Some(_) => {
                let condition = any_of(input)?;
                match input.is_empty() {
                    true => Some(condition),
                    false => return Err(wanted(input, END)),
                }
            }
            None => None,
        };
        Ok(Statement { editor, condition })
    })
}

/// Parses a condition alone.
pub fn condition(text: &str) -> Result<Test, Fault> {
    parse(text, END, any_of)
}

/// Parses a value alone.
pub fn value(text: &str) -> Result<Expression, Fault> {
    parse(text, "the end", expression)
}

/// Everything in the text must be read.
fn parse<T>(
    text: &str,
    end: &'static str,
    parser: impl FnOnce(&mut Input<'_>) -> Parsed<T>,
) -> Result<T, Fault> {
    let tokens = tokens(text)?;
    let mut input = TokenSlice::new(&tokens);
    let parsed = parser(&mut input).and_then(|parsed| match input.is_empty() {
        true => Ok(parsed),
        false => Err(wanted(&input, end)),
    });
    parsed.map_err(|error| {
        let unexpected = match error {
            ErrMode::Backtrack(error) | ErrMode::Cut(error) => error,
            ErrMode::Incomplete(_) => Unexpected::from_input(&input),
        };
        unexpected.fault(text, &tokens)
    })
}

// === calls ===

fn editor(input: &mut Input<'_>) -> Parsed<Call> {
    let start = input.clone();
    let Some(name) = name(input, |token| matches!(token, TokenKind::Lower(_))) else {
        let found = name_of_call(&mut start.clone());
        return Err(match found {
            Some((name, tokens)) => {
                let message = format!("editor names must start with a lowercase letter but got `{name}`");
                said(&start, message, tokens)
            }
            None => wanted(&start, "an editor"),
        });
    };
    // A path where an editor should be.
    if next(input).is_some() && !is_next(input, '(') {
        return Err(wanted(&start, "an editor such as `set(…)`"));
    }
    let call = call(input, name)?;
    match call.keys.is_empty() {
        true => Ok(call),
        false => {
            let message = "only paths and converters may be indexed, not editors";
            let tokens = start.eof_offset() - input.eof_offset();
            Err(said(&start, message.into(), tokens))
        }
    }
}

/// A name, made of several words where capitals begin them, and where it is.
type Name = (String, Range<usize>);

fn name(input: &mut Input<'_>, begins: impl Fn(&TokenKind) -> bool) -> Option<Name> {
    let first = next(input).filter(|token| begins(&token.kind))?;
    let (mut name, mut range) = (String::new(), first.range.clone());
    while let Some(Token {
        kind: TokenKind::Lower(word) | TokenKind::Upper(word),
        range: place,
    }) = next(input)
    {
        name.push_str(word);
        range.end = place.end;
        let _ = input.next_token();
    }
    Some((name, range))
}

/// The name of a call that begins here, whatever its letters, and how many tokens it takes.
fn name_of_call(input: &mut Input<'_>) -> Option<(String, usize)> {
    let before = input.eof_offset();
    let (name, _) = name(input, |token| {
        matches!(token, TokenKind::Lower(_) | TokenKind::Upper(_))
    })?;
    is_next(input, '(').then(|| (name, before - input.eof_offset()))
}

/// What follows the name.
fn call(input: &mut Input<'_>, (name, mut range): Name) -> Parsed<Call> {
    mark('(', "`(`", input)?;
    let mut arguments = Vec::new();
    if !is_next(input, ')') {
        loop {
            arguments.push(argument(input)?);
            if !is_next(input, ',') {
                break;
            }
            let _ = input.next_token();
        }
    }
    range.end = mark(')', CLOSED, input)?.end;
    let keys = keys(input, &mut range)?;
    Ok(Call {
        name,
        arguments,
        keys,
        range,
    })
}

fn argument(input: &mut Input<'_>) -> Parsed<Argument> {
    let start = input.clone();
    let from = place(&start).start;
    let named = name(input, |token| matches!(token, TokenKind::Lower(_)));
    let argument_name = match named {
        Some((name, _)) if is_next(input, '=') => {
            let _ = input.next_token();
            Some(name)
        }
        _ => {
            *input = start.clone();
            None
        }
    };
    let value = match function(input) {
        Some(function) => Given::Function(function),
        None => Given::Value(expression(input)?),
    };
    Ok(Argument {
        name: argument_name,
        value,
        range: from..before(&start, input).end,
    })
}

/// A converter's name with nothing behind it. One of capitals only is an enum until somebody wants a function.
fn function(input: &mut Input<'_>) -> Option<String> {
    let start = input.clone();
    let found = name(input, |token| matches!(token, TokenKind::Upper(_)));
    let tokens = start.eof_offset() - input.eof_offset();
    let found = found.filter(|_| tokens > 1 && !is_next(input, '('));
    if found.is_none() {
        *input = start.clone();
    }
    found.map(|(name, _)| name)
}

// === values ===

pub(super) fn expression(input: &mut Input<'_>) -> Parsed<Expression> {
    let Some(token) = next(input) else {
        return Err(wanted(input, VALUE));
    };
    let kind = match &token.kind {
        TokenKind::Nil => Kind::Nil,
        TokenKind::Bool(value) => Kind::Bool(*value),
        TokenKind::Text(text) => Kind::Text(text.clone()),
        TokenKind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
        TokenKind::Mark('[') => return list(input),
        TokenKind::Mark('{') => return map(input),
        TokenKind::Mark('(') if is_lambda(input.clone()) => {
            return Err(said(
                input,
                "lambdas such as `(k, v) => …` are not supported".into(),
                1,
            ));
        }
        TokenKind::Upper(symbol) if name_of_call(&mut input.clone()).is_none() => Kind::Enum(symbol.clone()),
        _ => return sum(input),
    };
    let range = token.range.clone();
    let _ = input.next_token();
    Ok(Expression { kind, range })
}

/// Whether `(a, b) =>` stands here.
fn is_lambda(mut input: Input<'_>) -> bool {
    let _ = input.next_token();
    let parameter = any.verify(|token: &&Token| {
        let kind = &token.kind;
        matches!(
            kind,
            TokenKind::Lower(_) | TokenKind::Underscore | TokenKind::Mark(',')
        )
    });
    let parameters: Parsed<()> = repeat(0.., parameter.void()).parse_next(&mut input);
    let kind = |token: Option<&Token>| token.map(|token| token.kind.clone());
    parameters.is_ok()
        && kind(input.next_token()) == Some(TokenKind::Mark(')'))
        && kind(input.next_token()) == Some(TokenKind::Arrow)
}

fn list(input: &mut Input<'_>) -> Parsed<Expression> {
    let mut range = mark('[', "`[`", input)?;
    let mut items = Vec::new();
    if !is_next(input, ']') {
        loop {
            items.push(expression(input)?);
            if !is_next(input, ',') {
                break;
            }
            let _ = input.next_token();
        }
    }
    range.end = mark(']', "`,` or `]`", input)?.end;
    Ok(Expression {
        kind: Kind::List(items),
        range,
    })
}

fn map(input: &mut Input<'_>) -> Parsed<Expression> {
    let mut range = mark('{', "`{`", input)?;
    let mut pairs = Vec::new();
    while !is_next(input, '}') {
        let key = text(input).ok_or_else(|| wanted(input, "a key in quotes or `}`"))?;
        mark(':', "`:`", input)?;
        pairs.push((key, expression(input)?));
        if is_next(input, ',') {
            let _ = input.next_token();
        }
    }
    range.end = mark('}', "`}`", input)?.end;
    Ok(Expression {
        kind: Kind::Map(pairs),
        range,
    })
}

/// Numbers, times, paths and calls with signs between them.
fn sum(input: &mut Input<'_>) -> Parsed<Expression> {
    joined(input, product, [('+', Sign::Plus), ('-', Sign::Minus)])
}

fn product(input: &mut Input<'_>) -> Parsed<Expression> {
    joined(input, operand, [('*', Sign::Times), ('/', Sign::Over)])
}

fn joined(
    input: &mut Input<'_>,
    part: fn(&mut Input<'_>) -> Parsed<Expression>,
    signs: [(char, Sign); 2],
) -> Parsed<Expression> {
    let mut left = part(input)?;
    let sign = |input: &Input<'_>| match next(input)?.kind {
        TokenKind::Sign(found) => signs
            .iter()
            .find(|(letter, _)| *letter == found)
            .map(|(_, sign)| *sign),
        _ => None,
    };
    while let Some(sign) = sign(input) {
        let _ = input.next_token();
        let right = part(input)?;
        let range = left.range.start..right.range.end;
        left = Expression {
            kind: Kind::Sum(Box::new(left), sign, Box::new(right)),
            range,
        };
    }
    Ok(left)
}

fn operand(input: &mut Input<'_>) -> Parsed<Expression> {
    let start = place(input).start;
    let signed = opt(alt((sign('-').value(true), sign('+').value(false)))).parse_next(input)?;
    let inner = match is_next(input, '(') {
        false => leaf(input)?,
        true => {
            let _ = input.next_token();
            let inner = sum(input)?;
            let range = start..mark(')', "`)`", input)?.end;
            Expression {
                kind: Kind::Group(Box::new(inner)),
                range,
            }
        }
    };
    let range = start..inner.range.end;
    let kind = match (signed, inner.kind) {
        (None, kind) => kind,
        (Some(true), Kind::Int(number)) => Kind::Int(number.wrapping_neg()),
        (Some(true), Kind::Float(number)) => Kind::Float(-number),
        (Some(is_minus), kind) => {
            let inner = Box::new(Expression {
                kind,
                range: inner.range,
            });
            match is_minus {
                true => Kind::Negated(inner),
                false => Kind::Group(inner),
            }
        }
    };
    // A number with a sign is one to all but parameters that want a bare one.
    Ok(match (signed, &kind) {
        (Some(true), Kind::Int(_) | Kind::Float(_)) => Expression {
            kind: Kind::Group(Box::new(Expression {
                kind,
                range: range.clone(),
            })),
            range,
        },
        _ => Expression { kind, range },
    })
}

fn leaf(input: &mut Input<'_>) -> Parsed<Expression> {
    let Some(token) = next(input) else {
        return Err(wanted(input, VALUE));
    };
    let kind = match &token.kind {
        TokenKind::Int(number) => Kind::Int(*number),
        TokenKind::Float(number) => Kind::Float(*number),
        TokenKind::Lower(_) => return path_or_editor(input),
        TokenKind::Upper(_) => {
            let start = input.clone();
            let Some(name) = name(input, |token| matches!(token, TokenKind::Upper(_))) else {
                return Err(wanted(&start, VALUE));
            };
            let call = call(input, name)?;
            let range = call.range.clone();
            return Ok(Expression {
                kind: Kind::Call(call),
                range,
            });
        }
        _ => return Err(wanted(input, VALUE)),
    };
    let range = token.range.clone();
    let _ = input.next_token();
    Ok(Expression { kind, range })
}

fn path_or_editor(input: &mut Input<'_>) -> Parsed<Expression> {
    if let Some((name, tokens)) = name_of_call(&mut input.clone()) {
        let message = format!("converter names must start with an uppercase letter but got `{name}`");
        return Err(said(input, message, tokens));
    }
    let mut range = place(input);
    let mut fields = Vec::new();
    loop {
        let Some(Token {
            kind: TokenKind::Lower(name),
            range: place,
        }) = next(input)
        else {
            return Err(wanted(input, "a name in lowercase letters"));
        };
        let _ = input.next_token();
        range.end = place.end;
        fields.push(Field {
            name: name.clone(),
            keys: keys(input, &mut range)?,
            range: place.clone(),
        });
        if !is_next(input, '.') {
            break;
        }
        let _ = input.next_token();
    }
    Ok(Expression {
        kind: Kind::Path(Path {
            fields,
            range: range.clone(),
        }),
        range,
    })
}

/// Keys in brackets; `range` grows over them.
fn keys(input: &mut Input<'_>, range: &mut Range<usize>) -> Parsed<Vec<Key>> {
    let mut keys = Vec::new();
    while is_next(input, '[') {
        let _ = input.next_token();
        let key = match next(input).map(|token| &token.kind) {
            Some(TokenKind::Text(text)) => Key::Text(text.clone()),
            Some(TokenKind::Int(number)) => Key::Int(*number),
            _ => Key::Value(sum(input)?),
        };
        if !matches!(key, Key::Value(_)) {
            let _ = input.next_token();
        }
        keys.push(key);
        range.end = mark(']', "`]`", input)?.end;
    }
    Ok(keys)
}
