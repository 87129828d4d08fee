//! A segment: spans in a file that never changes. This is a plain form of it: all spans, one after the other.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};

use crate::query::model::FoundSpan;
use crate::wire::Identity;

const BLOCK: usize = 2048;

/// A segment, open.
pub struct Segment {
    id: u64,
    bytes: u64,
    summary: Summary,
    spans: Vec<(Identity, FoundSpan)>,
}

/// What is in a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Rows.
    pub rows: u64,
    /// The earliest start.
    pub min_start: u64,
    /// The latest start.
    pub max_start: u64,
    /// The lowest insertion number.
    pub min_number: u64,
    /// The highest insertion number.
    pub max_number: u64,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Bytes of the file.
    pub bytes: u64,
    /// What is in it.
    pub summary: Summary,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// The trace.
    TraceId,
    /// The span.
    SpanId,
}

/// A column of a block.
pub struct Page(Vec<Vec<u8>>);

/// An attribute with a column of its own.
#[derive(Clone, Debug)]
pub struct Hot;

/// Why a segment cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {reason}", path.display())]
pub struct SegmentError {
    path: PathBuf,
    reason: String,
}

/// A segment that is being written.
pub struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    crc: u32,
    summary: Summary,
}

impl Writer {
    /// Begins one.
    pub fn create(path: &Path, _hot: Vec<Hot>) -> Result<Self, SegmentError> {
        let file = File::create_new(path).map_err(|error| failed(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            crc: 0,
            summary: Summary::default(),
        })
    }

    /// Adds a span.
    pub fn push(&mut self, span: &FoundSpan) -> Result<(), SegmentError> {
        let mut out = Vec::new();
        out.put_u64_le(span.number);
        for piece in [span.project.as_bytes(), &span.resource, &span.scope, &span.span] {
            out.put_u32_le(piece.len() as u32);
            out.put_slice(piece);
        }
        self.summary.add(span.number, Identity::of(&span.span).start);
        self.crc = crc32c::crc32c_append(self.crc, &out);
        self.file
            .write_all(&out)
            .map_err(|error| failed(&self.path, error))
    }

    /// Ends it; it is durable.
    pub fn finish(mut self) -> Result<Written, SegmentError> {
        let path = self.path.clone();
        let mut end = || {
            self.file.write_all(&self.crc.to_le_bytes())?;
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            self.file.get_ref().metadata()
        };
        let bytes = end().map_err(|error| failed(&path, error))?.len();
        let summary = self.summary;
        Ok(Written { bytes, summary })
    }
}

impl Summary {
    fn add(&mut self, number: u64, start: u64) {
        if self.rows == 0 {
            (self.min_start, self.max_start) = (start, start);
            (self.min_number, self.max_number) = (number, number);
        }
        self.rows += 1;
        self.min_start = self.min_start.min(start);
        self.max_start = self.max_start.max(start);
        self.min_number = self.min_number.min(number);
        self.max_number = self.max_number.max(number);
    }
}

impl Segment {
    /// Opens the file of a segment.
    pub fn open(path: &Path, id: u64) -> Result<Self, SegmentError> {
        let mut all = Bytes::from(std::fs::read(path).map_err(|error| failed(path, error))?);
        let bytes = all.len() as u64;
        let broken = || failed(path, "broken");
        let crc = all
            .split_off(all.len().checked_sub(4).ok_or_else(broken)?)
            .get_u32_le();
        if crc32c::crc32c(&all) != crc {
            return Err(broken());
        }
        let (mut spans, mut summary) = (Vec::new(), Summary::default());
        while !all.is_empty() {
            let number = all.try_get_u64_le().map_err(|_| broken())?;
            let mut piece = || {
                let len = all.try_get_u32_le().unwrap_or(0) as usize;
                all.split_to(len.min(all.len()))
            };
            let project = Arc::from(String::from_utf8_lossy(&piece()));
            let (resource, scope, span) = (piece(), piece(), piece());
            let identity = Identity::of(&span);
            summary.add(number, identity.start);
            let found = FoundSpan {
                number,
                project,
                resource,
                scope,
                span,
            };
            spans.push((identity, found));
        }
        Ok(Self {
            id,
            bytes,
            summary,
            spans,
        })
    }

    /// Its id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Bytes of its file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is in it.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// How many blocks.
    pub fn blocks(&self) -> usize {
        self.spans.len().div_ceil(BLOCK)
    }

    /// Rows of a block.
    pub fn rows(&self, block: usize) -> usize {
        self.block(block).len()
    }

    /// Blocks that may hold spans of a trace.
    pub fn blocks_of_trace(&self, trace: &[u8; 16]) -> Result<Range<usize>, SegmentError> {
        let at = |(id, _): &(Identity, FoundSpan)| id.trace_id == *trace;
        match (self.spans.iter().position(at), self.spans.iter().rposition(at)) {
            (Some(first), Some(last)) => Ok(first / BLOCK..last / BLOCK + 1),
            _ => Ok(0..0),
        }
    }

    /// Whether a span may be here.
    pub fn may_hold_span(&self, span: &[u8; 8]) -> Result<bool, SegmentError> {
        Ok(self.spans.iter().any(|(id, _)| id.span_id == *span))
    }

    /// A column of a block.
    pub fn page(&self, block: usize, column: Column) -> Result<Page, SegmentError> {
        let ids = self.block(block).iter().map(|(id, _)| match column {
            Column::TraceId => id.trace_id.to_vec(),
            Column::SpanId => id.span_id.to_vec(),
        });
        Ok(Page(ids.collect()))
    }

    /// Rows of a block.
    pub fn spans(&self, block: usize, rows: &[u32]) -> Result<Vec<FoundSpan>, SegmentError> {
        let block = self.block(block);
        let found = rows.iter().filter_map(|row| block.get(*row as usize));
        Ok(found.map(|(_, span)| span.clone()).collect())
    }

    fn block(&self, block: usize) -> &[(Identity, FoundSpan)] {
        self.spans.chunks(BLOCK).nth(block).unwrap_or_default()
    }
}

impl Page {
    /// The id of a row.
    pub fn id<const WIDTH: usize>(&self, row: usize) -> [u8; WIDTH] {
        let id = self.0.get(row).and_then(|id| id.first_chunk().copied());
        id.unwrap_or([0; WIDTH])
    }
}

fn failed(path: &Path, reason: impl ToString) -> SegmentError {
    SegmentError {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
