//! Spans as Traceloop shows them, in each of its forms.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::super::model::{Datum, Field, FoundSpan, text};
use super::field::{self, CODES, KINDS, UNNAMED};
use crate::wire::{AttributeView, ValueView};

const MILLI: u64 = 1_000_000;

const INPUT: &str = "traceloop.entity.input";
const OUTPUT: &str = "traceloop.entity.output";
const COST: &str = "traceloop.llm.cost_micro_usd.total";

/// Attributes as text, by the names that are shown.
type Texts = BTreeMap<String, String>;

/// A span's attributes, those with a place of their own apart.
struct Parts {
    attributes: Texts,
    prompts: Texts,
    completions: Texts,
    input: String,
    output: String,
}

/// A row of a list.
pub fn listed(found: &FoundSpan) -> Value {
    let (span, scope) = (found.span(), found.scope());
    let parts = Parts::of(found).without_messages();
    json!({
        "environment": environment(found),
        "timestamp": found.start() / MILLI,
        "trace_id": shown(&Field::TraceId, found),
        "span_id": shown(&Field::SpanId, found),
        "parent_span_id": shown(&Field::ParentSpanId, found),
        "trace_state": span.trace_state(),
        "span_name": span.name(),
        "span_kind": named(&KINDS, span.kind()),
        "service_name": shown(&Field::Service, found),
        "resource_attributes": texts(found.resource().attributes()),
        "scope_name": scope.name(),
        "scope_version": scope.version(),
        "span_attributes": parts.attributes,
        "duration": millis(found),
        "status_code": named(&CODES, span.status().code),
        "status_message": span.status().message,
        "prompts": parts.prompts,
        "completions": parts.completions,
        "input": parts.input,
        "output": parts.output,
    })
}

/// A row of a trace: messages stay among the attributes, and events are there.
pub fn detailed(found: &FoundSpan) -> Value {
    let span = found.span();
    let parts = Parts::of(found);
    let cost = Field::Attribute(COST.into());
    let cost = cost.of(found).and_then(|datum| datum.number());
    let mut row = json!({
        "trace_id": shown(&Field::TraceId, found),
        "span_id": shown(&Field::SpanId, found),
        "parent_span_id": shown(&Field::ParentSpanId, found),
        "span_name": span.name(),
        "span_kind": named(&KINDS, span.kind()),
        "timestamp": found.start() / MILLI,
        "duration": millis(found),
        "span_attributes": parts.attributes,
        "events_name": events_names(found),
        "events_attributes": events_attributes(found),
        "environment": environment(found),
        "prompts": null,
        "completions": null,
        "input": parts.input,
        "output": parts.output,
    });
    if let (Some(members), Some(cost)) = (row.as_object_mut(), cost) {
        members.insert("cost_micro_usd".into(), json!(cost.double() as i64));
    }
    row
}

/// A row as it was documented first.
pub fn documented(found: &FoundSpan) -> Value {
    let (span, scope) = (found.span(), found.scope());
    let parts = Parts::of(found).without_messages();
    let short = |name: &'static str, prefix| name.strip_prefix(prefix).unwrap_or(name);
    json!({
        "organizationId": "",
        "environment": environment(found),
        "timestamp": time(found.start()),
        "traceId": shown(&Field::TraceId, found),
        "spanId": shown(&Field::SpanId, found),
        "parentSpanId": shown(&Field::ParentSpanId, found),
        "traceState": span.trace_state(),
        "spanName": span.name(),
        "spanKind": short(named(&KINDS, span.kind()), "SPAN_KIND_"),
        "serviceName": shown(&Field::Service, found),
        "resourceAttributes": texts(found.resource().attributes()),
        "scopeName": scope.name(),
        "scopeVersion": scope.version(),
        "spanAttributes": parts.attributes,
        "workflowName": shown(&field::workflow(), found),
        "duration": found.duration(),
        "statusCode": short(named(&CODES, span.status().code), "STATUS_CODE_"),
        "statusMessage": span.status().message,
        "eventsName": events_names(found),
        "eventsAttributes": events_attributes(found),
        "prompts": parts.prompts,
        "completions": parts.completions,
        "input": parts.input,
        "output": parts.output,
    })
}

/// A field's text; empty where the span lacks it.
fn shown(field: &Field, found: &FoundSpan) -> String {
    let text = field.of(found).as_ref().map(Datum::text);
    text.unwrap_or_default().into_owned()
}

fn environment(found: &FoundSpan) -> String {
    let environment = shown(&field::environment(), found);
    match environment.is_empty() {
        true => UNNAMED.into(),
        false => environment,
    }
}

fn named(names: &[&'static str], number: i32) -> &'static str {
    let name = usize::try_from(number).ok().and_then(|number| names.get(number));
    name.or(names.first()).copied().unwrap_or_default()
}

fn millis(found: &FoundSpan) -> i64 {
    found.duration().max(0) / MILLI as i64
}

/// RFC 3339 in UTC, with as many decimals as are needed.
fn time(nanos: u64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let time = DateTime::from_timestamp(seconds as i64, rest as u32).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn events_names(found: &FoundSpan) -> Vec<&str> {
    found.span().events().map(|event| event.name()).collect()
}

fn events_attributes(found: &FoundSpan) -> Vec<Texts> {
    let events = found.span().events();
    events.map(|event| texts(event.attributes())).collect()
}

/// Of several attributes with one key the first counts.
fn texts<'a>(attributes: impl Iterator<Item = AttributeView<'a>>) -> Texts {
    let mut texts = Texts::new();
    for attribute in attributes {
        let value = || value(&attribute.value());
        texts.entry(attribute.key().to_owned()).or_insert_with(value);
    }
    texts
}

/// The text form, but for doubles: those have six decimals.
fn value(value: &ValueView<'_>) -> String {
    match value {
        ValueView::Double(number) if number.is_finite() => format!("{number:.6}"),
        other => text(other).into_owned(),
    }
}

// === impl Parts ===

impl Parts {
    /// Input and output apart, messages still among the attributes.
    fn of(found: &FoundSpan) -> Self {
        let stored = texts(found.span().attributes());
        let (mut attributes, mut renamed) = (Texts::new(), Texts::new());
        for (key, value) in stored {
            match field::shown(&key) {
                shown if shown == key => attributes.insert(key, value),
                shown => renamed.insert(shown.into_owned(), value),
            };
        }
        // What has the shown name already counts, as it does for filters.
        for (key, value) in renamed {
            attributes.entry(key).or_insert(value);
        }
        Self {
            input: attributes.remove(INPUT).unwrap_or_default(),
            output: attributes.remove(OUTPUT).unwrap_or_default(),
            attributes,
            prompts: Texts::new(),
            completions: Texts::new(),
        }
    }

    /// Prompts and completions apart.
    fn without_messages(mut self) -> Self {
        let take = |attributes: &mut Texts, prefix: &str| -> Texts {
            attributes
                .extract_if(.., |key, _| key.starts_with(prefix))
                .collect()
        };
        self.prompts = take(&mut self.attributes, "llm.prompts.");
        self.completions = take(&mut self.attributes, "llm.completions.");
        self
    }
}
