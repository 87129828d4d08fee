//! From trees to code: names become what they mean, and what can be known before any span comes is checked.

use std::cell::RefCell;
use std::ops::Range;

use super::call::{Argument, Call};
use super::code::{Expr, Test, truth};
use super::coerce::{Accepts, coerced};
use super::compare::compare;
use super::context::{Context, enumeration, nearest_enumeration};
use super::doubt;
use super::functions::{Dialect, Function, Literals, Parameter, Takes, find, nearest};
use super::go::case::camel;
use super::go::glob::Glob;
use super::math;
use super::path::{Key, Naming, Path, resolve};
use super::syntax::{self, Expression, Fault, Kind};
use super::value::Value;
use crate::config::pattern::Pattern;

/// What names mean in a statement.
#[derive(Debug)]
pub(super) struct Compiler {
    /// What the statement is about.
    pub context: Context,
    /// How paths are named.
    pub naming: Naming,
    /// Whose statement it is.
    pub dialect: Dialect,
    /// What is taken although it can never be right.
    pub doubts: RefCell<Vec<Fault>>,
}

type Compiled<T> = Result<T, Fault>;

// === impl Compiler ===

impl Compiler {
    /// A condition. What is always so, or never, is known at once, even beside what would fail.
    pub fn test(&self, test: &syntax::Test) -> Compiled<Test> {
        Ok(match test {
            syntax::Test::Constant(value) => Test::Constant(*value),
            syntax::Test::Not(inner) => match self.test(inner)? {
                Test::Constant(value) => Test::Constant(!value),
                inner => Test::Not(Box::new(inner)),
            },
            syntax::Test::All(tests) => joined(self.tests(tests)?, false, Test::All),
            syntax::Test::Any(tests) => joined(self.tests(tests)?, true, Test::Any),
            syntax::Test::Compare(left, comparison, right) => {
                let range = left.range.start..right.range.end;
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.doubt(range, doubt::of_comparison(&left, *comparison, &right));
                match (left.literal(), right.literal()) {
                    (Some(left), Some(right)) => Test::Constant(compare(left, *comparison, right)),
                    _ => Test::Compare(left, *comparison, right),
                }
            }
            syntax::Test::Call(call) => {
                let expression = self.converter(call)?;
                match expression.literal() {
                    Some(value) => Test::Constant(at(&call.range, truth(value))?),
                    None => matching(expression),
                }
            }
        })
    }

    fn tests(&self, tests: &[syntax::Test]) -> Compiled<Vec<Test>> {
        tests.iter().map(|test| self.test(test)).collect()
    }

