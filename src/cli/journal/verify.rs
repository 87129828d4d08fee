//! `spanway journal verify`: reads everything and says what is damaged.

use std::io::Write;

use clap::Args;

use super::place::One;
use super::{From, Where};
use crate::journal::Item;
use crate::journal::inspect::{Damage, Files, Harm, Piece, State};
use crate::pipeline::disk::envelope;

/// Reads everything and says what is damaged; changes nothing. The exit code is 1 when something is.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: Where,
    /// Only this pipeline.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
}

/// What was found so far.
#[derive(Default)]
struct Findings {
    places: usize,
    lost: u64,
    lines: String,
}

// === impl Verify ===

impl Verify {
    pub fn run(self) -> Result<(), String> {
        let mut findings = Findings::default();
        for kept in self.place.pipelines(self.pipeline.as_deref())? {
            for one in kept.journals() {
                let Some(files) = one.files()? else { continue };
                let name = format!("pipeline {}, {}", kept.pipeline, one.name());
                findings.look_through(&name, &one, &files)?;
                let said = std::mem::take(&mut findings.lines);
                // A reader that went away still gets the exit code.
                drop(std::io::stdout().write_all(said.as_bytes()));
            }
        }
        match findings.places {
            0 => Ok(()),
            places => Err(format!(
                "{places} place{} damaged, {} spans lost",
                if places == 1 { " is" } else { "s are" },
                findings.lost
            )),
        }
    }
}

// === impl Findings ===

impl Findings {
    fn look_through(&mut self, name: &str, one: &One, files: &Files) -> Result<(), String> {
        let (before, mut records, mut spans) = (self.places, 0u64, 0u64);
        self.register(files);
        for piece in files.walk() {
            match piece.map_err(|error| format!("{name}: {error}"))? {
                Piece::Record(record) => {
                    records += 1;
                    spans += u64::from(record.item.weight);
                    if let Err(error) = check(&record.item) {
                        let (seq, file) = (record.item.seq, record.file.display());
                        let line = format!(
                            "`{file}`, byte {}: record {seq} is no request: {error}",
                            record.offset
                        );
                        self.damaged(&line);
                    }
                }
                Piece::Damaged(damage) => self.damage(one, files, &damage),
                Piece::Unfinished { file, offset } => {
                    let file = file.display();
                    self.lines += &format!(
                        "  note: `{file}`, byte {offset}: the beginning of a record whose write has not ended\n"
                    );
                }
            }
        }
        for aside in files.aside() {
            let (file, bytes) = (aside.path.display(), aside.bytes);
            self.lines += &format!(
                "  note: `{file}`, {bytes} bytes, was set aside because it is damaged; what could be read of it went on\n"
            );
        }
        let verdict = if self.places == before { "sound" } else { "damaged" };
        let (found, _) = files.segments();
        let lines = std::mem::take(&mut self.lines);
        self.lines = format!(
            "{name}: {verdict}; {found} files, {records} records, {spans} spans can be read\n{lines}"
        );
        Ok(())
    }

    fn register(&mut self, files: &Files) {
        let (state, path) = files.register();
        let path = path.display();
        match state {
            State::Whole => {}
            State::Absent => self.damaged(&format!(
                "`{path}` is not there: everything will be sent again, nothing is lost"
            )),
            State::Broken { offset, length } => self.damaged(&format!(
                "`{path}`, byte {offset}: the last {} bytes cannot be read: what was delivered since is sent again, nothing is lost",
                length.saturating_sub(offset)
            )),
        }
    }

    fn damage(&mut self, one: &One, files: &Files, damage: &Damage) {
        let file = damage.file.display();
        let records = match (damage.records.start, damage.records.end) {
            (start, end) if start + 1 == end => format!("record {start}"),
            (start, end) if start < end => format!("records {start} to {}", end - 1),
            (start, _) => format!("records from {start} on"),
        };
        let what = match damage.harm {
            Harm::Beginning => "it does not begin as it must, which concerns no record".to_owned(),
            Harm::Checksum => format!("{records} is not what was written"),
            Harm::NoRecord => format!("{records} cannot be found"),
            Harm::NoFile => format!("there is no such file: {records} are missing"),
        };
        self.lost += damage.weight.unwrap_or(0);
        let spans = match damage.weight {
            Some(0) => "nothing is lost".to_owned(),
            Some(1) => "1 span is lost".to_owned(),
            Some(spans) => format!("{spans} spans are lost"),
            None => "it is not known how many spans are lost".to_owned(),
        };
        self.damaged(&format!(
            "`{file}`, byte {}: {what}; {spans}{}",
            damage.offset,
            concerns(one, files, damage)
        ));
    }

    fn damaged(&mut self, line: &str) {
        self.places += 1;
        self.lines += &format!("  damaged: {line}\n");
    }
}

/// Whether the spans of a record are what the gateway can read.
fn check(item: &Item) -> Result<(), String> {
    let letter = envelope::open(item)?;
    match letter.traces.spans() {
        spans if spans == item.weight as usize => Ok(()),
        spans => Err(format!("it has {spans} spans, not {}", item.weight)),
    }
}

/// For whom that matters.
fn concerns(one: &One, files: &Files, damage: &Damage) -> String {
    if one.from != From::Journal || damage.records.is_empty() {
        return String::new();
    }
    let waiting = files.waiting_for(&damage.records);
    match waiting.is_empty() {
        true => ", which every exporter had delivered".into(),
        false => format!(" for {}", crate::config::diagnostic::listed(waiting)),
    }
}
