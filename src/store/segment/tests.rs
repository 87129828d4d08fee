use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::{Cache, Column, HotKeys, Segment, Summary, Writer};
use crate::query::model::{FoundSpan, text, worlds};

/// A segment in a directory of its own.
struct Written {
    _directory: TempDir,
    path: PathBuf,
    spans: Vec<FoundSpan>,
}

/// Random spans, some with encodings that nobody expects, in the order of a segment.
fn spans(seed: u64, count: usize) -> Vec<FoundSpan> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut spans = worlds::spans(seed, count);
    for span in &mut spans {
        if rng.random_ratio(1, 5) {
            span.span = odd(&span.span, &mut rng);
        }
        if rng.random_ratio(1, 10) {
            // A field of a later version.
            span.resource = [&span.resource[..], &[0xa2, 0x06, 0x01, b'x']].concat().into();
        }
    }
    spans.sort_by_key(|span| (span.trace_id(), span.start() as i64, span.number));
    spans
}

/// The same span with something unusual about its bytes.
fn odd(span: &[u8], rng: &mut StdRng) -> Bytes {
    let tails: [&[u8]; 11] = [
        // An unknown field.
        &[0xa2, 0x06, 0x02, b'h', b'i'],
        // An empty status, an empty parent, an empty trace state, no flags, kind 0: there, but defaults.
        &[0x7a, 0x00],
        &[0x22, 0x00],
        &[0x1a, 0x00],
        &[0x85, 0x01, 0, 0, 0, 0],
        &[0x30, 0x00],
        // A parent of three bytes.
        &[0x22, 0x03, 1, 2, 3],
        // A number with many digits, 1e300.
        &[
            0x4a, 14, 0x0a, 1, b'k', 0x12, 9, 0x21, 0x9c, 0x75, 0x00, 0x88, 0x3c, 0xe4, 0x37, 0x7e,
        ],
        // An attribute without a value, one with an empty value, and one with two.
        &[0x4a, 0x03, 0x0a, 0x01, b'k'],
        &[0x4a, 0x05, 0x0a, 0x01, b'k', 0x12, 0x00],
        &[0x4a, 0x09, 0x0a, 0x01, b'k', 0x12, 0x00, 0x12, 0x02, 0x10, 0x01],
    ];
    let tail = tails[rng.random_range(0..tails.len())];
    [span, tail].concat().into()
}

fn write(spans: Vec<FoundSpan>) -> Written {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.parquet");
    let mut keys = HotKeys::default();
    spans.iter().for_each(|span| keys.add(span));
    let mut writer = Writer::create(&path, keys.choose()).unwrap();
    spans.iter().for_each(|span| writer.push(span).unwrap());
    writer.finish().unwrap();
    Written {
        _directory: directory,
        path,
        spans,
    }
}

impl Written {
    fn open(&self) -> Segment {
        Segment::open(&self.path, 1, Arc::new(Cache::new(1 << 20))).unwrap()
    }
}

fn all(segment: &Segment) -> Vec<FoundSpan> {
    let blocks = 0..segment.blocks();
    let rows = |block| (0..segment.rows(block) as u32).collect::<Vec<_>>();
    blocks
        .flat_map(|block| segment.spans(block, &rows(block)).unwrap())
        .collect()
}

/// Every span comes back byte for byte, with its resource, scope, project and number, whatever its encoding.
#[test]
fn spans_come_back() {
    for seed in 0..40 {
        let written = write(spans(seed, 1 + seed as usize * 60));
        let segment = written.open();
        let back = all(&segment);
        assert_eq!(back.len(), written.spans.len(), "seed {seed}");
        for (back, span) in back.iter().zip(&written.spans) {
            assert_eq!(back, span, "seed {seed}");
        }
    }
}

/// Filters and the table of first traces never deny what is in the segment.
#[test]
fn nothing_is_denied() {
    let written = write(spans(7, 6000));
    let segment = written.open();
    assert!(segment.blocks() > 2);
    let mut row = 0;
    for block in 0..segment.blocks() {
        for _ in 0..segment.rows(block) {
            let span = &written.spans[row];
            let blocks = segment.blocks_of_trace(&span.trace_id()).unwrap();
            assert!(blocks.contains(&block), "row {row}");
            let id = span.span().span_id().try_into().unwrap();
            assert!(segment.may_hold_span(id).unwrap());
            for attribute in span.span().attributes() {
                let (key, value) = (attribute.key(), attribute.value());
                let column = segment.column_of(key).map(|(column, _)| column);
                let is_filtered = column.is_none_or(|column| segment.is_filtered(block, column));
                if is_filtered {
                    assert!(
                        segment.may_hold_attribute(block, key, &text(&value)).unwrap(),
                        "{key}"
                    );
                }
                assert!(column.is_some() || segment.has_others(key), "{key}");
            }
            row += 1;
        }
    }
    assert!(!segment.may_hold_attribute(0, "nobody", "has this").unwrap());
}

