//! The cases of `tests/processors/routing`: what the Collector's connector gives each pipeline.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json as value};

use super::*;
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::wire::json::{from_protobuf, to_protobuf};

/// By pipeline: its spans with their resource and scope, sorted. None where the request is rejected.
type Answer = Option<BTreeMap<String, Vec<String>>>;

/// Guarantees: each pipeline gets the spans that the Collector gives it, as often, and with the same resource and scope.
#[test]
fn pipelines_get_what_the_collector_gives_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/processors/routing/cases");
    let mut cases = 0;
    for entry in fs::read_dir(root).unwrap() {
        let case = entry.unwrap().path();
        assert_eq!(ours(&case), theirs(&case), "{}", case.display());
        cases += 1;
    }
    assert!(cases > 10, "only {cases} cases");
}

fn ours(case: &Path) -> Answer {
    let settings = settings(&fs::read_to_string(case.join("config.yaml")).unwrap());
    let bytes = to_protobuf(&fs::read(case.join("input.json")).unwrap()).unwrap();
    let traces = Traces::check(bytes.into()).unwrap().traces;
    let routed = table(&settings).route(&traces, &Client::default()).ok()?;
    let of = |part: &Traces| spans(&serde_json::from_slice(&from_protobuf(part.bytes()).unwrap()).unwrap());
    let parts = settings.named().into_iter().zip(&routed.parts);
    let given = parts.filter_map(|(pipeline, part)| Some((pipeline.to_string(), of(part.as_ref()?))));
    Some(given.map(|(pipeline, spans)| (pipeline, sorted(spans))).collect())
}

fn theirs(case: &Path) -> Answer {
    let expected: Value = serde_json::from_slice(&fs::read(case.join("expected.json")).unwrap()).unwrap();
    if expected["error"] == true {
        return None;
    }
    let batches = expected.as_object().unwrap().iter();
    let given = batches.filter_map(|(pipeline, batches)| Some((pipeline.clone(), batches.as_array()?)));
    Some(
        given
            .map(|(pipeline, batches)| {
                (
                    pipeline,
                    sorted(
                        batches
                            .iter()
                            .map(plain)
                            .flat_map(|batch| spans(&batch))
                            .collect(),
                    ),
                )
            })
            .collect(),
    )
}

fn settings(config: &str) -> RoutingSettings {
    let mut diagnostics = Diagnostics::default();
    let document = parse(&Source::new("config.yaml", config), &mut diagnostics).unwrap();
    let (node, _) = document.find("connectors.routing");
    node.read(&mut diagnostics)
        .unwrap_or_else(|| panic!("{}", diagnostics.render()))
}

/// A request as Spanway writes it.
fn plain(request: &Value) -> Value {
    let bytes = to_protobuf(request.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&from_protobuf(&bytes).unwrap()).unwrap()
}

fn spans(request: &Value) -> Vec<String> {
    let each = |parent: &Value, key: &str| parent[key].as_array().cloned().unwrap_or_default();
    let mut spans = Vec::new();
    for resource in each(request, "resourceSpans") {
        for scope in each(&resource, "scopeSpans") {
            for mut span in each(&scope, "spans") {
                // The Collector writes messages without content, too.
                span.as_object_mut()
                    .unwrap()
                    .retain(|_, field| *field != value!({}));
                let name = scope["scope"].as_object().filter(|scope| !scope.is_empty());
                let above = (
                    &resource["resource"],
                    &resource["schemaUrl"],
                    name,
                    &scope["schemaUrl"],
                );
                spans.push(value!([above, span]).to_string());
            }
        }
    }
    spans
}

fn sorted(mut spans: Vec<String>) -> Vec<String> {
    spans.sort();
    spans
}
