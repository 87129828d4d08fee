//! What a statement sees while it runs, and what of it it may edit.

use super::context::Context;
use super::fault::{Error, Outcome};
use crate::config::types::Secret;
use crate::wire::{EventEdit, ResourceEdit, ScopeEdit, SpanEdit, Value as Stored};

/// A resource, scope, span or event with what stands above it.
pub struct Scene<'s, 'a, 'e> {
    /// The request that brought it.
    pub request: &'s Request<'s>,
    /// The resource.
    pub resource: ResourceSeat<'s, 'a>,
    /// The scope, below resources.
    pub scope: Option<ScopeSeat<'s, 'a>>,
    /// The span, below scopes.
    pub span: Option<SpanSeat<'s, 'a>>,
    /// The event, below spans.
    pub event: Option<&'s mut EventEdit<'e>>,
    /// What statements have put aside for later ones.
    pub cache: &'s mut Cache,
}

/// A thing to be read, or also edited.
pub enum Seat<S, E> {
    /// It may be read.
    Shown(S),
    /// It may be edited.
    Edited(E),
}

/// A resource to be read, or also edited.
pub type ResourceSeat<'s, 'a> = Seat<&'s ResourceEdit<'s>, &'s mut ResourceEdit<'a>>;

/// A scope to be read, or also edited.
pub type ScopeSeat<'s, 'a> = Seat<&'s ScopeEdit<'s>, &'s mut ScopeEdit<'a>>;

/// A span to be read, or also edited.
pub type SpanSeat<'s, 'a> = Seat<&'s SpanEdit<'s>, &'s mut SpanEdit<'a>>;

/// What is known of the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'s> {
    /// Who sent it.
    pub address: Option<std::net::SocketAddr>,
    /// What came along with it; keys in lower case.
    pub metadata: &'s [(String, Vec<String>)],
    /// What an authenticator found out about the sender.
    pub attributes: &'s [(String, Secret)],
}

/// What statements put aside for later ones.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    pub(super) pairs: Vec<(String, Stored)>,
    /// Whether it outlives what the statements are about, so that it may not grow for ever.
    pub(super) is_lasting: bool,
}

// === impl Scene ===

impl<'a> Scene<'_, 'a, '_> {
    /// A number that grows with each edit of anything but the event.
    pub fn edits(&self) -> u32 {
        let scope = self.scope().map_or(0, ScopeEdit::edits);
        let span = self.span().map_or(0, SpanEdit::edits);
        self.resource().edits().wrapping_add(scope).wrapping_add(span)
    }

    /// The resource as it is now.
    pub fn resource(&self) -> &ResourceEdit<'_> {
        match &self.resource {
            Seat::Shown(resource) => resource,
            Seat::Edited(resource) => resource,
        }
    }

    /// The scope as it is now.
    pub fn scope(&self) -> Outcome<&ScopeEdit<'_>> {
        match &self.scope {
            Some(Seat::Shown(scope)) => Ok(scope),
            Some(Seat::Edited(scope)) => Ok(scope),
            None => Err(absent(Context::Scope)),
        }
    }

    /// The span as it is now.
    #[inline]
    pub fn span(&self) -> Outcome<&SpanEdit<'_>> {
        match &self.span {
            Some(Seat::Shown(span)) => Ok(span),
            Some(Seat::Edited(span)) => Ok(span),
            None => Err(absent(Context::Span)),
        }
    }

    /// The event as it is now.
    pub(super) fn event(&self) -> Outcome<&EventEdit<'_>> {
        match &self.event {
            Some(event) => Ok(event),
            None => Err(absent(Context::SpanEvent)),
        }
    }

    /// The resource, to be edited.
    pub(super) fn resource_mut(&mut self) -> Outcome<&mut ResourceEdit<'a>> {
        match &mut self.resource {
            Seat::Edited(resource) => Ok(resource),
            Seat::Shown(_) => Err(shown(Context::Resource)),
        }
    }

    /// The scope, to be edited.
    pub(super) fn scope_mut(&mut self) -> Outcome<&mut ScopeEdit<'a>> {
        match &mut self.scope {
            Some(Seat::Edited(scope)) => Ok(scope),
            Some(Seat::Shown(_)) => Err(shown(Context::Scope)),
            None => Err(absent(Context::Scope)),
        }
    }

    /// The span, to be edited.
    pub(super) fn span_mut(&mut self) -> Outcome<&mut SpanEdit<'a>> {
        match &mut self.span {
            Some(Seat::Edited(span)) => Ok(span),
            Some(Seat::Shown(_)) => Err(shown(Context::Span)),
            None => Err(absent(Context::Span)),
        }
    }
}

impl<'e> Scene<'_, '_, 'e> {
    /// The event, to be edited.
    pub(super) fn event_mut(&mut self) -> Outcome<&mut EventEdit<'e>> {
        match &mut self.event {
            Some(event) => Ok(event),
            None => Err(absent(Context::SpanEvent)),
        }
    }
}

// === impl Cache ===

impl Cache {
    /// One that outlives what statements are about. Entries are bounded in number and size.
    pub fn lasting() -> Self {
        Self {
            pairs: Vec::new(),
            is_lasting: true,
        }
    }
}

// === impl Seat ===

impl<'a> ResourceSeat<'_, 'a> {
    /// The same for a shorter time.
    pub fn again(&mut self) -> ResourceSeat<'_, 'a> {
        match self {
            Self::Shown(resource) => Seat::Shown(resource),
            Self::Edited(resource) => Seat::Edited(resource),
        }
    }
}

impl<'a> ScopeSeat<'_, 'a> {
    /// The same for a shorter time.
    pub fn again(&mut self) -> ScopeSeat<'_, 'a> {
        match self {
            Self::Shown(scope) => Seat::Shown(scope),
            Self::Edited(scope) => Seat::Edited(scope),
        }
    }
}

/// Compiled statements name only what is there; this is for whoever shows them less.
fn absent(context: Context) -> Error {
    Error::new(format!("there is no {} here", context.name()))
}

fn shown(context: Context) -> Error {
    Error::new(format!("the {} cannot be edited here", context.name()))
}
