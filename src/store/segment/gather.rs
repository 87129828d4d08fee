//! The rows of a row group while they are being gathered, column by column.

use bytes::Bytes;
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::bin::Bin;
use super::columns::{Hot, Kind};
use super::order;
use super::texts::{self, List};
use crate::query::model::FoundSpan;
use crate::wire::json::Part;
use crate::wire::{Cell, Pair, Parts};

/// A column of an attribute.
pub enum Own {
    /// Texts and numbers.
    Bin(Bin),
    /// Truths, and which rows have one.
    Bools(Vec<bool>, Vec<bool>),
}

/// The columns of the rows so far.
pub struct Gather {
    pub rows: usize,
    pub number: Vec<i64>,
    pub project: Bin,
    pub trace_ids: Vec<u8>,
    pub span_ids: Vec<u8>,
    pub parents: Vec<u8>,
    pub has_parent: Vec<bool>,
    pub trace_state: Bin,
    pub flags: Bin,
    pub name: Bin,
    pub kind: Bin,
    pub start: Vec<i64>,
    pub duration: Vec<i64>,
    pub status_code: Bin,
    pub status_message: Bin,
    pub service: Bin,
    pub resource: Bin,
    pub scope_name: Bin,
    pub scope: Bin,
    pub dropped_attributes: Bin,
    pub events: Bin,
    pub dropped_events: Bin,
    pub links: Bin,
    pub dropped_links: Bin,
    pub explicit: Bin,
    pub order: Bin,
    pub raw: Bin,
    pub other_key: Bin,
    pub other_kind: Bin,
    pub other_value: Bin,
    /// Behind the last of each row's attributes without a column of their own.
    pub other_ends: Vec<u32>,
    /// The columns of attributes.
    pub own: Vec<Own>,
    /// Each resource that was met.
    pub resources: Known<Resource>,
    scopes: Known<(u32, u32)>,
    columns: HashMap<Vec<u8>, (u16, Kind), RandomState>,
    tokens: Vec<u8>,
    scratch: Vec<u8>,
}

/// What is known of headers.
pub struct Known<T> {
    /// By their content.
    pub all: HashMap<Bytes, T, RandomState>,
    /// By where they lie: spans of a request share theirs. Each is kept, so that nothing else comes to lie there.
    places: HashMap<(usize, usize), (Bytes, T), RandomState>,
}

/// So many headers are known by place; then they are forgotten, and found by content once more.
const PLACES: usize = 4096;

/// The codes of a resource.
#[derive(Clone, Copy)]
pub struct Resource {
    /// In the column of resources.
    pub resource: u32,
    /// In the column of services.
    pub service: Option<u32>,
}

// === impl Gather ===

