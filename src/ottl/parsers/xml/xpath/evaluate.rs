//! Selecting nodes.

use std::cell::Cell;

use super::{Axis, Comparison, Expr, Function, Path, Start, Step, Test, XPath};
use crate::ottl::parsers::xml::document::{Document, Kind, Name, NodeId, ROOT};

/// How often each node may be looked at, on average.
const LOOKS: usize = 256;

/// So many looks are never too many.
const CHEAP_LOOKS: usize = 1 << 16;

/// A node or an attribute, in the order of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ottl::parsers::xml) struct Place {
    pub node: NodeId,
    /// Which of the node's attributes, from one on; 0 for the node itself.
    pub attribute: usize,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Context {
    place: Place,
    position: usize,
    size: usize,
}

/// What an expression yields.
enum Value {
    Nodes(Vec<Place>),
    Bool(bool),
    Number(f64),
    Text(String),
}

struct Evaluation<'a> {
    document: &'a Document,
    looks: Cell<usize>,
}

// === impl XPath ===

impl XPath {
    /// The nodes that it selects, in the order of the document.
    pub(in crate::ottl::parsers::xml) fn select(&self, document: &Document) -> Result<Vec<Place>, String> {
        let looks = LOOKS.saturating_mul(document.nodes.len());
        let evaluation = Evaluation {
            document,
            looks: Cell::new(looks.saturating_add(CHEAP_LOOKS)),
        };
        let context = Context {
            place: Place::of(ROOT),
            position: 1,
            size: 1,
        };
        evaluation.nodes(&self.0, context)
    }
}

// === impl Place ===

impl Place {
    fn of(node: NodeId) -> Self {
        Self { node, attribute: 0 }
    }
}

// === impl Evaluation ===

