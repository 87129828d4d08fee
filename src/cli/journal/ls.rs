//! `spanway journal ls`: what is kept, by pipeline and exporter.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;

use super::place::{Kept, One};
use super::{From, Where};
use crate::journal::Amount;
use crate::journal::inspect::{Files, Unsettled};
use crate::pipeline::disk::{KEPT, PARKED};

/// Lists what is kept: spans not delivered, parked and dead letters, by pipeline and exporter.
#[derive(Debug, Args)]
pub(super) struct Ls {
    #[command(flatten)]
    place: Where,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What one pipeline keeps.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    directory: PathBuf,
    pipeline: String,
    /// Whether the configuration has no such pipeline; null when that is not known.
    orphan: Option<bool>,
    /// Files of the journal, without the retry files and dead letters.
    files: usize,
    bytes: u64,
    damaged: Vec<PathBuf>,
    pub exporters: Vec<Row>,
}

/// What is kept for one exporter.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub exporter: String,
    /// Whether it is not in the configured pipeline; null when that is not known.
    orphan: Option<bool>,
    journal: Sum,
    retry: Sum,
    dead: Sum,
}

/// An amount of spans.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Sum {
    records: u64,
    spans: u64,
    bytes: u64,
    /// Age of the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<u64>,
}

// === impl Ls ===

impl Ls {
    pub fn run(self) -> Result<String, String> {
        let kept = self.place.pipelines(None)?;
        let listings: Vec<Listing> = kept.iter().map(Listing::of).collect::<Result<_, _>>()?;
        if self.json {
            let listings = serde_json::json!({ "pipelines": listings });
            return Ok(format!("{listings:#}\n"));
        }
        match listings.is_empty() {
            true => Ok("nothing is kept there\n".into()),
            false => Ok(listings.iter().map(Listing::text).collect::<Vec<_>>().join("\n")),
        }
    }
}

// === impl Listing ===

impl Listing {
    pub fn of(kept: &Kept) -> Result<Self, String> {
        let mut listing = Self {
            directory: kept.place.directory().to_owned(),
            pipeline: kept.pipeline.clone(),
            orphan: kept.is_configured().map(|configured| !configured),
            files: 0,
            bytes: 0,
            damaged: Vec::new(),
            exporters: Vec::new(),
        };
        let mut rows = BTreeMap::new();
        for one in kept.journals() {
            if let Some(files) = one.files()? {
                listing.add(&one, &files, &mut rows)?;
            }
        }
        listing.exporters = rows.into_values().collect();
        for row in &mut listing.exporters {
            row.orphan = kept.has_exporter(&row.exporter).map(|has| !has);
        }
        Ok(listing)
    }

    fn add(&mut self, one: &One, files: &Files, rows: &mut BTreeMap<String, Row>) -> Result<(), String> {
        self.damaged
            .extend(files.aside().iter().map(|aside| aside.path.clone()));
        let failed = |error| format!("cannot read `{}`: {error}", files.directory().display());
        let unsettled = files.unsettled().map_err(failed)?;
        match &one.exporter {
            None => {
                (self.files, self.bytes) = files.segments();
                for (name, unsettled) in &unsettled {
                    let row = rows.entry(name.clone()).or_insert_with(|| Row::new(name));
                    row.journal = Sum::of(unsettled);
                }
            }
            Some(exporter) => {
                let row = rows.entry(exporter.clone()).or_insert_with(|| Row::new(exporter));
                let sum = |cursor| unsettled.get(cursor).map(Sum::of).unwrap_or_default();
                match one.from {
                    From::Retry => row.retry = sum(PARKED),
                    From::Dead | From::Journal => row.dead = sum(KEPT),
                }
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let orphan = match self.orphan {
            Some(true) => " (no longer configured)",
            _ => "",
        };
        let mut text = format!(
            "pipeline {}{orphan} in {}\n  journal: {} on disk, {} file{}\n",
            self.pipeline,
            self.directory.display(),
            bytes(self.bytes),
            self.files,
            if self.files == 1 { "" } else { "s" },
        );
        let widths = self.exporters.iter().map(|row| row.name().len());
        let width = widths.max().unwrap_or(0).max("exporter".len());
        let line = |columns: [&str; 6]| {
            let [exporter, from, records, spans, bytes, oldest] = columns;
            let line = format!(
                "  {exporter:width$}  {from:7}  {records:>10}  {spans:>12}  {bytes:>10}  {oldest:>9}"
            );
            format!("{}\n", line.trim_end())
        };
        if !self.exporters.is_empty() {
            text += &line(["exporter", "from", "records", "spans", "bytes", "oldest"]);
        }
        for row in &self.exporters {
            let mut name = row.name();
            for (from, sum) in [("journal", row.journal), ("retry", row.retry), ("dead", row.dead)] {
                let (records, spans) = (sum.records.to_string(), sum.spans.to_string());
                let oldest = sum.oldest_seconds.map(age).unwrap_or_default();
                text += &line([&name, from, &records, &spans, &bytes(sum.bytes), &oldest]);
                name.clear();
            }
        }
        for path in &self.damaged {
            text += &format!("  damaged, set aside: {}\n", path.display());
        }
        text
    }
}

// === impl Row ===

impl Row {
    fn new(exporter: &str) -> Self {
        Self {
            exporter: exporter.to_owned(),
            orphan: None,
            journal: Sum::default(),
            retry: Sum::default(),
            dead: Sum::default(),
        }
    }

    fn name(&self) -> String {
        match self.orphan {
            Some(true) => format!("{} (no longer configured)", self.exporter),
            _ => self.exporter.clone(),
        }
    }

    /// All that is kept for it.
    pub fn total(&self) -> Amount {
        let mut total = Amount::default();
        for sum in [self.journal, self.retry, self.dead] {
            total.add(Amount {
                records: sum.records,
                bytes: sum.bytes,
                weight: sum.spans,
            });
        }
        total
    }
}

// === impl Sum ===

impl Sum {
    fn of(unsettled: &Unsettled) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Self {
            records: unsettled.amount.records,
            spans: unsettled.amount.weight,
            bytes: unsettled.amount.bytes,
            oldest_seconds: unsettled.oldest.map(|time| now.saturating_sub(time) / 1000),
        }
    }
}

/// Bytes as people read them.
fn bytes(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, shift)| bytes >> shift > 0);
    match unit {
        Some((name, shift)) => format!("{:.1} {name}", bytes as f64 / f64::from(1u32 << shift)),
        None => format!("{bytes} B"),
    }
}

/// An age as people read it.
fn age(seconds: u64) -> String {
    match (
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, hours, ..) => format!("{days}d{hours:02}h"),
    }
}
