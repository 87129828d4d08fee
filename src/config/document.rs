//! The five sections and the service, as a tree becomes them. What is wrong with the shape of the document is found
//! here; what is wrong between its parts, in `wiring`.

use std::collections::BTreeSet;
use std::str::FromStr;

use indexmap::IndexMap;

use super::diagnostic::Diagnostics;
use super::factory::Kind;
use super::id::{ComponentId, PipelineId, Signal};
use super::node::{Map, Node, Value};
use super::service::Telemetry;
use super::source::Origin;

/// A configuration: every component's settings as a node, and how they are joined.
#[derive(Clone, Debug)]
pub struct Config {
    /// `receivers`.
    pub receivers: Components,
    /// `processors`.
    pub processors: Components,
    /// `exporters`.
    pub exporters: Components,
    /// `connectors`.
    pub connectors: Components,
    /// `extensions`.
    pub extensions: Components,
    /// `service`.
    pub service: Service,
}

/// Settings by component, in the order written.
pub type Components = IndexMap<ComponentId, Node>;

/// What runs.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Extensions, in the order in which they start.
    pub extensions: Vec<Reference>,
    /// Pipelines, in the order written.
    pub pipelines: IndexMap<PipelineId, Pipeline>,
    /// How long a client waits that does not say so itself; ours, below the 10 s that SDKs wait.
    pub ack_timeout: AckTimeout,
    /// How long a stopping gateway waits for what it holds to leave; ours, below the 30 s that Kubernetes grants.
    pub drain_timeout: DrainTimeout,
    /// What the gateway says about itself.
    pub telemetry: Telemetry,
    /// The telemetry as it is written.
    pub telemetry_node: Option<Node>,
}

/// What a pipeline consists of.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Where its key is.
    pub origin: Origin,
    /// Receivers, and connectors that feed it.
    pub receivers: Vec<Reference>,
    /// Processors, in order.
    pub processors: Vec<Reference>,
    /// Exporters, and connectors that it feeds.
    pub exporters: Vec<Reference>,
}

/// A component named in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub id: ComponentId,
    /// Where it is named.
    pub origin: Origin,
}

// === impl Config ===

impl Config {
    /// Takes a tree apart. Pipelines that carry no traces are an error, or with `traces_only` left out with a note;
    /// either way they and what only they use are looked at no further. What is wrong is left out of the result.
    pub fn read(root: Node, traces_only: bool, diagnostics: &mut Diagnostics) -> Self {
        let mut sections = section(root, "the configuration", diagnostics);
        let mut config = Self {
            receivers: components(&mut sections, Kind::Receiver, diagnostics),
            processors: components(&mut sections, Kind::Processor, diagnostics),
            exporters: components(&mut sections, Kind::Exporter, diagnostics),
            connectors: components(&mut sections, Kind::Connector, diagnostics),
            extensions: components(&mut sections, Kind::Extension, diagnostics),
            service: Service::default(),
        };
        match sections.remove("service") {
            Some(node) => config.service = service(node, diagnostics),
            None => {
                diagnostics
                    .error(
                        None,
                        "the configuration has no `service`, and so no pipeline to run",
                    )
                    .help("add `service: {pipelines: {traces: {receivers: [...], exporters: [...]}}}`");
            }
        }
        let known = Kind::ALL.into_iter().map(Kind::section).chain(["service"]);
        unknown_keys(&sections, known, "", diagnostics);
        config.leave_other_signals(traces_only, diagnostics);
        config
    }

    /// The components of a family.
    pub fn components(&self, kind: Kind) -> &Components {
        match kind {
            Kind::Receiver => &self.receivers,
            Kind::Processor => &self.processors,
            Kind::Exporter => &self.exporters,
            Kind::Connector => &self.connectors,
            Kind::Extension => &self.extensions,
        }
    }

    fn components_mut(&mut self, kind: Kind) -> &mut Components {
        match kind {
            Kind::Receiver => &mut self.receivers,
            Kind::Processor => &mut self.processors,
            Kind::Exporter => &mut self.exporters,
            Kind::Connector => &mut self.connectors,
            Kind::Extension => &mut self.extensions,
        }
    }

