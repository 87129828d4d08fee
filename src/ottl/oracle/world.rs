//! The twin: the tree of a statement, run on decoded objects.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::super::Context;
use super::super::syntax::{self, Expression, Kind, Statement, Test};
use super::super::value::Value;
use super::arithmetic::{negative, sum};
use super::compared::compared;
use super::{Became, Fail, Yields};
use crate::wire::Value as Stored;

/// What an expression yields.
pub(super) type V = Value<'static>;

/// Keys and values in order; a key may occur twice.
pub(super) type Pairs = Vec<(String, Stored)>;

/// Statements and conditions, as trees.
pub(super) struct Twin {
    context: Context,
    statements: Vec<Statement>,
    conditions: Vec<Test>,
}

/// An item, and what it is part of.
pub(super) struct World<'w> {
    pub context: Context,
    pub resource: (&'w mut Resource, &'w mut String),
    pub scope: Option<(&'w mut InstrumentationScope, &'w mut String)>,
    pub span: Option<&'w mut Span>,
    /// Which event of the span.
    pub event: Option<usize>,
    pub cache: Pairs,
}

// === impl Twin ===

impl Twin {
    pub fn new(statements: &[String], conditions: &[String], context: Context) -> Self {
        let statements = statements.iter().map(|text| syntax::statement(text));
        let conditions = conditions.iter().map(|text| syntax::condition(text));
        Self {
            context,
            statements: statements
                .collect::<Result<_, _>>()
                .unwrap_or_else(|fault| panic!("{fault:?}")),
            conditions: conditions
                .collect::<Result<_, _>>()
                .unwrap_or_else(|fault| panic!("{fault:?}")),
        }
    }

    /// By item: what became of each condition, then of each statement.
    pub fn run(&self, request: &mut ExportTraceServiceRequest) -> Vec<Vec<Became>> {
        let mut became = Vec::new();
        for ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        } in &mut request.resource_spans
        {
            let resource = resource.get_or_insert_default();
            if self.context == Context::Resource {
                became.push(self.item(World::new(self.context, (&mut *resource, &mut *schema_url))));
            }
            for ScopeSpans {
                scope,
                spans,
                schema_url: scope_url,
            } in scope_spans
            {
                let scope = scope.get_or_insert_default();
                if self.context == Context::Scope {
                    let mut world = World::new(self.context, (&mut *resource, &mut *schema_url));
                    world.scope = Some((&mut *scope, &mut *scope_url));
                    became.push(self.item(world));
                }
                for span in spans {
                    let events = (0..span.events.len()).map(Some);
                    let items: Vec<Option<usize>> = match self.context {
                        Context::Span => vec![None],
                        Context::SpanEvent => events.collect(),
                        _ => Vec::new(),
                    };
                    for event in items {
                        let mut world = World::new(self.context, (&mut *resource, &mut *schema_url));
                        world.scope = Some((&mut *scope, &mut *scope_url));
                        world.span = Some(&mut *span);
                        world.event = event;
                        became.push(self.item(world));
                    }
                }
            }
        }
        became
    }

    fn item(&self, mut world: World<'_>) -> Vec<Became> {
        let mut became = Vec::new();
        let mut holds = self.conditions.is_empty();
        for condition in &self.conditions {
            let now = if holds {
                Became::Not
            } else {
                said(world.holds(condition))
            };
            holds |= now == Became::Did;
            became.push(now);
        }
        for statement in &self.statements {
            became.push(if holds {
                said(world.run(statement))
            } else {
                Became::Not
            });
        }
        became
    }
}

fn said(outcome: Yields<bool>) -> Became {
    match outcome {
        Err(Fail) => Became::Failed,
        Ok(true) => Became::Did,
        Ok(false) => Became::Not,
    }
}

// === impl World ===

impl<'w> World<'w> {
    fn new(context: Context, resource: (&'w mut Resource, &'w mut String)) -> Self {
        Self {
            context,
            resource,
            scope: None,
            span: None,
            event: None,
            cache: Vec::new(),
        }
    }

    fn run(&mut self, statement: &Statement) -> Yields<bool> {
        if let Some(condition) = &statement.condition
            && !self.holds(condition)?
        {
            return Ok(false);
        }
        self.edit(&statement.editor)?;
        Ok(true)
    }

