//! What was noted about spans, traces, documents and sessions.
//!
//! An annotation belongs to the project of what it is about. One about something that is not there yet waits under no
//! project until it is; how many may wait is bounded, and the oldest make room.

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Failed, RecordError, Records, next, parsed, written};

type Key<'a> = (u8, &'a str, &'a str, u64, &'a str, &'a str);

const ROWS: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("annotations");
const KEYS: TableDefinition<'_, Key<'static>, u64> = TableDefinition::new("annotation_keys");

/// The most annotations of a kind that wait.
const WAITING: usize = 1000;

/// What an annotation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A span.
    Span,
    /// A trace.
    Trace,
    /// A document that a span found.
    Document,
    /// A session.
    Session,
}

/// Something that was noted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// The id of what it is about.
    pub target: String,
    /// Which of the span's documents.
    #[serde(default)]
    pub position: u64,
    /// What is judged.
    pub name: String,
    /// Tells several with one name about one thing apart.
    pub identifier: String,
    /// Who judged: `LLM`, `CODE` or `HUMAN`.
    pub annotator_kind: String,
    /// The verdict as a word.
    pub label: Option<String>,
    /// The verdict as a number.
    pub score: Option<f64>,
    /// Why.
    pub explanation: Option<String>,
    /// Whatever else.
    pub metadata: Map<String, Value>,
}

/// An annotation in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What its global id is made of.
    #[serde(skip)]
    pub id: u64,
    /// The project of what it is about; empty while that is not there.
    pub project: String,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub updated_at: i64,
    /// What was noted.
    pub annotation: Annotation,
}

/// Which annotations of a project are wanted.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// About one of these, unless empty.
    pub targets: Vec<String>,
    /// With one of these identifiers, unless empty.
    pub identifiers: Vec<String>,
    /// With one of these names, unless empty.
    pub include: Vec<String>,
    /// With none of these names.
    pub exclude: Vec<String>,
    /// With this id or a lower one.
    pub cursor: Option<u64>,
    /// The most to give.
    pub limit: usize,
}

/// Which annotations of a project are to go.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// With this name.
    pub name: Option<String>,
    /// With this identifier.
    pub identifier: Option<String>,
    /// Of this kind of annotator.
    pub annotator_kind: Option<String>,
    /// About one of these.
    pub targets: Option<Vec<String>>,
    /// Made then or later, microseconds since 1970.
    pub from: Option<i64>,
    /// Made before, microseconds since 1970.
    pub to: Option<i64>,
}

/// The ids of what was kept, in order.
type Outcome = Result<Vec<u64>, RecordError>;

pub(super) fn prepare(transaction: &WriteTransaction) -> Result<(), Failed> {
    transaction.open_table(ROWS)?;
    transaction.open_table(KEYS)?;
    Ok(())
}

// === impl Subject ===

impl Subject {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Span, Self::Trace, Self::Document, Self::Session];

    fn tag(self) -> u8 {
        match self {
            Self::Span => 0,
            Self::Trace => 1,
            Self::Document => 2,
            Self::Session => 3,
        }
    }

    fn counter(self) -> &'static str {
        match self {
            Self::Span => "next_span_annotation",
            Self::Trace => "next_trace_annotation",
            Self::Document => "next_document_annotation",
            Self::Session => "next_session_annotation",
        }
    }
}

// === impl Kept ===

impl Kept {
    fn key(&self, subject: Subject) -> Key<'_> {
        key(subject, &self.project, &self.annotation)
    }
}

fn key<'a>(subject: Subject, project: &'a str, annotation: &'a Annotation) -> Key<'a> {
    let Annotation {
        target,
        position,
        name,
        identifier,
        ..
    } = annotation;
    (subject.tag(), project, target, *position, name, identifier)
}

fn kept(id: u64, row: &[u8]) -> Result<Kept, Failed> {
    let mut kept: Kept = parsed(row)?;
    kept.id = id;
    Ok(kept)
}

