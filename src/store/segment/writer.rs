//! Writes a segment, span by span.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use prost::Message as _;

use super::columns::{self, Column, Form, Hot, Shape};
use super::encode::{Encoder, Gathered, Rows};
use super::gather::{Gather, Own};
use super::index::{Extent, Group, Index, MAGIC, VERSION};
use super::marks::{Filters, attribute_hashes};
use super::summary::{Counting, Summary};
use crate::query::model::FoundSpan;
use crate::store::format::bloom;

/// Rows of a block: what one question for a span has to decode.
pub(super) const BLOCK_ROWS: usize = 2048;

/// A block ends at so many bytes of spans, so that none is much larger for long attributes.
const BLOCK_BYTES: usize = 2 << 20;

/// Rows of a row group.
const GROUP_ROWS: usize = 131_072;

/// A row group ends at so many bytes of spans, which lie in memory until then.
const GROUP_BYTES: usize = 64 << 20;

/// Bits of the blocks' filters for each attribute; one question in forty is answered "maybe" in vain.
const ATTRIBUTE_BITS: usize = 8;

/// A segment could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct WriteError {
    path: PathBuf,
    #[source]
    cause: ParquetError,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// Bytes of the file.
    pub bytes: u64,
    /// What is in it.
    pub summary: Summary,
}

/// A segment that is being written.
pub struct Writer {
    path: PathBuf,
    hot: Vec<Hot>,
    file: SerializedFileWriter<BufWriter<File>>,
    gather: Gather,
    encoder: Encoder,
    /// The row behind each block of the row group.
    ends: Vec<u32>,
    block_bytes: usize,
    group_bytes: usize,
    groups: Vec<Group>,
    filters: Filters,
    counting: Counting,
}

// === impl Writer ===

impl Writer {
    /// Begins a segment whose spans are to be pushed in the order of trace id, start and insertion number.
    pub fn create(path: &Path, hot: Vec<Hot>) -> Result<Self, WriteError> {
        let start = || -> Result<_, ParquetError> {
            let properties = WriterProperties::builder()
                .set_created_by(concat!("spanway ", env!("CARGO_PKG_VERSION")).into())
                .set_statistics_enabled(EnabledStatistics::Chunk)
                .set_offset_index_disabled(true)
                .build();
            let sink = BufWriter::with_capacity(1 << 18, File::create_new(path)?);
            let file = SerializedFileWriter::new(sink, columns::schema(&hot)?, Arc::new(properties))?;
            Ok((file, Encoder::new()?))
        };
        let (file, encoder) = start().map_err(|cause| WriteError {
            path: path.to_owned(),
            cause,
        })?;
        Ok(Self {
            path: path.to_owned(),
            gather: Gather::new(&hot),
            hot,
            file,
            encoder,
            ends: Vec::new(),
            block_bytes: 0,
            group_bytes: 0,
            groups: Vec::new(),
            filters: Filters::default(),
            counting: Counting::default(),
        })
    }

    /// Adds a span.
    pub fn push(&mut self, span: &FoundSpan) -> Result<(), WriteError> {
        self.gather.push(span);
        self.block_bytes += span.span.len();
        self.group_bytes += span.span.len();
        let begun = self.ends.last().copied().unwrap_or_default() as usize;
        if self.gather.rows - begun >= BLOCK_ROWS || self.block_bytes >= BLOCK_BYTES {
            self.end_block();
        }
        if self.gather.rows >= GROUP_ROWS || self.group_bytes >= GROUP_BYTES {
            self.end_group().map_err(|cause| self.error(cause))?;
        }
        Ok(())
    }

