//! What a pipeline keeps on disk, when one of its exporters names a storage.
//!
//! ```text
//! <directory>/<pipeline, `/` as `%2F`>/
//!     lock               held by the process that works here
//!     journal/           every request, until each exporter has settled it
//!     retry/<exporter>/  records that kept failing while others were delivered: tried again slowly
//!     dead/<exporter>/   records that their destination will never take
//!     requests/          what `spanway journal` asks of the process that works here, and its answers
//! ```
//!
//! Promise: a request is acknowledged when its record is durable, and what was acknowledged is in one of the three until
//! it was delivered, was refused by a `partial_success`, or expired because the user wrote a `max_elapsed_time`. Moving
//! a record is appending it there before settling it here, so that a crash in between repeats it.

mod aside;
pub mod envelope;
mod feed;
mod intake;
mod readers;
pub mod requests;
mod store;
#[cfg(test)]
mod tests;

pub use aside::{Aside, KEPT, Place};
pub use feed::{Feed, Held, Pulled};
pub use intake::{Rooms, Shelf};
pub use readers::{Manner, PARKED, Readers};
pub use store::{Orphan, Store, folder, id_of, orphans, pipelines};
