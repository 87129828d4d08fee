//! From the command line to one tree: every `--config` in turn, merged left to right, then every `--set`, then
//! references expanded. In that order, as the Collector does: a reference that was overridden is never looked up.

use std::sync::Arc;

use super::diagnostic::Diagnostics;
use super::expand::{self, Environment};
use super::node::{Map, Node, Value};
use super::parse::parse;
use super::source::{Origin, Source};

/// What runs when no configuration is given: OTLP on localhost, and what arrives is kept on this machine and can be asked for.
#[cfg(feature = "store")]
pub const BUILT_IN: &str = "\
receivers:
  otlp:
    protocols:
      grpc:
      http:
exporters:
  store:
extensions:
  query:
service:
  extensions: [query]
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [store]
";

/// What runs when no configuration is given: OTLP on localhost, and what arrives is shown.
#[cfg(not(feature = "store"))]
pub const BUILT_IN: &str = "\
receivers:
  otlp:
    protocols:
      grpc:
      http:
exporters:
  debug:
    verbosity: normal
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [debug]
";

/// What the command line says about configuration.
pub struct Inputs<'a> {
    /// Every `--config`, in order: a path, `file:path`, `env:VARIABLE` or `yaml:text`.
    pub configs: &'a [String],
    /// Every `--set`, in order: `a.b=c`.
    pub sets: &'a [String],
    /// The environment.
    pub environment: Environment<'a>,
}

/// Reads, merges and expands; `None` when what is wrong leaves no tree to look at.
pub fn load(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut trees = Vec::new();
    let mut whole = true;
    if inputs.configs.is_empty() {
        trees.extend(document(
            &Source::new("(built-in configuration)", BUILT_IN),
            diagnostics,
        ));
    }
    for uri in inputs.configs {
        let tree = retrieve(uri, inputs.environment)
            .map_err(|message| {
                diagnostics.error(None, message);
            })
            .ok()
            .and_then(|source| document(&source, diagnostics));
        whole &= tree.is_some();
        trees.extend(tree);
    }
    for set in inputs.sets {
        let tree = setting(set, diagnostics);
        whole &= tree.is_some();
        trees.extend(tree);
    }
    let mut root = trees.into_iter().reduce(merge).filter(|_| whole)?;
    expand::expand(&mut root, inputs.environment, diagnostics);
    Some(root)
}

/// Lays one tree over another: maps merge, anything else replaces.
pub fn merge(mut base: Node, over: Node) -> Node {
    lay_over(&mut base, over);
    base
}

fn lay_over(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for (key, node) in above {
                match below.get_mut(&key) {
                    Some(old) => lay_over(old, node),
                    None => below.push(key, node),
                }
            }
        }
        (_, value) => *base = Node { value, ..over },
    }
}

fn retrieve(uri: &str, environment: Environment<'_>) -> Result<Arc<Source>, String> {
    match expand::scheme(uri) {
        None => read_file(uri),
        Some(("file", path)) => read_file(path),
        Some(("env", variable)) => environment(variable)
            .map(|text| Source::new(format!("env:{variable}"), text))
            .ok_or_else(|| format!("--config {uri}: the environment variable `{variable}` is not set")),
        Some(("yaml", text)) => Ok(Source::new("--config yaml", text)),
        Some(("http" | "https", _)) => Err(format!(
            "--config {uri}: configuration is not fetched over HTTP; download it and give its path"
        )),
        Some((scheme, _)) => Err(format!(
            "--config {uri}: `{scheme}` is not one of `file`, `env`, `yaml`; for a file of that name write `file:{uri}`"
        )),
    }
}

fn read_file(path: &str) -> Result<Arc<Source>, String> {
    match Source::read(path) {
        Ok(text) => Ok(Source::new(path, text)),
        Err(error) => Err(format!("cannot read the configuration `{path}`: {error}")),
    }
}

/// A document whose top level is a map, keys like `processors::batch` written out.
fn document(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut root = parse(source, diagnostics)?;
    if root.is_null() {
        root.value = Value::Map(Map::default());
    }
    let origin = root.origin.clone();
    match root.value {
        Value::Map(map) => {
            let empty = Node::new(Value::Map(Map::default()), origin);
            Some(
                map.into_iter()
                    .map(|(key, node)| unflatten(&key, node))
                    .fold(empty, merge),
            )
        }
        _ => {
            diagnostics.error(
                Some(&origin),
                format!(
                    "the top level must be a map with `receivers`, `exporters` and `service`, and is {}",
                    root.what()
                ),
            );
            None
        }
    }
}

/// `a::b: value` as `a: {b: value}`, all in a map of its own.
fn unflatten(key: &str, node: Node) -> Node {
    let segments: Vec<&str> = key.split("::").collect();
    let origin = node.key_origin().clone();
    nest(&segments, node, &origin)
}

/// `a.b=c`: the value is YAML.
fn setting(text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let source = Source::new("--set", text);
    let start = Origin::start(&source);
    let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
        diagnostics
            .error(Some(&start), "`--set` wants a path and a value")
            .help("for example `--set processors.batch.timeout=2s`");
        return None;
    };
    let at = Origin {
        column: path.chars().count() + 2,
        width: value.chars().count().max(1),
        ..start.clone()
    };
    let mut value = parse(&Source::new("--set", value), diagnostics)?;
    shift(&mut value, &at, path.len() + 1);
    if value.text().is_none() {
        value.origin = at;
    }
    let key = Origin {
        width: path.chars().count(),
        ..start
    };
    let segments: Vec<&str> = path
        .split(['.', ':'])
        .filter(|segment| !segment.is_empty())
        .collect();
    Some(nest(&segments, value, &key))
}

/// Moves the places in a value to the argument that it is the end of; it begins at `start`, behind so many bytes.
fn shift(node: &mut Node, start: &Origin, bytes: usize) {
    for origin in [Some(&mut node.origin), node.key.as_mut()].into_iter().flatten() {
        origin.source = Arc::clone(&start.source);
        if origin.line == 1 {
            origin.column += start.column - 1;
        }
    }
    match &mut node.value {
        Value::Scalar(scalar) => {
            if let Some(written) = &mut scalar.written {
                written.shift(bytes);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, start, bytes)),
        Value::Map(map) => map.iter_mut().for_each(|(_, value)| shift(value, start, bytes)),
    }
}

fn nest(segments: &[&str], node: Node, key: &Origin) -> Node {
    segments.iter().rev().fold(node, |inner, segment| {
        let mut map = Map::default();
        map.set(
            (*segment).to_owned(),
            Node {
                key: Some(key.clone()),
                ..inner
            },
        );
        Node::new(Value::Map(map), key.clone())
    })
}
