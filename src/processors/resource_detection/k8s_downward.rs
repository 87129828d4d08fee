//! The detector `k8s_downward`: what a pod is told of itself by Kubernetes' downward API, in environment variables.

use std::time::Instant;

use super::config;
use super::detection::{Detector, Failure, Found};
use super::surroundings::Surroundings;
use crate::wire::Value;

/// By attribute the variables that usually hold it.
pub const VARIABLES: [(&str, &[&str]); 7] = [
    ("k8s.pod.name", &["K8S_POD_NAME", "POD_NAME"]),
    ("k8s.pod.uid", &["K8S_POD_UID", "POD_UID"]),
    ("k8s.pod.ip", &["K8S_POD_IP", "POD_IP"]),
    (
        "k8s.namespace.name",
        &["K8S_NAMESPACE_NAME", "K8S_POD_NAMESPACE", "POD_NAMESPACE"],
    ),
    ("k8s.node.name", &["K8S_NODE_NAME", "NODE_NAME"]),
    ("k8s.container.name", &["K8S_CONTAINER_NAME", "CONTAINER_NAME"]),
    ("k8s.cluster.name", &["K8S_CLUSTER_NAME"]),
];

/// Where a pod finds its namespace, whether it is in a variable or not.
const NAMESPACE: &str = "var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The detector.
pub struct K8sDownward {
    /// By attribute the variables that may hold it.
    sources: Vec<(String, Vec<String>)>,
    surroundings: Surroundings,
}

// === impl K8sDownward ===

impl K8sDownward {
    /// Reads the variables of these surroundings.
    pub fn new(settings: &config::K8sDownward, surroundings: Surroundings) -> Self {
        Self {
            sources: settings.sources(),
            surroundings,
        }
    }

    fn value(&self, attribute: &str, variables: &[String]) -> Option<String> {
        let mut variables = variables.iter();
        let set = variables.find_map(|variable| self.surroundings.variable(variable));
        let is_namespace = attribute == "k8s.namespace.name";
        set.or_else(|| self.surroundings.line(NAMESPACE).filter(|_| is_namespace))
    }
}

impl Detector for K8sDownward {
    fn name(&self) -> &'static str {
        "k8s_downward"
    }

    fn detect(&self, _: Option<Instant>) -> Result<Found, Failure> {
        let attributes = self.sources.iter().filter_map(|(attribute, variables)| {
            let value = self.value(attribute, variables)?;
            Some((attribute.clone(), Value::String(value)))
        });
        Ok(Found::by_conventions(attributes.collect()))
    }
}
