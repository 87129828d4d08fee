//! Finds traces: first which ones have matching spans, then the order, then all about those on the page.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::batch::Batch;
use super::facts::{self, Facts};
use super::guard::Guard;
use super::place::fetch;
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use super::story::{self, Row};
use crate::query::model::{
    Compiled, Field, Filter, FindTraces, FoundSpan, FoundTrace, Key, Position, QueryError, ServiceEntry,
    SpanHit, TraceBasis, TraceId, TraceOrderBy, TracePage, cut,
};

/// Memory of a candidate, with the room that tables keep free.
const CANDIDATE: usize = 2 * (16 + size_of::<Matches>());

/// So many traces are looked up one by one; for more of them everything is read.
const LOOKED_UP: usize = 256;

/// Answers a question for traces.
pub fn traces(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    find: &FindTraces,
    guard: &Guard,
) -> Result<TracePage, QueryError> {
    let facts = Facts::of(source, reach, filter, guard)?;
    let mut candidates = Candidates {
        found: HashMap::default(),
        guard,
    };
    Scan::new(source, reach.clone(), filter, &facts, guard).run(&mut candidates)?;
    let found = candidates.found;
    let total = find.total.then_some(found.len() as u64);
    let mut rows = ordered(source, reach, &found, &find.order.by, guard)?;
    let direction = find.order.direction;
    rows.retain(|(position, ())| find.page.reaches(position, direction));
    let needed = find.page.needed();
    if needed < rows.len() {
        rows.select_nth_unstable_by(needed, |left, right| left.0.compare(&right.0, direction));
        rows.truncate(needed);
    }
    rows.sort_unstable_by(|left, right| left.0.compare(&right.0, direction));
    let rows = rows.into_iter().map(|(position, ())| {
        let id = position.tie;
        (position, id)
    });
    let cut = cut(rows.collect(), &find.page);
    let stories = Stories {
        source,
        reach,
        filter,
        facts: &facts,
        find,
        guard,
    };
    Ok(TracePage {
        traces: stories.tell(&cut.rows, &found)?,
        last: cut.last,
        next: cut.next,
        total,
    })
}

type Found = HashMap<[u8; 16], Matches, RandomState>;

/// The matching spans of a trace.
#[derive(Clone, Copy)]
struct Matches {
    count: u64,
    earliest: u64,
    longest: i64,
}

struct Candidates<'a> {
    found: Found,
    guard: &'a Guard,
}

impl Visitor for Candidates<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let (traces, starts, durations) = (batch.traces()?, batch.starts()?, batch.durations()?);
        let before = self.found.len();
        for row in rows {
            let (start, duration) = (starts.get(*row) as u64, durations.get(*row));
            let matches = self.found.entry(traces.get(*row)).or_insert(Matches {
                count: 0,
                earliest: start,
                longest: duration,
            });
            matches.count += 1;
            matches.earliest = matches.earliest.min(start);
            matches.longest = matches.longest.max(duration);
        }
        self.guard.keep((self.found.len() - before) * CANDIDATE)
    }
}

/// Each trace with its place in the order.
fn ordered(
    source: &dyn Source,
    reach: &Reach,
    found: &Found,
    by: &TraceOrderBy,
    guard: &Guard,
) -> Result<Vec<(Position<TraceId>, ())>, QueryError> {
    guard.keep(found.len() * size_of::<Position<TraceId>>())?;
    let at = |id: &[u8; 16], key| {
        let tie = TraceId(*id);
        (Position { key, tie }, ())
    };
    Ok(match by {
        TraceOrderBy::EarliestMatch => found
            .iter()
            .map(|(id, matches)| at(id, Key::Whole(matches.earliest.into())))
            .collect(),
        TraceOrderBy::LongestMatch => found
            .iter()
            .map(|(id, matches)| at(id, Key::Whole(matches.longest.into())))
            .collect(),
        TraceOrderBy::Start | TraceOrderBy::Latency => {
            let ids = facts::ids(found.keys().map(|id| TraceId(*id)));
            let extents = facts::extents(source, reach, ids, guard)?;
            let key = |extent: &facts::Extent| match by {
                TraceOrderBy::Start => Key::Whole(extent.start.into()),
                _ => Key::Whole(extent.latency().into()),
            };
            extents.iter().map(|(id, extent)| at(id, key(extent))).collect()
        }
        TraceOrderBy::Sum(field) => {
            let sums = sums(source, reach, found, field, guard)?;
            let sum = |id| sums.get(id).map_or(Key::Missing, |sum| Key::Number(*sum));
            found.keys().map(|id| at(id, sum(id))).collect()
        }
    })
}

/// The sum of a field over all spans of each of these traces; traces without a number are left out.
fn sums(
    source: &dyn Source,
    reach: &Reach,
    found: &Found,
    field: &Field,
    guard: &Guard,
) -> Result<HashMap<[u8; 16], f64, RandomState>, QueryError> {
    let everything = Filter::default().compile()?;
    let none = Facts::default();
    let mut scan = Scan::new(source, reach.at_any_time(), &everything, &none, guard);
    if found.len() <= LOOKED_UP {
        scan = scan.only(found.keys().map(|id| TraceId(*id)).collect());
    }
    let mut addends = Addends {
        field,
        found,
        rows: Vec::new(),
        guard,
    };
    scan.run(&mut addends)?;
    // In the order of the spans: doubles are not exact, but the same every time.
    addends
        .rows
        .sort_unstable_by_key(|(trace, start, number, _)| (*trace, *start, *number));
    let mut sums = HashMap::default();
    for (trace, _, _, number) in addends.rows {
        sums.entry(trace)
            .and_modify(|sum| *sum += number)
            .or_insert(number);
    }
    Ok(sums)
}

