//! What of a condition the store can tell, so that it need not hand out every span.

use super::{Column, Comparison, Literal, Operand, Test};
use crate::query::model::{Field, Filter};
use crate::query::phoenix::api::among;
use crate::query::phoenix::{filters, ids};

/// A filter that lets pass at least what passes the test.
pub fn filter(test: &Test) -> Filter {
    match test {
        Test::All(tests) => Filter::All(tests.iter().map(filter).collect()),
        Test::Any(tests) => Filter::Any(tests.iter().map(filter).collect()),
        Test::Compare(Operand::Column(column), Comparison::Equal, Operand::Literal(Literal::Text(text)))
        | Test::Compare(Operand::Literal(Literal::Text(text)), Comparison::Equal, Operand::Column(column)) => {
            equals(*column, std::slice::from_ref(text))
        }
        Test::In(Operand::List(items), Operand::Column(column)) => {
            let texts = items.iter().map(|item| match item {
                Literal::Text(text) => Some(text.clone()),
                _ => None,
            });
            let texts: Option<Vec<String>> = texts.collect();
            texts.map_or_else(Filter::default, |texts| equals(*column, &texts))
        }
        Test::IsNone(Operand::Column(Column::ParentId)) => Filter::Root,
        _ => Filter::default(),
    }
}

fn equals(column: Column, texts: &[String]) -> Filter {
    let span_ids = || texts.iter().map(|id| ids::digits(&ids::span_bytes(id))).collect();
    match column {
        Column::Name => among(Field::Name, texts.to_vec()),
        Column::Kind => filters::of_kinds(texts),
        Column::Status => filters::of_statuses(texts),
        Column::TraceId => {
            let ids = texts.iter().map(|id| ids::digits(&ids::trace_bytes(id)));
            among(Field::TraceId, ids.collect())
        }
        Column::SpanId => among(Field::SpanId, span_ids()),
        // A parent of zeros alone is none to the store.
        Column::ParentId if texts.iter().all(|id| id.bytes().any(|byte| byte != b'0')) => {
            among(Field::ParentSpanId, span_ids())
        }
        _ => Filter::default(),
    }
}
