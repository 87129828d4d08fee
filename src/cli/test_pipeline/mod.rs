//! `spanway test-pipeline`: runs spans of a file through the processors of a pipeline, and shows what each of them does.
//!
//! Promise: what comes out is what the gateway would hand to the pipeline's exporters. Nothing is started, listened on or
//! sent, and the same input gives the same output, down to the letter.

mod changes;
mod expect;
pub(super) mod report;
pub(super) mod requests;
pub(super) mod shown;
mod story;
#[cfg(test)]
mod tests;
pub(super) mod text;
mod trail;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Configuration;
use crate::components;
use crate::config::diagnostic::{Diagnostics, Severity, listed};
use crate::config::document::{Config, Pipeline};
use crate::config::id::{ComponentId, PipelineId};
use crate::config::prepare;
use crate::pipeline::client::Client;
use crate::pipeline::graph::stages;
use crate::pipeline::stage::Stage;
use crate::wire::Traces;
use report::Report;

/// Runs spans through a pipeline's processors, shows what each of them does, and compares what comes out.
///
/// Nothing is started and nothing is sent. The exit code is 0 when all went well, and 1 when the configuration or a file is
/// wrong or what comes out differs from --expect.
#[derive(Debug, Args)]
pub(super) struct TestPipeline {
    #[command(flatten)]
    configuration: Configuration,
    /// The spans: OTLP/JSON, one request or several; protobuf when the name ends in `.pb` or `.binpb`; `-` is OTLP/JSON
    /// from standard input.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which pipeline, `traces/name`; needed when there are several.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<PipelineId>,
    /// Writes what comes out as OTLP/JSON: once somebody has looked at it, a file for --expect.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fails unless what comes out is what this file holds, in any form of OTLP/JSON or protobuf. Spans are compared by
    /// their ids, each with its resource and scope; order does not count, nor do resources and scopes without spans.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// With --expect: the order of attributes, spans, scopes, resources and requests counts, and so do those without spans.
    #[arg(long, requires = "expect")]
    exact: bool,
    /// What the client sent along: a header, or metadata of gRPC; repeated, also for several values of one key.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// Where the client called from.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    client_address: Option<SocketAddr>,
    /// How to show it.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Shows unchanged spans too, attributes that only moved, values of any length, and what `validate` notes.
    #[arg(long)]
    verbose: bool,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON document, whose keys `docs/test-pipeline.md` describes.
    Json,
}

/// A pipeline as it is tested.
struct Tested {
    id: PipelineId,
    stages: Vec<(ComponentId, Stage)>,
}

/// What came of a test.
struct Outcome {
    report: Report,
    /// What comes out, by request.
    left: Vec<Traces>,
}

/// Runs the command. An error says what is wrong with the configuration or a file, or how what comes out differs from
/// what was expected.
pub(super) fn run(args: &TestPipeline) -> Result<(), String> {
    if args.configuration.configs.is_empty() {
        return Err("--config is missing: there is no pipeline to test".into());
    }
    let tested = Tested::load(args)?;
    let requests = requests::read(&args.input)?;
    // Before anything is written: the output may take the place of what was expected.
    let expected = args.expect.as_deref().map(requests::read_expected).transpose()?;
    let mut outcome = tested.run(&requests, &client(&args.metadata, args.client_address))?;
    if let Some(file) = &args.output {
        requests::write(file, &outcome.left)?;
    }
    if let (Some(file), Some(expected)) = (&args.expect, expected) {
        let differences = expect::compare(expected, &outcome.left, args.exact, &outcome.report)?;
        outcome.report.expectation = Some(report::Expectation {
            file: file.display().to_string(),
            is_met: differences.is_empty(),
            is_exact: args.exact,
            differences,
        });
    }
    super::print(match args.format {
        Format::Text => Ok(text::report(&outcome.report, args.verbose)),
        Format::Json => outcome.report.json(),
    })?;
    match &outcome.report.expectation {
        Some(expectation) if !expectation.is_met => Err(text::unmet(expectation, args.verbose)),
        _ => Ok(()),
    }
}

/// The client that arguments of the command line describe.
pub(super) fn client(sent: &[(String, String)], address: Option<SocketAddr>) -> Client {
    let mut metadata: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in sent {
        match metadata.iter_mut().find(|(known, _)| known == key) {
            Some((_, values)) => values.push(value.clone()),
            None => metadata.push((key.clone(), vec![value.clone()])),
        }
    }
    Client {
        address,
        metadata,
        project: None,
        identity: None,
    }
}

/// Runs requests through the stages of a pipeline: what happens, and what comes out.
pub(super) fn tried(
    pipeline: &PipelineId,
    stages: &[(ComponentId, Stage)],
    requests: &[Traces],
    client: &Client,
) -> Result<(Report, Vec<Traces>), String> {
    let (processors, left, total) = trail::follow(pipeline, stages, requests, client)?;
    let report = Report {
        pipeline: pipeline.to_string(),
        requests: requests.len(),
        processors,
        total,
        expectation: None,
    };
    Ok((report, left))
}

// === impl Tested ===

impl Tested {
    /// The pipeline that is asked for, or the only one. What is worth knowing about a sound configuration is for `validate`
    /// to tell, and here only with `--verbose`, on standard error.
    fn load(args: &TestPipeline) -> Result<Self, String> {
        let (with, table) = (&args.configuration, components::table());
        let mut diagnostics = Diagnostics::default();
        let config = prepare(
            &with.inputs(),
            with.traces_only,
            &table.catalog(),
            &mut diagnostics,
        );
        let found = diagnostics.render();
        let Some(config) = config else {
            let errors = super::validate::count(diagnostics.count(Severity::Error), "error");
            return Err(format!("{found}\nthe configuration cannot run: {errors}"));
        };
        if args.verbose && !found.is_empty() {
            eprintln!("{found}");
        }
        let (id, pipeline) = chosen(&config, args.pipeline.as_ref())?;
        Ok(Self {
            id: id.clone(),
            stages: stages(&config, &table, pipeline)?,
        })
    }

    fn run(&self, requests: &[Traces], client: &Client) -> Result<Outcome, String> {
        let (report, left) = tried(&self.id, &self.stages, requests, client)?;
        Ok(Outcome { report, left })
    }
}

fn chosen<'a>(
    config: &'a Config,
    wanted: Option<&PipelineId>,
) -> Result<(&'a PipelineId, &'a Pipeline), String> {
    let pipelines = &config.service.pipelines;
    let known = || listed(pipelines.keys());
    match wanted {
        Some(wanted) => pipelines
            .get_key_value(wanted)
            .ok_or_else(|| format!("there is no pipeline `{wanted}`; there are: {}", known())),
        None => match pipelines.len() {
            1 => pipelines.first().ok_or_else(|| "there is no pipeline".to_owned()),
            _ => Err(format!(
                "there are several pipelines: --pipeline says which: {}",
                known()
            )),
        },
    }
}

/// A key in lower case, and a value.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_ascii_lowercase(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

/// An IP address, with or without a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 0));
    text.parse()
        .or_else(|_| alone())
        .map_err(|_| format!("`{text}` is not an IP address, nor one with a port"))
}