    /// A value.
    pub fn expression(&self, expression: &Expression) -> Compiled<Expr> {
        Ok(Expr::Literal(match &expression.kind {
            Kind::Nil => Value::Nil,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(number) => Value::Int(*number),
            Kind::Float(number) => Value::Float(*number),
            Kind::Text(text) => Value::text(text.clone()),
            Kind::Bytes(bytes) => Value::Bytes(bytes.clone().into()),
            Kind::Enum(symbol) => match enumeration(symbol).filter(|_| self.context.has_enums()) {
                Some(number) => Value::Int(number),
                None => {
                    return Err(self.no_enum(symbol, expression.range.clone()));
                }
            },
            Kind::Path(path) => return Ok(Expr::Path(Box::new(self.path(path)?))),
            Kind::Call(call) => return self.converter(call),
            Kind::Group(inner) => return self.expression(inner),
            Kind::Negated(inner) => {
                let inner = self.expression(inner)?;
                return Ok(Expr::Negated(Box::new(inner)));
            }
            Kind::Sum(left, sign, right) => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                if let (Some(known), Some(other)) = (left.literal(), right.literal()) {
                    let failure = math::sum(known, *sign, other).err();
                    self.doubt(
                        expression.range.clone(),
                        failure.map(|error| format!("this always fails: {error}")),
                    );
                }
                return Ok(Expr::Sum(Box::new(left), *sign, Box::new(right)));
            }
            Kind::List(items) => {
                let items: Vec<Expr> = items
                    .iter()
                    .map(|item| self.expression(item))
                    .collect::<Compiled<_>>()?;
                return self.folded(Expr::List(items), expression);
            }
            Kind::Map(pairs) => {
                let mut map: Vec<(String, Expr)> = Vec::new();
                for (key, value) in pairs {
                    let value = self.expression(value)?;
                    // Of a key that is written twice the last counts.
                    match map.iter_mut().find(|(known, _)| known == key) {
                        Some((_, known)) => *known = value,
                        None => map.push((key.clone(), value)),
                    }
                }
                return self.folded(Expr::Map(map), expression);
            }
        }))
    }

    /// A list or map of literals is one itself.
    fn folded(&self, made: Expr, expression: &Expression) -> Compiled<Expr> {
        let stored = |item: &Expr| item.literal().map(|value| value.clone().into_stored());
        let folded = match &made {
            Expr::List(items) => {
                let items: Option<Vec<_>> = items.iter().map(stored).collect();
                items.map(|items| items.into_iter().collect::<Result<_, _>>().map(Value::List))
            }
            Expr::Map(pairs) => {
                let pairs: Option<Vec<_>> = pairs
                    .iter()
                    .map(|(key, value)| Some(stored(value)?.map(|value| (key.clone(), value))))
                    .collect();
                pairs.map(|pairs| pairs.into_iter().collect::<Result<_, _>>().map(Value::Map))
            }
            _ => None,
        };
        match folded {
            Some(value) => at(&expression.range, value).map(Expr::Literal),
            None => Ok(made),
        }
    }

    /// A path with its keys.
    pub fn path(&self, path: &syntax::Path) -> Compiled<Path> {
        let field = resolve(path, self.context, self.naming)?;
        let keys = path.fields.last().map_or(&[][..], |last| &last.keys);
        if field == super::path::Field::TraceState && keys.len() > 1 {
            return Err(Fault::new(path.range.clone(), "a trace state takes one key"));
        }
        Ok(Path {
            field,
            keys: self.keys(keys)?,
            text: path.names(),
        })
    }

    fn keys(&self, keys: &[syntax::Key]) -> Compiled<Vec<Key>> {
        let keys = keys.iter().map(|key| {
            Ok(match key {
                syntax::Key::Text(text) => Key::Text(text.clone()),
                syntax::Key::Int(number) => Key::Int(*number),
                syntax::Key::Value(expression) => Key::Value(self.expression(expression)?),
            })
        });
        keys.collect()
    }

    fn converter(&self, call: &syntax::Call) -> Compiled<Expr> {
        let keys = self.keys(&call.keys)?;
        let compiled = Expr::Call(Box::new(self.call(call)?), keys);
        Ok(match compiled.folded() {
            Some(value) => Expr::Folded(value),
            None => compiled,
        })
    }

    /// A call with its arguments, which are counted, named and checked as far as they are literal.
    pub fn call(&self, call: &syntax::Call) -> Compiled<Call> {
        let name = call.range.start..call.range.start + call.name.len();
        let Some(function) = find(&call.name, self.context, self.dialect) else {
            return Err(self.undefined(&call.name, name));
        };
        let arguments = self.arguments(function, call)?;
        let prepared = match function.prepare {
            Some(prepare) => at(&call.range, prepare(&Literals::new(&arguments)))?,
            None => None,
        };
        let compiled = Call {
            function,
            arguments,
            prepared,
        };
        self.doubt(call.range.clone(), doubt::of_call(&compiled));
        Ok(compiled)
    }

    fn doubt(&self, range: Range<usize>, doubt: Option<String>) {
        let doubt = doubt.map(|message| Fault::new(range, message));
        self.doubts.borrow_mut().extend(doubt);
    }

    fn no_enum(&self, symbol: &str, range: Range<usize>) -> Fault {
        let about = self.context.name();
        let fault = Fault::new(
            range,
            format!("there is no enum `{symbol}` for statements about {about}"),
        );
        if find(symbol, self.context, self.dialect).is_some() {
            return fault.with_help(format!("a call is written `{symbol}(…)`"));
        }
        match (enumeration(symbol), nearest_enumeration(symbol)) {
            (Some(_), _) => fault.with_help("statements about span and spanevent know it"),
            (None, Some(near)) if self.context.has_enums() => {
                fault.with_help(format!("did you mean `{near}`?"))
            }
            _ => fault,
        }
    }

    fn undefined(&self, name: &str, range: Range<usize>) -> Fault {
        let about = |context: &Context| find(name, *context, self.dialect).is_some();
        if let Some(context) = Context::ALL.iter().find(|context| about(context)) {
            let message = format!("statements about {} do not know `{name}`", self.context.name());
            return Fault::new(range, message).with_help(format!("statements about {} do", context.name()));
        }
        if find(name, Context::Span, Dialect::Transform).is_some() {
            return Fault::new(
                range,
                format!("`{name}` cannot be used here, only in the processor `transform`"),
            );
        }
        let fault = Fault::new(range, format!("undefined function `{name}`"));
        match nearest(name, self.context, self.dialect) {
            Some(near) => fault.with_help(format!("did you mean `{near}`?")),
            None => fault,
        }
    }

    fn arguments(&self, function: &'static Function, call: &syntax::Call) -> Compiled<Vec<Argument>> {
        let parameters = function.parameters;
        let required = parameters
            .iter()
            .filter(|parameter| !parameter.is_optional)
            .count();
        let count = call.arguments.len();
        if count < required || count > parameters.len() {
            return Err(wrong_count(function, required, count, &call.range));
        }
        let mut arguments: Vec<Argument> = parameters.iter().map(|_| Argument::Missing).collect();
        let mut named = false;
        for (number, argument) in call.arguments.iter().enumerate() {
            let place = match &argument.name {
                Some(name) => {
                    named = true;
                    self.named(function, name, argument)?
                }
                None if named => {
                    let message = "an argument without a name stands behind one with a name";
                    return Err(Fault::new(argument.range.clone(), message));
                }
                None => number,
            };
            let (Some(parameter), Some(slot)) = (parameters.get(place), arguments.get_mut(place)) else {
                continue;
            };
            if !matches!(slot, Argument::Missing) {
                let message = format!("the argument `{}` is given twice", parameter.name);
                return Err(Fault::new(argument.range.clone(), message));
            }
            *slot = self.argument(parameter, argument)?;
        }
        let missing = parameters
            .iter()
            .zip(&arguments)
            .find(|(parameter, argument)| !parameter.is_optional && matches!(argument, Argument::Missing));
        match missing {
            Some((parameter, _)) => {
                let message = format!(
                    "the argument `{}` of `{}` is missing",
                    parameter.name, function.name
                );
                Err(Fault::new(call.range.clone(), message))
            }
            None => Ok(arguments),
        }
    }

    fn named(&self, function: &Function, name: &str, argument: &syntax::Argument) -> Compiled<usize> {
        // The Collector wants `source_i_p` where people write `source_ip`; both are taken.
        let wanted = camel(name);
        let is_it = |parameter: &Parameter| camel(parameter.name).eq_ignore_ascii_case(&wanted);
        let known = function.parameters.iter().position(is_it);
        known.ok_or_else(|| {
            let names: Vec<&str> = function
                .parameters
                .iter()
                .map(|parameter| parameter.name)
                .collect();
            let message = format!("`{}` has no parameter `{name}`", function.name);
            Fault::new(argument.range.clone(), message).with_help(match names.as_slice() {
                [] => "it takes no arguments".to_owned(),
                names => format!("it has `{}`", names.join("`, `")),
            })
        })
    }

    fn argument(&self, parameter: &Parameter, argument: &syntax::Argument) -> Compiled<Argument> {
        let range = &argument.range;
        let wrong = |what: &str| Fault::new(range.clone(), format!("`{}` must be {what}", parameter.name));
        let expression = match (&argument.value, parameter.takes) {
            (syntax::Given::Function(name), Takes::Converter) => return self.function(name, range),
            (syntax::Given::Function(name), _) => {
                return Err(Fault::new(
                    range.clone(),
                    format!("`{name}` is the name of a function, not a value"),
                )
                .with_help(format!("a call is written `{name}(…)`")));
            }
            (syntax::Given::Value(expression), _) => expression,
        };
        let literal = |matches: bool, what: &str| match matches {
            true => Ok(Argument::Value(self.expression(expression)?, Accepts::Any)),
            false => Err(wrong(what)),
        };
        match parameter.takes {
            Takes::Converter => match &expression.kind {
                Kind::Enum(name) => self.function(name, range),
                _ => Err(wrong("the name of a function")),
            },
            Takes::Path | Takes::MapPath | Takes::ListPath => match &expression.kind {
                Kind::Path(path) => Ok(Argument::Path(self.path(path)?)),
                _ => Err(wrong("a path")),
            },
            Takes::LiteralText => literal(matches!(expression.kind, Kind::Text(_)), "a text in quotes"),
            Takes::LiteralInt => literal(
                matches!(expression.kind, Kind::Int(_)),
                "a whole number without a sign, written out",
            ),
            Takes::LiteralBool => literal(matches!(expression.kind, Kind::Bool(_)), "`true` or `false`"),
            Takes::LiteralTexts => match &expression.kind {
                Kind::List(items) if items.iter().all(|item| matches!(item.kind, Kind::Text(_))) => {
                    self.values(items, Accepts::Text)
                }
                _ => Err(wrong("a list of texts in quotes")),
            },
            Takes::Values(accepts) => match &expression.kind {
                Kind::List(items) => self.values(items, accepts),
                _ => Err(wrong("a list in brackets")),
            },
            Takes::Deferred => match &expression.kind {
                Kind::List(items) => {
                    let items = items.iter().map(|item| self.expression(item));
                    items.collect::<Compiled<_>>().map(Argument::Deferred)
                }
                _ => Err(wrong("a list in brackets")),
            },
            Takes::Dynamic(accepts) => match &expression.kind {
                Kind::List(items) => self.values(items, accepts),
                _ => Ok(Argument::Spread(self.expression(expression)?, accepts)),
            },
            Takes::Pattern => match &expression.kind {
                Kind::Text(text) => at(range, Pattern::new(text)).map(Argument::Pattern),
                _ => self.valued(expression, Accepts::Text),
            },
            Takes::Glob => match &expression.kind {
                Kind::Text(text) => at(range, Glob::new(text)).map(Argument::Glob),
                _ => self.valued(expression, Accepts::Text),
            },
            Takes::Value(accepts) => self.valued(expression, accepts),
        }
    }

    fn valued(&self, expression: &Expression, accepts: Accepts) -> Compiled<Argument> {
        Ok(Argument::Value(self.checked(expression, accepts)?, accepts))
    }

    fn values(&self, items: &[Expression], accepts: Accepts) -> Compiled<Argument> {
        let items = items.iter().map(|item| self.checked(item, accepts));
        Ok(Argument::Values(items.collect::<Compiled<_>>()?, accepts))
    }

    /// A literal is converted now, or refused.
    fn checked(&self, expression: &Expression, accepts: Accepts) -> Compiled<Expr> {
        Ok(match self.expression(expression)? {
            Expr::Literal(value) => Expr::Literal(at(&expression.range, coerced(value, accepts))?),
            other => other,
        })
    }

    fn function(&self, name: &str, range: &Range<usize>) -> Compiled<Argument> {
        let Some(function) = find(name, self.context, self.dialect) else {
            return Err(self.undefined(name, range.clone()));
        };
        match function.takes_one_text() {
            true => Ok(Argument::Function(function)),
            false => {
                let message = format!("`{name}` is no converter of one string, which is needed here");
                Err(Fault::new(range.clone(), message))
            }
        }
    }
}

