//! Finds the attribute keys in use.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::batch::Batch;
use super::block::Block;
use super::facts::Facts;
use super::guard::Guard;
use super::pool::Bytes;
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use crate::query::model::{Compiled, FindKeys, FoundKey, FoundSpan, KeyPage, KeyPlace, QueryError, folded};
use crate::store::segment::{Column, Summary, header_of};
use crate::wire::json::Part;
use crate::wire::{AttributeView, ResourceView};

/// Answers a question for attribute keys.
pub fn keys(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    find: &FindKeys,
    guard: &Guard,
) -> Result<KeyPage, QueryError> {
    let facts = Facts::of(source, reach, filter, guard)?;
    let mut counts = Counts {
        of: find.of,
        counts: HashMap::default(),
        guard,
    };
    Scan::new(source, reach.clone(), filter, &facts, guard).run(&mut counts)?;
    let search = folded(find.search.as_deref().unwrap_or_default());
    let counts = counts.counts.into_iter();
    let mut keys: Vec<FoundKey> = counts
        .filter(|(key, _)| folded(key).contains(&*search))
        .map(|(key, spans)| FoundKey { key, spans })
        .collect();
    keys.sort_unstable_by(|left, right| {
        (Reverse(left.spans), &left.key).cmp(&(Reverse(right.spans), &right.key))
    });
    let total = keys.len() as u64;
    let offset = usize::try_from(find.offset).unwrap_or(usize::MAX);
    let more = keys.len().saturating_sub(offset) > find.limit;
    Ok(KeyPage {
        keys: keys.into_iter().skip(offset).take(find.limit).collect(),
        more,
        total,
    })
}

/// How many spans have each key.
struct Counts<'a> {
    of: KeyPlace,
    counts: HashMap<String, u64, RandomState>,
    guard: &'a Guard,
}

// === impl Counts ===

impl Counts<'_> {
    fn add(&mut self, key: &str, spans: u64) -> Result<(), QueryError> {
        if let Some(count) = self.counts.get_mut(key) {
            *count += spans;
            return Ok(());
        }
        self.counts.insert(key.to_owned(), spans);
        self.guard.keep(key.len() + 64)
    }

    fn add_span(&mut self, span: &FoundSpan) -> Result<(), QueryError> {
        match self.of {
            KeyPlace::Span => self.add_each(span.span().attributes()),
            KeyPlace::Resource => self.add_each(span.resource().attributes()),
        }
    }

    /// Counts each key once.
    fn add_each<'s>(
        &mut self,
        attributes: impl Iterator<Item = AttributeView<'s>>,
    ) -> Result<(), QueryError> {
        let mut seen = SmallVec::<[&str; 32]>::new();
        for attribute in attributes {
            let key = attribute.key();
            if !seen.contains(&key) {
                seen.push(key);
                self.add(key, 1)?;
            }
        }
        Ok(())
    }

    fn add_attributes(&mut self, block: &Block<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let hot = block.segment.hot();
        let mut own = HashMap::<&[u8], _, RandomState>::default();
        for (number, hot) in (0..).zip(hot) {
            let page = block.page(Column::Attribute(number))?;
            let spans = rows
                .iter()
                .filter(|row| page.place(**row as usize).is_some())
                .count();
            if spans > 0 {
                self.add(&hot.key, spans as u64)?;
            }
            own.insert(hot.key.as_bytes(), page);
        }
        let keys = block.page(Column::OtherKey)?;
        let mut counts = HashMap::<&[u8], u64, RandomState>::default();
        for row in rows {
            let places = keys.places(*row as usize);
            for place in places.clone() {
                let key = keys.bytes(place);
                // A span that has a key twice counts once.
                let is_own = own
                    .get(key)
                    .is_some_and(|page| page.place(*row as usize).is_some());
                if !is_own && !(places.start..place).any(|before| keys.bytes(before) == key) {
                    *counts.entry(key).or_default() += 1;
                }
            }
        }
        counts
            .into_iter()
            .try_for_each(|(key, spans)| self.add(&String::from_utf8_lossy(key), spans))
    }

    fn add_resources(&mut self, block: &Block<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let page = block.page(Column::Resource)?;
        let mut counts = HashMap::<u32, u64, RandomState>::default();
        for row in rows {
            *counts.entry(Bytes::code(&page, *row as usize)).or_default() += 1;
        }
        let resources = Bytes::of(&page);
        for (code, spans) in counts {
            let header = header_of(Part::ResourceSpans, resources.get(code)).unwrap_or_default();
            let keys = ResourceView::over(&header)
                .attributes()
                .map(|attribute| attribute.key());
            let keys: BTreeSet<&str> = keys.collect();
            keys.into_iter().try_for_each(|key| self.add(key, spans))?;
        }
        Ok(())
    }
}

impl Visitor for Counts<'_> {
    fn absorbs(&self) -> bool {
        true
    }

    fn absorb(&mut self, summary: &Summary) -> Result<(), QueryError> {
        let counts = match self.of {
            KeyPlace::Span => &summary.attributes,
            KeyPlace::Resource => &summary.resource_attributes,
        };
        counts.iter().try_for_each(|(key, spans)| self.add(key, *spans))
    }

    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        match (batch, self.of) {
            (Batch::Head(all), _) => {
                let spans = rows.iter().filter_map(|row| all.get(*row as usize));
                spans
                    .map(|row| &row.found)
                    .try_for_each(|span| self.add_span(span))
            }
            (Batch::Block(block, _), KeyPlace::Span) => self.add_attributes(block, rows),
            (Batch::Block(block, _), KeyPlace::Resource) => self.add_resources(block, rows),
        }
    }
}
