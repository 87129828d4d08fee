//! The five sections and the service, as a tree becomes them. What is wrong with the shape of the document is found
//! here; what is wrong between its parts, in `wiring`.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::diagnostic::{Diagnostics, listed};
use super::factory::Kind;
use super::id::{ComponentId, PipelineId, Signal};
use super::node::Node;
use super::sections::{components, section, service, unknown_keys};
use super::service::{Patience, Telemetry};
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
    /// How long clients and a stop may take.
    pub patience: Patience,
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

    /// Whether the same is written there, wherever it is. Telemetry, which is set up once, is left out.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let same = |kind| {
            let (old, new) = (self.components(kind), other.components(kind));
            old.len() == new.len()
                && old
                    .iter()
                    .all(|(id, old)| new.get(id).is_some_and(|new| old.says_the_same(new)))
        };
        let lists = |config: &Config| {
            let names = |list: &[Reference]| {
                list.iter()
                    .map(|reference| reference.id.clone())
                    .collect::<Vec<_>>()
            };
            let pipelines = config.service.pipelines.iter().map(|(id, pipeline)| {
                let lists = [&pipeline.receivers, &pipeline.processors, &pipeline.exporters];
                (id.clone(), lists.map(|list| names(list)))
            });
            (names(&config.service.extensions), pipelines.collect::<Vec<_>>())
        };
        Kind::ALL.into_iter().all(same)
            && lists(self) == lists(other)
            && self.service.patience == other.service.patience
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
        let names = listed(others.keys());
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
