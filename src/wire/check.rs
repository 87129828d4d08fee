//! What a request has to pass on arrival, and what is taken out of one that passes only in part.

use bytes::Bytes;

use super::amend::{ResourceEdit, ScopeEdit, SpanEdit};
use super::edit::{Decision, Editor};
use super::locate::locate;
use super::views::{ResourceView, ScopeView};
use super::walk::{SPAN_ID, TRACE_ID, walk};
use super::{Checked, Malformed, Traces};

impl Traces {
    /// Checks everything that `prost` would, in one pass without an allocation per span.
    pub fn check(bytes: Bytes) -> Result<Checked, Malformed> {
        let tally = walk(&bytes).map_err(|fault| locate(&bytes, fault))?;
        let traces = Traces {
            bytes,
            spans: tally.spans,
        };
        if tally.misfits == 0 {
            return Ok(Checked {
                traces,
                rejected: 0,
                reason: String::new(),
            });
        }
        let mut misfits = Misfits::default();
        Ok(Checked {
            traces: traces.edit(&mut misfits),
            rejected: tally.misfits,
            reason: misfits.reason,
        })
    }
}

/// Drops the spans whose ids have the wrong length, and keeps the reason for the first.
#[derive(Default)]
struct Misfits {
    /// Counted from one, each within the one above.
    resources: usize,
    scopes: usize,
    spans: usize,
    reason: String,
}

impl Editor for Misfits {
    fn resource(&mut self, _resource: &mut ResourceEdit<'_>) -> Decision {
        self.resources += 1;
        self.scopes = 0;
        Decision::Keep
    }

    fn scope(&mut self, _resource: ResourceView<'_>, _scope: &mut ScopeEdit<'_>) -> Decision {
        self.scopes += 1;
        self.spans = 0;
        Decision::Keep
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        self.spans += 1;
        let (id, len, wanted) = match (span.trace_id().len(), span.span_id().len()) {
            (TRACE_ID, SPAN_ID) => return Decision::Keep,
            (TRACE_ID, len) => ("span id", len, SPAN_ID),
            (len, _) => ("trace id", len, TRACE_ID),
        };
        if self.reason.is_empty() {
            self.reason = format!(
                "resource_spans[{}].scope_spans[{}].spans[{}]{}: the {id} has {len} bytes, not {wanted}",
                self.resources - 1,
                self.scopes - 1,
                self.spans - 1,
                called(span.name()),
            );
        }
        Decision::Drop
    }
}

/// The span's name, cut to what a message can bear.
fn called(name: &str) -> String {
    let short: String = name.chars().take(80).collect();
    match short.as_str() {
        "" => String::new(),
        short => format!(" {short:?}"),
    }
}
