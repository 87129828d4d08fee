//! Calls: a function with its arguments, and what the function sees of them.

use std::any::Any;
use std::fmt;

use smallvec::SmallVec;

use super::code::Expr;
use super::coerce::{Accepts, coerced};
use super::fault::{Error, Outcome};
use super::functions::{Body, Function};
use super::go::glob::Glob;
use super::path::Path;
use super::scene::Scene;
use super::value::{Time, Value};
use crate::config::pattern::Pattern;
use crate::wire::Value as Stored;

/// Bytes that the text of a converter may take. Many make theirs longer than what they are given, one after the other.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// A call of an editor or converter.
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// By parameter.
    pub arguments: Vec<Argument>,
    /// What the function has made of literal arguments once and for all.
    pub prepared: Prepared,
}

/// What a function keeps of its literal arguments.
pub type Prepared = Option<Box<dyn Any + Send + Sync>>;

/// An argument, compiled.
#[derive(Debug)]
pub enum Argument {
    /// An optional one that is not given.
    Missing,
    /// A value of a kind.
    Value(Expr, Accepts),
    /// Values of a kind, one by one.
    Values(Vec<Expr>, Accepts),
    /// Values of a kind, one by one, out of a list that an expression yields.
    Spread(Expr, Accepts),
    /// Values that the function asks for one by one.
    Deferred(Vec<Expr>),
    /// A regular expression that is written out.
    Pattern(Pattern),
    /// A glob that is written out.
    Glob(Glob),
    /// Something that is read and written.
    Path(Path),
    /// A converter of one text.
    Function(&'static Function),
}

/// The arguments of a converter in a scene, each of the kind that its parameter accepts.
pub struct Given<'v> {
    call: &'v Call,
    slots: SmallVec<[Slot<'v>; 4]>,
}

/// An argument in a scene.
enum Slot<'v> {
    One(Value<'v>),
    Many(Vec<Value<'v>>),
    /// It is looked up in the call.
    Fixed,
}

// === impl Argument ===

impl Argument {
    /// Whether it is the same on every span.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Missing | Self::Pattern(_) | Self::Glob(_) => true,
            Self::Value(expression, _) | Self::Spread(expression, _) => expression.constant().is_some(),
            Self::Values(expressions, _) | Self::Deferred(expressions) => expressions
                .iter()
                .all(|expression| expression.constant().is_some()),
            Self::Path(_) | Self::Function(_) => false,
        }
    }
}

// === impl Call ===

