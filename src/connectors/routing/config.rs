//! Keys of the `routing` connector.

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::route::compiled;
use crate::config::id::{PipelineId, Signal};
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::statements::{ErrorMode, Located};

/// Which pipelines get which spans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingSettings {
    /// What happens when a condition fails: `ignore` logs it and takes it as not matched, `silent` does not log,
    /// `propagate` refuses the request.
    pub error_mode: ErrorMode,
    /// Pipelines that get what no route has moved; without any, it is left out.
    pub default_pipelines: Vec<PipelineId>,
    /// Routes in order; each sees what those before have not moved.
    pub table: Vec<RouteSettings>,
}

/// A route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteSettings {
    /// What the condition is about; where it is not written, it is what its paths begin with, or else the resource.
    pub context: Option<RouteContext>,
    /// The OTTL condition that must match; either it or `statement` must be written.
    pub condition: String,
    /// An OTTL statement instead: `route() where …`, or one that deletes keys of what it matches.
    pub statement: String,
    /// Whether what matches is still there for later routes.
    pub action: Action,
    /// Pipelines that get what matches.
    pub pipelines: Vec<PipelineId>,
}

/// What a route's condition is about.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteContext {
    /// Resources with all that belongs to them.
    Resource,
    /// Spans.
    Span,
    /// The metadata of the request, in a small language of its own.
    Request,
    /// What the Collector knows of the request.
    Otelcol,
}

/// What becomes of what a route matches.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Later routes do not see it.
    #[default]
    Move,
    /// Later routes and the default see it too.
    Copy,
}

/// The text of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteText<'a> {
    /// A condition.
    Condition(Located<'a>),
    /// A statement.
    Statement(Located<'a>),
}

impl Settings for RoutingSettings {
    fn unsupported() -> Vec<KeyNote> {
        let note = "the Collector has it no more: what a route moves, later routes do not see; `action: copy` leaves it";
        vec![KeyNote::new("match_once", note)]
    }

    fn validate(&self, problems: &mut Problems) {
        if self.table.is_empty() {
            problems.add("table", "must have a route");
        }
        check_pipelines("default_pipelines", &self.default_pipelines, problems);
        for (at, route) in self.table.iter().enumerate() {
            problems.below(&format!("table.{at}"), |problems| route.check(problems));
        }
        compiled(self, problems, &mut Problems::default());
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        compiled(self, &mut Problems::default(), warnings);
    }

    fn pipelines(&self) -> Vec<(String, PipelineId)> {
        let named = |path: String, pipelines: &[PipelineId]| -> Vec<(String, PipelineId)> {
            let pipelines = pipelines.iter().enumerate();
            pipelines
                .map(|(at, pipeline)| (format!("{path}.{at}"), pipeline.clone()))
                .collect()
        };
        let routes = self.table.iter().enumerate();
        let routes = routes.flat_map(|(at, route)| named(format!("table.{at}.pipelines"), &route.pipelines));
        named("default_pipelines".into(), &self.default_pipelines)
            .into_iter()
            .chain(routes)
            .collect()
    }
}

fn check_pipelines(path: &str, pipelines: &[PipelineId], problems: &mut Problems) {
    for (at, pipeline) in pipelines.iter().enumerate() {
        if pipeline.signal != Signal::Traces {
            problems.add(
                format!("{path}.{at}"),
                format!("is `{pipeline}`, but must be a pipeline of traces"),
            );
        }
    }
}

// === impl RoutingSettings ===

impl RoutingSettings {
    /// All pipelines that it names, each once.
    pub(super) fn named(&self) -> Vec<PipelineId> {
        let mut named: Vec<PipelineId> = Vec::new();
        for (_, pipeline) in self.pipelines() {
            if !named.contains(&pipeline) {
                named.push(pipeline);
            }
        }
        named
    }

    /// The text of the route at that place in the table; none where neither or both are written.
    pub fn text(&self, at: usize) -> Option<RouteText<'_>> {
        let route = self.table.get(at)?;
        let located = |key: &str, text| Located {
            path: format!("table.{at}.{key}"),
            text,
        };
        match (route.condition.as_str(), route.statement.as_str()) {
            ("", "") => None,
            (condition, "") => Some(RouteText::Condition(located("condition", condition))),
            ("", statement) => Some(RouteText::Statement(located("statement", statement))),
            _ => None,
        }
    }
}

// === impl RouteText ===

impl RouteText<'_> {
    /// Whether both say the same, a condition as a statement that routes.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.whole() == other.whole()
    }

    fn whole(&self) -> String {
        match self {
            Self::Condition(located) => format!("route() where {}", located.text),
            Self::Statement(located) => located.text.to_owned(),
        }
    }
}

// === impl RouteSettings ===

impl RouteSettings {
    fn check(&self, problems: &mut Problems) {
        match (self.condition.is_empty(), self.statement.is_empty()) {
            (true, true) => problems.add("", "must have a condition or a statement"),
            (false, false) => problems.add("statement", "must not be written together with condition"),
            (true, false) if self.context == Some(RouteContext::Request) => {
                problems.add(
                    "statement",
                    "is not for the context request; write condition: 'request[\"key\"] == \"value\"'",
                );
            }
            _ => {}
        }
        if self.pipelines.is_empty() {
            problems.add("pipelines", "must name a pipeline");
        }
        check_pipelines("pipelines", &self.pipelines, problems);
    }
}
