//! Spans as text: a piece for each resource, scope and span, so that only one is held at a time.

use std::fmt::{self, Write};
use std::io;
use std::time::Duration;

use super::Verbosity;
use super::text::{Hex, Text, Time, Typed, kind, pair, status_code};
use crate::wire::{
    AttributeView, EventView, Index, LinkView, Located, ResourceView, ScopeView, SpanView, Traces,
};

/// Where pieces go, each of whole lines, without the last line's end.
pub type Emit<'a> = dyn FnMut(&str) -> io::Result<()> + 'a;

/// Walks requests and numbers what it meets.
pub struct Renderer<'a> {
    detailed: bool,
    emit: &'a mut Emit<'a>,
    piece: String,
    resources: usize,
    scopes: usize,
    spans: usize,
}

/// How many resources these requests have.
pub fn count_resources(traces: &Traces) -> usize {
    let index = Index::of(traces);
    let mut count = 0;
    let mut last: Option<ResourceView<'_>> = None;
    for Located { resource, .. } in index.spans() {
        count += usize::from(!last.is_some_and(|last| last.is(resource)));
        last = Some(resource);
    }
    count
}

// === impl Renderer ===

impl<'a> Renderer<'a> {
    /// One that emits nothing yet.
    pub fn new(verbosity: Verbosity, emit: &'a mut Emit<'a>) -> Self {
        Self {
            detailed: verbosity == Verbosity::Detailed,
            emit,
            piece: String::new(),
            resources: 0,
            scopes: 0,
            spans: 0,
        }
    }

    /// Emits everything in `traces`.
    pub fn show(&mut self, traces: &Traces) -> io::Result<()> {
        let index = Index::of(traces);
        let mut last: Option<Located<'_>> = None;
        for located in index.spans() {
            if !last.is_some_and(|last| last.resource.is(located.resource)) {
                self.piece(|this, out| this.resource(out, located.resource))?;
                self.resources += 1;
                self.scopes = 0;
            }
            if !last.is_some_and(|last| last.scope.is(located.scope)) {
                self.piece(|this, out| this.scope(out, located.scope))?;
                self.scopes += 1;
                self.spans = 0;
            }
            self.piece(|this, out| this.span(out, located.span))?;
            self.spans += 1;
            last = Some(located);
        }
        Ok(())
    }

    fn piece(&mut self, write: impl FnOnce(&Self, &mut String) -> fmt::Result) -> io::Result<()> {
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        write(self, &mut piece).map_err(io::Error::other)?;
        self.piece = piece;
        (self.emit)(self.piece.trim_end_matches('\n'))
    }

    fn resource(&self, out: &mut String, resource: ResourceView<'_>) -> fmt::Result {
        let number = self.resources;
        if !self.detailed {
            write!(out, "ResourceTraces #{number}")?;
            return pairs(out, resource.attributes());
        }
        writeln!(out, "ResourceSpans #{number}")?;
        writeln!(out, "Resource SchemaURL: {}", Text(resource.schema_url()))?;
        attributes(out, "Resource attributes:", "", resource.attributes())?;
        dropped(out, "", "attributes", resource.dropped_attributes_count())
    }

    fn scope(&self, out: &mut String, scope: ScopeView<'_>) -> fmt::Result {
        let (number, name, version) = (self.scopes, Text(scope.name()), Text(scope.version()));
        if !self.detailed {
            write!(out, "ScopeTraces #{number} {name}@{version}")?;
            return pairs(out, scope.attributes());
        }
        writeln!(out, "ScopeSpans #{number}")?;
        writeln!(out, "ScopeSpans SchemaURL: {}", Text(scope.schema_url()))?;
        writeln!(out, "InstrumentationScope {name} {version}")?;
        attributes(out, "InstrumentationScope attributes:", "", scope.attributes())?;
        dropped(out, "", "attributes", scope.dropped_attributes_count())
    }

    fn span(&self, out: &mut String, span: SpanView<'_>) -> fmt::Result {
        if self.detailed {
            detailed(out, self.spans, span)
        } else {
            line(out, span)
        }
    }
}