struct Addends<'a> {
    field: &'a Field,
    found: &'a Found,
    rows: Vec<([u8; 16], u64, u64, f64)>,
    guard: &'a Guard,
}

impl Visitor for Addends<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let traces = batch.traces()?;
        let here = |row: &u32| self.found.contains_key(&traces.get(*row));
        let rows: Vec<u32> = rows.iter().copied().filter(here).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let (starts, numbers) = (batch.starts()?, batch.numbers()?);
        let cells = batch.cells(self.field, &rows)?;
        for row in rows {
            if let Some(number) = cells.with(row, |datum| datum?.number()?.finite()) {
                self.guard.keep(40)?;
                let (start, tie) = (starts.get(row) as u64, numbers.get(row) as u64);
                self.rows.push((traces.get(row), start, tie, number));
            }
        }
        Ok(())
    }
}

/// All about the traces on a page.
struct Stories<'a> {
    source: &'a dyn Source,
    reach: &'a Reach,
    filter: &'a Compiled,
    facts: &'a Facts,
    find: &'a FindTraces,
    guard: &'a Guard,
}

impl Stories<'_> {
    fn tell(&self, ids: &[TraceId], found: &Found) -> Result<Vec<FoundTrace>, QueryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (source, guard) = (self.source, self.guard);
        let reach = self.reach.at_any_time();
        let rows = story::rows(source, &reach, ids.to_vec(), &self.find.sums, guard)?;
        let matched = match self.find.spans {
            0 => Default::default(),
            _ => story::matched(source, self.reach, self.filter, self.facts, ids.to_vec(), guard)?,
        };
        let mut traces = Vec::with_capacity(ids.len());
        let mut places = Vec::new();
        for id in ids {
            let first = rows.partition_point(|row| row.trace < *id);
            let end = rows.partition_point(|row| row.trace <= *id);
            let spans = rows.get(first..end).unwrap_or_default();
            let (Some(matches), Some(head)) = (found.get(&id.0), head(spans)) else {
                continue;
            };
            let mut hits: Vec<&Row> = spans.iter().filter(|row| self.reach.covers(row.start)).collect();
            hits.sort_by_key(|row| (!row.is_root, !matched.contains(&row.number)));
            hits.truncate(self.find.spans);
            places.push(head.place.clone());
            places.extend(hits.iter().map(|row| row.place.clone()));
            let marks: Vec<bool> = hits.iter().map(|row| matched.contains(&row.number)).collect();
            traces.push((*id, *matches, spans, head.is_root, marks));
        }
        let mut spans = fetch(source, &places, guard)?.into_iter();
        let traces = traces
            .into_iter()
            .filter_map(|(id, matches, rows, is_root, marks)| {
                let head = spans.next()?;
                let hits = marks.into_iter().zip(spans.by_ref());
                let hits = hits.map(|(matched, span)| SpanHit { span, matched });
                Some(self.story(
                    id,
                    matches,
                    rows,
                    FoundHead {
                        head,
                        is_root,
                        hits: hits.collect(),
                    },
                ))
            });
        Ok(traces.collect())
    }

    fn story(&self, id: TraceId, matches: Matches, rows: &[Row], found: FoundHead) -> FoundTrace {
        let start = rows.first().map_or(0, |row| row.start);
        let end = rows.iter().map(|row| row.end).max().unwrap_or_default();
        let sum = |at: usize| {
            let numbers = rows
                .iter()
                .filter_map(|row| row.numbers.get(at).copied().flatten());
            numbers.reduce(|sum, next| sum + next)
        };
        FoundTrace {
            id,
            head: found.head,
            basis: match found.is_root {
                true => TraceBasis::Root,
                false => TraceBasis::FirstSpan,
            },
            start,
            end,
            latency: end.wrapping_sub(start) as i64,
            spans: rows.len() as u64,
            errors: rows.iter().filter(|row| row.is_error).count() as u64,
            services: services(rows),
            sums: (0..self.find.sums.len()).map(sum).collect(),
            matches: matches.count,
            earliest_match: matches.earliest,
            longest_match: matches.longest,
            hits: found.hits,
        }
    }
}

struct FoundHead {
    head: FoundSpan,
    is_root: bool,
    hits: Vec<SpanHit>,
}

/// The span that a trace is told by.
fn head(rows: &[Row]) -> Option<&Row> {
    rows.iter().find(|row| row.is_root).or(rows.first())
}

/// The services by their first start.
fn services(rows: &[Row]) -> Vec<ServiceEntry> {
    let mut entries: Vec<ServiceEntry> = Vec::new();
    let mut places: HashMap<&str, usize, RandomState> = HashMap::default();
    for row in rows {
        let Some(service) = row.service.as_deref() else {
            continue;
        };
        let place = *places.entry(service).or_insert_with(|| {
            entries.push(ServiceEntry {
                service: service.into(),
                start: row.start,
                end: row.end,
                spans: 0,
                errors: 0,
            });
            entries.len() - 1
        });
        if let Some(entry) = entries.get_mut(place) {
            if row.start == entry.start {
                entry.end = entry.end.max(row.end);
            }
            entry.spans += 1;
            entry.errors += u64::from(row.is_error);
        }
    }
    entries
}
