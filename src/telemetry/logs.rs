//! Log lines, to standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::service::{Encoding, LogLevel, Logs};

/// Sends every log line of this process to standard error, from now on. `RUST_LOG`, where set, prevails over the
/// configured level.
pub fn start(settings: &Logs) {
    let level = match settings.level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    // Libraries say a lot at `debug` that tells nothing of spans.
    let ours = format!("warn,spanway={level}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(ours));
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // The first call counts: a process logs in one way.
    drop(match settings.encoding {
        Encoding::Console => {
            let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(terminal).try_init()
        }
        Encoding::Json => lines.json().flatten_event(true).try_init(),
    });
}
