//! Compiled statements, and how they run.

use super::call::{Argument, Call};
use super::coerce::{Accepts, coerced};
use super::compare::compare;
use super::fault::{Error, Outcome};
use super::math;
use super::path::{Key, Path, indexed};
use super::scene::{Cache, Request, Scene, Seat};
use super::syntax::{Comparison, Sign};
use super::value::Value;
use crate::config::pattern::Pattern;
use crate::wire::{Amendment, ResourceView, Value as Stored};

/// A value that is known, or that the data at hand yields.
#[derive(Debug)]
pub enum Expr {
    /// It is known.
    Literal(Value<'static>),
    /// It was worked out once and for all, and is no literal to those who ask for one.
    Folded(Value<'static>),
    /// It is in the data.
    Path(Box<Path>),
    /// A converter yields it, and keys point out a part of that.
    Call(Box<Call>, Vec<Key>),
    /// With the other sign.
    Negated(Box<Expr>),
    /// A sum.
    Sum(Box<Expr>, Sign, Box<Expr>),
    /// A list of values.
    List(Vec<Expr>),
    /// A map of values.
    Map(Vec<(String, Expr)>),
}

/// A condition.
#[derive(Debug)]
pub enum Test {
    /// It always holds, or never.
    Constant(bool),
    /// It does not hold.
    Not(Box<Test>),
    /// All hold.
    All(Vec<Test>),
    /// One holds.
    Any(Vec<Test>),
    /// Two values compare so.
    Compare(Expr, Comparison, Expr),
    /// What an expression yields is true.
    Value(Expr),
    /// The text of a value matches; nothing has none.
    Matches(Expr, Pattern),
}

// === impl Expr ===

impl Expr {
    /// The value, if it does not depend on any data.
    pub fn literal(&self) -> Option<&Value<'static>> {
        match self {
            Self::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if it was known when the statement was compiled.
    pub fn constant(&self) -> Option<&Value<'static>> {
        match self {
            Self::Literal(value) | Self::Folded(value) => Some(value),
            _ => None,
        }
    }

    /// What a call yields on every span, where it does; not what fails.
    pub(super) fn folded(&self) -> Option<Value<'static>> {
        let Self::Call(call, keys) = self else {
            return None;
        };
        let are_known = !keys.iter().any(|key| matches!(key, Key::Value(_)));
        if call.function.varies || !are_known || !call.arguments.iter().all(Argument::is_constant) {
            return None;
        }
        let resource = Amendment::new(ResourceView::over(&[]));
        let scene = Scene {
            request: &Request::default(),
            resource: Seat::Shown(&resource),
            scope: None,
            span: None,
            event: None,
            cache: &mut Cache::default(),
        };
        self.value(&scene).ok().map(Value::into_owned)
    }

    /// The value in this scene.
    pub fn value<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        match self {
            Self::Literal(value) | Self::Folded(value) => Ok(value.borrowed()),
            Self::Path(path) => path.read(scene),
            Self::Call(call, keys) => {
                let mut value = call.value(scene)?;
                for key in keys {
                    value = indexed(value, &key.step(scene))?;
                }
                Ok(value)
            }
            Self::Negated(inner) => math::negated(&inner.value(scene)?),
            Self::Sum(left, sign, right) => math::sum(&left.value(scene)?, *sign, &right.value(scene)?),
            Self::List(items) => {
                // What an attribute cannot hold leaves its place empty.
                let items = items
                    .iter()
                    .map(|item| Ok(item.value(scene)?.into_stored().unwrap_or(Stored::Empty)));
                items.collect::<Outcome<_>>().map(Value::List)
            }
            Self::Map(pairs) => {
                let mut map: Vec<(String, Stored)> = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    map.push((key.clone(), value.element(scene)?));
                }
                Ok(Value::Map(map))
            }
        }
    }
}

impl Expr {
    /// The value as an element of a map that is written out. There the Collector takes no list but one that is written out, too.
    fn element(&self, scene: &Scene<'_, '_, '_>) -> Outcome<Stored> {
        match (self, self.value(scene)?) {
            (Self::Path(_) | Self::Call(..) | Self::Folded(_), Value::List(_)) => Err(Error::new(
                "a map that is written out cannot hold a list that is not",
            )),
            (_, value) => value.into_stored(),
        }
    }
}

// === impl Test ===

impl Test {
    /// Whether it holds in this scene. A value that cannot be had is an error, whatever is around it.
    pub fn holds(&self, scene: &Scene<'_, '_, '_>) -> Outcome<bool> {
        match self {
            Self::Constant(value) => Ok(*value),
            Self::Not(inner) => inner.holds(scene).map(|holds| !holds),
            Self::All(tests) => {
                for test in tests {
                    if !test.holds(scene)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(scene)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Compare(left, comparison, right) => {
                let left = left.value(scene)?;
                Ok(match right.constant() {
                    Some(right) => compare(&left, *comparison, right),
                    None => compare(&left, *comparison, &right.value(scene)?),
                })
            }
            Self::Value(expression) => truth(&expression.value(scene)?),
            Self::Matches(expression, pattern) => match coerced(expression.value(scene)?, Accepts::TextLike)?
            {
                Value::Text(text) => Ok(pattern.is_match(&text)),
                _ => Ok(false),
            },
        }
    }
}

/// What stands for a condition must be one.
pub(super) fn truth(value: &Value<'_>) -> Outcome<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(Error::new(format!(
            "a condition must be a bool, but is {}",
            other.kind()
        ))),
    }
}
