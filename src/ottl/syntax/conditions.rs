//! Conditions: comparisons, and what joins them.

use winnow::error::ErrMode;
use winnow::stream::Stream;

use super::cursor::{is_next, mark, next};
use super::grammar::{Parsed, expression};
use super::token::TokenKind;
use super::unexpected::{COMPARISON, Input, Unexpected, wanted};
use super::{Kind, Test};

pub(super) fn any_of(input: &mut Input<'_>) -> Parsed<Test> {
    several(input, all_of, &TokenKind::Or).map(|tests| one_or(tests, Test::Any))
}

fn all_of(input: &mut Input<'_>) -> Parsed<Test> {
    several(input, test, &TokenKind::And).map(|tests| one_or(tests, Test::All))
}

fn several(
    input: &mut Input<'_>,
    part: fn(&mut Input<'_>) -> Parsed<Test>,
    between: &TokenKind,
) -> Parsed<Vec<Test>> {
    let mut tests = vec![part(input)?];
    while next(input).is_some_and(|token| token.kind == *between) {
        let _ = input.next_token();
        tests.push(part(input)?);
    }
    Ok(tests)
}

fn one_or(mut tests: Vec<Test>, many: fn(Vec<Test>) -> Test) -> Test {
    match (tests.pop(), tests.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            tests.extend(last);
            many(tests)
        }
    }
}

fn test(input: &mut Input<'_>) -> Parsed<Test> {
    if next(input).is_some_and(|token| token.kind == TokenKind::Not) {
        let _ = input.next_token();
        return Ok(Test::Not(Box::new(positive(input)?)));
    }
    positive(input)
}

fn positive(input: &mut Input<'_>) -> Parsed<Test> {
    let start = input.clone();
    let as_comparison = compared(input);
    let Err(error) = as_comparison else {
        return as_comparison;
    };
    if !is_next(&start, '(') {
        return Err(error);
    }
    // Not the parentheses of a sum, then.
    *input = start.clone();
    let _ = input.next_token();
    let inner = any_of(input).map_err(|inner| furthest(error, inner))?;
    mark(')', "`and`, `or` or `)`", input)?;
    Ok(inner)
}

/// A comparison, or what can stand for one.
fn compared(input: &mut Input<'_>) -> Parsed<Test> {
    let left = expression(input)?;
    let Some(TokenKind::Comparison(comparison)) = next(input).map(|token| &token.kind) else {
        return match left.kind {
            Kind::Bool(value) => Ok(Test::Constant(value)),
            Kind::Call(call) => Ok(Test::Call(call)),
            _ => Err(wanted(input, COMPARISON)),
        };
    };
    let _ = input.next_token();
    Ok(Test::Compare(left, *comparison, expression(input)?))
}

fn furthest(one: ErrMode<Unexpected>, other: ErrMode<Unexpected>) -> ErrMode<Unexpected> {
    let left = |error: &ErrMode<Unexpected>| match error {
        ErrMode::Backtrack(error) | ErrMode::Cut(error) => error.left,
        ErrMode::Incomplete(_) => usize::MAX,
    };
    if left(&one) < left(&other) { one } else { other }
}
