//! The language as text: from a statement to its tree, in which everything knows its place.
//!
//! Promise: what the Collector's grammar takes is taken, and nothing else; a fault names its place. Parsing takes time in
//! proportion to the text, but for parentheses in conditions, whose nesting is bounded.

mod conditions;
mod cursor;
mod grammar;
#[cfg(test)]
mod tests;
mod token;
mod unexpected;

use std::ops::Range;

use crate::config::settings::Problems;

pub use grammar::{condition, statement, value};

/// What is wrong with a statement, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which bytes of the statement.
    pub range: Range<usize>,
    /// A sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// `set(span.name, "x") where …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The editor.
    pub editor: Call,
    /// When it is called; always where there is none.
    pub condition: Option<Test>,
}

/// A call of an editor or converter.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name.
    pub name: String,
    /// The arguments, as they are written.
    pub arguments: Vec<Argument>,
    /// What of the result is meant.
    pub keys: Vec<Key>,
    /// From the name to the closing parenthesis or key.
    pub range: Range<usize>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name, where it is named.
    pub name: Option<String>,
    /// What is given.
    pub value: Given,
    /// All of it.
    pub range: Range<usize>,
}

/// What is given as an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A value.
    Value(Expression),
    /// A function, by its name alone.
    Function(String),
}

/// A value in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<usize>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text in quotes.
    Text(String),
    /// `0x…`.
    Bytes(Vec<u8>),
    /// A name in capital letters.
    Enum(String),
    /// A path into the data.
    Path(Path),
    /// A converter's result.
    Call(Call),
    /// `[…]`.
    List(Vec<Expression>),
    /// `{…}`.
    Map(Vec<(String, Expression)>),
    /// In parentheses, or with a plus before it: no literal to parameters that want one.
    Group(Box<Expression>),
    /// With a minus before it.
    Negated(Box<Expression>),
    /// Two values with a sign between them.
    Sum(Box<Expression>, Sign, Box<Expression>),
}

/// A sign between two numbers, times or durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
    /// `/`.
    Over,
}

/// A path: `span.attributes["key"]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its names, each with its keys. The first may name a context.
    pub fields: Vec<Field>,
    /// Where it is.
    pub range: Range<usize>,
}

/// A name of a path, with the keys behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The keys.
    pub keys: Vec<Key>,
    /// The name's place.
    pub range: Range<usize>,
}

/// A key in brackets.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// What a path, converter or sum yields.
    Value(Expression),
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// One of them holds.
    Any(Vec<Test>),
    /// All of them hold.
    All(Vec<Test>),
    /// It does not hold.
    Not(Box<Test>),
    /// Two values compare so.
    Compare(Expression, Comparison, Expression),
    /// `true` or `false`.
    Constant(bool),
    /// A converter that yields a truth value.
    Call(Call),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

// === impl Fault ===

impl Fault {
    /// A fault at these bytes of the statement.
    pub fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: None,
        }
    }

    /// Tells it of the statement at this path of a configuration.
    pub fn tell(&self, path: &str, problems: &mut Problems) {
        let problem = problems.add_within(path, self.range.clone(), self.message.as_str());
        if let Some(help) = &self.help {
            problem.help(help.as_str());
        }
    }

    /// The same with something to do.
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

// === impl Path ===

impl Path {
    /// The path's names, joined by dots.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
        names.join(".")
    }

    /// The name that may be a context: the first one, where it has no key and another follows.
    pub fn context(&self) -> Option<&str> {
        match self.fields.as_slice() {
            [first, _, ..] if first.keys.is_empty() => Some(&first.name),
            _ => None,
        }
    }
}
