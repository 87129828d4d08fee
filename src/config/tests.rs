//! The engine from end to end, on components made up for the purpose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostics, Severity};
use super::document::Config;
use super::factory::{About, Catalog, Factory, Kind, Stability};
use super::id::{ComponentId, PipelineId};
use super::load::{Inputs, load};
use super::node::Node;
use super::settings::{KeyNote, Problems, Settings};
use super::types::{GoDuration, Secret, Section};

mod document;
mod golden;
mod loading;
mod properties;
mod reading;
mod routes;
mod statements;
mod storage;
mod within;

/// A component with one key of every sort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fake {
    /// Where to.
    pub endpoint: String,
    /// How long one attempt may take.
    pub timeout: GoDuration,
    /// How many at once.
    pub workers: u16,
    /// Whether to try.
    pub enabled: bool,
    /// What proves who we are.
    pub token: Secret,
    /// Sent along.
    pub headers: std::collections::BTreeMap<String, Secret>,
    /// Which ones.
    pub keys: Vec<String>,
    /// How hard to squeeze.
    pub compression: Compression,
    /// What may be waited for.
    pub queue: Queue,
    /// A block that is on when written.
    pub grpc: Section<Queue>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    #[default]
    None,
    Gzip,
}

/// What may be waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Queue {
    /// How many fit.
    pub size: Option<u32>,
    /// Whether to wait.
    pub wait: bool,
    /// How much of it.
    pub share: f64,
    /// Where it is kept.
    pub storage: Option<ComponentId>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4317".into(),
            timeout: GoDuration::secs(5),
            workers: 10,
            enabled: true,
            token: Secret::default(),
            headers: Default::default(),
            keys: Vec::new(),
            compression: Compression::None,
            queue: Queue::default(),
            grpc: Section::Off,
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            size: None,
            wait: true,
            share: 0.5,
            storage: None,
        }
    }
}

impl Settings for Fake {
    fn no_effect() -> Vec<KeyNote> {
        vec![
            KeyNote::new("read_buffer_size", "buffers are sized by the system"),
            KeyNote::new("grpc.write_buffer_size", "buffers are sized by the system"),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new("tls", "end TLS before the gateway")]
    }

    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        if journaled {
            return vec![KeyNote::new("queue.size", "as large as the disk, not 1000")];
        }
        vec![
            KeyNote::new("queue.wait", "true, not false: an answer means accepted"),
            KeyNote::new("grpc.wait", "true, not false: an answer means accepted"),
        ]
    }

    fn validate(&self, problems: &mut Problems) {
        if !self.endpoint.contains(':') {
            problems.add("endpoint", format!("`{}` has no port", self.endpoint));
        }
        if self.queue.size == Some(0) {
            problems.add("queue.size", "`0` holds nothing");
        }
        if self.queue.share == 0.0 {
            problems.add("queue.share", "is 0, and so nothing passes");
        }
        if self.queue.share > 1.0 {
            problems.add(
                "queue.share",
                format!("{} is more than all of it", self.queue.share),
            );
        }
        for (at, key) in self.keys.iter().enumerate() {
            if let Some(start) = key.find("wrong") {
                let path = format!("keys.{at}");
                problems
                    .add_within(path, start..start + 5, "`wrong` is no word of ours")
                    .help("write `right`");
            }
        }
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
        if journaled && self.timeout == GoDuration::secs(1) {
            warnings.add("timeout", "is 1s: what was acknowledged may expire");
        }
        if !self.queue.wait && !journaled {
            warnings.add("queue.wait", "is false: what was acknowledged may be lost");
        }
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.queue
            .storage
            .as_ref()
            .map(|storage| ("queue.storage", storage))
    }

    fn pipelines(&self) -> Vec<(String, PipelineId)> {
        let named = self.keys.iter().enumerate();
        named
            .filter_map(|(number, key)| Some((format!("keys.{number}"), key.parse().ok()?)))
            .collect()
    }

    fn settle(&mut self, journaled: bool) {
        self.queue.size.get_or_insert(if journaled { 9 } else { 1 });
    }
}

const FAKE: About = About {
    name: "fake",
    aliases: &["fak"],
    stability: Stability::Beta,
    summary: "Does as if.",
};

