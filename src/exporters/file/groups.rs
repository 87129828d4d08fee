//! Several files, by an attribute of the resource.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::config::Config;
use super::writer::{Manner, Writer};
use crate::wire::{ResourceView, Sorter, SpanView, ValueView};

/// Files that were closed and whose length is remembered, so that they are not looked through when they are opened again.
const MOST_CLOSED: usize = 10_000;

/// The files that are open, the one that was written to last at the end.
pub struct Groups {
    paths: Paths,
    attribute: String,
    manner: Arc<Manner>,
    open: IndexMap<PathBuf, Writer>,
    most: usize,
    /// Their lengths.
    closed: IndexMap<PathBuf, u64>,
}

/// From a value to a path.
#[derive(Clone, Debug)]
pub struct Paths {
    /// What stands before the value, without `.` and `..`.
    prefix: String,
    suffix: String,
}

/// Sorts spans by the value of the attribute.
pub struct ByValue<'a> {
    attribute: &'a str,
    /// The values, by the number of their group. None: the resource has no such attribute.
    pub values: IndexSet<Option<String>>,
    current: usize,
}

// === impl Groups ===

impl Groups {
    /// As the keys say.
    pub fn new(config: &Config, manner: Arc<Manner>) -> Self {
        Self {
            paths: Paths::new(&config.path),
            attribute: config.group_by.resource_attribute.clone(),
            manner,
            open: IndexMap::new(),
            most: config.group_by.max_open_files,
            closed: IndexMap::new(),
        }
    }

    /// The attribute.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The writer for this value; none when it names no file.
    pub fn writer(&mut self, value: &str) -> Option<&mut Writer> {
        let path = self.paths.of(value)?;
        let writer = match self.open.shift_remove(&path) {
            Some(writer) => writer,
            None => self.begin(&path),
        };
        let (place, _) = self.open.insert_full(path, writer);
        self.open.get_index_mut(place).map(|(_, writer)| writer)
    }

    /// A writer for a file that is not open; closes another one for that.
    fn begin(&mut self, path: &Path) -> Writer {
        if self.open.len() >= self.most
            && let Some((path, closed)) = self.open.shift_remove_index(0)
            && let Some(whole) = closed.whole()
        {
            if self.closed.len() >= MOST_CLOSED {
                self.closed.swap_remove_index(0);
            }
            self.closed.insert(path, whole);
        }
        let (path, manner) = (path.to_owned(), self.manner.clone());
        match self.closed.swap_remove(&path) {
            Some(whole) => Writer::again(path, manner, whole),
            None => Writer::new(path, manner),
        }
    }

    /// How many files are open.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

// === impl Paths ===

impl Paths {
    /// For a path with one `*`.
    pub fn new(path: &str) -> Self {
        let (prefix, suffix) = path.split_once('*').unwrap_or((path, ""));
        let cleaned = clean(prefix);
        Self {
            prefix: match prefix.ends_with('/') && !cleaned.ends_with('/') {
                true => cleaned + "/",
                false => cleaned,
            },
            suffix: suffix.to_owned(),
        }
    }

    /// The path for this value, as the Collector has it. It lies below what stands before the `*`, whatever the value is; none
    /// when nothing is left of the value.
    pub fn of(&self, value: &str) -> Option<PathBuf> {
        let value = match value {
            value if value.starts_with("./") => value.get(1..),
            value if value.starts_with("../") => value.get(2..),
            value => Some(value),
        };
        let value = value.unwrap_or_default();
        let path = clean(&format!("{}{value}{}", self.prefix, self.suffix));
        let is_below = |rest: &str| {
            let mut parts = Path::new(rest).components();
            !(rest.is_empty() && self.prefix.ends_with('/')) && parts.all(|part| part != Component::ParentDir)
        };
        if path.strip_prefix(&self.prefix).is_some_and(is_below) {
            return Some(path.into());
        }
        let below = clean(&format!("/{value}{}", self.suffix));
        (below != "/").then(|| clean(&format!("{}{below}", self.prefix)).into())
    }
}

/// Without `.`, `..` and double slashes, as Go's `path.Clean`.
fn clean(path: &str) -> String {
    let mut cleaned = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                let last = cleaned.components().next_back();
                match last {
                    Some(Component::Normal(_)) => drop(cleaned.pop()),
                    Some(Component::RootDir) => {}
                    _ => cleaned.push(".."),
                }
            }
            other => cleaned.push(other),
        }
    }
    match cleaned.to_string_lossy() {
        empty if empty.is_empty() => ".".into(),
        cleaned => cleaned.into_owned(),
    }
}

// === impl ByValue ===

impl<'a> ByValue<'a> {
    /// By the value of this attribute.
    pub fn new(attribute: &'a str) -> Self {
        Self {
            attribute,
            values: IndexSet::new(),
            current: 0,
        }
    }
}

impl Sorter for ByValue<'_> {
    fn resource(&mut self, resource: ResourceView<'_>) {
        let value = match resource.attribute(self.attribute) {
            Some(ValueView::String(value)) => Some(value.to_owned()),
            _ => None,
        };
        self.current = self.values.insert_full(value).0;
    }

    fn group(&mut self, _span: SpanView<'_>) -> usize {
        self.current
    }

    fn max_bytes(&self, _group: usize) -> usize {
        usize::MAX
    }
}
