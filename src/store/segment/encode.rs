//! Turns a gathered column into the pages of a Parquet column chunk.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::bin::{Bin, NULL};
use super::index::Chunk;
use crate::store::format::{delta, hybrid};

/// The level that costs least; higher ones make files little smaller.
const LEVEL: i32 = 1;

/// A dictionary is no longer than this, so that a query may load it for a single span.
const LONGEST_DICTIONARY: usize = 1 << 20;

/// Values on average longer than this are not worth a dictionary.
const LONG_VALUE: usize = 1 << 10;

/// A column that was gathered.
pub enum Gathered<'a> {
    /// Byte strings of any length, or of this width.
    Bin(&'a Bin, Option<usize>),
    /// Byte strings of one width, and which rows have one.
    Ids(&'a [u8], Option<&'a [bool]>, usize),
    /// Numbers.
    Longs(&'a [i64]),
    /// Truths, and which rows have one.
    Bools(&'a [bool], &'a [bool]),
}

/// How rows relate to the places of a column.
#[derive(Clone, Copy)]
pub enum Rows<'a> {
    /// Each has one.
    Each,
    /// Each has one, which may be without value.
    Optional,
    /// Each has those up to here, from where the one before ends.
    Lists(&'a [u32]),
}

/// A column chunk, ready to be written.
pub struct Encoded {
    /// Its bytes.
    pub bytes: Bytes,
    /// What Parquet's footer says of it.
    pub close: ColumnCloseResult,
    /// What our index says of it; `at` is still to be filled in.
    pub chunk: Chunk,
}

/// Encodes columns.
pub struct Encoder {
    compressor: Compressor<'static>,
    scratch: Scratch,
}

/// The content of a page before it is compressed, and what goes into it.
#[derive(Default)]
struct Scratch {
    raw: Vec<u8>,
    levels: Vec<u32>,
    codes: Vec<u32>,
}

/// One column chunk on its way.
struct Pages<'a> {
    sink: TrackedWrite<Vec<u8>>,
    compressor: &'a mut Compressor<'static>,
    chunk: Chunk,
    raw_bytes: usize,
    values: usize,
}

// === impl Encoder ===

impl Encoder {
    /// An encoder.
    pub fn new() -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        // Whoever reads the file is told when a bit has turned.
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self {
            compressor,
            scratch: Scratch::default(),
        })
    }

    /// Encodes a column whose blocks end at these rows.
    pub fn encode(
        &mut self,
        column: &Gathered<'_>,
        rows: Rows<'_>,
        ends: &[u32],
        descriptor: &ColumnDescPtr,
        statistics: Option<Statistics>,
    ) -> Result<Encoded, ParquetError> {
        let scratch = &mut self.scratch;
        let is_dictionary = matches!(column, Gathered::Bin(bin, _) if is_worth_a_dictionary(bin));
        let mut pages = Pages {
            sink: TrackedWrite::new(Vec::new()),
            compressor: &mut self.compressor,
            chunk: Chunk::default(),
            raw_bytes: 0,
            values: 0,
        };
        let mut width = 0;
        if let Gathered::Bin(bin, fixed) = column
            && is_dictionary
        {
            width = hybrid::width_of(bin.values().len().saturating_sub(1) as u32);
            scratch.raw.clear();
            let values = bin.values().iter();
            values.for_each(|value| put_plain(value, *fixed, &mut scratch.raw));
            pages.dictionary(&scratch.raw, bin.values().len())?;
        }
        let encoding = match column {
            Gathered::Longs(_) => Encoding::DELTA_BINARY_PACKED,
            _ if is_dictionary => Encoding::RLE_DICTIONARY,
            _ => Encoding::PLAIN,
        };
        let mut start = 0;
        for end in ends {
            let (first, last) = (start as usize, *end as usize);
            scratch.raw.clear();
            let (places, values) = scratch.levels(column, rows, first, last);
            scratch.values(column, places, is_dictionary.then_some(width));
            pages.page(&scratch.raw, values, encoding)?;
            start = *end;
        }
        let rows = ends.last().copied().unwrap_or_default();
        let (bytes, close, chunk) = pages.close(descriptor, encoding, rows, statistics)?;
        Ok(Encoded { bytes, close, chunk })
    }
}

