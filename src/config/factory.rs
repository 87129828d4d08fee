//! What a family's table holds for each of its components: what it is, what keys it has, and how to check and build
//! one from its node.

use serde_json::Value;

use super::authentication::Side;
use super::diagnostic::Diagnostics;
use super::id::{ComponentId, PipelineId};
use super::node::Node;
use super::reference::{self, KeyDoc};
use super::settings::{KeyNote, Settings};

/// The five families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Takes spans in.
    Receiver,
    /// Stands between.
    Processor,
    /// Hands spans to a destination.
    Exporter,
    /// Joins pipelines.
    Connector,
    /// Stands beside the pipelines.
    Extension,
}

/// How much a user may rely on a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stability {
    /// May change in any release.
    Alpha,
    /// Keys stay; behaviour may still be refined.
    Beta,
    /// Stays as it is.
    Stable,
}

/// What a component is, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its type in configuration, `otlp_grpc`.
    pub name: &'static str,
    /// Other names of the same type, `otlp`.
    pub aliases: &'static [&'static str],
    /// How much to rely on it.
    pub stability: Stability,
    /// One sentence: what it does.
    pub summary: &'static str,
}

/// A component as configuration sees it.
#[derive(Clone)]
pub struct Component {
    /// Its family.
    pub kind: Kind,
    /// What it is.
    pub about: About,
    /// Whether it keeps spans for others, so that their keys may name it as their storage.
    pub is_storage: bool,
    /// Whether it authenticates callers or ourselves, so that others may name it as their authenticator.
    pub is_authenticator: bool,
    check: fn(&Node, &mut Diagnostics) -> bool,
    advise: fn(&Node, bool, &mut Diagnostics),
    effective: fn(&Node, Option<bool>) -> Option<Value>,
    storage: fn(&Node) -> Option<(&'static str, ComponentId)>,
    authenticators: fn(&Node) -> Vec<(&'static str, Side, ComponentId)>,
    authenticates: fn(&Node) -> &'static [Side],
    pipelines: fn(&Node) -> Vec<(String, PipelineId)>,
    keys: fn() -> Vec<KeyDoc>,
    differing: fn(bool) -> Vec<KeyNote>,
}

/// A component that can be built: `P` is what its family yields, `X` what every one of the family is given.
pub struct Factory<P, X: ?Sized> {
    component: Component,
    build: Build<P, X>,
}

type Build<P, X> = Box<dyn Fn(&Node, &ComponentId, &X) -> Result<P, String> + Send + Sync>;

/// Every component of this build.
#[derive(Clone, Default)]
pub struct Catalog(Vec<Component>);

// === impl Kind ===

impl Kind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Receiver,
        Self::Processor,
        Self::Exporter,
        Self::Connector,
        Self::Extension,
    ];

    /// One of them, `receiver`.
    pub fn one(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::Exporter => "exporter",
            Self::Connector => "connector",
            Self::Extension => "extension",
        }
    }

    /// The section of the configuration, `receivers`.
    pub fn section(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Exporter => "exporters",
            Self::Connector => "connectors",
            Self::Extension => "extensions",
        }
    }
}

// === impl Stability ===

impl Stability {
    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }
}

// === impl Component ===

impl Component {
    /// A component with settings `C`.
    pub fn of<C: Settings>(kind: Kind, about: About) -> Self {
        Self {
            kind,
            about,
            is_storage: false,
            is_authenticator: false,
            check: |node, diagnostics| node.read::<C>(diagnostics).is_some(),
            advise: Node::advise::<C>,
            effective: |node, journaled| {
                let mut settings = node.read_quietly::<C>()?;
                if let Some(journaled) = journaled {
                    settings.settle(journaled);
                }
                serde_json::to_value(&settings).ok()
            },
            storage: |node| {
                let settings = node.read_quietly::<C>()?;
                settings.storage().map(|(key, storage)| (key, storage.clone()))
            },
            authenticators: |node| {
                let settings = node.read_quietly::<C>();
                let named = settings.iter().flat_map(Settings::authenticators);
                named
                    .map(|(key, side, named)| (key, side, named.clone()))
                    .collect()
            },
            authenticates: |node| {
                let settings = node.read_quietly::<C>();
                settings.map_or(&[], |settings| settings.authenticates())
            },
            pipelines: |node| {
                let settings = node.read_quietly::<C>();
                settings.iter().flat_map(Settings::pipelines).collect()
            },
            keys: reference::keys::<C>,
            differing: C::differing_defaults,
        }
    }

