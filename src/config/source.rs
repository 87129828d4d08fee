//! Where a value was written. Every node of a configuration carries one of these, through expansion and merge.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

/// A text larger than this is no configuration.
const MAX_BYTES: u64 = 16 << 20;

/// A text that configuration was read from.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// The path of a file, or the argument of the command line.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A place in a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// The text.
    pub source: Arc<Source>,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Characters on the line that belong to the place.
    pub width: usize,
}

// === impl Source ===

impl Source {
    /// A source to be shared by the places in it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
        })
    }

    /// The content of a file, which may as well be a pipe; says in words why it cannot be had.
    pub(super) fn read(path: &str) -> Result<String, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells a text that is too long from one that just fits.
        let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("it is larger than {} MiB", MAX_BYTES >> 20));
        }
        String::from_utf8(bytes).map_err(|error| error.utf8_error().to_string())
    }

    /// The line with that number, counted from 1; empty past the end.
    pub fn line(&self, number: usize) -> &str {
        self.text
            .lines()
            .nth(number.saturating_sub(1))
            .unwrap_or_default()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

// === impl Origin ===

impl Origin {
    /// The first character of a source.
    pub fn start(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            line: 1,
            column: 1,
            width: 1,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