fn line(out: &mut String, span: SpanView<'_>) -> fmt::Result {
    let nanos = span
        .end_time_unix_nano()
        .saturating_sub(span.start_time_unix_nano());
    write!(
        out,
        "{} {} {}",
        Text(span.name()),
        Hex(span.trace_id()),
        Hex(span.span_id())
    )?;
    write!(out, " {} {:?}", kind(span.kind()), Duration::from_nanos(nanos))?;
    if span.status().code != 0 {
        write!(out, " {}", status_code(span.status().code))?;
    }
    pairs(out, span.attributes())
}

fn detailed(out: &mut String, number: usize, span: SpanView<'_>) -> fmt::Result {
    let status = span.status();
    writeln!(out, "Span #{number}")?;
    writeln!(out, "    Trace ID       : {}", Hex(span.trace_id()))?;
    writeln!(out, "    Parent ID      : {}", Hex(span.parent_span_id()))?;
    writeln!(out, "    ID             : {}", Hex(span.span_id()))?;
    writeln!(out, "    Name           : {}", Text(span.name()))?;
    writeln!(out, "    Kind           : {}", kind(span.kind()))?;
    writeln!(out, "    TraceState     : {}", Text(span.trace_state()))?;
    writeln!(out, "    Flags          : {:#x}", span.flags())?;
    writeln!(out, "    Start time     : {}", Time(span.start_time_unix_nano()))?;
    writeln!(out, "    End time       : {}", Time(span.end_time_unix_nano()))?;
    writeln!(out, "    Status code    : {}", status_code(status.code))?;
    writeln!(out, "    Status message : {}", Text(status.message))?;
    dropped(out, "    ", "attributes", span.dropped_attributes_count())?;
    dropped(out, "    ", "events", span.dropped_events_count())?;
    dropped(out, "    ", "links", span.dropped_links_count())?;
    attributes(out, "Attributes:", "", span.attributes())?;
    for (number, event) in span.events().enumerate() {
        show_event(out, number, event)?;
    }
    for (number, link) in span.links().enumerate() {
        show_link(out, number, link)?;
    }
    Ok(())
}

fn show_event(out: &mut String, number: usize, event: EventView<'_>) -> fmt::Result {
    writeln!(out, "SpanEvent #{number}")?;
    writeln!(out, "     -> Name: {}", Text(event.name()))?;
    writeln!(out, "     -> Timestamp: {}", Time(event.time_unix_nano()))?;
    dropped(out, "     -> ", "attributes", event.dropped_attributes_count())?;
    attributes(out, "     -> Attributes:", "     ", event.attributes())
}

fn show_link(out: &mut String, number: usize, link: LinkView<'_>) -> fmt::Result {
    writeln!(out, "SpanLink #{number}")?;
    writeln!(out, "     -> Trace ID: {}", Hex(link.trace_id()))?;
    writeln!(out, "     -> ID: {}", Hex(link.span_id()))?;
    writeln!(out, "     -> TraceState: {}", Text(link.trace_state()))?;
    writeln!(out, "     -> Flags: {:#x}", link.flags())?;
    dropped(out, "     -> ", "attributes", link.dropped_attributes_count())?;
    attributes(out, "     -> Attributes:", "     ", link.attributes())
}

fn attributes<'v>(
    out: &mut String,
    title: &str,
    indent: &str,
    attributes: impl Iterator<Item = AttributeView<'v>>,
) -> fmt::Result {
    for (place, attribute) in attributes.enumerate() {
        if place == 0 {
            writeln!(out, "{title}")?;
        }
        writeln!(
            out,
            "{indent}     -> {}: {}",
            Text(attribute.key()),
            Typed(&attribute.value())
        )?;
    }
    Ok(())
}

fn pairs<'v>(out: &mut String, attributes: impl Iterator<Item = AttributeView<'v>>) -> fmt::Result {
    for attribute in attributes {
        out.push(' ');
        pair(out, attribute)?;
    }
    Ok(())
}

/// Nothing is said when nothing was dropped.
fn dropped(out: &mut String, indent: &str, what: &str, count: u32) -> fmt::Result {
    match count {
        0 => Ok(()),
        count => writeln!(out, "{indent}Dropped {what}: {count}"),
    }
}