impl Gather {
    /// No rows yet, of spans whose attributes have these columns.
    pub fn new(hot: &[Hot]) -> Self {
        let columns = hot.iter().zip(0..);
        let columns = columns.map(|(hot, number)| (hot.key.clone().into_bytes(), (number, hot.kind)));
        let own = hot.iter().map(|hot| match hot.kind {
            Kind::Bool => Own::Bools(Vec::new(), Vec::new()),
            _ => Own::Bin(Bin::new()),
        });
        Self {
            rows: 0,
            number: Vec::new(),
            project: Bin::new(),
            trace_ids: Vec::new(),
            span_ids: Vec::new(),
            parents: Vec::new(),
            has_parent: Vec::new(),
            trace_state: Bin::new(),
            flags: Bin::new(),
            name: Bin::new(),
            kind: Bin::new(),
            start: Vec::new(),
            duration: Vec::new(),
            status_code: Bin::new(),
            status_message: Bin::new(),
            service: Bin::new(),
            resource: Bin::new(),
            scope_name: Bin::new(),
            scope: Bin::new(),
            dropped_attributes: Bin::new(),
            events: Bin::new(),
            dropped_events: Bin::new(),
            links: Bin::new(),
            dropped_links: Bin::new(),
            explicit: Bin::new(),
            order: Bin::new(),
            raw: Bin::new(),
            other_key: Bin::new(),
            other_kind: Bin::new(),
            other_value: Bin::new(),
            other_ends: Vec::new(),
            own: own.collect(),
            resources: Known::new(),
            scopes: Known::new(),
            columns: columns.collect(),
            tokens: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds a span.
    pub fn push(&mut self, span: &FoundSpan) {
        let parts = Parts::of(&span.span);
        self.number.push(span.number as i64);
        self.project.push(span.project.as_bytes());
        self.push_headers(span);
        self.trace_ids.extend_from_slice(&padded::<16>(parts.trace_id));
        self.span_ids.extend_from_slice(&padded::<8>(parts.span_id));
        self.parents.extend_from_slice(&padded::<8>(parts.parent_span_id));
        self.has_parent.push(!parts.parent_span_id.is_empty());
        self.trace_state.push(parts.trace_state);
        self.name.push(parts.name);
        self.start.push(parts.start as i64);
        self.duration.push(parts.end.wrapping_sub(parts.start) as i64);
        self.status_message.push(parts.status_message);
        push_int(&mut self.flags, parts.flags);
        push_int(&mut self.kind, parts.kind as u32);
        push_int(&mut self.status_code, parts.status_code as u32);
        push_int(&mut self.dropped_attributes, parts.dropped_attributes);
        push_int(&mut self.dropped_events, parts.dropped_events);
        push_int(&mut self.dropped_links, parts.dropped_links);
        push_int(&mut self.explicit, parts.explicit);
        let mut is_lossless = push_list(&mut self.events, List::Events, &parts.events);
        is_lossless &= push_list(&mut self.links, List::Links, &parts.links);
        is_lossless &= self.push_attributes(&parts.attributes);
        self.push_raw(span, &parts, is_lossless);
        self.rows += 1;
    }

    /// Keeps the span itself when the columns would not give back its very bytes.
    fn push_raw(&mut self, span: &FoundSpan, parts: &Parts<'_>, is_lossless: bool) {
        self.scratch.clear();
        parts.put(&mut self.scratch);
        let has_usual_ids = matches!(parts.parent_span_id.len(), 0 | 8);
        match is_lossless && has_usual_ids && self.scratch == span.span {
            true => self.raw.push_null(),
            false => drop(self.raw.push(&span.span)),
        }
    }

    fn push_headers(&mut self, span: &FoundSpan) {
        let known = self.resources.find(&span.resource, || {
            let text = texts::header(Part::ResourceSpans, &span.resource);
            let service = span.service().map(|name| self.service.code_of(name.as_bytes()));
            Resource {
                resource: self.resource.code_of(text.as_bytes()),
                service,
            }
        });
        self.resource.push_code(known.resource);
        match known.service {
            Some(code) => self.service.push_code(code),
            None => self.service.push_null(),
        }
        let (name, scope) = self.scopes.find(&span.scope, || {
            let text = texts::header(Part::ScopeSpans, &span.scope);
            let name = self.scope_name.code_of(span.scope().name().as_bytes());
            (name, self.scope.code_of(text.as_bytes()))
        });
        self.scope_name.push_code(name);
        self.scope.push_code(scope);
    }

    /// Returns whether the values can be given back.
    fn push_attributes(&mut self, attributes: &[Pair<'_>]) -> bool {
        self.tokens.clear();
        let mut is_lossless = true;
        for pair in attributes {
            let token = match self.columns.get(pair.key) {
                Some((number, kind)) => self.push_own(*number, *kind, &pair.cell),
                None => None,
            };
            self.tokens.push(token.unwrap_or(order::OTHER));
            if token.is_none() {
                is_lossless &= self.push_other(pair);
            }
        }
        self.other_ends.push(self.other_key.len() as u32);
        for own in &mut self.own {
            own.fill(self.rows + 1);
        }
        match order::is_usual(&self.tokens) {
            true => self.order.push_null(),
            false => drop(self.order.push(&self.tokens)),
        }
        is_lossless
    }

    /// Puts a value into its column, when that takes its kind and has none in this row.
    fn push_own(&mut self, number: u16, kind: Kind, cell: &Cell<'_>) -> Option<u8> {
        let own = self.own.get_mut(usize::from(number))?;
        if own.len() > self.rows {
            return None;
        }
        match (kind, cell, own) {
            (Kind::String, Cell::String(text), Own::Bin(bin)) => bin.push(text),
            (Kind::Int, Cell::Int(value), Own::Bin(bin)) => bin.push(&value.to_le_bytes()),
            (Kind::Double, Cell::Double(value), Own::Bin(bin)) => bin.push(&value.to_le_bytes()),
            (Kind::Bool, Cell::Bool(value), Own::Bools(values, present)) => {
                values.push(*value);
                present.push(true);
                0
            }
            _ => return None,
        };
        u8::try_from(number).ok()
    }

    fn push_other(&mut self, pair: &Pair<'_>) -> bool {
        let (value, is_lossless) = texts::value(&pair.cell);
        self.other_key.push(pair.key);
        self.other_kind.push(texts::kind(&pair.cell).name().as_bytes());
        self.other_value.push(&value);
        is_lossless
    }
}

fn push_int(bin: &mut Bin, value: u32) {
    bin.push(&value.to_le_bytes());
}

fn push_list(bin: &mut Bin, list: List, fields: &[u8]) -> bool {
    if fields.is_empty() {
        bin.push_null();
        return true;
    }
    let (text, is_lossless) = texts::list(list, fields);
    bin.push(text.as_bytes());
    is_lossless
}

/// Ids have their length, or the whole span is kept beside.
fn padded<const WIDTH: usize>(id: &[u8]) -> [u8; WIDTH] {
    let mut padded = [0; WIDTH];
    padded.iter_mut().zip(id).for_each(|(to, from)| *to = *from);
    padded
}

// === impl Own ===

impl Own {
    fn len(&self) -> usize {
        match self {
            Self::Bin(bin) => bin.len(),
            Self::Bools(values, _) => values.len(),
        }
    }

    /// A row without a value, if the last has none.
    fn fill(&mut self, rows: usize) {
        if self.len() >= rows {
            return;
        }
        match self {
            Self::Bin(bin) => bin.push_null(),
            Self::Bools(values, present) => {
                values.push(false);
                present.push(false);
            }
        }
    }
}

// === impl Known ===

impl<T: Copy> Known<T> {
    fn new() -> Self {
        Self {
            all: HashMap::default(),
            places: HashMap::default(),
        }
    }

    /// What is known of a header, found out by `learn` when it is new.
    fn find(&mut self, header: &Bytes, learn: impl FnOnce() -> T) -> T {
        let place = (header.as_ptr().addr(), header.len());
        if let Some((_, known)) = self.places.get(&place) {
            return *known;
        }
        let known = *self.all.entry_ref(header).or_insert_with(learn);
        if self.places.len() >= PLACES {
            self.places.clear();
        }
        self.places.insert(place, (header.clone(), known));
        known
    }
}
