//! `spanway print-config`: what a configuration comes to, after merging, expansion and defaults. Secrets are redacted.

use serde_json::{Map, Value};

use crate::config::diagnostic::Diagnostics;
use crate::config::document::{Config, Reference};
use crate::config::factory::{Catalog, Kind};
use crate::config::load::Inputs;
use crate::config::node::Node;
use crate::config::prepare;
use crate::config::storage::Storages;

/// One section's settings and the node that they were read from.
type Part<'a> = (String, Value, Option<&'a Node>);

/// Prints the effective configuration as YAML; with `origins`, as one line a value, each with the place where it
/// was written. `Err` says what is wrong with it.
pub fn print_config(
    inputs: &Inputs<'_>,
    traces_only: bool,
    catalog: &Catalog,
    origins: bool,
) -> Result<String, String> {
    let mut diagnostics = Diagnostics::default();
    let Some(config) = prepare(inputs, traces_only, catalog, &mut diagnostics) else {
        return Err(diagnostics.render());
    };
    let parts = parts(&config, catalog);
    match origins {
        true => Ok(parts
            .iter()
            .map(|(path, value, node)| lines(path, value, *node))
            .collect()),
        false => serde_saphyr::to_string(&document(&config, parts)).map_err(|error| format!("{error}\n")),
    }
}

/// Every component's effective settings and the telemetry's, under their paths.
fn parts<'a>(config: &'a Config, catalog: &Catalog) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let storages = Storages::find(config, catalog);
    for kind in Kind::ALL {
        for (id, node) in config.components(kind) {
            let journaled = match storages.journaled(kind, id).as_slice() {
                [one] => Some(*one),
                _ => None,
            };
            let component = catalog.find(kind, &id.type_name);
            let effective = component.and_then(|component| component.effective(node, journaled));
            let value = without_unset(effective.unwrap_or_default(), Some(node));
            parts.push((format!("{}.{id}", kind.section()), value, Some(node)));
        }
    }
    let telemetry = serde_json::to_value(&config.service.telemetry).unwrap_or_default();
    let node = config.service.telemetry_node.as_ref();
    let telemetry = without_unset(telemetry, node);
    parts.push(("service.telemetry".into(), telemetry, node));
    parts
}

fn document(config: &Config, parts: Vec<Part<'_>>) -> Value {
    let mut root = Map::new();
    for (path, value, _) in parts {
        // Names of components may have dots; names of sections have none.
        let Some((section, key)) = path.split_once('.') else {
            continue;
        };
        let section = root.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Some(section) = section.as_object_mut() {
            section.insert(key.to_owned(), value);
        }
    }
    let names = |list: &[Reference]| Value::from_iter(list.iter().map(|reference| reference.id.to_string()));
    let pipelines = config.service.pipelines.iter().map(|(id, pipeline)| {
        let lists = [
            ("receivers", &pipeline.receivers),
            ("processors", &pipeline.processors),
            ("exporters", &pipeline.exporters),
        ];
        (
            id.to_string(),
            Value::from_iter(lists.map(|(key, list)| (key.to_owned(), names(list)))),
        )
    });
    if let Some(service) = root.get_mut("service").and_then(Value::as_object_mut) {
        service.insert("extensions".into(), names(&config.service.extensions));
        service.insert("pipelines".into(), Value::from_iter(pipelines));
    }
    Value::Object(root)
}

/// What is not set is not printed, unless nothing is what was written.
fn without_unset(value: Value, node: Option<&Node>) -> Value {
    let below = |key: &str| node.and_then(|node| node.get(key));
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, value)| !value.is_null() || below(key).is_some())
            .map(|(key, value)| {
                let node = below(&key);
                (key, without_unset(value, node))
            })
            .collect(),
        other => other,
    }
}

fn lines(path: &str, value: &Value, node: Option<&Node>) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .map(|(key, value)| {
                lines(
                    &format!("{path}.{key}"),
                    value,
                    node.and_then(|node| node.get(key)),
                )
            })
            .collect(),
        value => {
            let origin = node.map_or_else(|| "default".to_owned(), |node| node.origin.to_string());
            format!("{path}: {value}  # {origin}\n")
        }
    }
}
