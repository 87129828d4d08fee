//! The tree of a configuration: what YAML says, and where each piece of it was written.

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

/// A value without parts; keeps its text, for keys that want a text where YAML sees a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// As written, quotes and escapes resolved.
    pub text: String,
    /// What YAML takes it for.
    pub kind: Kind,
    /// It came from the environment or a file, and messages do not repeat it.
    pub hidden: bool,
}

/// What YAML takes a scalar for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text.
    Text,
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

// === impl Scalar ===

impl Scalar {
    /// An unquoted scalar: typed by what it looks like.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind: Kind::of(&text),
            text,
            hidden: false,
        }
    }

    /// A quoted scalar: a text whatever it looks like.
    pub fn quoted(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: Kind::Text,
            hidden: false,
        }
    }
}

// === impl Kind ===

impl Kind {
    /// YAML's core schema, with the notations that Go's reader adds (`0777`, `0b11`, `1_000`).
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            _ => {}
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(digits, ".inf" | ".Inf" | ".INF") {
            return Self::Float(if negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            });
        }
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Self::Text;
        }
        if let Some(whole) = whole_number(digits) {
            return Self::Int(if negative { -whole } else { whole });
        }
        let looks_like_float = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
            && digits.bytes().any(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if looks_like_float => Self::Float(number),
            _ => Self::Text,
        }
    }
}

/// At most what fits in 64 bits, signed or not, so that negation cannot overflow.
fn whole_number(digits: &str) -> Option<i128> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, digits.get(2..)?),
        [b'0', b'o', ..] => (8, digits.get(2..)?),
        [b'0', b'b', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix)
        .ok()
        .map(i128::from)
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
