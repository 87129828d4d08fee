//! Connectors that decide which pipelines get what name these in their settings; this is what may be wrong with such
//! names.

use super::diagnostic::{Diagnostics, listed, nearest};
use super::document::Config;
use super::factory::{Catalog, Kind};
use super::id::{ComponentId, PipelineId};
use super::node::Node;

/// Reports names that lead to no pipeline behind the connector, and pipelines behind it that it never names.
pub fn check(config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    for (id, node) in &config.connectors {
        let component = catalog.find(Kind::Connector, &id.type_name);
        let named = component.map_or_else(Vec::new, |component| component.pipelines(node));
        if named.is_empty() {
            continue;
        }
        diagnostics.within(format!("{}.{id}", Kind::Connector.section()), |diagnostics| {
            for (key, pipeline) in &named {
                check_name(id, node, key, pipeline, config, diagnostics);
            }
        });
        let behind = config.service.pipelines.iter();
        for (pipeline, read) in behind.filter(|(pipeline, _)| is_behind(config, pipeline, id)) {
            if !named.iter().any(|(_, known)| known == pipeline) {
                let message =
                    format!("the pipeline `{pipeline}` gets nothing from `{id}`, which does not name it");
                let reference = read.receivers.iter().find(|reference| reference.id == *id);
                let origin = reference.map_or(&read.origin, |reference| &reference.origin);
                diagnostics.note(Some(origin), message);
            }
        }
    }
}

/// Whether the pipeline has the connector among its receivers.
fn is_behind(config: &Config, pipeline: &PipelineId, connector: &ComponentId) -> bool {
    let pipeline = config.service.pipelines.get(pipeline);
    pipeline.is_some_and(|pipeline| {
        let mut receivers = pipeline.receivers.iter();
        receivers.any(|reference| reference.id == *connector)
    })
}

fn check_name(
    connector: &ComponentId,
    node: &Node,
    key: &str,
    pipeline: &PipelineId,
    config: &Config,
    diagnostics: &mut Diagnostics,
) {
    let (wrong, help) = match config.service.pipelines.contains_key(pipeline) {
        true if is_behind(config, pipeline, connector) => return,
        true => (
            format!("does not have `{connector}` in its `receivers`"),
            format!("add `{connector}` to `service.pipelines.{pipeline}.receivers`"),
        ),
        false => (
            "does not exist".to_owned(),
            instead_of(pipeline, connector, config),
        ),
    };
    diagnostics
        .error(
            Some(&node.find(key).0.origin),
            format!("`{key}` names the pipeline `{pipeline}`, which {wrong}"),
        )
        .help(help);
}

/// What to name in place of a pipeline that does not exist.
fn instead_of(wanted: &PipelineId, connector: &ComponentId, config: &Config) -> String {
    let all = config.service.pipelines.keys();
    let behind: Vec<String> = all
        .filter(|pipeline| is_behind(config, pipeline, connector))
        .map(ToString::to_string)
        .collect();
    match nearest(&wanted.to_string(), behind.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if behind.is_empty() => {
            format!("no pipeline has `{connector}` in its `receivers`, so that there is none to name")
        }
        None => format!("the pipelines behind `{connector}` are {}", listed(behind)),
    }
}