    /// Whether that is its name or one of its aliases.
    pub fn answers_to(&self, type_name: &str) -> bool {
        self.about.name == type_name || self.about.aliases.contains(&type_name)
    }

    /// Checks the settings in a node; whether they are sound.
    pub fn check(&self, node: &Node, diagnostics: &mut Diagnostics) -> bool {
        (self.check)(node, diagnostics)
    }

    /// Warns of what sound settings cost, and notes where they leave a default that differs from the Collector's.
    pub fn advise(&self, node: &Node, journaled: bool, diagnostics: &mut Diagnostics) {
        (self.advise)(node, journaled, diagnostics);
    }

    /// The effective settings, secrets redacted, when they are sound. Defaults that depend on whether its spans are
    /// journaled are in them where that is known.
    pub fn effective(&self, node: &Node, journaled: Option<bool>) -> Option<Value> {
        (self.effective)(node, journaled)
    }

    /// The key that names the storage of its spans, and the storage that it names, if it does and is sound.
    pub fn storage(&self, node: &Node) -> Option<(&'static str, ComponentId)> {
        (self.storage)(node)
    }

    /// The keys that name its authenticators, what for, and what they name, if it does and is sound.
    pub fn authenticators(&self, node: &Node) -> Vec<(&'static str, Side, ComponentId)> {
        (self.authenticators)(node)
    }

    /// What it can be named for as an authenticator, if it is sound.
    pub fn authenticates(&self, node: &Node) -> &'static [Side] {
        (self.authenticates)(node)
    }

    /// The pipelines that it chooses among, each with the path of the value that names it, if it does and is sound.
    pub fn pipelines(&self, node: &Node) -> Vec<(String, PipelineId)> {
        (self.pipelines)(node)
    }

    /// Every key: its type, default and meaning.
    pub fn keys(&self) -> Vec<KeyDoc> {
        (self.keys)()
    }

    /// Where its defaults differ from the Collector's, with a journal or without.
    pub fn differing_defaults(&self) -> Vec<KeyNote> {
        let mut notes = (self.differing)(false);
        for note in (self.differing)(true) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }
}

// === impl Factory ===

impl<P: 'static, X: ?Sized + 'static> Factory<P, X> {
    /// A component with settings `C`, built by `build`, whose error says in a sentence why it cannot be.
    pub fn of<C: Settings + 'static>(
        kind: Kind,
        about: About,
        build: fn(C, &ComponentId, &X) -> Result<P, String>,
    ) -> Self {
        Self {
            component: Component::of::<C>(kind, about),
            build: Box::new(move |node, id, context| {
                let mut diagnostics = Diagnostics::default();
                let settings = node
                    .read::<C>(&mut diagnostics)
                    .ok_or_else(|| diagnostics.render())?;
                build(settings, id, context)
            }),
        }
    }

    /// Says that it keeps spans for others, so that their keys may name it as their storage.
    pub fn storage(mut self) -> Self {
        self.component.is_storage = true;
        self
    }

    /// Says that it authenticates callers or ourselves, so that others may name it as their authenticator.
    pub fn authenticator(mut self) -> Self {
        self.component.is_authenticator = true;
        self
    }

    /// What it is, without how to build it.
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// Whether that is its name or one of its aliases.
    pub fn answers_to(&self, type_name: &str) -> bool {
        self.component.answers_to(type_name)
    }

    /// Reads the settings and builds the component.
    pub fn build(&self, node: &Node, id: &ComponentId, context: &X) -> Result<P, String> {
        (self.build)(node, id, context)
    }
}

// === impl Catalog ===

impl Catalog {
    /// Adds the components of one family.
    pub fn with<P: 'static, X: ?Sized + 'static>(mut self, family: &[Factory<P, X>]) -> Self {
        self.0
            .extend(family.iter().map(|factory| factory.component.clone()));
        self
    }

    /// Adds components that are not built from a factory.
    pub fn with_components(mut self, components: impl IntoIterator<Item = Component>) -> Self {
        self.0.extend(components);
        self
    }

    /// The component that answers to the type.
    pub fn find(&self, kind: Kind, type_name: &str) -> Option<&Component> {
        self.of(kind).find(|component| component.answers_to(type_name))
    }

    /// The components of a family.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Component> {
        self.0.iter().filter(move |component| component.kind == kind)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Component> {
        self.0.iter()
    }
}
