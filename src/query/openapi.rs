//! The OpenAPI document, put together from the parts of the products that are served.

use serde_json::{Value, json};

use super::dialect::Dialect;

/// The document. A part that is no YAML is a defect that a test finds; it is left out.
pub fn document(dialects: &[Dialect]) -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Spanway's query APIs",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The query APIs of four products, answered from one span store.",
        },
        "tags": [],
        "paths": {},
        "components": {},
    });
    let parts = dialects.iter().filter_map(|dialect| part(dialect.openapi).ok());
    parts.for_each(|part| lay(&mut document, part));
    document
}

/// One product's part.
pub fn part(yaml: &str) -> Result<Value, String> {
    serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
}

/// Maps merge, lists grow, anything else replaces.
fn lay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                lay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(base), Value::Array(over)) => base.extend(over),
        (base, over) => *base = over,
    }
}
