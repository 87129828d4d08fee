//! Patterns of paths, with the Collector's meaning: `*`, `?`, `**`, `[a-z]`, `{a,b}` and `\` before any of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use regex::Regex;

use super::content::Stamp;

/// Which files are read.
#[derive(Debug)]
pub struct Globs {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
    /// Longest time since the last change.
    most_age: Option<Duration>,
}

/// One pattern.
#[derive(Debug)]
pub struct Glob {
    /// The folder that all paths are below; empty is the one that the process runs in.
    base: PathBuf,
    /// Folders below it, at most; none for any number.
    depth: Option<usize>,
    pattern: Regex,
}

const SPECIAL: [char; 6] = ['*', '?', '[', '{', '}', '\\'];

// === impl Globs ===

impl Globs {
    /// From patterns that are sound.
    pub fn new(include: &[String], exclude: &[String], most_age: Duration) -> Result<Self, String> {
        let parse = |patterns: &[String]| -> Result<Vec<Glob>, String> {
            patterns.iter().map(|pattern| Glob::parse(pattern)).collect()
        };
        Ok(Self {
            include: parse(include)?,
            exclude: parse(exclude)?,
            most_age: Some(most_age).filter(|age| !age.is_zero()),
        })
    }

    /// The files that are there, the one that was changed longest ago first.
    pub fn find(&self) -> Vec<(PathBuf, Stamp)> {
        let mut found = BTreeMap::new();
        for glob in &self.include {
            glob.walk(&glob.base, 0, &mut |path| {
                if self.exclude.iter().any(|exclude| exclude.fits(&path)) {
                    return;
                }
                if let Ok(metadata) = fs::metadata(&path)
                    && metadata.is_file()
                {
                    found.insert(path, Stamp::from(&metadata));
                }
            });
        }
        let now = SystemTime::now();
        let is_young = |stamp: &Stamp| {
            let age = now.duration_since(stamp.modified).unwrap_or_default();
            self.most_age.is_none_or(|most| age <= most)
        };
        let mut found: Vec<_> = found.into_iter().filter(|(_, stamp)| is_young(stamp)).collect();
        found.sort_by_key(|(_, stamp)| stamp.modified);
        found
    }
}

// === impl Glob ===

impl Glob {
    /// Says what is wrong with a pattern.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches("./");
        if text.is_empty() {
            return Err("is empty, but must be a path".into());
        }
        let first = text.find(SPECIAL).unwrap_or(text.len());
        let (base, rest) = match text.get(..first).and_then(|plain| plain.rfind('/')) {
            Some(slash) => text.split_at(slash + 1),
            None => ("", text),
        };
        let mut depth = Some(rest.matches('/').count());
        if rest.contains("**") || has_slash_in_braces(rest) {
            depth = None;
        }
        let wrong = |why: &dyn std::fmt::Display| format!("`{text}` is not a pattern of paths: {why}");
        let pattern = expression(text).map_err(|why| wrong(&why))?;
        Ok(Self {
            base: PathBuf::from(base),
            depth,
            pattern: Regex::new(&pattern).map_err(|error| wrong(&error))?,
        })
    }

    /// Whether a path is one of those.
    pub fn fits(&self, path: &Path) -> bool {
        self.pattern.is_match(&path.to_string_lossy())
    }

    /// Shows paths that fit, files or not.
    fn walk(&self, folder: &Path, level: usize, found: &mut impl FnMut(PathBuf)) {
        let read = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        // What cannot be listed has no files for us; that is told by nobody else either.
        for entry in fs::read_dir(read).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            let goes_down = match self.depth {
                Some(depth) => level < depth && path.is_dir(),
                // Links among folders could lead round in a circle.
                None => entry.file_type().is_ok_and(|kind| kind.is_dir()),
            };
            if goes_down {
                self.walk(&path, level + 1, found);
            } else if self.fits(&path) {
                found(path);
            }
        }
    }
}

fn has_slash_in_braces(text: &str) -> bool {
    let mut depth = 0_i32;
    text.chars().any(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth > 0 && letter == '/'
    })
}

/// The regular expression that says the same.
fn expression(text: &str) -> Result<String, &'static str> {
    let mut written = String::from("^");
    let mut letters = text.chars().peekable();
    let mut braces = 0;
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => match letters.next_if_eq(&'/') {
                Some(_) => written += "(?:.*/)?",
                None => written += ".*",
            },
            '*' => written += "[^/]*",
            '?' => written += "[^/]",
            '[' => {
                written.push('[');
                if letters.next_if(|letter| matches!(letter, '!' | '^')).is_some() {
                    written.push('^');
                }
                loop {
                    match letters.next() {
                        Some(']') => break,
                        Some('-') => written.push('-'),
                        Some(letter) => written += &regex::escape(letter.encode_utf8(&mut [0; 4])),
                        None => return Err("`[` without `]`"),
                    }
                }
                written.push(']');
            }
            '{' => {
                braces += 1;
                written += "(?:";
            }
            '}' if braces > 0 => {
                braces -= 1;
                written.push(')');
            }
            ',' if braces > 0 => written.push('|'),
            '\\' => match letters.next() {
                Some(letter) => written += &regex::escape(letter.encode_utf8(&mut [0; 4])),
                None => return Err("`\\` at the end"),
            },
            letter => written += &regex::escape(letter.encode_utf8(&mut [0; 4])),
        }
    }
    if braces > 0 {
        return Err("`{` without `}`");
    }
    written.push('$');
    Ok(written)
}
