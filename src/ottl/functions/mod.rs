//! Every editor and converter: its name, its parameters, and what it does.

mod collections;
mod editors;
mod hashes;
mod maps;
mod parse;
mod replace;
mod strings;
mod time;
mod types;
mod xml;

use super::call::{Argument, Call, Given, Prepared};
use super::code::Expr;
use super::coerce::Accepts;
use super::context::Context;
use super::fault::Outcome;
use super::scene::Scene;
use super::value::Value;

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name; editors begin with a lowercase letter.
    pub name: &'static str,
    /// What it takes, those that may be left out last.
    pub parameters: &'static [Parameter],
    /// What it makes of literal arguments once and for all; an error says what is wrong with them.
    pub prepare: Option<Prepare>,
    /// What it does.
    pub body: Body,
    /// Where it is known.
    pub known: Known,
    /// Whether it may yield something else for the same arguments.
    pub varies: bool,
}

/// Looks at literal arguments.
pub type Prepare = fn(&Literals<'_>) -> Result<Prepared, String>;

/// What a function does.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// It yields a value.
    Converter(for<'v> fn(&mut Given<'v>, &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>>),
    /// It edits what the scene holds.
    Editor(fn(&Call, &mut Scene<'_, '_, '_>) -> Outcome<()>),
}

/// Where a function is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Everywhere.
    Everywhere,
    /// In statements about spans.
    AboutSpans,
    /// In statements about spans of the processor `transform`.
    AboutSpansOfTransform,
    /// In the connector `routing` alone.
    InRouting,
    /// Wherever editors are but in the connector `routing`.
    NotInRouting,
}

/// Whose statements they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The processor `filter`: conditions alone.
    Filter,
    /// The processor `transform`: everything.
    Transform,
    /// The connector `routing`: conditions, and few editors.
    Routing,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name; the same in camel case names it, too.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A value of a kind.
    Value(Accepts),
    /// A list in brackets, of values of a kind.
    Values(Accepts),
    /// The same, or what yields a list.
    Dynamic(Accepts),
    /// A list in brackets, whose values are had one by one.
    Deferred,
    /// A text that is written out.
    LiteralText,
    /// A whole number that is written out, without a sign.
    LiteralInt,
    /// A truth value that is written out.
    LiteralBool,
    /// A list in brackets, of texts that are written out.
    LiteralTexts,
    /// A regular expression.
    Pattern,
    /// A glob.
    Glob,
    /// A path to anything.
    Path,
    /// A path to a map.
    MapPath,
    /// A path to a list.
    ListPath,
    /// The name of a converter of one text.
    Converter,
}

/// Literal arguments, by the number of their parameter.
pub struct Literals<'a>(&'a [Argument]);

/// All families.
const FAMILIES: &[&[Function]] = &[
    collections::FUNCTIONS,
    editors::FUNCTIONS,
    hashes::FUNCTIONS,
    maps::FUNCTIONS,
    parse::FUNCTIONS,
    replace::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
    types::FUNCTIONS,
    xml::FUNCTIONS,
];

/// The function of this name, where it is known.
pub(super) fn find(name: &str, context: Context, dialect: Dialect) -> Option<&'static Function> {
    all(context, dialect).find(|function| function.name == name)
}

/// Whether anybody could know a function of this name.
pub(super) fn nearest(name: &str, context: Context, dialect: Dialect) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), &lower);
    let near = all(context, dialect).map(|function| (distance(function.name), function.name));
    let (distance, near) = near.min()?;
    (distance <= 1 + near.len() / 4).then_some(near)
}

/// All functions that are known there.
pub fn all(context: Context, dialect: Dialect) -> impl Iterator<Item = &'static Function> {
    let functions = FAMILIES.iter().flat_map(|family| family.iter());
    functions.filter(move |function| function.is_known(context, dialect))
}

