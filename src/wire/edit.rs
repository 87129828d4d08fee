//! Rewriting a request by edits and decisions per resource, scope and span. What is not edited is copied as it came.

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use bytes::Bytes;

use super::Traces;
use super::amend::{Amendment, Message, ResourceEdit, ScopeEdit, SpanEdit};
use super::index::{CHILD, RESOURCE_SPANS};
use super::reader::{Field, Fields};
use super::views::{ResourceView, ScopeView, SpanView, messages};
use super::writer::{close, open, put_bytes};

/// What becomes of a resource, scope, span or event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays: with its edits, or byte for byte when there are none.
    Keep,
    /// It goes, with all that is below it.
    Drop,
}

/// Edits a request, part by part. Asked in order; views of what stands above show it as it came.
pub trait Editor {
    /// Asked once for each `ResourceSpans`, before its scopes.
    fn resource(&mut self, _resource: &mut ResourceEdit<'_>) -> Decision {
        Decision::Keep
    }

    /// Asked once for each `ScopeSpans` of a resource that stays, before its spans.
    fn scope(&mut self, _resource: ResourceView<'_>, _scope: &mut ScopeEdit<'_>) -> Decision {
        Decision::Keep
    }

    /// Asked once for each span of a scope that stays.
    fn span(
        &mut self,
        _resource: ResourceView<'_>,
        _scope: ScopeView<'_>,
        _span: &mut SpanEdit<'_>,
    ) -> Decision {
        Decision::Keep
    }
}

/// The key of the schema URL in `ResourceSpans` and `ScopeSpans`.
const SCHEMA_URL: u32 = 0x1a;

/// What was edited needs more bytes than there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the edited spans need more than {limit} bytes")]
pub struct Overgrown {
    /// The bound in bytes.
    pub limit: usize,
}

/// A decision other than to keep what was there, with the number of the question it answers.
type Change = (usize, Edit);

enum Edit {
    Drop,
    /// What takes the place of the message, in the bytes of all edits, and of the schema URL beside it.
    Replace(Range<usize>, Option<String>),
}

/// The answers to all questions about a request.
struct Answers {
    changes: Vec<Change>,
    asked: usize,
    bytes: Vec<u8>,
    limit: usize,
}

/// A rewriting under way. Goes the way that the questions went.
struct Rewrite {
    changes: Peekable<IntoIter<Change>>,
    bytes: Vec<u8>,
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
    /// Edits as `editor` does. A resource or scope goes when its last span is dropped; one that came without spans
    /// stays. When all is kept, the result shares the bytes of `self`.
    pub fn edit(&self, editor: &mut impl Editor) -> Traces {
        // Nothing is longer than there is memory.
        self.edit_within(editor, usize::MAX)
            .unwrap_or_else(|_| self.clone())
    }

    /// The same, unless what is edited exceeds `limit` bytes.
    pub fn edit_within(&self, editor: &mut impl Editor, limit: usize) -> Result<Traces, Overgrown> {
        let mut answers = Answers {
            changes: Vec::new(),
            asked: 0,
            bytes: Vec::new(),
            limit,
        };
        answers.ask(&self.bytes, editor)?;
        if answers.changes.is_empty() {
            return Ok(self.clone());
        }
        let mut rewrite = Rewrite {
            out: Vec::with_capacity(self.bytes.len().max(answers.bytes.len())),
            changes: answers.changes.into_iter().peekable(),
            bytes: answers.bytes,
            asked: 0,
            spans: 0,
        };
        for field in Fields::of(&self.bytes) {
            match field.key {
                RESOURCE_SPANS => drop(rewrite.child(field, Rewrite::resource_spans)),
                _ => rewrite.out.extend_from_slice(field.raw),
            }
        }
        Ok(Traces {
            spans: rewrite.spans,
            bytes: Bytes::from(rewrite.out),
        })
    }
}

// === impl Answers ===

impl Answers {
    /// Asks about everything in `request` that stays.
    fn ask(&mut self, request: &[u8], editor: &mut impl Editor) -> Result<(), Overgrown> {
        // One amendment is used again for all of a kind, so that its buffers are.
        let mut resource = Amendment::new(ResourceView::new(&[]));
        let mut scope = Amendment::new(ScopeView::new(&[]));
        let mut span = Amendment::new(SpanView::new(&[]));
        for resource_spans in messages(request, 1) {
            resource.turn_to(ResourceView::new(resource_spans));
            let decision = editor.resource(&mut resource);
            if !self.note(decision, &resource, resource.new_schema_url())? {
                continue;
            }
            for scope_spans in messages(resource_spans, 2) {
                scope.turn_to(ScopeView::new(scope_spans));
                let decision = editor.scope(resource.before(), &mut scope);
                if !self.note(decision, &scope, None)? {
                    continue;
                }
                for body in messages(scope_spans, 2) {
                    span.turn_to(SpanView::new(body));
                    let decision = editor.span(resource.before(), scope.before(), &mut span);
                    self.note(decision, &span, None)?;
                }
            }
        }
        Ok(())
    }

    /// Whether what was asked about stays.
    fn note<'a, V: Message<'a>>(
        &mut self,
        decision: Decision,
        edited: &Amendment<'a, V>,
        schema_url: Option<&str>,
    ) -> Result<bool, Overgrown> {
        let number = self.asked;
        self.asked += 1;
        let edit = match decision {
            Decision::Drop => Edit::Drop,
            Decision::Keep if !edited.is_changed() => return Ok(true),
            Decision::Keep => {
                let range = self.bytes.len()..self.bytes.len() + edited.len();
                if range.end > self.limit {
                    return Err(Overgrown { limit: self.limit });
                }
                edited.put(&mut self.bytes);
                Edit::Replace(range, schema_url.map(str::to_owned))
            }
        };
        self.changes.push((number, edit));
        Ok(decision == Decision::Keep)
    }
}

// === impl Rewrite ===

impl Rewrite {
    /// The answer to the next question, when it is not to keep what was there.
    fn edit(&mut self) -> Option<Edit> {
        let number = self.asked;
        self.asked += 1;
        let change = self.changes.next_if(|(answered, _)| *answered == number);
        change.map(|(_, edit)| edit)
    }

    fn put_edited(&mut self, number: u32, edited: Range<usize>) {
        let bytes = self.bytes.get(edited).unwrap_or_default();
        put_bytes(&mut self.out, number, bytes);
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
        let outcome = match self.edit() {
            Some(Edit::Drop) => return Outcome::Gone,
            None => {
                self.out.extend_from_slice(field.raw);
                Outcome::Same
            }
            Some(Edit::Replace(edited, _)) => {
                self.put_edited(field.number(), edited);
                Outcome::Changed
            }
        };
        self.spans = self.spans.saturating_add(1);
        outcome
    }

    /// Writes the body of a `ResourceSpans` or `ScopeSpans`: field 1 is its header, field 2 its children, field 3 its
    /// schema URL.
    fn envelope(&mut self, body: &[u8], mut child: impl FnMut(&mut Self, Field<'_>) -> Outcome) -> Outcome {
        let (mut replaced, mut new_url) = (false, false);
        match self.edit() {
            Some(Edit::Drop) => return Outcome::Gone,
            None => {}
            Some(Edit::Replace(header, schema_url)) => {
                self.put_edited(1, header);
                replaced = true;
                if let Some(url) = schema_url {
                    put_bytes(&mut self.out, 3, url.as_bytes());
                    new_url = true;
                }
            }
        }
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
                SCHEMA_URL if new_url => {}
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
