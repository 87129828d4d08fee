//! Go's syntax of regular expressions, written in that of the `regex` crate.
//!
//! Promise: what Go refuses is refused, and what Go accepts matches the same. Each piece is written so that it stands
//! for itself, with its flags around it and its letters escaped: whatever pieces follow each other, they mean no third.

use std::mem;

use super::class;

/// A pattern of this many bytes is too long to be meant.
const MAX_LEN: usize = 64 << 10;

/// How often a piece may be repeated, repetitions within it included; Go's bound.
const MAX_REPEATS: u64 = 1000;

/// Groups within each other.
const MAX_GROUPS: usize = 200;

/// A pattern as the `regex` crate reads it.
#[derive(Debug, Default)]
pub(super) struct Translation {
    /// The pattern.
    pub text: String,
    /// The names of its groups in order, empty for one without a name. The groups in the pattern have none, since the
    /// crate is stricter about names than Go.
    pub groups: Vec<String>,
}

/// What `(?imsU)` switches on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    /// `i`: case does not matter.
    pub fold: bool,
    /// `m`: `^` and `$` match at lines.
    lines: bool,
    /// `s`: `.` matches line ends.
    dot_all: bool,
    /// `U`: repetitions match as little as they can.
    lazy: bool,
}

#[derive(Debug)]
struct Translator<'a> {
    rest: &'a str,
    flags: Flags,
    /// The groups that are open, from the outside in.
    outer: Vec<Group>,
    group: Group,
    names: Vec<String>,
}

/// A group being translated.
#[derive(Debug, Default)]
struct Group {
    opening: &'static str,
    text: String,
    /// What a repetition that follows would repeat.
    last: Option<Piece>,
    /// The most that a piece before the last repeats something.
    repeats: u64,
    /// What applies again behind the group.
    flags: Flags,
}

#[derive(Debug)]
struct Piece {
    text: String,
    repeats: u64,
    is_repeated: bool,
}

/// Translates a pattern; says what is wrong with it.
pub(super) fn translate(text: &str) -> Result<Translation, String> {
    if text.len() > MAX_LEN {
        return Err(format!("it has more than {MAX_LEN} bytes"));
    }
    let mut translator = Translator {
        rest: text,
        flags: Flags::default(),
        outer: Vec::new(),
        group: Group::default(),
        names: Vec::new(),
    };
    translator.run()?;
    if !translator.outer.is_empty() {
        return Err("a `(` is not closed".into());
    }
    translator.group.settle();
    Ok(Translation {
        text: translator.group.text,
        groups: translator.names,
    })
}

// === impl Translator ===

