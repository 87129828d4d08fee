//! `spanway ottl`: tries one statement or condition on spans of a file.
//!
//! Promise: what it shows is what `transform` or `filter` would do with it alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::test_pipeline::report::Fate;
use super::test_pipeline::{self, requests};
use crate::config::id::{ComponentId, PipelineId};
use crate::config::statements::{Entries, Entry};
use crate::ottl::{self, Context, Dialect, Misfit};
use crate::pipeline::stage::Stage;
use crate::processors::{filter, transform};

/// Tries an OTTL statement or condition on spans of a file: shows what the statement changes, or for what the condition holds.
///
/// A statement that fails on a span says so on standard error. The exit code is 0 when it could be tried, and 1 when the text is
/// wrong, which is shown with its place, or the file cannot be read.
#[derive(Debug, Args)]
pub(super) struct Ottl {
    /// The statement, `set(span.name, "x") where …`, or the condition.
    text: String,
    /// The spans: OTLP/JSON, one request or several; protobuf when the name ends in `.pb` or `.binpb`; `-` is OTLP/JSON
    /// from standard input.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// What it is about: resource, scope, span or spanevent. Paths need no prefix then; else they say it.
    #[arg(long, value_name = "CONTEXT", value_parser = context)]
    context: Option<Context>,
    /// Writes what comes out as OTLP/JSON.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the client sent along: a header, or metadata of gRPC; repeated, also for several values of one key.
    #[arg(long, value_name = "KEY=VALUE", value_parser = test_pipeline::pair)]
    metadata: Vec<(String, String)>,
    /// Where the client called from.
    #[arg(long, value_name = "ADDRESS", value_parser = test_pipeline::address)]
    client_address: Option<SocketAddr>,
    /// Shows unchanged spans too, and values of any length.
    #[arg(long)]
    verbose: bool,
}

/// Runs the command.
pub(super) fn run(args: &Ottl) -> Result<(), String> {
    let is_condition = args.is_condition()?;
    let stage = match is_condition {
        true => args.filter(),
        false => args.transform(),
    };
    say_failures();
    let read = requests::read(&args.input)?;
    let client = test_pipeline::client(&args.metadata, args.client_address);
    let (pipeline, id): (PipelineId, ComponentId) = (named("traces")?, named("ottl")?);
    let stages = [(id, stage)];
    let (report, left) = test_pipeline::tried(&pipeline, &stages, &read, &client)?;
    if let Some(file) = &args.output {
        requests::write(file, &left)?;
    }
    let text = match is_condition {
        true => held(&report),
        false => test_pipeline::text::report(&report, args.verbose),
    };
    super::print(Ok(text))
}

/// For what the condition holds: what would be dropped by it.
fn held(report: &test_pipeline::report::Report) -> String {
    let mut text = String::new();
    for processor in &report.processors {
        let parts = processor
            .resources
            .iter()
            .chain(&processor.scopes)
            .chain(&processor.spans);
        for seen in parts {
            let word = match seen.fate {
                Fate::Dropped { .. } => "holds",
                Fate::Changed { .. } => "holds for events of",
                Fate::Unchanged { .. } => "does not hold",
            };
            text += &format!("{word:<19}  {}\n", test_pipeline::shown::name(&seen.what));
        }
    }
    text
}

/// Failures are told as the gateway tells them, without the time.
fn say_failures() {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false);
    // Whoever has one already keeps it.
    drop(subscriber.try_init());
}

fn named<T: std::str::FromStr>(name: &str) -> Result<T, String> {
    name.parse().map_err(|_| format!("`{name}` is no name"))
}

fn context(name: &str) -> Result<Context, String> {
    Context::named(name).ok_or_else(|| format!("`{name}` is none of resource, scope, span, spanevent"))
}

// === impl Ottl ===

impl Ottl {
    /// Whether the text is a condition. An error shows what is wrong with it.
    fn is_condition(&self) -> Result<bool, String> {
        let about = self.context.map_or(ottl::About::Inferred, ottl::About::Given);
        let texts = [self.text.as_str()];
        let statement = ottl::group(&texts, &[] as &[&str], about, Dialect::Transform);
        let condition = ottl::group(&[] as &[&str], &texts, about, Dialect::Filter);
        match (statement, condition) {
            (Ok(_), _) => Ok(false),
            (_, Ok(_)) => Ok(true),
            (Err(statement), Err(condition)) => {
                // The one that was meant went further before it went wrong.
                let place = |misfits: &[Misfit]| misfits.first().map_or(0, |misfit| misfit.fault.range.start);
                let meant = if place(&condition) > place(&statement) {
                    &condition
                } else {
                    &statement
                };
                Err(meant
                    .iter()
                    .map(|misfit| self.shown(misfit))
                    .collect::<Vec<_>>()
                    .join("\n"))
            }
        }
    }

    /// The fault with its place.
    fn shown(&self, misfit: &Misfit) -> String {
        let fault = &misfit.fault;
        let before = self.text.get(..fault.range.start).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self
            .text
            .get(start..)
            .and_then(|rest| rest.lines().next())
            .unwrap_or_default();
        let gap = before.get(start..).map_or(0, |text| text.chars().count());
        let inside = self.text.get(fault.range.clone()).unwrap_or_default();
        let width = inside
            .lines()
            .next()
            .map_or(0, |text| text.chars().count())
            .max(1);
        let mut shown = format!(
            "{}\n  |\n  | {line}\n  | {}{}",
            fault.message,
            " ".repeat(gap),
            "^".repeat(width)
        );
        if let Some(help) = &fault.help {
            shown += &format!("\n  = help: {help}");
        }
        shown
    }

    fn transform(&self) -> Stage {
        let group = transform::StatementGroup {
            context: self.context,
            statements: vec![self.text.clone()],
            ..transform::StatementGroup::default()
        };
        let settings = transform::TransformSettings {
            trace_statements: Entries(vec![Entry::Group(group)]),
            ..transform::TransformSettings::default()
        };
        transform::stage(&settings, "ottl")
    }

    fn filter(&self) -> Stage {
        let group = filter::ConditionGroup {
            context: self.context,
            conditions: vec![self.text.clone()],
            ..filter::ConditionGroup::default()
        };
        let settings = filter::FilterSettings {
            trace_conditions: Entries(vec![Entry::Group(group)]),
            ..filter::FilterSettings::default()
        };
        filter::stage(&settings, "ottl")
    }
}
