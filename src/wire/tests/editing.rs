//! Rewriting by decision, and edits.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;

use super::generate::{request, salted};
use crate::wire::writer::{put_bytes, put_int};
use crate::wire::{
    Change, Decision, Editor, Index, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces,
    Value, ValueView, oracle,
};

/// Edits each span by number.
struct BySpan<F>(usize, F);

impl<F: FnMut(usize, &mut SpanEdit<'_>) -> Decision> Editor for BySpan<F> {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        self.0 += 1;
        (self.1)(self.0 - 1, span)
    }
}

fn checked(bytes: Vec<u8>) -> Traces {
    Traces::check(bytes.into()).unwrap().traces
}

proptest! {
    /// Every kind of edit gives what the same edit on decoded objects gives, and what comes out passes again.
    #[test]
    fn edits_agree_with_objects(request in request(), seed: u64, script: [u16; 8]) {
        oracle::edit(&checked(salted(&request, seed)), script);
    }

    /// What is edited from below gives what the same edit on decoded objects gives, and what comes out passes again.
    #[test]
    fn edits_from_below_agree_with_objects(request in request(), seed: u64, script: [u16; 8]) {
        oracle::edit_above(&checked(salted(&request, seed)), script);
    }

    /// Attributes that are changed all at once come out as those that are changed one after the other, duplicates of a key
    /// included.
    #[test]
    fn changes_at_once_are_changes_in_turn(keys in vec(0..6usize, 0..14), removed: u8, changed: u16) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let pairs: Vec<_> = (0..).zip(&keys).map(|(value, key)| (names[*key], value)).collect();
        let traces = one_span(&pairs);
        let goes = |key: &str| removed & 1 << (key.as_bytes()[0] - b'a') != 0;
        let edited = traces.edit(&mut BySpan(0, |_, amendment: &mut SpanEdit<'_>| {
            amendment.change_each(|attribute| match attribute.value() {
                _ if goes(attribute.key()) => Change::Remove,
                ValueView::Int(value) if changed & 1 << value != 0 => Change::Value(value + 100),
                _ => Change::Keep,
            });
            Decision::Keep
        }));
        let mut expected: Vec<_> = pairs.iter().map(|(key, value)| {
            (String::from(*key), if changed & 1 << value != 0 { value + 100 } else { *value })
        }).collect();
        for (key, _) in pairs.iter().filter(|(key, _)| goes(key)) {
            let at = expected.iter().position(|(other, _)| other == key).unwrap();
            expected.swap_remove(at);
        }
        prop_assert_eq!(attributes(&edited), expected);
    }

    /// Spans beside dropped and edited ones keep their bytes, unknown fields included.
    #[test]
    fn neighbours_keep_their_bytes(request in request(), seed: u64, chosen: u32) {
        let traces = checked(salted(&request, seed));
        let is_chosen = |number: usize| chosen & 1 << (number % 32) != 0;
        let edited = traces.edit(&mut BySpan(0, |number, _: &mut SpanEdit<'_>| match is_chosen(number) {
            true => Decision::Drop,
            false => Decision::Keep,
        }));
        let (before, after) = (Index::of(&traces), Index::of(&edited));
        let kept = before.spans().enumerate().filter(|(number, _)| !is_chosen(*number));
        let kept: Vec<&[u8]> = kept.map(|(_, located)| located.span.bytes()).collect();
        let left: Vec<&[u8]> = after.spans().map(|located| located.span.bytes()).collect();
        prop_assert_eq!(kept, left);
    }

    /// What is kept whole is handed back without a copy.
    #[test]
    fn all_kept_is_the_same_bytes(request in request(), seed: u64) {
        let traces = checked(salted(&request, seed));
        let edited = traces.edit(&mut BySpan(0, |_, _: &mut SpanEdit<'_>| Decision::Keep));
        prop_assert_eq!(edited.bytes().as_ptr(), traces.bytes().as_ptr());
    }
}

/// A request of one span with these attributes, and an unknown field 99 in span and attribute.
fn one_span(attributes: &[(&str, i64)]) -> Traces {
    let mut span = Vec::new();
    put_bytes(&mut span, 1, &[1; 16]);
    put_bytes(&mut span, 2, &[2; 8]);
    put_int(&mut span, 99, 7);
    for (key, value) in attributes {
        let (mut pair, mut body) = (Vec::new(), Vec::new());
        put_bytes(&mut pair, 1, key.as_bytes());
        put_int(&mut body, 3, *value as u64);
        put_bytes(&mut pair, 2, &body);
        put_int(&mut pair, 99, 8);
        put_bytes(&mut span, 9, &pair);
    }
    let (mut scope, mut resource, mut request) = (Vec::new(), Vec::new(), Vec::new());
    put_bytes(&mut scope, 2, &span);
    put_bytes(&mut resource, 2, &scope);
    put_bytes(&mut request, 1, &resource);
    checked(request)
}

fn attributes(traces: &Traces) -> Vec<(String, i64)> {
    let index = Index::of(traces);
    let pairs = index.spans().flat_map(|located| located.span.attributes());
    let int = |value: ValueView<'_>| {
        if let ValueView::Int(value) = value {
            value
        } else {
            -1
        }
    };
    pairs
        .map(|pair| (pair.key().to_owned(), int(pair.value())))
        .collect()
}

