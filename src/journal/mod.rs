//! The append-only log on disk: what was appended is durable, and stays until every cursor has settled it.
//!
//! It knows bytes, numbers and weights, nothing of spans. Records are appended from anywhere and committed in groups by
//! one thread, one write and one sync a group. Each cursor reads all records in the order of their commit and settles
//! them in any order. Segments that all cursors have passed are deleted whole.
//!
//! # Files
//!
//! ```text
//! <directory>/
//!   00000000000000000000.log   sealed: takes no more records
//!   00000000000000004711.log   the newest; its name is the number of its first record
//!   cursors.log                the register: where each cursor is, what owners counted, what sealed segments hold
//!   spare-1                    the file of a passed segment, kept to be written over by a new one
//!   cursors.tmp, probe         there for a moment only: a register being written anew, a try whether there is room
//!   damaged/                   segments that could not all be read; moved here instead of being deleted
//!
//! segment   | magic, version, first number, CRC | record | record | ...                        `segment`
//! record    | CRC | CRC of the rest, lengths, weight, number, time | head | body |             `record`
//! register  | magic, version, length of the first frames, CRC | frame | frame | ...            `register`
//! frame     | CRC | length | a cursor, a segment, the owner's counts, ... |                      `frame`
//! ```
//!
//! Behind the last record of the newest segment may lie zeros, or records of a file that is written over: their numbers are
//! below the segment's own, and they do not count. To write over what is there costs the file system no blocks, and a
//! sync no more than the bytes.
//!
//! Formats carry a version: older ones are read, newer ones refused, and so left alone.
//!
//! # Invariants
//!
//! - Numbers are given in the order of commit. Those of one segment have no gap; between segments there may be one.
//! - A group is answered after its sync; the next begins after that. What a failed write or sync left behind is never
//!   given out while the process lives: its segment is sealed where the last answered record ends, the next segment
//!   begins with the same number, and on opening nothing of a segment counts from where the next one begins.
//! - A cursor is a mark and the ranges settled above it. Its owner's counts are written in the same frame, as
//!   of the same moment; so a note never knows of a settlement that the marks do not, nor the other way round.
//! - A new cursor is durable before it is used, in a register written anew in the place of the old. A torn end of the
//!   register costs settlements, never a cursor.
//! - A segment is deleted when no cursor needs it, and, if the disk lets that be written, after this is durable. While it
//!   is not known which cursors there are, nothing is.
//! - The state has one lock, never held during I/O; the writer has another, taken first.
//!
//! # Recovery
//!
//! The register is read up to its first unsound frame. Segments that it knows are believed; others are counted by their
//! headers, the newest by its content: it ends with its last sound record. A record that is unsound with a sound one
//! behind it, or that the register knows to have been committed, counts as damaged: readers step over it, and its weight is told to the accounts as lost. Where headers are
//! gone, the numbers tell how many records are missing, and they share what the segment is known to have held
//! (`missing`). A damaged segment header costs nothing, for the name says the number. Then the newest segment is synced,
//! and the register is written anew. Unless the journal was closed in order, unsettled records that lie within
//! `again_bytes` of a cursor's mark say that they may have been given out before.
//!
//! # What can be lost, and when
//!
//! Of records that were answered with success:
//!
//! | event | records | settlements, which then come again |
//! |---|---|---|
//! | closed in order | none | none |
//! | `kill -9`, panic | none | of the last 20 ms |
//! | power loss, `sync` | none | since a segment was last deleted or the register written anew |
//! | power loss without `sync` | what the system had not written, usually 30 s | likewise |
//! | bit rot in a segment | those it hits | none |
//! | bit rot in the register | none | those behind the damage |
//! | the register is lost | none | all: each cursor begins where the journal begins |
//! | disk full, read-only or failing | none | what could not be written, after a crash |
//!
//! - While the disk fails, appends are refused, and tried again every 500 ms; cursors read on. Segments that all have
//!   passed are deleted even if the register cannot be written, or a full disk might stay full.
//! - Where the register could not be written since opening, records given out meanwhile do not say so after a crash.
//! - Damaged records are told as lost, and their file is kept; at the very end of an unclean journal, where damage looks
//!   like a torn write, the file is kept, but how much is lost is not known.
//! - A segment that cannot be read fails the opening, or is tried again by its readers. Moving the file away gives its
//!   records up; numbers without a file are stepped over.
//! - A record that was refused, or whose process ended before the answer, may be there after a restart: at least once.
//!
//! # What is bounded by what
//!
//! | what | bound |
//! |---|---|
//! | bytes of segments | [`Space`], where each record has its [`Room`]; 32 bytes a segment come on top |
//! | spare files, and what lies behind the last record | not by `Space`; `spares` files and the rest of one segment |
//! | `damaged/`, and the register | not by `Space`; the register is written anew at eight times what it must hold |
//! | a segment | `segment_bytes`, or an eighth of the budget, and one group on top |
//! | a group | 32 MiB or a segment, at least one record |
//! | a record | 1 GiB |
//! | newest records in memory | `tail_bytes` |
//! | one reading | the bytes asked for and one record; each cursor holds a chunk of 1 MiB beside it |
//! | records that wait to be committed | by whoever appends: [`Journal::waiting_bytes`] |
//! | ranges settled above a mark | by whoever reads, with a window |

pub mod account;
mod commit;
mod cursor;
pub mod disk;
mod frame;
mod group;
pub mod inspect;
#[expect(clippy::module_inception, reason = "the room's main type has its name")]
mod journal;
mod keep;
mod lock;
mod log;
mod marks;
mod missing;
#[cfg(any(test, fuzzing))]
pub mod oracle;
mod place;
mod record;
mod recover;
mod register;
mod scan;
mod segment;
mod space;
mod spares;
mod state;
mod survey;
mod tail;
#[cfg(test)]
mod tests;

pub use account::{Account, Observer, Uncounted};
pub use cursor::Cursor;
pub use group::Waiter;
pub use journal::{FoundCursor, Journal};
pub use lock::{DirectoryLock, LockError};
pub use log::{CommitError, Options};
pub use place::Amount;
pub use record::{Entry, Item, Memo};
pub use recover::OpenError;
pub use space::{NoRoom, Room, Space};
pub use state::Taken;