impl Call {
    /// What the converter yields.
    pub fn value<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        let Body::Converter(convert) = self.function.body else {
            return Err(Error::new(format!("`{}` yields no value", self.function.name)));
        };
        let mut slots = SmallVec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            slots.push(match argument {
                Argument::Value(expression, accepts) => Slot::One(accepted(expression, *accepts, scene)?),
                Argument::Values(expressions, accepts) => {
                    let values = expressions
                        .iter()
                        .map(|expression| accepted(expression, *accepts, scene));
                    Slot::Many(values.collect::<Outcome<_>>()?)
                }
                Argument::Spread(expression, accepts) => Slot::Many(spread(expression, *accepts, scene)?),
                _ => Slot::Fixed,
            });
        }
        match convert(&mut Given { call: self, slots }, scene) {
            Ok(Value::Text(text)) if text.len() > MAX_TEXT => {
                Err(Error::new(format!("the text is longer than {MAX_TEXT} bytes")).of(self.function.name))
            }
            Ok(value) => Ok(value),
            Err(error) => Err(error.of(self.function.name)),
        }
    }

    /// Runs the editor.
    pub fn edit(&self, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
        match self.function.body {
            Body::Editor(edit) => edit(self, scene),
            Body::Converter(_) => Err(Error::new(format!("`{}` edits nothing", self.function.name))),
        }
    }

    /// The value of an argument, of the kind that its parameter accepts; nothing where it is not given.
    pub fn argument<'v>(&'v self, at: usize, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        match self.arguments.get(at) {
            Some(Argument::Value(expression, accepts)) => accepted(expression, *accepts, scene),
            _ => Ok(Value::Nil),
        }
    }

    /// The values of a list that is an argument.
    pub fn values<'v>(&'v self, at: usize, scene: &'v Scene<'_, '_, '_>) -> Outcome<Vec<Value<'v>>> {
        match self.arguments.get(at) {
            Some(Argument::Values(expressions, accepts)) => {
                let values = expressions
                    .iter()
                    .map(|expression| accepted(expression, *accepts, scene));
                values.collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The value of an argument, if it is the same on every span.
    pub fn constant(&self, at: usize) -> Option<&Value<'static>> {
        match self.arguments.get(at)? {
            Argument::Value(expression, _) => expression.constant(),
            _ => None,
        }
    }

    /// Whether an argument, or each of its values, is a list that is written out.
    pub fn written_lists(&self, at: usize) -> Vec<bool> {
        let is_one = |expression: &Expr| matches!(expression, Expr::List(_) | Expr::Literal(Value::List(_)));
        match self.arguments.get(at) {
            Some(Argument::Value(expression, _)) => vec![is_one(expression)],
            Some(Argument::Values(expressions, _)) => expressions.iter().map(is_one).collect(),
            _ => Vec::new(),
        }
    }

    /// A text argument; empty where it is not given.
    pub fn text<'v>(&'v self, at: usize, scene: &'v Scene<'_, '_, '_>) -> Outcome<std::borrow::Cow<'v, str>> {
        match self.argument(at, scene)? {
            Value::Text(text) => Ok(text),
            _ => Ok("".into()),
        }
    }

    /// Whether an optional argument is given.
    pub fn has(&self, at: usize) -> bool {
        !matches!(self.arguments.get(at), None | Some(Argument::Missing))
    }

    /// A path to be edited.
    pub fn path(&self, at: usize) -> Outcome<&Path> {
        match self.arguments.get(at) {
            Some(Argument::Path(path)) => Ok(path),
            _ => Err(Error::new("there is nothing to edit")),
        }
    }

    /// The converter that is an argument.
    pub fn function(&self, at: usize) -> Option<&'static Function> {
        match self.arguments.get(at) {
            Some(Argument::Function(function)) => Some(function),
            _ => None,
        }
    }

    /// The regular expression that is an argument, compiled now if it was not before.
    pub fn pattern(&self, at: usize, scene: &Scene<'_, '_, '_>) -> Outcome<Known<'_, Pattern>> {
        match self.arguments.get(at) {
            Some(Argument::Pattern(pattern)) => Ok(Known::Before(pattern)),
            _ => Ok(Known::Now(Pattern::new(&self.text(at, scene)?)?)),
        }
    }

    /// The glob that is an argument, compiled now if it was not before.
    pub fn glob(&self, at: usize, scene: &Scene<'_, '_, '_>) -> Outcome<Known<'_, Glob>> {
        match self.arguments.get(at) {
            Some(Argument::Glob(glob)) => Ok(Known::Before(glob)),
            _ => Ok(Known::Now(Glob::new(&self.text(at, scene)?)?)),
        }
    }

    /// What was prepared of the literal arguments.
    pub fn prepared<T: 'static>(&self) -> Outcome<&T> {
        let prepared = self
            .prepared
            .as_deref()
            .and_then(|prepared| prepared.downcast_ref());
        prepared.ok_or_else(|| Error::new(format!("`{}` was not prepared", self.function.name)))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.function.name).field(&self.arguments).finish()
    }
}

/// Something that was made when the statement was, or only now.
pub enum Known<'c, T> {
    /// It was there.
    Before(&'c T),
    /// It was made now.
    Now(T),
}

impl<T> std::ops::Deref for Known<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Before(known) => known,
            Self::Now(known) => known,
        }
    }
}

fn accepted<'v>(expression: &'v Expr, accepts: Accepts, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    match expression {
        // It was looked at when the statement was compiled.
        Expr::Literal(value) => Ok(value.borrowed()),
        expression => coerced(expression.value(scene)?, accepts),
    }
}

