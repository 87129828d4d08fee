//! What must hold for any statement on any request, judged by a naive twin that runs the syntax tree on decoded objects.
//! Property tests and the fuzz target share it.
//!
//! The twin says what the Collector does, with these departures, which are ours on purpose: a value that is read is a copy of
//! what was there; in a list, what an attribute cannot hold is nothing at once, and not only once it is written; lists of all
//! kinds are one kind, so that what `append` and maps that are written out take of them goes by how it is written; the key of
//! a trace state may be computed; what nests more than 30 deep or grows out of bounds fails.

mod arguments;
mod arithmetic;
mod compared;
mod converters;
mod editors;
mod keys;
mod ours;
mod paths;
mod texts;
mod world;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;

use self::ours::Ours;
use self::world::Twin;
use super::{About, Context, Dialect, conditions, group, syntax};
use crate::wire::{Index, Traces, json};

/// An unknown field: a span that brings it must keep it, whatever is edited.
pub const UNKNOWN: &[u8] = b"\xba\x3e\x07unknown";

/// Lists and maps within each other that attributes may be.
const MAX_DEPTH: usize = 30;

/// What became of a condition or statement on one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// It failed.
    Failed,
    /// The condition does not hold, and the statement did not run.
    Not,
    /// The condition holds, and the statement ran.
    Did,
}

/// The twin cannot do it.
#[derive(Clone, Copy, Debug)]
struct Fail;

type Yields<T> = Result<T, Fail>;

/// Runs the statements, of which all say what they are about, on encoded and on decoded spans: the same statements fail on
/// the same items, what comes out is the same and passes, what no statement ran on keeps its bytes, and unknown fields stay.
///
/// # Panics
/// When something of this does not hold.
pub fn judge(statements: &[String], conditions: &[String], traces: &Traces) {
    judge_about(statements, conditions, About::Inferred, traces);
}

/// The same, and what the statements are about may be said beside them. Says whether they compile and were judged.
///
/// # Panics
/// When something of this does not hold.
pub fn judge_about(statements: &[String], conditions: &[String], about: About, traces: &Traces) -> bool {
    let Ok(compiled) = group(statements, conditions, about, Dialect::Transform) else {
        return false;
    };
    let is_above = |edited: Context| edited != compiled.context;
    if statements.iter().chain(conditions).any(|text| is_unsteady(text))
        || compiled
            .statements
            .iter()
            .filter_map(super::Statement::edits)
            .any(is_above)
    {
        return false;
    }
    let mut expected = decoded(traces);
    if is_strange(&mut expected) {
        return false;
    }
    let mut ours = Ours::new(&compiled);
    let edited = traces.edit(&mut ours);
    let twin = Twin::new(statements, conditions, compiled.context);
    let became = twin.run(&mut expected);
    assert_eq!(ours.became, became, "what became of each: ours, the twin's");
    let checked = Traces::check(edited.bytes().clone());
    let checked = checked.map(|checked| (checked.traces, checked.rejected));
    assert_eq!(checked, Ok((edited.clone(), 0)), "what comes out passes");
    let (left, right) = (normal(decoded(&edited)), normal(expected));
    if left.encode_to_vec() != right.encode_to_vec() {
        panic!("ours: {left:#?}\nthe twin's: {right:#?}");
    }
    same_bytes(&compiled, &ours, traces, &edited);
    true
}

/// Runs statements that compile, and judges nothing.
///
/// # Panics
/// When they do not compile.
pub fn run(statements: &[String], traces: &Traces) -> Traces {
    let group = group(statements, &[] as &[&str], About::Inferred, Dialect::Transform);
    let group = group.unwrap_or_else(|misfits| panic!("{misfits:?}"));
    traces.edit(&mut Ours::new(&group))
}

/// What no statement ran on has its bytes, and what was unknown is there.
fn same_bytes(group: &super::Group, ours: &Ours<'_>, before: &Traces, after: &Traces) {
    let is_idle = |became: &Vec<Became>| {
        let statements = became.iter().skip(group.conditions.len());
        statements.into_iter().all(|became| *became == Became::Not)
    };
    let (before, after) = (Index::of(before), Index::of(after));
    let spans = before
        .spans()
        .zip(after.spans())
        .map(|(before, after)| (before.span.bytes(), after.span.bytes()));
    for (number, (before, after)) in spans.enumerate() {
        let mut items = ours
            .became
            .iter()
            .zip(&ours.spans)
            .filter(|(_, span)| **span == Some(number));
        if items.all(|(became, _)| is_idle(became)) {
            assert_eq!(before, after, "nothing ran on span {number}");
        }
        let has = |bytes: &[u8]| bytes.windows(UNKNOWN.len()).any(|part| part == UNKNOWN);
        if before.ends_with(UNKNOWN) {
            assert!(has(after), "span {number} has lost an unknown field");
        }
    }
}

