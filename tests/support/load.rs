//! Clients: `spanway load` as a child process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::child::{Child, spanway, wait_until};

/// A run of the load generator.
pub struct Load {
    child: Child,
    directory: TempDir,
}

/// What became of its spans.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    pub elapsed_seconds: f64,
    pub requests_sent: u64,
    pub requests_acknowledged: u64,
    pub requests_given_up: u64,
    pub attempts_refused: BTreeMap<String, u64>,
    pub attempts_failed: BTreeMap<String, u64>,
    pub spans_sent: u64,
    pub spans_acknowledged: u64,
    pub spans_rejected: u64,
    pub spans_per_second: f64,
    /// The file of `--acknowledged-ids`.
    #[serde(default)]
    pub acknowledged_ids: String,
}

// === impl Load ===

impl Load {
    /// Starts one with these flags.
    pub fn start(endpoint: SocketAddr, flags: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ids");
        let mut command = spanway(["load", "--json", "--endpoint", &endpoint.to_string()]);
        command
            .arg("--acknowledged-ids")
            .arg(&file)
            .args(flags.split_whitespace());
        let child = Child::start("the load", command);
        // Told to stop before it listens, it would not hear it.
        wait_until("the load can be told to stop", || child.catches_interrupt());
        Self { child, directory }
    }

    /// Waits for its end.
    pub fn report(mut self) -> Report {
        let status = self.child.ended_within(Duration::from_secs(1800));
        assert!(status.success(), "{status}");
        let mut report: Report = serde_json::from_str(&self.child.stdout.to_end()).unwrap();
        report.acknowledged_ids = std::fs::read_to_string(self.directory.path().join("ids")).unwrap();
        report
    }

    /// Sends no more, waits for the answers that are still to come, and ends.
    pub fn stop(self) -> Report {
        self.child.signal("INT");
        self.report()
    }

    /// Starts one and waits for its end.
    pub fn run(endpoint: SocketAddr, flags: &str) -> Report {
        Self::start(endpoint, flags).report()
    }
}
