//! What need not be read: segments and blocks that cannot hold a row that passes.

use std::ops::Range;

use super::block::{Block, failed};
use crate::query::model::{Datum, Field, JudgedTest, Node, QueryError, Scalar, TextOp, TraceId};
use crate::store::Sieve;
use crate::store::segment::{Segment, Summary};

/// Whether a segment may hold rows that pass.
pub fn may_hold(segment: &Segment, node: &Node) -> Result<bool, QueryError> {
    holds(node, &|field, test| may_have(segment, field, test))
}

/// Whether rows with the attributes and ids of a sieve may pass; without one, whether rows may that have none.
pub fn may_hold_run(sieve: Option<&Sieve>, node: &Node) -> Result<bool, QueryError> {
    holds(node, &|field, test| Ok(may_have_in(sieve, field, test)))
}

/// Whether rows may pass where `may_have` says whether a field may be there and pass a test.
fn holds(
    node: &Node,
    may_have: &impl Fn(&Field, &JudgedTest) -> Result<bool, QueryError>,
) -> Result<bool, QueryError> {
    match node {
        Node::All(parts) => all(parts, |part| holds(part, may_have)),
        Node::Any(parts) => any(parts, |part| holds(part, may_have)),
        Node::Field {
            field,
            test,
            missing: false,
        } => may_have(field, test),
        _ => Ok(true),
    }
}

fn may_have_in(sieve: Option<&Sieve>, field: &Field, test: &JudgedTest) -> bool {
    match (field, sieve) {
        (Field::Attribute(_), None) => false,
        (Field::Attribute(key), Some(sieve)) => match texts(test) {
            Some(texts) => texts.iter().any(|text| sieve.may_have(key, text)),
            None => sieve.may_have_key(key),
        },
        (Field::SpanId, None) => texts(test).is_none(),
        (Field::SpanId, Some(sieve)) => texts(test).is_none_or(|ids| {
            let mut ids = ids.iter().filter_map(|id| id_of::<8>(id));
            ids.any(|id| sieve.may_have_span(&id))
        }),
        (Field::First(fields), _) => fields.iter().any(|field| may_have_in(sieve, field, test)),
        _ => true,
    }
}

fn all<T>(parts: &[T], holds: impl Fn(&T) -> Result<bool, QueryError>) -> Result<bool, QueryError> {
    for part in parts {
        if !holds(part)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any<T>(parts: &[T], holds: impl Fn(&T) -> Result<bool, QueryError>) -> Result<bool, QueryError> {
    for part in parts {
        if holds(part)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn may_have(segment: &Segment, field: &Field, test: &JudgedTest) -> Result<bool, QueryError> {
    let summary = segment.summary();
    let passes = |text: &str| test.passes(&Datum::Text(text.into()));
    Ok(match field {
        Field::Project if !summary.is_partial => summary.projects.keys().any(|project| passes(project)),
        Field::Service if !summary.is_partial => services(summary).any(passes),
        Field::Name if !summary.is_partial => summary.operations.keys().any(|(_, name)| passes(name)),
        Field::Attribute(key) => has(summary, &summary.attributes, key),
        Field::Resource(key) => has(summary, &summary.resource_attributes, key),
        Field::First(fields) => any(fields, |field| may_have(segment, field, test))?,
        Field::SpanId => match texts(test) {
            Some(ids) => any(&ids, |id| match id_of::<8>(id) {
                Some(id) => segment.may_hold_span(&id).map_err(failed),
                None => Ok(false),
            })?,
            None => true,
        },
        _ => true,
    })
}

fn services(summary: &Summary) -> impl Iterator<Item = &str> {
    let services = summary
        .operations
        .keys()
        .filter_map(|(service, _)| service.as_deref());
    // They come in order, so that equal ones follow each other.
    let mut last = None;
    services.filter(move |service| last.replace(*service) != Some(*service))
}

fn has<T>(summary: &Summary, known: &std::collections::BTreeMap<String, T>, key: &str) -> bool {
    summary.is_partial || known.contains_key(key)
}

/// Whether a block may hold rows whose field is there and passes, as far as filters know.
pub fn may_pass(block: &Block<'_>, field: &Field, test: &JudgedTest) -> Result<bool, QueryError> {
    let Field::Attribute(key) = field else {
        return Ok(true);
    };
    let segment = block.segment;
    let column = segment.column_of(key);
    if column.is_none() && !segment.has_others(key) {
        return Ok(false);
    }
    let is_filtered = column.is_none_or(|(column, _)| segment.is_filtered(block.number, column));
    match texts(test).filter(|_| is_filtered) {
        Some(texts) => any(&texts, |text| {
            segment
                .may_hold_attribute(block.number, key, text)
                .map_err(failed)
        }),
        None => Ok(true),
    }
}

/// The traces that rows which pass belong to, where the filter names them.
pub fn traces(node: &Node) -> Option<Vec<TraceId>> {
    match node {
        Node::All(parts) => parts.iter().find_map(traces),
        Node::Field {
            field: Field::TraceId,
            test,
            missing: false,
        } => {
            let texts = texts(test)?;
            Some(
                texts
                    .iter()
                    .filter_map(|text| id_of::<16>(text))
                    .map(TraceId)
                    .collect(),
            )
        }
        _ => None,
    }
}

/// The blocks that may hold spans of these traces, in order.
pub fn blocks_of(segment: &Segment, traces: &[TraceId]) -> Result<Vec<usize>, QueryError> {
    let ranges: Result<Vec<Range<usize>>, _> = traces
        .iter()
        .map(|trace| segment.blocks_of_trace(trace))
        .collect();
    let mut blocks: Vec<usize> = ranges.map_err(failed)?.into_iter().flatten().collect();
    blocks.sort_unstable();
    blocks.dedup();
    Ok(blocks)
}

/// The texts of which a value that passes has one as its text form.
fn texts(test: &JudgedTest) -> Option<Vec<String>> {
    match test {
        JudgedTest::Equals(values) => {
            let mut texts: Vec<String> = values.iter().map(|value| value.text().into_owned()).collect();
            // Two zeros are equal and have two text forms.
            let is_zero = |value: &Scalar| matches!(value, Scalar::Double(0.0));
            if values.iter().any(is_zero) {
                texts.extend(["0".into(), "-0".into()]);
            }
            Some(texts)
        }
        JudgedTest::Text {
            op: TextOp::Equals,
            values,
            ignore_case: false,
        } => Some(values.clone()),
        _ => None,
    }
}

/// The id of lower-case hexadecimal digits; none when they are no id's text form.
fn id_of<const WIDTH: usize>(text: &str) -> Option<[u8; WIDTH]> {
    let mut id = [0; WIDTH];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != WIDTH || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(pairs) {
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .filter(|_| !digit.is_ascii_uppercase())
        };
        let [high, low] = pair;
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    Some(id)
}
