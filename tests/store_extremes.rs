//! The span store with spans that nobody expects: very many of a kind, very large, of other times, sent again.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rand::RngExt;
use spanway::query::model::{
    Begin, Comparison, Field, Filter, Find, FindKeys, Found, FoundKey, FoundSpan, How, KeyPlace, Page,
    Scalar, Select, SpanOrderBy, Test, TextOp, TextTest, TraceId,
};
use tempfile::TempDir;

use support::child::wait_until;
use support::otlp::request_of;
use support::spanway::{Plan, Spanway};
use support::store::{Asked, plan, post};

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// A store of a gateway that may be started anew.
struct House {
    _home: TempDir,
    directory: PathBuf,
    plan: Plan,
}

// === impl House ===

impl House {
    fn new(settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("spans");
        Self {
            plan: plan(&directory, settings),
            directory,
            _home: home,
        }
    }

    fn asked(&self) -> Asked<'_> {
        Asked(&self.directory)
    }

    /// Sees the same with the spans in memory, in files, and after a `kill -9`.
    fn everywhere(&self, mut gateway: Spanway, spans: u64, look: impl Fn(&str)) -> Spanway {
        look("at once");
        in_files(&gateway, spans);
        look("in files");
        gateway.child.kill();
        let gateway = self.plan.start();
        self.ready(spans);
        look("after a restart");
        gateway
    }

    fn ready(&self, spans: u64) {
        wait_until("the store is ready", || self.asked().spans() == spans);
    }
}

/// Waits until so many spans are in files, and none in memory alone.
fn in_files(gateway: &Spanway, spans: u64) {
    wait_until("the spans are in files", || {
        let scrape = gateway.scrape();
        scrape.sum("spanway_store_spans", "") == spans && scrape.sum("spanway_store_head_spans", "") == 0
    });
}

fn send(gateway: &Spanway, spans: Vec<Span>) {
    post(gateway.http, &request_of(spans).encode_to_vec());
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

/// A span of a trace, with a start.
fn span(trace: u8, id: u64, start: u64) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: id.to_be_bytes().to_vec(),
        name: format!("span {id}"),
        start_time_unix_nano: start,
        end_time_unix_nano: start.saturating_add(1000),
        ..Span::default()
    }
}

fn text(key: String, text: String) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Any::StringValue(text)),
    });
    KeyValue {
        key,
        value,
        ..KeyValue::default()
    }
}

/// Text that does not compress to much less than three quarters.
fn noise(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(rng.random_range(b'0'..b'p')))
        .collect()
}

/// Spans that pass a test of a field.
fn those(field: Field, test: Test) -> Select {
    let missing = false;
    Select {
        filter: Filter::Field { field, test, missing },
        ..Select::default()
    }
}

fn ids(spans: &[FoundSpan]) -> Vec<u64> {
    let id = |found: &FoundSpan| u64::from_be_bytes(found.span().span_id().try_into().unwrap());
    spans.iter().map(id).collect()
}

/// Guarantees: a trace of 100,000 spans is found whole; its pages, walked to the end, hold each span once and in order, in
/// memory and in files.
#[test]
fn a_trace_of_a_hundred_thousand_spans() {
    const SPANS: u64 = 100_000;
    let house = House::new("segment: {max_spans: 40000}");
    let gateway = house.plan.start();
    for part in 0..20 {
        let ids = part * SPANS / 20..(part + 1) * SPANS / 20;
        // Each start once, in no order.
        send(
            &gateway,
            ids.map(|id| span(7, id, HOUR + id * 7919 % SPANS)).collect(),
        );
    }
    wait_until("most of them are in files", || {
        gateway.scrape().sum("spanway_store_spans", "") >= 80_000
    });
    let trace = TraceId([7; 16]);
    let mut starts = Vec::new();
    let mut page = Page::first(7_000);
    loop {
        let found = house.asked().page_of_trace(trace, page);
        assert_eq!(found.total, SPANS);
        starts.extend(found.hits.iter().map(|hit| hit.span.start()));
        let (Some(_), Some(last)) = (found.next, found.last) else {
            break;
        };
        page = Page {
            limit: 7_000,
            begin: Begin::After(last),
        };
    }
    let in_order = starts.iter().copied().eq(HOUR..HOUR + SPANS);
    assert!(in_order, "{} spans, or in another order", starts.len());
    let whole: BTreeSet<u64> = ids(&house.asked().trace(trace)).into_iter().collect();
    assert!(whole.into_iter().eq(0..SPANS));
}

