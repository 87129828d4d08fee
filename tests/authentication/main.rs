//! Authentication as users meet it: callers who are let in and who are not, gateways that authenticate to each other while
//! their credentials change, senders whose headers stay theirs, quotas.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod callers;
mod chains;
mod quotas;
mod secrets;
mod senders;
mod tokens;

use std::net::SocketAddr;

use support::child::spanway;
use support::http::{self, Answer};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// Exports `body` over HTTP with one more header.
async fn post(address: SocketAddr, path: &str, header: (&str, &str), body: Vec<u8>) -> Answer {
    http::send(address, "POST", path, &[PROTOBUF, header], body).await
}

/// What `command` prints about a configuration, and whether it succeeds.
fn say(command: &str, yaml: &str) -> (bool, String) {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    let mut command = spanway([command, "--config", file.path().to_str().unwrap()]);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}