    /// Every defined component of the family that something names.
    pub fn used(&self, kind: Kind) -> BTreeSet<ComponentId> {
        let pipelines = self.service.pipelines.values();
        let named: Vec<&Reference> = match kind {
            Kind::Extension => self.service.extensions.iter().collect(),
            Kind::Receiver => pipelines.flat_map(|pipeline| &pipeline.receivers).collect(),
            Kind::Processor => pipelines.flat_map(|pipeline| &pipeline.processors).collect(),
            Kind::Exporter => pipelines.flat_map(|pipeline| &pipeline.exporters).collect(),
            Kind::Connector => pipelines
                .flat_map(|pipeline| pipeline.receivers.iter().chain(&pipeline.exporters))
                .collect(),
        };
        let defined = self.components(kind);
        let named = named.into_iter().map(|reference| &reference.id);
        named.filter(|id| defined.contains_key(*id)).cloned().collect()
    }

    fn leave_other_signals(&mut self, traces_only: bool, diagnostics: &mut Diagnostics) {
        let before: Vec<_> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, self.used(kind)))
            .collect();
        let all = std::mem::take(&mut self.service.pipelines);
        let (traces, others): (IndexMap<_, _>, IndexMap<_, _>) =
            all.into_iter().partition(|(id, _)| id.signal == Signal::Traces);
        self.service.pipelines = traces;
        let Some((_, first)) = others.first() else {
            return;
        };
        let names: Vec<String> = others.keys().map(|id| format!("`{id}`")).collect();
        let names = names.join(", ");
        if traces_only {
            diagnostics.note(
                Some(&first.origin),
                format!("left out, because they carry no traces: {names}"),
            );
        } else {
            diagnostics
                .error(
                    Some(&first.origin),
                    format!("this gateway takes traces, and these pipelines carry something else: {names}"),
                )
                .help("`--traces-only` leaves them out and runs the rest");
        }
        self.cut_connectors(&others);
        for (kind, used) in before {
            let still = self.used(kind);
            let gone = |id: &ComponentId| used.contains(id) && !still.contains(id);
            self.components_mut(kind).retain(|id, _| !gone(id));
        }
    }

    /// A connector that fed only what was left out feeds nobody now.
    fn cut_connectors(&mut self, others: &IndexMap<PipelineId, Pipeline>) {
        let feeds = |id: &ComponentId, pipelines: &IndexMap<PipelineId, Pipeline>| {
            pipelines
                .values()
                .any(|pipeline| pipeline.receivers.iter().any(|receiver| receiver.id == *id))
        };
        let cut: Vec<ComponentId> = self
            .connectors
            .keys()
            .filter(|id| feeds(id, others) && !feeds(id, &self.service.pipelines))
            .cloned()
            .collect();
        for pipeline in self.service.pipelines.values_mut() {
            pipeline.exporters.retain(|exporter| !cut.contains(&exporter.id));
        }
    }
}

/// The keys of a map; nothing counts as a map without keys.
fn section(node: Node, what: &str, diagnostics: &mut Diagnostics) -> Map {
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

fn components(sections: &mut Map, kind: Kind, diagnostics: &mut Diagnostics) -> Components {
    let Some(node) = sections.remove(kind.section()) else {
        return Components::default();
    };
    ids(
        section(node, &format!("`{}`", kind.section()), diagnostics),
        diagnostics,
    )
}

/// Nodes by what their keys name.
fn ids<Id: FromStr<Err = String> + std::hash::Hash + Eq>(
    map: Map,
    diagnostics: &mut Diagnostics,
) -> IndexMap<Id, Node> {
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

fn service(node: Node, diagnostics: &mut Diagnostics) -> Service {
    let origin = node.key_origin().clone();
    let mut keys = section(node, "`service`", diagnostics);
    let mut service = Service::default();
    if let Some(node) = keys.remove("extensions") {
        service.extensions = references(&node, "service.extensions", diagnostics);
    }
    if let Some(node) = keys.remove("telemetry") {
        let read = diagnostics.within("service.telemetry", |diagnostics| {
            node.read::<Telemetry>(diagnostics)
        });
        service.telemetry = read.unwrap_or_default();
        service.telemetry_node = Some(node);
    }
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
        ["extensions", "pipelines", "telemetry"].into_iter(),
        "service",
        diagnostics,
    );
    service
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

fn unknown_keys<'a>(
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
        let names: Vec<String> = known.clone().map(|name| format!("`{name}`")).collect();
        let error = diagnostics.error(Some(node.key_origin()), format!("unknown key `{key}`{place}"));
        error.help(format!("the keys here are {}", names.join(", ")));
        error.nearest(key, known.clone());
    }
}
