//! What must hold for any input at all, judged by `prost`. Property tests and fuzz targets share it.

mod edits;
mod parts;
mod seen;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use self::seen::{normal, seen};
use super::{ResourceView, Sorter, SpanView, Traces, json};

pub use edits::{edit, edit_above};

/// Same verdict as `prost`; spans with ids of a wrong length go and nothing else; views and parts show what `prost` does.
pub fn walk(input: &[u8]) {
    let expected = ExportTraceServiceRequest::decode(input);
    let checked = Traces::check(Bytes::copy_from_slice(input));
    let (mut expected, checked) = match (expected, checked) {
        (Ok(expected), Ok(checked)) => (expected, checked),
        (Err(_), Err(malformed)) => {
            assert!(malformed.0.contains("at byte"), "not located: {malformed}");
            return;
        }
        (expected, checked) => panic!("prost says {expected:?}, the walk says {checked:?}"),
    };
    let rejected = without_misfits(&mut expected);
    assert_eq!(rejected, checked.rejected);
    assert_eq!(rejected == 0, checked.reason.is_empty());
    assert_eq!(spans(&expected), checked.traces.spans());
    if rejected == 0 {
        assert_eq!(input, checked.traces.bytes());
    }
    same(&expected, &decoded(&checked.traces));
    same(&normal(expected), &normal(seen(&checked.traces)));
    parts::parts(&checked.traces);
}

/// What `prost` makes of traces that passed.
pub fn decoded(traces: &Traces) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(traces.bytes().clone()).unwrap_or_else(|error| panic!("{error}"))
}

/// Equal by encoding, since NaN does not equal itself.
pub fn same(left: &ExportTraceServiceRequest, right: &ExportTraceServiceRequest) {
    if left.encode_to_vec() != right.encode_to_vec() {
        panic!("left: {left:#?}\nright: {right:#?}");
    }
}

