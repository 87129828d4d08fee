//! What a user types.

pub mod components;
pub mod print_config;
pub mod validate;

mod codes;
mod numbering;
mod scan;
#[cfg(test)]
mod tests;

/// Sends spans as fast as asked and says what became of them.
pub mod load;
/// Takes spans, counts the distinct ones, and misbehaves on request.
pub mod sink;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::config::types::GoDuration;

/// A trace gateway on the OpenTelemetry Collector's own YAML.
#[derive(Debug, Parser)]
#[command(name = "spanway", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Load(load::Args),
    Sink(sink::Args),
}

/// Runs the command line of this process; its exit code is 0 on success, 1 on failure, 2 on bad arguments.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Load(args) => on_one_thread(load::run(args)),
        Command::Sink(args) => on_one_thread(sink::run(args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Load and sink live beside the gateway that they measure: one core is what they may take from it.
fn on_one_thread(command: impl Future<Output = Result<(), String>>) -> Result<(), String> {
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

/// User and system time of this process so far; zero where there is no `/proc`.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Counted from behind the command's name, which may hold blanks; Linux counts in hundredths.
    let ticks = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .skip(11)
        .take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
