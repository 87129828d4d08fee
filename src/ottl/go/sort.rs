//! The order of the converter `Sort`.

use std::cmp::Ordering;

use crate::wire::{Value, ValueView};

/// What the values of a list are compared as.
#[derive(Clone, Copy)]
enum Order {
    Int,
    Float,
    Text,
}

/// The values in order: whole numbers as such, numbers of both kinds as floating point numbers with NaN first, all others
/// by their texts. A list with bytes, lists or maps in it stays as it is. What is equal keeps its place.
pub fn sort(mut list: Vec<Value>, descending: bool) -> Vec<Value> {
    let Some(order) = order(&list) else { return list };
    match order {
        Order::Int => list.sort_by(|a, b| directed(int(a).cmp(&int(b)), descending)),
        Order::Float => list.sort_by(|a, b| directed(compare(float(a), float(b)), descending)),
        Order::Text => {
            let mut keyed: Vec<_> = list.into_iter().map(|value| (text(&value), value)).collect();
            keyed.sort_by(|(a, _), (b, _)| directed(a.cmp(b), descending));
            list = keyed.into_iter().map(|(_, value)| value).collect();
        }
    }
    list
}

fn order(list: &[Value]) -> Option<Order> {
    let (mut ints, mut floats, mut others) = (false, false, false);
    for value in list {
        match value {
            Value::Int(_) => ints = true,
            Value::Double(_) => floats = true,
            Value::String(_) | Value::Bool(_) | Value::Empty => others = true,
            Value::Bytes(_) | Value::Array(_) | Value::KeyValueList(_) => return None,
        }
    }
    match (others, floats, ints) {
        (true, ..) => Some(Order::Text),
        (_, true, _) => Some(Order::Float),
        (_, _, true) => Some(Order::Int),
        _ => None,
    }
}

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Double(number) => *number,
        other => int(other) as f64,
    }
}

/// NaN is less than all numbers and equal to itself.
fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => ValueView::Double(*number).text().into_owned(),
        _ => String::new(),
    }
}
