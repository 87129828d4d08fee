//! The filters of the span lists: what the store can tell of them, and what only the whole view of a span tells.

use serde_json::Value;

use super::api::among;
use super::error::Fault;
use super::params::{Params, Range};
use super::seen::{KIND, KINDS, Seen};
use super::{attributes, gen_ai, ids};
use crate::query::model::{Field, Filter, Scalar, Select, Test, TextOp, TextTest};

/// Which spans are wanted. An empty list wants any.
#[derive(Debug, Default)]
pub struct Filters {
    /// By their start.
    pub range: Range,
    trace_ids: Vec<String>,
    span_ids: Vec<String>,
    names: Vec<String>,
    kinds: Vec<String>,
    statuses: Vec<String>,
    parent: Option<String>,
    attributes: Vec<Attribute>,
}

/// A span, as far as filters look at it.
pub trait Viewed {
    /// As it was given.
    fn trace_id(&self) -> String;

    /// As it was given.
    fn span_id(&self) -> String;

    /// As it was given; none for a root.
    fn parent_id(&self) -> Option<String>;

    /// One of [`KINDS`], or `UNKNOWN`.
    fn kind(&self) -> &'static str;

    /// The attribute of a key, which is also given by its parts.
    fn at(&self, key: &str, path: &[String]) -> Option<Value>;
}

/// An attribute that is wanted.
#[derive(Debug)]
struct Attribute {
    key: String,
    path: Vec<String>,
    value: Scalar,
}

// === impl Filters ===

impl Filters {
    /// Reads them; `kinds` says whether the list can be filtered by kind.
    pub fn read(params: &mut Params, kinds: bool) -> Self {
        Self {
            range: params.range(),
            trace_ids: params.all("trace_id"),
            span_ids: params.all("span_id"),
            parent: params.one("parent_id"),
            names: params.all("name"),
            kinds: if kinds {
                params.all("span_kind")
            } else {
                Vec::new()
            },
            statuses: params.all("status_code"),
            attributes: Vec::new(),
        }
    }

    /// Checks what validation does not.
    pub fn check(&mut self, attributes: Vec<String>) -> Result<(), Fault> {
        let upper = |texts: &mut Vec<String>| texts.iter_mut().for_each(|text| *text = text.to_uppercase());
        upper(&mut self.kinds);
        upper(&mut self.statuses);
        known(
            "span_kind",
            &self.kinds,
            &[KINDS.as_slice(), &["UNKNOWN"]].concat(),
        )?;
        known("status_code", &self.statuses, &["OK", "ERROR", "UNSET"])?;
        self.attributes = attributes
            .iter()
            .map(|text| attribute(text))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The spans of a project among which all that are wanted are; none when there can be no such spans.
    pub fn select(&self, project: &str) -> Option<Select> {
        let (from, to) = self.range.bounds()?;
        let mut parts = Vec::new();
        let mut ids = |field: Field, ids: &[String], stored: fn(&str) -> String| {
            if !ids.is_empty() {
                parts.push(among(field, ids.iter().map(|id| stored(id)).collect()));
            }
        };
        ids(Field::TraceId, &self.trace_ids, |id| {
            ids::digits(&ids::trace_bytes(id))
        });
        ids(Field::SpanId, &self.span_ids, |id| {
            ids::digits(&ids::span_bytes(id))
        });
        ids(Field::Name, &self.names, str::to_owned);
        if !self.kinds.is_empty() {
            parts.push(of_kinds(&self.kinds));
        }
        if !self.statuses.is_empty() {
            parts.push(of_statuses(&self.statuses));
        }
        match self.parent.as_deref() {
            None => {}
            Some("null") => parts.push(Filter::Root),
            Some(parent) if parent.bytes().all(|byte| byte == b'0') => parts.push(Filter::Root),
            Some(parent) => {
                let stored = ids::digits(&ids::span_bytes(parent));
                parts.push(among(Field::ParentSpanId, vec![stored]));
            }
        }
        parts.extend(self.attributes.iter().map(Attribute::filter));
        Some(Select {
            project: Some(vec![project.to_owned()]),
            from,
            to,
            before: None,
            filter: Filter::All(parts),
        })
    }

    /// Whether a span that the store found is wanted.
    pub fn accepts(&self, span: &impl Viewed) -> bool {
        let has = |wanted: &[String], text: &str| wanted.iter().any(|one| one == text);
        (self.trace_ids.is_empty() || has(&self.trace_ids, &span.trace_id()))
            && (self.span_ids.is_empty() || has(&self.span_ids, &span.span_id()))
            && (self.kinds.is_empty() || has(&self.kinds, span.kind()))
            && match self.parent.as_deref() {
                None => true,
                Some("null") => span.parent_id().is_none(),
                wanted => span.parent_id().as_deref() == wanted,
            }
            && self.attributes.iter().all(|attribute| attribute.accepts(span))
    }
}

impl Viewed for Seen {
    fn trace_id(&self) -> String {
        self.trace_id.clone()
    }

