//! Rewriting a request by a decision per resource, scope and span. What is kept is copied as it came.

use bytes::Bytes;

use super::Traces;
use super::index::{CHILD, RESOURCE_SPANS};
use super::reader::{Field, Fields};
use super::views::{ResourceView, ScopeView, SpanView};
use super::writer::{close, open, put_bytes};

/// What becomes of a resource, scope or span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays, byte for byte.
    Keep,
    /// It goes, with all that is below it.
    Drop,
    /// This encoded `Resource`, `InstrumentationScope` or `Span` takes its place; an
    /// [`Amendment`](super::Amendment) makes it.
    Replace(Vec<u8>),
}

/// Decides what becomes of each part of a request. Asked in order; views show what was there before.
pub trait Editor {
    /// Asked once for each `ResourceSpans`, before its scopes.
    fn resource(&mut self, _resource: ResourceView<'_>) -> Decision {
        Decision::Keep
    }

    /// Asked once for each `ScopeSpans` of a resource that stays, before its spans.
    fn scope(&mut self, _resource: ResourceView<'_>, _scope: ScopeView<'_>) -> Decision {
        Decision::Keep
    }

    /// Asked once for each span of a scope that stays.
    fn span(&mut self, _resource: ResourceView<'_>, _scope: ScopeView<'_>, _span: SpanView<'_>) -> Decision {
        Decision::Keep
    }
}

/// A rewriting under way.
struct Rewrite<'e, E> {
    editor: &'e mut E,
    out: Vec<u8>,
    spans: u32,
}

/// What became of a message and those inside it.
#[derive(PartialEq, Eq)]
enum Outcome {
    Same,
    Changed,
    /// All its children were dropped, or it was itself.
    Gone,
}

impl Traces {
    /// Rewrites as `editor` decides. A resource or scope goes when its last span is dropped; one that came
    /// without spans stays. When all is kept, the result shares the bytes of `self`.
    pub fn edit(&self, editor: &mut impl Editor) -> Traces {
        let out = Vec::with_capacity(self.bytes.len());
        let mut rewrite = Rewrite {
            editor,
            out,
            spans: 0,
        };
        let mut same = true;
        for field in Fields::of(&self.bytes) {
            match field.key {
                RESOURCE_SPANS => same &= rewrite.child(field, Rewrite::resource_spans) == Outcome::Same,
                _ => rewrite.out.extend_from_slice(field.raw),
            }
        }
        if same {
            return self.clone();
        }
        Traces {
            spans: rewrite.spans,
            bytes: Bytes::from(rewrite.out),
        }
    }
}

// === impl Rewrite ===

impl<E: Editor> Rewrite<'_, E> {
    /// Writes the message `field` as `body` does, or as it came when `body` changes nothing.
    fn child<'a>(&mut self, field: Field<'a>, body: impl FnOnce(&mut Self, &'a [u8]) -> Outcome) -> Outcome {
        let start = self.out.len();
        let message = open(&mut self.out, field.number(), field.payload.len());
        let outcome = body(self, field.payload);
        match outcome {
            Outcome::Changed => close(&mut self.out, message),
            Outcome::Same | Outcome::Gone => self.out.truncate(start),
        }
        if outcome == Outcome::Same {
            self.out.extend_from_slice(field.raw);
        }
        outcome
    }

    fn resource_spans(&mut self, body: &[u8]) -> Outcome {
        let view = ResourceView::new(body);
        let decision = self.editor.resource(view);
        self.envelope(body, decision, |rewrite, field| {
            rewrite.child(field, |rewrite, body| rewrite.scope_spans(view, body))
        })
    }

    fn scope_spans(&mut self, resource: ResourceView<'_>, body: &[u8]) -> Outcome {
        let view = ScopeView::new(body);
        let decision = self.editor.scope(resource, view);
        self.envelope(body, decision, |rewrite, field| {
            rewrite.span(resource, view, field)
        })
    }

    fn span(&mut self, resource: ResourceView<'_>, scope: ScopeView<'_>, field: Field<'_>) -> Outcome {
        let outcome = match self.editor.span(resource, scope, SpanView::new(field.payload)) {
            Decision::Drop => return Outcome::Gone,
            Decision::Keep => {
                self.out.extend_from_slice(field.raw);
                Outcome::Same
            }
            Decision::Replace(body) => {
                put_bytes(&mut self.out, field.number(), &body);
                Outcome::Changed
            }
        };
        self.spans = self.spans.saturating_add(1);
        outcome
    }

    /// Writes the body of a `ResourceSpans` or `ScopeSpans`: field 1 is its header, field 2 its children.
    fn envelope(
        &mut self,
        body: &[u8],
        header: Decision,
        mut child: impl FnMut(&mut Self, Field<'_>) -> Outcome,
    ) -> Outcome {
        let replaced = match header {
            Decision::Drop => return Outcome::Gone,
            Decision::Keep => false,
            Decision::Replace(header) => {
                put_bytes(&mut self.out, 1, &header);
                true
            }
        };
        let (mut children, mut gone, mut same) = (0_usize, 0_usize, !replaced);
        for field in Fields::of(body) {
            match field.key {
                CHILD => {
                    let outcome = child(self, field);
                    children += 1;
                    gone += usize::from(outcome == Outcome::Gone);
                    same &= outcome == Outcome::Same;
                }
                RESOURCE_SPANS if replaced => {}
                _ => self.out.extend_from_slice(field.raw),
            }
        }
        match same {
            true => Outcome::Same,
            false if children > 0 && gone == children => Outcome::Gone,
            false => Outcome::Changed,
        }
    }
}
