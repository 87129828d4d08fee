//! Rewriting a request by edits and decisions per resource, scope and span. What is not edited is copied as it came.

use std::ops::Range;

use bytes::Bytes;
use smallvec::SmallVec;

use super::Traces;
use super::amend::{Amendment, Header, Message, ResourceEdit, ScopeEdit, SpanEdit};
use super::index::{CHILD, RESOURCE_SPANS};
use super::reader::{Field, Fields, position, wire};
use super::views::{ResourceView, ScopeView, SpanView};
use super::writer::{Open, close, open, put_bytes, put_key, put_varint, wrapped_len};

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
    /// Whether it edits what stands above a scope or span when it sees that. Then a resource or scope is written when all
    /// below it is done.
    fn edits_above(&self) -> bool {
        false
    }

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

    /// What is asked of a scope; the resource may be edited where [`Self::edits_above`] says so.
    fn scope_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Decision {
        self.scope(resource.before(), scope)
    }

    /// What is asked of a span; what stands above it may be edited where [`Self::edits_above`] says so.
    fn span_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Decision {
        self.span(resource.before(), scope.before(), span)
    }

    /// Told when a scope and all below it is done, and whether it stays.
    fn scope_done(&mut self, _scope: &ScopeEdit<'_>, _stays: bool) {}

    /// Told when a resource and all below it is done, and whether it stays.
    fn resource_done(&mut self, _resource: &ResourceEdit<'_>, _stays: bool) {}
}

/// What was edited needs more bytes than there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the edited spans need {wanted} bytes")]
pub struct Overgrown {
    /// How many bytes, or more.
    pub wanted: usize,
}

/// Room for the keys and lengths of the messages around a span.
const HEADERS: usize = 64;

/// The key of the header in `ResourceSpans` and `ScopeSpans`: the resource, or the scope.
const HEADER: u32 = 0x0a;
/// The key of the schema URL in both.
const SCHEMA_URL: u32 = 0x1a;

/// A rewriting under way. Nothing is written before the first change, and what is not changed is copied in one piece
/// with what stands beside it.
struct Rewrite<'a, R> {
    /// The messages that are being read: the request, then perhaps a `ResourceSpans`, then perhaps a `ScopeSpans`.
    levels: SmallVec<[Level<'a>; 3]>,
    out: Vec<u8>,
    /// Bytes that may be written before `room` is asked again.
    granted: usize,
    room: R,
    spans: u32,
}

/// A message that is being read.
struct Level<'a> {
    body: &'a [u8],
    /// The whole field, in the body of the message above.
    field: Range<usize>,
    /// How much of the body is written, or left out.
    done: usize,
    /// Fields that are not copied when their turn comes, in order.
    replaced: SmallVec<[Range<usize>; 2]>,
    /// Where it begins in what is written, once it is being written.
    written: Option<(usize, Open)>,
    children: usize,
    gone: usize,
}

impl Traces {
    /// Edits as `editor` does. A resource or scope goes when its last span is dropped; one that came without spans
    /// stays. When all is kept, the result shares the bytes of `self`.
    pub fn edit(&self, editor: &mut impl Editor) -> Traces {
        // Never, where there is room for everything.
        self.edit_within(editor, |_| true)
            .unwrap_or_else(|_| self.clone())
    }

    /// The same, unless there is no `room` for what is written: asked with the bytes that all of it may take from then
    /// on, each time that it needs more. The result takes no more than the last that was granted.
    pub fn edit_within(
        &self,
        editor: &mut impl Editor,
        room: impl FnMut(usize) -> bool,
    ) -> Result<Traces, Overgrown> {
        let mut rewrite = Rewrite {
            levels: SmallVec::new(),
            out: Vec::new(),
            granted: 0,
            room,
            spans: 0,
        };
        rewrite.begin(&self.bytes, 0..self.bytes.len());
        rewrite.request(editor)?;
        match rewrite.out.capacity() {
            0 => Ok(self.clone()),
            _ => {
                rewrite.up_to(self.bytes.len())?;
                // What was dropped leaves room that nobody will use.
                rewrite.out.shrink_to_fit();
                Ok(Traces {
                    spans: rewrite.spans,
                    bytes: Bytes::from(rewrite.out),
                })
            }
        }
    }
}

// === impl Rewrite ===