/// Guarantees: of 100,000 distinct attribute keys each is counted, and a span is found by the value of any, in memory, in a
/// file and after a restart.
#[test]
fn a_hundred_thousand_keys() {
    let house = House::new("segment: {max_age: 1s}");
    let gateway = house.plan.start();
    let spans = (0..1000).map(|id| {
        let own = (id * 100..(id + 1) * 100).map(|key| text(format!("key.{key}"), format!("value {key}")));
        Span {
            attributes: std::iter::once(text("common".into(), "yes".into()))
                .chain(own)
                .collect(),
            ..span(id as u8, id, HOUR + id)
        }
    });
    send(&gateway, spans.collect());
    house.everywhere(gateway, 1000, |when| {
        let find = FindKeys {
            of: KeyPlace::Span,
            search: None,
            offset: 0,
            limit: 200_000,
        };
        let found = match house.asked().ask(Find::Keys(find)).unwrap().found {
            Found::Keys(found) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!((found.total, found.keys.len()), (100_001, 100_001), "{when}");
        let common = FoundKey {
            key: "common".into(),
            spans: 1000,
        };
        assert_eq!(found.keys[0], common, "{when}");
        assert!(found.keys[1..].iter().all(|key| key.spans == 1), "{when}");
        for key in [0, 12_345, 16_384, 99_999] {
            let value = Test::Equals(vec![Scalar::String(format!("value {key}"))]);
            let select = those(Field::Attribute(format!("key.{key}")), value);
            let found = house.asked().select(select, SpanOrderBy::Start);
            assert_eq!(ids(&found.spans), [key / 100], "{when}: key {key}");
        }
    });
}

/// Guarantees: attributes of a megabyte in many spans come back as they were, can be searched, and never take more memory
/// than 512 MiB.
#[test]
fn attributes_of_a_megabyte() {
    const SPANS: u64 = 160;
    let house = House::new("segment: {max_bytes_mib: 32, max_age: 1s}");
    let gateway = house.plan.start();
    let large: Vec<Span> = (0..SPANS)
        .map(|id| Span {
            attributes: vec![text("large".into(), noise(1 << 20))],
            ..span(id as u8, id, HOUR + id)
        })
        .collect();
    for request in large.chunks(8) {
        send(&gateway, request.to_vec());
    }
    in_files(&gateway, SPANS);
    for span in &large {
        let trace = TraceId(span.trace_id.as_slice().try_into().unwrap());
        let found = house.asked().trace(trace);
        assert!(
            found.len() == 1 && found[0].span == span.encode_to_vec(),
            "{trace}"
        );
    }
    let Some(Any::StringValue(value)) = large[77].attributes[0].value.clone().unwrap().value else {
        unreachable!("it is text");
    };
    let end = Test::Text(TextTest {
        op: TextOp::Contains,
        values: vec![value[value.len() - 100..].into()],
        ignore_case: false,
    });
    let found = house
        .asked()
        .select(those(Field::Attribute("large".into()), end), SpanOrderBy::Start);
    assert_eq!(ids(&found.spans), [77]);
    let peak = gateway.child.peak_memory() >> 20;
    println!("{peak} MiB at most");
    assert!(peak < 512, "{peak} MiB");
}

/// Guarantees: spans that start hours or months ago, at 0, or in the far future are found at once, in files and after a
/// restart; they stay as long as any span that came when they came, and no longer.
#[test]
fn late_and_early_spans() {
    let house = House::new("retention: {max_age: 1h}, segment: {max_age: 1s}");
    let gateway = house.plan.start();
    let starts = [
        0,
        1,
        now() - 400 * DAY,
        now() - 3 * HOUR,
        now(),
        now() + 3650 * DAY,
        u64::MAX,
    ];
    for (id, start) in (0..).zip(starts) {
        send(&gateway, vec![span(5, id, start)]);
    }
    let mut gateway = house.everywhere(gateway, 7, |when| {
        let found = house.asked().trace(TraceId([5; 16]));
        assert_eq!(ids(&found), [0, 1, 2, 3, 4, 5, 6], "{when}");
        for (id, start) in (0..).zip(starts) {
            let select = Select {
                from: Some(start),
                to: start.checked_add(1),
                ..Select::default()
            };
            let found = house.asked().select(select, SpanOrderBy::Start);
            assert_eq!(ids(&found.spans), [id], "{when}");
        }
    });
    assert_eq!(gateway.scrape().sum("spanway_store_expired_spans", ""), 0);
    gateway.child.kill();
    let came = now();
    wait_until("a second has gone by", || now() > came + SECOND);
    let short = plan(
        &house.directory,
        "retention: {max_age: 1s}, segment: {max_age: 1s}",
    );
    let gateway = short.start();
    wait_until("they are older than that", || {
        gateway
            .scrape()
            .sum("spanway_store_expired_spans", "reason=\"age\"")
            == 7
    });
    assert_eq!(house.asked().spans(), 0);
}

/// Guarantees: a span that ends before it starts is kept as it came; its duration is negative wherever that is asked for.
#[test]
fn ends_before_starts() {
    let house = House::new("segment: {max_age: 1s}");
    let gateway = house.plan.start();
    let backwards = Span {
        end_time_unix_nano: HOUR - 5 * SECOND,
        ..span(3, 1, HOUR)
    };
    let spans = vec![span(3, 0, HOUR), backwards.clone(), span(3, 2, HOUR)];
    send(&gateway, spans);
    house.everywhere(gateway, 3, |when| {
        let below = Test::Compare {
            op: Comparison::Less,
            with: Scalar::Int(0),
            how: How::Typed,
        };
        let found = house
            .asked()
            .select(those(Field::Duration, below), SpanOrderBy::Start);
        assert_eq!(found.total, Some(1), "{when}");
        assert_eq!(found.spans[0].span, backwards.encode_to_vec(), "{when}");
        assert_eq!(found.spans[0].duration(), -5 * SECOND as i64, "{when}");
        let all = house.asked().select(Select::default(), SpanOrderBy::Duration);
        assert_eq!(ids(&all.spans), [1, 0, 2], "{when}");
    });
}

/// Guarantees: a trace id that was used months before is one trace, which comes whole; who asks for a range of time gets the
/// spans in it.
#[test]
fn a_trace_id_is_used_again() {
    let house = House::new("segment: {max_age: 1s}");
    let gateway = house.plan.start();
    let (then, later) = (100 * DAY, 300 * DAY);
    send(&gateway, (0..3).map(|id| span(9, id, then + id)).collect());
    in_files(&gateway, 3);
    send(&gateway, (3..5).map(|id| span(9, id, later + id)).collect());
    house.everywhere(gateway, 5, |when| {
        let trace = TraceId([9; 16]);
        assert_eq!(ids(&house.asked().trace(trace)), [0, 1, 2, 3, 4], "{when}");
        let within = |from: u64, to: u64| {
            let id = Test::Equals(vec![Scalar::String(trace.to_string())]);
            let select = Select {
                from: Some(from),
                to: Some(to),
                ..those(Field::TraceId, id)
            };
            ids(&house.asked().select(select, SpanOrderBy::Start).spans)
        };
        assert_eq!(within(then, then + DAY), [0, 1, 2], "{when}");
        assert_eq!(within(later, later + DAY), [3, 4], "{when}");
        assert_eq!(within(then + DAY, later), [0; 0], "{when}");
    });
}

/// Guarantees: spans with the same ids and other content are both kept; what is sent again is acknowledged, counted, and kept
/// once: within a request, in memory, in a file, and after a restart.
#[test]
fn sent_again() {
    let house = House::new("segment: {max_age: 1s}");
    let gateway = house.plan.start();
    let one = span(4, 1, HOUR);
    let other = Span {
        name: "other".into(),
        ..one.clone()
    };
    let duplicates = |gateway: &Spanway| gateway.scrape().sum("spanway_store_duplicate_spans", "");
    send(&gateway, vec![one.clone(), other.clone(), one.clone()]);
    assert_eq!(duplicates(&gateway), 1);
    send(&gateway, vec![one.clone(), other.clone()]);
    assert_eq!(duplicates(&gateway), 3);
    in_files(&gateway, 2);
    send(&gateway, vec![other.clone(), one.clone()]);
    assert_eq!(duplicates(&gateway), 5);
    let gateway = house.everywhere(gateway, 2, |when| {
        let found = house.asked().trace(TraceId([4; 16]));
        let found: Vec<_> = found.iter().map(|found| found.span.to_vec()).collect();
        assert_eq!(found, [one.encode_to_vec(), other.encode_to_vec()], "{when}");
    });
    send(&gateway, vec![one, other]);
    assert_eq!(duplicates(&gateway), 2);
    assert_eq!(house.asked().spans(), 2);
}
