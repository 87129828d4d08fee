//! `${env:VAR}`, `${env:VAR:-default}`, `${VAR}`, `${file:path}`, `${yaml:text}` and `$$`.
//!
//! A value that is one reference and nothing else is read as YAML again, so that `${env:PORT}` can be a number and
//! `${file:queue.yaml}` a map; a reference inside of a longer text yields text. What comes out is expanded in turn.
//! Everything keeps the position where the reference was written. Bounded in depth, count and bytes.

use super::diagnostic::Diagnostics;
use super::node::{Kind, Node, Scalar, Value};
use super::parse;
use super::source::{Origin, Source};

/// References within what references yield.
const MAX_DEPTH: usize = 16;
/// References in one configuration, those in what references yield included.
const MAX_REFERENCES: usize = 10_000;
/// What all references together may yield.
const MAX_BYTES: usize = 16 << 20;

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

struct Expander<'a> {
    environment: Environment<'a>,
    diagnostics: &'a mut Diagnostics,
    references: usize,
    bytes: usize,
}

/// What a text consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// `$$`.
    Dollar,
    /// What stands between `${` and its `}`.
    Reference(&'a str),
}

/// Expands every value of the tree in its place; keys are left alone.
pub fn expand(root: &mut Node, environment: Environment<'_>, diagnostics: &mut Diagnostics) {
    let mut expander = Expander {
        environment,
        diagnostics,
        references: 0,
        bytes: 0,
    };
    // Errors at depth 0 are reported, not returned.
    let _ = expander.node(root, 0);
}

/// The scheme of `scheme:rest`, and the rest.
pub(super) fn scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let mut letters = scheme.chars();
    let well_formed = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && scheme.len() > 1
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | '_'));
    well_formed.then_some((scheme, rest))
}

// === impl Expander ===

impl Expander<'_> {
    /// Expands a tree in its place. What is wrong with a reference is reported where the reference is written;
    /// within what a reference yields it is that reference's fault.
    fn node(&mut self, node: &mut Node, depth: usize) -> Result<(), Wrong> {
        match &mut node.value {
            Value::List(items) => items.iter_mut().try_for_each(|item| self.node(item, depth)),
            Value::Map(map) => map.iter_mut().try_for_each(|(_, value)| self.node(value, depth)),
            Value::Scalar(scalar) if scalar.text.contains('$') => {
                let scalar = scalar.clone();
                match self.scalar(&scalar, &node.origin, depth) {
                    Ok(value) => node.value = value,
                    Err(wrong) if depth > 0 => return Err(wrong),
                    Err((message, help)) => {
                        self.diagnostics.error(Some(&node.origin), message).help = help;
                        // Nobody shall complain of the reference once more, as a value.
                        node.value = Value::Scalar(Scalar::plain(""));
                    }
                }
                Ok(())
            }
            Value::Scalar(_) => Ok(()),
        }
    }

    fn scalar(&mut self, scalar: &Scalar, origin: &Origin, depth: usize) -> Result<Value, Wrong> {
        let pieces = pieces(&scalar.text);
        if let [Piece::Reference(uri)] = pieces.as_slice() {
            return self.fetch(uri, origin, depth);
        }
        let mut text = String::new();
        let mut yields = Vec::new();
        let mut hidden = scalar.hidden;
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Dollar => text.push('$'),
                Piece::Reference(uri) => {
                    let part = self.fetch_text(uri, origin, depth)?;
                    hidden |= part.hidden;
                    yields.push(part.text.len());
                    text.push_str(&part.text);
                }
            }
        }
        self.pay(text.len())?;
        let written = scalar.written.as_ref();
        Ok(Value::Scalar(Scalar {
            hidden,
            written: written.map(|written| written.expanded(&scalar.text, yields)),
            ..Scalar::quoted(text)
        }))
    }

    /// What a reference yields, where it must be a text.
    fn fetch_text(&mut self, uri: &str, origin: &Origin, depth: usize) -> Result<Scalar, Wrong> {
        match self.fetch(uri, origin, depth)? {
            Value::Scalar(scalar) => Ok(scalar),
            _ => Err(wrong(format!(
                "`${{{uri}}}` stands inside of a text and yields a list or map"
            ))),
        }
    }

    /// What a reference yields, expanded in turn.
    fn fetch(&mut self, uri: &str, origin: &Origin, depth: usize) -> Result<Value, Wrong> {
        self.references += 1;
        if depth >= MAX_DEPTH {
            return Err(wrong(format!(
                "references yield references more than {MAX_DEPTH} deep"
            )));
        }
        if self.references > MAX_REFERENCES {
            return Err(wrong(format!(
                "more than {MAX_REFERENCES} references, those in what references yield included"
            )));
        }
        let uri = self.inner_references(uri, origin, depth)?;
        let (text, hidden) = self.retrieve(&uri, origin)?;
        self.pay(text.len())?;
        let mut value = retype(&text);
        settle(&mut value, origin, hidden);
        let mut node = Node::new(value, origin.clone());
        self.node(&mut node, depth + 1)?;
        Ok(node.value)
    }

    /// References within a reference, as in `${env:A:-${env:B}}`.
    fn inner_references(&mut self, uri: &str, origin: &Origin, depth: usize) -> Result<String, Wrong> {
        let mut text = String::new();
        for piece in pieces(uri) {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Dollar => text.push_str("$$"),
                Piece::Reference(inner) => text.push_str(&self.fetch_text(inner, origin, depth + 1)?.text),
            }
        }
        self.pay(text.len())?;
        Ok(text)
    }

    /// The text of a reference, and whether messages must not repeat it.
    fn retrieve(&mut self, uri: &str, origin: &Origin) -> Result<(String, bool), Wrong> {
        match scheme(uri) {
            Some(("env", variable)) => self.variable(variable, origin),
            Some(("file", path)) => {
                let text = Source::read(path)
                    .map_err(|error| wrong(format!("`${{{uri}}}` cannot be read: {error}")))?;
                Ok((text, true))
            }
            Some(("yaml", text)) => Ok((text.to_owned(), false)),
            Some(("http" | "https", _)) => Err(wrong(format!(
                "`${{{uri}}}`: configuration is not fetched over HTTP"
            ))),
            // The scheme-less form with a default, `${VAR:-default}`.
            Some((_, rest)) if rest.starts_with('-') => self.variable(uri, origin),
            Some((scheme, _)) => Err((
                format!("`${{{uri}}}`: `{scheme}` is not one of `env`, `file`, `yaml`"),
                Some(LITERAL.into()),
            )),
            None => self.variable(uri, origin),
        }
    }

    fn variable(&mut self, variable: &str, origin: &Origin) -> Result<(String, bool), Wrong> {
        let (name, default) = match variable.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (variable, None),
        };
        let mut letters = name.chars();
        let well_formed = letters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !well_formed {
            return Err((
                format!("`{name}` is not the name of an environment variable"),
                Some(LITERAL.into()),
            ));
        }
        match ((self.environment)(name), default) {
            (Some(value), _) => Ok((value, true)),
            (None, Some(default)) => Ok((default.to_owned(), false)),
            (None, None) => {
                self.diagnostics
                    .warning(
                        Some(origin),
                        format!("the environment variable `{name}` is not set; its place stays empty"),
                    )
                    .help(format!("`${{env:{name}:-}}` says that empty is meant"));
                Ok((String::new(), false))
            }
        }
    }

    fn pay(&mut self, bytes: usize) -> Result<(), Wrong> {
        self.bytes += bytes;
        match self.bytes <= MAX_BYTES {
            true => Ok(()),
            false => Err(wrong(format!(
                "references yield more than {} MiB",
                MAX_BYTES >> 20
            ))),
        }
    }
}

