use serde_json::Value;

use super::super::{BASES, endpoints};
use crate::query::openapi::part;

/// Guarantees: the document has every path under both bases, every operation says what each refusal looks like, and
/// every reference leads somewhere.
#[test]
fn the_document_is_whole() {
    let document = part(include_str!("../openapi.yaml")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), BASES.len() * endpoints().len());
    for base in BASES {
        for (path, _) in endpoints() {
            let path = format!("{base}/{path}").replace("{project}", "{project_id}");
            assert!(paths.contains_key(&path), "{path}");
        }
    }
    let operations = paths
        .values()
        .filter_map(|item| item.get("get").or(item.get("post")));
    let operations: Vec<&Value> = operations.collect();
    assert_eq!(operations.len(), endpoints().len());
    for operation in operations {
        for status in [
            "200", "400", "401", "403", "404", "405", "413", "429", "500", "503",
        ] {
            assert!(
                operation["responses"][status].is_object(),
                "{} {status}",
                operation["operationId"]
            );
        }
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}
