//! JSON without its values: each text, number, boolean and null becomes `"?"`, and the white space between goes.

/// As deep as Go's reader goes.
const DEPTH: usize = 10_000;

/// A reader that writes what it reads, without values.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Objects and lists that are open: whether each is an object.
    open: Vec<bool>,
    out: String,
}

/// What may come next.
enum Next {
    Value,
    /// A value or the end of the list.
    FirstValue,
    Key,
    /// A key or the end of the object.
    FirstKey,
    /// A comma, or the end of what is open.
    Rest,
}

/// The document without its values, or nothing when it is not one JSON document.
pub(super) fn sanitized(text: &str) -> Option<String> {
    let mut reader = Reader {
        text,
        at: 0,
        open: Vec::new(),
        out: String::with_capacity(text.len()),
    };
    reader.document()?;
    Some(reader.out)
}

// === impl Reader ===

impl Reader<'_> {
    fn document(&mut self) -> Option<()> {
        let mut next = Next::Value;
        loop {
            self.skip_space();
            next = match next {
                Next::FirstValue if self.peek() == Some(b']') => self.close(b']')?,
                Next::Value | Next::FirstValue => self.value()?,
                Next::FirstKey if self.peek() == Some(b'}') => self.close(b'}')?,
                Next::Key | Next::FirstKey => self.key()?,
                Next::Rest => self.rest()?,
            };
            if self.open.is_empty() {
                break;
            }
        }
        // White space behind the document stays.
        let end = self.at;
        self.skip_space();
        self.out.push_str(self.text.get(end..)?);
        (self.at == self.text.len()).then_some(())
    }

    fn value(&mut self) -> Option<Next> {
        match self.peek()? {
            b'{' => self.begin(true, Next::FirstKey),
            b'[' => self.begin(false, Next::FirstValue),
            b'"' => self.scalar(Self::string),
            b't' => self.scalar(|reader| reader.word("true")),
            b'f' => self.scalar(|reader| reader.word("false")),
            b'n' => self.scalar(|reader| reader.word("null")),
            _ => self.scalar(Self::number),
        }
    }

    fn begin(&mut self, is_object: bool, next: Next) -> Option<Next> {
        self.open.push(is_object);
        self.take();
        (self.open.len() <= DEPTH).then_some(next)
    }

    fn close(&mut self, bracket: u8) -> Option<Next> {
        let is_object = self.open.pop()?;
        self.take();
        (is_object == (bracket == b'}')).then_some(Next::Rest)
    }

    fn key(&mut self) -> Option<Next> {
        let start = self.at;
        self.string()?;
        self.out.push_str(self.text.get(start..self.at)?);
        self.skip_space();
        (self.peek()? == b':').then(|| self.take())?;
        Some(Next::Value)
    }

    fn rest(&mut self) -> Option<Next> {
        match self.peek()? {
            b',' => {
                self.take();
                Some(if *self.open.last()? {
                    Next::Key
                } else {
                    Next::Value
                })
            }
            bracket @ (b'}' | b']') => self.close(bracket),
            _ => None,
        }
    }

    fn scalar(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<Next> {
        read(self)?;
        self.out.push_str("\"?\"");
        Some(Next::Rest)
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                ..0x20 => return None,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Some(()),
            b'u' => (0..4).try_for_each(|_| self.next().filter(u8::is_ascii_hexdigit).map(drop)),
            _ => None,
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        word.bytes().try_for_each(|letter| self.eat(letter))
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return None,
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        self.next().filter(u8::is_ascii_digit)?;
        self.skip_digits();
        Some(())
    }

    fn skip_digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Keeps a mark, one byte of ASCII.
    fn take(&mut self) {
        if let Some(mark) = self.next() {
            self.out.push(char::from(mark));
        }
    }
}