/// A parameter that must be given.
const fn required(name: &'static str, takes: Takes) -> Parameter {
    Parameter {
        name,
        takes,
        is_optional: false,
    }
}

/// A parameter that may be left out.
const fn optional(name: &'static str, takes: Takes) -> Parameter {
    Parameter {
        name,
        takes,
        is_optional: true,
    }
}

/// A converter that is known everywhere.
const fn converter(
    name: &'static str,
    parameters: &'static [Parameter],
    body: for<'v> fn(&mut Given<'v>, &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>>,
) -> Function {
    Function {
        name,
        parameters,
        prepare: None,
        body: Body::Converter(body),
        known: Known::Everywhere,
        varies: false,
    }
}

/// An editor.
const fn editor(
    name: &'static str,
    parameters: &'static [Parameter],
    body: fn(&Call, &mut Scene<'_, '_, '_>) -> Outcome<()>,
) -> Function {
    Function {
        name,
        parameters,
        prepare: None,
        body: Body::Editor(body),
        known: Known::NotInRouting,
        varies: true,
    }
}

// === impl Function ===

impl Function {
    /// The same, which looks at its literal arguments first.
    const fn prepared(self, prepare: Prepare) -> Self {
        Self {
            prepare: Some(prepare),
            ..self
        }
    }

    /// The same, which does not depend on its arguments alone.
    const fn varying(self) -> Self {
        Self { varies: true, ..self }
    }

    /// The same, known there.
    const fn known(self, known: Known) -> Self {
        Self { known, ..self }
    }

    fn is_known(&self, context: Context, dialect: Dialect) -> bool {
        let is_editor = matches!(self.body, Body::Editor(_));
        let is_known = match self.known {
            Known::Everywhere => true,
            Known::AboutSpans => context == Context::Span,
            Known::AboutSpansOfTransform => context == Context::Span && dialect == Dialect::Transform,
            Known::InRouting => dialect == Dialect::Routing,
            Known::NotInRouting => dialect != Dialect::Routing,
        };
        is_known && (!is_editor || dialect != Dialect::Filter)
    }

    /// Whether it is a converter whose first parameter is a text.
    pub(super) fn takes_one_text(&self) -> bool {
        let first = self.parameters.first().map(|parameter| parameter.takes);
        matches!(self.body, Body::Converter(_)) && first == Some(Takes::Value(Accepts::Text))
    }
}

// === impl Literals ===

impl<'a> Literals<'a> {
    pub(super) fn new(arguments: &'a [Argument]) -> Self {
        Self(arguments)
    }

    /// The value of an argument, if it is a literal.
    pub fn value(&self, at: usize) -> Option<&'a Value<'static>> {
        match self.0.get(at)? {
            Argument::Value(Expr::Literal(value), _) => Some(value),
            _ => None,
        }
    }

    /// A text, if it is a literal.
    pub fn text(&self, at: usize) -> Option<&'a str> {
        match self.value(at)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, if it is a literal.
    pub fn int(&self, at: usize) -> Option<i64> {
        match self.value(at)? {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// A truth value, if it is a literal.
    pub fn bool(&self, at: usize) -> Option<bool> {
        match self.value(at)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The texts of a list that is a literal, or nothing where it is not given.
    pub fn texts(&self, at: usize) -> Option<Vec<&'a str>> {
        let Argument::Values(items, _) = self.0.get(at)? else {
            return None;
        };
        let text = |item: &'a Expr| match item.literal()? {
            Value::Text(text) => Some(text.as_ref()),
            _ => None,
        };
        items.iter().map(text).collect()
    }

    /// How many values a list in brackets has.
    pub fn count(&self, at: usize) -> usize {
        match self.0.get(at) {
            Some(Argument::Values(items, _) | Argument::Deferred(items)) => items.len(),
            _ => 0,
        }
    }

    /// Whether it is given.
    pub fn has(&self, at: usize) -> bool {
        !matches!(self.0.get(at), None | Some(Argument::Missing))
    }
}
