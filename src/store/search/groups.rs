//! Groups rows by codes: a text is looked up once for each row group that has it, never for a row.

use std::cmp::Ordering;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::batch::Batch;
use super::facts::Facts;
use super::guard::Guard;
use super::names::{Names, UNWANTED};
use super::pool::Cells;
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use super::tally::{Needs, TALLY, Tally};
use crate::query::model::{
    Compiled, Field, FindGroups, Group, GroupBy, GroupOrderBy, GroupPage, Part, QueryError, duration_bucket,
    time_bucket,
};
use crate::store::segment::Summary;

/// Memory of a group beside its texts, with the room that tables keep free.
const GROUP: usize = 2 * TALLY;

/// A text of this number has no group yet.
const NOWHERE: usize = usize::MAX;

/// What a group has in common: for each key a text's number, or where its bucket begins.
type Keys = SmallVec<[u64; 3]>;

/// Answers a question for groups.
pub fn groups(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    find: &FindGroups,
    guard: &Guard,
) -> Result<GroupPage, QueryError> {
    let facts = Facts::of(source, reach, filter, guard)?;
    let mut grouping = Grouping::new(find, guard);
    Scan::new(source, reach.clone(), filter, &facts, guard).run(&mut grouping)?;
    let mut groups = grouping.finish();
    let order = |left: &Group, right: &Group| compare(find, left, right);
    let total = groups.len() as u64;
    let offset = usize::try_from(find.offset)
        .unwrap_or(usize::MAX)
        .min(groups.len());
    let end = offset.saturating_add(find.limit).min(groups.len());
    if end < groups.len() {
        groups.select_nth_unstable_by(end, order);
        groups.truncate(end);
    }
    groups.sort_unstable_by(order);
    groups.drain(..offset);
    Ok(GroupPage {
        groups,
        more: (end as u64) < total,
        total,
    })
}

fn compare(find: &FindGroups, left: &Group, right: &Group) -> Ordering {
    let natural = match find.order.by {
        GroupOrderBy::Keys => left.keys.cmp(&right.keys),
        GroupOrderBy::Measure(at) => match (left.measures.get(at), right.measures.get(at)) {
            (Some(left), Some(right)) => left.compare(right),
            _ => Ordering::Equal,
        },
    };
    let turned = find.order.direction.turn(natural);
    turned.then_with(|| left.keys.cmp(&right.keys))
}

/// The groups so far.
struct Grouping<'a> {
    find: &'a FindGroups,
    needs: Needs<'a>,
    guard: &'a Guard,
    names: Vec<Names>,
    places: Places,
    keys: Vec<Keys>,
    tallies: Vec<Tally>,
}

/// Where groups are.
enum Places {
    /// By the number of the only key.
    ByNumber(Vec<usize>),
    /// By their keys.
    ByKeys(HashMap<Keys, usize, RandomState>),
}

/// A key of the rows of a batch.
enum Column {
    Text(Cells),
    Time(super::batch::Longs, u64),
    Duration(super::batch::Longs),
}

// === impl Grouping ===

impl<'a> Grouping<'a> {
    fn new(find: &'a FindGroups, guard: &'a Guard) -> Self {
        let last = find.by.len().saturating_sub(1);
        let names = find.by.iter().enumerate().map(|(at, _)| {
            let search = find.search.as_deref().filter(|_| at == last);
            Names::new(search, find.missing)
        });
        Self {
            find,
            needs: Needs::of(&find.measures),
            guard,
            names: names.collect(),
            places: match find.by.as_slice() {
                [GroupBy::Text(_)] => Places::ByNumber(Vec::new()),
                _ => Places::ByKeys(HashMap::default()),
            },
            keys: Vec::new(),
            tallies: Vec::new(),
        }
    }

    fn columns(&self, batch: &Batch<'_>, rows: &[u32]) -> Result<Vec<Column>, QueryError> {
        let columns = self.find.by.iter().map(|by| {
            Ok(match by {
                GroupBy::Text(field) => Column::Text(batch.cells(field, rows)?),
                GroupBy::Time(width) => Column::Time(batch.starts()?, *width),
                GroupBy::Duration => Column::Duration(batch.durations()?),
            })
        });
        columns.collect()
    }

    /// The keys of a row; none when it is in no group that is wanted.
    fn keys(&mut self, columns: &[Column], row: u32) -> Result<Option<Keys>, QueryError> {
        let mut keys = Keys::new();
        for (column, names) in columns.iter().zip(&mut self.names) {
            let key = match column {
                Column::Text(cells) => names.number(cells, row, self.guard)?,
                Column::Time(starts, width) => time_bucket(starts.get(row) as u64, *width),
                Column::Duration(durations) => duration_bucket(durations.get(row)) as u64,
            };
            if key == UNWANTED && matches!(column, Column::Text(_)) {
                return Ok(None);
            }
            keys.push(key);
        }
        Ok(Some(keys))
    }