// === impl Scratch ===

impl Scratch {
    /// Writes the levels of some rows; returns their places, and how many values Parquet counts.
    fn levels(
        &mut self,
        column: &Gathered<'_>,
        rows: Rows<'_>,
        first: usize,
        last: usize,
    ) -> (Range<usize>, usize) {
        match rows {
            Rows::Each => (first..last, last - first),
            Rows::Optional => {
                self.levels.clear();
                let present = (first..last).map(|row| u32::from(column.is_present(row)));
                self.levels.extend(present);
                put_levels(&self.levels, &mut self.raw);
                (first..last, last - first)
            }
            Rows::Lists(ends) => {
                let end_of = |row: usize| ends.get(row).copied().unwrap_or_default();
                let start_of = |row: usize| row.checked_sub(1).map_or(0, end_of);
                // Whether a value goes on with the list of the one before; then, whether it is one at all.
                self.levels.clear();
                for row in first..last {
                    let count = end_of(row) - start_of(row);
                    self.levels.push(0);
                    self.levels.extend((1..count).map(|_| 1));
                }
                put_levels(&self.levels, &mut self.raw);
                let values = self.levels.len();
                self.levels.clear();
                for row in first..last {
                    match end_of(row) - start_of(row) {
                        0 => self.levels.push(0),
                        count => self.levels.extend((0..count).map(|_| 1)),
                    }
                }
                put_levels(&self.levels, &mut self.raw);
                let places = match last.checked_sub(1) {
                    Some(row) => start_of(first) as usize..end_of(row) as usize,
                    None => 0..0,
                };
                (places, values)
            }
        }
    }

    fn values(&mut self, column: &Gathered<'_>, places: Range<usize>, width: Option<u32>) {
        match column {
            Gathered::Bin(bin, fixed) => {
                let codes = bin.codes().get(places).unwrap_or_default();
                let codes = codes.iter().copied().filter(|code| *code != NULL);
                match width {
                    Some(width) => {
                        self.codes.clear();
                        self.codes.extend(codes);
                        self.raw.push(width as u8);
                        hybrid::encode(&self.codes, width, &mut self.raw);
                    }
                    None => codes.for_each(|code| put_plain(bin.values().get(code), *fixed, &mut self.raw)),
                }
            }
            Gathered::Ids(ids, present, width) => {
                for place in places {
                    if present.is_none_or(|present| present.get(place).copied().unwrap_or_default()) {
                        let id = ids.get(place * width..(place + 1) * width);
                        self.raw.extend_from_slice(id.unwrap_or_default());
                    }
                }
            }
            Gathered::Longs(values) => delta::encode(values.get(places).unwrap_or_default(), &mut self.raw),
            Gathered::Bools(values, present) => {
                let rows = values.iter().zip(*present);
                let rows = rows.skip(places.start).take(places.len());
                let values = rows.filter(|(_, present)| **present).map(|(value, _)| *value);
                put_bits(values, &mut self.raw);
            }
        }
    }
}

/// Whether equal values are common enough for each to stand once in the file.
fn is_worth_a_dictionary(bin: &Bin) -> bool {
    let (values, places) = (bin.values(), bin.len() - bin.nulls());
    let few = values.len() * 2 <= places || values.len() <= 1;
    let short = values.bytes() <= LONG_VALUE * values.len() && values.bytes() <= LONGEST_DICTIONARY;
    bin.is_interned() && few && short
}