/// Insert adds only what is missing, update changes only the first that is there, upsert does both, remove puts the
/// last in the hole; unknown fields of span and attribute survive.
#[test]
fn attribute_edits_do_what_they_say() {
    let traces = one_span(&[("a", 1), ("b", 2), ("a", 3), ("c", 4)]);
    let edited = traces.edit(&mut BySpan(0, |_, amendment: &mut SpanEdit<'_>| {
        amendment.insert("b", &Value::Int(20));
        amendment.insert("d", &Value::Int(21));
        amendment.update("a", &Value::Int(22));
        amendment.update("e", &Value::Int(23));
        amendment.upsert("f", &Value::Int(24));
        amendment.remove("c");
        assert!(matches!(amendment.attribute("a"), Some(ValueView::Int(22))));
        assert!(amendment.attribute("c").is_none());
        Decision::Keep
    }));
    let expected = [("a", 22), ("b", 2), ("a", 3), ("f", 24), ("d", 21)];
    assert_eq!(
        attributes(&edited),
        expected.map(|(key, value)| (key.to_owned(), value))
    );
    let unknown = |traces: &Traces, value: u8| {
        let needle = [0x98, 0x06, value];
        traces
            .bytes()
            .windows(3)
            .filter(|window| *window == needle)
            .count()
    };
    assert_eq!((unknown(&edited, 7), unknown(&edited, 8)), (1, 3));
}

/// Rewriting changes values in place, duplicates one by one, also those written before; unknown fields survive.
#[test]
fn rewriting_keeps_keys_and_places() {
    let traces = one_span(&[("a", 1), ("b", 2), ("a", 3)]);
    let edited = traces.edit(&mut BySpan(0, |_, amendment: &mut SpanEdit<'_>| {
        for _ in 0..2 {
            amendment.change_each(|pair| match pair.value() {
                ValueView::Int(number) if pair.key() == "a" => Change::Value(number * 10),
                _ => Change::Keep,
            });
        }
        Decision::Keep
    }));
    let expected = [("a", 100), ("b", 2), ("a", 300)];
    assert_eq!(
        attributes(&edited),
        expected.map(|(key, value)| (key.to_owned(), value))
    );
    let tails = edited
        .bytes()
        .windows(3)
        .filter(|window| *window == [0x98, 0x06, 8]);
    assert_eq!(tails.count(), 3);
}

