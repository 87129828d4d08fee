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
use crate::wire::{
    Amendment, Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces,
};

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
        (self.parts, self.behind) = self.behind.split_at(pass(self.behind));
        if self.parts.is_empty() {
            return false;
        }
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
        self.fate_by(self.resource.end.as_ref())
    }

    /// What becomes of the scope seen last.
    pub fn fate_of_scope(&self) -> Fate {
        self.fate_by(self.resource.end.as_ref().or(self.scope.end.as_ref()))
    }

    /// With the rules of the step.
    fn fate_by(&self, end: Option<&(usize, Fate)>) -> Fate {
        match end {
            Some((number, Fate::DropBy(rule))) => {
                let first = self.parts.get(*number).map_or(0, |part| part.first_rule);
                Fate::DropBy(first + rule)
            }
            _ => Fate::Keep,
        }
    }

    /// What was made of the span seen last.
    pub fn fate_of_span(&self) -> Fate {
        self.fate.clone()
    }

    /// What a part makes of a span, unless it has put an end to what stands above.
    fn shown<'e>(
        &self,
        number: usize,
        part: &Part,
        resource: &mut ResourceEdit<'e>,
        scope: &mut ScopeEdit<'e>,
        span: &mut SpanEdit<'e>,
    ) -> Fate {
        let end = self.resource.end_by(number);
        if let Some(end) = end.or_else(|| self.scope.end_by(number)) {
            return end.clone();
        }
        if part.edits_above {
            return part.processor.span_and_above(self.context, resource, scope, span);
        }
        let (earlier_resource, earlier_scope);
        let above = Above {
            resource: match self.resource.seen_by(number) {
                None if !resource.is_changed() => resource,
                seen => {
                    let seen = seen.map_or(resource.before(), ResourceView::over);
                    earlier_resource = Amendment::new(seen);
                    &earlier_resource
                }
            },
            scope: match self.scope.seen_by(number) {
                None if !scope.is_changed() => scope,
                seen => {
                    earlier_scope = Amendment::new(seen.map_or(scope.before(), ScopeView::over));
                    &earlier_scope
                }
            },
        };
        part.processor.span(self.context, above, span)
    }

    /// What stands above no span ends at once.
    fn end_without_spans(&mut self, end: Option<(usize, Fate)>) -> Decision {
        match end {
            None => Decision::Keep,
            Some((number, Fate::Fail(message))) => {
                let step = self.parts.get(number).map_or(0, |part| part.step);
                self.fail(step, message)
            }
            Some(_) => Decision::Drop,
        }
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
                end => {
                    self.resource.end = Some((number, end));
                    break;
                }
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
        match resource.before().has_spans() {
            true => Decision::Keep,
            false => self.end_without_spans(self.resource.end.clone()),
        }
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
            if self.resource.end_by(number).is_some() {
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
                end => {
                    self.scope.end = Some((number, end));
                    break;
                }
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
        match scope.before().has_spans() {
            true => Decision::Keep,
            false if self.resource.end.is_some() => Decision::Drop,
            false => self.end_without_spans(self.scope.end.clone()),
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
            let edits = span.edits();
            let fate = self.shown(number, part, resource, scope, span);
            let Some(tally) = self.tallies.get_mut(part.step) else {
                continue;
            };
            tally.incoming += u64::from(part.is_first);
            match fate {
                Fate::Keep => {}
                Fate::KeepBy(rule) => {
                    count(&mut tally.kept, part.first_rule + rule);
                    self.fate = Fate::KeepBy(part.first_rule + rule);
                }
                Fate::DropBy(rule) => {
                    count(&mut tally.dropped, part.first_rule + rule);
                    self.fate = Fate::DropBy(part.first_rule + rule);
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
            let is_counted = is_edited && self.resource.end.is_none() && self.scope.end.is_none();
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
            let is_counted = is_edited && self.resource.end.is_none();
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

/// How many of these parts run in the next pass.
fn pass(parts: &[Part]) -> usize {
    let mut drops = false;
    for (number, part) in parts.iter().enumerate() {
        match part.edits_above {
            // It must not edit a resource for a scope that is gone, because all spans of that were dropped before.
            true if drops => return number,
            true => return number + 1,
            false => drops |= part.drops,
        }
    }
    parts.len()
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
