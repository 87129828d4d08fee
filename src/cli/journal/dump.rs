//! `spanway journal dump`: the spans themselves, as OTLP JSON.

use std::io::{self, BufWriter, Write};

use clap::Args;
use serde_json::Value;

use super::place::{Kept, One};
use super::{From, Where};
use crate::journal::Item;
use crate::journal::inspect::{Files, Piece};
use crate::pipeline::disk::{KEPT, PARKED, envelope};
use crate::wire::json::from_protobuf;

/// Prints spans as OTLP JSON: one ExportTraceServiceRequest a line, as any OTLP/HTTP endpoint takes it.
///
/// Of a retry file and of dead letters it prints what is still there. Of the journal it prints all that is on disk, or
/// with --exporter what that exporter has not delivered.
#[derive(Debug, Args)]
pub(super) struct Dump {
    #[command(flatten)]
    place: Where,
    /// Only this pipeline.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Where the spans lie.
    #[arg(long, value_name = "FROM", default_value = "journal")]
    from: From,
    /// Only what is kept for this exporter.
    #[arg(long, value_name = "EXPORTER")]
    exporter: Option<String>,
    /// No more than so many lines.
    #[arg(long, value_name = "LINES")]
    limit: Option<u64>,
    /// A line is an object: `pipeline`, `exporter`, `timeUnixNano` (when it was written here), `reason` (why it is a dead
    /// letter) and `request`.
    #[arg(long)]
    reasons: bool,
}

/// The lines as they are written.
struct Lines<W> {
    out: W,
    left: u64,
    unreadable: u64,
}

// === impl Dump ===

impl Dump {
    pub fn run(self) -> Result<(), String> {
        let mut lines = Lines {
            out: BufWriter::new(io::stdout().lock()),
            left: self.limit.unwrap_or(u64::MAX),
            unreadable: 0,
        };
        let mut known = Vec::new();
        let mut found = false;
        for kept in self.place.pipelines(self.pipeline.as_deref())? {
            for one in kept.journals().into_iter().filter(|one| one.from == self.from) {
                let Some(files) = one.files()? else { continue };
                let names = match &one.exporter {
                    Some(exporter) => vec![exporter.clone()],
                    None => files.cursors().map(str::to_owned).collect(),
                };
                let wanted = self.exporter.as_ref().is_none_or(|name| names.contains(name));
                known.extend(names);
                found |= wanted;
                if !wanted {
                    continue;
                }
                match self.write(&kept, &one, &files, &mut lines) {
                    Ok(()) => {}
                    // A reader that went away has seen what it wanted.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    Err(error) => return Err(format!("{}: {error}", one.directory.display())),
                }
            }
        }
        match (&self.exporter, lines.unreadable) {
            (Some(exporter), _) if !found => Err(super::nothing_for(exporter, known)),
            (_, 0) => Ok(()),
            (_, unreadable) => Err(format!(
                "{unreadable} places cannot be read and were left out; `spanway journal verify` names them"
            )),
        }
    }

    fn write(&self, kept: &Kept, one: &One, files: &Files, lines: &mut Lines<impl Write>) -> io::Result<()> {
        let cursor = match self.from {
            From::Journal => self.exporter.as_deref(),
            From::Retry => Some(PARKED),
            From::Dead => Some(KEPT),
        };
        for piece in files.walk() {
            if lines.left == 0 {
                break;
            }
            match piece? {
                Piece::Record(record) => {
                    let item = record.item;
                    if !cursor.is_some_and(|cursor| files.is_settled(cursor, item.seq)) {
                        self.line(kept, one, &item, lines)?;
                    }
                }
                Piece::Damaged(damage) => lines.unreadable += u64::from(!damage.records.is_empty()),
                Piece::Unfinished { .. } => {}
            }
        }
        lines.out.flush()
    }

    fn line(&self, kept: &Kept, one: &One, item: &Item, lines: &mut Lines<impl Write>) -> io::Result<()> {
        let opened = envelope::open(item).and_then(|letter| {
            let request = from_protobuf(letter.traces.bytes()).map_err(|error| error.to_string())?;
            Ok((request, letter.reason))
        });
        let Ok((request, reason)) = opened else {
            lines.unreadable += 1;
            return Ok(());
        };
        if self.reasons {
            let time = (u128::from(item.time) * 1_000_000).to_string();
            let fields = [
                ("pipeline", kept.pipeline.as_str()),
                ("exporter", one.exporter.as_deref().unwrap_or_default()),
                ("timeUnixNano", &time),
                ("reason", &reason),
            ];
            let said = fields.into_iter().filter(|(_, value)| !value.is_empty());
            let said: String = said
                .map(|(key, value)| format!("\"{key}\":{},", Value::from(value)))
                .collect();
            write!(lines.out, "{{{said}\"request\":")?;
        }
        lines.out.write_all(&request)?;
        lines.out.write_all(if self.reasons { b"}\n" } else { b"\n" })?;
        lines.left -= 1;
        Ok(())
    }
}