/// Edits that find nothing to do are no edit.
#[test]
fn idle_edits_keep_the_bytes() {
    let traces = one_span(&[("a", 1)]);
    let edited = traces.edit(&mut BySpan(0, |_, amendment: &mut SpanEdit<'_>| {
        amendment.insert("a", &Value::Bool(true));
        amendment.update("b", &Value::Bool(true));
        amendment.remove("c");
        Decision::Keep
    }));
    assert_eq!(edited.bytes().as_ptr(), traces.bytes().as_ptr());
}

/// Every kind of value is written as it reads.
#[test]
fn values_are_written_as_they_read() {
    let value = Value::KeyValueList(vec![
        ("s".into(), Value::String("é".into())),
        ("b".into(), Value::Bytes(vec![0, 255])),
        (
            "l".into(),
            Value::Array(vec![Value::Double(-0.5), Value::Bool(false), Value::Int(-3)]),
        ),
    ]);
    let edited = one_span(&[]).edit(&mut BySpan(0, |_, amendment: &mut SpanEdit<'_>| {
        amendment.upsert("k", &value);
        Decision::Keep
    }));
    let edited = checked(edited.bytes().to_vec());
    let index = Index::of(&edited);
    let read = index.spans().next().unwrap().span.attribute("k").unwrap();
    assert_eq!(read.to_value(), Some(value));
}

/// An editor of what stands above that edits nothing leaves the very bytes; one that edits leaves spans as they are.
#[test]
fn what_is_not_edited_from_below_keeps_its_bytes() {
    struct Renames(bool);
    impl Editor for Renames {
        fn edits_above(&self) -> bool {
            true
        }
        fn span_and_above<'a>(
            &mut self,
            resource: &mut ResourceEdit<'a>,
            scope: &mut ScopeEdit<'a>,
            _: &mut SpanEdit<'a>,
        ) -> Decision {
            if self.0 {
                resource.upsert("k", "v");
                scope.set_name("renamed");
            }
            Decision::Keep
        }
    }
    let traces = one_span(&[("a", 1)]);
    let same = traces.edit(&mut Renames(false));
    assert_eq!(same.bytes().as_ptr(), traces.bytes().as_ptr());
    let edited = traces.edit(&mut Renames(true));
    let (before, after) = (Index::of(&traces), Index::of(&edited));
    let (before, after) = (before.spans().next().unwrap(), after.spans().next().unwrap());
    assert_eq!(before.span.bytes(), after.span.bytes());
    assert_eq!(after.scope.name(), "renamed");
    assert!(matches!(
        after.resource.attribute("k"),
        Some(ValueView::String("v"))
    ));
    // The header stands before what is below it.
    let header = edited.bytes().windows(7).position(|bytes| bytes == b"renamed");
    let span = edited.bytes().windows(16).position(|bytes| bytes == [1; 16]);
    assert!(header < span);
}

/// A request whose last span is dropped is empty.
#[test]
fn envelopes_go_with_their_last_span() {
    let edited = one_span(&[]).edit(&mut BySpan(0, |_, _: &mut SpanEdit<'_>| Decision::Drop));
    assert_eq!(oracle::decoded(&edited), ExportTraceServiceRequest::default());
    assert_eq!((edited.spans(), edited.bytes().len()), (0, 0));
}

/// Times that are set occur once each, and everything else of the span stays.
#[test]
fn times_are_set() {
    let set = |_, amendment: &mut SpanEdit<'_>| {
        amendment.set_start_time(u64::MAX);
        amendment.set_end_time(8);
        amendment.set_start_time(7);
        Decision::Keep
    };
    let before = one_span(&[("a", 1)]);
    let edited = before.edit(&mut BySpan(0, set));
    let mut expected = ExportTraceServiceRequest::decode(before.bytes().clone()).unwrap();
    let span = &mut expected.resource_spans[0].scope_spans[0].spans[0];
    (span.start_time_unix_nano, span.end_time_unix_nano) = (7, 8);
    let found = ExportTraceServiceRequest::decode(edited.bytes().clone()).unwrap();
    assert_eq!(found, expected);
    assert_eq!(edited.edit(&mut BySpan(0, set)), edited);
}
