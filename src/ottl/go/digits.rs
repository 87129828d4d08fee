//! The decimal digits of floating point numbers, as Go's `strconv` chooses them.

/// No number has more decimal places that are not zero.
pub(super) const MAX_PLACES: usize = 1100;

/// Decimal digits without zeros at the end; the point stands before the first, moved right by `point`.
pub(super) struct Digits {
    pub digits: String,
    pub point: i64,
}

/// `e+02`: a sign and at least two digits.
pub(super) fn exponent(power: i64, letter: char) -> String {
    let sign = if power < 0 { '-' } else { '+' };
    format!("{letter}{sign}{:02}", power.unsigned_abs())
}

// === impl Digits ===

impl Digits {
    /// The fewest digits that tell a positive number from its neighbours, or so many.
    pub fn of(number: f64, count: Option<usize>) -> Self {
        let count = count.unwrap_or_else(|| {
            let text = format!("{number:e}");
            text.bytes()
                .take_while(|byte| *byte != b'e')
                .filter(u8::is_ascii_digit)
                .count()
        });
        // Of two as short and as near, this is the even one.
        let text = format!("{number:.*e}", count.clamp(1, MAX_PLACES) - 1);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = digits.replace('.', "").trim_end_matches('0').to_owned();
        // Zero has none.
        let point = match digits.is_empty() {
            true => 0,
            false => power.parse().unwrap_or(0) + 1,
        };
        Self { digits, point }
    }

    /// `0.00123`, `12300`
    pub fn fixed(&self) -> String {
        let Ok(point) = usize::try_from(self.point) else {
            return format!(
                "0.{}{}",
                "0".repeat(self.point.unsigned_abs() as usize),
                self.digits
            );
        };
        let (whole, fraction) = self.digits.split_at(point.min(self.digits.len()));
        let zeros = "0".repeat(point - whole.len());
        let whole = if point == 0 { "0" } else { whole };
        match fraction.is_empty() {
            true => format!("{whole}{zeros}"),
            false => format!("{whole}{zeros}.{fraction}"),
        }
    }

    /// `1.23e-09`, with this letter.
    pub fn scientific(&self, letter: char) -> String {
        let (first, rest) = self.digits.split_at(self.digits.len().min(1));
        let point = if rest.is_empty() { "" } else { "." };
        format!("{first}{point}{rest}{}", exponent(self.point - 1, letter))
    }
}
