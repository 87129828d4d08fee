//! Takes batches and writes them out.

use std::io::{self, Write};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::render::{Renderer, count_resources};
use super::sampler::Sampler;
use super::{Config, Verbosity};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};

/// See the module.
#[derive(Debug)]
pub struct Debug {
    verbosity: Verbosity,
    sampler: Sampler,
    output: Output,
}

/// Where text goes.
#[derive(Clone, Copy, Debug)]
enum Output {
    Log,
    Streams { stdout: bool, stderr: bool },
}

// === impl Debug ===

impl Debug {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        let named = |name: &str| config.output_paths.iter().any(|path| path == name);
        Self {
            verbosity: config.verbosity,
            sampler: Sampler::new(config.sampling_initial, config.sampling_thereafter),
            output: match config.use_internal_logger {
                true => Output::Log,
                false => Output::Streams {
                    stdout: named("stdout"),
                    stderr: named("stderr"),
                },
            },
        }
    }

    async fn export(&self, batch: Outgoing) -> Result<Sent, Failure> {
        if !self.sampler.shows(Instant::now()) {
            return Ok(Sent::default());
        }
        let (verbosity, output) = (self.verbosity, self.output);
        // A terminal or a pipe may keep its writer waiting.
        let written = tokio::task::spawn_blocking(move || output.show(verbosity, &batch)).await;
        written.map_err(|error| Failure::Data(error.to_string()))?
    }
}

impl Destination for Debug {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.export(batch).boxed()
    }
}

// === impl Output ===

impl Output {
    fn show(self, verbosity: Verbosity, batch: &Outgoing) -> Result<Sent, Failure> {
        self.write_all(verbosity, batch)
            .map_err(|error| Failure::Destination(format!("cannot write: {error}")))?;
        Ok(Sent::default())
    }

    fn write_all(self, verbosity: Verbosity, batch: &Outgoing) -> io::Result<()> {
        let requests = || batch.parts.iter().map(|part| &part.traces);
        let resources: usize = requests().map(count_resources).sum();
        self.summary(resources, batch.spans)?;
        if verbosity != Verbosity::Basic {
            let mut emit = |piece: &str| self.write(piece);
            let mut renderer = Renderer::new(verbosity, &mut emit);
            for traces in requests() {
                renderer.show(traces)?;
            }
        }
        Ok(())
    }

    fn summary(self, resources: usize, spans: usize) -> io::Result<()> {
        match self {
            Self::Log => tracing::info!("resource spans" = resources, spans, "Traces"),
            Self::Streams { .. } => {
                self.write(&format!("Traces: {resources} resource spans, {spans} spans"))?
            }
        }
        Ok(())
    }

    fn write(self, piece: &str) -> io::Result<()> {
        match self {
            Self::Log => tracing::info!("{piece}"),
            Self::Streams { stdout, stderr } => {
                if stdout {
                    writeln!(io::stdout().lock(), "{piece}")?;
                }
                if stderr {
                    writeln!(io::stderr().lock(), "{piece}")?;
                }
            }
        }
        Ok(())
    }
}
