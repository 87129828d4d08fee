//! Comparison, by the table of the language.

use super::super::syntax::Comparison;
use super::super::value::Value;
use super::world::V;
use crate::wire::Value as Stored;

/// Whether two values compare so.
pub(super) fn compared(left: &V, comparison: Comparison, right: &V) -> bool {
    match (left, right) {
        (Value::Bytes(left), right) if left.is_empty() => compared(&Value::Nil, comparison, right),
        (left, Value::Bytes(right)) if right.is_empty() => compared(left, comparison, &Value::Nil),
        (Value::Nil, Value::Nil) => by_order(&0, comparison, &0),
        (Value::Bool(left), Value::Bool(right)) => by_order(left, comparison, right),
        (Value::Int(left), Value::Int(right)) => by_order(left, comparison, right),
        (Value::Float(left), Value::Float(right)) => by_order(left, comparison, right),
        (Value::Int(left), Value::Float(right)) => by_order(&(*left as f64), comparison, right),
        (Value::Float(left), Value::Int(right)) => by_order(left, comparison, &(*right as f64)),
        (Value::Text(left), Value::Text(right)) => by_order(left, comparison, right),
        (Value::Bytes(left), Value::Bytes(right)) => by_order(left, comparison, right),
        (Value::Duration(left), Value::Duration(right)) => by_order(left, comparison, right),
        (Value::Time(left), Value::Time(right)) => by_order(
            &(left.seconds, left.nanos),
            comparison,
            &(right.seconds, right.nanos),
        ),
        (left, right) => match comparison {
            Comparison::Equal => equal(left, right),
            Comparison::Unequal => !equal(left, right),
            _ => false,
        },
    }
}

fn by_order<T: PartialOrd>(left: &T, comparison: Comparison, right: &T) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::Unequal => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

/// What has no order.
fn equal(left: &V, right: &V) -> bool {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => maps(left, right),
        (Value::List(left), Value::List(right)) => lists(left, right),
        (Value::TraceId(left), Value::TraceId(right)) => left == right,
        (Value::SpanId(left), Value::SpanId(right)) => left == right,
        (Value::Events(left), Value::Events(right)) | (Value::Links(left), Value::Links(right)) => {
            left == right
        }
        (Value::Status(left), Value::Status(right)) => left == right,
        _ => false,
    }
}

fn maps(left: &[(String, Stored)], right: &[(String, Stored)]) -> bool {
    let of = |key: &String| right.iter().find(|(other, _)| other == key);
    let is_there = |(key, value): &(String, Stored)| of(key).is_some_and(|(_, other)| stored(value, other));
    left.len() == right.len() && left.iter().all(is_there)
}

fn lists(left: &[Stored], right: &[Stored]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| stored(left, right))
}

/// Types must be the same here.
fn stored(left: &Stored, right: &Stored) -> bool {
    match (left, right) {
        (Stored::Empty, Stored::Empty) => true,
        (Stored::String(left), Stored::String(right)) => left == right,
        (Stored::Bool(left), Stored::Bool(right)) => left == right,
        (Stored::Int(left), Stored::Int(right)) => left == right,
        (Stored::Double(left), Stored::Double(right)) => left == right,
        (Stored::Bytes(left), Stored::Bytes(right)) => left == right,
        (Stored::Array(left), Stored::Array(right)) => lists(left, right),
        (Stored::KeyValueList(left), Stored::KeyValueList(right)) => maps(left, right),
        _ => false,
    }
}
