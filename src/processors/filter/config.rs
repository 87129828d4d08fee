//! Keys of the `filter` processor.

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::statements::{Context, Entries, ErrorMode, Located, check_written, located};
use crate::processors::matching::{self, MatchSettings, Matching};

/// Which spans and span events are left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterSettings {
    /// What happens when a condition fails: `ignore` logs it and takes it as not matched, `silent` does not log,
    /// `propagate` refuses the request.
    pub error_mode: ErrorMode,
    /// OTTL conditions: what matches any of them is left out; groups are passes of their own, one after the other.
    pub trace_conditions: Entries<ConditionGroup>,
    /// The older form: conditions by context, where paths need no prefix.
    pub traces: TraceSettings,
    /// The oldest form, without OTTL: spans that are not included, or are excluded, are left out.
    pub spans: SpanSettings,
}

/// Conditions of one pass.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionGroup {
    /// What the conditions are about; where it is not written, each is about what its paths begin with.
    pub context: Option<Context>,
    /// OTTL conditions, of which one must match.
    pub conditions: Vec<String>,
    /// Overrides the processor's `error_mode` for this group.
    pub error_mode: Option<ErrorMode>,
}

/// Conditions by context.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceSettings {
    /// Conditions on resources: all that belongs to one that matches is left out.
    pub resource: Vec<String>,
    /// Conditions on spans: one that matches is left out.
    pub span: Vec<String>,
    /// Conditions on span events: one that matches is left out of its span.
    pub spanevent: Vec<String>,
}

/// What spans must have, without OTTL.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpanSettings {
    /// What a span must have to stay; all stay where it is not written.
    pub include: Option<MatchSettings>,
    /// What a span must not have to stay.
    pub exclude: Option<MatchSettings>,
}

/// Conditions that are one pass over the spans, in whichever form they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass<'a> {
    /// What they are about, where it is written.
    pub context: Option<Context>,
    /// What happens when one fails.
    pub error_mode: ErrorMode,
    /// The conditions and their paths.
    pub conditions: Vec<Located<'a>>,
}

impl Settings for FilterSettings {
    fn no_effect() -> Vec<KeyNote> {
        let others = [
            "metrics",
            "logs",
            "profiles",
            "metric_conditions",
            "log_conditions",
            "profile_conditions",
        ];
        let others = others.map(|key| KeyNote::new(key, "there are spans only"));
        let spans = matching::no_effect().into_iter().map(|key| key.below("spans"));
        others.into_iter().chain(spans).collect()
    }

    fn unsupported() -> Vec<KeyNote> {
        let spans = matching::unsupported().into_iter();
        spans.map(|key| key.below("spans")).collect()
    }

    fn validate(&self, problems: &mut Problems) {
        self.check_forms(problems);
        let passes = self.passes();
        let by_context = self.by_context().into_iter().map(|(_, conditions)| conditions);
        for conditions in passes.into_iter().map(|pass| pass.conditions).chain(by_context) {
            check_written(&conditions, "a condition", problems);
        }
        super::compiled(self, problems, &mut Problems::default());
        problems.below("spans", |problems| {
            self.spans.matching(problems);
        });
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        super::compiled(self, &mut Problems::default(), warnings);
        if !self.trace_conditions.is_empty() && self.spans.is_written() {
            warnings.add("spans", "has no effect beside trace_conditions");
        }
    }
}

// === impl FilterSettings ===

impl FilterSettings {
    /// The passes that `trace_conditions` ask for, in order.
    pub fn passes(&self) -> Vec<Pass<'_>> {
        let list = "trace_conditions";
        let texts = self.trace_conditions.texts(list);
        let flat = (!texts.is_empty()).then_some(Pass {
            context: None,
            error_mode: self.error_mode,
            conditions: texts,
        });
        let groups = self.trace_conditions.groups(list).into_iter();
        let groups = groups.map(|(path, group)| Pass {
            context: group.context,
            error_mode: group.error_mode.unwrap_or(self.error_mode),
            conditions: located(&format!("{path}.conditions"), &group.conditions),
        });
        flat.into_iter().chain(groups).collect()
    }

    /// The conditions of the older form, from the outermost context to the innermost; those not written are empty.
    pub fn by_context(&self) -> [(Context, Vec<Located<'_>>); 3] {
        let traces = &self.traces;
        [
            (Context::Resource, located("traces.resource", &traces.resource)),
            (Context::Span, located("traces.span", &traces.span)),
            (Context::SpanEvent, located("traces.spanevent", &traces.spanevent)),
        ]
    }

    /// No two forms at once.
    fn check_forms(&self, problems: &mut Problems) {
        let list = &self.trace_conditions;
        if let Some(at) = list.group_behind_text().or(list.text_behind_group()) {
            problems.add(
                format!("trace_conditions.{at}"),
                "is of another form than those before; write only texts, or only groups",
            );
        }
        let older = self.by_context().iter().any(|(_, texts)| !texts.is_empty());
        if older && !list.is_empty() {
            problems.add(
                "traces",
                "must not be written together with trace_conditions; move its conditions there",
            );
        }
        if older && self.spans.is_written() {
            problems.add("spans", "must not be written together with traces");
        }
    }
}

// === impl SpanSettings ===

impl SpanSettings {
    /// Whether it asks for anything.
    pub fn is_written(&self) -> bool {
        self.include.is_some() || self.exclude.is_some()
    }

    /// The spans that stay; what is wrong goes to `problems`, with paths below `spans`.
    pub(super) fn matching(&self, problems: &mut Problems) -> Matching {
        Matching::new(self.include.as_ref(), self.exclude.as_ref(), problems)
    }
}
