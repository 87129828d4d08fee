//! What every component's configuration type is, so that it can be read, checked, listed and documented.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::authentication::Side;
use super::id::{ComponentId, PipelineId};

/// The configuration of a component: a serde struct, `#[serde(default, deny_unknown_fields)]`, whose doc
/// comments (a sentence a field: meaning, unit, reason of the default) are the user's reference. Known keys are
/// those of the schema, which has no serde aliases: an old name of a key is a field of its own.
///
/// What depends on `journaled` differs where spans are kept on disk from the acknowledgement to the delivery, which
/// is so in a pipeline of which any component names a storage.
pub trait Settings: DeserializeOwned + Serialize + JsonSchema + Default {
    /// The Collector's keys that steer its own machinery: accepted, listed by `validate`, logged once.
    fn no_effect() -> Vec<KeyNote> {
        Vec::new()
    }

    /// The Collector's keys that are an error here, with what to do instead.
    fn unsupported() -> Vec<KeyNote> {
        Vec::new()
    }

    /// Where a default differs from the Collector's: the note names both and the reason. `validate` lists those
    /// that apply, which are those of keys not written.
    fn differing_defaults(_journaled: bool) -> Vec<KeyNote> {
        Vec::new()
    }

    /// What the type alone cannot say; each problem names its key.
    fn validate(&self, _problems: &mut Problems) {}

    /// What may be meant as it is written and has a price, such as spans lost after they were acknowledged;
    /// `validate` and start-up warn of it.
    fn warn(&self, _journaled: bool, _warnings: &mut Problems) {}

    /// The key that names the storage of its spans, and the storage that it names, if it does.
    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        None
    }

    /// The keys that name extensions which authenticate, what for, and what they name.
    fn authenticators(&self) -> Vec<(&'static str, Side, &ComponentId)> {
        Vec::new()
    }

    /// What an extension that authenticates can be named for.
    fn authenticates(&self) -> &'static [Side] {
        &[]
    }

    /// The pipelines that a connector chooses among, each with the dotted path of the value that names it; none where it
    /// hands everything to all pipelines behind it.
    fn pipelines(&self) -> Vec<(String, PipelineId)> {
        Vec::new()
    }

    /// Writes out the defaults that depend on `journaled`, to show what applies.
    fn settle(&mut self, _journaled: bool) {}
}

/// A key below a component and a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNote {
    /// Dotted path below the component, `protocols.grpc.read_buffer_size`; `*` stands for any one segment, where
    /// the key is not one's own (`readers.*.periodic`).
    pub path: String,
    /// Why it has no effect, or what to do instead.
    pub note: String,
}

/// Something wrong with the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the key below the component; items of lists are named by their number, `actions.0.key`.
    pub path: String,
    /// What is wrong.
    pub note: String,
    /// Which bytes of the value it concerns, where the value is a text and it is not all of it.
    pub within: Option<Range<usize>>,
    /// What to do.
    pub help: Option<String>,
}

/// What is wrong with a configuration, each with the dotted path of its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

// === impl KeyNote ===

impl KeyNote {
    /// A note on the key at `path`.
    pub fn new(path: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            note: note.into(),
        }
    }

    /// The same note, where the type stands below `prefix`.
    pub fn below(self, prefix: &str) -> Self {
        let path = below(prefix, &self.path);
        Self { path, ..self }
    }
}

fn below(prefix: &str, path: &str) -> String {
    match path {
        "" => prefix.to_owned(),
        path => format!("{prefix}.{path}"),
    }
}

// === impl Problem ===

impl Problem {
    /// Adds what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

// === impl Problems ===

impl Problems {
    /// Adds one; `message` says what is wrong with the value and names it.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.push(path.into(), None, message.into());
    }

    /// Adds one that concerns some bytes of a text: it is shown below them, where they can be found in the YAML. At
    /// the end of the text, or with nothing between, it is shown where they would be.
    pub fn add_within(
        &mut self,
        path: impl Into<String>,
        bytes: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Problem {
        self.push(path.into(), Some(bytes), message.into())
    }

    fn push(&mut self, path: String, within: Option<Range<usize>>, note: String) -> &mut Problem {
        self.0.push_mut(Problem {
            path,
            note,
            within,
            help: None,
        })
    }

    /// Adds all that `check` finds, with their paths below `prefix`.
    pub fn below(&mut self, prefix: &str, check: impl FnOnce(&mut Problems)) {
        let mut inner = Problems::default();
        check(&mut inner);
        self.0.extend(inner.0.into_iter().map(|problem| Problem {
            path: below(prefix, &problem.path),
            ..problem
        }));
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
