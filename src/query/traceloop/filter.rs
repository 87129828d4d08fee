//! Filters of requests as conditions on spans.
//!
//! What is compared is what a row shows: text, decimal numbers, doubles by their value. A span that lacks an attribute passes
//! `not_equals` and `not_in`, and none of the others but `not_exists`.

use serde_json::Value;

use super::super::members::{Members, Quoted, Unfit};
use super::super::model::{Comparison, Field, Filter, How, Number, Scalar, Test, TextOp, TextTest};
use super::field::{self, Named, UNNAMED, named};

/// The most filters of a request, and the most values of one.
const MOST: usize = 1000;

/// The filters in a list; durations are in `duration_unit` nanoseconds.
pub fn filters(list: &[Value], duration_unit: i64) -> Result<Vec<Filter>, Unfit> {
    if list.len() > MOST {
        let found = list.len();
        return Err(Unfit(format!("`filters` are {found}, more than {MOST}")));
    }
    let read = |(at, value): (usize, &Value)| {
        let within = format!("filters[{at}]");
        let fault = |unfit: Unfit| Unfit(format!("{within}: {unfit}"));
        Members::of(&within, value).and_then(|members| filter(members, duration_unit).map_err(fault))
    };
    list.iter().enumerate().map(read).collect()
}

/// Spans of which what `name` stands for is shown as `value`.
pub fn equals(name: &str, value: &str, duration_unit: i64) -> Result<Filter, Unfit> {
    texts(&named(name, duration_unit), TextOp::Equals, &[value.to_owned()])
}

/// Spans of which this text is shown as one of `values`; where they lack it, it is shown as empty.
pub fn shown_as(field: Field, values: Vec<String>) -> Filter {
    text(field, TextOp::Equals, values, true)
}

/// Spans whose environment is shown so. One that is empty is shown as one that is not there.
pub fn environment(op: TextOp, values: &[String]) -> Filter {
    let named = values
        .iter()
        .filter(|value| !value.is_empty() || op != TextOp::Equals);
    let mut filters = vec![text(field::environment(), op, named.cloned().collect(), false)];
    if values.iter().any(|value| holds(op, UNNAMED, value)) {
        filters.push(shown_as(field::environment(), vec![String::new()]));
    }
    Filter::Any(filters)
}

fn filter(members: Members<'_>, duration_unit: i64) -> Result<Filter, Unfit> {
    let name = match (members.text("id")?, members.text("field")?) {
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(Unfit::missing("field")),
    };
    let named = named(name, duration_unit);
    let operator = members
        .text("operator")?
        .ok_or_else(|| Unfit::missing("operator"))?;
    let one = || Ok::<_, Unfit>([single(members)?]);
    let not = |filter| Filter::Not(Box::new(filter));
    Ok(match operator {
        "equals" => texts(&named, TextOp::Equals, &one()?)?,
        "not_equals" => not(texts(&named, TextOp::Equals, &one()?)?),
        "contains" => texts(&named, TextOp::Contains, &one()?)?,
        "starts_with" => texts(&named, TextOp::StartsWith, &one()?)?,
        "in" => texts(&named, TextOp::Equals, &several(members)?)?,
        "not_in" => not(texts(&named, TextOp::Equals, &several(members)?)?),
        "exists" => exists(named),
        "not_exists" => not(exists(named)),
        "greater_than" => compared(named, Comparison::Greater, &single(members)?)?,
        "greater_than_or_equal" => compared(named, Comparison::GreaterOrEqual, &single(members)?)?,
        "less_than" => compared(named, Comparison::Less, &single(members)?)?,
        "less_than_or_equal" => compared(named, Comparison::LessOrEqual, &single(members)?)?,
        _ => return Err(Unfit(format!("there is no operator {}", Quoted(operator)))),
    })
}

/// The value, as the text that a row would show.
fn single(members: Members<'_>) -> Result<String, Unfit> {
    let value = members.get("value").ok_or_else(|| Unfit::missing("value"))?;
    plain(value).ok_or_else(|| Unfit::value("value", value, "text, a number or a truth value"))
}

