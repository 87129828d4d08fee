//! What is wrong between the parts of a configuration: names without a component, types that this build has not,
//! pipelines without an end, connectors that join nothing.

use super::diagnostic::{Diagnostics, listed, nearest};
use super::document::{Config, Pipeline, Reference};
use super::factory::{Catalog, Kind};
use super::id::{ComponentId, PipelineId};
use super::source::Origin;
use super::storage::Storages;
use super::{authentication, collector, routes};

/// Checks the configuration against the components of this build.
pub fn check(config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    let storages = Storages::find(config, catalog);
    for kind in Kind::ALL {
        for (id, node) in config.components(kind) {
            let scope = format!("{}.{id}", kind.section());
            diagnostics.within(scope, |diagnostics| match catalog.find(kind, &id.type_name) {
                Some(component) => {
                    component.check(node, diagnostics);
                    for journaled in storages.journaled(kind, id) {
                        component.advise(node, journaled, diagnostics);
                    }
                }
                None => unknown_type(kind, id, node.key_origin(), catalog, diagnostics),
            });
        }
    }
    for (id, pipeline) in &config.service.pipelines {
        check_pipeline(id, pipeline, config, diagnostics);
    }
    for extension in &config.service.extensions {
        if !config.extensions.contains_key(&extension.id) {
            undefined(
                extension,
                &[Kind::Extension],
                "service.extensions",
                config,
                diagnostics,
            );
        }
    }
    check_connectors(config, diagnostics);
    routes::check(config, catalog, diagnostics);
    storages.check(catalog, diagnostics);
    authentication::check(config, catalog, diagnostics);
    note_unused(config, diagnostics);
}

fn unknown_type(
    kind: Kind,
    id: &ComponentId,
    origin: &Origin,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) {
    let wanted = id.type_name.as_str();
    let known: Vec<&str> = catalog
        .of(kind)
        .flat_map(|component| {
            [component.about.name]
                .into_iter()
                .chain(component.about.aliases.iter().copied())
        })
        .collect();
    let family = Kind::ALL
        .into_iter()
        .find(|other| catalog.find(*other, wanted).is_some());
    let all = match known.as_slice() {
        [] => format!("this build has no {}", kind.section()),
        known => format!("this build has {}", listed(known)),
    };
    let one = kind.one();
    if collector::has(kind, wanted) {
        diagnostics
            .error(
                Some(origin),
                format!(
                    "`{wanted}` is {} of the Collector that this build does not have",
                    with_article(one)
                ),
            )
            .help(all);
        return;
    }
    let error = diagnostics.error(Some(origin), format!("there is no {one} of type `{wanted}`"));
    match (nearest(wanted, known.iter().copied()), family) {
        (_, Some(family)) => error.help(format!("`{wanted}` belongs below `{}`", family.section())),
        (Some(near), _) => error.help(format!("did you mean `{near}`?")),
        _ => error.help(all),
    }
}

fn check_pipeline(id: &PipelineId, pipeline: &Pipeline, config: &Config, diagnostics: &mut Diagnostics) {
    let place = format!("service.pipelines.{id}");
    let ends = [
        ("receivers", &pipeline.receivers),
        ("exporters", &pipeline.exporters),
    ];
    for (key, list) in ends {
        if list.is_empty() {
            diagnostics.error(
                Some(&pipeline.origin),
                format!("the pipeline `{id}` has no {key}"),
            );
        }
    }
    let lists: [(&Vec<Reference>, &[Kind]); 3] = [
        (&pipeline.receivers, &[Kind::Receiver, Kind::Connector]),
        (&pipeline.processors, &[Kind::Processor]),
        (&pipeline.exporters, &[Kind::Exporter, Kind::Connector]),
    ];
    for (list, kinds) in lists {
        for reference in list {
            let defined = kinds
                .iter()
                .filter(|kind| config.components(**kind).contains_key(&reference.id))
                .count();
            match defined {
                0 => undefined(reference, kinds, &place, config, diagnostics),
                1 => {}
                _ => {
                    let sections: Vec<String> =
                        kinds.iter().map(|kind| format!("`{}`", kind.section())).collect();
                    let message = format!(
                        "`{}` is defined below {}",
                        reference.id,
                        sections.join(" and below ")
                    );
                    diagnostics
                        .error(Some(&reference.origin), message)
                        .help("give one of them a name of its own, as in `otlp/2`");
                }
            }
        }
    }
}

