//! What is in a segment: ranges, and how many spans have what.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::bin::{Bin, NULL};
use super::columns::Hot;
use super::gather::{Gather, Own};
use super::index::{OperationEntry, SummaryEntry};
use crate::wire::ResourceView;

/// Bytes of all lists together, about: so much of each segment stays in memory.
const MOST: usize = 1 << 20;

/// Bytes of an entry beside its text.
const ENTRY: usize = 32;

/// What is in a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Rows.
    pub rows: u64,
    /// The earliest start, nanoseconds since 1970.
    pub min_start: u64,
    /// The latest start.
    pub max_start: u64,
    /// The latest end.
    pub max_end: u64,
    /// The lowest insertion number.
    pub min_number: u64,
    /// The highest.
    pub max_number: u64,
    /// Distinct traces.
    pub traces: u64,
    /// Spans of each project.
    pub projects: BTreeMap<String, u64>,
    /// Spans of each name of each service.
    pub operations: BTreeMap<(Option<String>, String), u64>,
    /// Spans with each attribute.
    pub attributes: BTreeMap<String, u64>,
    /// Spans with each attribute of the resource.
    pub resource_attributes: BTreeMap<String, u64>,
    /// Keys that stand among the attributes without a column of their own.
    pub others: Vec<String>,
    /// There were too many projects, operations or attributes to list them all: who needs them has to look at the rows.
    pub is_partial: bool,
}

/// Counts the rows of a segment.
#[derive(Default)]
pub struct Counting {
    summary: Summary,
    others: BTreeMap<String, u64>,
    last_trace: Option<[u8; 16]>,
    /// Bytes of the lists so far.
    listed: usize,
}

// === impl Counting ===

impl Counting {
    /// Adds the rows of a row group.
    pub fn add(&mut self, gather: &Gather, hot: &[Hot]) {
        self.add_ranges(gather);
        self.add_operations(gather);
        self.add_attributes(gather, hot);
        let counts = counts(&gather.resource);
        for (header, known) in &gather.resources.all {
            let rows = counts.get(known.resource as usize).copied().unwrap_or_default();
            self.add_resource(header, rows);
        }
        let counts = self::counts(&gather.project);
        for (project, rows) in gather.project.values().iter().zip(counts) {
            self.list(|counting| &mut counting.summary.projects, text(project), rows);
        }
    }

    /// Adds to a list, or finds that there is no more room.
    fn list<Key: Ord + Listed>(
        &mut self,
        list: impl Fn(&mut Self) -> &mut BTreeMap<Key, u64>,
        key: Key,
        rows: u64,
    ) {
        let more = key.bytes() + ENTRY;
        if let Some(count) = list(self).get_mut(&key) {
            *count += rows;
        } else if self.listed + more <= MOST {
            self.listed += more;
            list(self).insert(key, rows);
        } else {
            self.summary.is_partial = true;
        }
    }

    /// The result.
    pub fn finish(mut self) -> Summary {
        self.summary.others = self.others.into_keys().collect();
        self.summary
    }

    fn add_ranges(&mut self, gather: &Gather) {
        let summary = &mut self.summary;
        let is_first = summary.rows == 0;
        let rows = gather.start.iter().zip(&gather.duration).zip(&gather.number);
        for (row, ((start, duration), number)) in rows.enumerate() {
            let (start, number) = (*start as u64, *number as u64);
            let end = start.wrapping_add(*duration as u64);
            if is_first && row == 0 {
                (summary.min_start, summary.max_start, summary.max_end) = (start, start, end);
                (summary.min_number, summary.max_number) = (number, number);
            }
            summary.min_start = summary.min_start.min(start);
            summary.max_start = summary.max_start.max(start);
            summary.max_end = summary.max_end.max(end);
            summary.min_number = summary.min_number.min(number);
            summary.max_number = summary.max_number.max(number);
        }
        summary.rows += gather.rows as u64;
        let (ids, _) = gather.trace_ids.as_chunks::<16>();
        for id in ids {
            if self.last_trace.as_ref() != Some(id) {
                summary.traces += 1;
                self.last_trace = Some(*id);
            }
        }
    }

    fn add_operations(&mut self, gather: &Gather) {
        let mut counts = hashbrown::HashMap::<(u32, u32), u64, foldhash::fast::RandomState>::default();
        let rows = gather.service.codes().iter().zip(gather.name.codes());
        for (service, name) in rows {
            *counts.entry((*service, *name)).or_default() += 1;
        }
        for ((service, name), rows) in counts {
            let service = (service != NULL).then(|| text(gather.service.values().get(service)));
            let operation = (service, text(gather.name.values().get(name)));
            self.list(|counting| &mut counting.summary.operations, operation, rows);
        }
    }