    /// The place of a group.
    fn place(&mut self, keys: Keys) -> Result<usize, QueryError> {
        if let Some(place) = self.places.get(&keys) {
            return Ok(place);
        }
        self.guard.keep(GROUP)?;
        let place = self.keys.len();
        self.places.insert(&keys, place);
        self.keys.push(keys);
        self.tallies.push(Tally::default());
        Ok(place)
    }

    /// Adds spans of which only their texts are known.
    fn count(&mut self, texts: &[Option<&str>], spans: u64) -> Result<(), QueryError> {
        let mut keys = Keys::new();
        for (text, names) in texts.iter().zip(&mut self.names) {
            let number = names.number_of(*text, self.guard)?;
            if number == UNWANTED {
                return Ok(());
            }
            keys.push(number);
        }
        let place = self.place(keys)?;
        if let Some(tally) = self.tallies.get_mut(place) {
            tally.count(spans);
        }
        Ok(())
    }

    /// Adds the spans of each operation, those with equal texts at once as far as they follow each other.
    fn count_operations(&mut self, summary: &Summary) -> Result<(), QueryError> {
        let mut last: Option<(SmallVec<[Option<&str>; 2]>, u64)> = None;
        for ((service, name), spans) in &summary.operations {
            let texts = self.find.by.iter().map(|by| match by {
                GroupBy::Text(Field::Service) => service.as_deref(),
                _ => Some(name.as_str()),
            });
            let texts: SmallVec<_> = texts.collect();
            match &mut last {
                Some((known, count)) if *known == texts => *count += spans,
                _ => {
                    if let Some((texts, spans)) = last.replace((texts, *spans)) {
                        self.count(&texts, spans)?;
                    }
                }
            }
        }
        last.map_or(Ok(()), |(texts, spans)| self.count(&texts, spans))
    }

    fn finish(self) -> Vec<Group> {
        let groups = self.keys.iter().zip(&self.tallies).map(|(keys, tally)| {
            let keys = keys.iter().zip(&self.find.by).zip(&self.names);
            let keys = keys.map(|((key, by), names)| match by {
                GroupBy::Text(_) => names.part(*key),
                GroupBy::Time(_) => Part::Time(*key),
                GroupBy::Duration => Part::Duration(*key as i64),
            });
            Group {
                keys: keys.collect(),
                measures: self.needs.measured(tally),
            }
        });
        groups.collect()
    }
}

impl Visitor for Grouping<'_> {
    fn absorbs(&self) -> bool {
        let by = self.find.by.as_slice();
        let is_listed = |by: &GroupBy| matches!(by, GroupBy::Text(Field::Service | Field::Name));
        let are_listed = matches!(by, [GroupBy::Text(Field::Project)]) || by.iter().all(is_listed);
        are_listed && self.needs.spans_only()
    }

    fn absorb(&mut self, summary: &Summary) -> Result<(), QueryError> {
        match self.find.by.as_slice() {
            [] => self.count(&[], summary.rows),
            [GroupBy::Text(Field::Project)] => {
                let mut projects = summary.projects.iter();
                projects.try_for_each(|(project, spans)| self.count(&[Some(project)], *spans))
            }
            _ => self.count_operations(summary),
        }
    }

    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        for names in &mut self.names {
            names.enter(batch.group());
        }
        let keys = self.columns(batch, rows)?;
        let columns = self.needs.columns(batch, rows)?;
        let mut last: Option<(Keys, usize)> = None;
        for (at, row) in rows.iter().enumerate() {
            let Some(keys) = self.keys(&keys, *row)? else {
                continue;
            };
            let place = match &last {
                Some((known, place)) if *known == keys => *place,
                _ => {
                    let place = self.place(keys.clone())?;
                    last = Some((keys, place));
                    place
                }
            };
            if let Some(tally) = self.tallies.get_mut(place) {
                tally.add(&self.needs, &columns, *row, at, self.guard)?;
            }
        }
        Ok(())
    }
}

// === impl Places ===

impl Places {
    fn get(&self, keys: &Keys) -> Option<usize> {
        match self {
            Self::ByNumber(places) => {
                let place = places.get(*keys.first()? as usize).copied();
                place.filter(|place| *place != NOWHERE)
            }
            Self::ByKeys(places) => places.get(keys).copied(),
        }
    }

    fn insert(&mut self, keys: &Keys, place: usize) {
        match self {
            Self::ByNumber(places) => {
                let number = keys.first().map_or(0, |number| *number as usize);
                if places.len() <= number {
                    places.resize(number + 1, NOWHERE);
                }
                if let Some(known) = places.get_mut(number) {
                    *known = place;
                }
            }
            Self::ByKeys(places) => {
                places.insert(keys.clone(), place);
            }
        }
    }
}
