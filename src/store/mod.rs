//! The span store: keeps spans on disk, lossless, and shows them to queries from the moment they are acknowledged.
//!
//! A request goes into a journal of the store's own and then, in the order of commit, into the head in memory; only then
//! is it acknowledged. Rows of the head become immutable segments, which are merged, and expire whole.
//!
//! # Files
//!
//! ```text
//! <directory>/
//!   lock          held by the process that works here
//!   wal/          a journal (`journal`): every request, until its spans are in a segment
//!   segments/     <16 hex>.parquet, never changed; <16 hex>.new, being written
//!   state.redb    which segments there are, up to where the journal is in them, tombstones (`catalog`)
//!   damaged/      segments that could not be read when the store was opened
//!   foreign/      files in segments/ that the store knows nothing of
//! ```
//!
//! # Invariants
//!
//! - Each span of a request takes a number in the order of commit, duplicates too; so numbers follow from the order of
//!   records alone, and a replay gives the same.
//! - A record is in the head or below the sealed position; segments, the sealed position and the number that comes next
//!   change in one transaction. So replay is idempotent.
//! - A reader has one view of head, segments and tombstones: no span is in it twice or missing while a segment is written,
//!   merged or expires.
//! - A duplicate has the same project, trace id, span id and content as a span that is there and not deleted. It is
//!   found on append and not kept again. Hashes find candidates; bytes decide.
//! - A segment's file is complete and durable before it is registered, and deleted after it is no longer registered.
//!
//! # Recovery
//!
//! Opening the directory deletes files that were being written and are not registered, gives those that are registered
//! their name, moves unknown ones to `foreign/`, and unreadable ones to `damaged/`, with a log line each. Then
//! what the journal holds above the sealed position enters the head again; until that is done the store is not
//! [`ready`](Store::ready) and takes nothing.
//!
//! # What can be lost, and when
//!
//! | event | spans | |
//! |---|---|---|
//! | closed in order, `kill -9`, panic | none | |
//! | power loss without `fsync` | what the system had not written | numbers of later spans move down |
//! | bit rot in the journal | the records that it hits | likewise |
//! | a segment cannot be read | those in it | the file is kept in `damaged/` |
//! | `wal/` is deleted | those that no segment has | |
//! | `state.redb` is deleted | all; segments are kept in `foreign/` | |
//!
//! # What is bounded by what
//!
//! | what | bound |
//! |---|---|
//! | the head | three times `segment.max_spans` and `segment.max_bytes`, and one request; then requests are refused |
//! | the journal | [`Settings::wal_bytes`]; then requests are refused |
//! | segments | `retention`, by age and by bytes |

mod catalog;
mod compact;
mod core;
mod duplicates;
mod events;
mod fault;
pub mod format;
mod head;
mod open;
mod priority;
mod retention;
mod seal;
pub mod search;
pub mod segment;
mod settings;
#[expect(clippy::module_inception, reason = "the room's main type has its name")]
mod store;
#[cfg(test)]
mod tests;
mod tombstone;
mod view;
mod wal;
mod writer;

pub use events::{Event, Failing, Observer, Unobserved};
pub use head::{Above, PartView, Row, Sieve, Stretch};
pub use settings::{Memory, Retention, SegmentSettings, Settings, StoreError, Unbounded};
pub use store::{Size, Store};
pub use tombstone::Tombstone;
pub use view::View;
pub use wal::Appended;
pub use writer::Writer;
