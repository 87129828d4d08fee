//! Names out of attributes, and attributes out of names.

use std::ops::Range;

use crate::config::pattern::Pattern;
use crate::wire::SpanEdit;

/// What stands for a value that is no text, number or boolean.
const NO_TEXT: &str = "<unknown-attribute-type>";

pub(super) struct FromAttributes {
    pub keys: Vec<String>,
    pub separator: String,
}

pub(super) struct ToAttributes {
    pub rules: Vec<Pattern>,
    pub break_after_match: bool,
    pub keep_original_name: bool,
}

// === impl FromAttributes ===

impl FromAttributes {
    /// Names the span by its attributes, if it has all of them.
    pub(super) fn apply(&self, span: &mut SpanEdit<'_>) {
        if !self.keys.iter().all(|key| span.pair(key).is_some()) {
            return;
        }
        let mut name = String::new();
        for (number, key) in self.keys.iter().enumerate() {
            if number > 0 {
                name.push_str(&self.separator);
            }
            let value = span.attribute(key);
            let text = value.as_ref().and_then(|value| value.plain());
            name.push_str(text.as_deref().unwrap_or(NO_TEXT));
        }
        if name != span.name() {
            span.set_name(&name);
        }
    }
}

// === impl ToAttributes ===

impl ToAttributes {
    /// Makes attributes of the name by each rule; what a rule leaves of it the next one sees.
    pub(super) fn apply(&self, span: &mut SpanEdit<'_>) {
        if span.name().is_empty() {
            return;
        }
        for rule in &self.rules {
            if !rule.is_match(span.name()) {
                continue;
            }
            let name = span.name().to_owned();
            let groups = groups(rule, &name);
            for (group, key) in groups.iter().zip(rule.groups()) {
                let text = group.clone().and_then(|range| name.get(range));
                span.upsert(key, text.unwrap_or_default());
            }
            if let Some(renamed) = renamed(&name, &groups, rule.groups())
                && !self.keep_original_name
                && renamed != name
            {
                span.set_name(&renamed);
            }
            if self.break_after_match {
                return;
            }
        }
    }
}

/// Where the groups of the rule are in the name.
fn groups(rule: &Pattern, name: &str) -> Vec<Option<Range<usize>>> {
    let found = rule.regex().captures(name);
    let group = |number| Some(found.as_ref()?.get(number)?.range());
    (1..=rule.groups().len()).map(group).collect()
}

/// The name with `{key}` in the place of each group; nothing where a group took no part or begins within the one
/// before it, for which there is no such name.
fn renamed(name: &str, groups: &[Option<Range<usize>>], keys: &[String]) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    for (group, key) in groups.iter().zip(keys) {
        let group = group.as_ref()?;
        out.push_str(name.get(done..group.start)?);
        out.push('{');
        out.push_str(key);
        out.push('}');
        done = group.end;
    }
    out.push_str(name.get(done..)?);
    Some(out)
}
