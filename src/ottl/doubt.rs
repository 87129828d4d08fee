//! What can never be right, although the Collector takes it: found by types, as far as they are known before any span comes.

use super::call::{Argument, Call};
use super::code::Expr;
use super::parsers::Severities;
use super::path::{Clock, Field, Form, Path};
use super::syntax::Comparison;
use super::value::Value;

/// A type, where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Nil,
    Bool,
    Number,
    Text,
    Bytes,
    List,
    Map,
    Time,
    Duration,
    TraceId,
    SpanId,
    Events,
    Links,
    Status,
}

/// Why two values compare the same way on every span.
pub(super) fn of_comparison(left: &Expr, comparison: Comparison, right: &Expr) -> Option<String> {
    let (one, other) = (of(left)?, of(right)?);
    if one == other || left.literal().is_some() && right.literal().is_some() {
        return None;
    }
    // Bytes of which there are none count as nothing.
    if matches!((one, other), (Type::Nil, Type::Bytes) | (Type::Bytes, Type::Nil)) {
        return None;
    }
    let always = match comparison {
        Comparison::Unequal => "true",
        _ => "false",
    };
    let (one, other) = (one.name(), other.name());
    Some(format!(
        "this is always {always}: {one} is compared with {other}, and nothing is converted"
    ))
}

/// Why a function can never do its work.
pub(super) fn of_call(call: &Call) -> Option<String> {
    if let Ok(Err(error)) = call.prepared::<Result<Severities, String>>() {
        return Some(format!("this always fails: {error}"));
    }
    let spread = call.arguments.iter().filter_map(|argument| match argument {
        Argument::Spread(value, _) => of(value).filter(|given| *given != Type::List),
        _ => None,
    });
    if let Some(given) = { spread }.next() {
        return Some(format!(
            "this always fails: a list is needed, and {} is given",
            given.name()
        ));
    }
    let [Argument::Path(target), Argument::Value(value, _)] = call.arguments.as_slice() else {
        return None;
    };
    if call.function.name != "set" || !target.keys.is_empty() {
        return None;
    }
    let (wanted, given) = (target.field.kind()?, of(value)?);
    let fits = wanted == given || given == Type::Nil;
    // A path to a whole number takes no floating point one.
    let is_float = wanted == Type::Number && matches!(value.literal(), Some(Value::Float(_)));
    match fits && !is_float {
        true => None,
        false => Some(format!(
            "this always fails: `{}` takes {}, and is given {}",
            target.text,
            if wanted == Type::Number {
                "an int"
            } else {
                wanted.name()
            },
            value.literal().map_or(given.name(), Value::kind),
        )),
    }
}

fn of(expression: &Expr) -> Option<Type> {
    match expression {
        Expr::Literal(value) => Some(match value {
            Value::Nil => Type::Nil,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) | Value::Float(_) => Type::Number,
            Value::Text(_) => Type::Text,
            Value::Bytes(_) => Type::Bytes,
            Value::List(_) => Type::List,
            Value::Map(_) => Type::Map,
            Value::Time(_) => Type::Time,
            Value::Duration(_) => Type::Duration,
            Value::TraceId(_) => Type::TraceId,
            Value::SpanId(_) => Type::SpanId,
            Value::Events(_) => Type::Events,
            Value::Links(_) => Type::Links,
            Value::Status(_) => Type::Status,
        }),
        Expr::Path(path) => path.kind(),
        Expr::List(_) => Some(Type::List),
        Expr::Map(_) => Some(Type::Map),
        Expr::Folded(_) | Expr::Call(..) | Expr::Negated(_) | Expr::Sum(..) => None,
    }
}

// === impl Path ===

impl Path {
    fn kind(&self) -> Option<Type> {
        match (self.field, self.keys.is_empty()) {
            // Without a state there is no member, and then it is nothing.
            (_, false) => None,
            (field, true) => field.kind(),
        }
    }
}

// === impl Field ===

impl Field {
    fn kind(self) -> Option<Type> {
        Some(match self {
            Self::Attributes(_) | Self::Cache | Self::ClientMetadata => Type::Map,
            Self::Name(_)
            | Self::SchemaUrl(_)
            | Self::Version
            | Self::TraceState
            | Self::KindText
            | Self::KindSymbol
            | Self::StatusMessage
            | Self::TraceId(Form::Text)
            | Self::SpanId(Form::Text)
            | Self::ParentSpanId(Form::Text) => Type::Text,
            Self::TraceId(Form::Id) => Type::TraceId,
            Self::SpanId(Form::Id) | Self::ParentSpanId(Form::Id) => Type::SpanId,
            Self::Start(Clock::Time) | Self::End(Clock::Time) | Self::EventTime(Clock::Time) => Type::Time,
            Self::DroppedAttributes(_)
            | Self::Kind
            | Self::Start(Clock::Nanos)
            | Self::End(Clock::Nanos)
            | Self::EventTime(Clock::Nanos)
            | Self::DroppedEvents
            | Self::DroppedLinks
            | Self::StatusCode
            | Self::Flags
            | Self::EventIndex => Type::Number,
            Self::Events => Type::Events,
            Self::Links => Type::Links,
            Self::Status => Type::Status,
            Self::ClientAddress | Self::ClientAuth => return None,
        })
    }
}

// === impl Type ===

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Time => "a time",
            Self::Duration => "a duration",
            Self::TraceId => "a trace id",
            Self::SpanId => "a span id",
            Self::Events => "events",
            Self::Links => "links",
            Self::Status => "a status",
        }
    }
}
