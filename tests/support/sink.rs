//! A destination: `spanway sink` as a child process.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::Value;

use super::child::{Child, spanway};
use super::control;
use super::load::Report;

/// A sink that listens.
pub struct Sink {
    pub child: Child,
    pub address: SocketAddr,
    control: SocketAddr,
}

/// What it has counted.
#[derive(Clone, Debug, Deserialize)]
pub struct Stats {
    pub refused: BTreeMap<String, u64>,
    pub requests: u64,
    pub spans: u64,
    pub distinct: u64,
    pub duplicates: u64,
    pub rejected_spans: u64,
}

/// Which of the spans it should have have not come.
#[derive(Clone, Debug, Deserialize)]
pub struct Missing {
    pub expected: u64,
    pub missing: u64,
    pub first_missing: Vec<u64>,
    pub rejected: u64,
    pub poisoned_arrived: u64,
}

#[derive(Deserialize)]
struct Addresses {
    grpc: SocketAddr,
    control: SocketAddr,
}

// === impl Sink ===

impl Sink {
    /// Starts one that behaves as the flags say.
    pub fn start(flags: &[&str]) -> Self {
        let free = ["sink", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
        let control = ["--control", "127.0.0.1:0"];
        let child = Child::start("the sink", spanway(free.iter().chain(&control).chain(flags)));
        let addresses: Addresses = child
            .stdout
            .wait_for("its addresses", |line| serde_json::from_str(line).ok());
        Self {
            child,
            address: addresses.grpc,
            control: addresses.control,
        }
    }

    /// Settings in braces of an exporter of this kind (`otlp_grpc`, `otlp_http`) that sends here, with `more` of
    /// them. It tries again soon.
    pub fn exporter(&self, kind: &str, more: &str) -> String {
        let scheme = if kind == "otlp_http" { "http://" } else { "" };
        format!(
            "{{endpoint: '{scheme}{}', tls: {{insecure: true}}, compression: none, retry_on_failure: \
             {{initial_interval: 50ms, max_interval: 500ms}}, {more}}}",
            self.address
        )
    }

    /// What it has counted so far.
    pub fn stats(&self) -> Stats {
        serde_json::from_str(&control::get(self.control, "/stats")).unwrap()
    }

    /// From now on it behaves like this; what is not said is as by default.
    pub fn behave(&self, behaviour: &Value) {
        let body = behaviour.to_string();
        let (status, answer) = control::call(self.control, "PUT", "/behaviour", body.as_bytes()).unwrap();
        assert_eq!(status, 200, "{behaviour}: {answer}");
    }

    /// What of the acknowledged spans of a run has not come here.
    pub fn missing(&self, report: &Report) -> Missing {
        let ids = report.acknowledged_ids.as_bytes();
        let (status, answer) = control::call(self.control, "POST", "/missing", ids).unwrap();
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }
}
