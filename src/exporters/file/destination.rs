//! One batch, written.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::config::Config;
use super::disk::{Disk, System};
use super::failure;
use super::groups::{ByValue, Groups};
use super::records::Encoder;
use super::writer::{Manner, Writer};
use crate::pipeline::destination::{Destination, Failure, Left, Outgoing, Sent};
use crate::telemetry::file::WriterEvents;
use crate::wire::Traces;

/// Files that spans are written to.
pub struct Files(Arc<Shared>);

struct Shared {
    encoder: Encoder,
    output: Mutex<Output>,
    attribute: Option<String>,
}

enum Output {
    One(Writer),
    Several(Groups),
}

// === impl Files ===

impl Files {
    /// Opens the file. The error says why it cannot be written to, unless that may pass.
    pub fn open(config: &Config, id: &str) -> Result<Self, String> {
        let files = Self::on(config, id, Box::new(System))?;
        let mut output = files.0.output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Output::One(writer) = &mut *output
            && let Err(error) = writer.ready()
        {
            match failure::of(writer.path(), &error) {
                Failure::NotNow { .. } if error.kind() != std::io::ErrorKind::ResourceBusy => {}
                failure => return Err(failure.to_string()),
            }
        }
        drop(output);
        Ok(files)
    }

    /// Opens nothing before the first batch.
    pub fn on(config: &Config, id: &str, disk: Box<dyn Disk>) -> Result<Self, String> {
        let encoder = Encoder {
            format: config.format,
            level: config.level()?,
        };
        let events = Arc::new(WriterEvents::new(id));
        let manner = Arc::new(Manner::new(config, encoder.framing(), disk, events)?);
        let output = match config.group_by.enabled {
            true => Output::Several(Groups::new(config, manner)),
            false => Output::One(Writer::new(PathBuf::from(&config.path), manner)),
        };
        Ok(Self(Arc::new(Shared {
            encoder,
            attribute: match &output {
                Output::Several(groups) => Some(groups.attribute().to_owned()),
                Output::One(_) => None,
            },
            output: Mutex::new(output),
        })))
    }

    /// How many files are open.
    #[cfg(test)]
    pub fn open_groups(&self) -> usize {
        match &*self.0.output.lock().unwrap() {
            Output::One(_) => 1,
            Output::Several(groups) => groups.open(),
        }
    }
}

impl Destination for Files {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        let shared = self.0.clone();
        async move {
            // Disks keep their writers waiting, and a large batch is long in the making.
            let written = tokio::task::spawn_blocking(move || shared.write(&batch)).await;
            written.unwrap_or_else(|error| Err(Failure::Data(error.to_string())))
        }
        .boxed()
    }
}

// === impl Shared ===

impl Shared {
    fn write(&self, batch: &Outgoing) -> Result<Sent, Failure> {
        match &self.attribute {
            None => self.append("", batch.parts.iter().map(|part| &part.traces))?,
            Some(attribute) => self.divide(attribute, batch)?,
        }
        Ok(Sent::default())
    }

    /// Appends to one file; `value` is that of the attribute where there are several.
    fn append<'a>(&self, value: &str, spans: impl IntoIterator<Item = &'a Traces>) -> Result<(), Failure> {
        let records = self.encoder.records(spans)?;
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *output {
            Output::One(writer) => {
                let written = match records.is_empty() {
                    true => writer.ready(),
                    false => writer.append(&records),
                };
                written.map_err(|error| failure::of(writer.path(), &error))
            }
            Output::Several(groups) => match groups.writer(value) {
                Some(writer) => writer
                    .append(&records)
                    .map_err(|error| failure::of_named(writer.path(), &error)),
                None => Err(Failure::Data(format!("`{value}` names no file"))),
            },
        }
    }

    fn divide(&self, attribute: &str, batch: &Outgoing) -> Result<(), Failure> {
        let mut sorter = ByValue::new(attribute);
        let mut groups: Vec<Vec<(usize, Traces)>> = Vec::new();
        for (number, part) in batch.parts.iter().enumerate() {
            for (group, traces) in part.traces.divide(&mut sorter) {
                if groups.len() <= group {
                    groups.resize_with(group + 1, Vec::new);
                }
                if let Some(group) = groups.get_mut(group) {
                    group.push((number, traces));
                }
            }
        }
        let mut left = Vec::new();
        let mut has_written = false;
        for (value, spans) in sorter
            .values
            .iter()
            .zip(groups)
            .filter(|(_, spans)| !spans.is_empty())
        {
            let written = match value {
                Some(value) => self.append(value, spans.iter().map(|(_, traces)| traces)),
                None => Err(Failure::Data(format!("the resource has no text `{attribute}`"))),
            };
            match written {
                Ok(()) => has_written = true,
                Err(why) => left.extend(spans.into_iter().map(|(part, traces)| Left {
                    part,
                    traces,
                    why: why.clone(),
                })),
            }
        }
        match left.first() {
            None => Ok(()),
            // Nothing can be written: that is the matter with the disk, and not with some of the spans.
            Some(first) if !has_written && left.iter().all(|left| is_same(&left.why, &first.why)) => {
                Err(first.why.clone())
            }
            Some(_) => Err(Failure::Partly(left)),
        }
    }
}

fn is_same(one: &Failure, other: &Failure) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
