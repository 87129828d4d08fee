//! A segment that is read.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::Message as _;
use zstd::bulk::Decompressor;

use super::cache::Cache;
use super::columns::{self, Column, Hot};
use super::index::{Chunk, Extent, Group, Index, MAGIC, TRAILER, VERSION};
use super::marks;
use super::page::{Page, Texts};
use super::summary::Summary;
use super::writer::BLOCK_ROWS;
use crate::query::model::TraceId;
use crate::store::format::{Broken, bloom};

/// No index is longer, so that a damaged length cannot ask for all the memory there is.
const LONGEST_INDEX: u64 = 1 << 28;

/// No page is longer, for the same reason.
const LONGEST_PAGE: u32 = 1 << 30;

/// Nothing that zstd compressed becomes so many times larger: a block of it has four bytes at least and holds 128 KiB at most.
const MOST_GROWTH: u64 = 1 << 15;

/// A segment, open to be read from many threads.
pub struct Segment {
    id: u64,
    path: PathBuf,
    file: File,
    bytes: u64,
    hot: Vec<Hot>,
    groups: Vec<Group>,
    blocks: Vec<Block>,
    traces: Extent,
    spans: Extent,
    summary: Summary,
    cache: Arc<Cache>,
}

/// A block by its group.
#[derive(Clone, Copy)]
struct Block {
    group: usize,
    number: usize,
    rows: usize,
    first: [u8; 16],
}

/// A segment cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct SegmentError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub cause: Cause,
}

/// What is wrong with a segment's file.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The disk does not give it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its content is not what was written.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A later version of this program wrote it.
    #[error("the segment has version {0}, this program reads up to {VERSION}")]
    Newer(u32),
}

// === impl Segment ===

impl Segment {
    /// Opens the segment in a file.
    pub fn open(path: &Path, id: u64, cache: Arc<Cache>) -> Result<Self, SegmentError> {
        Self::read(path, id, cache).map_err(|cause| SegmentError {
            path: path.to_owned(),
            cause,
        })
    }

