//! Keeps a log line that could be written for every request from flooding the log.

use std::time::{Duration, Instant};

/// Lets ten lines pass in ten seconds and counts the others.
#[derive(Debug)]
pub struct Quiet {
    since: Instant,
    passed: u32,
    held_back: u64,
}

const WINDOW: Duration = Duration::from_secs(10);
const LINES: u32 = 10;

impl Default for Quiet {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            passed: 0,
            held_back: 0,
        }
    }
}

impl Quiet {
    /// Whether a line may be written now; then, how many were held back since the last one.
    pub fn speak(&mut self) -> Option<u64> {
        if self.since.elapsed() >= WINDOW {
            self.since = Instant::now();
            self.passed = 0;
        }
        if self.passed >= LINES {
            self.held_back += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}
