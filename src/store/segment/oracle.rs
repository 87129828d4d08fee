//! Segments and their pieces out of any bytes, for fuzzing and for tests: refused or read, never a panic, and never much
//! memory for few bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use super::columns::{self, Form, Kind, Shape};
use super::index::MAGIC;
use super::page::{Page, Texts};
use super::segment::Segment;
use super::texts::{self, List};
use crate::query::model::TraceId;
use crate::store::format::{delta, hybrid};
use crate::wire::json::Part;

/// Blocks of a file that are looked at.
const BLOCKS: usize = 4;

/// What the first byte says that the others are.
///
/// # Panics
/// When a promise is broken.
pub fn segment(input: &[u8]) {
    let Some((what, rest)) = input.split_first() else {
        return;
    };
    match what % 6 {
        0 => page(rest),
        1 => codes(rest),
        2 => differences(rest),
        3 => text(rest),
        4 => file(rest),
        _ => sealed(rest),
    }
}

/// Shape, form, rows (2), bytes of the dictionary and its values (2, none where there is none); then the dictionary, and the page.
fn page(input: &[u8]) {
    let Some((head, rest)) = input.split_first_chunk::<6>() else {
        return;
    };
    let [shape, form, low, high, dictionary, values] = *head;
    let shape = match shape % 3 {
        0 => Shape::Required,
        1 => Shape::Optional,
        _ => Shape::List,
    };
    let form = match form % 7 {
        0 => Form::Bin { width: None },
        1 => Form::Bin { width: Some(4) },
        2 => Form::Bin { width: Some(8) },
        3 => Form::Id(8),
        4 => Form::Id(16),
        5 => Form::Long,
        _ => Form::Bool,
    };
    let rows = usize::from(u16::from_le_bytes([low, high])) % (super::writer::BLOCK_ROWS + 1);
    let (bytes, raw) = rest.split_at(usize::from(dictionary).min(rest.len()));
    let dictionary = match dictionary {
        0 => None,
        _ => match Texts::dictionary(bytes.to_vec(), form, values.into()) {
            Ok(texts) => Some(Arc::new(texts)),
            Err(_) => return,
        },
    };
    let Ok(page) = Page::decode(raw.to_vec(), rows, shape, form, dictionary) else {
        return;
    };
    assert!(
        shape == Shape::List || page.count() <= rows,
        "more values than rows"
    );
    let bound = (raw.len() + rows) * 64 + if shape == Shape::List { page.count() * 8 } else { 0 };
    assert!(page.memory() <= bound, "{} bytes of memory", page.memory());
    for row in 0..rows + 2 {
        let places = page.places(row);
        assert!(
            row >= rows || places.end <= page.count(),
            "a place that is not there"
        );
        places.take(BLOCKS).for_each(|place| {
            let _ = (page.bytes(place), page.bool(place));
        });
        let _ = (page.row(row), page.long(row), page.int(row), page.id::<16>(row));
    }
}

/// Width and count (2), then codes.
fn codes(input: &[u8]) {
    let Some(([width, low, high], rest)) = input.split_first_chunk() else {
        return;
    };
    let (width, count) = (u32::from(*width), usize::from(u16::from_le_bytes([*low, *high])));
    let mut values = Vec::new();
    match hybrid::decode(rest, width, count, &mut values) {
        Ok(()) => assert_eq!(values.len(), count),
        Err(_) => assert!(values.len() <= count, "more than was asked for"),
    }
    assert!(
        values.capacity() <= count.max(8),
        "room for more than was asked for"
    );
    let _ = hybrid::count(rest, width);
}

/// The most there may be (2), then numbers.
fn differences(input: &[u8]) {
    let Some(([low, high], rest)) = input.split_first_chunk() else {
        return;
    };
    let most = usize::from(u16::from_le_bytes([*low, *high]));
    if let Ok(values) = delta::decode(rest, most) {
        assert!(
            values.capacity() <= most.max(8),
            "room for more than was asked for"
        );
    }
}

/// What it is, then a text.
fn text(input: &[u8]) {
    let Some((what, text)) = input.split_first() else {
        return;
    };
    match what {
        0 => header(Part::ResourceSpans, text),
        1 => header(Part::ScopeSpans, text),
        2 => drop(texts::list_of(List::Events, text)),
        3 => drop(texts::list_of(List::Links, text)),
        _ => {
            let kind = Kind::all().nth(usize::from(*what - 4));
            if let Some(cell) = kind.and_then(|kind| texts::cell_of(kind, text)) {
                assert_eq!(kind, Some(texts::kind(&cell)));
                let _ = (cell.view(), texts::value(&cell));
            }
        }
    }
}

/// What is read is written so that it is read the same.
fn header(part: Part, text: &[u8]) {
    // Any bytes may stand in `raw`; nobody writes what is none of OTLP.
    let header = match text.starts_with(b"{\"raw\"") {
        true => return drop(texts::header_of(part, text)),
        false => texts::header_of(part, text),
    };
    if let Some(header) = header {
        let again = texts::header(part, &header);
        assert_eq!(texts::header_of(part, again.as_bytes()), Some(header));
    }
}

/// A whole file.
fn file(bytes: &[u8]) {
    let path = place();
    if fs::write(&path, bytes).is_ok() {
        visit(&path);
    }
    drop(fs::remove_file(&path));
}

/// The length of the pages (2), the pages, and an index, which is compressed and sealed here so that it is believed.
fn sealed(input: &[u8]) {
    let Some((length, rest)) = input.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (pages, index) = rest.split_at(length);
    let Ok(packed) = zstd::bulk::compress(index, 1) else {
        return;
    };
    let length = (packed.len() as u32).to_le_bytes();
    let crc = crc32c::crc32c(&packed).to_le_bytes();
    file(&[pages, &packed, &length, &crc, MAGIC, &[0; 4], b"PAR1"].concat());
}

/// Where a file is no trouble to the disk.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    let (process, thread) = (std::process::id(), std::thread::current().id());
    place.join(format!("spanway-segment-{process}-{thread:?}"))
}

/// Reads all that can be read.
fn visit(path: &Path) {
    let Ok(segment) = Segment::open(path, 1, Arc::new(Cache::new(1 << 20))) else {
        return;
    };
    for block in 0..segment.blocks().min(BLOCKS) {
        let rows = segment.rows(block);
        assert!(rows <= super::writer::BLOCK_ROWS, "a block of {rows} rows");
        for column in columns::all(segment.hot()) {
            if let Ok(page) = segment.page(block, column) {
                (0..rows).for_each(|row| assert!(page.places(row).end <= page.count()));
            }
        }
        let rows: Vec<u32> = (0..rows as u32).collect();
        if let Ok(spans) = segment.spans(block, &rows) {
            spans.iter().for_each(|span| {
                let _ = (span.span().name(), span.service(), span.scope().name());
            });
        }
        let _ = segment.may_hold_attribute(block, "key", "value");
    }
    let _ = segment.blocks_of_trace(&TraceId([1; 16]));
    let _ = segment.may_hold_span(&[1; 8]);
}
