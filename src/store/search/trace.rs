//! Finds one trace.

use super::facts::Facts;
use super::guard::Guard;
use super::place::{Place, fetch};
use super::scan::Reach;
use super::source::Source;
use super::story;
use crate::query::model::{
    Compiled, Direction, FindTrace, Key, Node, Position, QueryError, SpanHit, TraceSpans, cut,
};

/// Answers a question for one trace.
pub fn trace(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    find: &FindTrace,
    guard: &Guard,
) -> Result<TraceSpans, QueryError> {
    let rows = story::rows(source, reach, vec![find.id], &[], guard)?;
    let total = rows.len() as u64;
    let takes_all = matches!(&filter.node, Node::All(parts) if parts.is_empty());
    let matched = match takes_all || rows.is_empty() {
        true => None,
        false => {
            let facts = Facts::of(source, reach, filter, guard)?;
            Some(story::matched(
                source,
                reach,
                filter,
                &facts,
                vec![find.id],
                guard,
            )?)
        }
    };
    let rows = rows.into_iter().map(|row| {
        let position = Position {
            key: Key::Whole(row.start.into()),
            tie: row.number,
        };
        let matched = matched
            .as_ref()
            .is_none_or(|matched| matched.contains(&row.number));
        (position, (row.place, matched))
    });
    let rows = rows.filter(|(position, _)| find.page.reaches(position, Direction::Ascending));
    let cut = cut(rows.collect(), &find.page);
    let (places, marks): (Vec<Place>, Vec<bool>) = cut.rows.into_iter().unzip();
    let spans = fetch(source, &places, guard)?;
    Ok(TraceSpans {
        hits: spans
            .into_iter()
            .zip(marks)
            .map(|(span, matched)| SpanHit { span, matched })
            .collect(),
        last: cut.last,
        next: cut.next,
        total,
    })
}
