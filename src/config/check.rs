//! From a node to typed settings, with everything that is wrong found in one go: keys without effect are taken out
//! and noted, unsupported and unknown keys are errors, then types, then what the type itself checks.

use super::diagnostic::{Diagnostics, Severity};
use super::node::{Node, Value};
use super::read::read;
use super::read_error::{ReadError, conceal_beside};
use super::reference::{join, note_differing};
use super::schema::{Schema, Type};
use super::settings::{Problem, Problems, Settings};
use super::unknown::{known_elsewhere, take_unknown};
use super::within::column;

/// A message that begins so goes on from the name of its key.
const VERBS: [&str; 6] = ["is ", "are ", "has ", "must ", "names ", "belongs "];

/// Type errors reported for one component before the rest is left for the next run.
const MAX_TYPE_ERRORS: usize = 50;

impl Node {
    /// Reads the settings of a component; `None` when anything is wrong with them, which the diagnostics tell.
    pub fn read<C: Settings>(&self, diagnostics: &mut Diagnostics) -> Option<C> {
        if self.map().is_none() && !self.is_null() {
            diagnostics.error(
                Some(&self.origin),
                format!("expected a map of settings, found {}", self.what()),
            );
            return None;
        }
        let schema = Schema::of::<C>();
        keep_secrets(self, schema.root(), diagnostics);
        let mut node = self.clone();
        let mut sound = true;
        for key in C::no_effect() {
            for (path, taken) in take(&mut node, "", &key.path) {
                let message = format!("`{path}` has no effect here: {}", key.note);
                diagnostics.note(Some(taken.key_origin()), message);
            }
        }
        for key in C::unsupported() {
            for (path, taken) in take(&mut node, "", &key.path) {
                let message = format!("`{path}` is not supported");
                diagnostics
                    .error(Some(taken.key_origin()), message)
                    .help(key.note.as_str());
                sound = false;
            }
        }
        sound &= take_unknown(&mut node, schema.root(), "", &known_elsewhere::<C>(), diagnostics);
        let left_out = read_all::<C>(&mut node, diagnostics);
        let settings = left_out.settings?;
        let mut problems = Problems::default();
        settings.validate(&mut problems);
        for problem in problems
            .iter()
            .filter(|problem| !left_out.taken.iter().any(|taken| displaces(taken, &problem.path)))
        {
            report(self, problem, Severity::Error, diagnostics);
        }
        (sound && left_out.errors == 0 && problems.is_empty()).then_some(settings)
    }

    /// The settings of a component when they are sound, without a word about them.
    pub fn read_quietly<C: Settings>(&self) -> Option<C> {
        self.read(&mut Diagnostics::default())
    }

    /// Warns of what sound settings cost, and notes where they leave a default that differs from the Collector's.
    pub fn advise<C: Settings>(&self, journaled: bool, diagnostics: &mut Diagnostics) {
        let Some(settings) = self.read_quietly::<C>() else {
            return;
        };
        let mut warnings = Problems::default();
        settings.warn(journaled, &mut warnings);
        for warning in warnings.iter() {
            report(self, warning, Severity::Warning, diagnostics);
        }
        note_differing(self, &settings, journaled, diagnostics);
    }
}

/// What could be read.
struct Rest<C> {
    /// The settings without what is wrong.
    settings: Option<C>,
    /// The paths of what was taken out, each as it was then.
    taken: Vec<String>,
    /// How much of that was wrong.
    errors: usize,
}

/// Reads, and after each value of a wrong type reads the rest without it, to find the next.
fn read_all<C: Settings>(node: &mut Node, diagnostics: &mut Diagnostics) -> Rest<C> {
    let (mut taken, mut errors) = (Vec::new(), 0);
    loop {
        let error: ReadError = match read::<C>(node) {
            Ok(settings) => {
                let settings = Some(settings);
                return Rest {
                    settings,
                    taken,
                    errors,
                };
            }
            Err(error) => error,
        };
        // What is null where a value is wanted counts as not written, and is taken out just the same.
        if !error.null || error.path.is_empty() {
            let named = match error.dotted_path() {
                path if path.is_empty() => error.message.clone(),
                path => format!("`{path}`: {}", error.message),
            };
            let origin = error.origin.as_ref().unwrap_or(&node.origin);
            diagnostics.error(Some(origin), named).help = error.help.clone();
            errors += 1;
        }
        taken.push(error.dotted_path());
        let path: Vec<&str> = error.path.iter().rev().map(String::as_str).collect();
        if errors >= MAX_TYPE_ERRORS || !take_key(node, &path) {
            let settings = None;
            return Rest {
                settings,
                taken,
                errors,
            };
        }
    }
}