/// What nearly all conditions ask without a comparison has a way of its own.
fn matching(expression: Expr) -> Test {
    match expression {
        Expr::Call(mut call, keys) if call.function.name == "IsMatch" && keys.is_empty() => {
            match (call.arguments.pop(), call.arguments.pop()) {
                (Some(Argument::Pattern(pattern)), Some(Argument::Value(text, _))) => {
                    Test::Matches(text, pattern)
                }
                (pattern, text) => {
                    call.arguments.extend(text);
                    call.arguments.extend(pattern);
                    Test::Value(Expr::Call(call, keys))
                }
            }
        }
        expression => Test::Value(expression),
    }
}

/// Tests joined so that one that is `decides` decides; those that cannot change anything are left out.
fn joined(tests: Vec<Test>, decides: bool, many: fn(Vec<Test>) -> Test) -> Test {
    if tests
        .iter()
        .any(|test| matches!(test, Test::Constant(value) if *value == decides))
    {
        return Test::Constant(decides);
    }
    let mut tests: Vec<Test> = tests
        .into_iter()
        .filter(|test| !matches!(test, Test::Constant(_)))
        .collect();
    match (tests.pop(), tests.is_empty()) {
        (None, _) => Test::Constant(!decides),
        (Some(only), true) => only,
        (Some(last), false) => {
            tests.push(last);
            many(tests)
        }
    }
}

fn at<T>(range: &Range<usize>, result: Result<T, impl ToString>) -> Compiled<T> {
    result.map_err(|error| Fault::new(range.clone(), error.to_string()))
}

fn wrong_count(function: &Function, required: usize, count: usize, range: &Range<usize>) -> Fault {
    let most = function.parameters.len();
    let wanted = match required == most {
        true => format!("{most}"),
        false => format!("{required} to {most}"),
    };
    let noun = if wanted == "1" { "argument" } else { "arguments" };
    let message = match most {
        0 => format!("`{}` takes no arguments", function.name),
        _ => format!("`{}` takes {wanted} {noun}, not {count}", function.name),
    };
    let names: Vec<&str> = function
        .parameters
        .iter()
        .map(|parameter| parameter.name)
        .collect();
    let fault = Fault::new(range.clone(), message);
    match names.is_empty() {
        true => fault,
        false => fault.with_help(format!("they are `{}`", names.join("`, `"))),
    }
}
