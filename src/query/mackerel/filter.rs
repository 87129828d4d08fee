//! Conditions of requests as conditions on spans.

use serde_json::Value;

use super::super::members::{Members, Quoted, Unfit};
use super::super::model::{Comparison, Field, Filter, How, Scalar, Test, TextOp, TextTest};

/// The most attribute conditions of a request.
const MOST: usize = 1000;

/// Where attributes are that conditions are about.
pub type Place = fn(String) -> Field;

/// A service and what narrows it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// `service.name`.
    pub name: String,
    /// `service.namespace`; empty text means none.
    pub namespace: String,
    /// `deployment.environment.name` or `deployment.environment`; empty text means none.
    pub environment: Option<String>,
    /// `service.version`; empty text means none.
    pub version: Option<String>,
}

/// The environment, under both its names.
pub fn environment() -> Field {
    let names = ["deployment.environment.name", "deployment.environment"];
    Field::First(names.map(|name| Field::Resource(name.into())).into())
}

/// The conditions in the list `name`; all must hold.
pub fn attributes(request: Members<'_>, name: &str, place: Place) -> Result<Vec<Filter>, Unfit> {
    let list = request.list(name)?;
    if list.len() > MOST {
        let found = list.len();
        return Err(Unfit(format!(
            "`{name}` has {found} conditions, more than {MOST}"
        )));
    }
    let read = |(at, condition): (usize, &Value)| {
        let within = format!("{name}[{at}]");
        let fault = |unfit: Unfit| Unfit(format!("{within}: {unfit}"));
        Members::of(&within, condition).and_then(|condition| attribute(condition, place).map_err(fault))
    };
    list.iter().enumerate().map(read).collect()
}

/// One condition. Values of another type than the declared one do not match, whatever the operator.
fn attribute(condition: Members<'_>, place: Place) -> Result<Filter, Unfit> {
    let text = |name| condition.text(name)?.ok_or_else(|| Unfit::missing(name));
    let (key, value) = (text("key")?, text("value")?);
    let (operator, kind) = (text("operator")?, text("type")?);
    let no_such = || {
        let message = format!("operator `{operator}` and type `{kind}` do not go together");
        Err(Unfit(message))
    };
    let value = match kind {
        "string" => Scalar::String(value.into()),
        "int" => value
            .parse()
            .map(Scalar::Int)
            .map_err(|_| mistyped(value, kind))?,
        "double" => Scalar::Double(double(value).ok_or_else(|| mistyped(value, kind))?),
        "bool" => value
            .parse()
            .map(Scalar::Bool)
            .map_err(|_| mistyped(value, kind))?,
        _ => return Err(Unfit(format!("there is no type {}", Quoted(kind)))),
    };
    let field = |test, missing| Filter::Field {
        field: place(key.into()),
        test,
        missing,
    };
    let compare = |op, with| {
        let how = How::Typed;
        field(Test::Compare { op, with, how }, false)
    };
    Ok(match (operator, value) {
        ("EQ", value) => field(Test::Equals(vec![value]), false),
        ("NEQ", Scalar::Bool(value)) => field(Test::Equals(vec![Scalar::Bool(!value)]), true),
        ("NEQ", value @ Scalar::String(_)) => Filter::All(vec![
            field(is_text(), true),
            Filter::Not(Box::new(field(Test::Equals(vec![value]), false))),
        ]),
        ("STARTS_WITH" | "CONTAINS", Scalar::String(value)) => {
            let op = match operator {
                "CONTAINS" => TextOp::Contains,
                _ => TextOp::StartsWith,
            };
            let (values, ignore_case) = (vec![value], false);
            let test = TextTest {
                op,
                values,
                ignore_case,
            };
            Filter::All(vec![field(is_text(), false), field(Test::Text(test), false)])
        }
        ("GT", value @ (Scalar::Int(_) | Scalar::Double(_))) => compare(Comparison::Greater, value),
        ("GTE", value @ (Scalar::Int(_) | Scalar::Double(_))) => compare(Comparison::GreaterOrEqual, value),
        ("LT", value @ (Scalar::Int(_) | Scalar::Double(_))) => compare(Comparison::Less, value),
        ("LTE", value @ (Scalar::Int(_) | Scalar::Double(_))) => compare(Comparison::LessOrEqual, value),
        ("NEQ" | "GT" | "GTE" | "LT" | "LTE" | "STARTS_WITH" | "CONTAINS", _) => return no_such(),
        _ => return Err(Unfit(format!("there is no operator {}", Quoted(operator)))),
    })
}

fn mistyped(value: &str, kind: &str) -> Unfit {
    Unfit::value(
        "value",
        &Value::from(value),
        &format!("text that reads as {kind}"),
    )
}

fn double(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Every text passes, and nothing else: none comes before the empty one.
fn is_text() -> Test {
    Test::Compare {
        op: Comparison::GreaterOrEqual,
        with: Scalar::String(String::new()),
        how: How::Typed,
    }
}

// === impl Service ===

impl Service {
    /// Its spans.
    pub fn filters(&self) -> Vec<Filter> {
        let resource = |key: &str, value: &str| named(Field::Resource(key.into()), value);
        let mut filters = vec![
            Filter::text(Field::Service, &self.name),
            resource("service.namespace", &self.namespace),
        ];
        let environments = self.environment.iter();
        filters.extend(environments.map(|value| named(environment(), value)));
        let versions = self.version.iter();
        filters.extend(versions.map(|value| resource("service.version", value)));
        filters
    }
}

/// The field is this text; empty text means also that it is not there.
fn named(field: Field, value: &str) -> Filter {
    let test = Test::Text(TextTest {
        op: TextOp::Equals,
        values: vec![value.into()],
        ignore_case: false,
    });
    Filter::Field {
        field,
        test,
        missing: value.is_empty(),
    }
}
