//! Segments: immutable Parquet files of spans, sorted by trace id, start and insertion number.
//!
//! ```text
//! row group      up to 131,072 rows: a dictionary and pages for each column, cut at the same rows (a block: 2,048)
//! filters        of the attributes of each block of it
//! ...            more row groups, each with its filters
//! filters        of the trace ids and of the span ids in the segment
//! index          where each page lies, the first trace of each block, what is in the segment
//! footer         Parquet's own
//! ```
//!
//! Any reader of Parquet reads the columns (`docs/store.md`); filters and index are ours. A page is read with one call,
//! without Parquet's headers, since the index says where it lies and what it becomes.
//!
//! Promises: a span comes back byte for byte, since a row that would not gives its span a copy in the column `raw`; the
//! filters never deny what is there; a file that was cut or whose index is damaged is refused when it is opened, and a
//! page with a turned bit when it is read.

mod bin;
mod cache;
mod columns;
mod encode;
mod gather;
mod hot;
mod index;
mod marks;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod oracle;
mod order;
mod page;
mod restore;
#[expect(clippy::module_inception, reason = "the room is named for what it holds")]
mod segment;
mod summary;
#[cfg(test)]
mod tests;
mod texts;
mod writer;

pub use cache::Cache;
pub use columns::{Column, Hot, Kind};
pub use hot::HotKeys;
pub use marks::{of_attribute, of_id};
pub use page::{Page, Texts};
pub use segment::{Cause, Segment, SegmentError};
pub use summary::Summary;
pub use texts::{cell_of, header_of};
pub use writer::{WriteError, Writer, Written};