/// The values of a list, each of the kind.
fn spread<'v>(
    expression: &'v Expr,
    accepts: Accepts,
    scene: &'v Scene<'_, '_, '_>,
) -> Outcome<Vec<Value<'v>>> {
    let coerced = |item: Stored| match accepts {
        // Unlike in a list in brackets, it is the text that the attribute alone would have.
        Accepts::TextLike => Ok(Value::text(item.encoded().view().text().into_owned())),
        accepts => coerced(Value::owned(item), accepts),
    };
    match expression.value(scene)? {
        Value::Nil => Ok(Vec::new()),
        Value::List(items) => items.into_iter().map(coerced).collect(),
        // The Collector takes them for numbers.
        Value::Bytes(bytes) => bytes
            .iter()
            .map(|byte| coerced(Stored::Int(i64::from(*byte))))
            .collect(),
        other => Err(Error::new(format!("expected a list but got {}", other.kind()))),
    }
}

// === impl Given ===

impl<'v> Given<'v> {
    /// A text alone, for a converter that takes no more.
    pub fn only(call: &'v Call, text: Value<'v>) -> Self {
        Self {
            call,
            slots: SmallVec::from_iter([Slot::One(text)]),
        }
    }

    /// Whether an optional argument is given.
    pub fn has(&self, at: usize) -> bool {
        self.call.has(at)
    }

    /// An argument, taken out.
    pub fn take(&mut self, at: usize) -> Value<'v> {
        match self.slots.get_mut(at) {
            Some(Slot::One(value)) => std::mem::replace(value, Value::Nil),
            _ => Value::Nil,
        }
    }

    /// An argument.
    pub fn value(&self, at: usize) -> &Value<'v> {
        match self.slots.get(at) {
            Some(Slot::One(value)) => value,
            _ => &Value::Nil,
        }
    }

    /// A text; empty where it is nothing.
    pub fn text(&self, at: usize) -> &str {
        match self.value(at) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// A whole number; 0 where it is nothing.
    pub fn int(&self, at: usize) -> i64 {
        match self.value(at) {
            Value::Int(number) => *number,
            _ => 0,
        }
    }

    /// A truth value; false where it is nothing.
    pub fn bool(&self, at: usize) -> bool {
        matches!(self.value(at), Value::Bool(true))
    }

    /// A time.
    pub fn time(&self, at: usize) -> Outcome<&Time> {
        match self.value(at) {
            Value::Time(time) => Ok(time),
            other => Err(Error::new(format!("expected a time but got {}", other.kind()))),
        }
    }

    /// A duration in nanoseconds; 0 where it is nothing.
    pub fn duration(&self, at: usize) -> i64 {
        match self.value(at) {
            Value::Duration(nanos) => *nanos,
            _ => 0,
        }
    }

    /// A map, taken out.
    pub fn map(&mut self, at: usize) -> Vec<(String, Stored)> {
        match self.take(at) {
            Value::Map(pairs) => pairs,
            _ => Vec::new(),
        }
    }

    /// A list, taken out.
    pub fn list(&mut self, at: usize) -> Vec<Stored> {
        match self.take(at) {
            Value::List(items) => items,
            _ => Vec::new(),
        }
    }

    /// Expressions whose values are had one by one.
    pub fn deferred(&self, at: usize) -> &'v [Expr] {
        match self.call.arguments.get(at) {
            Some(Argument::Deferred(expressions)) => expressions,
            _ => &[],
        }
    }

    /// Values one by one, taken out.
    pub fn values(&mut self, at: usize) -> Vec<Value<'v>> {
        match self.slots.get_mut(at) {
            Some(Slot::Many(values)) => std::mem::take(values),
            _ => Vec::new(),
        }
    }

    /// The regular expression that is an argument.
    pub fn pattern(&self, at: usize, scene: &Scene<'_, '_, '_>) -> Outcome<Known<'v, Pattern>> {
        self.call.pattern(at, scene)
    }

    /// What was prepared of the literal arguments.
    pub fn prepared<T: 'static>(&self) -> Outcome<&'v T> {
        self.call.prepared()
    }

    /// The same, if there was anything to prepare.
    pub fn known<T: 'static>(&self) -> Option<&'v T> {
        self.call.prepared.as_deref()?.downcast_ref()
    }
}