impl<'a, R: FnMut(usize) -> bool> Rewrite<'a, R> {
    fn request(&mut self, editor: &mut impl Editor) -> Result<(), Overgrown> {
        // One amendment is used again for all of a kind, so that its buffers are.
        let mut resource = Amendment::new(ResourceView::new(&[]));
        let mut scope = Amendment::new(ScopeView::new(&[]));
        let mut span = Amendment::new(SpanView::new(&[]));
        let is_late = editor.edits_above();
        for field in self.children(RESOURCE_SPANS) {
            resource.turn_to(ResourceView::new(field.payload));
            let decision = editor.resource(&mut resource);
            self.enter(field);
            if decision == Decision::Keep {
                if !is_late {
                    self.header(&resource)?;
                }
                for field in self.children(CHILD) {
                    scope.turn_to(ScopeView::new(field.payload));
                    let decision = editor.scope_and_above(&mut resource, &mut scope);
                    self.enter(field);
                    if decision == Decision::Keep {
                        if !is_late {
                            self.header(&scope)?;
                        }
                        for field in self.children(CHILD) {
                            span.turn_to(SpanView::new(field.payload));
                            let decision = editor.span_and_above(&mut resource, &mut scope, &mut span);
                            self.span(field, decision, &span)?;
                        }
                    }
                    let stays = self.leave(decision, is_late.then_some(&scope))?;
                    editor.scope_done(&scope, stays);
                }
            }
            let stays = self.leave(decision, is_late.then_some(&resource))?;
            editor.resource_done(&resource, stays);
        }
        Ok(())
    }

    /// The fields of this key in the innermost message.
    fn children(&self, key: u32) -> impl Iterator<Item = Field<'a>> + use<'a, R> {
        let body = self.levels.last().map_or(&[][..], |level| level.body);
        Fields::of(body).filter(move |field| field.key == key)
    }

    fn begin(&mut self, body: &'a [u8], field: Range<usize>) {
        self.levels.push(Level {
            body,
            field,
            done: 0,
            replaced: SmallVec::new(),
            written: None,
            children: 0,
            gone: 0,
        });
    }

    /// Begins with a child of the innermost message.
    fn enter(&mut self, field: Field<'a>) {
        let above = self.levels.last().map_or(&[][..], |level| level.body);
        self.begin(field.payload, position(above, field.raw));
    }

