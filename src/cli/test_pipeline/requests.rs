//! Requests in files: read in any form of OTLP, written as OTLP/JSON.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use crate::wire::Traces;
use crate::wire::json::{from_protobuf, to_protobuf};

/// A larger file is no test of a pipeline.
const LARGEST: u64 = 256 << 20;

/// The requests of a file, each as the gateway would take it. An error names the file, the place and the value.
pub fn read(file: &Path) -> Result<Vec<Traces>, String> {
    let requests = |encoded: Vec<Vec<u8>>| match encoded.iter().all(Vec::is_empty) {
        true => Err("there is nothing in it: `resourceSpans` is where spans are".into()),
        false => encoded.into_iter().map(checked).collect(),
    };
    encoded(file)
        .and_then(requests)
        .map_err(|reason| of(file, &reason))
}

/// The contents of a file. Nothing at all is as good as something, and ids may be of any length.
pub fn read_expected(file: &Path) -> Result<Vec<Value>, String> {
    let contents = |encoded: Vec<Vec<u8>>| encoded.iter().map(|request| content(request)).collect();
    encoded(file)
        .and_then(contents)
        .map_err(|reason| of(file, &reason))
}

/// Writes requests as OTLP/JSON, one below the other.
pub fn write(file: &Path, requests: &[Traces]) -> Result<(), String> {
    let write = || {
        let mut out = File::create(file)?;
        for request in requests {
            let content = content(request.bytes()).map_err(io::Error::other)?;
            let text = serde_json::to_string_pretty(&content)?;
            writeln!(out, "{text}")?;
        }
        Ok(())
    };
    write().map_err(|error: io::Error| of(file, &format!("cannot be written: {error}")))
}

/// An encoded request as OTLP/JSON in its strict form.
pub fn content(request: &[u8]) -> Result<Value, String> {
    let json = from_protobuf(request).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| format!("its JSON would be nested too deeply: {error}"))
}

/// The requests of a file, encoded.
fn encoded(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let bytes = bytes(file).map_err(|error| format!("cannot be read: {error}"))?;
    match is_protobuf(file) {
        true => Ok(vec![bytes]),
        false => documents(&bytes),
    }
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> = match is_standard(file) {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file)?),
    };
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::other(format!("it has more than {LARGEST} bytes"))),
        false => Ok(bytes),
    }
}

fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn is_protobuf(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "pb" || extension == "binpb")
}

/// What is wrong, and with which file.
fn of(file: &Path, reason: &str) -> String {
    match is_standard(file) {
        true => format!("standard input: {reason}"),
        false => format!("{}: {reason}", file.display()),
    }
}

/// Every JSON document, as protobuf.
fn documents(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    let mut documents = Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    loop {
        let start = documents.byte_offset();
        match documents.next() {
            None => return Ok(found),
            Some(Err(error)) => return Err(format!("not JSON: {error}")),
            Some(Ok(_)) => {
                let document = bytes.get(start..documents.byte_offset()).unwrap_or_default();
                found.push(to_protobuf(document).or_else(|_| in_place(bytes, start, document))?);
            }
        }
    }
}

/// What is wrong with a document, told with the lines of the file.
fn in_place(bytes: &[u8], start: usize, document: &[u8]) -> Result<Vec<u8>, String> {
    let before = bytes.get(..start).unwrap_or_default().iter();
    let mut padded: Vec<u8> = before
        .map(|byte| if *byte == b'\n' { b'\n' } else { b' ' })
        .collect();
    padded.extend_from_slice(document);
    to_protobuf(&padded).map_err(|error| error.to_string())
}

/// A request that the gateway would take as a whole.
fn checked(request: Vec<u8>) -> Result<Traces, String> {
    let checked = Traces::check(request.into()).map_err(|error| error.to_string())?;
    match checked.rejected {
        0 => {
            content(checked.traces.bytes())?;
            Ok(checked.traces)
        }
        _ => Err(checked.reason),
    }
}
