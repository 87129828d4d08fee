//! What a segment knows about itself: where each page lies, and what lets a query skip it.
//!
//! It lies in the file between the last row group and Parquet's footer, where other readers do not look:
//!
//! ```text
//! index     protobuf, compressed with zstd
//! trailer   length of the index (4), CRC32C of it (4), "SPANWAY1" (8)
//! ```

use std::collections::BTreeMap;

use super::columns::{Hot, Kind};

/// The newest version that this program reads and the one that it writes.
pub const VERSION: u32 = 1;

/// The end of the trailer.
pub const MAGIC: &[u8; 8] = b"SPANWAY1";

/// Bytes of the trailer.
pub const TRAILER: usize = 16;

/// The index as it is in the file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Index {
    /// See [`VERSION`].
    #[prost(uint32, tag = "1")]
    pub version: u32,
    /// The attributes that have columns of their own.
    #[prost(message, repeated, tag = "2")]
    pub hot: Vec<HotEntry>,
    /// The row groups, in order.
    #[prost(message, repeated, tag = "3")]
    pub groups: Vec<Group>,
    /// The filter of all trace ids.
    #[prost(message, optional, tag = "4")]
    pub traces: Option<Extent>,
    /// The filter of all span ids.
    #[prost(message, optional, tag = "5")]
    pub spans: Option<Extent>,
    /// What is in the segment.
    #[prost(message, optional, tag = "6")]
    pub summary: Option<SummaryEntry>,
}

/// An attribute with a column of its own.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HotEntry {
    /// Its key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The name of its kind.
    #[prost(string, tag = "2")]
    pub kind: String,
}

/// A stretch of the file.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Extent {
    /// Where it begins.
    #[prost(uint64, tag = "1")]
    pub at: u64,
    /// Bytes.
    #[prost(uint32, tag = "2")]
    pub len: u32,
}

/// A row group.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Group {
    /// The row behind each block, counted in the group.
    #[prost(uint32, repeated, tag = "1")]
    pub ends: Vec<u32>,
    /// The first trace id of each block, 16 bytes each.
    #[prost(bytes = "vec", tag = "2")]
    pub first_traces: Vec<u8>,
    /// The columns, in the order of the file.
    #[prost(message, repeated, tag = "3")]
    pub columns: Vec<Chunk>,
    /// The filters of the blocks' attributes lie one behind the other from here on.
    #[prost(uint64, tag = "4")]
    pub filters_at: u64,
    /// The length of each.
    #[prost(uint32, repeated, tag = "5")]
    pub filter_lens: Vec<u32>,
}

/// A column of a row group.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Chunk {
    /// Where it begins.
    #[prost(uint64, tag = "1")]
    pub at: u64,
    /// Bytes of its dictionary as it is in the file, page header not included; 0 when it has none.
    #[prost(uint32, tag = "2")]
    pub dictionary_len: u32,
    /// Where that lies, counted from `at`.
    #[prost(uint32, tag = "3")]
    pub dictionary_at: u32,
    /// Its bytes when they are decompressed.
    #[prost(uint32, tag = "4")]
    pub dictionary_raw: u32,
    /// Its values.
    #[prost(uint32, tag = "5")]
    pub dictionary_count: u32,
    /// Where the content of each block's page lies, counted from `at`.
    #[prost(uint32, repeated, tag = "6")]
    pub page_at: Vec<u32>,
    /// Bytes of it in the file.
    #[prost(uint32, repeated, tag = "7")]
    pub page_len: Vec<u32>,
    /// Its bytes when they are decompressed.
    #[prost(uint32, repeated, tag = "8")]
    pub page_raw: Vec<u32>,
}

/// What is in a segment, as it is in the file.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SummaryEntry {
    /// Rows.
    #[prost(uint64, tag = "1")]
    pub rows: u64,
    /// The earliest start, nanoseconds since 1970.
    #[prost(uint64, tag = "2")]
    pub min_start: u64,
    /// The latest start.
    #[prost(uint64, tag = "3")]
    pub max_start: u64,
    /// The latest end.
    #[prost(uint64, tag = "4")]
    pub max_end: u64,
    /// The lowest insertion number.
    #[prost(uint64, tag = "5")]
    pub min_number: u64,
    /// The highest.
    #[prost(uint64, tag = "6")]
    pub max_number: u64,
    /// Spans of each project.
    #[prost(btree_map = "string, uint64", tag = "7")]
    pub projects: BTreeMap<String, u64>,
    /// Operations, by service.
    #[prost(message, repeated, tag = "8")]
    pub operations: Vec<OperationEntry>,
    /// Spans with each attribute.
    #[prost(btree_map = "string, uint64", tag = "9")]
    pub attributes: BTreeMap<String, u64>,
    /// Spans with each attribute of the resource.
    #[prost(btree_map = "string, uint64", tag = "10")]
    pub resource_attributes: BTreeMap<String, u64>,
    /// Distinct traces.
    #[prost(uint64, tag = "11")]
    pub traces: u64,
    /// There were too many operations or attributes to list them all.
    #[prost(bool, tag = "12")]
    pub is_partial: bool,
    /// Keys that stand among the attributes without a column of their own.
    #[prost(string, repeated, tag = "13")]
    pub others: Vec<String>,
}

/// Spans of a service with a name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperationEntry {
    /// The service; none when the spans have none.
    #[prost(string, optional, tag = "1")]
    pub service: Option<String>,
    /// The name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// How many.
    #[prost(uint64, tag = "3")]
    pub spans: u64,
}

// === impl HotEntry ===

impl From<&Hot> for HotEntry {
    fn from(hot: &Hot) -> Self {
        Self {
            key: hot.key.clone(),
            kind: hot.kind.name().to_owned(),
        }
    }
}

impl HotEntry {
    /// The attribute; none when its kind is not known or has no columns.
    pub fn hot(&self) -> Option<Hot> {
        let kind = Kind::named(self.kind.as_bytes()).filter(|kind| kind.may_be_hot())?;
        Some(Hot {
            key: self.key.clone(),
            kind,
        })
    }
}
