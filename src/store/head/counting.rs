//! Counts what is in rows of the head, as the summary of a segment does.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::row::{Above, Row};
use crate::store::segment::Summary;
use crate::wire::{ResourceView, SpanView, ValueView};

/// A summary may have so many bytes; where more would be needed the rows are read instead.
const MOST: usize = 256 << 10;

/// Memory of an entry beside its texts.
const ENTRY: usize = 2 * size_of::<String>() + 2 * size_of::<u64>();

/// A summary and its bytes of memory.
pub struct Counted {
    pub summary: Summary,
    pub bytes: usize,
}

/// The rows so far.
#[derive(Default)]
struct Counting<'a> {
    /// What stands above rows, by where it lies: what is equal mostly lies at the same place.
    places: HashMap<(usize, usize, usize), usize, RandomState>,
    headers: Vec<Header<'a>>,
    /// The number of each service.
    services: HashMap<Option<&'a str>, usize, RandomState>,
    service_names: Vec<Option<&'a str>>,
    /// Spans of each name of each service.
    operations: HashMap<(usize, &'a str), u64, RandomState>,
    /// Spans with each attribute, and the last of them.
    attributes: HashMap<&'a str, (u64, u64), RandomState>,
    /// Rows and ranges.
    summary: Summary,
    bytes: usize,
}

/// A project and a resource.
struct Header<'a> {
    above: &'a Above,
    service: usize,
    rows: u64,
}

/// Counts rows, of which there is one at least; none when there is too much in them.
pub fn count<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<Counted> {
    let mut counting = Counting::default();
    for row in rows {
        counting.add(row);
        if counting.bytes > MOST {
            return None;
        }
    }
    counting.finish()
}

// === impl Counting ===

impl<'a> Counting<'a> {
    fn add(&mut self, row: &'a Row) {
        self.add_ranges(row);
        let span = SpanView::over(&row.span);
        let service = self.header(&row.above);
        let name = span.name();
        let bytes = &mut self.bytes;
        *self.operations.entry((service, name)).or_insert_with(|| {
            *bytes += name.len() + ENTRY;
            0
        }) += 1;
        for attribute in span.attributes() {
            let key = attribute.key();
            let (spans, last) = self.attributes.entry(key).or_insert_with(|| {
                *bytes += key.len() + ENTRY;
                (0, 0)
            });
            // A span that has a key twice counts once.
            if *last != self.summary.rows {
                (*spans, *last) = (*spans + 1, self.summary.rows);
            }
        }
    }

    fn add_ranges(&mut self, row: &Row) {
        let (summary, span) = (&mut self.summary, &row.identity);
        if summary.rows == 0 {
            (summary.min_start, summary.min_number) = (span.start, row.number);
        }
        summary.rows += 1;
        summary.min_start = summary.min_start.min(span.start);
        summary.max_start = summary.max_start.max(span.start);
        summary.max_end = summary.max_end.max(span.end);
        summary.min_number = summary.min_number.min(row.number);
        summary.max_number = summary.max_number.max(row.number);
    }

    /// Counts what stands above a row, and says which service that is.
    fn header(&mut self, above: &'a Above) -> usize {
        let place = (
            above.project.as_ptr().addr(),
            above.resource.as_ptr().addr(),
            above.resource.len(),
        );
        let at = *self.places.entry(place).or_insert(self.headers.len());
        if let Some(header) = self.headers.get_mut(at) {
            header.rows += 1;
            return header.service;
        }
        let name = service(above);
        let service = *self.services.entry(name).or_insert_with(|| {
            self.service_names.push(name);
            self.service_names.len() - 1
        });
        let rows = 1;
        self.headers.push(Header { above, service, rows });
        service
    }

    fn finish(self) -> Option<Counted> {
        let (mut summary, mut bytes) = (self.summary, self.bytes + size_of::<Counted>());
        for ((service, name), spans) in self.operations {
            let service = self.service_names.get(service).copied().flatten();
            bytes += service.map_or(0, str::len);
            let operation = (service.map(str::to_owned), name.to_owned());
            summary.operations.insert(operation, spans);
        }
        let attributes = self.attributes.into_iter();
        summary.attributes = attributes
            .map(|(key, (spans, _))| (key.to_owned(), spans))
            .collect();
        let mut count = |counts: &mut BTreeMap<String, u64>, text: &str, rows| {
            if let Some(count) = counts.get_mut(text) {
                *count += rows;
                return;
            }
            bytes += text.len() + ENTRY;
            counts.insert(text.to_owned(), rows);
        };
        for Header { above, rows, .. } in &self.headers {
            count(&mut summary.projects, &above.project, *rows);
            let resource = ResourceView::over(&above.resource);
            let keys = resource.attributes().map(|attribute| attribute.key());
            let keys: BTreeSet<&str> = keys.collect();
            keys.into_iter()
                .for_each(|key| count(&mut summary.resource_attributes, key, *rows));
        }
        (bytes <= MOST).then_some(Counted { summary, bytes })
    }
}

fn service(above: &Above) -> Option<&str> {
    match ResourceView::over(&above.resource).attribute("service.name") {
        Some(ValueView::String(name)) => Some(name),
        _ => None,
    }
}