    /// Ends the segment; it is durable, under the name that it was begun with.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        self.finish_file().map_err(|cause| self.error(cause))
    }

    fn error(&self, cause: ParquetError) -> WriteError {
        let path = self.path.clone();
        WriteError { path, cause }
    }

    fn finish_file(&mut self) -> Result<Written, ParquetError> {
        self.end_group()?;
        let summary = std::mem::take(&mut self.counting).finish();
        let traces = self.filters.traces.iter().copied();
        let traces = write_filter(&mut self.file, traces, Filters::TRACE_BITS)?;
        let spans = self.filters.spans.iter().copied();
        let spans = write_filter(&mut self.file, spans, Filters::SPAN_BITS)?;
        let index = Index {
            version: VERSION,
            hot: self.hot.iter().map(Into::into).collect(),
            groups: std::mem::take(&mut self.groups),
            traces: Some(traces),
            spans: Some(spans),
            summary: Some((&summary).into()),
        };
        let packed = zstd::bulk::compress(&index.encode_to_vec(), 3)?;
        self.file.write_all(&packed)?;
        let len = u32::try_from(packed.len())?;
        self.file.write_all(&len.to_le_bytes())?;
        self.file.write_all(&crc32c::crc32c(&packed).to_le_bytes())?;
        self.file.write_all(MAGIC)?;
        self.file.finish()?;
        // The footer went through the buffer, which is empty now.
        let file = self.file.inner().get_ref();
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        Ok(Written { bytes, summary })
    }

    fn end_block(&mut self) {
        self.ends.push(self.gather.rows as u32);
        self.block_bytes = 0;
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.ends.last().map_or(0, |end| *end as usize) < self.gather.rows {
            self.end_block();
        }
        if self.gather.rows == 0 {
            return Ok(());
        }
        self.filters.add(&self.gather);
        self.counting.add(&self.gather, &self.hot);
        let mut group = self.write_columns()?;
        self.write_filters(&mut group)?;
        self.groups.push(group);
        self.gather = Gather::new(&self.hot);
        self.ends.clear();
        self.group_bytes = 0;
        Ok(())
    }

    fn write_columns(&mut self) -> Result<Group, ParquetError> {
        let mut group = Group {
            ends: self.ends.clone(),
            ..Group::default()
        };
        let first_of = |block: usize| match block.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(0, |end| *end as usize),
            None => 0,
        };
        for block in 0..self.ends.len() {
            let at = first_of(block) * 16;
            let first = self.gather.trace_ids.get(at..at + 16).unwrap_or_default();
            group.first_traces.extend_from_slice(first);
        }
        let mut at = self.file.bytes_written() as u64;
        let descriptors = self.file.schema_descr().columns().to_vec();
        let mut row_group = self.file.next_row_group()?;
        for (column, descriptor) in columns::all(&self.hot).zip(&descriptors) {
            let gathered = self.gather.column(column, &self.hot);
            let rows = match column.shape() {
                Shape::Required => Rows::Each,
                Shape::Optional => Rows::Optional,
                Shape::List => Rows::Lists(&self.gather.other_ends),
            };
            let statistics = statistics(&gathered);
            let encoded = self
                .encoder
                .encode(&gathered, rows, &self.ends, descriptor, statistics)?;
            let mut chunk = encoded.chunk;
            chunk.at = at;
            at += encoded.bytes.len() as u64;
            row_group.append_column(&encoded.bytes, encoded.close)?;
            group.columns.push(chunk);
        }
        row_group.close()?;
        Ok(group)
    }

    /// Writes the filters of the blocks' attributes behind a row group.
    fn write_filters(&mut self, group: &mut Group) -> Result<(), ParquetError> {
        group.filters_at = self.file.bytes_written() as u64;
        let mut filter = Vec::new();
        let mut first = 0;
        for end in &self.ends {
            let rows = first as usize..*end as usize;
            let hashes = attribute_hashes(&self.gather, &self.hot, group, rows);
            filter.clear();
            bloom::build(hashes.iter().copied(), ATTRIBUTE_BITS, &mut filter);
            self.file.write_all(&filter)?;
            group.filter_lens.push(u32::try_from(filter.len())?);
            first = *end;
        }
        Ok(())
    }
}

fn write_filter(
    file: &mut SerializedFileWriter<BufWriter<File>>,
    hashes: impl ExactSizeIterator<Item = u64>,
    bits: usize,
) -> Result<Extent, ParquetError> {
    let at = file.bytes_written() as u64;
    let mut filter = Vec::new();
    bloom::build(hashes, bits, &mut filter);
    file.write_all(&filter)?;
    let len = u32::try_from(filter.len())?;
    Ok(Extent { at, len })
}

/// The least and the greatest of numbers, with which other readers skip row groups.
fn statistics(column: &Gathered<'_>) -> Option<Statistics> {
    let Gathered::Longs(values) = column else {
        return None;
    };
    let (least, greatest) = (values.iter().min()?, values.iter().max()?);
    Some(Statistics::int64(
        Some(*least),
        Some(*greatest),
        None,
        Some(0),
        false,
    ))
}

// === impl Gather, as columns ===

impl Gather {
    /// A column as it was gathered.
    fn column(&self, column: Column, hot: &[Hot]) -> Gathered<'_> {
        let width = match column.form(hot) {
            Form::Bin { width } => width,
            _ => None,
        };
        let bin = match column {
            Column::Number => return Gathered::Longs(&self.number),
            Column::TraceId => return Gathered::Ids(&self.trace_ids, None, 16),
            Column::SpanId => return Gathered::Ids(&self.span_ids, None, 8),
            Column::ParentSpanId => return Gathered::Ids(&self.parents, Some(&self.has_parent), 8),
            Column::Start => return Gathered::Longs(&self.start),
            Column::Duration => return Gathered::Longs(&self.duration),
            Column::Project => &self.project,
            Column::TraceState => &self.trace_state,
            Column::Flags => &self.flags,
            Column::Name => &self.name,
            Column::Kind => &self.kind,
            Column::StatusCode => &self.status_code,
            Column::StatusMessage => &self.status_message,
            Column::Service => &self.service,
            Column::Resource => &self.resource,
            Column::ScopeName => &self.scope_name,
            Column::Scope => &self.scope,
            Column::DroppedAttributes => &self.dropped_attributes,
            Column::Events => &self.events,
            Column::DroppedEvents => &self.dropped_events,
            Column::Links => &self.links,
            Column::DroppedLinks => &self.dropped_links,
            Column::Explicit => &self.explicit,
            Column::Order => &self.order,
            Column::Raw => &self.raw,
            Column::OtherKey => &self.other_key,
            Column::OtherKind => &self.other_kind,
            Column::OtherValue => &self.other_value,
            Column::Attribute(number) => match self.own.get(usize::from(number)) {
                Some(Own::Bin(bin)) => bin,
                Some(Own::Bools(values, present)) => return Gathered::Bools(values, present),
                None => return Gathered::Longs(&[]),
            },
        };
        Gathered::Bin(bin, width)
    }
}
