//! The words of a user agent, and the versions behind them.

/// A user agent's text.
#[derive(Debug)]
pub(super) struct Words<'t> {
    text: &'t str,
    /// Where a word begins.
    starts: Vec<usize>,
}

/// A program that calls itself a robot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Robot<'t> {
    /// What it calls itself.
    pub name: &'t str,
    /// What follows.
    pub rest: &'t str,
}

/// The ends of names that robots give themselves, in lowercase letters.
const ROBOTS: [&str; 3] = ["bot", "crawler", "spider"];

// === impl Words ===

impl<'t> Words<'t> {
    /// The words of this text.
    pub fn new(text: &'t str) -> Self {
        let mut before = ' ';
        let starts = text.char_indices().filter_map(|(at, letter)| {
            let is_start = !is_inner(before) && before != '.' && is_inner(letter);
            before = letter;
            is_start.then_some(at)
        });
        Self {
            text,
            starts: starts.collect(),
        }
    }

    /// All of it.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// What follows each beginning of a word, that word included.
    pub fn starts(&self) -> impl Iterator<Item = &'t str> {
        self.starts.iter().filter_map(|at| self.text.get(*at..))
    }

    /// What follows a name of one or more words, where it is first found.
    pub fn after(&self, name: &str) -> Option<&'t str> {
        self.starts().find_map(|rest| behind(rest, name))
    }

    /// Whether a name is there.
    pub fn has(&self, name: &str) -> bool {
        self.after(name).is_some()
    }

    /// The version behind a name, where it is first found with one; `parts` numbers at most.
    pub fn version(&self, name: &str, parts: usize) -> Option<String> {
        let mut versions = self
            .starts()
            .filter_map(|rest| version(behind(rest, name)?, parts));
        versions.next()
    }

    /// A robot, by the end of its name. Addresses do not count.
    pub fn robot(&self) -> Option<Robot<'t>> {
        let (mut from, mut before) = (0, None);
        while let Some(rest) = self.text.get(from..).filter(|rest| !rest.is_empty()) {
            let len = rest.find(is_between).unwrap_or(rest.len());
            let (word, rest) = rest.split_at_checked(len)?;
            if word.starts_with("http:") || word.starts_with("https:") {
                let len = rest.find([' ', ';', ')']).unwrap_or(rest.len());
                (from, before) = (from + word.len() + len + 1, None);
                continue;
            }
            let end = from + word.len();
            if is_robot(word) {
                // `Foo Bot` has two words.
                let from = before
                    .filter(|_| ROBOTS.contains(&word.to_ascii_lowercase().as_str()))
                    .unwrap_or(from);
                return Some(Robot {
                    name: self.text.get(from..end)?,
                    rest,
                });
            }
            before = (rest.starts_with(' ') && !word.is_empty()).then_some(from);
            from = end + rest.chars().next().map_or(1, char::len_utf8);
        }
        None
    }
}

fn is_robot(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    // Cubot makes phones.
    ROBOTS.iter().any(|end| lower.ends_with(end)) && lower != "cubot"
}

/// What follows the name that a text begins with.
pub(super) fn behind<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    if text.as_bytes().first() != name.as_bytes().first() {
        return None;
    }
    let rest = text.strip_prefix(name)?;
    let is_whole = !rest.starts_with(|next| is_inner(next) || next == '.');
    // `Googlebot-Image` is not `Googlebot`, while `linux-gnu` is Linux.
    let is_part = rest.starts_with('-') && name.starts_with(|first: char| first.is_ascii_uppercase());
    (is_whole && !is_part).then_some(rest)
}

/// The version that a text begins with, of so many numbers at most; a sign may stand before it.
pub(super) fn version(text: &str, parts: usize) -> Option<String> {
    let text = text.strip_prefix(['/', ' ', '-', ':']).unwrap_or(text);
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut version = String::new();
    let mut rest = text;
    for part in 0..parts {
        let digits = match part {
            0 => rest,
            _ => rest.strip_prefix(['.', '_']).unwrap_or_default(),
        };
        let len = digits
            .find(|digit: char| !digit.is_ascii_digit())
            .unwrap_or(digits.len());
        let Some((digits, after)) = digits
            .split_at_checked(len)
            .filter(|(digits, _)| !digits.is_empty())
        else {
            break;
        };
        if part > 0 {
            version.push('.');
        }
        version.push_str(digits);
        rest = after;
    }
    (!version.is_empty()).then_some(version)
}

fn is_inner(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_between(letter: char) -> bool {
    matches!(letter, ' ' | '/' | '(' | ')' | '[' | ']' | ';' | ',' | '+')
}
