//! A gateway whose spans can be asked for through the query APIs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::spanway::{Plan, Spanway, address};
use super::store;

/// A gateway with a store of its own and the query APIs.
pub struct Asked {
    pub gateway: Spanway,
    pub api: SocketAddr,
    pub directory: TempDir,
}

/// An answer of an API.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A configuration with a store in `directory` and the query APIs; `more` are settings of `query`.
pub fn plan(directory: &Path, more: &str) -> Plan {
    let query = format!("{{endpoint: '127.0.0.1:0', {more}}}");
    store::plan(directory, "").extension("query", &query)
}

// === impl Asked ===

impl Asked {
    /// Starts it; `more` are settings of `query`.
    pub fn start(more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let plan = plan(directory.path(), more);
        Self::on(&plan, directory)
    }

    /// Starts it on a configuration that was made with [`plan`] for this directory.
    pub fn on(plan: &Plan, directory: TempDir) -> Self {
        let gateway = plan.start();
        Self {
            api: address(&gateway.child, "query APIs are answered", None),
            gateway,
            directory,
        }
    }

    /// Sends `resource_spans`, which are OTLP/JSON; they are there when this returns.
    pub fn keep(&self, resource_spans: Value) {
        let body = json!({ "resourceSpans": resource_spans }).to_string();
        let kind = [("content-type", "application/json")];
        let mut reply = send(self.gateway.http, "POST", "/v1/traces", &kind, body.as_bytes());
        super::child::wait_until("the spans are taken", || {
            if reply.status == 503 {
                reply = send(self.gateway.http, "POST", "/v1/traces", &kind, body.as_bytes());
            }
            reply.status != 503
        });
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], b"")
    }

    /// A POST of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        let kind = [("content-type", "application/json")];
        self.call("POST", path, &kind, body.to_string().as_bytes())
    }

    /// Any request.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.api, method, path, headers, body)
    }
}

/// One request on a connection of its own.
pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n"
    )
    .unwrap();
    // Who is refused by the head of its request may find the connection closed.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    Reply {
        status: status.and_then(|status| status.parse().ok()).unwrap(),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

// === impl Reply ===

impl Reply {
    /// The body of a success.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }

    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
