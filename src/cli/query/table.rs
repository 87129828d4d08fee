//! Answers as tables.

use super::when;
use crate::query::model::{GroupPage, KeyPage, Measured, Part, SpanPage};

/// A longer cell is cut, so that a row stays a line.
const WIDEST: usize = 60;

/// A table: rows of cells, the first of them the heads.
struct Table {
    rows: Vec<Vec<String>>,
    /// Which columns are numbers, and stand at the right.
    right: Vec<bool>,
}

/// Spans.
pub(super) fn spans(page: &SpanPage) -> String {
    if page.spans.is_empty() {
        return "no spans match\n".into();
    }
    let heads = [
        "start", "duration", "service", "name", "status", "trace id", "span id",
    ];
    let mut table = Table::new(&heads, |head| head == "duration");
    for found in &page.spans {
        let span = found.span();
        let status = match span.status().code {
            0 => "",
            1 => "ok",
            2 => "error",
            _ => "?",
        };
        let ids = [found.trace_id().to_string(), hex(span.span_id())];
        table.rows.push(
            [
                when::shown(found.start()),
                when::length(found.end().wrapping_sub(found.start()) as i64),
                found.service().unwrap_or_default().to_owned(),
                span.name().to_owned(),
                status.to_owned(),
            ]
            .into_iter()
            .chain(ids)
            .collect(),
        );
    }
    let more = if page.next.is_some() {
        "there are more: --limit shows them\n"
    } else {
        ""
    };
    table.shown() + more
}

/// Groups.
pub(super) fn groups(page: &GroupPage, columns: &[&str]) -> String {
    if page.groups.is_empty() {
        return "no spans match\n".into();
    }
    let texts = page.groups.first().map_or(0, |group| group.keys.len());
    let right = columns.iter().skip(texts).copied().collect::<Vec<_>>();
    let mut table = Table::new(columns, |head| right.contains(&head));
    for group in &page.groups {
        let keys = group.keys.iter().map(|key| match key {
            Part::Missing => String::new(),
            Part::Text(text) => text.clone(),
            Part::Time(nanos) => when::shown(*nanos),
            Part::Duration(nanos) => when::length(*nanos),
        });
        let measures = group.measures.iter().map(|measure| match measure {
            Measured::Count(count) => count.to_string(),
            Measured::Nanos(nanos) => when::length(*nanos),
            Measured::Number(number) => number.to_string(),
        });
        table.rows.push(keys.chain(measures).collect());
    }
    let left = page.total.saturating_sub(page.groups.len() as u64);
    table.shown() + &more(left, page.more)
}

/// Keys.
pub(super) fn keys(page: &KeyPage) -> String {
    if page.keys.is_empty() {
        return "no attributes match\n".into();
    }
    let mut table = Table::new(&["key", "spans"], |head| head == "spans");
    let rows = page
        .keys
        .iter()
        .map(|found| vec![found.key.clone(), found.spans.to_string()]);
    table.rows.extend(rows);
    let left = page.total.saturating_sub(page.keys.len() as u64);
    table.shown() + &more(left, page.more)
}

fn more(left: u64, more: bool) -> String {
    match more {
        true => format!("{left} more: --limit shows them\n"),
        false => String::new(),
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a sender wrote, on one line and without anything that a terminal would obey.
pub(super) fn plain(text: &str, widest: usize) -> String {
    let plain = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    let mut letters = text.chars().map(plain);
    let mut shown: String = letters.by_ref().take(widest).collect();
    if letters.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

// === impl Table ===

impl Table {
    fn new(heads: &[&str], is_right: impl Fn(&str) -> bool) -> Self {
        Self {
            rows: vec![heads.iter().map(|head| (*head).to_owned()).collect()],
            right: heads.iter().map(|head| is_right(head)).collect(),
        }
    }

    fn shown(self) -> String {
        let cut = |row: Vec<String>| row.iter().map(|cell| plain(cell, WIDEST)).collect();
        let rows: Vec<Vec<String>> = self.rows.into_iter().map(cut).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        let mut shown = String::new();
        for row in &rows {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&self.right) {
                line += &match right {
                    true => format!("{cell:>width$}  "),
                    false => format!("{cell:<width$}  "),
                };
            }
            shown += line.trim_end();
            shown.push('\n');
        }
        shown
    }
}
