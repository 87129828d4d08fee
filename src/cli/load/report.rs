//! What a run did: counts, latencies, and which spans were acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many partial successes are remembered one by one.
const PARTIAL_KEPT: usize = 100_000;

/// Durations counted in buckets that are at most 3 % wide, from 1 us to beyond an hour.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    max: Duration,
}

/// Numbers as a few sorted, disjoint ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

/// Counts of one run; requests are those answered to the end, refusals and failures are attempts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(super) requests_sent: u64,
    pub(super) attempts: u64,
    pub(super) bytes_answered: u64,
    pub(super) requests_acknowledged: u64,
    pub(super) spans_rejected: u64,
    pub(super) requests_given_up: u64,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) last_refusal: String,
    pub(super) failed: BTreeMap<String, u64>,
    pub(super) acknowledged: Ranges,
    pub(super) partial: Vec<(u64, u64)>,
    pub(super) latency: Histogram,
}

/// The report as it is printed. Attempts that were refused or failed and then resent count there and in the end
/// result; `requests_sent` is `requests_acknowledged` and `requests_given_up` together.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) endpoint: String,
    pub(super) protocol: &'static str,
    pub(super) compression: &'static str,
    pub(super) seed: u64,
    pub(super) spans_per_request: u64,
    pub(super) request_bytes: u64,
    pub(super) elapsed_seconds: f64,
    pub(super) requests_sent: u64,
    pub(super) requests_acknowledged: u64,
    pub(super) requests_given_up: u64,
    pub(super) attempts: u64,
    pub(super) attempts_refused: BTreeMap<String, u64>,
    pub(super) attempts_failed: BTreeMap<String, u64>,
    pub(super) last_refusal: String,
    /// Bytes of the bodies that were answered, whatever the answer.
    pub(super) bytes_answered: u64,
    pub(super) spans_sent: u64,
    pub(super) spans_acknowledged: u64,
    pub(super) spans_rejected: u64,
    pub(super) spans_per_second: f64,
    pub(super) latency_ms: Latency,
    pub(super) cpu_seconds: f64,
}

/// From a request's first attempt to its acknowledgement, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// Which spans of a run were acknowledged, as a sink can check it (`POST /missing`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AcknowledgedIds {
    /// The run's seed.
    pub(crate) seed: u64,
    /// Span numbers `[from, to)` of acknowledged requests.
    pub(crate) ranges: Vec<(u64, u64)>,
    /// Requests that were acknowledged with rejected spans: the first span's number, and how many were rejected.
    #[serde(default)]
    pub(crate) partial: Vec<(u64, u64)>,
    /// Numbers of the spans that had the poisoned name.
    #[serde(default)]
    pub(crate) poisoned: Vec<u64>,
}

// === impl Histogram ===

const STEPS: u64 = 32;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; 64 * STEPS as usize],
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, duration: Duration) {
        let bucket = bucket(duration.as_nanos() as u64 / 1_000);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.max = self.max.max(duration);
    }

    /// The duration that this share of all is not longer than; zero when there is none.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        bucket.map_or(Duration::ZERO, |bucket| {
            Duration::from_micros(upper(bucket)).min(self.max)
        })
    }

    pub(super) fn latency(&self) -> Latency {
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        Latency {
            p50: millis(self.quantile(0.5)),
            p90: millis(self.quantile(0.9)),
            p99: millis(self.quantile(0.99)),
            max: millis(self.max),
        }
    }
}

/// Below `STEPS` microseconds a bucket each; above, `STEPS` buckets for each doubling.
fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let doublings = micros.ilog2() - STEPS.ilog2();
    (u64::from(doublings) * STEPS + (micros >> doublings)) as usize
}

/// The largest number of microseconds in a bucket.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    let step = bucket % STEPS + STEPS;
    ((step + 1) << doublings) - 1
}

// === impl Ranges ===

impl Ranges {
    /// Adds `[from, to)`, which overlaps none so far, and joins it with its neighbours.
    pub(super) fn add(&mut self, from: u64, to: u64) {
        let to = self.0.remove(&to).unwrap_or(to);
        match self.0.range_mut(..from).next_back() {
            Some((_, end)) if *end == from => *end = to,
            _ => {
                self.0.insert(from, to);
            }
        }
    }

    pub(super) fn to_vec(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|(from, to)| (*from, *to)).collect()
    }
}

// === impl Tally ===

/// How many different reasons are told apart.
const REASONS: usize = 32;

/// Counts one more of this reason.
pub(super) fn count(reasons: &mut BTreeMap<String, u64>, reason: &str) {
    let reason = if reasons.len() < REASONS || reasons.contains_key(reason) {
        reason
    } else {
        "other"
    };
    *reasons.entry(reason.into()).or_default() += 1;
}

impl Tally {
    pub(super) fn acknowledge(&mut self, first: u64, spans: u64, rejected: u64, latency: Duration) {
        self.requests_acknowledged += 1;
        self.spans_rejected += rejected;
        self.acknowledged.add(first, first + spans);
        self.latency.add(latency);
        if rejected > 0 && self.partial.len() < PARTIAL_KEPT {
            self.partial.push((first, rejected));
        }
    }
}

// === impl Report ===

impl Report {
    /// The report for a person.
    pub(super) fn text(&self) -> String {
        let Latency { p50, p90, p99, max } = &self.latency_ms;
        let list = |counts: &BTreeMap<String, u64>| {
            let each: Vec<String> = counts
                .iter()
                .map(|(what, count)| format!("{count} {what}"))
                .collect();
            if each.is_empty() {
                "none".into()
            } else {
                each.join(", ")
            }
        };
        format!(
            "{} spans in {} requests ({} bytes each before compression, {}, {}) to {} in {:.2} s\n\
             acknowledged  {} spans, {:.0} a second; {} rejected; {} requests given up\n\
             refused       {}\n\
             failed        {}\n\
             latency       p50 {p50:.3} ms, p90 {p90:.3} ms, p99 {p99:.3} ms, max {max:.3} ms\n\
             answered      {} bytes; {:.2} s of CPU; seed {}\n",
            self.spans_sent,
            self.requests_sent,
            self.request_bytes,
            self.protocol,
            self.compression,
            self.endpoint,
            self.elapsed_seconds,
            self.spans_acknowledged,
            self.spans_per_second,
            self.spans_rejected,
            self.requests_given_up,
            list(&self.attempts_refused),
            list(&self.attempts_failed),
            self.bytes_answered,
            self.cpu_seconds,
            self.seed,
        )
    }
}

#[cfg(test)]
mod tests;
