//! What `docs/ottl.md` says holds.

use super::functions::all;
use super::syntax::{condition, statement};
use super::{About, Context, Dialect, Misfit, conditions, group};

const PAGE: &str = include_str!("../../docs/ottl.md");

/// The blocks of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let parts = PAGE.split(opening.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().trim_end())
        .collect()
}

fn told(text: &str) -> Result<Vec<Misfit>, Vec<Misfit>> {
    let none: &[&str] = &[];
    match condition(text).is_ok() {
        true => group(none, &[text], About::Inferred, Dialect::Transform),
        false => group(&[text], none, About::Inferred, Dialect::Transform),
    }
    .map(|group| group.doubts)
}

/// Guarantees: the page names every function with all its parameters, in order, and says which may be left out.
#[test]
fn every_function_is_documented() {
    let routing = all(Context::Span, Dialect::Routing);
    let missing: Vec<String> = all(Context::Span, Dialect::Transform)
        .chain(routing)
        .filter(|function| !PAGE.contains(&format!("`{}`", function.name)))
        .map(|function| {
            let parameters = function
                .parameters
                .iter()
                .map(|parameter| match parameter.is_optional {
                    true => format!("[{}]", parameter.name),
                    false => parameter.name.to_owned(),
                });
            format!(
                "`{}({})`",
                function.name,
                parameters.collect::<Vec<_>>().join(", ")
            )
        })
        .filter(|signature| !PAGE.contains(signature.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Guarantees: each example is taken, without a doubt.
#[test]
fn examples_are_taken() {
    let examples: Vec<&str> = blocks("ottl").into_iter().flat_map(str::lines).collect();
    assert!(examples.len() >= 6);
    for text in examples {
        assert_eq!(told(text), Ok(Vec::new()), "{text}");
    }
    for line in blocks("yaml").into_iter().flat_map(str::lines) {
        let text = line
            .trim_start()
            .trim_start_matches("- ")
            .trim_start_matches("condition: ");
        if statement(text).is_ok() || condition(text).is_ok() {
            assert_eq!(told(text), Ok(Vec::new()), "{text}");
        }
    }
}

/// Guarantees: each message is told so, at that place.
#[test]
fn messages_are_told_so() {
    let shown = blocks("text");
    assert_eq!(shown.len(), 4);
    for block in shown {
        let lines: Vec<&str> = block.lines().collect();
        let faults = told(lines[0]).unwrap_or_else(|faults| faults);
        let fault = &faults[0].fault;
        let carets = " ".repeat(fault.range.start) + &"^".repeat(fault.range.len());
        let help = fault.help.iter().map(|help| format!("help: {help}"));
        let told: Vec<String> = [carets, fault.message.clone()].into_iter().chain(help).collect();
        assert_eq!(told, lines[1..], "{}", lines[0]);
    }
}

/// Guarantees: each condition of the table holds, or does not, as the table says.
#[test]
fn comparisons_hold_as_listed() {
    let rows = PAGE.lines().filter_map(|line| {
        let row = line.strip_prefix("| `")?.strip_suffix(" |")?;
        let (text, holds) = row.split_once("` | ")?;
        Some((text, holds.parse::<bool>().ok()?))
    });
    let rows: Vec<(&str, bool)> = rows.collect();
    assert!(rows.len() >= 10);
    for (text, holds) in rows {
        let made = conditions(&[text], About::Given(Context::Span), Dialect::Filter);
        let (_, conditions) = made.unwrap();
        assert_eq!(
            format!("{:?}", conditions[0]).contains("Constant(true)"),
            holds,
            "{text}"
        );
    }
}