fn factory(kind: Kind) -> Factory<String, str> {
    Factory::of::<Fake>(kind, FAKE, |settings, id, context| match settings.workers {
        13 => Err("13 brings no luck".into()),
        _ => Ok(format!("{id} to {} for {context}", settings.endpoint)),
    })
}

const DISK: About = About {
    name: "disk",
    aliases: &[],
    stability: Stability::Beta,
    summary: "Keeps as if.",
};

/// A build that has `fake` in every family, and the storage `disk`.
pub(crate) fn catalog() -> Catalog {
    let disk = Factory::<(), str>::of::<Fake>(Kind::Extension, DISK, |_, _, _| Ok(())).storage();
    Kind::ALL
        .into_iter()
        .fold(Catalog::default(), |catalog, kind| catalog.with(&[factory(kind)]))
        .with(&[disk])
}

/// The variables of the tests' environment.
pub(crate) fn environment(name: &str) -> Option<String> {
    Some(match name {
        "PORT" => "4317".into(),
        "EMPTY" => String::new(),
        "SECRET" => "s3cr3t-value".into(),
        "LIST" => "[a, b]".into(),
        "OTHER" => "${env:PORT}".into(),
        "LOOP" => "${env:LOOP}".into(),
        "DOUBLE" => "${env:DOUBLE}${env:DOUBLE}".into(),
        "HASH" => "one #two".into(),
        _ => return None,
    })
}

fn yaml(text: &str) -> String {
    format!("yaml:{text}")
}

/// Loads documents one over the other.
pub(super) fn load_all(documents: &[&str], sets: &[&str], diagnostics: &mut Diagnostics) -> Option<Node> {
    let configs: Vec<String> = documents.iter().map(|text| yaml(text)).collect();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    let inputs = Inputs {
        configs: &configs,
        sets: &sets,
        environment: &environment,
    };
    load(&inputs, diagnostics)
}

/// A configuration with one pipeline around these settings of the exporter.
pub(crate) fn around(settings: &str) -> String {
    let settings: String = settings.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "receivers:\n  fake:\nexporters:\n  fake:\n{settings}service:\n  pipelines:\n    traces:\n      receivers: [fake]\n      exporters: [fake]\n"
    )
}

#[test]
fn a_sound_configuration_is_read_and_built() {
    // A factory finds its settings in the node, fills in defaults, and hands on what the build refuses.
    let mut diagnostics = Diagnostics::default();
    let root = load_all(&[&around("endpoint: a:1")], &[], &mut diagnostics).unwrap();
    let config = Config::read(root, false, &mut diagnostics);
    super::wiring::check(&config, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render());
    let (id, node) = config.exporters.first().unwrap();
    let factory = factory(Kind::Exporter);
    assert_eq!(factory.build(node, id, "us"), Ok("fake to a:1 for us".into()));

    let root = load_all(&["workers: 13"], &[], &mut diagnostics).unwrap();
    let id: ComponentId = "fake/2".parse().unwrap();
    assert_eq!(factory.build(&root, &id, "us"), Err("13 brings no luck".into()));
}

#[test]
fn notes_tell_what_is_not_used_has_no_effect_or_differs() {
    // `validate` rests on these three notes; none of them stops a configuration.
    let mut diagnostics = Diagnostics::default();
    let text = around("read_buffer_size: 5\ngrpc:\n  wait: false\n  write_buffer_size: 5");
    let text = text.replace("exporters:\n  fake:", "exporters:\n  fake/spare:\n  fake:");
    let root = load_all(&[&text], &[], &mut diagnostics).unwrap();
    let config = Config::read(root, false, &mut diagnostics);
    super::wiring::check(&config, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let notes: Vec<&str> = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Note && found.scope != "exporters.fake/spare")
        .filter(|found| found.scope != "receivers.fake")
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(
        notes,
        [
            "`read_buffer_size` has no effect here: buffers are sized by the system",
            "`grpc.write_buffer_size` has no effect here: buffers are sized by the system",
            "`queue.wait` differs from the Collector: true, not false: an answer means accepted",
            "the exporter `fake/spare` is defined and not used",
        ]
    );
}
