use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::{Routed, Router, Routing};
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::entrance::Entrance;
use crate::pipeline::flow::{Output, Pipeline};
use crate::pipeline::intake::{Arrival, Intake as _};
use crate::pipeline::processing::{Processing, Step};
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::verdict::{Accepted, Refused};
use crate::telemetry::connector::ConnectorEvents;
use crate::telemetry::ledger::PipelineLedger;
use crate::wire::{Decision, Editor, ResourceView, ScopeView, SpanEdit, Traces};

/// Gives spans named `a` and `b` to the first pipeline, and those named `b` to the second, too. Rejects requests with a
/// span that is named `bad`.
struct ByName;

/// Keeps spans of these names, and counts the others.
struct Only(&'static [&'static str], u64);

/// Rejects every request.
struct Never;

impl Editor for Only {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        match self.0.contains(&span.name()) {
            true => Decision::Keep,
            false => {
                self.1 += 1;
                Decision::Drop
            }
        }
    }
}

impl Router for ByName {
    fn route(&self, traces: &Traces, _: &Client) -> Result<Routed, Box<str>> {
        if traces.edit(&mut Only(&["bad"], 0)).spans() > 0 {
            return Err("a bad span".into());
        }
        let (mut first, mut second) = (Only(&["a", "b"], 0), Only(&["b"], 0));
        let parts = [traces.edit(&mut first), traces.edit(&mut second)];
        Ok(Routed {
            parts: parts
                .map(|part| Some(part).filter(|part| part.spans() > 0))
                .into(),
            unrouted: first.1,
        })
    }
}

impl Processor for Never {
    fn span(&self, _: Context<'_>, _: Above<'_>, _: &mut SpanEdit<'_>) -> Fate {
        Fate::Fail("never".into())
    }
}

fn pipeline(outputs: Vec<Output>, processor: Option<Never>) -> Arc<Pipeline> {
    let steps = processor.map(|never| Step::new("never", "traces/b", vec![Arc::new(never)]));
    Arc::new(Pipeline {
        ledger: PipelineLedger::default(),
        processing: Processing::new(steps.into_iter().collect(), Budget::new(1 << 20)).map(Arc::new),
        outputs,
    })
}

/// A pipeline, and behind it two others among which requests are divided; and the budget for that.
fn routed(second: Option<Never>, beside: Vec<Output>, budget: usize) -> ([Arc<Pipeline>; 3], Budget) {
    let budget = Budget::new(budget);
    let behind = [pipeline(Vec::new(), None), pipeline(Vec::new(), second)];
    let mut outputs = beside;
    outputs.push(Output::Router(Routing {
        connector: "by_name".into(),
        router: Arc::new(ByName),
        pipelines: behind.to_vec(),
        budget: budget.clone(),
        events: ConnectorEvents::new("by_name", "traces"),
    }));
    let [first, second] = behind;
    ([pipeline(outputs, None), first, second], budget)
}

/// What a client with spans of these names is told.
async fn sent(pipelines: &[Arc<Pipeline>; 3], budget: &Budget, names: &[&str]) -> Result<Accepted, Refused> {
    let spans = names.iter().map(|name| Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: (*name).into(),
        ..Span::default()
    });
    let scope = ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        }],
    };
    let entrance = Entrance {
        pipelines: vec![pipelines[0].clone()],
        budget: budget.clone(),
        ack_timeout: Duration::from_secs(5),
        stopping: Arc::new(AtomicBool::new(false)),
    };
    let arrival = Arrival {
        traces: Traces::check(request.encode_to_vec().into()).unwrap().traces,
        client: Client::unknown(),
        patience: None,
    };
    entrance.accept(arrival).await
}

/// By pipeline: spans accepted, filtered and handed over.
fn counted(pipelines: &[Arc<Pipeline>; 3]) -> [[u64; 3]; 3] {
    [0, 1, 2].map(|number: usize| {
        let columns = pipelines[number].ledger.columns();
        assert!(columns.balances(), "{columns:?}");
        [columns.accepted, columns.filtered, columns.handed_over]
    })
}

/// Guarantees: each pipeline gets its part, a span that goes to two counts in both, and one that goes nowhere is filtered,
/// unless the connector is not the only way out.
#[tokio::test]
async fn each_pipeline_gets_its_part() {
    let (pipelines, budget) = routed(None, Vec::new(), 1 << 20);
    let answer = sent(&pipelines, &budget, &["a", "b", "c"]).await;
    assert_eq!(answer, Ok(Accepted::default()));
    assert_eq!(counted(&pipelines), [[3, 1, 2], [2, 0, 2], [1, 0, 1]]);
    // Nothing of it is left behind by pipelines without exporters.
    assert_eq!(budget.used(), 0);
    let answer = sent(&pipelines, &budget, &["c"]).await;
    assert_eq!(answer, Ok(Accepted::default()));
    assert_eq!(counted(&pipelines), [[4, 2, 2], [2, 0, 2], [1, 0, 1]]);

    let beside = vec![Output::Pipeline(pipeline(Vec::new(), None))];
    let (pipelines, budget) = routed(None, beside, 1 << 20);
    sent(&pipelines, &budget, &["a", "c"]).await.unwrap();
    assert_eq!(counted(&pipelines), [[2, 0, 2], [1, 0, 1], [0, 0, 0]]);
}

/// Guarantees: what the connector rejects, or a processor of one of the pipelines, is taken by none of them, and the client
/// is told by whom and why.
#[tokio::test]
async fn what_is_rejected_is_taken_by_none() {
    let (pipelines, budget) = routed(None, Vec::new(), 1 << 20);
    let answer = sent(&pipelines, &budget, &["a", "bad"]).await.unwrap();
    assert_eq!(answer.rejected_spans, 2);
    assert_eq!(answer.message, "`by_name` failed: a bad span");
    assert_eq!(counted(&pipelines), [[0; 3]; 3]);

    let (pipelines, budget) = routed(Some(Never), Vec::new(), 1 << 20);
    let answer = sent(&pipelines, &budget, &["a", "b"]).await.unwrap();
    assert_eq!(answer.rejected_spans, 2);
    assert_eq!(answer.message, "`never` failed: never");
    assert_eq!(counted(&pipelines), [[0; 3]; 3]);
}

/// Guarantees: copies are paid for: where there is no room for them, the request is not taken.
#[tokio::test]
async fn copies_need_room() {
    let (pipelines, budget) = routed(None, Vec::new(), 64);
    let answer = sent(&pipelines, &budget, &["a", "b", "c"]).await.unwrap();
    assert_eq!(answer.rejected_spans, 3);
    assert_eq!(counted(&pipelines), [[0; 3]; 3]);
    // All of it, as it came, is no copy.
    sent(&pipelines, &budget, &["a", "a", "a"]).await.unwrap();
    assert_eq!(counted(&pipelines)[1], [3, 0, 3]);
}