/// A message, and what to do.
type Wrong = (String, Option<String>);

const LITERAL: &str = "`$$` stands for a literal `$`";

fn wrong(message: String) -> Wrong {
    (message, None)
}

/// What a text consists of, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, from) = rest.split_at(dollar);
        let (piece, tail) = match from.strip_prefix("${").and_then(reference) {
            Some((uri, tail)) => (Piece::Reference(uri), tail),
            None => match from.strip_prefix("$$") {
                Some(tail) => (Piece::Dollar, tail),
                None => (Piece::Text("$"), from.strip_prefix('$').unwrap_or_default()),
            },
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(piece);
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Splits what follows `${` at its `}`; inner references are skipped.
fn reference(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(['$', '}']) {
        let at = from + found;
        let tail = text.get(at..)?;
        from = at + 1;
        if tail.starts_with("${") {
            depth += 1;
            from = at + 2;
        } else if tail.starts_with('}') {
            if depth == 0 {
                return Some((text.get(..at)?, text.get(at + 1..)?));
            }
            depth -= 1;
        }
    }
    None
}

/// YAML again; a text stays what it is to the letter, but for a file's last line end.
fn retype(text: &str) -> Value {
    let parsed = parse::try_parse(&Source::new("", text)).map(|node| node.value);
    match parsed {
        Some(Value::Scalar(scalar)) if scalar.kind == Kind::Text => verbatim(text),
        Some(value) => value,
        None => verbatim(text),
    }
}

fn verbatim(text: &str) -> Value {
    Value::Scalar(Scalar::quoted(text.trim_end_matches(['\r', '\n'])))
}

/// Gives everything the place of the reference.
pub(super) fn settle(value: &mut Value, origin: &Origin, hidden: bool) {
    let place = |node: &mut Node| {
        node.origin = origin.clone();
        if node.key.is_some() {
            node.key = Some(origin.clone());
        }
        settle(&mut node.value, origin, hidden);
    };
    match value {
        Value::Scalar(scalar) => {
            scalar.hidden = hidden;
            scalar.written = None;
        }
        Value::List(items) => items.iter_mut().for_each(place),
        Value::Map(map) => map.iter_mut().map(|(_, node)| node).for_each(place),
    }
}
