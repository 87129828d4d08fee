//! YAML text to nodes. Bounded: in depth, and in nodes after aliases are written out, so that no small text
//! becomes a big tree. A key written twice is an error.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use super::diagnostic::Diagnostics;
use super::node::{Map, Node, Scalar, Value};
use super::source::{Origin, Source};
use super::within::{Quotes, Written};

/// Deeper than any real configuration; keeps recursion over the tree far from the end of the stack.
const MAX_DEPTH: usize = 64;
/// Nodes of one text, aliases written out. A large gateway has a few thousand.
const MAX_NODES: usize = 100_000;

/// What stopped the reading of a text.
struct Fault {
    origin: Origin,
    message: String,
    help: Option<String>,
}

/// A map or list whose end has not been read.
struct Open {
    node: Node,
    depth: usize,
    anchor: usize,
    /// A key that waits for its value.
    key: Option<(String, Origin)>,
    seen: HashSet<String>,
    merges: Vec<Node>,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    roots: Vec<Node>,
}

/// Reads one YAML document; an empty one is null. What is wrong with it goes to the diagnostics.
pub fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Node> {
    match parse_quietly(source) {
        Ok(node) => Some(node),
        Err(fault) => {
            let error = diagnostics.error(Some(&fault.origin), fault.message);
            error.help = fault.help;
            None
        }
    }
}

/// Reads a text that may as well be no YAML at all.
pub(super) fn try_parse(source: &Arc<Source>) -> Option<Node> {
    parse_quietly(source).ok()
}

fn parse_quietly(source: &Arc<Source>) -> Result<Node, Fault> {
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder {
        source,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        roots: Vec::new(),
    };
    for step in Parser::new_from_str_with_options(&source.text, options) {
        let (event, span) = step.map_err(|error| {
            let marker = error.marker();
            let reference = source.line(marker.line()).contains("${");
            Fault {
                origin: Origin {
                    source: Arc::clone(source),
                    line: marker.line().max(1),
                    column: marker.col() + 1,
                    width: 1,
                },
                message: format!("this is not valid YAML: {}", error.info()),
                help: reference
                    .then(|| "between braces or brackets, `${...}` needs quotes around it".to_owned()),
            }
        })?;
        builder.take(event, &span)?;
    }
    let mut written = builder.roots.into_iter().filter(|root| !root.is_null());
    let first = written.next();
    match written.next() {
        None => Ok(first.unwrap_or_else(|| Node::null(Origin::start(source)))),
        Some(second) => Err(Fault {
            origin: second.origin,
            message: "a second YAML document starts here".into(),
            help: Some("write each document to a file of its own and give `--config` once for each".into()),
        }),
    }
}

// === impl Builder ===

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        let origin = self.origin(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar(&text, style, tag.as_deref(), span);
                self.finish(Node::new(Value::Scalar(scalar), origin), anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.start(Value::List(Vec::new()), origin, anchor),
            Event::MappingStart(_, anchor, _) => self.start(Value::Map(Map::default()), origin, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let node = node.clone();
                    self.nodes += size(&node);
                    self.finish(node, 0)
                }
                None => Err(self.fault(origin, "an alias stands inside of what it names")),
            },
            _ => Ok(()),
        }
    }

    fn start(&mut self, value: Value, origin: Origin, anchor: usize) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.fault(origin, format!("nested more than {MAX_DEPTH} deep")));
        }
        self.open.push(Open {
            node: Node::new(value, origin),
            depth: 0,
            anchor,
            key: None,
            seen: HashSet::new(),
            merges: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(mut open) = self.open.pop() else {
            return Ok(());
        };
        if let Value::Map(map) = &mut open.node.value {
            for merged in open.merges.drain(..) {
                let Value::Map(merged) = merged.value else {
                    continue;
                };
                for (key, node) in merged {
                    // What is written here, or merged earlier, wins.
                    if open.seen.insert(key.clone()) {
                        map.push(key, node);
                    }
                }
            }
        }
        self.finish_at(open.node, open.anchor, open.depth)
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        let depth = depth(&node);
        self.finish_at(node, anchor, depth)
    }

    /// Puts a complete node where it belongs.
    fn finish_at(&mut self, node: Node, anchor: usize, depth: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.fault(
                node.origin,
                format!("more than {MAX_NODES} values, aliases written out"),
            ));
        }
        if depth + self.open.len() > MAX_DEPTH {
            return Err(self.fault(node.origin, format!("nested more than {MAX_DEPTH} deep")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
            self.nodes += size(&node);
        }
        let Some(open) = self.open.last_mut() else {
            self.roots.push(node);
            return Ok(());
        };
        open.depth = open.depth.max(depth + 1);
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(_), None) => {
                let Some(key) = node.text() else {
                    return Err(self.fault(node.origin, "a key must be a text, not a list or map"));
                };
                if key != "<<" && !open.seen.insert(key.to_owned()) {
                    let message = format!("the key `{key}` is written twice");
                    return Err(self.fault(node.origin, message));
                }
                open.key = Some((key.to_owned(), node.origin));
            }
            (Value::Map(_), Some((key, origin))) if key == "<<" => match node.value {
                Value::Map(_) => open.merges.push(node),
                Value::List(items) if items.iter().all(|item| item.map().is_some()) => {
                    open.merges.extend(items);
                }
                _ => return Err(self.fault(origin, "`<<` merges maps, and this is none")),
            },
            (Value::Map(map), Some((key, origin))) => {
                map.push(
                    key,
                    Node {
                        key: Some(origin),
                        ..node
                    },
                );
            }
            (Value::Scalar(_), _) => {}
        }
        Ok(())
    }

    fn origin(&self, span: &Span) -> Origin {
        let (start, end) = (span.start, span.end);
        let width = match start.line() == end.line() {
            true => end.col().saturating_sub(start.col()),
            false => 1,
        };
        Origin {
            source: Arc::clone(self.source),
            line: start.line().max(1),
            column: start.col() + 1,
            width: width.max(1),
        }
    }

    fn fault(&self, origin: Origin, message: impl Into<String>) -> Fault {
        Fault {
            origin,
            message: message.into(),
            help: None,
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Scalar {
    let as_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
    let scalar = match style {
        ScalarStyle::Plain if !as_text => Scalar::plain(text),
        _ => Scalar::quoted(text),
    };
    let quotes = match style {
        ScalarStyle::SingleQuoted => Quotes::Single,
        ScalarStyle::DoubleQuoted => Quotes::Double,
        _ => Quotes::None,
    };
    let bytes = span.start.byte_offset().zip(span.end.byte_offset());
    Scalar {
        written: bytes.map(|(start, end)| Written::new(start..end, quotes)),
        ..scalar
    }
}

/// Nodes in a tree; a long text counts as many.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(scalar) => 1 + scalar.text.len() / 64,
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(map) => 1 + map.iter().map(|(_, node)| size(node)).sum::<usize>(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => 1 + map.iter().map(|(_, node)| depth(node)).max().unwrap_or(0),
    }
}
