//! What statements are about that do not say so: the innermost thing that their paths name, if it has all functions and
//! enums that they use, or else the first thing below it that has.

use super::context::{Context, Prefix, enumeration};
use super::functions::{Dialect, find};
use super::syntax::{Argument, Call, Expression, Given, Key, Kind, Path, Test};

/// What statements use.
#[derive(Debug, Default)]
pub(super) struct Hints<'t> {
    /// The contexts that their paths name, and names that are none.
    contexts: Vec<&'t str>,
    functions: Vec<&'t str>,
    enums: Vec<&'t str>,
}

// === impl Hints ===

impl<'t> Hints<'t> {
    /// What they are about, or why that is not to be known.
    pub fn infer(&self, dialect: Dialect) -> Result<Context, String> {
        let innermost = self.contexts.iter().min_by_key(|name| rank(name));
        let Some(name) = innermost.copied() else {
            return Err(
                "no path says what this is about; one that begins with `span.`, `resource.`, … is needed"
                    .into(),
            );
        };
        let Some(candidate) = Context::ALL.into_iter().find(|context| context.name() == name) else {
            return Err(format!(
                "`{name}` does not say what this is about; a path that begins with `resource`, `scope`, `span` or `spanevent` is needed"
            ));
        };
        if self.missing(candidate, dialect).is_none() {
            return Ok(candidate);
        }
        let below = Context::ALL
            .into_iter()
            .filter(|context| *context != candidate && context.reaches(candidate));
        let fitting = below
            .filter(|context| self.missing(*context, dialect).is_none())
            .min_by_key(|context| context.rank());
        // What nobody knows is told at its place.
        let fitting = fitting.or_else(|| self.has_unknown(dialect).then_some(candidate));
        fitting.ok_or_else(|| {
            let missing = self.missing(candidate, dialect).unwrap_or_default();
            format!("statements about {} do not know {missing}", candidate.name())
        })
    }

    /// Whether there is a name that no context knows.
    fn has_unknown(&self, dialect: Dialect) -> bool {
        let is_known = |name: &str| {
            Context::ALL
                .into_iter()
                .any(|context| find(name, context, dialect).is_some())
        };
        self.functions.iter().any(|name| !is_known(name))
            || self.enums.iter().any(|symbol| enumeration(symbol).is_none())
    }

    /// Something that the context does not know.
    fn missing(&self, context: Context, dialect: Dialect) -> Option<String> {
        let function = self
            .functions
            .iter()
            .find(|name| find(name, context, dialect).is_none());
        let is_unknown = |symbol: &&&str| !context.has_enums() || enumeration(symbol).is_none();
        let symbol = self.enums.iter().find(is_unknown);
        function
            .map(|name| format!("the function `{name}`"))
            .or_else(|| symbol.map(|symbol| format!("the enum `{symbol}`")))
    }

    /// What a call uses.
    pub fn call(&mut self, call: &'t Call) {
        self.functions.push(&call.name);
        for Argument { value, .. } in &call.arguments {
            if let Given::Value(expression) = value {
                self.expression(expression);
            }
        }
        self.keys(&call.keys);
    }

    /// What a condition uses.
    pub fn test(&mut self, test: &'t Test) {
        match test {
            Test::Any(tests) | Test::All(tests) => tests.iter().for_each(|test| self.test(test)),
            Test::Not(inner) => self.test(inner),
            Test::Compare(left, _, right) => {
                self.expression(left);
                self.expression(right);
            }
            Test::Constant(_) => {}
            Test::Call(call) => self.call(call),
        }
    }

    fn expression(&mut self, expression: &'t Expression) {
        match &expression.kind {
            Kind::Enum(symbol) => self.enums.push(symbol),
            Kind::Path(path) => self.path(path),
            Kind::Call(call) => self.call(call),
            Kind::List(items) => items.iter().for_each(|item| self.expression(item)),
            Kind::Map(pairs) => pairs.iter().for_each(|(_, value)| self.expression(value)),
            Kind::Group(inner) | Kind::Negated(inner) => self.expression(inner),
            Kind::Sum(left, _, right) => {
                self.expression(left);
                self.expression(right);
            }
            Kind::Nil | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Bytes(_) => {}
        }
    }

    fn path(&mut self, path: &'t Path) {
        self.contexts.extend(path.context());
        path.fields.iter().for_each(|field| self.keys(&field.keys));
    }

    fn keys(&mut self, keys: &'t [Key]) {
        for key in keys {
            if let Key::Value(expression) = key {
                self.expression(expression);
            }
        }
    }
}

/// From the inside out; what is no context comes last.
fn rank(name: &str) -> usize {
    match Context::SpanEvent.prefix(name) {
        Some(Prefix::Of(Context::Resource)) => 4,
        Some(Prefix::Of(Context::Scope)) if name == "instrumentation_scope" => 3,
        Some(Prefix::Of(context)) => context.rank(),
        _ => usize::MAX,
    }
}
