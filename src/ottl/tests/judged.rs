//! Statements and requests at random, many of them.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::grammar::Grammar;
use super::requests::request;
use crate::ottl::oracle::judge_about;
use crate::ottl::{About, Dialect, group};
use crate::wire::Traces;

/// Seeds of statements and requests; `SPANWAY_SEEDS=12..13` replays one, `SPANWAY_SEEDS=100000` runs more.
fn seeds(usual: u64) -> Range<u64> {
    let wanted = std::env::var("SPANWAY_SEEDS").unwrap_or_default();
    match wanted.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..wanted.parse().unwrap_or(usual),
    }
}

/// Statements that compile on their own, and conditions that do with them.
fn texts(seed: u64) -> (Vec<String>, Vec<String>) {
    let mut grammar = Grammar::new(seed);
    let none: &[String] = &[];
    let compiles = |statements: &[String], conditions: &[String]| {
        group(statements, conditions, About::Inferred, Dialect::Transform).is_ok()
    };
    let mut statements: Vec<String> = (0..8).map(|_| grammar.statement()).collect();
    statements.retain(|text| compiles(std::slice::from_ref(text), none));
    let mut conditions: Vec<String> = match seed % 4 {
        0 => (0..2).map(|_| grammar.condition(3)).collect(),
        _ => Vec::new(),
    };
    conditions.retain(|text| compiles(&statements, std::slice::from_ref(text)));
    (statements, conditions)
}

/// The fewest of the statements on which the twin still disagrees.
fn least(
    mut statements: Vec<String>,
    conditions: &[String],
    disagrees: impl Fn(&[String], &[String]) -> bool,
) -> Vec<String> {
    let mut at = 0;
    while at < statements.len() {
        let mut fewer = statements.clone();
        fewer.remove(at);
        match disagrees(&fewer, conditions) {
            true => statements = fewer,
            false => at += 1,
        }
    }
    statements
}

/// Guarantees: whatever the statements and the request, the same statements fail and the same comes out as with the naive
/// twin; it passes; what nothing ran on keeps its bytes; and unknown fields stay.
#[test]
fn statements_do_what_the_twin_does() {
    let (mut judged, mut wrong, seeds) = (0, Vec::new(), seeds(256));
    let wanted = seeds.end - seeds.start;
    for seed in seeds {
        let ((statements, conditions), traces) = (texts(seed), request(seed));
        let agrees = |statements: &[String], conditions: &[String]| agrees(statements, conditions, &traces);
        match agrees(&statements, &conditions) {
            None => {}
            Some(true) => judged += 1,
            Some(false) => {
                let is_wrong = |statements: &[String], conditions: &[String]| {
                    agrees(statements, conditions) == Some(false)
                };
                let conditions = if is_wrong(&statements, &[]) {
                    Vec::new()
                } else {
                    conditions
                };
                let least = least(statements, &conditions, is_wrong);
                // Once more, so that what differs stands next to it.
                eprintln!("seed {seed}: {least:#?} {conditions:#?}");
                agrees(&least, &conditions);
                wrong.push((seed, least, conditions));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        judged * 2 > wanted || wanted < 50,
        "only {judged} of {wanted} were judged"
    );
}

/// Whether the twin agrees; nothing where it was not asked.
fn agrees(statements: &[String], conditions: &[String], traces: &Traces) -> Option<bool> {
    let judge = || judge_about(statements, conditions, About::Inferred, traces);
    match catch_unwind(AssertUnwindSafe(judge)) {
        Ok(true) => Some(true),
        Ok(false) => None,
        Err(_) => Some(false),
    }
}
