//! What is told about a processor: what went in, what came out, what it changed, and what it dropped by which rule.

use std::sync::{Mutex, PoisonError};

use metrics::{Counter, Gauge, counter, gauge};
use tracing::{info, warn};

use super::quiet::Quiet;

/// Why a processor keeps or drops spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As users know it: a condition, a policy.
    pub name: String,
    /// Where the spans that it drops are counted.
    pub column: Column,
}

/// The column of the pipeline's ledger that dropped spans go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Dropped by a rule.
    Filtered,
    /// Dropped by a sampling decision.
    SampledOut,
}

/// What one processor did with the spans of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Spans that it was shown.
    pub incoming: u64,
    /// Spans by the rule that kept them, where one did.
    pub kept: Vec<u64>,
    /// Spans by the rule that dropped them.
    pub dropped: Vec<u64>,
    /// Spans that it changed.
    pub edited_spans: u64,
    /// Scopes that it changed.
    pub edited_scopes: u64,
    /// Resources that it changed.
    pub edited_resources: u64,
}

/// The events of one processor in one pipeline.
#[derive(Debug)]
pub struct ProcessorEvents {
    processor: String,
    pipeline: String,
    incoming: Counter,
    outgoing: Counter,
    edited_spans: Counter,
    edited_scopes: Counter,
    edited_resources: Counter,
    /// By rule.
    dropped: Vec<Counter>,
    failed: Counter,
    quiet: Mutex<Quiet>,
}

/// The events of sampling processors.
#[derive(Debug)]
pub struct SamplerEvents {
    /// By policy: spans kept, spans dropped.
    by_policy: Vec<[Counter; 2]>,
}

/// The events of a processor that detects what its spans' resources have not said.
#[derive(Clone, Debug)]
pub struct DetectionEvents {
    processor: String,
    attributes: Gauge,
}

// === impl Tally ===

impl Tally {
    /// Nothing yet, for a processor with so many rules.
    pub fn new(rules: usize) -> Self {
        Self {
            kept: vec![0; rules],
            dropped: vec![0; rules],
            ..Self::default()
        }
    }

    /// Spans that went on to the next processor.
    pub fn outgoing(&self) -> u64 {
        self.incoming.saturating_sub(self.dropped.iter().sum())
    }

    /// Spans that rules of this column dropped.
    pub fn dropped_to(&self, column: Column, rules: &[Rule]) -> u64 {
        let by_rule = rules.iter().zip(&self.dropped);
        by_rule
            .filter(|(rule, _)| rule.column == column)
            .map(|(_, spans)| spans)
            .sum()
    }
}

// === impl ProcessorEvents ===

impl ProcessorEvents {
    /// The events of the processor with this id, which drops by these rules.
    pub fn new(processor: &str, pipeline: &str, rules: &[Rule]) -> Self {
        let (processor, pipeline) = (processor.to_owned(), pipeline.to_owned());
        let items = |name: &'static str| counter!(name, "processor" => processor.clone(), "pipeline" => pipeline.clone(), "otel_signal" => "traces");
        let dropped = rules.iter().map(|rule| {
            counter!("otelcol_processor_dropped_spans", "processor" => processor.clone(), "pipeline" => pipeline.clone(), "rule" => rule.name.clone())
        });
        Self {
            dropped: dropped.collect(),
            incoming: items("otelcol_processor_incoming_items"),
            outgoing: items("otelcol_processor_outgoing_items"),
            edited_spans: items("otelcol_processor_edited_spans"),
            edited_scopes: items("otelcol_processor_edited_scopes"),
            edited_resources: items("otelcol_processor_edited_resources"),
            failed: counter!("otelcol_processor_failed_requests", "processor" => processor.clone(), "pipeline" => pipeline.clone()),
            quiet: Mutex::default(),
            processor,
            pipeline,
        }
    }

    /// It has rejected a request, all of whose spans are lost to their client.
    pub fn failed(&self, why: &str) {
        self.failed.increment(1);
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left_out) = quiet.speak() {
            let (processor, pipeline) = (&self.processor, &self.pipeline);
            warn!(processor, pipeline, left_out, "rejected a request: {why}");
        }
    }

    /// A request that it worked on was taken.
    pub fn processed(&self, tally: &Tally) {
        add(&self.incoming, tally.incoming);
        add(&self.outgoing, tally.outgoing());
        add(&self.edited_spans, tally.edited_spans);
        add(&self.edited_scopes, tally.edited_scopes);
        add(&self.edited_resources, tally.edited_resources);
        for (counter, spans) in self.dropped.iter().zip(&tally.dropped) {
            add(counter, *spans);
        }
    }
}

/// Most counts of most requests are zero.
fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.increment(count);
    }
}

// === impl SamplerEvents ===

impl SamplerEvents {
    /// The events of a processor whose rules are these policies.
    pub fn new(policies: &[&'static str]) -> Self {
        let counter = |policy, sampled| counter!("otelcol_processor_probabilistic_sampler_count_traces_sampled", "policy" => policy, "sampled" => sampled);
        let policies = policies.iter().copied();
        Self {
            by_policy: policies
                .map(|policy| [counter(policy, "true"), counter(policy, "false")])
                .collect(),
        }
    }

    /// It has decided on the spans of a request that was taken.
    pub fn decided(&self, tally: &Tally) {
        for ([kept, dropped], spans) in self.by_policy.iter().zip(tally.kept.iter().zip(&tally.dropped)) {
            add(kept, *spans.0);
            add(dropped, *spans.1);
        }
    }
}

// === impl DetectionEvents ===

impl DetectionEvents {
    /// The events of the processor with this id.
    pub fn new(processor: &str) -> Self {
        Self {
            attributes: gauge!("otelcol_resourcedetection_attributes_detected", "processor" => processor.to_owned()),
            processor: processor.to_owned(),
        }
    }

    /// So many attributes are written to resources from now on.
    pub fn detected(&self, attributes: usize) {
        info!(processor = self.processor, attributes, "the resource is detected");
        self.attributes.set(attributes as f64);
    }

    /// A detector has come to its end, well or not.
    pub fn ended(&self, detector: &'static str, failure: Option<&str>) {
        let outcome = if failure.is_some() { "failure" } else { "success" };
        counter!("otelcol_resourcedetection_detector_results", "processor" => self.processor.clone(), "detector" => detector, "outcome" => outcome)
            .increment(1);
        if let Some(failure) = failure {
            warn!(
                processor = self.processor,
                detector, "resource detection failed: {failure}"
            );
        }
    }

    /// A detector could not find out something that is left out.
    pub fn left_out(&self, attribute: &str, why: &str) {
        warn!(processor = self.processor, attribute, "not detected: {why}");
    }
}
