//! The product's names for what a span has.
//!
//! It shows what instrumentations call `gen_ai.*` as `llm.*`; `llm.vendor`, `llm.prompts.*` and `llm.completions.*` have names of
//! their own. Whoever filters may use either.

use std::borrow::Cow;

use super::super::model::Field;

/// Beginnings of attribute keys, as they are shown and as instrumentations have them; the first that fits counts.
const SPELLINGS: [(&str, &str); 3] = [
    ("llm.prompts.", "gen_ai.prompt."),
    ("llm.completions.", "gen_ai.completion."),
    ("llm.", "gen_ai."),
];

/// The one key that does not follow them, as it is shown and as instrumentations have it.
const VENDOR: (&str, &str) = ("llm.vendor", "gen_ai.system");

/// `SPAN_KIND_*`, by number.
pub const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// `STATUS_CODE_*`, by number.
pub const CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// The environment of spans that name none: the product's own default, which its tools ask for unless told otherwise.
pub const UNNAMED: &str = "prd";

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Text that is shown as empty where a span lacks it.
    Text(Field),
    /// The environment, which is shown as [`UNNAMED`] where a span lacks it.
    Environment,
    /// An attribute.
    Attribute(Field),
    /// A number that is shown as whole units of so many nanoseconds.
    Nanos(Field, i64),
    /// A number that goes by names: the names, and the prefix that they may be without.
    Enumeration(Field, &'static [&'static str], &'static str),
}

/// What a name in a filter or a parameter stands for; durations are in `duration_unit` nanoseconds.
pub fn named(name: &str, duration_unit: i64) -> Named {
    match name {
        "span_name" | "spanName" | "name" => Named::Text(Field::Name),
        "trace_id" | "traceId" => Named::Text(Field::TraceId),
        "span_id" | "spanId" => Named::Text(Field::SpanId),
        "parent_span_id" | "parentSpanId" => Named::Text(Field::ParentSpanId),
        "trace_state" | "traceState" => Named::Text(Field::TraceState),
        "service_name" | "serviceName" | "service.name" => Named::Text(Field::Service),
        "scope_name" | "scopeName" => Named::Text(Field::ScopeName),
        "scope_version" | "scopeVersion" => Named::Text(Field::ScopeVersion),
        "status_message" | "statusMessage" => Named::Text(Field::StatusMessage),
        "environment" | "env" => Named::Environment,
        "input" => Named::Text(attribute("traceloop.entity.input")),
        "output" => Named::Text(attribute("traceloop.entity.output")),
        "workflow" | "workflow_name" | "workflowName" | "traceloop_workflow_name" => {
            Named::Attribute(workflow())
        }
        "traceloop_entity_name" => Named::Attribute(attribute("traceloop.entity.name")),
        "total_tokens" | "llm_usage_total_tokens" => Named::Attribute(tokens()),
        "llm_response_model" => Named::Attribute(attribute("llm.response.model")),
        "span_kind" | "spanKind" => Named::Enumeration(Field::Kind, &KINDS, "SPAN_KIND_"),
        "status_code" | "statusCode" => Named::Enumeration(Field::StatusCode, &CODES, "STATUS_CODE_"),
        "duration" => Named::Nanos(Field::Duration, duration_unit),
        "duration_ms" => Named::Nanos(Field::Duration, 1_000_000),
        "timestamp" => Named::Nanos(Field::Start, 1_000_000),
        _ => Named::Attribute(match name.split_once('.') {
            Some(("span_attributes" | "spanAttributes", key)) => attribute(key),
            Some(("resource_attributes" | "resourceAttributes", key)) => Field::Resource(key.into()),
            _ => attribute(name),
        }),
    }
}

/// The environment, under both its names.
pub fn environment() -> Field {
    let names = ["deployment.environment.name", "deployment.environment"];
    Field::First(names.map(|name| Field::Resource(name.into())).into())
}

/// The workflow that a span belongs to.
pub fn workflow() -> Field {
    Field::Attribute("traceloop.workflow.name".into())
}

/// The tokens that a span's request took.
pub fn tokens() -> Field {
    attribute("llm.usage.total_tokens")
}

/// A span attribute under all its spellings, the shown one first.
pub fn attribute(key: &str) -> Field {
    let shown = shown(key);
    match meant(&shown) {
        Some(meant) => Field::First(vec![
            Field::Attribute(shown.into_owned()),
            Field::Attribute(meant),
        ]),
        None => Field::Attribute(key.into()),
    }
}

/// How an attribute's key is shown.
pub fn shown(key: &str) -> Cow<'_, str> {
    if key == VENDOR.1 {
        return Cow::Borrowed(VENDOR.0);
    }
    let spellings = SPELLINGS.iter();
    let mut shown =
        spellings.filter_map(|(shown, meant)| Some(format!("{shown}{}", key.strip_prefix(meant)?)));
    shown.next().map_or(Cow::Borrowed(key), Cow::Owned)
}

/// How instrumentations spell a key that is shown.
fn meant(shown: &str) -> Option<String> {
    if shown == VENDOR.0 {
        return Some(VENDOR.1.into());
    }
    let mut spellings = SPELLINGS.iter();
    spellings.find_map(|(ours, meant)| Some(format!("{meant}{}", shown.strip_prefix(ours)?)))
}
