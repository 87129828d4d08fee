//! The tree of a configuration: what YAML says, and where each piece of it was written.

pub use super::scalar::{Kind, Scalar};
use super::source::Origin;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
    /// Where its key was written, for a value in a map.
    pub key: Option<Origin>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Anything without parts.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Values by key.
    Map(Map),
}

/// Values by key, in the order written; no key twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Vec<(String, Node)>);

// === impl Node ===

impl Node {
    /// A node outside of any map.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            key: None,
        }
    }

    /// Nothing.
    pub fn null(origin: Origin) -> Self {
        Self::new(Value::Scalar(Scalar::plain("")), origin)
    }

    /// Whether the same is written there, wherever that is and in whatever order of keys.
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Scalar(one), Value::Scalar(other)) => (&one.text, one.kind) == (&other.text, other.kind),
            (Value::List(ones), Value::List(others)) => {
                ones.len() == others.len()
                    && ones
                        .iter()
                        .zip(others)
                        .all(|(one, other)| one.says_the_same(other))
            }
            (Value::Map(ones), Value::Map(others)) => {
                ones.iter().count() == others.iter().count()
                    && ones
                        .iter()
                        .all(|(key, one)| others.get(key).is_some_and(|other| one.says_the_same(other)))
            }
            _ => false,
        }
    }

    /// Whether nothing is written here.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == Kind::Null)
    }

    /// Its keys, when it is a map.
    pub fn map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Its values, when it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Its text, when it is a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The value of a key, when it is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map().and_then(|map| map.get(key))
    }

    /// Where its key is, or else itself.
    pub fn key_origin(&self) -> &Origin {
        self.key.as_ref().unwrap_or(&self.origin)
    }

    /// What it is, in words.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Null => "nothing",
                Kind::Bool(_) => "a boolean",
                Kind::Int(_) | Kind::Float(_) => "a number",
                Kind::Text => "a text",
            },
        }
    }

    /// The node at a dotted path, or the nearest above it; keys may themselves have dots. The flag says that
    /// the path was followed to its end.
    pub fn find(&self, path: &str) -> (&Node, bool) {
        if path.is_empty() {
            return (self, true);
        }
        let ends = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
        for end in ends {
            let (key, rest) = path.split_at(end);
            let child = match &self.value {
                Value::Map(map) => map.get(key),
                Value::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
                Value::Scalar(_) => None,
            };
            if let Some(child) = child {
                return child.find(rest.strip_prefix('.').unwrap_or(rest));
            }
        }
        (self, false)
    }

    /// Texts at and below this node that messages must not repeat.
    pub fn hidden_texts(&self) -> Vec<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.hidden => vec![&scalar.text],
            Value::Scalar(_) => Vec::new(),
            Value::List(items) => items.iter().flat_map(Self::hidden_texts).collect(),
            Value::Map(map) => map.iter().flat_map(|(_, node)| node.hidden_texts()).collect(),
        }
    }
}

// === impl Map ===

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// Sets a key: in its old place, or last.
    pub fn set(&mut self, key: String, node: Node) {
        match self.get_mut(&key) {
            Some(old) => *old = node,
            None => self.0.push((key, node)),
        }
    }

    /// Adds a key that is known not to be there.
    pub(super) fn push(&mut self, key: String, node: Node) {
        self.0.push((key, node));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// Keys and values, in order, to change the values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.0.iter_mut().map(|(key, node)| (key.as_str(), node))
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// Whether no key is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Map {
    type Item = (String, Node);
    type IntoIter = std::vec::IntoIter<(String, Node)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
