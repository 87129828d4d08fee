//! The verdict on a span: true, false, or none where something is missing.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Cast, Column, Comparison, Literal, Operand, Test};
use crate::query::phoenix::seen::Seen;
use crate::query::phoenix::{attributes, json_text, time};

/// A value at hand.
#[derive(Clone, Debug)]
enum Got {
    Missing,
    Json(Value),
    /// Nanoseconds since 1970.
    Time(i128),
}

/// Whether a test passes.
pub fn verdict(test: &Test, seen: &Seen) -> Option<bool> {
    match test {
        Test::All(tests) => settled(tests, seen, false),
        Test::Any(tests) => settled(tests, seen, true),
        Test::Not(test) => verdict(test, seen).map(|holds| !holds),
        Test::IsNone(operand) => Some(matches!(get(operand, seen), Got::Missing)),
        Test::Compare(left, op, right) => compare(get(left, seen), *op, get(right, seen)),
        Test::In(Operand::List(items), operand) => {
            let got = get(operand, seen);
            let mut verdicts = items
                .iter()
                .map(|item| compare(got.clone(), Comparison::Equal, literal(item)));
            match got {
                Got::Missing => None,
                _ => Some(verdicts.any(|verdict| verdict == Some(true))),
            }
        }
        Test::In(whole, part) => match (get(whole, seen), get(part, seen)) {
            (Got::Json(Value::String(whole)), Got::Json(Value::String(part))) => Some(whole.contains(&part)),
            (Got::Json(Value::Array(items)), Got::Json(item)) => Some(items.contains(&item)),
            _ => None,
        },
    }
}

/// `decisive` when one of the tests says so; else nothing, when one says nothing.
fn settled(tests: &[Test], seen: &Seen, decisive: bool) -> Option<bool> {
    let verdicts: Vec<Option<bool>> = tests.iter().map(|test| verdict(test, seen)).collect();
    if verdicts.contains(&Some(decisive)) {
        Some(decisive)
    } else if verdicts.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

/// The value of an operand, null where it is missing.
pub fn value(operand: &Operand, seen: &Seen) -> Value {
    match operand {
        Operand::Column(Column::Start) => time::pandas(seen.start).into(),
        Operand::Column(Column::End) => time::pandas(seen.end).into(),
        _ => match get(operand, seen) {
            Got::Json(value) => value,
            Got::Missing | Got::Time(_) => Value::Null,
        },
    }
}

fn get(operand: &Operand, seen: &Seen) -> Got {
    match operand {
        Operand::Literal(value) => literal(value),
        Operand::List(_) => Got::Missing,
        Operand::Column(name) => column(*name, seen),
        Operand::Attribute(path) => match attributes::at(&seen.attributes, path) {
            None | Some(Value::Null) => Got::Missing,
            Some(value) => Got::Json(value.clone()),
        },
        Operand::Cast(to, inner) => match get(inner, seen) {
            Got::Json(value) => cast(*to, &value).map_or(Got::Missing, Got::Json),
            other => other,
        },
    }
}

fn literal(literal: &Literal) -> Got {
    match literal {
        Literal::None => Got::Missing,
        Literal::Bool(truth) => Got::Json((*truth).into()),
        Literal::Number(number) => Got::Json(json!(number)),
        Literal::Text(text) => Got::Json(text.as_str().into()),
    }
}

fn column(column: Column, seen: &Seen) -> Got {
    let text = |text: &str| Got::Json(text.into());
    match column {
        Column::Name => text(&seen.name),
        Column::Kind => text(seen.kind),
        Column::Status => text(seen.status),
        Column::StatusMessage => text(&seen.message),
        Column::TraceId => text(&seen.trace_id),
        Column::SpanId => text(&seen.span_id),
        Column::ParentId => seen.parent_id.as_deref().map_or(Got::Missing, text),
        Column::Start => Got::Time(seen.start.into()),
        Column::End => Got::Time(seen.end.into()),
        Column::Latency => {
            let nanos = i128::from(seen.end) - i128::from(seen.start);
            Got::Json(json!(nanos as f64 / 1e6))
        }
    }
}

fn cast(to: Cast, value: &Value) -> Option<Value> {
    match to {
        Cast::Text => Some(json_text::str_of(value).into()),
        Cast::Whole => json_text::whole(value).map(Value::from),
        Cast::Number => number(value).map(Value::from),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Texts meet texts; anything else meets as numbers; times meet times, written or not.
fn compare(left: Got, op: Comparison, right: Got) -> Option<bool> {
    let order = match (left, right) {
        (Got::Missing, _) | (_, Got::Missing) => None,
        (Got::Json(Value::String(left)), Got::Json(Value::String(right))) => Some(left.cmp(&right)),
        (Got::Json(left), Got::Json(right)) => match number(&left).zip(number(&right)) {
            Some((left, right)) => left.partial_cmp(&right),
            None => json_text::str_of(&left).partial_cmp(&json_text::str_of(&right)),
        },
        (Got::Time(left), Got::Time(right)) => Some(left.cmp(&right)),
        (Got::Time(left), Got::Json(right)) => moment(&right).map(|right| left.cmp(&right)),
        (Got::Json(left), Got::Time(right)) => moment(&left).map(|left| left.cmp(&right)),
    };
    order.map(|order| op.allows(order))
}

fn moment(value: &Value) -> Option<i128> {
    let moment = time::parse(value.as_str()?).ok()?;
    Some(moment.nanos)
}

// === impl Comparison ===

impl Comparison {
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
