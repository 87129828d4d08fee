//! A store without threads, and what it should hold.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use crate::query::model::FoundSpan;
use crate::store::core::Core;
use crate::store::events::{Event, Observer};
use crate::store::settings::{SegmentSettings, Settings, Unbounded};
use crate::store::wal::{self, Appended};
use crate::store::{Tombstone, View};
use crate::wire::{Identity, Index, Traces};

/// What a store should hold.
#[derive(Clone, Default)]
pub struct Model {
    /// By insertion number.
    pub rows: BTreeMap<u64, (String, Bytes)>,
    /// The number of what is there with this content.
    known: HashMap<(String, Bytes), u64>,
    pub next: u64,
}

/// Keeps what it is told, as text.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

struct Tell(mpsc::Sender<Result<(), String>>);

impl Appended for Tell {
    fn done(self: Box<Self>, result: Result<(), String>) {
        self.0.send(result).unwrap();
    }
}

impl Observer for Log {
    fn tell(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

impl Log {
    /// Whether something was told that begins so.
    pub fn has(&self, start: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.starts_with(start))
    }
}

pub fn settings(directory: &Path) -> Settings {
    Settings {
        fsync: false,
        segment: SegmentSettings {
            max_spans: 40,
            ..SegmentSettings::default()
        },
        ..Settings::new(directory)
    }
}

/// Opens a store and replays its journal, sealing what does not fit into the head.
pub fn open(directory: &Path) -> (Arc<Core>, Arc<Log>) {
    let log = Arc::new(Log::default());
    let core = Core::open(settings(directory), log.clone(), Arc::new(Unbounded));
    let core = Arc::new(core.unwrap_or_else(|error| panic!("{error}")));
    std::thread::scope(|scope| {
        let replay = scope.spawn(|| wal::replay(&core).unwrap());
        while !replay.is_finished() {
            seal(&core);
            std::thread::yield_now();
        }
    });
    (core, log)
}

/// Seals what is closed.
pub fn seal(core: &Core) {
    loop {
        let closed = core.work().closed.front().cloned();
        let Some(closed) = closed else { return };
        core.seal(&closed).unwrap();
        core.work().closed.pop_front();
    }
}

pub fn span(trace: u8, id: u8, start: u64, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        start_time_unix_nano: start,
        name: name.into(),
        ..Span::default()
    }
}

pub fn request(spans: Vec<Span>) -> Traces {
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

/// Appends and waits until it is acknowledged.
pub fn append(core: &Arc<Core>, project: Option<&str>, traces: &Traces) -> Result<(), String> {
    let (sender, told) = mpsc::channel();
    wal::append(core, project, traces, None, Box::new(Tell(sender)));
    told.recv().unwrap()
}

/// Everything that a reader finds, in the order of numbers.
pub fn all(view: &View) -> Vec<FoundSpan> {
    let parts = view.parts().iter().flat_map(|part| part.rows());
    let mut found: Vec<FoundSpan> = parts.map(|row| row.found()).collect();
    for segment in view.segments() {
        for block in 0..segment.blocks() {
            let rows: Vec<u32> = (0..segment.rows(block) as u32).collect();
            found.extend(segment.spans(block, &rows).unwrap());
        }
    }
    found.retain(|span| !view.is_deleted(span.number, &span.project, &Identity::of(&span.span)));
    found.sort_by_key(|span| span.number);
    found
}

impl Model {
    pub fn append(&mut self, project: Option<&str>, traces: &Traces) {
        let project = project.unwrap_or("default").to_owned();
        for group in Index::of(traces).groups() {
            for span in group.spans() {
                let content = (project.clone(), span);
                if !self.known.contains_key(&content) {
                    self.known.insert(content.clone(), self.next);
                    self.rows.insert(self.next, content);
                }
                self.next += 1;
            }
        }
    }

    pub fn delete(&mut self, tombstone: &Tombstone) {
        let tombstone = Tombstone {
            before: self.next,
            ..tombstone.clone()
        };
        let covers = |number: u64, (project, span): &(String, Bytes)| {
            tombstone.covers(number, project, &Identity::of(span))
        };
        self.rows.retain(|number, content| !covers(*number, content));
        self.known.retain(|content, number| !covers(*number, content));
    }

    /// The store shows what it should, every span once and under its number.
    pub fn check(&self, core: &Core, when: &str) {
        let view = core.visible.view();
        let found = all(&view).into_iter();
        let found: Vec<_> = found
            .map(|span| (span.number, (span.project.to_string(), span.span)))
            .collect();
        let expected: Vec<_> = self.rows.clone().into_iter().collect();
        let numbers = |rows: &[(u64, (String, Bytes))]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
        assert_eq!(numbers(&found), numbers(&expected), "{when}");
        assert!(found == expected, "{when}: other content");
        assert_eq!(view.next_number(), self.next, "{when}");
    }
}
