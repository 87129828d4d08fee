//! What a user types.

pub mod components;
pub mod print_config;
pub mod run;
pub mod validate;

mod codes;
mod journal;
mod numbering;
mod ottl;
#[cfg(feature = "store")]
mod query;
mod scan;
mod test_pipeline;
#[cfg(test)]
mod tests;

/// Sends spans as fast as asked and says what became of them.
pub mod load;
/// Takes spans, counts the distinct ones, and misbehaves on request.
pub mod sink;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::components::catalog;
use crate::config::load::Inputs;
use crate::config::types::GoDuration;

/// A trace gateway on the OpenTelemetry Collector's own YAML.
#[derive(Debug, Parser)]
#[command(name = "spanway", version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    configuration: Configuration,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway; the same as no command at all.
    Run(Configuration),
    /// Says what is wrong with a configuration, or worth knowing about it, and starts nothing.
    Validate(Configuration),
    /// Prints what a configuration comes to, with defaults; secrets are redacted.
    PrintConfig {
        #[command(flatten)]
        configuration: Configuration,
        /// One line a value, with the place where it was written.
        #[arg(long)]
        origins: bool,
    },
    /// Lists the components of this build.
    Components {
        /// Only components of this type, with their keys.
        name: Option<String>,
        /// With every key: its type, default and meaning.
        #[arg(long)]
        keys: bool,
        /// As the Markdown of `docs/configuration.md`.
        #[arg(long)]
        markdown: bool,
    },
    TestPipeline(test_pipeline::TestPipeline),
    Ottl(ottl::Ottl),
    Journal(journal::Journal),
    #[cfg(feature = "store")]
    Query(query::Query),
    Load(load::Args),
    Sink(sink::Args),
}

/// Where the configuration comes from.
#[derive(Debug, clap::Args)]
struct Configuration {
    /// A file, or `file:`, `env:` or `yaml:` and what follows; repeated, they are merged left to right.
    #[arg(long = "config", value_name = "URI")]
    configs: Vec<String>,
    /// A value that prevails over all files: `exporters.otlp.timeout=2s`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Leaves out pipelines that carry metrics or logs, and runs the rest.
    #[arg(long)]
    traces_only: bool,
}

/// Runs the command line of this process; its exit code is 0 on success, 1 on failure, 2 on bad arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Run(cli.configuration)) {
        Command::Run(with) => run::run(&with.inputs(), with.traces_only),
        Command::Validate(with) => print(validate::validate(&with.inputs(), with.traces_only, &catalog())),
        Command::PrintConfig {
            configuration: with,
            origins,
        } => print(print_config::print_config(
            &with.inputs(),
            with.traces_only,
            &catalog(),
            origins,
        )),
        Command::Components { name, keys, markdown } => {
            let show = components::Show {
                name: name.as_deref(),
                keys,
                markdown,
            };
            print(components::components(&catalog(), show))
        }
        Command::TestPipeline(test) => test_pipeline::run(&test),
        Command::Ottl(trial) => ottl::run(&trial),
        Command::Journal(command) => journal::run(command),
        #[cfg(feature = "store")]
        Command::Query(query) => print(on_one_thread(query::run(query))),
        Command::Load(args) => on_one_thread(load::run(args)),
        Command::Sink(args) => on_one_thread(sink::run(args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// A reader that went away has seen what it wanted.
fn print(result: Result<String, String>) -> Result<(), String> {
    drop(std::io::stdout().write_all(result?.as_bytes()));
    Ok(())
}

/// Load and sink live beside the gateway that they measure: one core is what they may take from it.
fn on_one_thread<T>(command: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?
        .block_on(command)
}

/// A duration on the command line, in the notation of the YAML.
fn duration(text: &str) -> Result<Duration, String> {
    GoDuration::parse(text).map(Duration::from)
}

// === impl Configuration ===

impl Configuration {
    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            configs: &self.configs,
            sets: &self.sets,
            environment: &|name| std::env::var(name).ok(),
        }
    }
}
