use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::config::ResourceDetectionSettings;
use super::detection::{Detection, Found};
use super::surroundings::{Names, Surroundings};
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::telemetry::processor::DetectionEvents;
use crate::wire::Value;

mod hosts;
mod merging;
mod running;
mod sources;

/// The settings in `yaml`, or everything that is said about them.
fn read(yaml: &str) -> Result<ResourceDetectionSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

/// Answers from tables; what is not in them has no name.
#[derive(Clone, Default)]
struct Table {
    canonical: HashMap<String, String>,
    addresses: HashMap<String, Vec<IpAddr>>,
    names: HashMap<IpAddr, String>,
}

impl Names for Table {
    fn canonical_name(&self, host: &str) -> Result<String, String> {
        self.canonical
            .get(host)
            .cloned()
            .ok_or_else(|| "no such host".into())
    }

    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        self.addresses
            .get(host)
            .cloned()
            .ok_or_else(|| "no such host".into())
    }

    fn name_of(&self, address: IpAddr) -> Result<String, String> {
        self.names.get(&address).cloned().ok_or_else(|| "no name".into())
    }
}

/// Files below a folder, and variables.
fn surroundings(root: &Path, variables: &[(&str, &str)], names: impl Names + 'static) -> Surroundings {
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let variable = move |name: &str| variables.get(name).cloned();
    Surroundings::new(root.to_owned(), Arc::new(variable), Arc::new(names))
}

/// A folder with these files.
fn files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    root
}

fn events() -> DetectionEvents {
    DetectionEvents::new("resource_detection")
}

/// What the settings detect, as key and text.
fn detect(yaml: &str, around: &Surroundings) -> Result<Vec<(String, Value)>, String> {
    let detected = Detection::new(&read(yaml)?, around, events()).run()?;
    let attributes = detected.attributes.iter().map(|(key, encoded)| {
        let known = [key.as_str()].map(|key| (key.to_owned(), encoded.clone()));
        merging::decoded(&known).remove(0)
    });
    Ok(attributes.collect())
}

fn text(value: &str) -> Value {
    Value::String(value.into())
}

fn pair(key: &str, value: &str) -> (String, Value) {
    (key.into(), text(value))
}

/// The defaults are the Collector's, also where a block is written without a key.
#[test]
fn defaults() {
    let settings = read("{}").unwrap();
    assert_eq!(settings, ResourceDetectionSettings::default());
    assert_eq!(settings.detectors, ["env"]);
    assert!(settings.is_override && settings.retry.enabled);
    assert_eq!(settings.timeout.to_string(), "5s");
    let written = read(
        "{detectors: [' env ', system, process, container, k8s_downward], override: false, system: {resource_attributes: {host.name: {}, host.id: {enabled: true}}}}",
    );
    assert!(written.is_ok(), "{written:?}");
}

/// What cannot be is refused, with its key and value; a detector of the Collector's that is missing is said to be.
#[test]
fn settings_are_checked() {
    for (yaml, said) in [
        ("detectors: []", "detectors"),
        (
            "detectors: [env, ec2]",
            "names `ec2`, which this build has not got",
        ),
        ("detectors: [elastic_beanstalk]", "this build has not got"),
        ("detectors: [docker]", "this build has not got"),
        (
            "detectors: [envv]",
            "names `envv`, which is no detector; there are env, system",
        ),
        ("timeout: 0s", "needs a bound"),
        (
            "retry: {max_elapsed_time: 1s}",
            "is 1s, but must not be below retry.max_interval, which is 30s",
        ),
        (
            "retry: {randomization_factor: 2}",
            "is 2, but must be between 0 and 1",
        ),
        ("retry: {multiplier: -1}", "is -1, but must not be negative"),
        (
            "system: {hostname_sources: [os, nis]}",
            "is `nis`, but must be os, dns, cname or lookup",
        ),
        (
            "system: {resource_attributes: {host.nam: {enabled: true}}}",
            "is no attribute of this detector",
        ),
        (
            "process: {resource_attributes: {host.name: {enabled: true}}}",
            "is no attribute of this detector",
        ),
        ("attributes: [host.name]", "the processor `resource`"),
        ("detector: [env]", "detectors"),
    ] {
        let refused = read(yaml).expect_err(yaml);
        assert!(refused.contains(said), "{yaml}: {refused}");
    }
    assert!(read("{timeout: 0s, retry: {enabled: false}}").is_ok());
}

/// Keys that concern the services of clouds are taken, and said to have no effect.
#[test]
fn keys_of_clouds_are_noted() {
    let mut diagnostics = Diagnostics::default();
    let yaml =
        "{ec2: {tags: [a]}, tls: {insecure: true}, fail_on_missing_metadata: true, elasticbeanstalk: {}}";
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).unwrap();
    assert!(
        node.read::<ResourceDetectionSettings>(&mut diagnostics).is_some(),
        "{}",
        diagnostics.render()
    );
    assert_eq!(diagnostics.count(Severity::Note), 4, "{}", diagnostics.render());
}
