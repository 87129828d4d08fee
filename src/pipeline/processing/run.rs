//! One request on its way through the processors.
//!
//! Their parts run in passes. In a pass all of them see a resource, then a scope, then each span, one part after the other,
//! and what they leave is written once. A part that edits what stands above a span ends a pass: those behind it must see
//! resources and scopes as its last span left them.

use super::marks::{Earlier, Mark, Marks};
use super::versions::Versions;
use super::{Part, Processed, Step};
use crate::pipeline::processor::{Above, Context, Fate};
use crate::telemetry::processor::Tally;
use crate::wire::{Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces};

/// One request on its way.
pub(super) struct Run<'a> {
    /// The parts of this pass.
    parts: &'a [Part],
    /// Those of the next ones.
    behind: &'a [Part],
    context: Context<'a>,
    tallies: Vec<Tally>,
    edited: u64,
    resource: Versions,
    scope: Versions,
    earlier: Earlier,
    /// What the next pass will want to know, where there will be one.
    marks: Option<Marks>,
    /// What was made of the last span, with the rules of the step.
    fate: Fate,
    /// Which step rejects the request, and why.
    failed: Option<(usize, Box<str>)>,
}

// === impl Run ===

impl<'a> Run<'a> {
    pub fn new(steps: &[Step], parts: &'a [Part], context: Context<'a>) -> Self {
        Self {
            parts: &[],
            behind: parts,
            context,
            tallies: steps.iter().map(|step| Tally::new(step.rules.len())).collect(),
            edited: 0,
            resource: Versions::default(),
            scope: Versions::default(),
            earlier: Earlier::default(),
            marks: None,
            fate: Fate::Keep,
            failed: None,
        }
    }

    /// Begins with the first pass, or the next; false when all are done.
    pub fn begin_pass(&mut self) -> bool {
        let Some(pass) = self.behind.split_inclusive(|part| part.edits_above).next() else {
            return false;
        };
        self.parts = pass;
        self.behind = self.behind.get(pass.len()..).unwrap_or_default();
        self.earlier = self.marks.take().map(Earlier::of).unwrap_or_default();
        self.marks = (!self.behind.is_empty()).then(Marks::default);
        true
    }

    /// Which step rejects the request, and why, if one does.
    pub fn failed(&mut self) -> Option<(usize, Box<str>)> {
        self.failed.take()
    }

    /// The request as all passes left it.
    pub fn processed(self, traces: Traces) -> Processed {
        Processed {
            traces,
            tallies: self.tallies,
            edited: self.edited,
        }
    }

    /// What becomes of the resource seen last.
    pub fn fate_of_resource(&self) -> Fate {
        self.resource
            .dropped
            .map_or(Fate::Keep, |(_, rule)| Fate::DropBy(rule))
    }

    /// What becomes of the scope seen last.
    pub fn fate_of_scope(&self) -> Fate {
        let dropped = self.resource.dropped.or(self.scope.dropped);
        dropped.map_or(Fate::Keep, |(_, rule)| Fate::DropBy(rule))
    }

    /// What was made of the span seen last.
    pub fn fate_of_span(&self) -> Fate {
        self.fate.clone()
    }

    /// The request is rejected: nothing of it is shown to anybody any more.
    fn fail(&mut self, step: usize, message: Box<str>) -> Decision {
        self.failed = Some((step, message));
        Decision::Drop
    }

    /// The part that goes on editing a resource or scope while those below it are seen.
    fn editing_above(&self) -> Option<&Part> {
        self.parts.last().filter(|part| part.edits_above)
    }
}

