//! How values compare. Nothing is converted but whole numbers beside floating point ones, and nothing fails: what
//! cannot be compared is unequal.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::syntax::Comparison;
use super::value::Value;
use crate::wire::Value as Stored;

/// Whether the values compare so.
pub fn compare(left: &Value<'_>, comparison: Comparison, right: &Value<'_>) -> bool {
    match relation(left, right) {
        Relation::Ordered(ordering) => match comparison {
            Comparison::Equal => ordering.is_eq(),
            Comparison::Unequal => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        },
        Relation::Alike(alike) => match comparison {
            Comparison::Equal => alike,
            Comparison::Unequal => !alike,
            _ => false,
        },
    }
}

/// Whether they are equal.
pub fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    compare(left, Comparison::Equal, right)
}

/// How two values stand to each other.
enum Relation {
    Ordered(Ordering),
    /// There is no order, only whether they are the same.
    Alike(bool),
}

fn relation(left: &Value<'_>, right: &Value<'_>) -> Relation {
    let float = |left: f64, right: f64| {
        let ordering = left.partial_cmp(&right);
        ordering.map_or(Relation::Alike(false), Relation::Ordered)
    };
    match (left, right) {
        (Value::Nil, Value::Nil) => Relation::Ordered(Ordering::Equal),
        // Bytes of which there are none count as nothing.
        (Value::Bytes(bytes), other) if bytes.is_empty() => relation(&Value::Nil, other),
        (other, Value::Bytes(bytes)) if bytes.is_empty() => relation(other, &Value::Nil),
        (Value::Bool(left), Value::Bool(right)) => Relation::Ordered(left.cmp(right)),
        (Value::Int(left), Value::Int(right)) => Relation::Ordered(left.cmp(right)),
        (Value::Int(left), Value::Float(right)) => float(*left as f64, *right),
        (Value::Float(left), Value::Int(right)) => float(*left, *right as f64),
        (Value::Float(left), Value::Float(right)) => float(*left, *right),
        (Value::Text(left), Value::Text(right)) => Relation::Ordered(left.as_bytes().cmp(right.as_bytes())),
        (Value::Bytes(left), Value::Bytes(right)) => Relation::Ordered(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Relation::Ordered(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => {
            Relation::Ordered((left.seconds, left.nanos).cmp(&(right.seconds, right.nanos)))
        }
        (Value::Map(left), Value::Map(right)) => Relation::Alike(same_pairs(left, right)),
        (Value::List(left), Value::List(right)) => Relation::Alike(same_items(left, right)),
        (Value::TraceId(left), Value::TraceId(right)) => Relation::Alike(left == right),
        (Value::SpanId(left), Value::SpanId(right)) => Relation::Alike(left == right),
        (Value::Events(left), Value::Events(right)) | (Value::Links(left), Value::Links(right)) => {
            Relation::Alike(left == right)
        }
        (Value::Status(left), Value::Status(right)) => Relation::Alike(left == right),
        _ => Relation::Alike(false),
    }
}

/// Entries of maps that are found as fast one by one.
const FEW: usize = 16;

/// Maps are the same whatever their order; of a key that occurs twice the first counts.
fn same_pairs(left: &[(String, Stored)], right: &[(String, Stored)]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if right.len() <= FEW {
        let of = |key: &String| right.iter().find(|(other, _)| other == key);
        return left
            .iter()
            .all(|(key, value)| of(key).is_some_and(|(_, other)| same(value, other)));
    }
    let mut first: HashMap<&str, &Stored> = HashMap::with_capacity(right.len());
    for (key, value) in right {
        first.entry(key).or_insert(value);
    }
    let of = |key: &String| first.get(key.as_str());
    left.iter()
        .all(|(key, value)| of(key).is_some_and(|other| same(value, other)))
}

fn same_items(left: &[Stored], right: &[Stored]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

/// Here an int is never a double.
fn same(left: &Stored, right: &Stored) -> bool {
    match (left, right) {
        (Stored::KeyValueList(left), Stored::KeyValueList(right)) => same_pairs(left, right),
        (Stored::Array(left), Stored::Array(right)) => same_items(left, right),
        _ => left == right,
    }
}