impl Translator<'_> {
    fn run(&mut self) -> Result<(), String> {
        // Go refuses a repetition right behind another.
        let mut after_repetition = false;
        while let Some(letter) = self.rest.chars().next() {
            let after = mem::take(&mut after_repetition);
            match letter {
                '*' | '+' | '?' => {
                    self.skip(1);
                    self.repeat(&letter.to_string(), 1, after)?;
                    after_repetition = true;
                }
                '{' => match self.count()? {
                    Some((operator, most)) => {
                        self.repeat(&operator, most, after)?;
                        after_repetition = true;
                    }
                    None => self.letter(),
                },
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.skip(1);
                    self.group.settle();
                    self.group.text.push('|');
                }
                '^' if self.flags.lines => self.sign(1, "(?m:^)"),
                '^' => self.sign(1, r"\A"),
                '$' if self.flags.lines => self.sign(1, "(?m:$)"),
                '$' => self.sign(1, r"\z"),
                '.' if self.flags.dot_all => self.sign(1, "(?s:.)"),
                '.' => self.sign(1, "."),
                '[' => {
                    let (class, rest) = class::bracketed(self.rest, self.flags)?;
                    self.rest = rest;
                    self.group.push(class);
                }
                '\\' => self.escape()?,
                _ => self.letter(),
            }
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Something that is written in the crate's words.
    fn sign(&mut self, bytes: usize, translated: &str) {
        self.skip(bytes);
        self.group.push(translated.to_owned());
    }

    /// A letter that stands for itself.
    fn letter(&mut self) {
        if let Some(letter) = self.rest.chars().next() {
            self.skip(letter.len_utf8());
            self.group.push(class::letter(letter as u32, self.flags));
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        match self.rest.chars().nth(1) {
            Some('A') => self.sign(2, r"\A"),
            Some('z') => self.sign(2, r"\z"),
            Some('b') => self.sign(2, r"(?-u:\b)"),
            Some('B') => self.sign(2, r"(?-u:\B)"),
            Some('Q') => {
                let quoted = self.rest.get(2..).unwrap_or_default();
                let (quoted, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                self.rest = rest;
                for letter in quoted.chars() {
                    self.group.push(class::letter(letter as u32, self.flags));
                }
            }
            _ => {
                let (piece, rest) = class::escaped(self.rest, self.flags)?;
                self.rest = rest;
                self.group.push(piece);
            }
        }
        Ok(())
    }

    /// Repeats the last piece.
    fn repeat(&mut self, operator: &str, most: u64, after_repetition: bool) -> Result<(), String> {
        let is_other = self.rest.starts_with('?');
        self.skip(usize::from(is_other));
        if after_repetition {
            return Err(format!("`{operator}` repeats a repetition"));
        }
        let Some(piece) = &mut self.group.last else {
            return Err(format!("`{operator}` has nothing before it that it repeats"));
        };
        if piece.is_repeated {
            piece.text = format!("(?:{})", piece.text);
        }
        piece.text.push_str(operator);
        if is_other != self.flags.lazy {
            piece.text.push('?');
        }
        piece.is_repeated = true;
        piece.repeats = match most {
            0 => 1,
            _ => piece.repeats * most,
        };
        match piece.repeats > MAX_REPEATS {
            true => Err(format!("`{operator}` repeats more than {MAX_REPEATS} times")),
            false => Ok(()),
        }
    }

    /// `{2}`, `{2,}` or `{2,3}` and how often that repeats; anything else in braces is text.
    fn count(&mut self) -> Result<Option<(String, u64)>, String> {
        let Some((inside, rest)) = self.rest.get(1..).and_then(|rest| rest.split_once('}')) else {
            return Ok(None);
        };
        let (least, most) = match inside.split_once(',') {
            None => (inside, Some(inside)),
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
        };
        let is_number = |text: &str| {
            let leads = text.len() > 1 && text.starts_with('0');
            !text.is_empty() && !leads && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(least) || !most.is_none_or(is_number) {
            return Ok(None);
        }
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let (first, last) = (number(least), most.map(number));
        if first.max(last.unwrap_or_default()) > MAX_REPEATS || last.is_some_and(|last| last < first) {
            return Err(format!(
                "`{{{inside}}}` is no count of repetitions from 0 to {MAX_REPEATS}"
            ));
        }
        self.rest = rest;
        Ok(Some((format!("{{{inside}}}"), last.unwrap_or(first.max(1)))))
    }

    /// `(`, `(?:`, `(?P<name>`, `(?<name>`, `(?flags:` or `(?flags)`.
    fn open(&mut self) -> Result<(), String> {
        if self.outer.len() >= MAX_GROUPS {
            return Err(format!("it has more than {MAX_GROUPS} groups within each other"));
        }
        let Some(inside) = self.rest.strip_prefix("(?") else {
            self.skip(1);
            self.names.push(String::new());
            self.enter("(", self.flags);
            return Ok(());
        };
        for (start, what) in [
            ("=", "look-ahead"),
            ("!", "look-ahead"),
            ("<=", "look-behind"),
            ("<!", "look-behind"),
            ("P=", "a reference to a group"),
            (">", "an atomic group"),
        ] {
            if inside.starts_with(start) {
                let why = "which cannot be matched in linear time, is not supported";
                return Err(format!("`(?{start}`, {what}, {why}"));
            }
        }
        match inside.strip_prefix("P<").or_else(|| inside.strip_prefix('<')) {
            Some(named) => self.name(named),
            None => self.switch(inside),
        }
    }

    fn enter(&mut self, opening: &'static str, inside: Flags) {
        let group = Group {
            opening,
            flags: self.flags,
            ..Group::default()
        };
        self.outer.push(mem::replace(&mut self.group, group));
        self.flags = inside;
    }

    fn name(&mut self, named: &str) -> Result<(), String> {
        let Some((name, _)) = named.split_once('>') else {
            return Err("the name of a group has no `>` behind it".into());
        };
        let is_fit = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if name.is_empty() || !name.chars().all(is_fit) {
            return Err(format!(
                "the name `{name}` of a group may only have letters, digits and `_`"
            ));
        }
        self.names.push(name.to_owned());
        self.skip(self.rest.len() - named.len() + name.len() + 1);
        self.enter("(", self.flags);
        Ok(())
    }

    /// What stands behind `(?`: flags, until a `:` begins a group or a `)` ends them.
    fn switch(&mut self, inside: &str) -> Result<(), String> {
        let mut flags = self.flags;
        let (mut on, mut bare) = (true, false);
        for (at, letter) in inside.char_indices() {
            let flag = match letter {
                'i' => &mut flags.fold,
                'm' => &mut flags.lines,
                's' => &mut flags.dot_all,
                'U' => &mut flags.lazy,
                '-' if on => {
                    (on, bare) = (false, true);
                    continue;
                }
                ':' | ')' if !bare => {
                    self.skip(2 + at + 1);
                    match letter {
                        ':' => self.enter("(?:", flags),
                        _ => self.flags = flags,
                    }
                    return Ok(());
                }
                _ => break,
            };
            (*flag, bare) = (on, false);
        }
        let shown: String = inside.chars().take(3).collect();
        Err(format!(
            "`(?{shown}` begins no group; the flags are i, m, s and U"
        ))
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(outer) = self.outer.pop() else {
            return Err("a `)` closes nothing".into());
        };
        self.skip(1);
        let mut group = mem::replace(&mut self.group, outer);
        group.settle();
        self.flags = group.flags;
        self.group.push(format!("{}{})", group.opening, group.text));
        if let Some(piece) = &mut self.group.last {
            piece.repeats = group.repeats.max(1);
        }
        Ok(())
    }
}

// === impl Group ===

impl Group {
    /// Adds a piece, which a repetition may follow.
    fn push(&mut self, text: String) {
        self.settle();
        self.last = Some(Piece {
            text,
            repeats: 1,
            is_repeated: false,
        });
    }

    /// Nothing repeats the last piece any more.
    fn settle(&mut self) {
        if let Some(piece) = self.last.take() {
            self.text.push_str(&piece.text);
            self.repeats = self.repeats.max(piece.repeats);
        }
    }
}