    fn span_id(&self) -> String {
        self.span_id.clone()
    }

    fn parent_id(&self) -> Option<String> {
        self.parent_id.clone()
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn at(&self, _: &str, path: &[String]) -> Option<Value> {
        attributes::at(&self.attributes, path).cloned()
    }
}

fn known(name: &str, values: &[String], known: &[&str]) -> Result<(), Fault> {
    let unknown: Vec<String> = values
        .iter()
        .filter(|value| !known.contains(&value.as_str()))
        .map(|value| format!("'{value}'"))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Fault::unprocessable(format!(
            "Invalid {name} values: [{}]",
            unknown.join(", ")
        ))),
    }
}

/// Spans among which all of these kinds are.
pub fn of_kinds(kinds: &[String]) -> Filter {
    let text = |values: Vec<String>| TextTest {
        op: TextOp::Equals,
        values,
        ignore_case: true,
    };
    let mut any = vec![Filter::Field {
        field: Field::Attribute(KIND.into()),
        test: Test::Text(text(kinds.to_vec())),
        missing: false,
    }];
    // Without the attribute, the kind may follow from others.
    let lacks = Filter::Not(Box::new(exists(KIND)));
    match kinds.iter().any(|kind| kind == "UNKNOWN") {
        true => {
            let known = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
            any.push(Filter::Not(Box::new(Filter::Field {
                field: Field::Attribute(KIND.into()),
                test: Test::Text(text(known)),
                missing: false,
            })));
        }
        false => any.push(Filter::All(vec![lacks, says_gen_ai()])),
    }
    Filter::Any(any)
}

/// Spans from whose `gen_ai.*` a kind follows.
fn says_gen_ai() -> Filter {
    let keys = [
        "gen_ai.operation.name",
        "gen_ai.tool.call.id",
        "gen_ai.tool.name",
        "gen_ai.retrieval.documents",
        "gen_ai.retrieval.query.text",
        "gen_ai.embeddings.dimension.count",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.request.model",
    ];
    Filter::Any(keys.iter().map(|key| exists(key)).collect())
}

/// Spans among which all of these statuses are.
pub fn of_statuses(statuses: &[String]) -> Filter {
    let codes = statuses.iter().flat_map(|status| match status.as_str() {
        "OK" => vec![1],
        "ERROR" => vec![2],
        _ => vec![0],
    });
    let codes: Vec<i64> = codes.collect();
    let is_any = |codes: &[i64]| Filter::Field {
        field: Field::StatusCode,
        test: Test::Equals(codes.iter().map(|code| Scalar::Int(*code)).collect()),
        missing: false,
    };
    match codes.contains(&0) {
        // A code that nobody knows is unset, too.
        true => Filter::Any(vec![is_any(&codes), Filter::Not(Box::new(is_any(&[1, 2])))]),
        false => is_any(&codes),
    }
}

/// The span has this attribute.
pub fn exists(key: &str) -> Filter {
    Filter::Field {
        field: Field::Attribute(key.to_owned()),
        test: Test::Exists,
        missing: false,
    }
}

// === impl Attribute ===

