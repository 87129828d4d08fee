use std::time::Duration;

use foldhash::quality::RandomState;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::query::model::FoundSpan;
use crate::store::Unbounded;
use crate::wire::Traces;

fn span(trace: u8, id: u8, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        name: name.into(),
        start_time_unix_nano: u64::from(id) * 10,
        end_time_unix_nano: u64::from(id),
        ..Span::default()
    }
}

fn request(scope: &str, spans: Vec<Span>) -> Traces {
    let scope = InstrumentationScope {
        name: scope.into(),
        ..InstrumentationScope::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

// === impl PartView, for tests ===

impl PartView {
    /// A part with these spans, as it is seen before another comes.
    pub fn of(spans: &[FoundSpan]) -> Self {
        let rows = spans.iter().map(|span| Row {
            number: span.number,
            identity: Identity::of(&span.span),
            above: Arc::new(Above {
                project: span.project.clone(),
                resource: span.resource.clone(),
                scope: span.scope.clone(),
            }),
            span: span.span.clone(),
            previous: None,
        });
        let mut rows: Vec<Row> = rows.collect();
        let next = rows.last().map_or(0, |row| row.number + 1);
        let mut writer = Writer::new(0, Arc::new(Unbounded));
        writer.add(rows.drain(..), next);
        let view = writer.part.view();
        writer.add(spans.last().map(|_| another(next)).into_iter(), next + 1);
        view
    }
}

fn another(number: u64) -> Row {
    let body = Bytes::from(span(9, 9, "another").encode_to_vec());
    Row {
        number,
        identity: Identity::of(&body),
        above: Arc::new(Above {
            project: "another".into(),
            resource: Bytes::new(),
            scope: Bytes::new(),
        }),
        span: body,
        previous: None,
    }
}

struct Bench {
    head: Head,
    key: RandomState,
    seq: u64,
}

impl Bench {
    fn new(settings: SegmentSettings) -> Self {
        Self {
            head: Head::new(settings, Arc::new(Unbounded), 100),
            key: RandomState::default(),
            seq: 0,
        }
    }

    fn enter(&mut self, project: Option<&str>, traces: &Traces) -> usize {
        self.enter_with(project, traces, &|_, _, _| false)
    }

    fn enter_with(&mut self, project: Option<&str>, traces: &Traces, is_deleted: IsDeleted<'_>) -> usize {
        let record = Recorded {
            seq: self.seq,
            size: traces.bytes().len() as u64,
            spans: traces.spans() as u32,
        };
        self.seq += 1;
        let batch = Batch::of(project, traces, &self.key);
        self.head.enter(record, batch, is_deleted)
    }

    fn view(&self) -> PartView {
        self.head.part().view()
    }
}

/// Guarantees: a row has what was sent, header bytes included, and numbers count duplicates.
#[test]
fn rows_are_what_was_sent() {
    let mut bench = Bench::new(SegmentSettings::default());
    let spans = vec![span(1, 1, "a"), span(1, 2, "b"), span(1, 1, "a")];
    assert_eq!(bench.enter(None, &request("scope", spans.clone())), 1);
    assert_eq!(
        bench.enter(Some("mine"), &request("scope", spans[..1].to_vec())),
        0
    );
    let view = bench.view();
    let rows: Vec<&Row> = view.rows().collect();
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [100, 101, 103]);
    let projects: Vec<&str> = rows.iter().map(|row| &*row.above.project).collect();
    assert_eq!(projects, ["default", "default", "mine"]);
    assert_eq!(Span::decode(rows[1].span.clone()).unwrap(), spans[1]);
    let above = ScopeSpans::decode(rows[1].above.scope.clone()).unwrap();
    assert_eq!(above.scope.unwrap().name, "scope");
    assert!(above.spans.is_empty());
    assert_eq!(rows[1].identity.duration(), -18);
    assert_eq!(view.starts(), Some((10, 20)));
}

/// Guarantees: what differs in project, scope or content is no duplicate; what is equal is one, in closed parts as well.
#[test]
fn only_equal_spans_are_duplicates() {
    let mut bench = Bench::new(SegmentSettings::default());
    let first = request("scope", vec![span(1, 1, "a")]);
    assert_eq!(bench.enter(None, &first), 0);
    assert_eq!(bench.enter(None, &request("other", vec![span(1, 1, "a")])), 0);
    assert_eq!(bench.enter(None, &request("scope", vec![span(1, 1, "b")])), 0);
    assert_eq!(bench.enter(Some("other"), &first), 0);
    assert_eq!(bench.enter(Some("default"), &first), 1);
    let closed = bench.head.close_part().unwrap();
    assert_eq!((closed.end, closed.next_number), (5, 105));
    assert_eq!(bench.enter(None, &first), 1);
    bench.head.forget(&closed.part);
    assert_eq!(bench.enter(None, &first), 0);
}

/// Guarantees: a span that was deleted and comes again is kept, once.
#[test]
fn deleted_spans_come_again() {
    let mut bench = Bench::new(SegmentSettings::default());
    let first = request("scope", vec![span(1, 1, "a")]);
    assert_eq!(bench.enter(None, &first), 0);
    let deleted = |number: u64, _: &str, _: &Identity| number < 101;
    assert_eq!(bench.enter_with(None, &first, &deleted), 0);
    assert_eq!(bench.enter_with(None, &first, &deleted), 1);
}

/// Guarantees: a few new spans of a large request do not keep all of its bytes.
#[test]
fn small_remains_are_copied() {
    let mut bench = Bench::new(SegmentSettings::default());
    let old: Vec<Span> = (0..100).map(|id| span(1, id, "an old span")).collect();
    bench.enter(None, &request("scope", old.clone()));
    let mixed = request("scope", [old, vec![span(1, 200, "a new span")]].concat());
    assert_eq!(bench.enter(None, &mixed), 100);
    let view = bench.view();
    let within = |bytes: &Bytes| mixed.bytes().as_ptr_range().contains(&bytes.as_ptr());
    assert!(!within(&view.row(100).unwrap().span));
    let whole = request("other", vec![span(1, 1, "a span"), span(1, 2, "a span")]);
    bench.enter(None, &whole);
    let shared = whole.bytes().as_ptr_range();
    assert!(shared.contains(&bench.view().row(101).unwrap().span.as_ptr()));
}

/// Guarantees: a part is closed at its rows, at its bytes, and never while it holds nothing.
#[test]
fn parts_are_closed_in_time() {
    let settings = SegmentSettings {
        max_spans: 3,
        max_bytes: 1 << 20,
        max_age: Duration::from_secs(60),
    };
    let mut bench = Bench::new(settings);
    let later = Instant::now() + Duration::from_secs(61);
    assert!(!bench.head.is_due(later));
    assert!(bench.head.close_part().is_none());
    bench.enter(None, &request("scope", vec![span(1, 1, "a"), span(1, 2, "b")]));
    assert!(!bench.head.is_due(Instant::now()));
    assert!(bench.head.is_due(later));
    bench.enter(None, &request("scope", vec![span(1, 3, "c")]));
    assert!(bench.head.is_due(Instant::now()));
    bench.head.close_part().unwrap();
    let long = "x".repeat(1 << 20);
    bench.enter(None, &request("scope", vec![span(1, 4, &long)]));
    assert!(bench.head.is_due(Instant::now()));
    assert!(!bench.head.is_full());
    bench.enter(
        None,
        &request("scope", (0..6).map(|id| span(2, id, "full")).collect()),
    );
    assert!(bench.head.is_full());
}

/// Guarantees: a stretch is counted once it is complete, once for all views, and its summary is paid for.
#[test]
fn stretches_are_counted_once() {
    let mut bench = Bench::new(SegmentSettings::default());
    let spans = |ids: std::ops::Range<u8>| ids.map(|id| span(1, id, "a")).collect();
    bench.enter(None, &request("scope", spans(0..12)));
    let view = bench.view();
    bench.enter(Some("mine"), &request("scope", spans(12..20)));
    let (before, later) = (bench.head.bytes(), bench.view());
    let summaries = |view: &PartView| view.stretches().filter_map(Stretch::summary).count();
    assert!(view.stretches().all(|stretch| stretch.known_summary().is_none()));
    assert_eq!(summaries(&view), 1);
    let known = view.stretches().next().unwrap().known_summary().unwrap();
    assert_eq!(
        (known.rows, known.min_number, known.max_number, known.max_start),
        (8, 100, 107, 70)
    );
    let once = bench.head.bytes();
    assert!(once > before);
    assert_eq!(summaries(&later), 2);
    assert!(bench.head.bytes() > once);
    let counted = later.stretches().nth(1).unwrap().known_summary().unwrap();
    let projects: Vec<_> = counted
        .projects
        .iter()
        .map(|(name, spans)| (&**name, *spans))
        .collect();
    assert_eq!(projects, [("default", 4), ("mine", 4)]);
    // The second was not complete in the first view.
    assert!(view.stretches().nth(1).unwrap().known_summary().is_none());
}

/// Guarantees: what is too much to list is not kept, nor tried again.
#[test]
fn summaries_are_bounded() {
    let mut bench = Bench::new(SegmentSettings::default());
    let name = |id: u8| id.to_string().repeat(50_000);
    let spans: Vec<Span> = (10..18).map(|id| span(1, id, &name(id))).collect();
    bench.enter(None, &request("scope", spans));
    let (view, before) = (bench.view(), bench.head.bytes());
    let stretch = view.stretches().next().unwrap();
    assert!(stretch.is_uncounted());
    assert!(stretch.summary().is_none());
    assert!(!stretch.is_uncounted());
    assert_eq!(bench.head.bytes(), before);
}

proptest! {
    /// Guarantees: a view shows whole requests, never changes, and finds the rows of each trace, newest first, whatever
    /// came after it was taken.
    #[test]
    fn views_stay_as_they_are(requests in prop::collection::vec(prop::collection::vec((0u8..4, 0u8..250), 1..1500), 1..8)) {
        let mut bench = Bench::new(SegmentSettings::default());
        let mut views = Vec::new();
        for (at, spans) in requests.iter().enumerate() {
            let spans = spans.iter().map(|(trace, id)| span(*trace, *id, &at.to_string()));
            bench.enter(None, &request("scope", spans.collect()));
            let view = bench.view();
            let numbers: Vec<u64> = view.rows().map(|row| row.number).collect();
            views.push((view, numbers));
        }
        for (view, numbers) in views {
            prop_assert_eq!(view.len(), numbers.len());
            let now: Vec<u64> = view.rows().map(|row| row.number).collect();
            prop_assert_eq!(&now, &numbers);
            for trace in 0..4 {
                let found: Vec<u64> = view.rows_of_trace(&[trace; 16]).map(|row| row.number).collect();
                let scan = view.rows().rev().filter(|row| row.identity.trace_id == [trace; 16]);
                prop_assert_eq!(found, scan.map(|row| row.number).collect::<Vec<_>>());
            }
        }
    }
}
