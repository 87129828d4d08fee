//! The OpenTelemetry Transformation Language, for resources, scopes, spans and their events.
//!
//! Promises: a statement means what it means to the Collector, and what is wrong with it is told when it is read, with its
//! place. It runs on the encoded span, of which it reads what it names and edits what it changes. Whatever statement and
//! span, nothing panics; time grows with the span and not faster, and texts and lists grow to a bound.
//!
//! The way of a statement: [`syntax`] makes a tree of the text; `infer` finds out what it is about; `compile` looks names up
//! and makes code; `code` runs it in a [`Scene`].

mod call;
mod code;
mod coerce;
mod compare;
mod compile;
mod context;
#[cfg(test)]
mod documented;
mod doubt;
mod fault;
pub mod functions;
mod go;
mod infer;
mod math;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a judge of tests panics when it disagrees")]
pub mod oracle;
mod parsers;
mod path;
mod program;
#[cfg(test)]
mod recorded;
mod scene;
pub mod syntax;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod wrong;

pub use context::Context;
pub use fault::{Error, Outcome};
pub use functions::Dialect;
pub use go::number::{parse_float, whole};
pub use program::{About, Condition, Group, Misfit, Statement, conditions, first_that_holds, group};
pub use scene::{Cache, Request, ResourceSeat, Scene, ScopeSeat, Seat, SpanSeat};
