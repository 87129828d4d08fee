//! The naive reading of every question: all rows in memory, everything sorted. Stores are compared with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    Answer, Compiled, Field, Find, FindGroups, FindKeys, FindSpans, FindTrace, FindTraces, Found, FoundKey,
    FoundSpan, FoundTrace, Group, GroupBy, GroupOrderBy, GroupPage, Key, KeyPage, KeyPlace, Measure,
    Measured, Part, Position, QueryError, Select, ServiceEntry, Sketch, SpanHit, SpanOrderBy, SpanPage,
    SpanQuery, TraceBasis, TraceFacts, TraceId, TraceOrderBy, TracePage, TraceSpans, cut, duration_bucket,
    folded, time_bucket,
};

/// The answer of a store that holds these rows; `next` is the insertion number of the row to come.
pub fn answer(rows: &[FoundSpan], next: u64, query: &SpanQuery) -> Result<Answer, QueryError> {
    query.validate()?;
    let world = World::new(rows, &query.select)?;
    let found = match &query.find {
        Find::Spans(find) => Found::Spans(world.spans(find)),
        Find::Traces(find) => Found::Traces(world.traces(find)),
        Find::Trace(find) => Found::Trace(world.trace(find)),
        Find::Groups(find) => Found::Groups(world.groups(find)),
        Find::Keys(find) => Found::Keys(world.keys(find)),
    };
    let before = query.select.before.unwrap_or(next).min(next);
    Ok(Answer { before, found })
}

/// What a question sees.
struct World<'a> {
    select: &'a Select,
    filter: Compiled,
    /// Every span in the projects and below `before`, by start and number, in its trace.
    traces: BTreeMap<TraceId, Vec<&'a FoundSpan>>,
    /// Those that match.
    matches: Vec<&'a FoundSpan>,
}

impl<'a> World<'a> {
    fn new(rows: &'a [FoundSpan], select: &'a Select) -> Result<Self, QueryError> {
        let mut world = World {
            select,
            filter: select.filter.compile()?,
            traces: BTreeMap::new(),
            matches: Vec::new(),
        };
        for row in rows.iter().filter(|row| select.sees(&row.project, row.number)) {
            world.traces.entry(row.trace_id()).or_default().push(row);
        }
        for spans in world.traces.values_mut() {
            spans.sort_by_key(|row| (row.start(), row.number));
        }
        let all = world.traces.values().flatten();
        world.matches = all
            .copied()
            .filter(|row| select.covers(row.start()) && world.matched(row))
            .collect();
        Ok(world)
    }

    fn matched(&self, row: &FoundSpan) -> bool {
        let spans = self.traces.get(&row.trace_id()).map_or(&[][..], Vec::as_slice);
        let asked = self.filter.any_spans.iter();
        let facts = TraceFacts {
            latency: latency(spans),
            any: asked
                .map(|inner| spans.iter().any(|row| inner.judge(row, &TraceFacts::default())))
                .collect(),
        };
        self.filter.judge(row, &facts)
    }

    fn spans(&self, find: &FindSpans) -> SpanPage {
        let key = |row: &FoundSpan| match &find.order.by {
            SpanOrderBy::Start => Key::Whole(row.start().into()),
            SpanOrderBy::Duration => Key::Whole(row.duration().into()),
            SpanOrderBy::Insertion => Key::Whole(row.number.into()),
            SpanOrderBy::Text(field) => field
                .of(row)
                .map_or(Key::Missing, |datum| Key::Text(datum.text().into_owned())),
            SpanOrderBy::Number(field) => number(field, row).map_or(Key::Missing, Key::Number),
        };
        let mut rows: Vec<_> = self
            .matches
            .iter()
            .map(|row| {
                let tie = row.number;
                (Position { key: key(row), tie }, (*row).clone())
            })
            .collect();
        let total = find.total.then_some(rows.len() as u64);
        rows.sort_by(|left, right| left.0.compare(&right.0, find.order.direction));
        rows.retain(|(position, _)| find.page.reaches(position, find.order.direction));
        let cut = cut(rows, &find.page);
        SpanPage {
            spans: cut.rows,
            last: cut.last,
            next: cut.next,
            total,
        }
    }