/// The values: a list, or text with commas between them.
fn several(members: Members<'_>) -> Result<Vec<String>, Unfit> {
    let value = members.get("value").or_else(|| members.get("values"));
    let value = value.ok_or_else(|| Unfit::missing("value"))?;
    let values = match value {
        Value::Array(list) => list.iter().map(plain).collect::<Option<Vec<_>>>(),
        Value::String(text) => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
        other => plain(other).map(|text| vec![text]),
    };
    let values = values.ok_or_else(|| Unfit::value("value", value, "a list of plain values"))?;
    match values.len() {
        0..=MOST => Ok(values),
        found => Err(Unfit(format!("`value` has {found} values, more than {MOST}"))),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts(named: &Named, op: TextOp, values: &[String]) -> Result<Filter, Unfit> {
    Ok(match named {
        Named::Text(field) => text(field.clone(), op, values.to_vec(), true),
        Named::Environment => environment(op, values),
        Named::Attribute(field) => Filter::Any(vec![
            text(field.clone(), op, values.to_vec(), false),
            doubles(field, op, values),
        ]),
        Named::Enumeration(field, names, prefix) => {
            let fits = |name: &str| values.iter().any(|value| holds(op, name, value));
            let passes = |name: &str| fits(name) || name.strip_prefix(prefix).is_some_and(fits);
            let codes = (0..).zip(*names).filter(|(_, name)| passes(name));
            Filter::Field {
                field: field.clone(),
                test: Test::Equals(codes.map(|(code, _)| Scalar::Int(code)).collect()),
                missing: false,
            }
        }
        Named::Nanos(..) if op != TextOp::Equals => {
            return Err(Unfit("numbers have no text to look into".into()));
        }
        Named::Nanos(field, unit) => {
            let all = values.iter().map(|value| {
                let low = compare(
                    field,
                    Comparison::GreaterOrEqual,
                    bound(value, *unit, f64::ceil, 0.0)?,
                );
                let high = compare(field, Comparison::Less, bound(value, *unit, f64::floor, 1.0)?);
                Ok(Filter::All(vec![low, high]))
            });
            Filter::Any(all.collect::<Result<_, Unfit>>()?)
        }
    })
}

fn text(field: Field, op: TextOp, values: Vec<String>, shown_as_empty: bool) -> Filter {
    let missing = shown_as_empty && values.iter().any(|value| holds(op, "", value));
    let test = Test::Text(TextTest {
        op,
        values,
        ignore_case: false,
    });
    Filter::Field { field, test, missing }
}

/// Doubles that equal one of the values: rows show six decimals, which are not the text that the store goes by.
fn doubles(field: &Field, op: TextOp, values: &[String]) -> Filter {
    let numbers = values.iter().filter(|_| op == TextOp::Equals);
    let numbers = numbers.filter_map(|value| Number::parse(value)?.finite());
    Filter::Field {
        field: field.clone(),
        test: Test::Equals(numbers.map(Scalar::Double).collect()),
        missing: false,
    }
}

fn holds(op: TextOp, text: &str, value: &str) -> bool {
    match op {
        TextOp::Contains => text.contains(value),
        TextOp::StartsWith => text.starts_with(value),
        _ => text == value,
    }
}

fn exists(named: Named) -> Filter {
    let field = match named {
        Named::Environment => return Filter::default(),
        Named::Text(field)
        | Named::Attribute(field)
        | Named::Nanos(field, _)
        | Named::Enumeration(field, ..) => field,
    };
    Filter::Field {
        field,
        test: Test::Exists,
        missing: false,
    }
}

fn compared(named: Named, op: Comparison, value: &str) -> Result<Filter, Unfit> {
    match named {
        Named::Text(field) | Named::Attribute(field) => {
            let number = Number::parse(value).and_then(Number::finite);
            number.ok_or_else(|| no_number(value))?;
            Ok(compare(&field, op, Scalar::String(value.into())))
        }
        Named::Environment | Named::Enumeration(..) => {
            Err(Unfit("names are neither greater nor less".into()))
        }
        // A row shows whole units, so what is shown is greater than 2 from 3 units on.
        Named::Nanos(field, unit) => Ok(match op {
            Comparison::Greater => {
                let bound = bound(value, unit, f64::floor, 1.0)?;
                compare(&field, Comparison::GreaterOrEqual, bound)
            }
            Comparison::LessOrEqual => {
                compare(&field, Comparison::Less, bound(value, unit, f64::floor, 1.0)?)
            }
            op => compare(&field, op, bound(value, unit, f64::ceil, 0.0)?),
        }),
    }
}

fn compare(field: &Field, op: Comparison, with: Scalar) -> Filter {
    Filter::Field {
        field: field.clone(),
        test: Test::Compare {
            op,
            with,
            how: How::Parsed,
        },
        missing: false,
    }
}

/// A number of units in nanoseconds: rounded to whole units, then more of them.
fn bound(value: &str, unit: i64, rounded: fn(f64) -> f64, more: f64) -> Result<Scalar, Unfit> {
    match Number::parse(value) {
        Some(Number::Whole(units)) => {
            let units = units.saturating_add(more as i128).saturating_mul(unit.into());
            let nanos = units.clamp(i64::MIN.into(), i64::MAX.into());
            Ok(Scalar::Int(nanos as i64))
        }
        Some(Number::Double(units)) => Ok(Scalar::Int(((rounded(units) + more) * unit as f64) as i64)),
        None => Err(no_number(value)),
    }
}

fn no_number(value: &str) -> Unfit {
    Unfit::value("value", &Value::from(value), "a number")
}
