//! The questions that a span store answers, and the answers.
//!
//! Whoever asks (the command line, the query APIs) makes a [`SpanQuery`]; whoever stores spans is a
//! [`SpanStore`]. Neither knows more of the other than stands here: no files, no columns, no SQL.
//!
//! Promises: a query means the same to every store, ties and missing values included, since every order is
//! total (insertion number, or trace id, decides last) and [`Compiled`] is the one judge of a span. Pages that
//! are walked with one `before` neither lose nor repeat a row while spans arrive. Every part reads and writes
//! JSON. `reference`, for tests, is the naive reading of all of it.

mod answer;
mod bucket;
mod check;
mod datum;
mod error;
mod filter;
mod find;
mod judge;
mod order;
mod page;
mod query;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(
    clippy::indexing_slicing,
    reason = "an oracle of tests panics when it is wrong"
)]
pub mod reference;
mod sketch;
mod span;
mod text;
mod trace_id;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(
    clippy::indexing_slicing,
    reason = "a maker of tests picks from lists that it made"
)]
pub mod worlds;

#[cfg(test)]
mod tests;

pub use answer::{
    Answer, Found, FoundKey, FoundTrace, Group, GroupPage, KeyPage, Measured, Part, ServiceEntry, SpanHit,
    SpanPage, TraceBasis, TracePage, TraceSpans,
};
pub use bucket::{duration_bucket, time_bucket, time_buckets, zero_filled};
pub use datum::{Datum, Number};
pub use error::{Deletion, QueryError, SpanStore, SpanWriter};
pub use filter::{Comparison, Field, Filter, How, Scalar, Test, TextOp, TextTest};
pub use find::{
    Find, FindGroups, FindKeys, FindSpans, FindTrace, FindTraces, GroupBy, GroupOrder, GroupOrderBy,
    KeyPlace, Measure, SpanOrderBy, TraceOrderBy,
};
pub use judge::{Compiled, JudgedTest, Node, TraceFacts, folded};
pub use order::{Direction, Key, Order, Position};
pub use page::{Begin, Cut, Page, cut};
pub use query::{Limits, Select, SpanQuery};
pub use sketch::Sketch;
pub use span::FoundSpan;
pub use text::text;
pub use trace_id::TraceId;
