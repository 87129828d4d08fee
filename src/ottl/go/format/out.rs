//! What is written, and how wide.

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub sharp: bool,
    pub zero: bool,
    pub plus: bool,
    pub minus: bool,
    pub space: bool,
    /// `%#v`: as Go would write the value.
    pub is_source: bool,
    /// Letters to be filled up to.
    pub width: Option<usize>,
    pub precision: Option<usize>,
}

/// A text of bounded length.
pub(super) struct Out {
    text: String,
    limit: usize,
    pub flags: Flags,
}

// === impl Out ===

impl Out {
    pub fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            flags: Flags::default(),
        }
    }

    pub fn text(self) -> String {
        self.text
    }

    pub fn push(&mut self, text: &str) -> Result<(), String> {
        self.check(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    /// The text, filled up to the width: on the left, or on the right with `-`.
    pub fn push_padded(&mut self, text: &str) -> Result<(), String> {
        let Some(width) = self.flags.width else {
            return self.push(text);
        };
        let missing = width.saturating_sub(text.chars().count());
        if self.flags.minus {
            self.push(text)?;
            return self.fill(missing);
        }
        self.fill(missing)?;
        self.push(text)
    }

    /// The same with spaces, also where zeros are asked for.
    pub fn push_spaced(&mut self, text: &str) -> Result<(), String> {
        let zero = std::mem::take(&mut self.flags.zero);
        let pushed = self.push_padded(text);
        self.flags.zero = zero;
        pushed
    }

    /// So many spaces, or zeros.
    pub fn fill(&mut self, count: usize) -> Result<(), String> {
        self.check(count)?;
        let letter = match self.flags.zero && !self.flags.minus {
            true => '0',
            false => ' ',
        };
        self.text.extend((0..count).map(|_| letter));
        Ok(())
    }

    fn check(&self, more: usize) -> Result<(), String> {
        match self.text.len() + more > self.limit {
            true => Err(format!("the formatted text is longer than {} bytes", self.limit)),
            false => Ok(()),
        }
    }
}