    fn read(path: &Path, id: u64, cache: Arc<Cache>) -> Result<Self, Cause> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let index = read_index(&file, bytes)?;
        if index.version > VERSION {
            return Err(Cause::Newer(index.version));
        }
        let hot: Option<Vec<Hot>> = index.hot.iter().map(|entry| entry.hot()).collect();
        let hot = hot.ok_or(Broken("an attribute's column is of no known kind"))?;
        let blocks = blocks_of(&index.groups, &hot)?;
        let summary = index.summary.ok_or(Broken("the index has no summary"))?;
        Ok(Self {
            id,
            path: path.to_owned(),
            file,
            bytes,
            hot,
            groups: index.groups,
            blocks,
            traces: index.traces.unwrap_or_default(),
            spans: index.spans.unwrap_or_default(),
            summary: summary.into(),
            cache,
        })
    }

    /// The same under the name that its file is about to have, for messages.
    pub fn named(mut self, path: PathBuf) -> Self {
        self.path = path;
        self
    }

    /// Its number in the store.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is in it.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The attributes that have columns of their own, by number.
    pub fn hot(&self) -> &[Hot] {
        &self.hot
    }

    /// How many blocks it has.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The rows of a block.
    pub fn rows(&self, block: usize) -> usize {
        self.blocks.get(block).map_or(0, |block| block.rows)
    }

    /// Blocks with the same number have the same dictionaries.
    pub fn group(&self, block: usize) -> usize {
        self.blocks.get(block).map_or(0, |block| block.group)
    }

    /// The blocks that may hold spans of a trace; none when the filter denies it.
    pub fn blocks_of_trace(&self, trace: &TraceId) -> Result<Range<usize>, SegmentError> {
        let trace = &trace.0;
        if !self.filter(self.traces, marks::of_id(trace))? {
            return Ok(0..0);
        }
        let end = self.blocks.partition_point(|block| block.first <= *trace);
        // A trace may begin in the block before the first one that begins with it.
        let start = self.blocks.partition_point(|block| block.first < *trace);
        Ok(start.saturating_sub(1)..end)
    }

    /// Whether a span of this id may be here.
    pub fn may_hold_span(&self, span: &[u8; 8]) -> Result<bool, SegmentError> {
        self.filter(self.spans, marks::of_id(span))
    }

    /// Whether a block may hold spans with this attribute and this text as its value. Only for attributes that
    /// [`Segment::is_filtered`] by this.
    pub fn may_hold_attribute(&self, block: usize, key: &str, text: &str) -> Result<bool, SegmentError> {
        let Some(place) = self.blocks.get(block) else {
            return Ok(false);
        };
        let Some(group) = self.groups.get(place.group) else {
            return Ok(false);
        };
        let before: u64 = group
            .filter_lens
            .iter()
            .take(place.number)
            .map(|len| u64::from(*len))
            .sum();
        let len = group.filter_lens.get(place.number).copied().unwrap_or_default();
        let extent = Extent {
            at: group.filters_at + before,
            len,
        };
        self.filter(extent, marks::of_attribute(key.as_bytes(), text.as_bytes()))
    }

    /// Whether the blocks' filters know all values of a column: those with a dictionary are not in them.
    pub fn is_filtered(&self, block: usize, column: Column) -> bool {
        let Column::Attribute(number) = column else {
            return true;
        };
        let hot = self.hot.get(usize::from(number));
        let has_dictionary = self
            .chunk(block, column)
            .is_none_or(|chunk| chunk.dictionary_len > 0);
        !has_dictionary && hot.is_some_and(|hot| marks::is_filtered(hot.kind))
    }

    /// The column of an attribute, when it has one of its own. Values of other kinds than the column's lie among those
    /// without a column, see [`Segment::has_others`].
    pub fn column_of(&self, key: &str) -> Option<(Column, columns::Kind)> {
        let number = self.hot.iter().position(|hot| hot.key == key)?;
        let kind = self.hot.get(number)?.kind;
        Some((Column::Attribute(u16::try_from(number).ok()?), kind))
    }

    /// Whether an attribute may stand among those without a column of their own.
    pub fn has_others(&self, key: &str) -> bool {
        let others = &self.summary.others;
        self.summary.is_partial || others.binary_search_by(|other| other.as_str().cmp(key)).is_ok()
    }

    /// One column of one block.
    pub fn page(&self, block: usize, column: Column) -> Result<Page, SegmentError> {
        self.read_page(block, column).map_err(|cause| self.error(cause))
    }

    fn read_page(&self, block: usize, column: Column) -> Result<Page, Cause> {
        let nothing = Broken("a page that is not there");
        let place = *self.blocks.get(block).ok_or(nothing)?;
        let chunk = self.chunk(block, column).ok_or(nothing)?;
        let of = |list: &[u32]| list.get(place.number).copied().ok_or(nothing);
        let (at, len, raw) = (of(&chunk.page_at)?, of(&chunk.page_len)?, of(&chunk.page_raw)?);
        let raw = self.inflated(chunk.at + u64::from(at), len, raw)?;
        let dictionary = match chunk.dictionary_len {
            0 => None,
            _ => Some(self.dictionary(place.group, column, chunk)?),
        };
        let form = column.form(&self.hot);
        Ok(Page::decode(raw, place.rows, column.shape(), form, dictionary)?)
    }

    fn dictionary(&self, group: usize, column: Column, chunk: &Chunk) -> Result<Arc<Texts>, Cause> {
        let key = (self.id, group as u32, column);
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let at = chunk.at + u64::from(chunk.dictionary_at);
        let raw = self.inflated(at, chunk.dictionary_len, chunk.dictionary_raw)?;
        let form = column.form(&self.hot);
        let texts = Texts::dictionary(raw, form, chunk.dictionary_count as usize)?;
        Ok(self.cache.put(key, Arc::new(texts)))
    }

    fn chunk(&self, block: usize, column: Column) -> Option<&Chunk> {
        let group = self.groups.get(self.blocks.get(block)?.group)?;
        group.columns.get(column.place())
    }

    fn inflated(&self, at: u64, len: u32, raw: u32) -> Result<Vec<u8>, Cause> {
        if len > LONGEST_PAGE || raw > LONGEST_PAGE {
            return Err(Broken("a page of more than 1 GiB").into());
        }
        if at.saturating_add(len.into()) > self.bytes || u64::from(raw) > u64::from(len) * MOST_GROWTH {
            return Err(Broken("a page is not where it should be, or not so long").into());
        }
        let mut packed = vec![0; len as usize];
        self.file.read_exact_at(&mut packed, at)?;
        let raw = inflate(&packed, raw as usize)?;
        Ok(raw)
    }

    fn filter(&self, filter: Extent, hash: u64) -> Result<bool, SegmentError> {
        let Some(place) = bloom::place(hash, filter.len as usize) else {
            return Ok(false);
        };
        let mut block = [0; bloom::BLOCK];
        let read = self
            .file
            .read_exact_at(&mut block, filter.at + place.start as u64);
        read.map_err(|error| self.error(error.into()))?;
        Ok(bloom::maybe(hash, &block))
    }

    pub(super) fn error(&self, cause: Cause) -> SegmentError {
        let path = self.path.clone();
        SegmentError { path, cause }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.cache.forget(self.id);
    }
}