/// Runs texts on a request: a line a text, then a zero byte, then the request as protobuf or JSON. Nothing panics in any
/// dialect and about anything, and what compiles is judged.
///
/// # Panics
/// When something of this does not hold.
pub fn ottl(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (text, request) = input.split_at(at);
    let text = String::from_utf8_lossy(text);
    let request = request.get(1..).unwrap_or_default();
    let request = json::to_protobuf(request).map_or_else(|_| Bytes::copy_from_slice(request), Bytes::from);
    let traces =
        Traces::check(request).map_or_else(|_| Traces::restored(Bytes::new(), 0), |checked| checked.traces);
    let lines = || text.split('\n').map(str::to_owned);
    let statements: Vec<String> = lines().filter(|line| syntax::statement(line).is_ok()).collect();
    let tests: Vec<String> = lines().filter(|line| syntax::condition(line).is_ok()).collect();
    let given = Context::ALL.map(About::Given);
    for about in given.into_iter().chain([About::Inferred]) {
        for dialect in [Dialect::Filter, Dialect::Transform, Dialect::Routing] {
            for line in lines() {
                let _ = value(&line, about, dialect);
                for group in [
                    group(&[&line], &[] as &[&str], about, dialect),
                    group(&[] as &[&str], &[&line], about, dialect),
                ] {
                    let _ = group.map(|group| traces.edit(&mut Ours::new(&group)));
                }
            }
        }
        judge_about(&statements, &tests, about, &traces);
    }
}

/// A value alone, as others than statements may have it.
fn value(text: &str, about: About, dialect: Dialect) -> bool {
    syntax::value(text).is_ok() && conditions(&[format!("{text} == nil")], about, dialect).is_ok()
}

/// Whether it would not yield the same twice.
fn is_unsteady(text: &str) -> bool {
    ["Now", "UUID"].iter().any(|name| text.contains(name))
}

fn decoded(traces: &Traces) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(traces.bytes().clone()).unwrap_or_else(|error| panic!("{error}"))
}

/// What bytes need not tell apart is made the same: an absent message and an empty one, NaN and NaN.
fn normal(mut request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    for resource in &mut request.resource_spans {
        resource.resource.get_or_insert_default();
        for scope in &mut resource.scope_spans {
            scope.scope.get_or_insert_default();
            for span in &mut scope.spans {
                span.status.get_or_insert_default();
                // Nothing and zeros are no parent.
                if span.parent_span_id.iter().all(|byte| *byte == 0) {
                    span.parent_span_id.clear();
                }
            }
        }
    }
    each_list(&mut request, &mut normal_pairs);
    request
}

/// Shows all lists of attributes.
fn each_list(request: &mut ExportTraceServiceRequest, show: &mut impl FnMut(&mut [KeyValue])) {
    for resource in &mut request.resource_spans {
        resource
            .resource
            .iter_mut()
            .for_each(|resource| show(&mut resource.attributes));
        for scope in &mut resource.scope_spans {
            scope
                .scope
                .iter_mut()
                .for_each(|scope| show(&mut scope.attributes));
            for span in &mut scope.spans {
                show(&mut span.attributes);
                span.events
                    .iter_mut()
                    .for_each(|event| show(&mut event.attributes));
                span.links.iter_mut().for_each(|link| show(&mut link.attributes));
            }
        }
    }
}

fn normal_pairs(pairs: &mut [KeyValue]) {
    pairs
        .iter_mut()
        .for_each(|pair| normal_value(pair.value.get_or_insert_default()));
}

fn normal_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Any::ArrayValue(list)) => list.values.iter_mut().for_each(normal_value),
        Some(Any::KvlistValue(list)) => normal_pairs(&mut list.values),
        Some(Any::DoubleValue(number)) if number.is_nan() => *number = f64::NAN,
        _ => {}
    }
}

/// Whether attributes refer to a table of strings, which traces do not have, or are deeper than may be written.
fn is_strange(request: &mut ExportTraceServiceRequest) -> bool {
    let mut is_strange = false;
    each_list(request, &mut |pairs| is_strange |= are_strange(pairs, MAX_DEPTH));
    is_strange
}

fn are_strange(pairs: &[KeyValue], levels: usize) -> bool {
    let is_strange = |pair: &KeyValue| {
        let value = pair.value.as_ref();
        pair.key_strindex != 0 || value.is_some_and(|value| is_value_strange(value, levels))
    };
    pairs.iter().any(is_strange)
}

fn is_value_strange(value: &AnyValue, levels: usize) -> bool {
    match (&value.value, levels.checked_sub(1)) {
        (Some(Any::StringValueStrindex(_)), _) => true,
        (Some(Any::ArrayValue(list)), Some(left)) => {
            list.values.iter().any(|item| is_value_strange(item, left))
        }
        (Some(Any::KvlistValue(list)), Some(left)) => are_strange(&list.values, left),
        (Some(Any::ArrayValue(_) | Any::KvlistValue(_)), None) => true,
        _ => false,
    }
}

impl From<String> for Fail {
    fn from(_: String) -> Self {
        Self
    }
}

impl From<super::Error> for Fail {
    fn from(_: super::Error) -> Self {
        Self
    }
}
