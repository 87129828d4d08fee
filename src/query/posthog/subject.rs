//! What a filter is about, and its checks as conditions on spans.
//!
//! Attributes are compared as text, whatever their type; only `gt` and its kin and `between` see numbers. Fields that
//! are numbers (`kind`, `status_code`, durations, times) have values of their own kinds.

use super::dates;
use super::property::{Check, Place};
use crate::query::model::{Field, Filter, How, Scalar, Test, TextOp, TextTest};

/// The longest regular expression, in bytes.
const PATTERN: usize = 4096;

/// What a filter is about.
pub enum Subject {
    /// Text, or an attribute; `absent` is the text of a span that lacks it.
    Text {
        field: Field,
        absent: Option<&'static str>,
    },
    /// An id, in whatever case; `absent` as above.
    Id {
        field: Field,
        absent: Option<&'static str>,
    },
    /// A whole number that every span has, and how a value says one or several.
    Whole {
        field: Field,
        read: fn(&Scalar) -> Result<Vec<i64>, String>,
    },
    /// Whether the span has no parent.
    IsRoot,
}

// === impl Subject ===

impl Subject {
    /// What a key means; an error for a field that spans do not have.
    pub fn of(place: Place, key: &str) -> Result<Self, String> {
        let text = |field| Self::Text { field, absent: None };
        let id = |field| Self::Id { field, absent: None };
        let whole = |field, read| Self::Whole { field, read };
        Ok(match (place, key) {
            (Place::SpanAttribute, key) => text(Field::Attribute(key.into())),
            (Place::SpanResourceAttribute, key) => text(Field::Resource(key.into())),
            (Place::Span, "name") => text(Field::Name),
            (Place::Span, "service_name") => Self::Text {
                field: Field::Service,
                absent: Some(""),
            },
            (Place::Span, "trace_state") => Self::Text {
                field: Field::TraceState,
                absent: Some(""),
            },
            (Place::Span, "trace_id") => id(Field::TraceId),
            (Place::Span, "span_id") => id(Field::SpanId),
            (Place::Span, "parent_span_id") => Self::Id {
                field: Field::ParentSpanId,
                absent: Some("0000000000000000"),
            },
            (Place::Span, "kind") => whole(Field::Kind, kinds),
            (Place::Span, "status_code") => whole(Field::StatusCode, statuses),
            (Place::Span, "duration") => whole(Field::Duration, millis),
            (Place::Span, "duration_nano") => whole(Field::Duration, nanos),
            (Place::Span, "timestamp") => whole(Field::Start, times),
            (Place::Span, "end_time") => whole(Field::End, times),
            (Place::Span, "is_root_span") => Self::IsRoot,
            (Place::Span, _) => {
                return Err(
                    "spans have no such field, but name, service_name, trace_id, span_id, parent_span_id, trace_state, \
                     kind, status_code, duration, duration_nano, timestamp, end_time and is_root_span; attributes have \
                     the type span_attribute or span_resource_attribute"
                        .into(),
                );
            }
        })
    }

    /// The condition; none when the values say nothing. An error says what makes no sense.
    pub fn filter(&self, check: Check, values: &[Scalar]) -> Result<Option<Filter>, String> {
        match self {
            Self::Text { field, absent } => text(field, *absent, check, values).map(Some),
            Self::Id { field, absent } => id(field, *absent, check, values).map(Some),
            Self::Whole { field, read } => {
                let read: Result<Vec<_>, _> = values.iter().map(read).collect();
                whole(field, check, &read?.concat())
            }
            Self::IsRoot => is_root(check, values),
        }
    }
}

fn field(field: &Field, test: Test) -> Filter {
    Filter::Field {
        field: field.clone(),
        test,
        missing: false,
    }
}

fn shown(values: &[Scalar]) -> Vec<String> {
    values.iter().map(|value| value.text().into_owned()).collect()
}

// === text ===

fn text(on: &Field, absent: Option<&str>, check: Check, values: &[Scalar]) -> Result<Filter, String> {
    Ok(match check {
        Check::Equals => Filter::Field {
            field: on.clone(),
            missing: absent.is_some_and(|absent| values.iter().any(|value| value.text() == absent)),
            test: found(TextOp::Equals, shown(values), false),
        },
        Check::Like(op) => field(on, like(op, &shown(values))),
        Check::Regex => field(on, regex(shown(values), false)?),
        Check::Compare(op) => any(values.iter().map(|with| {
            let (with, how) = (with.clone(), How::ParsedOrText);
            field(on, Test::Compare { op, with, how })
        })),
        Check::Between => field(on, between(values)?),
        Check::Exists if absent.is_some() => Filter::default(),
        Check::Exists => field(on, Test::Exists),
    })
}

fn id(on: &Field, absent: Option<&str>, check: Check, values: &[Scalar]) -> Result<Filter, String> {
    let lower = |value: &Scalar| Scalar::String(value.text().to_lowercase());
    match check {
        Check::Regex => Ok(field(on, regex(shown(values), true)?)),
        Check::Exists => Ok(field(on, Test::Exists)),
        _ => text(on, absent, check, &values.iter().map(lower).collect::<Vec<_>>()),
    }
}

fn any(filters: impl Iterator<Item = Filter>) -> Filter {
    Filter::Any(filters.collect())
}

fn found(op: TextOp, values: Vec<String>, ignore_case: bool) -> Test {
    Test::Text(TextTest {
        op,
        values,
        ignore_case,
    })
}

fn regex(values: Vec<String>, ignore_case: bool) -> Result<Test, String> {
    match values.iter().find(|value| value.len() > PATTERN) {
        Some(long) => Err(format!(
            "a regular expression of {} bytes, more than {PATTERN}",
            long.len()
        )),
        None => Ok(found(TextOp::Regex, values, ignore_case)),
    }
}

