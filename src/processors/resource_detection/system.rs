//! The detector `system`: the host and its operating system.

use std::time::Instant;

use super::config::{self, Choice, Toggle};
use super::cpu::Cpu;
use super::detection::{Detector, Failure, Found};
use super::surroundings::{Names, Surroundings};
use super::{network, os};
use crate::telemetry::processor::DetectionEvents;
use crate::wire::Value;

/// What is longer in bytes is no attribute.
const LONGEST: usize = 4096;

/// Where the host's name may be asked for.
pub const HOSTNAME_SOURCES: [&str; 4] = ["os", "dns", "cname", "lookup"];

/// The attributes, in the order in which they are written.
pub const CHOICES: [Choice; 17] = [
    ("host.name", true),
    ("os.type", true),
    ("os.version", false),
    ("host.id", false),
    ("host.arch", false),
    ("host.ip", false),
    ("host.mac", false),
    ("host.interface", false),
    ("os.description", false),
    ("os.name", false),
    ("os.build.id", false),
    ("host.cpu.vendor.id", false),
    ("host.cpu.family", false),
    ("host.cpu.model.id", false),
    ("host.cpu.model.name", false),
    ("host.cpu.stepping", false),
    ("host.cpu.cache.l2.size", false),
];

/// The detector.
pub struct System {
    attributes: Vec<&'static str>,
    hostname_sources: Vec<String>,
    surroundings: Surroundings,
    events: DetectionEvents,
}

// === impl System ===

impl System {
    /// Detects the attributes that are on.
    pub fn new(settings: &config::System, surroundings: Surroundings, events: DetectionEvents) -> Self {
        let mut hostname_sources = settings.hostname_sources.clone();
        if hostname_sources.is_empty() {
            hostname_sources = vec!["dns".into(), "os".into()];
        }
        Self {
            attributes: Toggle::on(&settings.resource_attributes, &CHOICES),
            hostname_sources,
            surroundings,
            events,
        }
    }

    /// What the first source says that knows the host's name. Each may take half of the time that is left, so that one
    /// that is silent leaves some to those after it.
    fn hostname(&self, deadline: Option<Instant>) -> Result<String, Failure> {
        let mut reasons = Vec::new();
        for source in &self.hostname_sources {
            let share = deadline.map(|deadline| {
                let now = Instant::now();
                now + deadline.saturating_duration_since(now) / 2
            });
            match self.hostname_from(source, share) {
                Ok(name) if !name.is_empty() => return Ok(name),
                Ok(_) => reasons.push(format!("{source}: the name is empty")),
                Err(reason) => reasons.push(format!("{source}: {reason}")),
            }
        }
        Err(Failure {
            reason: format!("no source knows the name of the host: {}", reasons.join(", ")),
            may_pass: true,
        })
    }

    fn hostname_from(&self, source: &str, deadline: Option<Instant>) -> Result<String, String> {
        let host = os::hostname(&self.surroundings).ok_or("the operating system does not say")?;
        let bare = |name: String| name.trim_end_matches('.').to_owned();
        let ask = |question: fn(&dyn Names, &str) -> Result<String, String>| {
            let host = host.clone();
            let answer = self
                .surroundings
                .ask(deadline, move |names| question(names, &host));
            answer.map(bare)
        };
        match source {
            "dns" => match in_hosts(&self.surroundings.read("etc/hosts").unwrap_or_default(), &host) {
                Some(name) => Ok(name),
                None => ask(|names, host| names.canonical_name(host).or_else(|_| reverse(names, host))),
            },
            "cname" => ask(|names, host| names.canonical_name(host)),
            "lookup" => ask(reverse),
            _ => Ok(host),
        }
    }

    /// One attribute other than those of the processor, where it is to be had.
    fn value(&self, attribute: &str) -> Option<Value> {
        let around = &self.surroundings;
        let texts = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::String).collect());
        Some(Value::String(match attribute {
            "os.type" => os::family().into(),
            "host.arch" => os::architecture().into(),
            "host.id" => os::machine_id(around)?,
            "os.version" => os::platform(around)?.version,
            "os.name" => os::platform(around)?.name,
            "os.build.id" => os::build_id(around)?,
            "os.description" => os::description(around)?,
            "host.ip" => return Some(texts(network::addresses(around))),
            "host.mac" => return Some(texts(network::hardware_addresses(around))),
            "host.interface" => return Some(texts(network::interfaces(around))),
            _ => return None,
        }))
    }
}

impl Detector for System {
    fn name(&self) -> &'static str {
        "system"
    }

    fn detect(&self, deadline: Option<Instant>) -> Result<Found, Failure> {
        let hostname = self.hostname(deadline)?;
        let wants_cpu = self.attributes.iter().any(|name| name.starts_with("host.cpu."));
        let cpu = wants_cpu.then(|| Cpu::first(&self.surroundings)).flatten();
        let mut attributes = Vec::new();
        for name in &self.attributes {
            let value = match *name {
                "host.name" => Some(Value::String(hostname.clone())),
                "host.cpu.model.id" if cpu.as_ref().is_some_and(|cpu| cpu.has_no_model_id()) => continue,
                name if name.starts_with("host.cpu.") => cpu.as_ref().and_then(|cpu| cpu.value(name)),
                name => self.value(name),
            };
            match value {
                Some(Value::String(text)) if text.len() > LONGEST => {
                    let why = format!("it is {} bytes long, more than {LONGEST}", text.len());
                    self.events.left_out(name, &why);
                }
                Some(value) => attributes.push(((*name).to_owned(), value)),
                None => self.events.left_out(name, "this system does not say"),
            }
        }
        Ok(Found {
            attributes,
            schema_url: super::detection::SCHEMA_URL,
        })
    }
}

/// The name of the first of a host's addresses that has one.
fn reverse(names: &dyn Names, host: &str) -> Result<String, String> {
    let mut reason = format!("`{host}` has no address");
    for address in names.addresses(host)? {
        match names.name_of(address) {
            Ok(name) => return Ok(name),
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// The name that stands first in the line of the hosts file that knows the host, if it can be one.
pub fn in_hosts(hosts: &str, host: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let line = line.split('#').next()?;
        let mut names = line.split([' ', '\t']).filter(|part| !part.is_empty()).skip(1);
        let full = names.next()?;
        let is_name = full.len() <= 254
            && full.chars().all(|letter| {
                !letter.is_ascii() || letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-')
            });
        (is_name && (full == host || names.any(|name| name == host))).then(|| full.to_owned())
    })
}
