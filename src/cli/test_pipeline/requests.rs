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

/// The requests of a file. An error names the file, the place and the value.
pub fn read(file: &Path) -> Result<Vec<Traces>, String> {
    let requests = read_expected(file)?;
    match requests.iter().all(|request| request.bytes().is_empty()) {
        true => Err(format!(
            "{}: there is nothing in it: `resourceSpans` is where spans are",
            shown(file)
        )),
        false => Ok(requests),
    }
}

/// The same; nothing at all is as good as something.
pub fn read_expected(file: &Path) -> Result<Vec<Traces>, String> {
    let read = || {
        let bytes = bytes(file).map_err(|error| format!("cannot be read: {error}"))?;
        let encoded = match is_protobuf(file) {
            true => vec![bytes],
            false => documents(&bytes)?,
        };
        let requests = encoded.into_iter().map(checked);
        requests.collect::<Result<Vec<_>, String>>()
    };
    read().map_err(|reason| format!("{}: {reason}", shown(file)))
}

/// Writes requests as OTLP/JSON, one below the other.
pub fn write(file: &Path, requests: &[Traces]) -> Result<(), String> {
    let write = || {
        let mut out = File::create(file)?;
        for request in requests {
            let text = serde_json::to_string_pretty(&content(request).map_err(io::Error::other)?)?;
            writeln!(out, "{text}")?;
        }
        Ok(())
    };
    write().map_err(|error: io::Error| format!("{}: cannot be written: {error}", shown(file)))
}

/// A request as OTLP/JSON in its strict form.
pub fn content(request: &Traces) -> Result<Value, String> {
    let json = from_protobuf(request.bytes()).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| format!("its JSON would be nested too deeply: {error}"))
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

fn shown(file: &Path) -> String {
    match is_standard(file) {
        true => "standard input".into(),
        false => file.display().to_string(),
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
            content(&checked.traces)?;
            Ok(checked.traces)
        }
        _ => Err(checked.reason),
    }
}
