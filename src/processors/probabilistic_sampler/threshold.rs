//! The numbers of consistent probability sampling: 56 bits of randomness, and the threshold that they must reach.

/// One more than the largest randomness.
const END: u64 = 1 << 56;

/// Hexadecimal digits of 56 bits.
pub const DIGITS: u32 = 14;

/// The smallest probability that a threshold can stand for.
pub const SMALLEST: f64 = 1.0 / END as f64;

/// What chance a trace has, below 2^56; written as `rv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Randomness(u64);

/// What randomness must reach for a span to be kept, at most 2^56; written as `th`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u64);

/// A number in hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Hex {
    digits: [u8; DIGITS as usize],
    len: usize,
}

// === impl Randomness ===

impl Randomness {
    /// Reaches every threshold but [`Threshold::NEVER`].
    pub const ALL: Self = Self(END - 1);

    /// The last 56 bits of `bits`.
    pub fn new(bits: u64) -> Self {
        Self(bits % END)
    }

    /// Reads the text of `rv`: exactly 14 digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == DIGITS as usize).then_some(())?;
        parse(text).map(Self)
    }

    /// The text of `rv`.
    pub fn text(self) -> Hex {
        Hex::new(self.0)
    }
}

// === impl Threshold ===

impl Threshold {
    /// Every randomness reaches it.
    pub const ALWAYS: Self = Self(0);

    /// No randomness reaches it.
    pub const NEVER: Self = Self(END);

    /// Lets this many of 2^14 equal parts of all randomness pass.
    pub fn passing(parts: u64) -> Self {
        Self((1_u64 << 14).saturating_sub(parts) << 42)
    }

    /// Lets a randomness pass with this probability, to that many digits, and more where it is close to 0 or 1;
    /// none for a probability below 2^-56 or above 1.
    pub fn of(probability: f64, digits: u32) -> Option<Self> {
        if !(SMALLEST..=1.0).contains(&probability) {
            return None;
        }
        if probability == 1.0 {
            return Some(Self::ALWAYS);
        }
        let leading = leading_digits(probability).max(leading_digits(1.0 - probability));
        let threshold = END - (probability * END as f64).round() as u64;
        let cut = 4 * (DIGITS - (digits + leading).min(DIGITS));
        let half = (1 << cut) >> 1;
        Some(Self((threshold + half) >> cut << cut))
    }

    /// How much of all randomness reaches it.
    pub fn probability(self) -> f64 {
        (END - self.0) as f64 / END as f64
    }

    /// Whether a span of this randomness is kept.
    pub fn keeps(self, randomness: Randomness) -> bool {
        self.0 <= randomness.0
    }

    /// Reads the text of `th`: 1 to 14 digits, the first ones.
    pub fn parse(text: &str) -> Option<Self> {
        let missing = DIGITS.checked_sub(text.len() as u32)?;
        (missing < DIGITS).then_some(())?;
        parse(text).map(|digits| Self(digits << (4 * missing)))
    }

    /// The text of `th`, without zeros at its end; empty for [`Self::NEVER`].
    pub fn text(self) -> Hex {
        if self == Self::NEVER {
            return Hex {
                len: 0,
                ..Hex::new(0)
            };
        }
        let zeros = (self.0.trailing_zeros() / 4).min(DIGITS - 1);
        let hex = Hex::new(self.0);
        Hex {
            len: (DIGITS - zeros) as usize,
            ..hex
        }
    }
}

/// How many zeros a probability, or how many `f`s its complement, begins with.
fn leading_digits(probability: f64) -> u32 {
    // The exponent, for a fraction that is at least a half.
    let exponent = (probability.to_bits() >> 52 & 0x7ff) as i32 - 1022;
    exponent.min(0).unsigned_abs() / 4
}

fn parse(text: &str) -> Option<u64> {
    text.bytes().try_fold(0, |number, digit| {
        Some(number << 4 | u64::from((digit as char).to_digit(16)?))
    })
}

// === impl Hex ===

impl Hex {
    fn new(number: u64) -> Self {
        let mut digits = [b'0'; DIGITS as usize];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            let value = (number >> (4 * place) & 0xf) as u8;
            *digit = if value < 10 {
                b'0' + value
            } else {
                b'a' - 10 + value
            };
        }
        Self {
            digits,
            len: digits.len(),
        }
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}
