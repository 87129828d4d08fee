//! Configured values as spans have them.

use crate::config::literal::Literal;
use crate::wire::Value;

/// A configured value as an attribute has it.
pub fn value(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Empty,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(number) => Value::Int(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::String(text) => Value::String(text.clone()),
        Literal::List(items) => Value::Array(items.iter().map(value).collect()),
        Literal::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.clone(), value(item)));
            Value::KeyValueList(entries.collect())
        }
    }
}
