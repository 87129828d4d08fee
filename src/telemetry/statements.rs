//! What is told about OTTL statements and conditions: those that failed on a span and were passed over.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use metrics::{Counter, counter};
use tracing::warn;

use super::quiet::Quiet;
use crate::config::statements::ErrorMode;

/// The events of the statements of one component.
#[derive(Debug)]
pub struct StatementEvents {
    component: String,
    failed: Counter,
    dropped_events: Counter,
    quiet: Mutex<Quiet>,
}

// === impl StatementEvents ===

impl StatementEvents {
    /// The events of the component with this id.
    pub fn new(component: &str) -> Self {
        Self {
            failed: counter!("spanway_ottl_errors", "component" => component.to_owned()),
            dropped_events: counter!("otelcol_processor_dropped_span_events", "processor" => component.to_owned()),
            component: component.to_owned(),
            quiet: Mutex::default(),
        }
    }

    /// A statement or condition failed. What it is about goes on without it, and that is counted, unless the user wants the
    /// error to end the work on the request.
    pub fn failed<E: Display>(&self, mode: ErrorMode, error: E) -> Result<(), E> {
        if mode == ErrorMode::Propagate {
            return Err(error);
        }
        self.failed.increment(1);
        if mode == ErrorMode::Ignore {
            let quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
            if let Some(held_back) = quiet {
                warn!(component = self.component, held_back, "{error}");
            }
        }
        Ok(())
    }

    /// So many events of a span that stays were dropped.
    pub fn dropped_events(&self, events: u64) {
        if events > 0 {
            self.dropped_events.increment(events);
        }
    }
}
