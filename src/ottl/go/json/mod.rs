//! Values as JSON and back, as the Collector's JSON library has them.
//!
//! Promise: work and depth are bounded; what is written is read again as the same value, but for numbers, which are all
//! read as floating point, and for bytes, times and the like, which are texts there.

mod read;
mod write;

pub use read::parse_json;
pub use write::json_text;

/// How deep lists and maps may be nested: so deep a value passes the check of whoever receives it.
const MAX_DEPTH: u32 = 30;
