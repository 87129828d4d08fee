//! A question.

use serde::{Deserialize, Serialize};

use super::{Filter, Find};

/// A question to a span store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanQuery {
    /// Which spans it is about.
    #[serde(default)]
    pub select: Select,
    /// What is wanted of them.
    pub find: Find,
    /// What the answer may cost.
    #[serde(default)]
    pub limits: Limits,
}

/// Which spans a question is about: those to which all of this applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Select {
    /// In one of these projects; in any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Vec<String>>,
    /// Starting then or later, in nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Starting earlier than that, in nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// With an insertion number below this: what was there when an answer gave this number as its `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Passing this.
    pub filter: Filter,
}

/// What an answer may cost; a question that needs more fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How long the answer may take, in milliseconds, waiting included.
    pub deadline_ms: u64,
    /// How much memory the answer and the work on it may take, in bytes.
    pub memory_bytes: u64,
}

// === impl Select ===

impl Select {
    /// Whether a span of this project and insertion number belongs to what is asked about, at whatever time.
    pub fn sees(&self, project: &str, number: u64) -> bool {
        self.has_project(project) && self.before.is_none_or(|before| number < before)
    }

    /// Whether a project is asked about.
    pub fn has_project(&self, project: &str) -> bool {
        let here = |projects: &Vec<String>| projects.iter().any(|name| name == project);
        self.project.as_ref().is_none_or(here)
    }

    /// Whether a start lies in the range of time.
    pub fn covers(&self, start: u64) -> bool {
        self.from.is_none_or(|from| start >= from) && self.to.is_none_or(|to| start < to)
    }
}

// === impl Limits ===

impl Default for Limits {
    /// Ten seconds and 256 MiB: more than a search should need, and little enough beside the other work.
    fn default() -> Self {
        Self {
            deadline_ms: 10_000,
            memory_bytes: 256 << 20,
        }
    }
}
