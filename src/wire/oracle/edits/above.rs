//! Edits of what stands above a scope or span, made when that is seen.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

use super::super::seen::normal;
use super::super::{decoded, same, spans};
use super::{Op, Script, on_resource, on_resource_bytes, on_scope, on_scope_bytes, on_span, on_span_bytes};
use crate::wire::{Decision, Editor, ResourceEdit, ScopeEdit, SpanEdit, Traces};

/// The same script, each step at some of the spans and scopes, which edit what stands above them.
struct Upwards(Script);

/// Edits made from below on the bytes are the same edits on decoded objects, and nothing else changes.
pub fn edit_above(traces: &Traces, script: [u16; 8]) {
    let script = script.map(Op::of);
    let edited = traces.edit(&mut Upwards(Script { script, count: 0 }));
    let mut upwards = Upwards(Script { script, count: 0 });
    let mut expected = decoded(traces);
    expected
        .resource_spans
        .retain_mut(|resource| upwards.on_objects(resource));
    assert_eq!(edited.spans(), spans(&expected));
    same(&normal(decoded(&edited)), &normal(expected));
    let checked = Traces::check(edited.bytes().clone());
    assert_eq!(checked.map(|checked| checked.traces).ok(), Some(edited));
}

// === impl Upwards ===

impl Upwards {
    /// The operations for the next scope or span.
    fn next(&mut self) -> Vec<Op> {
        self.0.count += 1;
        let count = self.0.count;
        let is_now = |op: &&Op| (count + usize::from(op.number)).is_multiple_of(3);
        self.0.script.iter().filter(is_now).copied().collect()
    }

    /// Whether the resource stays.
    fn on_objects(&mut self, resource: &mut ResourceSpans) -> bool {
        let mut scopes = std::mem::take(&mut resource.scope_spans);
        let came = scopes.len();
        scopes.retain_mut(|scope| self.on_scope(resource, scope));
        resource.scope_spans = scopes;
        came == 0 || !resource.scope_spans.is_empty()
    }

    fn on_scope(&mut self, resource: &mut ResourceSpans, scope: &mut ScopeSpans) -> bool {
        scope.scope.get_or_insert_default();
        for op in self.next() {
            on_resource(op, resource);
            on_scope(op, scope);
        }
        let mut spans = std::mem::take(&mut scope.spans);
        let came = spans.len();
        spans.retain_mut(|span| {
            let ops = self.next();
            for op in &ops {
                on_resource(*op, resource);
                on_scope(*op, scope);
                on_span(*op, span);
            }
            !ops.iter().any(|op| op.kind == 7)
        });
        scope.spans = spans;
        came == 0 || !scope.spans.is_empty()
    }
}

impl Editor for Upwards {
    fn edits_above(&self) -> bool {
        true
    }

    fn scope_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Decision {
        for op in self.next() {
            on_resource_bytes(op, resource);
            on_scope_bytes(op, scope);
        }
        Decision::Keep
    }

    fn span_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Decision {
        let ops = self.next();
        for op in &ops {
            on_resource_bytes(*op, resource);
            on_scope_bytes(*op, scope);
            on_span_bytes(*op, span);
        }
        match ops.iter().any(|op| op.kind == 7) {
            true => Decision::Drop,
            false => Decision::Keep,
        }
    }
}