/// Plain text is looked for as such, since that is faster; with wildcards it becomes regular expressions.
fn like(op: TextOp, values: &[String]) -> Test {
    let read: Vec<Like> = values.iter().map(|value| Like::read(value)).collect();
    match read.iter().any(|value| value.is_wild) {
        false => found(op, read.into_iter().map(|value| value.plain).collect(), true),
        true => {
            let patterns = read.iter().map(|value| match op {
                TextOp::StartsWith => format!("(?s)\\A{}", value.pattern),
                TextOp::EndsWith => format!("(?s){}\\z", value.pattern),
                _ => format!("(?s){}", value.pattern),
            });
            found(TextOp::Regex, patterns.collect(), true)
        }
    }
}

/// A text in which `%` stands for any text and `_` for any letter, unless a backslash stands before them.
#[derive(Default)]
struct Like {
    plain: String,
    pattern: String,
    is_wild: bool,
}

impl Like {
    fn read(text: &str) -> Self {
        let mut like = Self::default();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let escaped = (letter == '\\')
                .then(|| letters.next_if(|next| matches!(next, '%' | '_' | '\\')))
                .flatten();
            match (letter, escaped) {
                ('%', _) => like.wild(".*"),
                ('_', _) => like.wild("."),
                (letter, escaped) => like.plain(escaped.unwrap_or(letter)),
            }
        }
        like
    }

    fn wild(&mut self, pattern: &str) {
        self.is_wild = true;
        self.pattern.push_str(pattern);
    }

    fn plain(&mut self, letter: char) {
        self.plain.push(letter);
        self.pattern
            .push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
    }
}

fn between(values: &[Scalar]) -> Result<Test, String> {
    let [low, high] = values else {
        return Err("between needs a list of two numbers".into());
    };
    let (Some(least), Some(most)) = (low.number(), high.number()) else {
        return Err(format!(
            "between needs numbers, not \"{}\" and \"{}\"",
            low.text(),
            high.text()
        ));
    };
    if least.double() > most.double() {
        return Err(format!(
            "between {} and {}: the first is greater",
            low.text(),
            high.text()
        ));
    }
    Ok(Test::Between {
        low: low.clone(),
        high: high.clone(),
        how: How::Parsed,
    })
}

// === whole numbers ===

fn whole(on: &Field, check: Check, values: &[i64]) -> Result<Option<Filter>, String> {
    let numbers: Vec<Scalar> = values.iter().copied().map(Scalar::Int).collect();
    if numbers.is_empty() && check != Check::Exists {
        return Ok(None);
    }
    Ok(Some(match check {
        Check::Equals => field(on, Test::Equals(numbers)),
        Check::Compare(op) => any(numbers.into_iter().map(|with| {
            let how = How::Typed;
            field(on, Test::Compare { op, with, how })
        })),
        Check::Between => field(on, between(&numbers)?),
        Check::Exists => Filter::default(),
        Check::Like(_) | Check::Regex => {
            return Err("is a number, and has no text to search; compare it".into());
        }
    }))
}

fn kinds(value: &Scalar) -> Result<Vec<i64>, String> {
    const NAMES: [&str; 6] = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    Ok(named(value, |name| {
        let place = NAMES.iter().position(|known| *known == name)?;
        Some(vec![i64::try_from(place).ok()?])
    }))
}

/// A span whose status nobody set is as good as one that is said to be.
fn statuses(value: &Scalar) -> Result<Vec<i64>, String> {
    Ok(named(value, |name| match name {
        "ok" => Some(vec![0, 1]),
        "unset" => Some(vec![0]),
        "error" => Some(vec![2]),
        _ => None,
    }))
}

/// A number, or what a name stands for; nothing when it stands for nothing.
fn named(value: &Scalar, name: impl Fn(&str) -> Option<Vec<i64>>) -> Vec<i64> {
    let number = value.number().map(|number| number.double());
    match number {
        Some(number) if number.fract() == 0.0 => vec![number as i64],
        Some(_) => Vec::new(),
        None => name(&value.text().to_lowercase()).unwrap_or_default(),
    }
}

fn millis(value: &Scalar) -> Result<Vec<i64>, String> {
    scaled(value, 1e6)
}

fn nanos(value: &Scalar) -> Result<Vec<i64>, String> {
    scaled(value, 1.0)
}

/// To whole nanoseconds, cut to 292 years.
fn scaled(value: &Scalar, scale: f64) -> Result<Vec<i64>, String> {
    match value.number() {
        Some(number) => Ok(vec![(number.double() * scale).round() as i64]),
        None => Err(format!("\"{}\" is not a number", value.text())),
    }
}

fn times(value: &Scalar) -> Result<Vec<i64>, String> {
    let time = dates::iso(&value.text()).map(|time| i64::try_from(time).unwrap_or(i64::MAX));
    match time {
        Some(time) => Ok(vec![time]),
        None => Err(format!("\"{}\" is not a time in ISO 8601", value.text())),
    }
}

// === roots ===

fn is_root(check: Check, values: &[Scalar]) -> Result<Option<Filter>, String> {
    match check {
        Check::Exists => Ok(Some(Filter::default())),
        Check::Equals => {
            let filters: Result<Vec<_>, String> = values.iter().map(root).collect();
            Ok(Some(Filter::Any(filters?)))
        }
        _ => Err("is true or false; only exact, is_not, in and not_in apply".into()),
    }
}

fn root(value: &Scalar) -> Result<Filter, String> {
    match value.text().to_lowercase().as_str() {
        "true" | "1" => Ok(Filter::Root),
        "false" | "0" => Ok(Filter::Not(Box::new(Filter::Root))),
        other => Err(format!("\"{other}\" is neither true nor false")),
    }
}