fn undefined(
    reference: &Reference,
    kinds: &[Kind],
    place: &str,
    config: &Config,
    diagnostics: &mut Diagnostics,
) {
    let wanted = reference.id.to_string();
    let first = kinds.first().copied().unwrap_or(Kind::Receiver);
    let known: Vec<String> = kinds
        .iter()
        .flat_map(|kind| config.components(*kind).keys())
        .map(ToString::to_string)
        .collect();
    let error = diagnostics.error(
        Some(&reference.origin),
        format!(
            "`{place}` names the {} `{wanted}`, which is not defined",
            first.one()
        ),
    );
    match nearest(&wanted, known.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("define `{wanted}` below `{}`", first.section())),
    }
}

/// A connector stands at the end of a pipeline and at the start of another.
fn check_connectors(config: &Config, diagnostics: &mut Diagnostics) {
    for (id, node) in &config.connectors {
        let names = |list: &[Reference]| list.iter().any(|reference| reference.id == *id);
        let pipelines = || config.service.pipelines.values();
        let fed = pipelines().any(|pipeline| names(&pipeline.exporters));
        let feeds = pipelines().any(|pipeline| names(&pipeline.receivers));
        let missing = match (fed, feeds) {
            (true, false) => "receivers",
            (false, true) => "exporters",
            _ => continue,
        };
        diagnostics
            .error(
                Some(node.key_origin()),
                format!("the connector `{id}` joins nothing: no pipeline has it in its `{missing}`"),
            )
            .help("a connector stands in the `exporters` of one pipeline and in the `receivers` of another");
    }
    if let Some(path) = circle(config) {
        let origin = path
            .first()
            .and_then(|id| config.service.pipelines.get(*id))
            .map(|pipeline| &pipeline.origin);
        let names: Vec<String> = path.iter().map(|id| format!("`{id}`")).collect();
        diagnostics.error(
            origin,
            format!(
                "connectors lead pipelines round in a circle: {}",
                names.join(" -> ")
            ),
        );
    }
}

/// The first pipelines found that feed each other in a circle, the first of them repeated at the end.
fn circle(config: &Config) -> Option<Vec<&PipelineId>> {
    let pipelines = &config.service.pipelines;
    let next = |id: &PipelineId| {
        let connectors = pipelines
            .get(id)
            .into_iter()
            .flat_map(|pipeline| &pipeline.exporters);
        let connectors: Vec<&ComponentId> = connectors
            .map(|exporter| &exporter.id)
            .filter(|id| config.connectors.contains_key(*id))
            .collect();
        pipelines
            .iter()
            .filter(move |(_, pipeline)| {
                pipeline
                    .receivers
                    .iter()
                    .any(|receiver| connectors.contains(&&receiver.id))
            })
            .map(|(id, _)| id)
    };
    for start in pipelines.keys() {
        // A breadth-first walk that remembers whence it came.
        let mut came_from: indexmap::IndexMap<&PipelineId, &PipelineId> =
            next(start).map(|id| (id, start)).collect();
        let mut at = 0;
        while let Some((id, _)) = came_from.get_index(at).map(|(id, from)| (*id, *from)) {
            if id == start {
                let mut path = vec![start];
                let mut back = came_from.get(start).copied()?;
                while back != start {
                    path.push(back);
                    back = came_from.get(back).copied()?;
                }
                path.push(start);
                path.reverse();
                return Some(path);
            }
            for found in next(id) {
                came_from.entry(found).or_insert(id);
            }
            at += 1;
        }
    }
    None
}

fn note_unused(config: &Config, diagnostics: &mut Diagnostics) {
    for kind in Kind::ALL {
        let used = config.used(kind);
        for (id, node) in config.components(kind) {
            if !used.contains(id) {
                diagnostics.note(
                    Some(node.key_origin()),
                    format!("the {} `{id}` is defined and not used", kind.one()),
                );
            }
        }
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with('e') { "an" } else { "a" };
    format!("{article} {noun}")
}
