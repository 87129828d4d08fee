//! Rewriting a request by a decision per resource, scope and span. What is kept is copied as it came.

use std::iter::Peekable;
use std::vec::IntoIter;

use bytes::Bytes;

use super::Traces;
use super::index::{CHILD, RESOURCE_SPANS};
use super::reader::{Field, Fields};
use super::views::{ResourceView, ScopeView, SpanView, messages};
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

/// A decision other than to keep, with the number of the question it answers.
type Change = (usize, Decision);

/// A rewriting under way. Goes the way that the questions went.
struct Rewrite {
    changes: Peekable<IntoIter<Change>>,
    asked: usize,
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
        let changes = ask(&self.bytes, editor);
        if changes.is_empty() {
            return self.clone();
        }
        let mut rewrite = Rewrite {
            changes: changes.into_iter().peekable(),
            asked: 0,
            out: Vec::with_capacity(self.bytes.len()),
            spans: 0,
        };
        for field in Fields::of(&self.bytes) {
            match field.key {
                RESOURCE_SPANS => drop(rewrite.child(field, Rewrite::resource_spans)),
                _ => rewrite.out.extend_from_slice(field.raw),
            }
        }
        Traces {
            spans: rewrite.spans,
            bytes: Bytes::from(rewrite.out),
        }
    }
}

/// Asks about everything in `request` that stays.
fn ask(request: &[u8], editor: &mut impl Editor) -> Vec<Change> {
    let (mut changes, mut asked) = (Vec::new(), 0..);
    let mut stays = |decision| {
        let number = asked.next().unwrap_or_default();
        let stays = decision != Decision::Drop;
        if decision != Decision::Keep {
            changes.push((number, decision));
        }
        stays
    };
    for resource_spans in messages(request, 1) {
        let resource = ResourceView::new(resource_spans);
        if !stays(editor.resource(resource)) {
            continue;
        }
        for scope_spans in messages(resource_spans, 2) {
            let scope = ScopeView::new(scope_spans);
            if !stays(editor.scope(resource, scope)) {
                continue;
            }
            for span in messages(scope_spans, 2) {
                stays(editor.span(resource, scope, SpanView::new(span)));
            }
        }
    }
    changes
}

// === impl Rewrite ===

impl Rewrite {
    /// The answer to the next question.
    fn decision(&mut self) -> Decision {
        let number = self.asked;
        self.asked += 1;
        let change = self.changes.next_if(|(answered, _)| *answered == number);
        change.map_or(Decision::Keep, |(_, decision)| decision)
    }

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
        self.envelope(body, |rewrite, scope| rewrite.child(scope, Rewrite::scope_spans))
    }

    fn scope_spans(&mut self, body: &[u8]) -> Outcome {
        self.envelope(body, Self::span)
    }

    fn span(&mut self, field: Field<'_>) -> Outcome {
        let outcome = match self.decision() {
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
    fn envelope(&mut self, body: &[u8], mut child: impl FnMut(&mut Self, Field<'_>) -> Outcome) -> Outcome {
        let replaced = match self.decision() {
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