    /// Whether a condition holds. What is constant is so whatever stands beside it.
    fn holds(&self, test: &Test) -> Yields<bool> {
        if let Some(constant) = self.constant(test) {
            return Ok(constant);
        }
        match test {
            Test::Constant(value) => Ok(*value),
            Test::Not(inner) => Ok(!self.holds(inner)?),
            Test::All(tests) => {
                for test in tests {
                    if !self.holds(test)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Any(tests) => {
                for test in tests {
                    if self.holds(test)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Compare(left, comparison, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                Ok(compared(&left, *comparison, &right))
            }
            Test::Call(call) => match self.call(call)? {
                Value::Bool(value) => Ok(value),
                _ => Err(Fail),
            },
        }
    }

    fn constant(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Constant(value) => Some(*value),
            Test::Not(inner) => self.constant(inner).map(|value| !value),
            Test::All(tests) => self.one_decides(tests, false),
            Test::Any(tests) => self.one_decides(tests, true),
            Test::Compare(left, comparison, right) => match is_literal(left) && is_literal(right) {
                true => Some(compared(
                    &self.value(left).ok()?,
                    *comparison,
                    &self.value(right).ok()?,
                )),
                false => None,
            },
            Test::Call(_) => None,
        }
    }

    fn one_decides(&self, tests: &[Test], decides: bool) -> Option<bool> {
        let constants: Vec<Option<bool>> = tests.iter().map(|test| self.constant(test)).collect();
        if constants.contains(&Some(decides)) {
            return Some(decides);
        }
        constants.iter().all(Option::is_some).then_some(!decides)
    }

    /// What an expression yields.
    pub fn value(&self, expression: &Expression) -> Yields<V> {
        Ok(match &expression.kind {
            Kind::Nil => Value::Nil,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Text(text) => Value::text(text.clone()),
            Kind::Bytes(bytes) => Value::Bytes(bytes.clone().into()),
            Kind::Enum(symbol) => Value::Int(match symbol.as_str() {
                "SPAN_KIND_UNSPECIFIED" | "STATUS_CODE_UNSET" => 0,
                "SPAN_KIND_INTERNAL" | "STATUS_CODE_OK" => 1,
                "SPAN_KIND_SERVER" | "STATUS_CODE_ERROR" => 2,
                "SPAN_KIND_CLIENT" => 3,
                "SPAN_KIND_PRODUCER" => 4,
                "SPAN_KIND_CONSUMER" => 5,
                _ => return Err(Fail),
            }),
            Kind::Path(path) => self.read(path)?,
            Kind::Call(call) => self.call(call)?,
            Kind::Group(inner) => self.value(inner)?,
            Kind::Negated(inner) => negative(&self.value(inner)?)?,
            Kind::Sum(left, sign, right) => {
                let left = self.value(left)?;
                sum(&left, *sign, &self.value(right)?)?
            }
            Kind::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    // What an attribute cannot hold leaves its place empty.
                    list.push(self.value(item)?.into_stored().unwrap_or(Stored::Empty));
                }
                Value::List(list)
            }
            Kind::Map(pairs) => {
                let mut last: Vec<(&String, &Expression)> = Vec::new();
                for (key, value) in pairs {
                    match last.iter().position(|(known, _)| *known == key) {
                        Some(at) => drop(last.splice(at..=at, [(key, value)])),
                        None => last.push((key, value)),
                    }
                }
                let mut map = Vec::new();
                for (key, value) in last {
                    map.push((key.clone(), self.element(value)?));
                }
                Value::Map(map)
            }
        })
    }
}

impl World<'_> {
    /// What an element of a map that is written out holds: no list but one that is written out, too.
    fn element(&self, expression: &Expression) -> Yields<Stored> {
        match (self.value(expression)?, &expression.kind) {
            (Value::List(_), Kind::Path(_) | Kind::Call(_) | Kind::Group(_)) => Err(Fail),
            (value, _) => Ok(value.into_stored()?),
        }
    }
}

fn is_literal(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Path(_) | Kind::Call(_) | Kind::Negated(_) | Kind::Sum(..) => false,
        Kind::Group(inner) => is_literal(inner),
        Kind::List(items) => items.iter().all(is_literal),
        Kind::Map(pairs) => pairs.iter().all(|(_, value)| is_literal(value)),
        _ => true,
    }
}
