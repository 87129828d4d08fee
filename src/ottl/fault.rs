//! Why a statement fails on a span.

use std::fmt;

/// Why an expression has no value, or an editor cannot do its work, on the data at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<str>);

/// A result of evaluation.
pub type Outcome<T> = Result<T, Error>;

// === impl Error ===

impl Error {
    /// An error with this sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().into_boxed_str())
    }

    /// The same, said of a function.
    pub(super) fn of(self, function: &str) -> Self {
        Self::new(format!("{function}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