/// The summary counts what the spans have, each span once for a key that it has twice.
#[test]
fn summaries_count() {
    let written = write(spans(3, 3000));
    let spans = &written.spans;
    let summary = written.open().summary().clone();
    let mut attributes = BTreeMap::<String, u64>::new();
    let mut operations = BTreeMap::<(Option<String>, String), u64>::new();
    for span in spans {
        let mut keys: Vec<_> = span
            .span()
            .attributes()
            .map(|attribute| attribute.key())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.iter()
            .for_each(|key| *attributes.entry((*key).into()).or_default() += 1);
        let operation = (span.service().map(Into::into), span.span().name().into());
        *operations.entry(operation).or_default() += 1;
    }
    let expected = Summary {
        rows: spans.len() as u64,
        min_start: spans.iter().map(FoundSpan::start).min().unwrap(),
        max_start: spans.iter().map(FoundSpan::start).max().unwrap(),
        max_end: spans.iter().map(FoundSpan::end).max().unwrap(),
        min_number: spans.iter().map(|span| span.number).min().unwrap(),
        max_number: spans.iter().map(|span| span.number).max().unwrap(),
        attributes,
        operations,
        ..summary.clone()
    };
    assert_eq!(summary, expected);
}

/// A column's page says of each row what the span says.
#[test]
fn pages_say_what_spans_say() {
    let written = write(spans(11, 5000));
    let segment = written.open();
    let mut rows = written.spans.iter();
    for block in 0..segment.blocks() {
        let page = |column| segment.page(block, column).unwrap();
        let (names, starts, services) = (page(Column::Name), page(Column::Start), page(Column::Service));
        let traces = page(Column::TraceId);
        for row in 0..segment.rows(block) {
            let span = rows.next().unwrap();
            assert_eq!(names.row(row), Some(span.span().name().as_bytes()));
            assert_eq!(starts.long(row) as u64, span.start());
            assert_eq!(services.row(row), span.service().map(str::as_bytes));
            assert_eq!(traces.id::<16>(row), span.trace_id().0);
        }
    }
}

/// A file that was cut anywhere, or in which any byte was turned, is refused or still gives what it gave; nothing panics.
#[test]
fn damage_is_noticed() {
    let written = write(spans(5, 200));
    let whole = std::fs::read(&written.path).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    for round in 0..300 {
        let mut bytes = whole.clone();
        match round % 3 {
            0 => bytes.truncate(rng.random_range(0..bytes.len())),
            _ => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
        }
        std::fs::write(&written.path, &bytes).unwrap();
        let Ok(segment) = Segment::open(&written.path, 1, Arc::new(Cache::new(0))) else {
            continue;
        };
        for block in 0..segment.blocks() {
            let rows: Vec<u32> = (0..segment.rows(block) as u32).collect();
            if let Ok(spans) = segment.spans(block, &rows) {
                assert!(spans.iter().zip(&written.spans).all(|(back, span)| back == span));
            }
        }
    }
}

/// Defaults that a sender writes out, as some SDKs do everywhere, cost no second copy of the span.
#[test]
fn explicit_defaults_need_no_copy() {
    let event = [0x5a, 5, 0x12, 1, b'e', 0x20, 0];
    let link = [0x6a, 7, 0x0a, 1, 9, 0x12, 0, 0x28, 0];
    let status = [0x7a, 2, 0x18, 0];
    let mut spans = worlds::spans(1, 1);
    spans[0].span = [
        &[0x0a, 16][..],
        &[1; 16],
        &[0x12, 8],
        &[2; 8],
        &[0x50, 0],
        &event,
        &[0x60, 0],
        &link,
        &[0x70, 0],
        &status,
    ]
    .concat()
    .into();
    spans[0].resource = Bytes::from_static(&[0x0a, 2, 0x10, 0, 0x1a, 0]);
    let written = write(spans);
    let segment = written.open();
    assert_eq!(all(&segment), written.spans);
    assert_eq!(segment.page(0, Column::Raw).unwrap().row(0), None);
    let resource = segment.page(0, Column::Resource).unwrap();
    assert_eq!(
        resource.row(0),
        Some(&b"{\"resource\":{\"droppedAttributesCount\":0},\"schemaUrl\":\"\"}"[..])
    );
}

/// Each input of the fuzz target `segment` is refused or read.
#[test]
fn fuzzed_inputs_are_survived() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/segment");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        super::oracle::segment(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}

/// Long names that are all different fill the lists of a summary up to their bound, and no further; it says so.
#[test]
fn summaries_are_bounded() {
    let mut spans = worlds::spans(1, 1000);
    for (number, span) in spans.iter_mut().enumerate() {
        let name = format!("{number:04000}");
        let field = [&[0x2a, 0xa0, 0x1f][..], name.as_bytes()].concat();
        span.span = [&span.span[..], &field].concat().into();
    }
    spans.sort_by_key(|span| (span.trace_id(), span.start() as i64, span.number));
    let written = write(spans);
    let segment = written.open();
    let operations = segment.summary().operations.keys();
    let listed: usize = operations.map(|(_, name)| name.len()).sum();
    assert!(segment.summary().is_partial);
    assert!((500_000..=1 << 20).contains(&listed), "{listed}");
    assert_eq!(all(&segment), written.spans);
}