    fn traces(&self, find: &FindTraces) -> TracePage {
        let matched: BTreeSet<TraceId> = self.matches.iter().map(|row| row.trace_id()).collect();
        let mut rows: Vec<_> = matched
            .iter()
            .map(|id| {
                let trace = self.found_trace(*id, find);
                let key = match &find.order.by {
                    TraceOrderBy::Start => Key::Whole(trace.start.into()),
                    TraceOrderBy::Latency => Key::Whole(trace.latency.into()),
                    TraceOrderBy::EarliestMatch => Key::Whole(trace.earliest_match.into()),
                    TraceOrderBy::LongestMatch => Key::Whole(trace.longest_match.into()),
                    TraceOrderBy::Sum(field) => {
                        sum(field, &self.traces[id]).map_or(Key::Missing, Key::Number)
                    }
                };
                (Position { key, tie: *id }, trace)
            })
            .collect();
        let total = find.total.then_some(rows.len() as u64);
        rows.sort_by(|left, right| left.0.compare(&right.0, find.order.direction));
        rows.retain(|(position, _)| find.page.reaches(position, find.order.direction));
        let cut = cut(rows, &find.page);
        TracePage {
            traces: cut.rows,
            last: cut.last,
            next: cut.next,
            total,
        }
    }

    fn found_trace(&self, id: TraceId, find: &FindTraces) -> FoundTrace {
        let spans = &self.traces[&id];
        let root = spans.iter().find(|row| row.is_root());
        let matches: Vec<_> = self.matches.iter().filter(|row| row.trace_id() == id).collect();
        let mut services: Vec<ServiceEntry> = Vec::new();
        for row in spans {
            let Some(service) = row.service() else { continue };
            let at = services.iter().position(|entry| entry.service == service);
            let at = at.unwrap_or_else(|| {
                services.push(ServiceEntry {
                    service: service.into(),
                    start: row.start(),
                    end: row.end(),
                    spans: 0,
                    errors: 0,
                });
                services.len() - 1
            });
            if row.start() == services[at].start {
                services[at].end = services[at].end.max(row.end());
            }
            services[at].spans += 1;
            services[at].errors += u64::from(row.is_error());
        }
        let mut hits: Vec<_> = spans
            .iter()
            .filter(|row| self.select.covers(row.start()))
            .map(|row| self.hit(row))
            .collect();
        hits.sort_by_key(|hit| (!hit.span.is_root(), !hit.matched));
        hits.truncate(find.spans);
        FoundTrace {
            id,
            head: (*root.unwrap_or(&spans[0])).clone(),
            basis: match root {
                Some(_) => TraceBasis::Root,
                None => TraceBasis::FirstSpan,
            },
            start: spans[0].start(),
            end: spans.iter().map(|row| row.end()).max().unwrap_or_default(),
            latency: latency(spans),
            spans: spans.len() as u64,
            errors: spans.iter().filter(|row| row.is_error()).count() as u64,
            services,
            sums: find.sums.iter().map(|field| sum(field, spans)).collect(),
            matches: matches.len() as u64,
            earliest_match: matches.iter().map(|row| row.start()).min().unwrap_or_default(),
            longest_match: matches.iter().map(|row| row.duration()).max().unwrap_or_default(),
            hits,
        }
    }

    fn hit(&self, row: &FoundSpan) -> SpanHit {
        SpanHit {
            span: row.clone(),
            matched: self.matched(row),
        }
    }

    fn trace(&self, find: &FindTrace) -> TraceSpans {
        let ascending = super::Direction::Ascending;
        let spans = self.traces.get(&find.id).map_or(&[][..], Vec::as_slice);
        let covered = spans.iter().filter(|row| self.select.covers(row.start()));
        let total = covered.clone().count() as u64;
        let rows = covered
            .map(|row| {
                let (key, tie) = (Key::Whole(row.start().into()), row.number);
                (Position { key, tie }, self.hit(row))
            })
            .filter(|(position, _)| find.page.reaches(position, ascending));
        let cut = cut(rows.collect(), &find.page);
        TraceSpans {
            hits: cut.rows,
            last: cut.last,
            next: cut.next,
            total,
        }
    }