thread_local! {
    /// To make one costs more than to decompress a page.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn inflate(packed: &[u8], raw: usize) -> Result<Vec<u8>, Cause> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        let inflated = decompressor.decompress(packed, raw);
        inflated.map_err(|_| Broken("a page cannot be decompressed").into())
    })
}

fn read_index(file: &File, bytes: u64) -> Result<Index, Cause> {
    let cut_off = Broken("not a whole segment");
    let mut footer = [0; 8];
    let footer_at = bytes.checked_sub(8).ok_or(cut_off)?;
    file.read_exact_at(&mut footer, footer_at)?;
    let [len @ .., b'P', b'A', b'R', b'1'] = footer else {
        return Err(cut_off.into());
    };
    let trailer_at = footer_at
        .checked_sub(u64::from(u32::from_le_bytes(len)) + TRAILER as u64)
        .ok_or(cut_off)?;
    let mut trailer = [0; TRAILER];
    file.read_exact_at(&mut trailer, trailer_at)?;
    let Some((trailer, magic)) = trailer.split_last_chunk::<8>() else {
        return Err(cut_off.into());
    };
    let (Some(len), Some(crc)) = (trailer.first_chunk(), trailer.last_chunk()) else {
        return Err(cut_off.into());
    };
    let len = u64::from(u32::from_le_bytes(*len));
    if magic != MAGIC || len > LONGEST_INDEX || len > trailer_at {
        return Err(Broken("a Parquet file, but not a segment").into());
    }
    let mut packed = vec![0; len as usize];
    file.read_exact_at(&mut packed, trailer_at - len)?;
    if crc32c::crc32c(&packed) != u32::from_le_bytes(*crc) {
        return Err(Broken("the index is damaged").into());
    }
    let damaged = |_| Broken("the index is damaged");
    let size = zstd::zstd_safe::get_frame_content_size(&packed).ok().flatten();
    let size = size
        .filter(|size| *size <= LONGEST_INDEX.min(len * MOST_GROWTH))
        .ok_or(Broken("the index is damaged"))?;
    let raw = zstd::bulk::decompress(&packed, size as usize).map_err(damaged)?;
    Index::decode(raw.as_slice()).map_err(|_| Broken("the index is damaged").into())
}

fn blocks_of(groups: &[Group], hot: &[Hot]) -> Result<Vec<Block>, Broken> {
    let columns = columns::all(hot).count();
    let mut blocks = Vec::new();
    for (group, entry) in groups.iter().enumerate() {
        let count = entry.ends.len();
        let is_whole = |chunk: &Chunk| {
            [&chunk.page_at, &chunk.page_len, &chunk.page_raw]
                .iter()
                .all(|list| list.len() == count)
        };
        let (firsts, _) = entry.first_traces.as_chunks::<16>();
        if entry.columns.len() != columns || !entry.columns.iter().all(is_whole) || firsts.len() != count {
            return Err(Broken("the index does not fit the columns"));
        }
        let mut start = 0;
        for (number, (end, first)) in entry.ends.iter().zip(firsts).enumerate() {
            let rows = end
                .checked_sub(start)
                .ok_or(Broken("a block of less than no rows"))? as usize;
            if rows > BLOCK_ROWS {
                return Err(Broken("a block of more rows than one has"));
            }
            blocks.push(Block {
                group,
                number,
                rows,
                first: *first,
            });
            start = *end;
        }
    }
    Ok(blocks)
}
