//! A report for people: processor by processor what went and what changed, then a table of numbers.

use super::report::{
    Counts, Difference, Dropped, Expectation, Fate, Kind, Processor, Report, Seen, State, Statement,
};
use super::shown::{self, change, name};
use crate::cli::validate::count;

/// The head of the last line of the table. No component has this name.
const TOTAL: &str = "total";

/// The report.
pub fn report(report: &Report, is_verbose: bool) -> String {
    let mut text = format!(
        "pipeline {}: {} in {}\n",
        report.pipeline,
        count(report.total.spans_in, "span"),
        count(report.requests, "request"),
    );
    for (number, processor) in report.processors.iter().enumerate() {
        text += &format!("\n{}. {}\n", number + 1, processor.id);
        text += &steps(processor, report.requests > 1, is_verbose);
    }
    text += &table(report);
    if let Some(expectation) = report
        .expectation
        .as_ref()
        .filter(|expectation| expectation.is_met)
    {
        text += &format!("\nas expected by {}\n", expectation.file);
    }
    text
}

/// What one processor did.
fn steps(processor: &Processor, has_many: bool, is_verbose: bool) -> String {
    if !processor.sees_spans {
        return "   does not look into spans\n".into();
    }
    let mut text = String::new();
    let parts = processor.resources.iter().chain(&processor.scopes);
    let (mut unchanged, mut told) = (0, 0);
    for seen in parts.chain(&processor.spans) {
        if matches!(seen.fate, Fate::Unchanged { .. }) && !is_verbose {
            unchanged += 1;
            continue;
        }
        told += 1;
        text += &step(seen, has_many, is_verbose);
    }
    if unchanged > 0 {
        text += &format!("   unchanged  {}\n", count(unchanged, "span"));
    }
    if unchanged + told == 0 {
        text += "   no span reaches it\n";
    }
    text
}

fn step(seen: &Seen, has_many: bool, is_verbose: bool) -> String {
    let (word, rule) = match &seen.fate {
        Fate::Unchanged { rule } => ("unchanged", rule.as_ref().map(|rule| format!("kept by {rule:?}"))),
        Fate::Changed { rule } => (
            "changed",
            rule.as_ref()
                .filter(|_| is_verbose)
                .map(|rule| format!("kept by {rule:?}")),
        ),
        Fate::Dropped { rule, state } => ("dropped", Some(by(*state, rule))),
    };
    let mut line = format!("   {word:<9}  {}", name(&seen.what));
    if has_many {
        line += &format!(" of request {}", seen.request);
    }
    if let Some(rule) = rule {
        line += &format!(": {rule}");
    }
    line.push('\n');
    if seen.statements.is_empty() || matches!(seen.fate, Fate::Dropped { .. }) {
        for one in shown::told(&seen.changes, is_verbose) {
            line += &format!("      {}\n", change(one, is_verbose));
        }
        return line;
    }
    for Statement { statement, changes } in &seen.statements {
        line += &format!("      {}\n", statement.as_deref().unwrap_or("by itself"));
        for one in shown::told(changes, is_verbose) {
            line += &format!("         {}\n", change(one, is_verbose));
        }
    }
    line
}

fn by(state: State, rule: &str) -> String {
    match state {
        State::Filtered => format!("filtered by {rule:?}"),
        State::SampledOut => format!("sampled out by {rule:?}"),
    }
}

/// A line a processor, and one for all.
fn table(report: &Report) -> String {
    let seeing = report.processors.iter().filter(|processor| processor.sees_spans);
    let rows = seeing.map(|processor| (processor.id.as_str(), &processor.counts));
    let rows: Vec<(&str, &Counts)> = rows.chain([(TOTAL, &report.total)]).collect();
    let widest = rows.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
    let mut text = format!("\n{:widest$}  spans in  out  changed  dropped\n", "");
    for (id, counts) in rows {
        let dropped: usize = counts.dropped.iter().map(|dropped| dropped.spans).sum();
        text += &format!(
            "{id:widest$}  {:>8}  {:>3}  {:>7}  {dropped:>7}",
            counts.spans_in, counts.spans_out, counts.changed
        );
        if id != TOTAL && !counts.dropped.is_empty() {
            let rules = counts
                .dropped
                .iter()
                .map(|dropped| format!("{} {}", dropped.spans, by(dropped.state, &dropped.rule)));
            text += &format!("  ({})", rules.collect::<Vec<_>>().join(", "));
        }
        text.push('\n');
    }
    text
}

/// How what came out differs from what was expected.
pub fn unmet(expectation: &Expectation, is_verbose: bool) -> String {
    let number = |kind| {
        let same = expectation
            .differences
            .iter()
            .filter(|difference| difference.difference == kind);
        same.count()
    };
    let numbers = [
        (number(Kind::Missing), "missing"),
        (number(Kind::Unexpected), "not expected"),
        (number(Kind::Different), "different"),
        (number(Kind::Order), "out of order"),
    ];
    let said = numbers.iter().filter(|(number, _)| *number > 0);
    let said: Vec<String> = said.map(|(number, word)| format!("{number} {word}")).collect();
    let mut text = format!(
        "what comes out is not what {} expects: {}\n",
        expectation.file,
        said.join(", ")
    );
    for difference in &expectation.differences {
        text += &one(difference, is_verbose);
    }
    text
}

fn one(difference: &Difference, is_verbose: bool) -> String {
    let word = match difference.difference {
        Kind::Missing => "missing",
        Kind::Unexpected => "not expected",
        Kind::Different => "different",
        Kind::Order => "order",
    };
    let mut line = format!("   {word:<12}");
    if let Some(what) = &difference.what {
        line += &format!("  {}", name(what));
    }
    if let Some(Dropped {
        processor,
        rule,
        state,
        ..
    }) = &difference.dropped
    {
        line += &format!(": {} of {processor}", by(*state, rule));
    }
    let mut line = line.trim_end().to_owned() + "\n";
    for change in &difference.changes {
        line += &format!("      {}\n", shown::unmet(change, is_verbose));
    }
    line
}