    fn groups(&self, find: &FindGroups) -> GroupPage {
        let mut groups: BTreeMap<Vec<Part>, Vec<&FoundSpan>> = BTreeMap::new();
        for row in &self.matches {
            let keys: Vec<Part> = find.by.iter().map(|by| part(by, row)).collect();
            if find.missing || !keys.contains(&Part::Missing) {
                groups.entry(keys).or_default().push(row);
            }
        }
        if let Some(search) = &find.search {
            let search = folded(search);
            groups.retain(|keys, _| match keys.last() {
                Some(Part::Text(text)) => folded(text).contains(&*search),
                _ => false,
            });
        }
        let mut groups: Vec<Group> = groups
            .into_iter()
            .map(|(keys, rows)| Group {
                keys,
                measures: find
                    .measures
                    .iter()
                    .map(|measure| measured(measure, &rows))
                    .collect(),
            })
            .collect();
        groups.sort_by(|left, right| {
            let natural = match find.order.by {
                GroupOrderBy::Keys => left.keys.cmp(&right.keys),
                GroupOrderBy::Measure(at) => left.measures[at].compare(&right.measures[at]),
            };
            let direction = find.order.direction;
            direction.turn(natural).then_with(|| left.keys.cmp(&right.keys))
        });
        let page = paged(groups, find.offset, find.limit);
        GroupPage {
            groups: page.0,
            more: page.1,
            total: page.2,
        }
    }

    fn keys(&self, find: &FindKeys) -> KeyPage {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for row in &self.matches {
            let keys: BTreeSet<&str> = match find.of {
                KeyPlace::Span => row.span().attributes().map(|pair| pair.key()).collect(),
                KeyPlace::Resource => row.resource().attributes().map(|pair| pair.key()).collect(),
            };
            keys.into_iter()
                .for_each(|key| *counts.entry(key).or_default() += 1);
        }
        let search = folded(find.search.as_deref().unwrap_or_default());
        counts.retain(|key, _| folded(key).contains(&*search));
        let mut keys: Vec<FoundKey> = counts
            .into_iter()
            .map(|(key, spans)| FoundKey {
                key: key.into(),
                spans,
            })
            .collect();
        keys.sort_by_key(|found| Reverse(found.spans));
        let page = paged(keys, find.offset, find.limit);
        KeyPage {
            keys: page.0,
            more: page.1,
            total: page.2,
        }
    }
}

/// The rows of a page, whether more follow, and how many there are.
fn paged<T>(rows: Vec<T>, offset: u64, limit: usize) -> (Vec<T>, bool, u64) {
    let total = rows.len();
    let rows: Vec<T> = rows.into_iter().skip(offset as usize).collect();
    let more = rows.len() > limit;
    (rows.into_iter().take(limit).collect(), more, total as u64)
}

fn latency(spans: &[&FoundSpan]) -> i64 {
    let start = spans.iter().map(|row| row.start()).min().unwrap_or_default();
    let end = spans.iter().map(|row| row.end()).max().unwrap_or_default();
    end.wrapping_sub(start) as i64
}

fn number(field: &Field, row: &FoundSpan) -> Option<f64> {
    field.of(row)?.number()?.finite()
}

/// In the order of the spans: doubles are not exact, but the same every time.
fn sum(field: &Field, spans: &[&FoundSpan]) -> Option<f64> {
    spans
        .iter()
        .filter_map(|row| number(field, row))
        .reduce(|sum, next| sum + next)
}

fn part(by: &GroupBy, row: &FoundSpan) -> Part {
    match by {
        GroupBy::Text(field) => field
            .of(row)
            .map_or(Part::Missing, |datum| Part::Text(datum.text().into_owned())),
        GroupBy::Time(width) => Part::Time(time_bucket(row.start(), *width)),
        GroupBy::Duration => Part::Duration(duration_bucket(row.duration())),
    }
}

fn measured(measure: &Measure, rows: &[&FoundSpan]) -> Measured {
    let durations = || rows.iter().map(|row| row.duration());
    match measure {
        Measure::Spans => Measured::Count(rows.len() as u64),
        Measure::Traces => {
            let traces: BTreeSet<TraceId> = rows.iter().map(|row| row.trace_id()).collect();
            Measured::Count(traces.len() as u64)
        }
        Measure::Errors => Measured::Count(rows.iter().filter(|row| row.is_error()).count() as u64),
        Measure::DurationSum => Measured::nanos(durations().map(i128::from).sum()),
        Measure::DurationMin => Measured::Nanos(durations().min().unwrap_or_default()),
        Measure::DurationMax => Measured::Nanos(durations().max().unwrap_or_default()),
        Measure::DurationQuantile(share) => {
            let mut sketch = Sketch::default();
            durations().for_each(|duration| sketch.add(duration));
            Measured::Nanos(sketch.quantile(*share))
        }
        Measure::Sum(field) => Measured::Number(
            rows.iter()
                .filter_map(|row| number(field, row))
                .fold(0.0, |a, b| a + b),
        ),
    }
}
