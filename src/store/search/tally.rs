//! What is measured of a group.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::batch::{Batch, Ids, Longs};
use super::guard::Guard;
use super::pool::Cells;
use crate::query::model::{Measure, Measured, QueryError, Sketch};

/// Memory of a trace that is counted, with the room that tables keep free.
const TRACE: usize = 40;

/// Memory of a tally.
pub const TALLY: usize = size_of::<Tally>() + size_of::<Rest>();

/// The measures of a group so far. Small where only spans are counted, so that many groups stay near.
#[derive(Default)]
pub struct Tally {
    spans: u64,
    rest: Option<Box<Rest>>,
}

/// What is measured beside the number of spans.
#[derive(Default)]
struct Rest {
    errors: u64,
    durations: Option<Durations>,
    sketch: Option<Box<Sketch>>,
    traces: Option<HashSet<[u8; 16], RandomState>>,
    last_trace: Option<[u8; 16]>,
    sums: Vec<f64>,
}

struct Durations {
    sum: i128,
    min: i64,
    max: i64,
}

/// The columns of a batch that the measures need.
pub struct Columns {
    durations: Option<Longs>,
    traces: Option<Ids<16>>,
    errors: Option<Vec<bool>>,
    sums: Vec<Cells>,
}

/// Which columns a question's measures need.
pub struct Needs<'a> {
    measures: &'a [Measure],
    durations: bool,
    quantiles: bool,
    traces: bool,
    errors: bool,
    spans_only: bool,
}

// === impl Needs ===

impl<'a> Needs<'a> {
    /// What these measures need.
    pub fn of(measures: &'a [Measure]) -> Self {
        let quantiles = measures
            .iter()
            .any(|measure| matches!(measure, Measure::DurationQuantile(_)));
        let durations = [Measure::DurationSum, Measure::DurationMin, Measure::DurationMax];
        Self {
            measures,
            durations: quantiles || measures.iter().any(|measure| durations.contains(measure)),
            quantiles,
            traces: measures.contains(&Measure::Traces),
            errors: measures.contains(&Measure::Errors),
            spans_only: measures.iter().all(|measure| *measure == Measure::Spans),
        }
    }

    /// Whether only spans are counted.
    pub fn spans_only(&self) -> bool {
        self.spans_only
    }

    /// The columns of a batch.
    pub fn columns(&self, batch: &Batch<'_>, rows: &[u32]) -> Result<Columns, QueryError> {
        let fields = self.measures.iter().filter_map(|measure| match measure {
            Measure::Sum(field) => Some(field),
            _ => None,
        });
        Ok(Columns {
            durations: self.durations.then(|| batch.durations()).transpose()?,
            traces: self.traces.then(|| batch.traces()).transpose()?,
            errors: self.errors.then(|| batch.errors(rows)).transpose()?,
            sums: fields
                .map(|field| batch.cells(field, rows))
                .collect::<Result<_, _>>()?,
        })
    }

    /// What was measured, in the order of the question.
    pub fn measured(&self, tally: &Tally) -> Vec<Measured> {
        let nothing = Rest::default();
        let rest = tally.rest.as_deref().unwrap_or(&nothing);
        let mut sums = rest.sums.iter();
        let durations = |of: fn(&Durations) -> i64| Measured::Nanos(rest.durations.as_ref().map_or(0, of));
        let measured = self.measures.iter().map(|measure| match measure {
            Measure::Spans => Measured::Count(tally.spans),
            Measure::Traces => Measured::Count(rest.traces.as_ref().map_or(0, |traces| traces.len() as u64)),
            Measure::Errors => Measured::Count(rest.errors),
            Measure::DurationSum => Measured::nanos(rest.durations.as_ref().map_or(0, |all| all.sum)),
            Measure::DurationMin => durations(|all| all.min),
            Measure::DurationMax => durations(|all| all.max),
            Measure::DurationQuantile(share) => {
                Measured::Nanos(rest.sketch.as_ref().map_or(0, |sketch| sketch.quantile(*share)))
            }
            Measure::Sum(_) => Measured::Number(sums.next().copied().unwrap_or_default()),
        });
        measured.collect()
    }
}

// === impl Tally ===

impl Tally {
    /// Counts spans of which nothing else is measured.
    pub fn count(&mut self, spans: u64) {
        self.spans += spans;
    }

    /// Counts the row that is at this place among those that were asked for.
    pub fn add(
        &mut self,
        needs: &Needs<'_>,
        columns: &Columns,
        row: u32,
        place: usize,
        guard: &Guard,
    ) -> Result<(), QueryError> {
        self.spans += 1;
        match needs.spans_only() {
            true => Ok(()),
            false => self
                .rest
                .get_or_insert_default()
                .add(needs, columns, row, place, guard),
        }
    }
}

// === impl Rest ===

impl Rest {
    fn add(
        &mut self,
        needs: &Needs<'_>,
        columns: &Columns,
        row: u32,
        place: usize,
        guard: &Guard,
    ) -> Result<(), QueryError> {
        if let Some(errors) = &columns.errors {
            self.errors += u64::from(errors.get(place).copied().unwrap_or_default());
        }
        if let Some(durations) = &columns.durations {
            self.add_duration(durations.get(row), needs.quantiles, guard)?;
        }
        if let Some(traces) = &columns.traces {
            self.add_trace(traces.get(row), guard)?;
        }
        if !columns.sums.is_empty() {
            self.sums.resize(columns.sums.len(), 0.0);
        }
        for (sum, cells) in self.sums.iter_mut().zip(&columns.sums) {
            let number = cells.with(row, |datum| datum?.number()?.finite());
            *sum += number.unwrap_or_default();
        }
        Ok(())
    }

    fn add_duration(&mut self, duration: i64, quantiles: bool, guard: &Guard) -> Result<(), QueryError> {
        let all = self.durations.get_or_insert(Durations {
            sum: 0,
            min: duration,
            max: duration,
        });
        all.sum += i128::from(duration);
        all.min = all.min.min(duration);
        all.max = all.max.max(duration);
        if !quantiles {
            return Ok(());
        }
        let sketch = self.sketch.get_or_insert_default();
        let before = sketch.bytes();
        sketch.add(duration);
        guard.keep(sketch.bytes() - before)
    }

    fn add_trace(&mut self, trace: [u8; 16], guard: &Guard) -> Result<(), QueryError> {
        // Rows of a trace follow each other in a segment.
        if self.last_trace == Some(trace) {
            return Ok(());
        }
        self.last_trace = Some(trace);
        match self.traces.get_or_insert_default().insert(trace) {
            true => guard.keep(TRACE),
            false => Ok(()),
        }
    }
}
