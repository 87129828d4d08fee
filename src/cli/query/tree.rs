//! A trace as a tree.

use std::collections::{BTreeSet, HashMap};

use super::table::{hex, plain};
use super::when;
use crate::query::model::{FoundSpan, TraceSpans};

/// Branches deeper than this are drawn no further to the right.
const DEEPEST: usize = 40;

/// Letters of a name or message that are shown.
const WIDEST: usize = 80;

/// A span that is to be drawn, behind the branches that lead to it.
struct Turn {
    span: usize,
    branches: String,
    depth: usize,
    is_last: bool,
}

/// The trace, a line a span.
pub(super) fn tree(trace: &TraceSpans) -> Result<String, String> {
    let spans: Vec<&FoundSpan> = trace.hits.iter().map(|hit| &hit.span).collect();
    let Some(first) = spans.first() else {
        return Err("no spans of this trace are here".into());
    };
    let start = spans.iter().map(|span| span.start()).min().unwrap_or_default();
    let end = spans.iter().map(|span| span.end()).max().unwrap_or_default();
    let services: BTreeSet<&str> = spans.iter().filter_map(|span| span.service()).collect();
    let errors = spans.iter().filter(|span| span.span().status().code == 2).count();
    let mut shown = format!(
        "trace {}\nstarted {}, took {}: {}, {}, {}\n\n{:>10}  {:>9}\n",
        first.trace_id(),
        when::shown(start),
        when::length(end.wrapping_sub(start) as i64),
        counted(trace.total as usize, "span"),
        counted(services.len(), "service"),
        counted(errors, "error"),
        "after",
        "duration",
    );
    for (span, drawn) in drawn(&spans) {
        let offset = span.start().wrapping_sub(start) as i64;
        let length = span.end().wrapping_sub(span.start()) as i64;
        let (offset, length) = (when::length(offset), when::length(length));
        shown += &format!("{offset:>10}  {length:>9}  {drawn}\n");
    }
    if trace.next.is_some() {
        let left = trace.total as usize - spans.len();
        shown += &format!("{left} more spans are not shown\n");
    }
    Ok(shown)
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// The spans in the order of the tree, each with its branches and what is said of it.
fn drawn<'a>(spans: &[&'a FoundSpan]) -> Vec<(&'a FoundSpan, String)> {
    let mut places = HashMap::new();
    for (place, span) in spans.iter().enumerate() {
        places.entry(span.span().span_id()).or_insert(place);
    }
    let parent_of = |span: &FoundSpan| places.get(span.span().parent_span_id()).copied();
    let mut children = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        match parent_of(span).filter(|parent| *parent != place) {
            Some(parent) => children
                .get_mut(parent)
                .into_iter()
                .for_each(|list| list.push(place)),
            None => roots.push(place),
        }
    }
    let mut lines = Vec::with_capacity(spans.len());
    let mut seen = vec![false; spans.len()];
    // Spans that are their own ancestors hang on no root: the first of each circle is taken for one.
    for place in roots.into_iter().chain(0..spans.len()) {
        let root = Turn {
            span: place,
            branches: String::new(),
            depth: 0,
            is_last: true,
        };
        draw(root, spans, &children, &mut seen, &mut lines);
    }
    lines
}

fn draw<'a>(
    root: Turn,
    spans: &[&'a FoundSpan],
    children: &[Vec<usize>],
    seen: &mut [bool],
    lines: &mut Vec<(&'a FoundSpan, String)>,
) {
    let mut turns = vec![root];
    while let Some(turn) = turns.pop() {
        let (Some(span), Some(seen)) = (spans.get(turn.span), seen.get_mut(turn.span)) else {
            continue;
        };
        if std::mem::replace(seen, true) {
            continue;
        }
        let (branch, below) = match (turn.depth, turn.is_last) {
            (0, _) => ("", ""),
            (_, true) => ("└─ ", "   "),
            (_, false) => ("├─ ", "│  "),
        };
        lines.push((
            span,
            format!("{}{branch}{}", turn.branches, said(span, turn.depth)),
        ));
        let branches = match turn.depth < DEEPEST {
            true => turn.branches + below,
            false => turn.branches,
        };
        let below = children.get(turn.span).map(Vec::as_slice).unwrap_or_default();
        turns.extend(below.iter().rev().enumerate().map(|(behind, child)| Turn {
            span: *child,
            branches: branches.clone(),
            depth: turn.depth + 1,
            is_last: behind == 0,
        }));
    }
}

/// What is said of a span behind its branches.
fn said(found: &FoundSpan, depth: usize) -> String {
    let span = found.span();
    let mut said = match found.service() {
        Some(service) => format!("{}: {}", plain(service, WIDEST), plain(span.name(), WIDEST)),
        None => plain(span.name(), WIDEST),
    };
    let status = span.status();
    if status.code == 2 {
        said += "  ERROR";
        if !status.message.is_empty() {
            said += " ";
            said += &plain(status.message, WIDEST);
        }
    }
    let parent = span.parent_span_id();
    if depth == 0 && parent.iter().any(|byte| *byte != 0) {
        said += &format!("  (its parent {} is not here)", hex(parent));
    }
    said
}