    /// Ends with the innermost message; it goes when it is dropped, or all its children were. Says whether it stays. Its
    /// header, where it is given, is written only now.
    fn leave<V: Header<'a>>(
        &mut self,
        decision: Decision,
        header: Option<&Amendment<'a, V>>,
    ) -> Result<bool, Overgrown> {
        let Some(level) = self.levels.last() else {
            return Ok(false);
        };
        let goes = decision == Decision::Drop || (level.children > 0 && level.children == level.gone);
        let header = header.filter(|header| !goes && header.is_changed());
        if header.is_some() || (!goes && level.written.is_some()) {
            self.up_to(level.body.len())?;
        }
        if let Some(header) = header {
            self.late_header(header)?;
        }
        let Some(level) = self.levels.pop() else {
            return Ok(false);
        };
        if let Some(above) = self.levels.last_mut() {
            above.children += 1;
            above.gone += usize::from(goes);
        }
        match level.written {
            Some((start, _)) if goes => self.out.truncate(start),
            Some((_, message)) => close(&mut self.out, message),
            None if goes => self.without(level.field)?,
            None => {}
        }
        Ok(!goes)
    }

    /// Puts an edited header first in the innermost message, and leaves out the one that came.
    fn header<V: Header<'a>>(&mut self, edited: &Amendment<'a, V>) -> Result<(), Overgrown> {
        if !edited.is_changed() {
            return Ok(());
        }
        self.up_to(0)?;
        self.put_header(edited)?;
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        let body = level.body;
        let replaced = Fields::of(body).filter(|field| is_replaced(field, edited));
        level.replaced = replaced.map(|field| position(body, field.raw)).collect();
        Ok(())
    }

    /// Puts an edited header first in the innermost message, all of which is written, in the place of the one that is there.
    fn late_header<V: Header<'a>>(&mut self, edited: &Amendment<'a, V>) -> Result<(), Overgrown> {
        let written = self.levels.last().and_then(|level| level.written.as_ref());
        let Some(start) = written.map(|(_, message)| message.start()) else {
            return Ok(());
        };
        let body = self.out.get(start..).unwrap_or_default();
        let len = body.len();
        let replaced = Fields::of(body).filter(|field| is_replaced(field, edited));
        let replaced: SmallVec<[Range<usize>; 2]> = replaced.map(|field| position(body, field.raw)).collect();
        // What lies between the holes moves together.
        let (mut from, mut to) = (start, start);
        for hole in replaced.into_iter().chain(std::iter::once(len..len)) {
            let kept = from..start + hole.start;
            from = start + hole.end;
            let end = to + kept.len();
            self.out.copy_within(kept, to);
            to = end;
        }
        self.out.truncate(to);
        let before = self.out.len();
        self.put_header(edited)?;
        let len = self.out.len() - before;
        if let Some(body) = self.out.get_mut(start..) {
            body.rotate_right(len);
        }
        Ok(())
    }

    fn put_header<V: Header<'a>>(&mut self, edited: &Amendment<'a, V>) -> Result<(), Overgrown> {
        let (len, schema_url) = (edited.len(), edited.new_schema_url().unwrap_or_default());
        self.claim(wrapped_len(len) + wrapped_len(schema_url.len()))?;
        put_key(&mut self.out, 1, wire::LEN);
        put_varint(&mut self.out, len as u64);
        edited.put(&mut self.out);
        if !schema_url.is_empty() {
            put_bytes(&mut self.out, 3, schema_url.as_bytes());
        }
        Ok(())
    }

    fn span<V: Message<'a>>(
        &mut self,
        field: Field<'a>,
        decision: Decision,
        edited: &Amendment<'a, V>,
    ) -> Result<(), Overgrown> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        let range = position(level.body, field.raw);
        level.children += 1;
        if decision == Decision::Drop {
            level.gone += 1;
            return self.without(range);
        }
        self.spans = self.spans.saturating_add(1);
        if !edited.is_changed() {
            return Ok(());
        }
        self.without(range)?;
        let len = edited.len();
        self.claim(wrapped_len(len))?;
        put_key(&mut self.out, field.number(), wire::LEN);
        put_varint(&mut self.out, len as u64);
        edited.put(&mut self.out);
        Ok(())
    }

    /// Leaves out this part of the innermost message, after all that stands before it.
    fn without(&mut self, part: Range<usize>) -> Result<(), Overgrown> {
        self.up_to(part.start)?;
        if let Some(level) = self.levels.last_mut() {
            level.done = level.done.max(part.end);
        }
        Ok(())
    }

    /// Writes everything that stands before `at` in the innermost message and is not written yet.
    fn up_to(&mut self, at: usize) -> Result<(), Overgrown> {
        let innermost = self.levels.len().saturating_sub(1);
        let is_begun = self.levels.last().is_some_and(|level| level.written.is_some());
        if !is_begun {
            self.begin_writing(innermost)?;
        }
        self.level_up_to(innermost, at..at)
    }

    /// Begins to write the message at this depth: writes what stands before it in those above.
    fn begin_writing(&mut self, depth: usize) -> Result<(), Overgrown> {
        if self.out.capacity() == 0 {
            self.claim(self.levels.first().map_or(0, |request| request.body.len()))?;
        }
        for depth in 1..=depth {
            let Some(level) = self.levels.get(depth).filter(|level| level.written.is_none()) else {
                continue;
            };
            let (field, len) = (level.field.clone(), level.body.len());
            self.level_up_to(depth - 1, field)?;
            let number = if depth == 1 {
                RESOURCE_SPANS >> 3
            } else {
                CHILD >> 3
            };
            let begun = (self.out.len(), open(&mut self.out, number, len));
            if let Some(level) = self.levels.get_mut(depth) {
                level.written = Some(begun);
            }
        }
        Ok(())
    }

    /// Writes what stands before `field` in the message at this depth, and goes on behind it.
    fn level_up_to(&mut self, depth: usize, field: Range<usize>) -> Result<(), Overgrown> {
        let Some(level) = self.levels.get_mut(depth) else {
            return Ok(());
        };
        let (body, mut from) = (level.body, level.done);
        level.done = level.done.max(field.end);
        if !level.replaced.is_empty() {
            let replaced = std::mem::take(&mut level.replaced);
            let (now, later) = replaced.into_iter().partition(|range| range.start < field.start);
            level.replaced = later;
            let now: SmallVec<[Range<usize>; 2]> = now;
            for range in now {
                self.copy(body, from..range.start)?;
                from = range.end;
            }
        }
        self.copy(body, from..field.start)
    }

    fn copy(&mut self, body: &[u8], range: Range<usize>) -> Result<(), Overgrown> {
        let part = body.get(range).unwrap_or_default();
        self.claim(part.len())?;
        self.out.extend_from_slice(part);
        Ok(())
    }

    /// Makes sure that so many more bytes can be written.
    fn claim(&mut self, more: usize) -> Result<(), Overgrown> {
        let wanted = self.out.len() + more + HEADERS;
        if wanted > self.granted {
            // With some in advance, or else what is needed now.
            let ahead = wanted.max(self.granted + self.granted / 4);
            let granted = [ahead, wanted].into_iter().find(|bytes| (self.room)(*bytes));
            let granted = granted.ok_or(Overgrown { wanted })?;
            self.out.reserve_exact(granted - self.out.len());
            self.granted = granted;
        }
        Ok(())
    }
}

/// Whether an edited header takes the place of this field.
fn is_replaced<'a, V: Header<'a>>(field: &Field<'_>, edited: &Amendment<'a, V>) -> bool {
    field.key == HEADER || (field.key == SCHEMA_URL && edited.new_schema_url().is_some())
}
