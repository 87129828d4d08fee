//! Which pipelines keep a journal, because an exporter of theirs names a storage, which receivers write down there how far
//! they are, and what is wrong with such names.

use super::diagnostic::Diagnostics;
use super::document::{Config, Pipeline};
use super::factory::{Catalog, Kind};
use super::id::{ComponentId, PipelineId};
use super::naming::{Naming, Role};
use super::read_error::conceal;

/// Every storage that an exporter or a receiver names.
pub struct Storages<'a> {
    config: &'a Config,
    /// By exporters, for journals.
    named: Vec<Naming<'a>>,
    /// By receivers, for how far they are.
    by_receivers: Vec<Naming<'a>>,
}

const STORAGE: Role = Role {
    one: "a storage",
    several: "storages",
    fits: |component| component.is_storage,
};

// === impl Storages ===

impl<'a> Storages<'a> {
    /// Looks for them in every exporter and receiver whose settings are sound.
    pub fn find(config: &'a Config, catalog: &Catalog) -> Self {
        let named_by = |kind: Kind| {
            let named = config.components(kind).iter().filter_map(move |(by, node)| {
                let component = catalog.find(kind, &by.type_name)?;
                let (key, extension) = component.storage(node)?;
                let (node, _) = node.find(key);
                Some(Naming {
                    kind,
                    by,
                    extension,
                    key,
                    node,
                })
            });
            named.collect()
        };
        Self {
            config,
            named: named_by(Kind::Exporter),
            by_receivers: named_by(Kind::Receiver),
        }
    }

    /// Whether a component's spans are kept in a journal; both where it stands in pipelines with and without one.
    pub fn journaled(&self, kind: Kind, id: &ComponentId) -> Vec<bool> {
        if kind != Kind::Exporter {
            return vec![false];
        }
        let pipelines = self.config.service.pipelines.values();
        let mut found: Vec<bool> = pipelines
            .filter(|pipeline| pipeline.exporters.iter().any(|exporter| exporter.id == *id))
            .map(|pipeline| self.of(pipeline).next().is_some())
            .collect();
        if found.is_empty() {
            found.push(self.by(id).is_some());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Reports names that lead to no running storage, and pipelines with two storages; tells where a storage is
    /// not used, or would help.
    pub fn check(&self, catalog: &Catalog, diagnostics: &mut Diagnostics) {
        for named in self.used() {
            named.check(&STORAGE, self.config, catalog, diagnostics);
        }
        for (id, pipeline) in &self.config.service.pipelines {
            match self.of(pipeline).next() {
                Some(first) => self.check_same(id, pipeline, first, diagnostics),
                None => self.recommend(id, pipeline, diagnostics),
            }
        }
        // Settings that are not sound may name one all the same.
        if !diagnostics.has_errors() {
            self.warn_unused(catalog, diagnostics);
        }
    }

    /// The storage in which a pipeline keeps its journal, if it keeps one.
    pub fn of_pipeline(&self, pipeline: &Pipeline) -> Option<&ComponentId> {
        self.of(pipeline).next().map(|named| &named.extension)
    }

    /// Those that a component names which stands in a pipeline.
    fn used(&self) -> impl Iterator<Item = &Naming<'a>> {
        let [exporters, receivers] = [Kind::Exporter, Kind::Receiver].map(|kind| self.config.used(kind));
        let all = self.named.iter().chain(&self.by_receivers);
        all.filter(move |named| match named.kind {
            Kind::Receiver => receivers.contains(named.by),
            _ => exporters.contains(named.by),
        })
    }

    fn by(&self, exporter: &ComponentId) -> Option<&Naming<'a>> {
        self.named.iter().find(|named| named.by == exporter)
    }

    /// The storages that a pipeline's exporters name, in their order.
    fn of(&self, pipeline: &Pipeline) -> impl Iterator<Item = &Naming<'a>> {
        pipeline
            .exporters
            .iter()
            .filter_map(|exporter| self.by(&exporter.id))
    }

    /// One pipeline has one journal.
    fn check_same(
        &self,
        id: &PipelineId,
        pipeline: &Pipeline,
        first: &Naming<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        for other in self
            .of(pipeline)
            .filter(|other| other.extension != first.extension)
        {
            let message = format!(
                "the pipeline `{id}` keeps one journal for all its exporters, but `{}` names the storage `{}` and \
                 `{}` names `{}`",
                first.by, first.extension, other.by, other.extension
            );
            let hidden = [first.node.hidden_texts(), other.node.hidden_texts()].concat();
            other.within(diagnostics, |diagnostics| {
                diagnostics
                    .error(Some(&other.node.origin), conceal(&message, &hidden))
                    .help("name the same storage in both, or give each exporter a pipeline of its own");
            });
        }
    }

    /// Whoever runs a storage means to keep something in it.
    fn warn_unused(&self, catalog: &Catalog, diagnostics: &mut Diagnostics) {
        let used: Vec<_> = self.used().collect();
        let is_named = |storage: &ComponentId| used.iter().any(|named| named.extension == *storage);
        for reference in &self.config.service.extensions {
            let component = catalog.find(Kind::Extension, &reference.id.type_name);
            let is_storage = component.is_some_and(|component| component.is_storage);
            if is_storage && !is_named(&reference.id) {
                let message = format!("the storage `{}` runs, and nothing is kept in it", reference.id);
                diagnostics
                    .warning(Some(&reference.origin), message)
                    .help("name it in `sending_queue.storage` of an exporter");
            }
        }
    }

    /// Without a journal the destinations of a pipeline depend on each other.
    fn recommend(&self, id: &PipelineId, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
        let ways = pipeline.exporters.len();
        let has_exporter = pipeline
            .exporters
            .iter()
            .any(|exporter| self.config.exporters.contains_key(&exporter.id));
        if ways < 2 || !has_exporter {
            return;
        }
        diagnostics.note(
            Some(&pipeline.origin),
            format!(
                "the pipeline `{id}` feeds {ways} exporters and keeps no journal: while one of them fails, new \
                 requests are refused for all; `sending_queue.storage` lets each go on by itself"
            ),
        );
    }
}
