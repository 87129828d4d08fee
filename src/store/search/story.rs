//! The rows of some traces, with what is told about each trace.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::batch::Batch;
use super::facts::Facts;
use super::guard::Guard;
use super::place::Place;
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use crate::query::model::{Compiled, Field, Filter, QueryError, TraceId};

/// A row of a trace.
pub struct Row {
    /// Its trace.
    pub trace: TraceId,
    /// Its start.
    pub start: u64,
    /// Its insertion number.
    pub number: u64,
    /// Its end.
    pub end: u64,
    /// Whether it has no parent.
    pub is_root: bool,
    /// Whether it is an error.
    pub is_error: bool,
    /// Its service.
    pub service: Option<Arc<str>>,
    /// The numbers of the fields that are to be summed.
    pub numbers: Vec<Option<f64>>,
    /// Where it lies.
    pub place: Place,
}

/// All rows of these traces that are reached, by trace, start and number.
pub fn rows(
    source: &dyn Source,
    reach: &Reach,
    traces: Vec<TraceId>,
    sums: &[Field],
    guard: &Guard,
) -> Result<Vec<Row>, QueryError> {
    let (everything, none) = (Filter::default().compile()?, Facts::default());
    let mut gather = Gather {
        rows: Vec::new(),
        sums,
        guard,
        service: None,
    };
    Scan::new(source, reach.clone(), &everything, &none, guard)
        .only(traces)
        .run(&mut gather)?;
    gather
        .rows
        .sort_unstable_by_key(|row| (row.trace, row.start, row.number));
    Ok(gather.rows)
}

/// The insertion numbers of those rows of these traces that pass.
pub fn matched(
    source: &dyn Source,
    reach: &Reach,
    filter: &Compiled,
    facts: &Facts,
    traces: Vec<TraceId>,
    guard: &Guard,
) -> Result<HashSet<u64, RandomState>, QueryError> {
    let mut numbers = Numbers(HashSet::default(), guard);
    Scan::new(source, reach.clone(), filter, facts, guard)
        .only(traces)
        .run(&mut numbers)?;
    Ok(numbers.0)
}

struct Gather<'a> {
    rows: Vec<Row>,
    sums: &'a [Field],
    guard: &'a Guard,
    /// The service of the row before: the next has often the same.
    service: Option<Arc<str>>,
}

impl Visitor for Gather<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let (traces, numbers) = (batch.traces()?, batch.numbers()?);
        let (starts, durations) = (batch.starts()?, batch.durations()?);
        let errors = batch.errors(rows)?;
        let services = batch.cells(&Field::Service, rows)?;
        let parents = batch.cells(&Field::ParentSpanId, rows)?;
        let sums = self.sums.iter().map(|field| batch.cells(field, rows));
        let sums = sums.collect::<Result<Vec<_>, _>>()?;
        for (row, is_error) in rows.iter().zip(errors) {
            let Some(place) = Place::of(batch, *row) else {
                continue;
            };
            self.guard
                .keep(size_of::<Row>() + sums.len() * size_of::<Option<f64>>())?;
            let start = starts.get(*row) as u64;
            let service = services.with(*row, |name| Some(name?.text().into_owned()));
            let service = service.map(|name| self.service(&name));
            self.rows.push(Row {
                trace: TraceId(traces.get(*row)),
                start,
                number: numbers.get(*row) as u64,
                end: start.wrapping_add(durations.get(*row) as u64),
                is_root: parents.with(*row, |parent| parent.is_none()),
                is_error,
                service,
                numbers: sums
                    .iter()
                    .map(|cells| cells.with(*row, |datum| datum?.number()?.finite()))
                    .collect(),
                place,
            });
        }
        Ok(())
    }
}

impl Gather<'_> {
    fn service(&mut self, name: &str) -> Arc<str> {
        match &self.service {
            Some(known) if **known == *name => known.clone(),
            _ => self.service.insert(name.into()).clone(),
        }
    }
}

struct Numbers<'a>(HashSet<u64, RandomState>, &'a Guard);

impl Visitor for Numbers<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let numbers = batch.numbers()?;
        self.1.keep(rows.len() * 16)?;
        self.0.extend(rows.iter().map(|row| numbers.get(*row) as u64));
        Ok(())
    }
}