impl Editor for Run<'_> {
    fn edits_above(&self) -> bool {
        self.editing_above().is_some()
    }

    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        self.resource.clear();
        if self.failed.is_some() {
            return Decision::Drop;
        }
        let mut is_edited = self.earlier.resource();
        for (number, part) in self.parts.iter().enumerate() {
            let edits = resource.edits();
            match part.processor.resource(self.context, resource) {
                Fate::Keep | Fate::KeepBy(_) => {}
                Fate::DropBy(rule) => {
                    self.resource.dropped = Some((number, part.first_rule + rule));
                    break;
                }
                Fate::Fail(message) => return self.fail(part.step, message),
            }
            let is_new = resource.edits() != edits;
            is_edited |= is_new;
            if part.is_last && !part.edits_above {
                if let Some(tally) = self.tallies.get_mut(part.step) {
                    tally.edited_resources += u64::from(is_edited);
                }
                is_edited = false;
            }
            self.resource
                .leave((is_new && !part.edits_above).then(|| resource.envelope()));
        }
        (self.resource.is_edited, self.resource.edits) = (is_edited, resource.edits());
        self.resource.decision(resource.before().spans())
    }

    fn scope_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Decision {
        self.scope.clear();
        if self.failed.is_some() {
            return Decision::Drop;
        }
        let mut is_edited = self.earlier.scope();
        for (number, part) in self.parts.iter().enumerate() {
            if self.resource.dropped_by(number).is_some() {
                break;
            }
            let edits = scope.edits();
            let fate = match part.edits_above {
                true => part.processor.scope_and_above(self.context, resource, scope),
                false => {
                    let above = self.resource.seen_by(number);
                    let above = above.map_or(resource.before(), ResourceView::over);
                    part.processor.scope(self.context, above, scope)
                }
            };
            match fate {
                Fate::Keep | Fate::KeepBy(_) => {}
                Fate::DropBy(rule) => {
                    self.scope.dropped = Some((number, part.first_rule + rule));
                    break;
                }
                Fate::Fail(message) => return self.fail(part.step, message),
            }
            let is_new = scope.edits() != edits;
            is_edited |= is_new;
            if part.is_last && !part.edits_above {
                if let Some(tally) = self.tallies.get_mut(part.step) {
                    tally.edited_scopes += u64::from(is_edited);
                }
                is_edited = false;
            }
            self.scope
                .leave((is_new && !part.edits_above).then(|| scope.envelope()));
        }
        (self.scope.is_edited, self.scope.edits) = (is_edited, scope.edits());
        let spans = scope.before().spans();
        match self.resource.decision(spans) {
            Decision::Drop => Decision::Drop,
            Decision::Keep => self.scope.decision(spans),
        }
    }

    fn span_and_above<'a>(
        &mut self,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Decision {
        self.fate = Fate::Keep;
        if self.failed.is_some() {
            return Decision::Drop;
        }
        let Mark {
            is_changed,
            mut is_edited,
        } = self.earlier.span();
        for (number, part) in self.parts.iter().enumerate() {
            let Some(tally) = self.tallies.get_mut(part.step) else {
                continue;
            };
            tally.incoming += u64::from(part.is_first);
            let edits = span.edits();
            let dropped = self.resource.dropped_by(number);
            if let Some(rule) = dropped.or_else(|| self.scope.dropped_by(number)) {
                count(&mut tally.dropped, rule);
                self.fate = Fate::DropBy(rule);
                return Decision::Drop;
            }
            let fate = match part.edits_above {
                true => part.processor.span_and_above(self.context, resource, scope, span),
                false => {
                    let above = Above {
                        resource: self
                            .resource
                            .seen_by(number)
                            .map_or(resource.before(), ResourceView::over),
                        scope: self.scope.seen_by(number).map_or(scope.before(), ScopeView::over),
                    };
                    part.processor.span(self.context, above, span)
                }
            };
            match fate {
                Fate::Keep => {}
                Fate::KeepBy(rule) => {
                    let rule = part.first_rule + rule;
                    count(&mut tally.kept, rule);
                    self.fate = Fate::KeepBy(rule);
                }
                Fate::DropBy(rule) => {
                    let rule = part.first_rule + rule;
                    count(&mut tally.dropped, rule);
                    self.fate = Fate::DropBy(rule);
                    return Decision::Drop;
                }
                Fate::Fail(message) => return self.fail(part.step, message),
            }
            is_edited |= span.edits() != edits;
            if part.is_last {
                tally.edited_spans += u64::from(is_edited);
                is_edited = false;
            }
        }
        let is_changed = is_changed || span.is_changed();
        match &mut self.marks {
            None => self.edited += u64::from(is_changed),
            Some(marks) => marks.spans.push(Mark {
                is_changed,
                is_edited,
            }),
        }
        Decision::Keep
    }

    fn scope_done(&mut self, scope: &ScopeEdit<'_>, stays: bool) {
        let mut is_edited = self.scope.is_edited || scope.edits() != self.scope.edits;
        if let Some(part) = self.editing_above().filter(|part| part.is_last) {
            let is_counted = is_edited && self.resource.dropped.or(self.scope.dropped).is_none();
            let step = part.step;
            if let Some(tally) = self.tallies.get_mut(step) {
                tally.edited_scopes += u64::from(is_counted);
            }
            is_edited = false;
        }
        if let Some(marks) = self.marks.as_mut().filter(|_| stays) {
            marks.scopes.push(is_edited);
        }
    }

    fn resource_done(&mut self, resource: &ResourceEdit<'_>, stays: bool) {
        let mut is_edited = self.resource.is_edited || resource.edits() != self.resource.edits;
        if let Some(part) = self.editing_above().filter(|part| part.is_last) {
            let is_counted = is_edited && self.resource.dropped.is_none();
            let step = part.step;
            if let Some(tally) = self.tallies.get_mut(step) {
                tally.edited_resources += u64::from(is_counted);
            }
            is_edited = false;
        }
        if let Some(marks) = self.marks.as_mut().filter(|_| stays) {
            marks.resources.push(is_edited);
        }
    }
}

fn count(by_rule: &mut [u64], rule: usize) {
    debug_assert!(
        rule < by_rule.len(),
        "a processor names rule {rule}, which it does not have"
    );
    if let Some(spans) = by_rule.get_mut(rule) {
        *spans += 1;
    }
}