fn put(transaction: &WriteTransaction, subject: Subject, kept: &Kept) -> Result<(), Failed> {
    transaction.open_table(KEYS)?.insert(kept.key(subject), kept.id)?;
    let mut rows = transaction.open_table(ROWS)?;
    rows.insert((subject.tag(), kept.id), written(kept)?.as_slice())?;
    Ok(())
}

fn remove(transaction: &WriteTransaction, subject: Subject, kept: &Kept) -> Result<(), Failed> {
    transaction.open_table(KEYS)?.remove(kept.key(subject))?;
    transaction.open_table(ROWS)?.remove((subject.tag(), kept.id))?;
    Ok(())
}

/// The ids below one target, or of all that belong to a project.
fn ids(
    keys: &impl ReadableTable<Key<'static>, u64>,
    subject: Subject,
    project: &str,
    target: Option<&str>,
) -> Result<Vec<u64>, Failed> {
    let tag = subject.tag();
    let mut ids = Vec::new();
    for entry in keys.range::<Key<'_>>((tag, project, target.unwrap_or_default(), 0, "", "")..)? {
        let (key, id) = entry?;
        let (its_tag, its_project, its_target, ..) = key.value();
        if (its_tag, its_project) != (tag, project) || target.is_some_and(|target| target != its_target) {
            break;
        }
        ids.push(id.value());
    }
    Ok(ids)
}

fn rows(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    subject: Subject,
    ids: Vec<u64>,
) -> Result<Vec<Kept>, Failed> {
    let rows = ids
        .into_iter()
        .filter_map(|id| match table.get((subject.tag(), id)) {
            Ok(row) => row.map(|row| kept(id, row.value())),
            Err(error) => Some(Err(error.into())),
        });
    rows.collect()
}

// === impl Records ===

impl Records {
    /// Keeps annotations, each under its project, or under none while what it is about is not there; one with the same
    /// key is overwritten and keeps its id.
    pub fn annotate(&self, subject: Subject, annotations: Vec<(String, Annotation)>, now: i64) -> Outcome {
        self.change(|transaction| {
            let kept = annotations
                .into_iter()
                .map(|(project, annotation)| keep(transaction, subject, project, annotation, now));
            let ids = kept.collect::<Result<_, _>>()?;
            make_room(transaction, subject)?;
            Ok(ids)
        })
    }

    /// The annotations of a project, the newest first.
    pub fn annotations(
        &self,
        subject: Subject,
        project: &str,
        wanted: &Listing,
    ) -> Result<Vec<Kept>, RecordError> {
        self.read(|transaction| {
            let keys = transaction.open_table(KEYS)?;
            let mut found = match wanted.targets.is_empty() {
                true => ids(&keys, subject, project, None)?,
                false => Vec::new(),
            };
            for target in &wanted.targets {
                found.extend(ids(&keys, subject, project, Some(target))?);
            }
            found.retain(|id| wanted.cursor.is_none_or(|cursor| *id <= cursor));
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.dedup();
            let table = transaction.open_table(ROWS)?;
            let mut rows = Vec::new();
            for id in found {
                let row = table.get((subject.tag(), id))?;
                let Some(row) = row.map(|row| kept(id, row.value())).transpose()? else {
                    continue;
                };
                if wanted.takes(&row.annotation) {
                    rows.push(row);
                }
                if rows.len() == wanted.limit {
                    break;
                }
            }
            Ok(rows)
        })
    }

    /// Removes annotations of a project.
    pub fn sweep(&self, subject: Subject, project: &str, sweep: &Sweep) -> Result<(), RecordError> {
        self.change(|transaction| {
            let found = {
                let keys = transaction.open_table(KEYS)?;
                match &sweep.targets {
                    None => ids(&keys, subject, project, None)?,
                    Some(targets) => {
                        let found = targets
                            .iter()
                            .map(|target| ids(&keys, subject, project, Some(target)));
                        found.collect::<Result<Vec<_>, _>>()?.concat()
                    }
                }
            };
            let found = rows(&transaction.open_table(ROWS)?, subject, found)?;
            for kept in found.iter().filter(|kept| sweep.takes(kept)) {
                remove(transaction, subject, kept)?;
            }
            Ok(())
        })
    }