/// Spans in a request.
pub fn spans(request: &ExportTraceServiceRequest) -> usize {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

/// Keeps the spans that `keep` says; an envelope goes with its last child. Returns how many went.
pub fn retain(request: &mut ExportTraceServiceRequest, mut keep: impl FnMut(&Span) -> bool) -> u32 {
    let before = spans(request);
    request.resource_spans.retain_mut(|resource| {
        let had = resource.scope_spans.len();
        resource.scope_spans.retain_mut(|scope| {
            let had = scope.spans.len();
            scope.spans.retain(&mut keep);
            had == 0 || !scope.spans.is_empty()
        });
        had == 0 || !resource.scope_spans.is_empty()
    });
    (before - spans(request)) as u32
}

fn without_misfits(request: &mut ExportTraceServiceRequest) -> u32 {
    retain(request, |span| {
        span.trace_id.len() == 16 && span.span_id.len() == 8
    })
}

/// Parts hold every span once, in order, under its own header; they keep the bounds unless one span breaks them.
pub fn split(traces: &Traces, max_spans: usize, max_bytes: usize) {
    let parts = traces.split(max_spans, max_bytes);
    let uncut = parts.len() == 1 && parts.iter().all(|part| part == traces);
    for part in &parts {
        assert_eq!(spans(&decoded(part)), part.spans());
        assert!(max_spans == 0 || part.spans() <= max_spans || uncut);
        assert!(max_bytes == 0 || part.bytes().len() <= max_bytes || part.spans() <= 1);
    }
    let whole: Vec<u8> = parts.iter().flat_map(|part| part.bytes().to_vec()).collect();
    let whole = ExportTraceServiceRequest::decode(&whole[..]).unwrap_or_else(|error| panic!("{error}"));
    let (left, right) = (flat(&decoded(traces)), flat(&whole));
    assert_eq!(left, right);
}

/// Parts of a group hold the spans of that group and no other, in order, each under its own header, within the bound.
pub fn divide(traces: &Traces, groups: usize, max_bytes: usize) {
    struct ByTrace(usize, usize);
    impl Sorter for ByTrace {
        fn resource(&mut self, _: ResourceView<'_>) {}

        fn group(&mut self, span: SpanView<'_>) -> usize {
            group_of(span.trace_id(), self.0)
        }

        fn max_bytes(&self, _: usize) -> usize {
            self.1
        }
    }
    let parts = traces.divide(&mut ByTrace(groups, max_bytes));
    let whole = decoded(traces);
    for group in 0..groups {
        let of_group = || parts.iter().filter(|(of, _)| *of == group).map(|(_, part)| part);
        for part in of_group() {
            assert_eq!(spans(&decoded(part)), part.spans());
            assert!(part.bytes().len() <= max_bytes || part.spans() <= 1);
        }
        let joined: Vec<u8> = of_group().flat_map(|part| part.bytes().to_vec()).collect();
        let joined = ExportTraceServiceRequest::decode(&joined[..]).unwrap_or_else(|error| panic!("{error}"));
        let mut expected = whole.clone();
        for scope in expected
            .resource_spans
            .iter_mut()
            .flat_map(|resource| &mut resource.scope_spans)
        {
            scope
                .spans
                .retain(|span| group_of(&span.trace_id, groups) == group);
        }
        assert_eq!(flat(&joined), flat(&expected));
    }
    assert_eq!(
        parts.iter().map(|(_, part)| part.spans()).sum::<usize>(),
        traces.spans()
    );
}

fn group_of(trace_id: &[u8], groups: usize) -> usize {
    trace_id.iter().map(|byte| usize::from(*byte)).sum::<usize>() % groups
}

/// Each span as a request of its own, encoded.
fn flat(request: &ExportTraceServiceRequest) -> Vec<Vec<u8>> {
    let mut flat = Vec::new();
    for resource in &request.resource_spans {
        for scope in &resource.scope_spans {
            for span in &scope.spans {
                let scope = ScopeSpans {
                    spans: vec![span.clone()],
                    ..scope.clone()
                };
                flat.push(
                    ResourceSpans {
                        scope_spans: vec![scope],
                        ..resource.clone()
                    }
                    .encode_to_vec(),
                );
            }
        }
    }
    flat
}

/// Splits and edits what passes, as the first bytes say, and compares with the same done on decoded objects.
pub fn split_edit(input: &[u8]) {
    let Some((choice, input)) = input.split_first_chunk::<19>() else {
        return;
    };
    let Ok(checked) = Traces::check(Bytes::copy_from_slice(input)) else {
        return;
    };
    let [spans, low, high, script @ ..] = choice;
    let (words, _) = script.as_chunks::<2>();
    let mut script = [0; 8];
    for (op, word) in script.iter_mut().zip(words) {
        *op = u16::from_le_bytes(*word);
    }
    split(
        &checked.traces,
        usize::from(*spans),
        usize::from(u16::from_le_bytes([*low, *high])),
    );
    divide(
        &checked.traces,
        usize::from(*spans) + 1,
        usize::from(u16::from_le_bytes([*low, *high])),
    );
    edit(&checked.traces, script);
    edit_above(&checked.traces, script);
}

/// Bytes to JSON and back have the content that `prost` sees; JSON that is taken in gives bytes that pass, and
/// comes out the same the second time.
pub fn json(input: &[u8]) {
    if let Ok(there) = json::from_protobuf(input) {
        let Ok(expected) = ExportTraceServiceRequest::decode(input) else {
            panic!("JSON of what prost refuses")
        };
        match json::to_protobuf(&there) {
            Ok(back) => match ExportTraceServiceRequest::decode(&back[..]) {
                // Shown as text, all kinds of NaN are one, as in JSON.
                Ok(back) => assert_eq!(format!("{back:?}"), format!("{expected:?}")),
                Err(error) => panic!("{error}"),
            },
            Err(error) => assert!(error.0.contains("recursion limit"), "{error}"),
        }
    }
    if let Ok(bytes) = json::to_protobuf(input) {
        let Ok(again) = json::from_protobuf(&bytes) else {
            panic!("bytes that do not pass: {bytes:?}")
        };
        let twice = json::to_protobuf(&again).and_then(|bytes| json::from_protobuf(&bytes));
        assert_eq!(twice, Ok(again));
    }
}