    fn add_attributes(&mut self, gather: &Gather, hot: &[Hot]) {
        // A span that has a key twice counts once.
        let codes = gather.other_key.codes();
        let mut counts = vec![0; gather.other_key.values().len()];
        let mut seen = vec![usize::MAX; counts.len()];
        let mut first = 0;
        for (row, end) in gather.other_ends.iter().enumerate() {
            for code in codes.get(first..*end as usize).unwrap_or_default() {
                let code = *code as usize;
                if let (Some(count), Some(seen)) = (counts.get_mut(code), seen.get_mut(code))
                    && *seen != row
                {
                    *seen = row;
                    // In its own column the row counts already.
                    let key = gather.other_key.values().get(code as u32);
                    *count += u64::from(!gather.has_own(key, row, hot));
                }
            }
            first = *end as usize;
        }
        let others: Vec<_> = gather.other_key.values().iter().zip(counts).collect();
        for (key, rows) in others {
            let key = text(key);
            if rows > 0 {
                self.list(|counting| &mut counting.summary.attributes, key.clone(), rows);
            }
            self.list(|counting| &mut counting.others, key, rows);
        }
        for (own, hot) in gather.own.iter().zip(hot) {
            let rows = own.present();
            if rows > 0 {
                self.list(|counting| &mut counting.summary.attributes, hot.key.clone(), rows);
            }
        }
    }

    fn add_resource(&mut self, header: &Bytes, rows: u64) {
        let mut keys: Vec<&str> = ResourceView::over(header)
            .attributes()
            .map(|attribute| attribute.key())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.list(
                |counting| &mut counting.summary.resource_attributes,
                key.to_owned(),
                rows,
            );
        }
    }
}

/// What stands in a list.
trait Listed {
    /// Bytes of its text.
    fn bytes(&self) -> usize;
}

impl Listed for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Listed for (Option<String>, String) {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, String::len) + self.1.len()
    }
}

/// How many places each code has.
fn counts(bin: &Bin) -> Vec<u64> {
    let mut counts = vec![0; bin.values().len()];
    for code in bin.codes() {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    counts
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// === impl Gather, as counted ===

impl Gather {
    fn has_own(&self, key: &[u8], row: usize, hot: &[Hot]) -> bool {
        let number = hot.iter().position(|hot| hot.key.as_bytes() == key);
        let own = number.and_then(|number| self.own.get(number));
        own.is_some_and(|own| own.has(row))
    }
}

impl Own {
    fn has(&self, row: usize) -> bool {
        match self {
            Self::Bin(bin) => bin.codes().get(row).is_some_and(|code| *code != NULL),
            Self::Bools(_, present) => present.get(row).copied().unwrap_or_default(),
        }
    }

    fn present(&self) -> u64 {
        match self {
            Self::Bin(bin) => (bin.len() - bin.nulls()) as u64,
            Self::Bools(_, present) => present.iter().filter(|present| **present).count() as u64,
        }
    }
}

// === in files ===

impl From<&Summary> for SummaryEntry {
    fn from(summary: &Summary) -> Self {
        let operations = summary.operations.iter();
        let operations = operations.map(|((service, name), spans)| OperationEntry {
            service: service.clone(),
            name: name.clone(),
            spans: *spans,
        });
        Self {
            rows: summary.rows,
            min_start: summary.min_start,
            max_start: summary.max_start,
            max_end: summary.max_end,
            min_number: summary.min_number,
            max_number: summary.max_number,
            projects: summary.projects.clone(),
            operations: operations.collect(),
            attributes: summary.attributes.clone(),
            resource_attributes: summary.resource_attributes.clone(),
            traces: summary.traces,
            is_partial: summary.is_partial,
            others: summary.others.clone(),
        }
    }
}

impl From<SummaryEntry> for Summary {
    fn from(entry: SummaryEntry) -> Self {
        let operations = entry.operations.into_iter();
        let operations = operations.map(|entry| ((entry.service, entry.name), entry.spans));
        Self {
            rows: entry.rows,
            min_start: entry.min_start,
            max_start: entry.max_start,
            max_end: entry.max_end,
            min_number: entry.min_number,
            max_number: entry.max_number,
            traces: entry.traces,
            projects: entry.projects,
            operations: operations.collect(),
            attributes: entry.attributes,
            resource_attributes: entry.resource_attributes,
            others: entry.others,
            is_partial: entry.is_partial,
        }
    }
}
