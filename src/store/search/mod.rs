//! Answers questions about the spans of a store at one moment: its head, row by row, and its segments, column by column.
//!
//! Segments and blocks that cannot hold a match are not read: by their range of time, their services, names and keys,
//! their filters of ids and attributes. In the others, conditions go from cheap to dear, each only over rows that still
//! stand; what a dictionary holds once is judged once a row group. Spans themselves are put together last, for the
//! rows that are given out. Counts of whole segments, and of whole stretches of the head, come from what they say about
//! themselves.
//!
//! Promises: the answers are those of the model's naive reading; a search ends at its limits of time and memory, or soon
//! after nobody wants it; what it keeps is counted.

mod batch;
mod block;
mod facts;
mod groups;
mod guard;
mod keys;
mod names;
mod place;
mod pool;
mod prune;
mod scan;
mod source;
mod spans;
mod step;
mod story;
mod tally;
mod trace;
mod traces;
mod view;
mod workers;

#[cfg(test)]
mod tests;

pub use guard::Guard;
pub use source::{Named, Source};
pub use workers::Searcher;

use crate::query::model::{Answer, Find, Found, QueryError, SpanQuery};
use scan::Reach;

/// Answers a question, on the thread that asks. A question that makes no sense is refused.
pub fn answer(source: &dyn Source, query: &SpanQuery, guard: &Guard) -> Result<Answer, QueryError> {
    query.validate()?;
    let before = query.select.before.unwrap_or(u64::MAX).min(source.next_number());
    let (reach, filter) = (Reach::of(&query.select), query.select.filter.compile()?);
    let found = match &query.find {
        Find::Spans(find) => Found::Spans(spans::spans(source, &reach, &filter, find, guard)?),
        Find::Traces(find) => Found::Traces(traces::traces(source, &reach, &filter, find, guard)?),
        Find::Trace(find) => Found::Trace(trace::trace(source, &reach, &filter, find, guard)?),
        Find::Groups(find) => Found::Groups(groups::groups(source, &reach, &filter, find, guard)?),
        Find::Keys(find) => Found::Keys(keys::keys(source, &reach, &filter, find, guard)?),
    };
    Ok(Answer { before, found })
}
