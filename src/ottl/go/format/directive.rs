//! What a format says between a `%` and its verb.

use super::Arguments;
use super::out::{Flags, Out};
use crate::ottl::value::Value;

/// The widest that anything may be asked to be.
const MAX_WIDTH: i64 = 1_000_000;

/// What is left of a format.
pub(super) struct Format<'f>(pub &'f str);

/// One directive.
pub(super) struct Directive {
    pub flags: Flags,
    /// Nothing at the end of the format.
    pub verb: Option<char>,
    /// Whether the numbers in brackets name values that there are.
    pub is_argument_known: bool,
}

// === impl Format ===

impl<'f> Format<'f> {
    /// What stands before the next `%`, which is taken as well; nothing at the end.
    pub fn literal(&mut self) -> Option<&'f str> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.find('%').unwrap_or(self.0.len());
        let (literal, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(literal)
    }

    fn takes(&mut self, letter: char) -> bool {
        let rest = self.0.strip_prefix(letter);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A number, if there is one. Behind one that is too large, nothing of the format is left.
    fn number(&mut self) -> Option<usize> {
        let end = self.0.find(|digit: char| !digit.is_ascii_digit());
        let (digits, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        let number = limited(digits);
        self.0 = if number.is_none() && !digits.is_empty() {
            ""
        } else {
            rest
        };
        number
    }

    /// A number in brackets, which says which value comes next; whether it is well formed.
    fn argument(&mut self, arguments: &mut Arguments<'_, '_>, is_known: &mut bool) -> bool {
        if !self.0.starts_with('[') {
            return false;
        }
        arguments.is_reordered = true;
        // Less than three letters are no number in brackets.
        let behind = self.0.get(1..).filter(|behind| behind.len() > 1);
        let Some((inner, rest)) = behind.and_then(|behind| behind.split_once(']')) else {
            self.0 = self.0.get(1..).unwrap_or_default();
            *is_known = false;
            return false;
        };
        self.0 = rest;
        let is_number = !inner.is_empty() && inner.bytes().all(|digit| digit.is_ascii_digit());
        let number = limited(inner).filter(|_| is_number);
        let place = number.and_then(|number| number.checked_sub(1));
        match place.filter(|place| *place < arguments.all.len()) {
            Some(place) => arguments.next = place,
            None => *is_known = false,
        }
        number.is_some()
    }
}

/// The number of some digits; nothing when there are none, or it is too large to be a width.
fn limited(digits: &str) -> Option<usize> {
    let mut number = None;
    for digit in digits.bytes() {
        let before = number.unwrap_or(0);
        if before > MAX_WIDTH as usize {
            return None;
        }
        number = Some(before * 10 + usize::from(digit.wrapping_sub(b'0')));
    }
    number
}

// === impl Directive ===

impl Directive {
    /// Reads it from its `%` on. Widths that values should tell and do not are complained of in `out`.
    pub fn read(
        format: &mut Format<'_>,
        arguments: &mut Arguments<'_, '_>,
        out: &mut Out,
    ) -> Result<Self, String> {
        format.takes('%');
        let mut flags = Flags::default();
        while let Some(flag) = format.0.chars().next() {
            match flag {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => break,
            }
            format.takes(flag);
        }
        let mut is_known = true;
        let mut is_behind_argument = format.argument(arguments, &mut is_known);
        if format.takes('*') {
            let width = arguments.width();
            if width.is_none() {
                out.push("%!(BADWIDTH)")?;
            }
            if width.is_some_and(|width| width < 0) {
                flags.minus = true;
                flags.zero = false;
            }
            flags.width = width.map(|width| width.unsigned_abs() as usize);
            is_behind_argument = false;
        } else {
            flags.width = format.number();
            is_known &= !(is_behind_argument && flags.width.is_some());
        }
        // At the end of the format a point is the verb.
        if format.0.len() > 1 && format.takes('.') {
            is_known &= !is_behind_argument;
            is_behind_argument = format.argument(arguments, &mut is_known);
            if format.takes('*') {
                // A negative one is none; one that is missing is complained of like it.
                let precision = arguments.width().and_then(|width| usize::try_from(width).ok());
                if precision.is_none() {
                    out.push("%!(BADPREC)")?;
                }
                flags.precision = precision;
                is_behind_argument = false;
            } else {
                flags.precision = Some(format.number().unwrap_or(0));
            }
        }
        if !is_behind_argument {
            format.argument(arguments, &mut is_known);
        }
        let verb = format.0.chars().next();
        if let Some(verb) = verb {
            format.takes(verb);
        }
        if matches!(verb, Some('v' | 'w')) {
            flags.is_source = std::mem::take(&mut flags.sharp);
            flags.plus = false;
        }
        Ok(Self {
            flags,
            verb,
            is_argument_known: is_known,
        })
    }
}

// === impl Arguments ===

impl Arguments<'_, '_> {
    /// A value that is a width; nothing when it is no whole number or too large.
    fn width(&mut self) -> Option<i64> {
        match self.take()? {
            Value::Int(number) | Value::Duration(number) => {
                Some(*number).filter(|number| (-MAX_WIDTH..=MAX_WIDTH).contains(number))
            }
            _ => None,
        }
    }
}
