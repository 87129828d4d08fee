//! `memory_limiter`: the bound on memory.
//!
//! The Collector measures its heap at intervals and refuses what it has already read. Here its limits are a budget
//! in bytes that every buffer draws on before it is filled, so they cannot be exceeded by a burst.

mod config;

#[cfg(test)]
mod tests;

pub use config::MemoryLimiterSettings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::stage::Stage;
use crate::telemetry::process;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "memory_limiter",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Bounds the memory that spans take in the whole process.",
    };
    Factory::of::<MemoryLimiterSettings>(Kind::Processor, about, |settings, _, ()| stage(&settings))
}

/// The process's budget, as this processor would have it.
fn stage(settings: &MemoryLimiterSettings) -> Result<Stage, String> {
    let memory = match (settings.limit_mib, process::memory_limit()) {
        (0, None) => {
            return Err(
                "limit_percentage needs to know the memory of this machine, which does not say".into(),
            );
        }
        (_, memory) => memory.unwrap_or_default(),
    };
    Ok(Stage::Budget(
        usize::try_from(settings.budget(memory)).unwrap_or(usize::MAX),
    ))
}
