//! The detector `process`: the gateway's own process. It says nothing of the processes that send spans.

use std::ffi::OsString;
use std::time::Instant;

use super::config::{self, Choice, Toggle};
use super::detection::{Detector, Failure, Found};
use super::surroundings::Surroundings;
use crate::wire::Value;

/// The attributes, in the order in which they are written.
pub const CHOICES: [Choice; 7] = [
    ("process.pid", true),
    ("process.executable.name", true),
    ("process.executable.path", true),
    ("process.command", false),
    ("process.command_args", false),
    ("process.owner", true),
    ("process.runtime.name", true),
];

/// The detector.
pub struct Process {
    attributes: Vec<&'static str>,
    surroundings: Surroundings,
}

// === impl Process ===

impl Process {
    /// Detects the attributes that are on.
    pub fn new(settings: &config::Process, surroundings: Surroundings) -> Self {
        Self {
            attributes: Toggle::on(&settings.resource_attributes, &CHOICES),
            surroundings,
        }
    }

    /// One attribute, where it is to be had.
    fn value(&self, attribute: &str) -> Option<Value> {
        let text = |text: OsString| Value::String(text.to_string_lossy().into_owned());
        let executable = || std::env::current_exe().ok();
        Some(match attribute {
            "process.pid" => Value::Int(std::process::id().into()),
            "process.executable.name" => text(executable()?.file_name().map(OsString::from)?),
            "process.executable.path" => text(executable()?.into()),
            "process.command" => text(std::env::args_os().next()?),
            "process.command_args" => Value::Array(std::env::args_os().map(text).collect()),
            "process.owner" => Value::String(owner(&self.surroundings)?),
            "process.runtime.name" => Value::String("rust".into()),
            _ => return None,
        })
    }
}

impl Detector for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn detect(&self, _: Option<Instant>) -> Result<Found, Failure> {
        let attributes = self
            .attributes
            .iter()
            .filter_map(|attribute| Some(((*attribute).to_owned(), self.value(attribute)?)));
        Ok(Found::by_conventions(attributes.collect()))
    }
}

/// Who owns the process: the name that the list of users has for its id, or the id.
fn owner(surroundings: &Surroundings) -> Option<String> {
    let status = surroundings.read("proc/self/status").ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    // Real, effective, saved, of the file system; what the process may do goes by the second.
    let id = ids.split_whitespace().nth(1)?.to_owned();
    let users = surroundings.read("etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id && (1..=256).contains(&name.len())).then(|| name.to_owned())
    });
    name.or(Some(id))
}
