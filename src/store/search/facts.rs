//! What a filter asks about traces, found out before the rows are judged.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::batch::Batch;
use super::guard::Guard;
use super::scan::{Reach, Scan, Visitor};
use super::source::Source;
use crate::query::model::{Compiled, Filter, Node, QueryError, TraceId};

/// So many traces are looked up one by one; for more of them everything is read.
const LOOKED_UP: usize = 256;

/// Memory of an entry, with the room that tables keep free.
const ENTRY: usize = 80;

type Ids = HashSet<[u8; 16], RandomState>;

/// What a filter asks about traces.
#[derive(Default)]
pub struct Facts {
    /// For each condition on any span, the traces with such a span.
    any: Vec<Ids>,
    spans: HashMap<[u8; 16], Extent, RandomState>,
}

/// From when to when a trace goes.
#[derive(Clone, Copy)]
pub struct Extent {
    /// The earliest start.
    pub start: u64,
    /// The latest end.
    pub end: u64,
}

// === impl Facts ===

impl Facts {
    /// Finds out what the filter asks about the traces of all rows that may pass.
    pub fn of(
        source: &dyn Source,
        reach: &Reach,
        filter: &Compiled,
        guard: &Guard,
    ) -> Result<Self, QueryError> {
        let mut facts = Self::default();
        for inner in &filter.any_spans {
            let mut found = Collect {
                ids: Ids::default(),
                guard,
            };
            let none = Self::default();
            Scan::new(source, reach.at_any_time(), inner, &none, guard).run(&mut found)?;
            facts.any.push(found.ids);
        }
        if filter.latency {
            let may_pass = Compiled {
                node: optimistic(&filter.node, true),
                any_spans: filter.any_spans.clone(),
                latency: false,
            };
            let mut found = Collect {
                ids: Ids::default(),
                guard,
            };
            Scan::new(source, reach.clone(), &may_pass, &facts, guard).run(&mut found)?;
            facts.spans = extents(source, reach, found.ids, guard)?;
        }
        Ok(facts)
    }

    /// Whether a trace has a span that passes the condition of this number.
    pub fn has_span(&self, number: usize, trace: &[u8; 16]) -> bool {
        self.any.get(number).is_some_and(|ids| ids.contains(trace))
    }

    /// The latency of a trace, of which some row may pass.
    pub fn latency(&self, trace: &[u8; 16]) -> i64 {
        self.spans.get(trace).map_or(0, Extent::latency)
    }
}

/// From when to when each of these traces goes, whatever rows the question selects.
pub fn extents(
    source: &dyn Source,
    reach: &Reach,
    traces: Ids,
    guard: &Guard,
) -> Result<HashMap<[u8; 16], Extent, RandomState>, QueryError> {
    let everything = Filter::default().compile()?;
    let none = Facts::default();
    let mut scan = Scan::new(source, reach.at_any_time(), &everything, &none, guard);
    if traces.len() <= LOOKED_UP {
        scan = scan.only(traces.iter().map(|id| TraceId(*id)).collect());
    }
    let mut found = Extents {
        found: HashMap::default(),
        traces,
        guard,
    };
    scan.run(&mut found)?;
    Ok(found.found)
}

/// The condition without what it asks about latency: it lets pass whatever might.
fn optimistic(node: &Node, verdict: bool) -> Node {
    let all = |parts: &[Node]| parts.iter().map(|part| optimistic(part, verdict)).collect();
    match node {
        Node::All(parts) => Node::All(all(parts)),
        Node::Any(parts) => Node::Any(all(parts)),
        Node::Not(part) => Node::Not(Box::new(optimistic(part, !verdict))),
        Node::TraceLatency(..) if verdict => Node::All(Vec::new()),
        Node::TraceLatency(..) => Node::Any(Vec::new()),
        _ => node.clone(),
    }
}

// === impl Extent ===

impl Extent {
    /// From the earliest start to the latest end.
    pub fn latency(&self) -> i64 {
        self.end.wrapping_sub(self.start) as i64
    }
}

/// Collects the traces of rows.
struct Collect<'a> {
    ids: Ids,
    guard: &'a Guard,
}

impl Visitor for Collect<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let traces = batch.traces()?;
        let before = self.ids.len();
        self.ids.extend(rows.iter().map(|row| traces.get(*row)));
        self.guard.keep((self.ids.len() - before) * ENTRY)
    }
}

/// Collects from when to when traces go.
struct Extents<'a> {
    traces: Ids,
    found: HashMap<[u8; 16], Extent, RandomState>,
    guard: &'a Guard,
}

impl Visitor for Extents<'_> {
    fn rows(&mut self, batch: &Batch<'_>, rows: &[u32]) -> Result<(), QueryError> {
        let (traces, starts, durations) = (batch.traces()?, batch.starts()?, batch.durations()?);
        let before = self.found.len();
        for row in rows {
            let trace = traces.get(*row);
            if !self.traces.contains(&trace) {
                continue;
            }
            let start = starts.get(*row) as u64;
            let end = start.wrapping_add(durations.get(*row) as u64);
            let extent = self.found.entry(trace).or_insert(Extent { start, end });
            extent.start = extent.start.min(start);
            extent.end = extent.end.max(end);
        }
        self.guard.keep((self.found.len() - before) * ENTRY)
    }
}

/// Ids as a set.
pub fn ids(traces: impl Iterator<Item = TraceId>) -> Ids {
    traces.map(|trace| trace.0).collect()
}
