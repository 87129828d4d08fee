//! Texts by a format, as Go's `fmt.Sprintf` makes them.
//!
//! Promise: what is wrong with a format or a value stands in the text, as `%!d(string=x)`; only the limit is an error. Maps and
//! lists are shown as JSON, where Go shows how it keeps them; times are shown as texts also where it shows their fields.

mod directive;
mod float;
mod integer;
mod out;
mod print;
mod quote;

use directive::{Directive, Format};
use out::Out;

use crate::ottl::value::Value;

/// Bytes that a text may have.
const MAX_LEN: usize = 1 << 20;

/// The values of a call, and which of them comes next.
struct Arguments<'a, 'v> {
    all: &'a [Value<'v>],
    next: usize,
    /// Whether the format named any by its number.
    is_reordered: bool,
}

/// Writes `values` by the directives of `format`. An error when the text takes more than 1 MiB, and when a list or map has
/// no JSON text.
pub fn sprintf(format: &str, values: &[Value<'_>]) -> Result<String, String> {
    let mut out = Out::new(MAX_LEN);
    let mut arguments = Arguments {
        all: values,
        next: 0,
        is_reordered: false,
    };
    let mut rest = Format(format);
    while let Some(literal) = rest.literal() {
        out.push(literal)?;
        if !rest.0.is_empty() {
            let directive = Directive::read(&mut rest, &mut arguments, &mut out)?;
            directive.write(&mut arguments, &mut out)?;
        }
    }
    arguments.write_extra(&mut out)?;
    Ok(out.text())
}

// === impl Directive ===

impl Directive {
    fn write(&self, arguments: &mut Arguments<'_, '_>, out: &mut Out) -> Result<(), String> {
        out.flags = self.flags;
        let Some(verb) = self.verb else {
            return out.push("%!(NOVERB)");
        };
        if verb == '%' {
            return out.push("%");
        }
        if !self.is_argument_known {
            return out.push(&format!("%!{verb}(BADINDEX)"));
        }
        match arguments.take() {
            Some(value) => print::print(value, verb, out),
            None => out.push(&format!("%!{verb}(MISSING)")),
        }
    }
}

// === impl Arguments ===

impl<'a, 'v> Arguments<'a, 'v> {
    fn take(&mut self) -> Option<&'a Value<'v>> {
        let value = self.all.get(self.next)?;
        self.next += 1;
        Some(value)
    }

    /// The values that no directive took.
    fn write_extra(&self, out: &mut Out) -> Result<(), String> {
        let rest = self.all.get(self.next..).unwrap_or_default();
        if self.is_reordered || rest.is_empty() {
            return Ok(());
        }
        out.flags = out::Flags::default();
        out.push("%!(EXTRA ")?;
        for (place, value) in rest.iter().enumerate() {
            out.push(if place == 0 { "" } else { ", " })?;
            if !matches!(value, Value::Nil) {
                out.push(print::type_name(value))?;
                out.push("=")?;
            }
            print::print(value, 'v', out)?;
        }
        out.push(")")
    }
}
