//! Keys of the `transform` processor.

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::statements::{Context, Entries, ErrorMode, Located, check_written, located};

/// Statements that change spans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformSettings {
    /// What happens when a statement fails: `ignore` logs it and goes on, `silent` goes on, `propagate` refuses the
    /// request.
    pub error_mode: ErrorMode,
    /// OTTL statements in order; texts are one group, and behind groups they are the last.
    pub trace_statements: Entries<StatementGroup>,
}

/// Statements of one pass.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatementGroup {
    /// What the statements are about; where it is not written, it is the innermost that their paths begin with.
    pub context: Option<Context>,
    /// OTTL conditions, of which one must match; without any, the statements run always.
    pub conditions: Vec<String>,
    /// OTTL statements in order.
    pub statements: Vec<String>,
    /// Overrides the processor's `error_mode` for this group.
    pub error_mode: Option<ErrorMode>,
    /// Whether `cache` is one for all groups that say so, instead of one for each.
    pub shared_cache: bool,
}

/// Statements that are one pass over the spans, in whichever form they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass<'a> {
    /// What they are about, where it is written.
    pub context: Option<Context>,
    /// What happens when one fails.
    pub error_mode: ErrorMode,
    /// Whether `cache` is shared with other passes.
    pub shared_cache: bool,
    /// Where the group is written, `trace_statements.0`; the list where texts are the group.
    pub path: String,
    /// The conditions and their paths.
    pub conditions: Vec<Located<'a>>,
    /// The statements and their paths.
    pub statements: Vec<Located<'a>>,
}

impl Settings for TransformSettings {
    fn no_effect() -> Vec<KeyNote> {
        let keys = [
            "metric_statements",
            "log_statements",
            "profile_statements",
            "flatten_data",
        ];
        keys.map(|key| KeyNote::new(key, "there are spans only")).to_vec()
    }

    fn validate(&self, problems: &mut Problems) {
        if let Some(at) = self.trace_statements.group_behind_text() {
            problems.add(
                format!("trace_statements.{at}"),
                "is a group behind a text; write groups first, or only texts, or only groups",
            );
        }
        for pass in self.passes() {
            check_written(&pass.conditions, "a condition", problems);
            check_written(&pass.statements, "a statement", problems);
        }
        super::compiled(self, problems, &mut Problems::default());
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        super::compiled(self, &mut Problems::default(), warnings);
    }
}

// === impl TransformSettings ===

impl TransformSettings {
    /// The passes that `trace_statements` ask for, in order.
    pub fn passes(&self) -> Vec<Pass<'_>> {
        let list = "trace_statements";
        let groups = self.trace_statements.groups(list).into_iter();
        let groups = groups.map(|(path, group)| Pass {
            context: group.context,
            error_mode: group.error_mode.unwrap_or(self.error_mode),
            shared_cache: group.shared_cache,
            conditions: located(&format!("{path}.conditions"), &group.conditions),
            statements: located(&format!("{path}.statements"), &group.statements),
            path,
        });
        let texts = self.trace_statements.texts(list);
        let flat = (!texts.is_empty()).then_some(Pass {
            context: None,
            error_mode: self.error_mode,
            shared_cache: false,
            path: list.to_owned(),
            conditions: Vec::new(),
            statements: texts,
        });
        groups.chain(flat).collect()
    }
}
