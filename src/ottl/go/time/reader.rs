//! What a text shows next: numbers, names, offsets.

use super::layout::{Form, Name, Pad};
use super::read::Mismatch;
use super::show::cut;

/// How an element can go wrong: it does not look like one, or is out of range.
pub(super) enum Wrong {
    Form,
    Range(&'static str),
}

/// A cursor over a text; what it takes it moves past.
pub(super) struct Reader<'t>(pub &'t [u8]);

// === impl Reader ===

impl<'t> Reader<'t> {
    /// Moves past what stands between elements. Runs of spaces are alike, and may be missing at the end.
    pub fn skip(&mut self, before: &str) -> Result<(), Mismatch<'t>> {
        let mut wanted = before.as_bytes();
        while let [first, behind @ ..] = wanted {
            if *first == b' ' {
                if self.0.first().is_some_and(|next| *next != b' ') {
                    return Err(Mismatch::of(before, self.0, None));
                }
                wanted = without_spaces(wanted);
                self.0 = without_spaces(self.0);
                continue;
            }
            match self.0 {
                [next, rest @ ..] if next == first => self.0 = rest,
                _ => return Err(Mismatch::of(before, self.0, None)),
            }
            wanted = behind;
        }
        Ok(())
    }

    pub fn takes(&mut self, word: &str) -> bool {
        let rest = self.0.strip_prefix(word.as_bytes());
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Exactly so many digits.
    pub fn digits(&mut self, count: usize) -> Result<i64, Wrong> {
        let (digits, rest) = self.0.split_at_checked(count).ok_or(Wrong::Form)?;
        self.0 = rest;
        number(digits).ok_or(Wrong::Form)
    }

    /// Two digits, or a sign and one.
    pub fn short_year(&mut self) -> Result<i64, Wrong> {
        match self.0 {
            [sign @ (b'+' | b'-'), digit, rest @ ..] if digit.is_ascii_digit() => {
                self.0 = rest;
                let year = i64::from(digit - b'0');
                Ok(if *sign == b'-' { -year } else { year })
            }
            _ => self.digits(2),
        }
    }

    /// One or two digits, two where it is made wider by zeros; behind a space where it is by spaces.
    pub fn number(&mut self, pad: Pad) -> Result<i64, Wrong> {
        if pad == Pad::Space {
            self.takes(" ");
        }
        let is_two = self.0.get(1).is_some_and(u8::is_ascii_digit);
        self.digits(if is_two || pad == Pad::Zero { 2 } else { 1 })
    }

    pub fn day_of_year(&mut self, pad: Pad) -> Result<i64, Wrong> {
        if pad == Pad::Space {
            let _ = self.takes(" ") && self.takes(" ");
        }
        let count = self
            .0
            .iter()
            .take(3)
            .take_while(|digit| digit.is_ascii_digit())
            .count();
        self.digits(if pad == Pad::Zero { 3 } else { count.max(1) })
    }

    /// The place of the name that comes next, in any case.
    pub fn name(&mut self, names: &[&'static str], how: Name) -> Result<i64, Wrong> {
        for (place, name) in (0..).zip(names) {
            let name = cut(name, how);
            let start = self.0.split_at_checked(name.len());
            if let Some((_, rest)) = start.filter(|(start, _)| start.eq_ignore_ascii_case(name.as_bytes())) {
                self.0 = rest;
                return Ok(place);
            }
        }
        Err(Wrong::Form)
    }

    /// Seconds ahead of UTC.
    pub fn offset(&mut self, form: Form) -> Result<i64, Wrong> {
        let sign = match self.0 {
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return Err(Wrong::Form),
        };
        self.0 = self.0.get(1..).unwrap_or_default();
        let has_colons = matches!(form, Form::ColonMinute | Form::ColonSecond);
        let parts = match form {
            Form::Hour => 1,
            Form::Minute | Form::ColonMinute => 2,
            Form::Second | Form::ColonSecond => 3,
        };
        // People write offsets of 24 hours, 60 minutes, and 60 seconds.
        let known = [
            (24, 3600, "time zone offset hour out of range"),
            (60, 60, "time zone offset minute out of range"),
            (60, 1, "time zone offset second out of range"),
        ];
        let mut total = 0;
        for (place, (most, unit, reason)) in known.into_iter().take(parts).enumerate() {
            if place > 0 && has_colons && !self.takes(":") {
                return Err(Wrong::Form);
            }
            total += within(self.digits(2)?, 0, most, reason)? * unit;
        }
        Ok(sign * total)
    }

    /// What looks like the name of a zone: three large letters; four or five that end in T; GMT with hours; an offset of
    /// hours; and some that look like none of these.
    pub fn zone_name(&mut self) -> Result<&'t [u8], Wrong> {
        let text = self.0;
        let upper = text
            .iter()
            .take(6)
            .take_while(|letter| letter.is_ascii_uppercase())
            .count();
        let length = match text {
            [b'C', b'h', b'S', b'T', ..] | [b'M', b'e', b'S', b'T', ..] | [b'W', b'I', b'T', b'A', ..]
                if upper < 5 =>
            {
                4
            }
            [b'G', b'M', b'T', rest @ ..] => 3 + signed_hours(rest),
            [b'+' | b'-', _, _, ..] => signed_hours(text),
            [_, _, _, b'T', ..] if upper == 4 => 4,
            [_, _, _, _, b'T', ..] if upper == 5 => 5,
            _ if upper == 3 => 3,
            _ => 0,
        };
        let (name, rest) = text.split_at_checked(length).ok_or(Wrong::Form)?;
        if name.is_empty() {
            return Err(Wrong::Form);
        }
        self.0 = rest;
        Ok(name)
    }

    /// Nanoseconds: a point or comma and exactly so many digits, of which the first nine count.
    pub fn fraction(&mut self, digits: usize) -> Option<u32> {
        let (text, rest) = self.0.split_at_checked(digits + 1)?;
        self.0 = rest;
        let [b'.' | b',', text @ ..] = text else {
            return None;
        };
        let text = text.get(..text.len().min(9))?;
        let scale = 10u32.pow(9 - text.len() as u32);
        Some(u32::try_from(number(text)?).ok()? * scale)
    }
}

/// The bytes that a sign and a number up to 23 take; none where that is not what comes.
fn signed_hours(text: &[u8]) -> usize {
    let [b'+' | b'-', behind @ ..] = text else {
        return 0;
    };
    let digits = behind.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let number = behind.get(..digits).and_then(number);
    match number {
        Some(0..=23) if digits > 0 => digits + 1,
        _ => 0,
    }
}

/// A number that is nothing but digits; nothing where it does not fit either.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| **byte == b' ').count();
    text.get(spaces..).unwrap_or_default()
}

pub(super) fn within(number: i64, least: i64, most: i64, reason: &'static str) -> Result<i64, Wrong> {
    match (least..=most).contains(&number) {
        true => Ok(number),
        false => Err(Wrong::Range(reason)),
    }
}
