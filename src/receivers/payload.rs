//! What receivers share that read requests from where they lie: from bytes to spans, paid for.

use bytes::Bytes;

use crate::net::buffer::PaidBuffer;
use crate::pipeline::budget::Budget;
use crate::wire::{Checked, Traces, json};

/// JSON in memory is a tree of about so many times its length, and then protobuf.
const JSON_TREE: usize = 4;

/// Why a payload was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is not what its encoding says.
    Poison(String),
    /// There is no memory for it now.
    NoRoom,
}

/// Reads protobuf.
pub fn from_protobuf(payload: Bytes) -> Result<Checked, Unread> {
    Traces::check(payload).map_err(|malformed| Unread::Poison(malformed.to_string()))
}

/// Reads JSON; what that needs is paid for beforehand.
pub fn from_json(payload: &[u8], budget: &Budget) -> Result<Checked, Unread> {
    let wanted = payload.len().saturating_mul(JSON_TREE);
    let limit = budget.limit();
    if wanted > limit {
        let reason = format!("its JSON needs {wanted} bytes of a memory budget of {limit}");
        return Err(Unread::Poison(reason));
    }
    let tree = budget.reserve(wanted);
    let tree = tree.map_err(|_| Unread::NoRoom)?;
    let bytes = json::to_protobuf(payload).map_err(|malformed| Unread::Poison(malformed.to_string()))?;
    let buffer = PaidBuffer::adopt(bytes, tree, usize::MAX).map_err(|_| Unread::NoRoom)?;
    from_protobuf(buffer.into_bytes())
}
