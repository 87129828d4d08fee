//! The sections of a document as they are taken out of its tree, one after the other.

use std::hash::Hash;
use std::str::FromStr;

use indexmap::IndexMap;

use super::diagnostic::{Diagnostics, listed};
use super::document::{Components, Pipeline, Reference, Service};
use super::factory::Kind;
use super::id::{ComponentId, PipelineId};
use super::node::{Map, Node, Value};
use super::service::{Patience, Telemetry};
use super::source::Origin;

const PATIENCE: [&str; 3] = ["ack_timeout", "drain_timeout", "reload_interval"];

/// The keys of a map; nothing counts as a map without keys.
pub(super) fn section(node: Node, what: &str, diagnostics: &mut Diagnostics) -> Map {
    let null = node.is_null();
    match node.value {
        Value::Map(map) => map,
        _ if null => Map::default(),
        _ => {
            let found = node.what();
            diagnostics.error(
                Some(&node.origin),
                format!("{what} must be a map, and is {found}"),
            );
            Map::default()
        }
    }
}

pub(super) fn components(sections: &mut Map, kind: Kind, diagnostics: &mut Diagnostics) -> Components {
    let Some(node) = sections.remove(kind.section()) else {
        return Components::default();
    };
    ids(
        section(node, &format!("`{}`", kind.section()), diagnostics),
        diagnostics,
    )
}

/// Nodes by what their keys name.
fn ids<Id: FromStr<Err = String> + Hash + Eq>(map: Map, diagnostics: &mut Diagnostics) -> IndexMap<Id, Node> {
    let mut found = IndexMap::new();
    for (key, node) in map {
        let origin = node.key_origin().clone();
        match key.parse() {
            Ok(id) => {
                if found.insert(id, node).is_some() {
                    diagnostics.error(
                        Some(&origin),
                        format!("`{key}` is written twice, once with spaces"),
                    );
                }
            }
            Err(message) => {
                diagnostics.error(Some(&origin), message);
            }
        }
    }
    found
}

pub(super) fn service(node: Node, diagnostics: &mut Diagnostics) -> Service {
    let origin = node.key_origin().clone();
    let mut keys = section(node, "`service`", diagnostics);
    let mut service = Service::default();
    if let Some(node) = keys.remove("extensions") {
        service.extensions = references(&node, "service.extensions", diagnostics);
    }
    if let Some(node) = keys.remove("telemetry") {
        let read = diagnostics.within("service.telemetry", |diagnostics| {
            let read = node.read::<Telemetry>(diagnostics);
            node.advise::<Telemetry>(false, diagnostics);
            read
        });
        service.telemetry = read.unwrap_or_default();
        service.telemetry_node = Some(node);
    }
    service.patience = patience(&mut keys, &origin, diagnostics);
    let pipelines = keys
        .remove("pipelines")
        .map(|node| section(node, "`service.pipelines`", diagnostics));
    let pipelines = pipelines.unwrap_or_default();
    if pipelines.is_empty() {
        diagnostics
            .error(Some(&origin), "there is no pipeline to run")
            .help("add `traces` with its `receivers` and `exporters` to `service.pipelines`");
    }
    for (id, node) in ids::<PipelineId>(pipelines, diagnostics) {
        let pipeline = pipeline(&id, node, diagnostics);
        service.pipelines.insert(id, pipeline);
    }
    unknown_keys(
        &keys,
        ["extensions", "pipelines", "telemetry"]
            .into_iter()
            .chain(PATIENCE),
        "service",
        diagnostics,
    );
    service
}

/// The keys of `Patience` stand beside the others of `service`.
fn patience(keys: &mut Map, origin: &Origin, diagnostics: &mut Diagnostics) -> Patience {
    let mut written = Map::default();
    for key in PATIENCE {
        if let Some(node) = keys.remove(key) {
            written.set(key.into(), node);
        }
    }
    let node = Node::new(Value::Map(written), origin.clone());
    let read = diagnostics.within("service", |diagnostics| node.read::<Patience>(diagnostics));
    read.unwrap_or_default()
}

fn pipeline(id: &PipelineId, node: Node, diagnostics: &mut Diagnostics) -> Pipeline {
    let place = format!("service.pipelines.{id}");
    let origin = node.key_origin().clone();
    let mut keys = section(node, &format!("`{place}`"), diagnostics);
    let mut list = |key: &str, diagnostics: &mut Diagnostics| {
        let node = keys.remove(key);
        node.map(|node| references(&node, &format!("{place}.{key}"), diagnostics))
            .unwrap_or_default()
    };
    let pipeline = Pipeline {
        origin,
        receivers: list("receivers", diagnostics),
        processors: list("processors", diagnostics),
        exporters: list("exporters", diagnostics),
    };
    unknown_keys(
        &keys,
        ["receivers", "processors", "exporters"].into_iter(),
        &place,
        diagnostics,
    );
    pipeline
}

fn references(node: &Node, place: &str, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    if node.is_null() {
        return Vec::new();
    }
    let Some(items) = node.list() else {
        diagnostics
            .error(
                Some(&node.origin),
                format!("`{place}` must be a list of components, and is {}", node.what()),
            )
            .help("write it in brackets: `[otlp]`");
        return Vec::new();
    };
    let mut found: Vec<Reference> = Vec::new();
    for item in items {
        let id = match item.text().map(ComponentId::from_str) {
            Some(Ok(id)) => id,
            wrong => {
                let message = wrong.and_then(Result::err);
                let message = message.unwrap_or_else(|| {
                    format!("`{place}` holds {} instead of a component's name", item.what())
                });
                diagnostics.error(Some(&item.origin), message);
                continue;
            }
        };
        if found.iter().any(|other| other.id == id) {
            diagnostics.error(Some(&item.origin), format!("`{place}` names `{id}` twice"));
            continue;
        }
        found.push(Reference {
            id,
            origin: item.origin.clone(),
        });
    }
    found
}

pub(super) fn unknown_keys<'a>(
    left: &Map,
    known: impl Iterator<Item = &'a str> + Clone,
    place: &str,
    diagnostics: &mut Diagnostics,
) {
    let place = match place {
        "" => String::new(),
        place => format!(" in `{place}`"),
    };
    for (key, node) in left.iter() {
        let error = diagnostics.error(Some(node.key_origin()), format!("unknown key `{key}`{place}"));
        error.help(format!("the keys here are {}", listed(known.clone())));
        error.nearest(key, known.clone());
    }
}
