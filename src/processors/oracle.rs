//! What must hold for any request behind any processors, for fuzzing and for tests.

#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use bytes::Bytes;

use crate::config::diagnostic::Diagnostics;
use crate::config::id::ComponentId;
use crate::config::node::Node;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Processed, Processing, Step, Witness};
use crate::pipeline::processor::{Fate, Processor, Subject};
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::Tally;
use crate::wire::{Index, Traces, json};

/// A pipeline that requests run through.
struct Pipeline {
    processing: Processing,
    processors: Vec<(ComponentId, Parts)>,
}

/// The parts of a processor.
type Parts = Vec<Arc<dyn Processor>>;

/// What becomes of the spans at one processor.
#[derive(Default)]
struct Notes {
    fates: Vec<Fate>,
    /// By span that goes on: its bytes, where the processor has not changed it.
    left: Vec<Option<Vec<u8>>>,
}

static PIPELINES: LazyLock<Vec<Pipeline>> = LazyLock::new(|| {
    let mut diagnostics = Diagnostics::default();
    let source = Source::new("pipelines.yaml", include_str!("oracle/pipelines.yaml"));
    let root = parse(&source, &mut diagnostics);
    let Some(pipelines) = root.as_ref().and_then(Node::map) else {
        panic!("{}", diagnostics.render())
    };
    pipelines.iter().map(|(_, node)| Pipeline::of(node)).collect()
});

/// Runs a request, as protobuf or as JSON, through the pipeline that the first byte chooses: what comes out is sound and
/// is what was counted, the same each time and by one processor after the other; and what none changes keeps its bytes.
///
/// # Panics
/// When something of this does not hold.
pub fn processors(input: &[u8]) {
    let Some((choice, request)) = input.split_first() else {
        return;
    };
    let request = json::to_protobuf(request).map_or_else(|_| Bytes::copy_from_slice(request), Bytes::from);
    let pipeline = PIPELINES.get(usize::from(*choice) % PIPELINES.len());
    if let (Some(pipeline), Ok(checked)) = (pipeline, Traces::check(request)) {
        pipeline.judge(&checked.traces);
    }
}

// === impl Pipeline ===

impl Pipeline {
    /// The processors in a map of their settings.
    fn of(node: &Node) -> Self {
        let settings = node.map().into_iter().flat_map(|map| map.iter());
        let processors: Vec<_> = settings.map(|(id, settings)| built(id, settings)).collect();
        let processing = Processing::new(steps(&processors), Budget::new(usize::MAX));
        let Some(processing) = processing else {
            panic!("a pipeline without processors")
        };
        Self {
            processing,
            processors,
        }
    }

    fn judge(&self, traces: &Traces) {
        let client = client();
        let left = self.run(traces, &client);
        let checked = Traces::check(left.traces.bytes().clone());
        assert_eq!(
            checked.map(|checked| (checked.traces, checked.rejected)),
            Ok((left.traces.clone(), 0))
        );
        let mut incoming = traces.spans() as u64;
        for tally in &left.tallies {
            assert_eq!(tally.incoming, incoming);
            incoming -= tally.dropped.iter().sum::<u64>();
        }
        assert_eq!(incoming, left.traces.spans() as u64);

        let again = self.run(traces, &client);
        assert_eq!((&again.traces, &again.tallies), (&left.traces, &left.tallies));

        let mut alone = traces.clone();
        for (step, together) in steps(&self.processors).iter().zip(&left.tallies) {
            let mut notes = Notes::default();
            let left = step.watched(&alone, &client, &mut notes);
            let left = left.unwrap_or_else(|reason| panic!("{reason}"));
            let tally = left.tallies.first().cloned().unwrap_or_default();
            assert_eq!(of_spans(&tally), of_spans(together));
            assert_eq!(notes.fates.len(), alone.spans());
            for (rule, spans) in together.dropped.iter().enumerate() {
                let is_it = |fate: &&Fate| **fate == Fate::DropBy(rule);
                assert_eq!(notes.fates.iter().filter(is_it).count() as u64, *spans);
            }
            notes.judge(&left.traces, together.edited_spans);
            alone = left.traces;
        }
        assert_eq!(alone, left.traces);
    }

    fn run(&self, traces: &Traces, client: &Client) -> Processed {
        self.processing
            .run(traces, client)
            .unwrap_or_else(|overgrown| panic!("{overgrown:?}"))
    }
}

fn built(id: &str, settings: &Node) -> (ComponentId, Parts) {
    let id: ComponentId = id.parse().unwrap_or_else(|error| panic!("{error}"));
    let table = super::table();
    let factory = table.iter().find(|factory| factory.answers_to(&id.type_name));
    match factory.map(|factory| factory.build(settings, &id, &())) {
        Some(Ok(Stage::Sees(parts))) => (id, parts),
        Some(Err(error)) => panic!("{id}: {error}"),
        _ => panic!("{id} does not look into spans"),
    }
}

fn steps(processors: &[(ComponentId, Parts)]) -> Vec<Step> {
    let processors = processors.iter();
    processors
        .map(|(id, parts)| Step::new(&id.to_string(), "traces", parts.clone()))
        .collect()
}

/// What a tally says of spans. Alone, a processor does not see the resources whose spans another has dropped all.
fn of_spans(tally: &Tally) -> (u64, &[u64], &[u64], u64) {
    (tally.incoming, &tally.kept, &tally.dropped, tally.edited_spans)
}

/// One of whom something is known.
fn client() -> Client {
    Client {
        address: Some(([127, 0, 0, 1], 4317).into()),
        metadata: vec![("x-tenant".into(), vec!["one".into(), "two".into()])],
        project: None,
        identity: None,
    }
}

// === impl Notes ===

impl Notes {
    /// What goes on has the spans that were seen to stay, and their bytes where they are unchanged.
    fn judge(&self, traces: &Traces, edited: u64) {
        let changed = self.left.iter().filter(|unchanged| unchanged.is_none());
        assert_eq!(changed.count() as u64, edited);
        assert_eq!(self.left.len(), traces.spans());
        for (unchanged, there) in self.left.iter().zip(Index::of(traces).spans()) {
            if let Some(bytes) = unchanged {
                assert_eq!(bytes, there.span.bytes());
            }
        }
    }
}

impl Witness for Notes {
    /// None of the processors has several.
    fn pass(&mut self) {
        assert!(self.fates.is_empty());
    }

    fn comes(&mut self, _: Subject<'_, '_>) {}

    fn did(&mut self, _: &str, _: Subject<'_, '_>) {}

    fn leaves(&mut self, subject: Subject<'_, '_>, fate: Fate, stays: bool) {
        if let Subject::Span(span) = subject {
            self.fates.push(fate);
            if stays {
                let unchanged = (!span.is_changed()).then(|| span.before().bytes().to_owned());
                self.left.push(unchanged);
            }
        }
    }
}
