//! Whether a span has what it must have.

use std::borrow::Cow;

use super::{Matching, Text};
use crate::pipeline::processor::Above;
use crate::wire::{AttributeView, ResourceEdit, ScopeEdit, SpanEdit, Value, ValueView};

/// What stands for a service without a name.
const NO_SERVICE: &str = "<nil-service-name>";

/// The kinds of spans by their number.
pub(super) const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// What a span must have, ready to be compared. A list that is not configured is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub services: Option<Vec<Text>>,
    pub span_names: Option<Vec<Text>>,
    pub span_kinds: Option<Vec<Text>>,
    pub libraries: Vec<Library>,
    pub resources: Vec<Attribute>,
    pub attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
pub(super) struct Library {
    pub name: Text,
    pub version: Option<Text>,
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub key: String,
    pub wanted: Wanted,
}

#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Any,
    Value(Value),
    Text(Text),
}

impl Matching {
    /// Whether the span is meant, as it is now.
    pub fn includes(&self, above: Above<'_>, span: &SpanEdit<'_>) -> bool {
        let matches = |filter: &Filter| filter.matches(above, span);
        self.include.as_ref().is_none_or(matches) && !self.exclude.as_ref().is_some_and(matches)
    }
}

// === impl Filter ===

impl Filter {
    fn matches(&self, above: Above<'_>, span: &SpanEdit<'_>) -> bool {
        let any = |list: &Option<Vec<Text>>, text: &dyn Fn(&Text) -> bool| {
            list.as_ref().is_none_or(|list| list.iter().any(text))
        };
        let kind = usize::try_from(span.kind()).ok().and_then(|kind| KINDS.get(kind));
        let service = self.services.as_ref().map(|_| service(above.resource));
        any(&self.services, &|text| {
            text.matches(service.as_deref().unwrap_or_default())
        }) && any(&self.span_names, &|text| text.matches(span.name()))
            && any(&self.span_kinds, &|text| text.matches(kind.unwrap_or(&"")))
            && self.libraries.iter().all(|library| library.matches(above.scope))
            && all(&self.resources, |key| above.resource.pair(key))
            && all(&self.attributes, |key| span.pair(key))
    }
}

fn service<'a>(resource: &'a ResourceEdit<'_>) -> Cow<'a, str> {
    match resource.attribute("service.name") {
        Some(name) => name.text(),
        None => Cow::Borrowed(NO_SERVICE),
    }
}

fn all<'a>(wanted: &[Attribute], find: impl Fn(&str) -> Option<AttributeView<'a>>) -> bool {
    wanted
        .iter()
        .all(|attribute| find(&attribute.key).is_some_and(|found| attribute.wanted.matches(&found.value())))
}

// === impl Library ===

impl Library {
    fn matches(&self, scope: &ScopeEdit<'_>) -> bool {
        self.name.matches(scope.name())
            && self
                .version
                .as_ref()
                .is_none_or(|version| version.matches(scope.version()))
    }
}

// === impl Wanted ===

impl Wanted {
    fn matches(&self, found: &ValueView<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Text(text) => found.plain().is_some_and(|found| text.matches(&found)),
            Self::Value(Value::Double(wanted)) => {
                matches!(found, ValueView::Double(found) if found == wanted)
            }
            Self::Value(wanted) => is_same(wanted, found),
        }
    }
}

/// Equality of type and content: the order of a map's keys does not matter, doubles are compared bit by bit.
fn is_same(wanted: &Value, found: &ValueView<'_>) -> bool {
    match (wanted, found) {
        (Value::Empty, ValueView::Empty) => true,
        (Value::String(wanted), ValueView::String(found)) => wanted == found,
        (Value::Bool(wanted), ValueView::Bool(found)) => wanted == found,
        (Value::Int(wanted), ValueView::Int(found)) => wanted == found,
        (Value::Double(wanted), ValueView::Double(found)) => wanted.to_bits() == found.to_bits(),
        (Value::Bytes(wanted), ValueView::Bytes(found)) => wanted == found,
        (Value::Array(wanted), ValueView::Array(found)) => {
            wanted.len() == found.iter().count()
                && wanted
                    .iter()
                    .zip(found.iter())
                    .all(|(wanted, found)| is_same(wanted, &found))
        }
        (Value::KeyValueList(wanted), ValueView::KeyValueList(found)) => {
            // A configured map has no key twice, so as many pairs with each key once are the same pairs.
            wanted.len() == found.iter().count()
                && wanted.iter().all(|(key, wanted)| {
                    let mut pairs = found.iter().filter(|pair| pair.key() == key);
                    pairs.next().is_some_and(|pair| is_same(wanted, &pair.value()))
                })
        }
        _ => false,
    }
}
