//! What is told about a test, as data. Its JSON is what `--format json` prints, so that its keys stay as they are.

use serde::Serialize;

use super::changes::Change;
use crate::telemetry::processor::Column;

/// What became of the spans.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The pipeline's name.
    pub pipeline: String,
    /// How many requests were read.
    pub requests: usize,
    /// The processors, in their order.
    pub processors: Vec<Processor>,
    /// All of them together.
    pub total: Counts,
    /// What was expected, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
}

/// What one processor did.
#[derive(Debug, Serialize)]
pub struct Processor {
    /// Its name.
    pub id: String,
    /// Whether it looks into spans; if not, all of them pass it as they are.
    pub sees_spans: bool,
    /// Spans, in numbers.
    #[serde(flatten)]
    pub counts: Counts,
    /// Resources that it changed or dropped.
    pub resources: Vec<Seen>,
    /// Scopes that it changed or dropped.
    pub scopes: Vec<Seen>,
    /// Every span that reached it.
    pub spans: Vec<Seen>,
}

/// Spans, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Spans that went in.
    pub spans_in: usize,
    /// Spans that came out.
    pub spans_out: usize,
    /// Spans that came out changed.
    pub changed: usize,
    /// Spans that did not come out, by rule.
    pub dropped: Vec<Dropped>,
}

/// Spans that one rule of a processor dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The processor.
    pub processor: String,
    /// Its rule.
    pub rule: String,
    /// How they are counted.
    pub state: State,
    /// How many.
    pub spans: usize,
}

/// The ledger's column for dropped spans: `spanway_pipeline_spans{state}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Dropped by a rule.
    Filtered,
    /// Dropped by a sampling decision.
    SampledOut,
}

/// A resource, scope or span that a processor saw.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// The request's number, from 1 on.
    pub request: usize,
    /// Which one of it.
    #[serde(flatten)]
    pub what: What,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// What was changed of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What each statement changed, one after the other, where the processor has statements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<Statement>,
}

/// What one statement of a processor changed.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// The statement as its user wrote it; nothing where something else of the processor made the changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// From what the statement before left to what this one did.
    pub changes: Vec<Change>,
}

/// How a part of a request is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum What {
    /// A resource.
    Resource {
        /// Its number in the request that the processor saw, from 1 on.
        resource: usize,
        /// Its service.
        #[serde(skip_serializing_if = "Option::is_none")]
        service_name: Option<String>,
    },
    /// A scope.
    Scope {
        /// The number of its resource.
        resource: usize,
        /// Its number in the resource, from 1 on.
        scope: usize,
        /// What it is called.
        name: String,
    },
    /// A span.
    Span {
        /// What it is called when it arrives.
        name: String,
        /// 32 hexadecimal digits.
        trace_id: String,
        /// 16 hexadecimal digits.
        span_id: String,
    },
}

/// What became of a part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It goes on as it came.
    Unchanged {
        /// The rule that kept it, where one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
    },
    /// It goes on changed.
    Changed {
        /// The rule that kept it, where one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
    },
    /// It is gone.
    Dropped {
        /// The rule that dropped it.
        rule: String,
        /// How its spans are counted.
        state: State,
    },
}

/// How what came out compares with what was expected.
#[derive(Debug, Serialize)]
pub struct Expectation {
    /// The file.
    pub file: String,
    /// Whether both are the same.
    pub is_met: bool,
    /// Whether order counts.
    pub is_exact: bool,
    /// Every difference.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// What it is about; nothing where it is about a request as a whole.
    #[serde(flatten)]
    pub what: Option<What>,
    /// What is wrong.
    pub difference: Kind,
    /// Where it went, when it is missing because a processor dropped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// `from` is what was expected, `to` what came out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What is wrong with a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Expected, and it did not come out.
    Missing,
    /// It came out, and nobody expected it.
    Unexpected,
    /// It came out, with other content.
    Different,
    /// All spans are as expected; their order, or what is around them, is not.
    Order,
}

// === impl Report ===

impl Report {
    /// As one JSON document.
    pub fn json(&self) -> Result<String, String> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// Who dropped the span, by which rule.
    pub fn dropped(&self, span: &What) -> Option<Dropped> {
        self.processors.iter().find_map(|processor| {
            let seen = processor.spans.iter().filter(|seen| seen.what.is_same_span(span));
            seen.filter_map(|seen| match &seen.fate {
                Fate::Dropped { rule, state } => Some(Dropped {
                    processor: processor.id.clone(),
                    rule: rule.clone(),
                    state: *state,
                    spans: 1,
                }),
                _ => None,
            })
            .next()
        })
    }
}

// === impl What ===

impl What {
    /// Whether both are spans with the same ids.
    fn is_same_span(&self, other: &Self) -> bool {
        let (
            Self::Span {
                trace_id, span_id, ..
            },
            Self::Span {
                trace_id: other_trace,
                span_id: other_span,
                ..
            },
        ) = (self, other)
        else {
            return false;
        };
        (trace_id, span_id) == (other_trace, other_span)
    }
}

// === impl State ===

impl From<Column> for State {
    fn from(column: Column) -> Self {
        match column {
            Column::Filtered => Self::Filtered,
            Column::SampledOut => Self::SampledOut,
        }
    }
}