fn put_plain(value: &[u8], width: Option<usize>, out: &mut Vec<u8>) {
    if width.is_none() {
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    out.extend_from_slice(value);
}

fn put_levels(levels: &[u32], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    hybrid::encode(levels, 1, out);
    let len = (out.len() - start - 4) as u32;
    let prefix = out.iter_mut().skip(start).zip(len.to_le_bytes());
    prefix.for_each(|(to, from)| *to = from);
}

fn put_bits(values: impl Iterator<Item = bool>, out: &mut Vec<u8>) {
    let (mut byte, mut bits) = (0, 0);
    for value in values {
        byte |= u8::from(value) << bits;
        bits += 1;
        if bits == 8 {
            out.push(byte);
            (byte, bits) = (0, 0);
        }
    }
    if bits > 0 {
        out.push(byte);
    }
}

// === impl Gathered ===

impl Gathered<'_> {
    fn is_present(&self, row: usize) -> bool {
        let flag = |present: &[bool]| present.get(row).copied().unwrap_or_default();
        match self {
            Self::Bin(bin, _) => bin.codes().get(row).is_some_and(|code| *code != NULL),
            Self::Ids(_, present, _) => present.is_none_or(flag),
            Self::Longs(_) => true,
            Self::Bools(_, present) => flag(present),
        }
    }
}

// === impl Pages ===

impl Pages<'_> {
    fn dictionary(&mut self, raw: &[u8], count: usize) -> Result<(), ParquetError> {
        let buf = Bytes::from(self.compressor.compress(raw)?);
        let page = Page::DictionaryPage {
            buf,
            num_values: count as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let (at, len) = self.write(page, raw.len())?;
        self.chunk.dictionary_at = at;
        self.chunk.dictionary_len = len;
        self.chunk.dictionary_raw = raw.len() as u32;
        self.chunk.dictionary_count = count as u32;
        Ok(())
    }

    fn page(&mut self, raw: &[u8], values: usize, encoding: Encoding) -> Result<(), ParquetError> {
        let buf = Bytes::from(self.compressor.compress(raw)?);
        let page = Page::DataPage {
            buf,
            num_values: values as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let (at, len) = self.write(page, raw.len())?;
        self.chunk.page_at.push(at);
        self.chunk.page_len.push(len);
        self.chunk.page_raw.push(raw.len() as u32);
        self.values += values;
        Ok(())
    }

    /// Writes a page; returns where its content lies.
    fn write(&mut self, page: Page, raw: usize) -> Result<(u32, u32), ParquetError> {
        let len = page.buffer().len();
        let mut writer = SerializedPageWriter::new(&mut self.sink);
        let written = writer.write_page(CompressedPage::new(page, raw))?;
        self.raw_bytes += written.uncompressed_size;
        let end = usize::try_from(written.offset + written.bytes_written)?;
        let place = u32::try_from(end - len).and_then(|at| Ok((at, u32::try_from(len)?)));
        place.map_err(|_| ParquetError::General("a column of a row group exceeds 4 GiB".into()))
    }

    fn close(
        mut self,
        descriptor: &ColumnDescPtr,
        encoding: Encoding,
        rows: u32,
        statistics: Option<Statistics>,
    ) -> Result<(Bytes, ColumnCloseResult, Chunk), ParquetError> {
        self.sink.flush()?;
        let bytes = Bytes::from(self.sink.into_inner()?);
        let has_dictionary = self.chunk.dictionary_len > 0;
        // The dictionary's page, header included, ends where its content does.
        let first_page = match has_dictionary {
            true => i64::from(self.chunk.dictionary_at + self.chunk.dictionary_len),
            false => 0,
        };
        let mut encodings = vec![Encoding::RLE, encoding];
        if has_dictionary {
            encodings.push(Encoding::PLAIN);
        }
        let level = ZstdLevel::try_new(LEVEL)?;
        let mut metadata = ColumnChunkMetaData::builder(Arc::clone(descriptor))
            .set_compression(Compression::ZSTD(level))
            .set_encodings(encodings)
            .set_num_values(self.values as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(self.raw_bytes as i64)
            .set_data_page_offset(first_page)
            .set_dictionary_page_offset(has_dictionary.then_some(0));
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: u64::from(rows),
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes, close, self.chunk))
    }
}