impl Evaluation<'_> {
    fn spend(&self, looks: usize) -> Result<(), String> {
        let left = self.looks.get().checked_sub(looks);
        self.looks
            .set(left.ok_or("the xpath looks at more of the document than it may")?);
        Ok(())
    }

    fn nodes(&self, expr: &Expr, context: Context) -> Result<Vec<Place>, String> {
        match self.value(expr, context)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err("the xpath does not select nodes".into()),
        }
    }

    fn value(&self, expr: &Expr, context: Context) -> Result<Value, String> {
        self.spend(1)?;
        Ok(match expr {
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Path(path) => Value::Nodes(self.path(path, context)?),
            Expr::Or(one, other) => Value::Bool(self.is_true(one, context)? || self.is_true(other, context)?),
            Expr::And(one, other) => {
                Value::Bool(self.is_true(one, context)? && self.is_true(other, context)?)
            }
            Expr::Compare(comparison, one, other) => {
                let (one, other) = (self.value(one, context)?, self.value(other, context)?);
                Value::Bool(self.compare(*comparison, &one, &other)?)
            }
            Expr::Sum(is_minus, one, other) => {
                let one = self.number(&self.value(one, context)?)?;
                let other = self.number(&self.value(other, context)?)?;
                Value::Number(if *is_minus { one - other } else { one + other })
            }
            Expr::Union(one, other) => {
                let mut nodes = self.nodes(one, context)?;
                nodes.extend(self.nodes(other, context)?);
                Value::Nodes(in_order(nodes))
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, context)?,
        })
    }

    fn call(&self, function: Function, arguments: &[Expr], context: Context) -> Result<Value, String> {
        let text = |place: usize| match arguments.get(place) {
            Some(argument) => self.text(&self.value(argument, context)?),
            None => Ok(String::new()),
        };
        let first = || match arguments.first() {
            Some(argument) => self.nodes(argument, context).map(|nodes| nodes.first().copied()),
            None => Ok(Some(context.place)),
        };
        Ok(match function {
            Function::Position => Value::Number(context.position as f64),
            Function::Last => Value::Number(context.size as f64),
            Function::True => Value::Bool(true),
            Function::False => Value::Bool(false),
            Function::Contains => Value::Bool(text(0)?.contains(&text(1)?)),
            Function::StartsWith => Value::Bool(text(0)?.starts_with(&text(1)?)),
            Function::Not => {
                let argument = arguments.first();
                Value::Bool(!argument.map_or(Ok(false), |argument| self.is_true(argument, context))?)
            }
            Function::Count => {
                let argument = arguments.first();
                let nodes = argument.map_or(Ok(Vec::new()), |argument| self.nodes(argument, context))?;
                Value::Number(nodes.len() as f64)
            }
            Function::Name | Function::LocalName => {
                let name = first()?.and_then(|place| self.name(place));
                let name = name.unwrap_or_default();
                Value::Text(match function {
                    Function::Name if !name.prefix.is_empty() => format!("{}:{}", name.prefix, name.local),
                    _ => name.local,
                })
            }
        })
    }

    fn path(&self, path: &Path, context: Context) -> Result<Vec<Place>, String> {
        let mut places = match &path.start {
            Start::Here => vec![context.place],
            Start::Document => vec![Place::of(ROOT)],
            Start::Nodes(expr, predicates) => self.filter(self.nodes(expr, context)?, predicates)?,
        };
        for step in &path.steps {
            let mut next = Vec::new();
            for place in places {
                let found = self.step(step, place)?;
                next.extend(self.filter(found, &step.predicates)?);
            }
            places = in_order(next);
        }
        Ok(places)
    }

    /// What passes all predicates, one after the other.
    fn filter(&self, mut places: Vec<Place>, predicates: &[Expr]) -> Result<Vec<Place>, String> {
        for predicate in predicates {
            let size = places.len();
            let mut passed = Vec::new();
            for (place, position) in places.into_iter().zip(1..) {
                let context = Context {
                    place,
                    position,
                    size,
                };
                let passes = match self.value(predicate, context)? {
                    Value::Number(number) => number == position as f64,
                    value => truth(&value),
                };
                if passes {
                    passed.push(place);
                }
            }
            places = passed;
        }
        Ok(places)
    }

    fn step(&self, step: &Step, from: Place) -> Result<Vec<Place>, String> {
        let children = match from.attribute {
            0 => self.document.children(from.node),
            _ => &[],
        };
        let found: Vec<Place> = match step.axis {
            Axis::Child => self.seen(children).map(Place::of).collect(),
            Axis::Itself => vec![from],
            Axis::Parent if from.attribute > 0 => vec![Place::of(from.node)],
            Axis::Parent if from.node == ROOT => Vec::new(),
            Axis::Parent => {
                let parent = self.document.node(from.node).map(|node| node.parent);
                parent.map(Place::of).into_iter().collect()
            }
            Axis::Attribute if from.attribute > 0 => Vec::new(),
            Axis::Attribute => {
                let count = self.document.attributes(from.node).len();
                let node = from.node;
                (1..=count).map(|attribute| Place { node, attribute }).collect()
            }
            Axis::Descendant | Axis::DescendantOrSelf => {
                let mut found = Vec::new();
                if step.axis == Axis::DescendantOrSelf {
                    found.push(from);
                }
                let mut waiting: Vec<NodeId> = self.seen(children).rev().collect();
                while let Some(node) = waiting.pop() {
                    found.push(Place::of(node));
                    waiting.extend(self.seen(self.document.children(node)).rev());
                }
                found
            }
        };
        self.spend(found.len())?;
        let passes = |place: &Place| self.passes(&step.test, *place);
        Ok(found.into_iter().filter(passes).collect())
    }

    /// The children that the Collector sees: white space counts as a text only at the beginning.
    fn seen<'n>(&'n self, children: &'n [NodeId]) -> impl DoubleEndedIterator<Item = NodeId> + 'n {
        let is_seen = |(place, id): &(usize, &NodeId)| {
            let kind = self.document.node(**id).map(|node| &node.kind);
            *place == 0 || !matches!(kind, Some(Kind::Text(text)) if text.trim().is_empty())
        };
        children.iter().enumerate().filter(is_seen).map(|(_, id)| *id)
    }

    fn passes(&self, test: &Test, place: Place) -> bool {
        let kind = self.document.node(place.node).map(|node| &node.kind);
        match test {
            Test::Node => true,
            Test::Any => self.name(place).is_some(),
            Test::Named(prefix, local) => self.name(place).is_some_and(|name| name.is(prefix, local)),
            _ if place.attribute > 0 => false,
            Test::Text => matches!(kind, Some(Kind::Text(_) | Kind::CData(_) | Kind::Directive(_))),
            Test::Comment => matches!(kind, Some(Kind::Comment(_))),
        }
    }

    /// The name of an element, an attribute or an instruction.
    fn name(&self, place: Place) -> Option<Name> {
        if let Some(attribute) = place.attribute.checked_sub(1) {
            let attributes = self.document.attributes(place.node);
            return attributes.get(attribute).map(|attribute| attribute.name.clone());
        }
        match &self.document.node(place.node)?.kind {
            Kind::Element(name, _) => Some(name.clone()),
            Kind::Instruction(target, _) => Some(Name::new(target)),
            _ => None,
        }
    }

    fn text_of(&self, place: Place) -> Result<String, String> {
        if let Some(attribute) = place.attribute.checked_sub(1) {
            let attributes = self.document.attributes(place.node);
            let value = attributes.get(attribute).map(|attribute| attribute.value.clone());
            return Ok(value.unwrap_or_default());
        }
        let Some(node) = self.document.node(place.node) else {
            return Ok(String::new());
        };
        Ok(match &node.kind {
            Kind::Text(text) | Kind::Comment(text) => text.clone(),
            Kind::Element(..) => {
                let text = self.document.inner_text(place.node);
                self.spend(text.len() / 16 + node.children.len())?;
                text
            }
            _ => String::new(),
        })
    }

    fn is_true(&self, expr: &Expr, context: Context) -> Result<bool, String> {
        Ok(truth(&self.value(expr, context)?))
    }

    fn text(&self, value: &Value) -> Result<String, String> {
        Ok(match value {
            Value::Text(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.text_of(*first)?,
                None => String::new(),
            },
        })
    }

    fn number(&self, value: &Value) -> Result<f64, String> {
        Ok(match value {
            Value::Number(number) => *number,
            Value::Bool(value) => f64::from(u8::from(*value)),
            other => number_of(&self.text(other)?),
        })
    }

    /// Nodes compare as any of them does.
    fn compare(&self, comparison: Comparison, one: &Value, other: &Value) -> Result<bool, String> {
        match (one, other) {
            (Value::Nodes(nodes), Value::Bool(_)) => {
                self.compare(comparison, &Value::Bool(!nodes.is_empty()), other)
            }
            (Value::Bool(_), Value::Nodes(nodes)) => {
                self.compare(comparison, one, &Value::Bool(!nodes.is_empty()))
            }
            (Value::Nodes(nodes), _) => {
                for node in nodes {
                    self.spend(1)?;
                    if self.compare(comparison, &Value::Text(self.text_of(*node)?), other)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (_, Value::Nodes(nodes)) => {
                for node in nodes {
                    self.spend(1)?;
                    if self.compare(comparison, one, &Value::Text(self.text_of(*node)?))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => self.compare_single(comparison, one, other),
        }
    }

    fn compare_single(&self, comparison: Comparison, one: &Value, other: &Value) -> Result<bool, String> {
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let is_equal = match (one, other) {
            (Value::Bool(_), _) | (_, Value::Bool(_)) if is_equality => Some(truth(one) == truth(other)),
            (Value::Text(one), Value::Text(other)) if is_equality => Some(one == other),
            _ => None,
        };
        let (one, other) = (self.number(one)?, self.number(other)?);
        Ok(match comparison {
            Comparison::Equal => is_equal.unwrap_or(one == other),
            Comparison::NotEqual => !is_equal.unwrap_or(one == other),
            Comparison::Less => one < other,
            Comparison::LessOrEqual => one <= other,
            Comparison::Greater => one > other,
            Comparison::GreaterOrEqual => one >= other,
        })
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Nodes(nodes) => !nodes.is_empty(),
    }
}

/// The number that a text is; not a number where it is none.
fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let is_number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte))
    };
    match text.parse() {
        Ok(number) if is_number(text) => number,
        _ => f64::NAN,
    }
}

fn in_order(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_unstable();
    places.dedup();
    places
}
