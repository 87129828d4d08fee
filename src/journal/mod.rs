//! The append-only log on disk: what was appended is durable, and stays until every cursor has settled it.
pub mod account;
mod commit;
mod cursor;
pub mod disk;
mod frame;
#[expect(clippy::module_inception, reason = "the room's main type has its name")]
mod journal;
mod keep;
mod lock;
mod log;
mod marks;
mod missing;
#[cfg(any(test, fuzzing))]
pub mod oracle;
mod record;
mod recover;
mod register;
mod scan;
mod segment;
mod space;
mod state;
mod survey;
mod tail;
#[cfg(test)]
mod tests;

pub use account::{Account, Observer, Uncounted};
pub use cursor::Cursor;
pub use journal::{FoundCursor, Journal, Waiter};
pub use lock::{DirectoryLock, LockError};
pub use log::{CommitError, Options};
pub use record::{Entry, Item, Memo};
pub use recover::OpenError;
pub use space::{NoRoom, Room, Space};
pub use state::{Amount, Taken};
