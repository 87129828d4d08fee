//! What is told about OTTL statements and conditions: those that failed on a span and were passed over.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use metrics::{Counter, counter};
use tracing::warn;

use super::quiet::Quiet;

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

    /// A statement or condition failed, and what it is about goes on without it.
    pub fn passed_over(&self, error: &dyn Display) {
        self.failed.increment(1);
        let passed = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = passed {
            warn!(component = self.component, held_back, "{error}");
        }
    }

    /// The same, and the user does not want to read of it.
    pub fn passed_over_in_silence(&self) {
        self.failed.increment(1);
    }

    /// So many events of a span that stays were dropped.
    pub fn dropped_events(&self, events: u64) {
        if events > 0 {
            self.dropped_events.increment(events);
        }
    }
}
