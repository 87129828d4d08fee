//! What is told about requests to the query APIs: each event's metrics and log line.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};
use tracing::{debug, warn};

use super::quiet::Quiet;

/// How long answers took.
pub const QUERY_SECONDS: &str = "spanway_query_seconds";

/// The events of one product's API.
pub struct QueryEvents {
    dialect: &'static str,
    /// By the class of their status, from 1xx on.
    answered: [Counter; 5],
    seconds: Histogram,
    quiet: Mutex<Quiet>,
}

// === impl QueryEvents ===

impl QueryEvents {
    /// The events of a product's API.
    pub fn new(dialect: &'static str) -> Self {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        Self {
            dialect,
            answered: classes
                .map(|status| counter!("spanway_query_requests", "dialect" => dialect, "status" => status)),
            seconds: histogram!(QUERY_SECONDS, "dialect" => dialect),
            quiet: Mutex::default(),
        }
    }

    /// A request was answered.
    pub fn answered(&self, path: &str, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answered.get(class) {
            counter.increment(1);
        }
        self.seconds.record(took);
        let (dialect, status) = (self.dialect, status.as_u16());
        debug!(dialect, path, status, ?took, "a query was answered");
        if status >= 500 {
            let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(left_out) = quiet.speak() {
                warn!(dialect, path, status, left_out, "a query failed");
            }
        }
    }
}
