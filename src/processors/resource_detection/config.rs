//! Keys of the `resource_detection` processor.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{k8s_downward, process, system};
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::GoDuration;

/// What is detected, how long that may take, and how it is written to resources.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceDetectionSettings {
    /// What detects, in the order in which their attributes are written; of the same attribute from two the first counts.
    /// `env` reads `OTEL_RESOURCE_ATTRIBUTES`, `system` asks the operating system; `process`, `container` and
    /// `k8s_downward` are Spanway's own and describe the gateway's process, its container and its pod.
    pub detectors: Vec<String>,
    /// Whether what is detected takes the place of what a resource says already.
    #[serde(rename = "override")]
    pub is_override: bool,
    /// How long detection may take before it has failed, and with it the start; `0s` is without bound.
    pub timeout: GoDuration,
    /// How often everything is detected again; `0s` is once, at start. Where that fails, what was known stays.
    pub refresh_interval: GoDuration,
    /// What happens when a detector fails for a reason that may pass.
    pub retry: Retry,
    /// The detector `system`.
    pub system: System,
    /// The detector `process`.
    pub process: Process,
    /// The detector `k8s_downward`.
    pub k8s_downward: K8sDownward,
}

/// Trying again, with growing pauses, as long as detection may take.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Whether to try again.
    pub enabled: bool,
    /// The first pause.
    pub initial_interval: GoDuration,
    /// By which part of it each pause may be longer or shorter, at random.
    pub randomization_factor: f64,
    /// How much longer each pause is than the one before.
    pub multiplier: f64,
    /// The longest pause.
    pub max_interval: GoDuration,
    /// How long all attempts together may take; `0s` leaves it to `timeout`.
    pub max_elapsed_time: GoDuration,
}

/// The detector `system`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct System {
    /// Where the name of the host is asked for, until one answers: `os`, `dns` (the hosts file, then DNS), `cname`,
    /// `lookup` (the name of the host's addresses). Empty is `[dns, os]`.
    pub hostname_sources: Vec<String>,
    /// Which attributes are detected, by name. On unless written: `host.name`, `os.type`. Off: `host.arch`,
    /// `host.cpu.cache.l2.size`, `host.cpu.family`, `host.cpu.model.id`, `host.cpu.model.name`, `host.cpu.stepping`,
    /// `host.cpu.vendor.id`, `host.id`, `host.interface`, `host.ip`, `host.mac`, `os.build.id`, `os.description`, `os.name`,
    /// `os.version`.
    pub resource_attributes: BTreeMap<String, Toggle>,
}

/// The detector `process`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// Which attributes are detected, by name. On unless written: `process.pid`, `process.executable.name`,
    /// `process.executable.path`, `process.owner`, `process.runtime.name`. Off, since arguments may hold secrets:
    /// `process.command`, `process.command_args`.
    pub resource_attributes: BTreeMap<String, Toggle>,
}

/// The detector `k8s_downward`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct K8sDownward {
    /// By attribute: the environment variable that a pod's downward API sets. Adds to these, of which the first that is set
    /// counts, or takes the place of one: `k8s.pod.name` from `K8S_POD_NAME` or `POD_NAME`, `k8s.pod.uid` from `K8S_POD_UID`
    /// or `POD_UID`, `k8s.pod.ip` from `K8S_POD_IP` or `POD_IP`, `k8s.namespace.name` from `K8S_NAMESPACE_NAME`,
    /// `K8S_POD_NAMESPACE` or `POD_NAMESPACE` or the service account, `k8s.node.name` from `K8S_NODE_NAME` or `NODE_NAME`,
    /// `k8s.container.name` from `K8S_CONTAINER_NAME` or `CONTAINER_NAME`, `k8s.cluster.name` from `K8S_CLUSTER_NAME`. An empty
    /// name leaves the attribute out.
    pub variables: BTreeMap<String, String>,
}

/// One attribute.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Toggle {
    /// Whether it is detected; unset is the attribute's default.
    pub enabled: Option<bool>,
}

