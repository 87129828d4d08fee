//! Commands of Redis without the values in them; keys stay.
//!
//! Commands are lines; a line's first word is the command, the others are its arguments. An argument in double quotes may
//! hold spaces and line feeds.

/// What stands for a value.
const MASKED: &str = "?";

/// Reads words.
struct Words<'a> {
    text: &'a str,
    at: usize,
    /// Whether the next word is a command.
    at_command: bool,
}

enum Word<'a> {
    Command(&'a str),
    Argument(&'a str),
}

/// Where the values are.
enum Values {
    /// Everything is one.
    All,
    /// The argument of this number.
    At(usize),
    /// Everything from the second argument on.
    BehindKey,
    /// Every so many arguments, the first of them after so many.
    Every {
        step: usize,
        first: usize,
    },
    None,
}

/// The commands without their values.
pub(super) fn sanitized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut command, mut arguments) = ("", Vec::new());
    let mut words = Words {
        text: text.trim(),
        at: 0,
        at_command: true,
    };
    while let Some(word) = words.word() {
        match word {
            Word::Argument(argument) => arguments.push(argument),
            Word::Command(next) => {
                if !command.is_empty() {
                    put(&mut out, command, &mut arguments);
                    out.push('\n');
                }
                command = next;
                arguments.clear();
            }
        }
    }
    put(&mut out, command, &mut arguments);
    out
}

/// Writes a command with its arguments, without values.
fn put(out: &mut String, command: &str, arguments: &mut Vec<&str>) {
    out.push_str(command);
    mask(command, arguments);
    for argument in arguments {
        out.push(' ');
        out.push_str(argument);
    }
}

fn mask(command: &str, arguments: &mut Vec<&str>) {
    match values(command, arguments) {
        Values::None => {}
        Values::All => {
            arguments.truncate(1);
            arguments.fill(MASKED);
        }
        Values::BehindKey => {
            arguments.truncate(2);
            arguments.iter_mut().skip(1).for_each(|value| *value = MASKED);
        }
        Values::At(place) => arguments
            .iter_mut()
            .skip(place)
            .take(1)
            .for_each(|value| *value = MASKED),
        Values::Every { step, first } => {
            let values = arguments.iter_mut().skip(first).step_by(step);
            values.for_each(|value| *value = MASKED);
        }
    }
}

fn values(command: &str, arguments: &[&str]) -> Values {
    match command.to_ascii_uppercase().as_str() {
        "AUTH" => Values::All,
        "APPEND" | "GEORADIUSBYMEMBER" | "GETSET" | "LPUSHX" | "RPUSHX" | "SET" | "SETNX" | "SISMEMBER"
        | "ZRANK" | "ZREVRANK" | "ZSCORE" => Values::At(1),
        "HSETNX" | "LREM" | "LSET" | "PSETEX" | "RESTORE" | "SETBIT" | "SETEX" | "SETRANGE" | "SMOVE"
        | "ZINCRBY" => Values::At(2),
        "LINSERT" => Values::At(3),
        "GEODIST" | "GEOHASH" | "GEOPOS" | "LPUSH" | "RPUSH" | "SADD" | "SREM" | "ZREM" => Values::BehindKey,
        "GEOADD" => Values::Every { step: 3, first: 3 },
        "HSET" | "HMSET" => Values::Every { step: 2, first: 2 },
        "MSET" | "MSETNX" => Values::Every { step: 2, first: 1 },
        "CONFIG" => match arguments.first() {
            Some(action) if action.eq_ignore_ascii_case("SET") => Values::At(2),
            _ => Values::None,
        },
        "BITFIELD" => set_in_bitfield(arguments).map_or(Values::None, Values::At),
        "ZADD" => Values::Every {
            step: 2,
            first: scores(arguments) + 1,
        },
        _ => Values::None,
    }
}

/// The place of the first value that is set in a bit field. A `SET` in the place of the key is none, and a `SET` among the
/// three words behind another takes over.
fn set_in_bitfield(arguments: &[&str]) -> Option<usize> {
    let mut set = None;
    for (place, argument) in arguments.iter().enumerate().skip(1) {
        if argument.eq_ignore_ascii_case("SET") {
            set = Some(place);
        }
        if set.is_some_and(|set| place - set == 3) {
            return Some(place);
        }
    }
    None
}

/// The place of the first score; the last argument where there is none.
fn scores(arguments: &[&str]) -> usize {
    let mut options = arguments.iter().enumerate().skip(1);
    let first = options.find(|(_, argument)| !matches!(**argument, "NX" | "XX" | "CH" | "INCR"));
    first.map_or(arguments.len().saturating_sub(1), |(place, _)| place)
}

// === impl Words ===

impl<'a> Words<'a> {
    /// The next word, which is empty for an empty line.
    fn word(&mut self) -> Option<Word<'a>> {
        if self.at >= self.text.len() {
            return None;
        }
        Some(match self.at_command {
            true => Word::Command(self.command()),
            false => Word::Argument(self.argument()),
        })
    }

    fn command(&mut self) -> &'a str {
        if self.peek() == Some(b' ') {
            self.skip_space();
            self.at_command = true;
        }
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => return self.line_from(start),
                b' ' => return self.word_from(start),
                _ => self.at += 1,
            }
        }
        self.text.get(start..).unwrap_or_default()
    }

    fn argument(&mut self) -> &'a str {
        let start = self.at;
        let (mut is_quoted, mut is_escaped) = (false, false);
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if !is_escaped => {
                    is_escaped = true;
                    self.at += 1;
                    continue;
                }
                b'\n' if !is_quoted => return self.line_from(start),
                b' ' if !is_quoted => return self.word_from(start),
                b'"' if !is_escaped => is_quoted = !is_quoted,
                _ => {}
            }
            is_escaped = false;
            self.at += 1;
        }
        self.text.get(start..).unwrap_or_default()
    }

    /// What was read since `start`, up to this line feed.
    fn line_from(&mut self, start: usize) -> &'a str {
        let word = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        self.at_command = true;
        word
    }

    /// What was read since `start`, up to this space.
    fn word_from(&mut self, start: usize) -> &'a str {
        let word = self.text.get(start..self.at).unwrap_or_default();
        self.skip_space();
        word
    }

    /// Goes behind white space, and behind the line feed that ends it.
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
        self.at_command = self.peek() == Some(b'\n');
        if self.at_command {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
