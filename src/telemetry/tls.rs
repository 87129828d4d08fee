//! What happens to certificates.

use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, counter, gauge};

/// The events of the certificates of one component.
#[derive(Clone, Debug)]
pub struct TlsEvents {
    component: String,
    renewed: Counter,
    failed: Counter,
    outdated: Gauge,
    ends: Gauge,
    /// The trouble that was told last, so that it is told once.
    told: Arc<Mutex<String>>,
}

// === impl TlsEvents ===

impl TlsEvents {
    /// The events of `component`, such as `receiver otlp/grpc`.
    pub fn new(component: &str) -> Self {
        let label = || ("component", component.to_owned());
        Self {
            component: component.to_owned(),
            renewed: counter!("spanway_tls_reloads", &[label()]),
            failed: counter!("spanway_tls_reload_failures", &[label()]),
            outdated: gauge!("spanway_tls_reload_failing", &[label()]),
            ends: gauge!("spanway_tls_certificate_expiry_timestamp_seconds", &[label()]),
            told: Arc::default(),
        }
    }

    /// Files were read for the first time; the certificate `ends` then, in seconds since 1970.
    pub fn read(&self, ends: Option<u64>) {
        self.outdated.set(0.0);
        self.ends(ends);
    }

    /// Files were looked at and are what they were.
    pub fn unchanged(&self) {
        self.outdated.set(0.0);
        self.tell("");
    }

    /// Files have changed, and what they hold is used from now on.
    pub fn renewed(&self, ends: Option<u64>) {
        self.renewed.increment(1);
        self.outdated.set(0.0);
        self.ends(ends);
        self.tell("");
        tracing::info!(component = self.component, "certificates were read again");
    }

    /// Files have changed, and cannot be used.
    pub fn not_renewed(&self, why: &str) {
        self.failed.increment(1);
        self.outdated.set(1.0);
        if self.tell(why) {
            let component = &self.component;
            tracing::warn!(
                component,
                "certificates that changed cannot be used, those read before go on: {why}"
            );
        }
    }

    /// Whether this is news.
    fn tell(&self, why: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *told != why;
        if is_news {
            why.clone_into(&mut told);
        }
        is_news
    }

    fn ends(&self, ends: Option<u64>) {
        if let Some(ends) = ends {
            self.ends.set(ends as f64);
        }
    }
}