/// An attribute of a detector, and whether it is on unless configured.
pub type Choice = (&'static str, bool);

/// The detectors of this build.
pub const DETECTORS: [&str; 5] = ["env", "system", "process", "container", "k8s_downward"];

/// The Collector's that this build has not got.
const ELSEWHERE: [&str; 31] = [
    "akamai",
    "aks",
    "alibaba_ecs",
    "azure",
    "azureappservice",
    "azurecontainerapps",
    "azurefunctions",
    "consul",
    "digitalocean",
    "docker",
    "dynatrace",
    "ec2",
    "ecs",
    "eks",
    "elastic_beanstalk",
    "gcp",
    "heroku",
    "hetzner",
    "ibmcloud_classic",
    "ibmcloud_vpc",
    "k8s_api",
    "k8snode",
    "kubeadm",
    "lambda",
    "nova",
    "openshift",
    "oraclecloud",
    "scaleway",
    "tencent_cvm",
    "upcloud",
    "vultr",
];

/// Keys of the client with which the Collector asks the services of clouds.
const HTTP: [&str; 19] = [
    "auth",
    "compression",
    "compression_params",
    "cookies",
    "disable_keep_alives",
    "endpoint",
    "fail_on_missing_metadata",
    "force_attempt_http2",
    "headers",
    "http2_ping_timeout",
    "http2_read_idle_timeout",
    "idle_conn_timeout",
    "max_conns_per_host",
    "max_idle_conns",
    "max_idle_conns_per_host",
    "middlewares",
    "proxy_url",
    "read_buffer_size",
    "tls",
];

impl Default for ResourceDetectionSettings {
    fn default() -> Self {
        Self {
            detectors: vec!["env".into()],
            is_override: true,
            timeout: GoDuration::secs(5),
            refresh_interval: GoDuration::default(),
            retry: Retry::default(),
            system: System::default(),
            process: Process::default(),
            k8s_downward: K8sDownward::default(),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: GoDuration::secs(1),
            randomization_factor: 0.5,
            multiplier: 2.0,
            max_interval: GoDuration::secs(30),
            max_elapsed_time: GoDuration::default(),
        }
    }
}

impl Settings for ResourceDetectionSettings {
    fn no_effect() -> Vec<KeyNote> {
        let http = HTTP.into_iter().chain(["write_buffer_size"]);
        let http = http.map(|key| KeyNote::new(key, "no detector of this build asks a service over HTTP"));
        let elsewhere = ELSEWHERE.map(|detector| {
            // Of this one the key has another name.
            let key = if detector == "elastic_beanstalk" {
                "elasticbeanstalk"
            } else {
                detector
            };
            KeyNote::new(key, "this build has not got the detector")
        });
        http.chain(elsewhere).collect()
    }

    fn unsupported() -> Vec<KeyNote> {
        let note = "the Collector has no such list any more; delete attributes with the processor `resource`";
        vec![KeyNote::new("attributes", note)]
    }

    fn validate(&self, problems: &mut Problems) {
        if self.detectors.is_empty() {
            problems.add("detectors", "is empty, but must name a detector");
        }
        for (place, name) in self.detectors.iter().enumerate() {
            let (name, ours) = (name.trim(), DETECTORS.join(", "));
            if ELSEWHERE.contains(&name) {
                let text = format!("names `{name}`, which this build has not got; it has {ours}");
                problems.add(format!("detectors.{place}"), text);
            } else if !DETECTORS.contains(&name) {
                let text = format!("names `{name}`, which is no detector; there are {ours}");
                problems.add(format!("detectors.{place}"), text);
            }
        }
        self.retry.validate(self.timeout, problems);
        for (place, source) in self.system.hostname_sources.iter().enumerate() {
            if !system::HOSTNAME_SOURCES.contains(&source.as_str()) {
                let text = format!("is `{source}`, but must be os, dns, cname or lookup");
                problems.add(format!("system.hostname_sources.{place}"), text);
            }
        }
        check(
            problems,
            "system",
            &self.system.resource_attributes,
            &system::CHOICES,
        );
        check(
            problems,
            "process",
            &self.process.resource_attributes,
            &process::CHOICES,
        );
    }
}

fn check(problems: &mut Problems, detector: &str, written: &BTreeMap<String, Toggle>, choices: &[Choice]) {
    for name in written.keys() {
        if !choices.iter().any(|(known, _)| known == name) {
            let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
            let text = format!("is no attribute of this detector; it has {}", known.join(", "));
            problems.add(format!("{detector}.resource_attributes.{name}"), text);
        }
    }
}

// === impl Toggle ===

impl Toggle {
    /// Of these attributes those that are on.
    pub fn on(written: &BTreeMap<String, Self>, choices: &[Choice]) -> Vec<&'static str> {
        let is_on = |(name, default): &&Choice| {
            let toggle = written.get(*name).and_then(|toggle| toggle.enabled);
            toggle.unwrap_or(*default)
        };
        choices.iter().filter(is_on).map(|(name, _)| *name).collect()
    }
}

// === impl Retry ===

impl Retry {
    fn validate(&self, timeout: GoDuration, problems: &mut Problems) {
        let is_zero = |duration: GoDuration| duration.0.is_zero();
        if self.enabled && is_zero(timeout) && is_zero(self.max_elapsed_time) {
            problems.add(
                "retry.enabled",
                "needs a bound: set timeout or retry.max_elapsed_time",
            );
        }
        for (key, pause) in [
            ("initial_interval", self.initial_interval),
            ("max_interval", self.max_interval),
        ] {
            let elapsed = self.max_elapsed_time;
            if self.enabled && !is_zero(elapsed) && elapsed < pause {
                let text = format!("is {elapsed}, but must not be below retry.{key}, which is {pause}");
                problems.add("retry.max_elapsed_time", text);
            }
        }
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            let text = format!("is {}, but must be between 0 and 1", self.randomization_factor);
            problems.add("retry.randomization_factor", text);
        }
        if !(self.multiplier >= 0.0 && self.multiplier.is_finite()) {
            let text = format!("is {}, but must not be negative", self.multiplier);
            problems.add("retry.multiplier", text);
        }
    }
}

// === impl K8sDownward ===

impl K8sDownward {
    /// By attribute the variables that may hold it.
    pub fn sources(&self) -> Vec<(String, Vec<String>)> {
        let known = k8s_downward::VARIABLES
            .iter()
            .filter(|(name, _)| !self.variables.contains_key(*name));
        let known = known.map(|(name, variables)| {
            let variables = variables.iter().map(|variable| (*variable).to_owned());
            ((*name).to_owned(), variables.collect())
        });
        let written = self.variables.iter().filter(|(_, variable)| !variable.is_empty());
        let written = written.map(|(name, variable)| (name.clone(), vec![variable.clone()]));
        known.chain(written).collect()
    }
}