/// Whether a path leads elsewhere since the value at `taken` is gone: to that value, or to a later item of its list.
fn displaces(taken: &str, path: &str) -> bool {
    let (list, at) = taken.rsplit_once('.').unwrap_or_default();
    let item = path.strip_prefix(list).and_then(|rest| rest.strip_prefix('.'));
    let item = item.and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    let later = item.zip(at.parse().ok()).is_some_and(|(item, at)| item >= at);
    taken == path || later
}

/// Takes out the innermost map key on a path.
fn take_key(node: &mut Node, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    match &mut node.value {
        Value::Map(map) => {
            let inner = map.get_mut(first).is_some_and(|child| take_key(child, rest));
            inner || map.remove(first).is_some()
        }
        Value::List(items) => {
            let Some(at) = first.parse().ok().filter(|at| *at < items.len()) else {
                return false;
            };
            let inner = items.get_mut(at).is_some_and(|child| take_key(child, rest));
            if !inner {
                items.remove(at);
            }
            true
        }
        Value::Scalar(_) => false,
    }
}

/// Takes out every node at a dotted path in which `*` stands for one segment; yields them with their own paths.
fn take(node: &mut Node, above: &str, path: &str) -> Vec<(String, Node)> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    match (&mut node.value, rest) {
        (Value::Map(map), None) if first == "*" => std::mem::take(map)
            .into_iter()
            .map(|(key, node)| (join(above, &key), node))
            .collect(),
        (Value::Map(map), None) => map
            .remove(first)
            .map(|node| (join(above, first), node))
            .into_iter()
            .collect(),
        (Value::Map(map), Some(rest)) => map
            .iter_mut()
            .filter(|(key, _)| first == "*" || *key == first)
            .flat_map(|(key, child)| take(child, &join(above, key), rest))
            .collect(),
        (Value::List(items), Some(rest)) if first == "*" => items
            .iter_mut()
            .enumerate()
            .flat_map(|(at, item)| take(item, &join(above, &at.to_string()), rest))
            .collect(),
        _ => Vec::new(),
    }
}

/// Tells the diagnostics where secrets stand, so that no line shows them.
fn keep_secrets(node: &Node, of: Type<'_>, diagnostics: &mut Diagnostics) {
    if of.is_secret() {
        diagnostics.keep_secret(&node.origin);
    }
    match &node.value {
        Value::Map(map) => {
            for (key, child) in map.iter() {
                if let Some(inner) = of.key(key).or_else(|| of.values()) {
                    keep_secrets(child, inner, diagnostics);
                }
            }
        }
        Value::List(items) => {
            // Where a map of secrets may also be written as a list, what the list holds is secret too.
            let each = of
                .items()
                .or_else(|| of.values().filter(|values| values.is_secret()));
            for item in items {
                if let Some(inner) = each {
                    keep_secrets(item, inner, diagnostics);
                }
            }
        }
        Value::Scalar(_) => {}
    }
}

/// A problem at its piece of a text, at its key, or at the nearest that is written.
fn report(node: &Node, problem: &Problem, severity: Severity, diagnostics: &mut Diagnostics) {
    let (found, exact) = node.find(&problem.path);
    let bytes = problem.within.as_ref().filter(|_| exact);
    let place = bytes.and_then(|bytes| found.place_within(bytes));
    let hidden = node.hidden_texts();
    let shown = match (&found.value, &place) {
        (Value::Scalar(scalar), _) if bytes.is_some() && !scalar.hidden => vec![scalar.text.as_str()],
        (_, Some(place)) => place.shown.clone(),
        (_, None) => Vec::new(),
    };
    let conceal = |text: &str| conceal_beside(text, &hidden, &shown);
    let message = conceal(&problem.note);
    let mut message = match problem.path.as_str() {
        "" => message,
        path if message.contains(&format!("`{path}`")) => message,
        path if VERBS.iter().any(|verb| message.starts_with(verb)) => format!("`{path}` {message}"),
        path => format!("`{path}`: {message}"),
    };
    if let Some(bytes) = bytes.filter(|_| place.as_ref().is_none_or(|place| !place.exact)) {
        message += &column(found.text().unwrap_or_default(), bytes.start);
    }
    let origin = match (&place, exact) {
        (Some(place), _) => &place.origin,
        (None, true) => &found.origin,
        (None, false) => found.key_origin(),
    };
    let help = problem.help.as_deref().map(conceal);
    diagnostics.add(severity, Some(origin), message).help = help;
}