    /// What those annotations are about that wait.
    pub fn waiting(&self, subject: Subject) -> Result<Vec<String>, RecordError> {
        self.read(|transaction| {
            let waiting = ids(&transaction.open_table(KEYS)?, subject, "", None)?;
            let waiting = rows(&transaction.open_table(ROWS)?, subject, waiting)?;
            Ok(waiting.into_iter().map(|kept| kept.annotation.target).collect())
        })
    }

    /// Gives those that wait for one of these to a project, unless it has such an annotation by now.
    pub fn adopt(&self, subject: Subject, project: &str, targets: &[String]) -> Result<(), RecordError> {
        self.change(|transaction| {
            for target in targets {
                let waiting = ids(&transaction.open_table(KEYS)?, subject, "", Some(target))?;
                let waiting = rows(&transaction.open_table(ROWS)?, subject, waiting)?;
                for mut kept in waiting {
                    remove(transaction, subject, &kept)?;
                    kept.project = project.into();
                    let is_there = transaction.open_table(KEYS)?.get(kept.key(subject))?.is_some();
                    if !is_there {
                        put(transaction, subject, &kept)?;
                    }
                }
            }
            Ok(())
        })
    }
}

fn keep(
    transaction: &WriteTransaction,
    subject: Subject,
    project: String,
    annotation: Annotation,
    now: i64,
) -> Result<u64, Failed> {
    let find = |project: &str| -> Result<Option<u64>, Failed> {
        let keys = transaction.open_table(KEYS)?;
        Ok(keys.get(key(subject, project, &annotation))?.map(|id| id.value()))
    };
    let known = match find(&project)? {
        Some(id) => Some(id),
        None => find("")?,
    };
    let before = match known {
        Some(id) => rows(&transaction.open_table(ROWS)?, subject, vec![id])?.pop(),
        None => None,
    };
    let (id, created_at) = match before {
        Some(before) => {
            remove(transaction, subject, &before)?;
            (before.id, before.created_at)
        }
        None => (next(transaction, subject.counter())?, now),
    };
    let kept = Kept {
        id,
        project,
        created_at,
        updated_at: now,
        annotation,
    };
    put(transaction, subject, &kept)?;
    Ok(id)
}

fn make_room(transaction: &WriteTransaction, subject: Subject) -> Result<(), Failed> {
    let mut waiting = ids(&transaction.open_table(KEYS)?, subject, "", None)?;
    let Some(many) = waiting.len().checked_sub(WAITING + 1) else {
        return Ok(());
    };
    waiting.sort_unstable();
    waiting.truncate(many + 1);
    let oldest = rows(&transaction.open_table(ROWS)?, subject, waiting)?;
    oldest
        .iter()
        .try_for_each(|kept| remove(transaction, subject, kept))
}

// === impl Listing, Sweep ===

impl Listing {
    fn takes(&self, annotation: &Annotation) -> bool {
        let fits = |wanted: &[String], text: &String| wanted.is_empty() || wanted.contains(text);
        fits(&self.identifiers, &annotation.identifier)
            && fits(&self.include, &annotation.name)
            && !self.exclude.contains(&annotation.name)
    }
}

impl Sweep {
    fn takes(&self, kept: &Kept) -> bool {
        let fits =
            |wanted: &Option<String>, text: &String| wanted.as_ref().is_none_or(|wanted| wanted == text);
        fits(&self.name, &kept.annotation.name)
            && fits(&self.identifier, &kept.annotation.identifier)
            && fits(&self.annotator_kind, &kept.annotation.annotator_kind)
            && self.from.is_none_or(|from| kept.created_at >= from)
            && self.to.is_none_or(|to| kept.created_at < to)
    }
}