fn attribute(text: &str) -> Result<Attribute, Fault> {
    let invalid = |why: String| Err(Fault::unprocessable(why));
    let Some((key, value)) = text.split_once(':') else {
        return invalid(format!("Invalid attribute '{text}': expected format 'key:value'"));
    };
    if key.is_empty() {
        return invalid("Invalid attribute: key must not be empty".into());
    }
    if value.is_empty() {
        return invalid("Invalid attribute: value must not be empty".into());
    }
    let scalar = match serde_json::from_str(value) {
        Err(_) => Scalar::String(value.to_owned()),
        Ok(Value::String(text)) => Scalar::String(text),
        Ok(Value::Bool(truth)) => Scalar::Bool(truth),
        Ok(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Scalar::Int(whole),
            (None, Some(double)) => Scalar::Double(double),
            (None, None) => Scalar::String(value.to_owned()),
        },
        Ok(_) => {
            return invalid(format!(
                "Invalid attribute value '{value}': must be a string, integer, float, or boolean. To match a \
                 string that looks like a number or boolean, JSON-quote the value: `key:\"12345\"`."
            ));
        }
    };
    Ok(Attribute {
        key: key.to_owned(),
        path: key.split('.').map(str::to_owned).collect(),
        value: scalar,
    })
}

impl Attribute {
    /// Spans among which all that have it are: it may stand under its own key, inside the value of a shorter one, or follow
    /// from `gen_ai.*`.
    fn filter(&self) -> Filter {
        let mut any = vec![self.plain()];
        for (place, _) in self.key.match_indices('.') {
            let outer = self.key.get(..place).unwrap_or_default();
            any.push(Filter::All(self.inside(outer)));
        }
        let sources = gen_ai::sources(&self.key).iter();
        let sources: Vec<Field> = sources.map(|source| Field::Attribute((*source).into())).collect();
        if !sources.is_empty() {
            any.push(Filter::Field {
                field: Field::First(sources),
                test: Test::Exists,
                missing: false,
            });
        }
        Filter::Any(any)
    }

    /// Spans whose attribute `outer` may have it inside: in JSON the last name of the path and the value stand as they are,
    /// unless something is escaped.
    fn inside(&self, outer: &str) -> Vec<Filter> {
        let value = match &self.value {
            Scalar::String(text) if outer != "input" => Some(text.clone()),
            Scalar::Bool(truth) => Some(truth.to_string()),
            _ => None,
        };
        let parts = self.path.last().cloned().into_iter().chain(value);
        let contains = |part: String| Filter::Field {
            field: Field::Attribute(outer.to_owned()),
            test: Test::Text(TextTest {
                op: TextOp::Contains,
                values: vec![part, "\\".into()],
                ignore_case: false,
            }),
            missing: false,
        };
        parts.map(contains).collect()
    }

    fn plain(&self) -> Filter {
        let field = Field::Attribute(self.key.clone());
        let is_coerced = self.key.starts_with("llm.token_count.") || self.key.starts_with("input.");
        if is_coerced {
            return exists(&self.key);
        }
        let values = match &self.value {
            Scalar::Int(whole) => vec![Scalar::Int(*whole), Scalar::Double(*whole as f64)],
            value => vec![value.clone()],
        };
        Filter::Field {
            field,
            test: Test::Equals(values),
            missing: false,
        }
    }

    fn accepts(&self, span: &impl Viewed) -> bool {
        let Some(value) = span.at(&self.key, &self.path) else {
            return false;
        };
        match (&self.value, &value) {
            (Scalar::String(wanted), Value::String(text)) => wanted == text,
            (Scalar::Bool(wanted), Value::Bool(truth)) => wanted == truth,
            (Scalar::Int(wanted), Value::Number(number)) => match number.as_i64() {
                Some(whole) => whole == *wanted,
                None => number.as_f64() == Some(*wanted as f64),
            },
            (Scalar::Double(wanted), Value::Number(number)) => {
                number.is_f64() && number.as_f64() == Some(*wanted)
            }
            _ => false,
        }
    }
}
