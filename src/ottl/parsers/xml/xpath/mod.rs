//! The part of XPath 1.0 that selects nodes of a document.
//!
//! Promise: what is not of it is an error that names it, when the expression is read. How much of a document an expression looks
//! at is bounded, in proportion to the document.

mod evaluate;
mod parse;

pub(super) use evaluate::Place;

/// An expression that selects nodes.
#[derive(Clone, Debug)]
pub struct XPath(Expr);

/// An expression.
#[derive(Clone, Debug)]
enum Expr {
    Text(String),
    Number(f64),
    Path(Path),
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// The sum, or with `true` the difference.
    Sum(bool, Box<Expr>, Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
}

/// Steps through a document.
#[derive(Clone, Debug)]
struct Path {
    start: Start,
    steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Debug)]
enum Start {
    /// Where the expression stands.
    Here,
    /// At the document.
    Document,
    /// At the nodes of an expression, filtered.
    Nodes(Box<Expr>, Vec<Expr>),
}

#[derive(Clone, Debug)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Attribute,
    Itself,
    Parent,
}

/// What a node must be.
#[derive(Clone, Debug)]
enum Test {
    /// `node()`.
    Node,
    /// `text()`.
    Text,
    /// `comment()`.
    Comment,
    /// `*`.
    Any,
    /// A prefix, empty for none, and a name.
    Named(String, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Position,
    Last,
    Count,
    Name,
    LocalName,
    Contains,
    StartsWith,
    Not,
    True,
    False,
}

/// Functions by name, with how many arguments they take at least and at most.
const FUNCTIONS: [(&str, Function, usize, usize); 10] = [
    ("position", Function::Position, 0, 0),
    ("last", Function::Last, 0, 0),
    ("count", Function::Count, 1, 1),
    ("name", Function::Name, 0, 1),
    ("local-name", Function::LocalName, 0, 1),
    ("contains", Function::Contains, 2, 2),
    ("starts-with", Function::StartsWith, 2, 2),
    ("not", Function::Not, 1, 1),
    ("true", Function::True, 0, 0),
    ("false", Function::False, 0, 0),
];

/// Axes by name.
const AXES: [(&str, Axis); 6] = [
    ("child", Axis::Child),
    ("descendant", Axis::Descendant),
    ("descendant-or-self", Axis::DescendantOrSelf),
    ("attribute", Axis::Attribute),
    ("self", Axis::Itself),
    ("parent", Axis::Parent),
];

// === impl Expr ===

impl Expr {
    /// Whether it yields nodes.
    fn is_nodes(&self) -> bool {
        matches!(self, Self::Path(_) | Self::Union(..))
    }
}
