//! What becomes of configurations that are read while the process runs.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge, counter, gauge};

use super::health::{Health, Trouble};

/// The events of the process's configuration.
pub struct ConfigurationEvents {
    health: Health,
    reloads: Counter,
    failures: Counter,
    is_successful: Gauge,
    succeeded_at: Gauge,
    /// The trouble that was told last.
    told: Option<String>,
}

/// Who has the trouble.
const WHO: &str = "configuration";

// === impl ConfigurationEvents ===

impl ConfigurationEvents {
    /// The configuration that the process began with runs.
    pub fn new(health: Health) -> Self {
        let events = Self {
            health,
            reloads: counter!("spanway_config_reloads", "outcome" => "succeeded"),
            failures: counter!("spanway_config_reloads", "outcome" => "failed"),
            is_successful: gauge!("spanway_config_last_reload_successful"),
            succeeded_at: gauge!("spanway_config_last_reload_success_timestamp_seconds"),
            told: None,
        };
        events.good();
        events
    }

    /// Another configuration runs from now on.
    pub fn reloaded(&mut self, why: &str) {
        self.reloads.increment(1);
        self.told = None;
        self.good();
        tracing::info!(why, "the configuration was read again, and runs");
    }

    /// What is written now is what runs already.
    pub fn unchanged(&mut self, why: &str) {
        self.told = None;
        self.good();
        tracing::info!(why, "the configuration was read again, and is the one that runs");
    }

    /// Nobody asked, and what is written is what runs.
    pub fn still_good(&mut self) {
        if self.told.take().is_some() {
            self.good();
            tracing::info!("the configuration is the one that runs again");
        }
    }

    /// What was read cannot run; what ran before goes on. Told again only when `asked`.
    pub fn kept(&mut self, why: &str, problem: &str, asked: bool) {
        if !asked && self.told.as_deref() == Some(problem) {
            return;
        }
        self.told = Some(problem.to_owned());
        self.failures.increment(1);
        self.is_successful.set(0);
        let reason = format!("the new one cannot run, the one before goes on: {problem}");
        self.health.trouble(WHO, Some(Trouble::degrades(reason)));
        tracing::error!(
            why,
            "the new configuration cannot run, the one before goes on: {problem}"
        );
    }

    fn good(&self) {
        self.health.trouble(WHO, None);
        self.is_successful.set(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.succeeded_at.set(now.as_secs_f64());
    }
}
