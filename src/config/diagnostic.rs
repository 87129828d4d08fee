//! What is wrong or worth knowing about a configuration, shown at its place: file, line, column, the line itself
//! and what to do. Many are collected in one run. A secret is never shown.

use std::fmt::{self, Write as _};

use super::source::Origin;

/// Names of keys whose values are not shown, whatever their type is known to be.
const SENSITIVE: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "api_key",
    "api-key",
    "apikey",
    "credential",
];

/// More than this nobody reads.
const MAX_SHOWN: usize = 100;

/// Characters of a long line that are shown.
const MAX_LINE: usize = 160;

/// What stands for a value that is not shown.
pub const REDACTED: &str = "[REDACTED]";

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot run.
    Error,
    /// It runs, and something will probably not be as meant.
    Warning,
    /// Worth knowing: a key without effect, a default that differs.
    Note,
}

/// One finding and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong: names the thing and the value.
    pub message: String,
    /// File, line and column, where there is one.
    pub origin: Option<Origin>,
    /// What to do, or the nearest thing that exists.
    pub help: Option<String>,
    /// The component, `exporters.otlp`; empty outside of components.
    pub scope: String,
}

/// All findings of a run, in the order found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    secrets: Vec<Origin>,
    scope: String,
}

// === impl Severity ===

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Adds what to do.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }

    /// Adds the nearest of the names that exist, when one is near.
    pub fn nearest<'a>(&mut self, name: &str, known: impl IntoIterator<Item = &'a str>) {
        if let Some(near) = nearest(name, known) {
            self.help(format!("did you mean `{near}`?"));
        }
    }
}

/// On one line, for logs.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        match &self.origin {
            Some(origin) if self.scope.is_empty() => write!(f, " ({origin})"),
            Some(origin) => write!(f, " ({} at {origin})", self.scope),
            None => Ok(()),
        }
    }
}

/// The name most like `name`, if any is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // At this likeness about one letter in four may be wrong.
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Names in backquotes, with commas between.
pub fn listed(names: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

// === impl Diagnostics ===

impl Diagnostics {
    /// Adds an error.
    pub fn error(&mut self, origin: Option<&Origin>, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, origin, message.into())
    }

    /// Adds a warning.
    pub fn warning(&mut self, origin: Option<&Origin>, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, origin, message.into())
    }

    /// Adds a note.
    pub fn note(&mut self, origin: Option<&Origin>, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Note, origin, message.into())
    }

    /// Adds a finding of any severity.
    pub fn add(&mut self, severity: Severity, origin: Option<&Origin>, message: String) -> &mut Diagnostic {
        let at = self.all.len();
        self.all.push(Diagnostic {
            severity,
            message,
            origin: origin.cloned(),
            help: None,
            scope: self.scope.clone(),
        });
        // Just pushed; indexing cannot fail.
        #[allow(clippy::indexing_slicing)]
        &mut self.all[at]
    }

    /// Never shows what stands at that place.
    pub fn keep_secret(&mut self, origin: &Origin) {
        self.secrets.push(origin.clone());
    }

    /// Says that all that `check` finds belongs to the component `scope`.
    pub fn within<T>(&mut self, scope: impl Into<String>, check: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope, scope.into());
        let result = check(self);
        self.scope = outer;
        result
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter()
    }

    /// How many of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|found| found.severity == severity).count()
    }

    /// Whether the configuration cannot run.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Shows all of them in the order of the text, errors first; notes only when nothing is wrong.
    pub fn render(&self) -> String {
        let least = match self.has_errors() {
            true => Severity::Warning,
            false => Severity::Note,
        };
        let mut sorted: Vec<&Diagnostic> = self.all.iter().filter(|found| found.severity <= least).collect();
        sorted.sort_by_key(|found| {
            let origin = found.origin.as_ref();
            let place = origin.map(|origin| (origin.source.name.as_str(), origin.line, origin.column));
            (found.severity, place)
        });
        let mut shown: Vec<String> = sorted
            .iter()
            .take(MAX_SHOWN)
            .map(|found| self.show(found))
            .collect();
        if let Some(more) = sorted.len().checked_sub(MAX_SHOWN + 1) {
            shown.push(format!("and {} more\n", more + 1));
        }
        shown.join("\n")
    }

    fn show(&self, found: &Diagnostic) -> String {
        let mut out = format!("{}: {}\n", found.severity, found.message);
        // Writing to a `String` cannot fail.
        if let Some(origin) = &found.origin {
            let number = origin.line.to_string();
            let margin = " ".repeat(number.len());
            let below = match found.scope.as_str() {
                "" => String::new(),
                scope => format!(" in {scope}"),
            };
            let _ = writeln!(out, "{margin}--> {origin}{below}");
            let (line, before) = window(&self.line(origin), origin.column - 1);
            if !line.trim().is_empty() {
                let gap: String = line.chars().take(before).map(blank).collect();
                let room = line.chars().count().saturating_sub(before).max(1);
                let carets = "^".repeat(origin.width.clamp(1, room));
                let _ = writeln!(out, "{margin} |\n{number} | {line}\n{margin} | {gap}{carets}");
            }
            if let Some(help) = &found.help {
                let _ = writeln!(out, "{margin} = help: {help}");
            }
        } else if let Some(help) = &found.help {
            let _ = writeln!(out, "  = help: {help}");
        }
        out
    }

    /// The line of a place, cut before anything secret on it.
    fn line(&self, origin: &Origin) -> String {
        let line = origin.source.line(origin.line);
        let known = self
            .secrets
            .iter()
            .filter(|secret| secret.line == origin.line && secret.source == origin.source)
            .map(|secret| secret.column - 1)
            .min();
        let Some(start) = [known, sensitive_value(line)].into_iter().flatten().min() else {
            return line.to_owned();
        };
        let value: String = line.chars().skip(start).collect();
        match value.trim().starts_with("${") {
            true => line.to_owned(),
            false => line.chars().take(start).chain(REDACTED.chars()).collect(),
        }
    }
}

/// Where, in characters, the value of a key with a sensitive name starts.
fn sensitive_value(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let name = SENSITIVE.iter().filter_map(|name| lower.find(name)).min()?;
    let tail = lower.get(name..)?;
    let after = name + tail.find([':', '='])? + 1;
    let value = lower.get(after..)?;
    let start = after + value.find(|c: char| !c.is_whitespace())?;
    Some(line.get(..start)?.chars().count())
}

/// A piece of the line around a column (both counted from 0), and where the column is in it.
fn window(line: &str, column: usize) -> (String, usize) {
    if line.chars().count() <= MAX_LINE {
        return (line.to_owned(), column);
    }
    let start = column.saturating_sub(MAX_LINE / 2);
    (line.chars().skip(start).take(MAX_LINE).collect(), column - start)
}

/// Keeps tabs, so that carets stand below their text.
fn blank(c: char) -> char {
    if c == '\t' { '\t' } else { ' ' }
}
