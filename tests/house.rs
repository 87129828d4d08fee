//! Holds the house together: which room may know which, and how long a file may be.
//!
//! It reads the sources as text: every `crate::` and `super::` path is resolved to the room it leads to and
//! looked up in the table below.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// What a room may use besides itself. Every entry that fits a file counts.
///
/// A room without an entry (`cli`, `components`, `lib`, `main`) may use everything; nobody else may use it.
const DIRECTIONS: &[(&str, &str)] = &[
    ("wire", ""),
    ("journal", ""),
    ("config", ""),
    ("telemetry", "config"),
    ("net", "config telemetry pipeline::budget pipeline::client"),
    ("pipeline", "config journal telemetry wire net::auth"),
    ("ottl", "config wire"),
    ("query", "wire net::auth"),
    ("query::model", "wire"),
    ("store", "journal wire query::model"),
    ("receivers", "config net pipeline telemetry wire"),
    ("receivers::kafka", "receivers::payload"),
    ("receivers::otlp_json_file", "receivers::payload"),
    ("processors", "config net pipeline telemetry wire journal ottl"),
    ("processors::actions", "processors::values"),
    (
        "processors::attributes",
        "processors::actions processors::matching",
    ),
    ("processors::filter", "processors::matching"),
    ("processors::matching", "processors::values"),
    ("processors::oracle", "processors::table"),
    ("processors::resource", "processors::actions"),
    ("processors::span", "processors::matching"),
    ("connectors", "config net pipeline telemetry wire journal ottl"),
    ("exporters", "config net pipeline telemetry wire"),
    (
        "exporters::otlp_grpc",
        "exporters::authorized exporters::otlp_answer",
    ),
    (
        "exporters::otlp_http",
        "exporters::authorized exporters::otlp_answer",
    ),
    ("exporters::store", "journal query::model query::stores store"),
    ("extensions", "config net pipeline telemetry wire"),
    ("extensions::query", "query"),
];

/// Rooms whose folders are components: a component knows itself and what its family's `mod.rs` defines for all
/// of them, never its neighbour.
const FAMILIES: &[&str] = &["connectors", "exporters", "extensions", "processors", "receivers"];

/// Lines after which a file needs a reason.
const LINES: usize = 500;

/// Files that are longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// Dependencies between rooms point one way.
#[test]
fn rooms_know_only_what_they_may() {
    let breaches: Vec<String> = sources()
        .iter()
        .flat_map(|file| breaches(file, &read(file)))
        .collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

/// No file grows past the limit unnoticed, and no reason outlives its file's length.
#[test]
fn files_stay_short() {
    let mut lengths: Vec<(usize, String)> = sources()
        .iter()
        .map(|file| (read(file).lines().count(), shown(file)))
        .collect();
    lengths.sort_by(|a, b| b.cmp(a));
    println!("the ten longest files:");
    for (lines, file) in lengths.iter().take(10) {
        println!("{lines:6}  {file}");
    }
    for (lines, file) in lengths {
        let excused = LONGER.iter().any(|(name, _)| *name == file);
        assert!(
            lines <= LINES || excused,
            "{file} has {lines} lines, more than {LINES}: what is the second concept in it?"
        );
        assert!(
            lines > LINES || !excused,
            "{file} has {lines} lines and needs no entry in LONGER any more"
        );
    }
}

/// A breach is found however the path is written, and what is allowed is left alone.
#[test]
fn breaches_are_found() {
    let count = |file: &str, source: &str| breaches(Path::new(file), source).len();

    let exporter = |source| count("src/exporters/debug/mod.rs", source);
    assert_eq!(exporter("use crate::exporters::nop::Nop;"), 1);
    assert_eq!(exporter("use super::nop::Nop;"), 1);
    assert_eq!(exporter("fn f() { crate::cli::run() }"), 1);
    assert_eq!(exporter("pub use crate::store;"), 1);
    assert_eq!(exporter("use crate::receivers::Receiver;"), 1);
    assert_eq!(exporter("use crate::{wire::Traces, store::Store};"), 1);
    assert_eq!(exporter("use crate::wire::Traces;"), 0);
    assert_eq!(exporter("use crate::exporters::debug::Config;"), 0);
    assert_eq!(exporter("use crate::exporters::Exporter;"), 0);
    assert_eq!(exporter("// crate::cli is elsewhere"), 0);
    assert_eq!(exporter("mod tests {\n    use super::*;\n}\n"), 0);

    let inner = |source| count("src/exporters/debug/write.rs", source);
    assert_eq!(inner("use super::super::nop;"), 1);
    assert_eq!(inner("use super::Config;"), 0);

    let net = |source| count("src/net/tls.rs", source);
    assert_eq!(net("use crate::pipeline::log::Cursor;"), 1);
    assert_eq!(net("use crate::pipeline::budget::Budget;"), 0);

    let family = |source| count("src/exporters/mod.rs", source);
    assert_eq!(family("use crate::receivers::otlp;"), 1);
    assert_eq!(family("use crate::exporters::debug;"), 0);

    assert_eq!(count("src/exporters/store/mod.rs", "use crate::store::Store;"), 0);
    assert_eq!(count("src/components.rs", "use crate::exporters;"), 0);
}

/// A report names the file, the line and the rule.
#[test]
fn breaches_are_explained() {
    let reported = breaches(Path::new("src/net/tls.rs"), "//! Why.\nuse crate::cli::run;\n");
    let rule =
        "`net` must not know `cli::run`; it may know config telemetry pipeline::budget pipeline::client";
    assert_eq!(reported, [format!("src/net/tls.rs:2: {rule}")]);
}

/// What in a file breaks the table, one sentence each.
fn breaches(file: &Path, source: &str) -> Vec<String> {
    let module = module_of(file);
    let rules = DIRECTIONS.iter().filter(|(room, _)| leads_into(&module, room));
    let may_use: Vec<&str> = rules
        .clone()
        .flat_map(|(_, rooms)| rooms.split_whitespace())
        .collect();
    if rules.count() == 0 {
        return Vec::new();
    }
    let own = own_room(&module);
    let allowed = |path: &str| may_use.iter().any(|room| leads_into(path, room));
    paths(&module, source)
        .into_iter()
        .filter(|(_, path)| !leads_into(path, &own) && !is_of_family(path, &own) && !allowed(path))
        .map(|(line, path)| {
            let (file, may_use) = (file.display(), may_use.join(" "));
            format!("{file}:{line}: `{own}` must not know `{path}`; it may know {may_use}")
        })
        .collect()
}

/// The module that a file is: `src/exporters/debug/mod.rs` is `exporters::debug`.
fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix("src").unwrap_or(file).with_extension("");
    let mut names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
    names.pop_if(|last| last == "mod");
    names.join("::")
}

/// What a module may call its own: its room, or its component's folder in a family.
fn own_room(module: &str) -> String {
    let names: Vec<&str> = module.split("::").collect();
    let depth = if FAMILIES.contains(&names[0]) { 2 } else { 1 };
    names[..depth.min(names.len())].join("::")
}

/// Whether a path names a type that the family of `own` defines for all its components: `exporters::Exporter`.
fn is_of_family(path: &str, own: &str) -> bool {
    let Some((family, _)) = own.split_once("::") else {
        return false;
    };
    let item = path.strip_prefix(family).and_then(|rest| rest.strip_prefix("::"));
    item.is_some_and(|item| item.starts_with(|c: char| c.is_ascii_uppercase()))
}

fn leads_into(path: &str, room: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every `crate::` and `super::` path of a source, from the crate's root, with its line.
fn paths(module: &str, source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_inline_module = false;
    for (index, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or(line);
        if code.contains("mod ") && code.ends_with('{') && !code.starts_with(' ') {
            in_inline_module = true;
        } else if code == "}" {
            in_inline_module = false;
        }
        for written in written_paths(code) {
            if let Some(path) = resolve(module, in_inline_module, written) {
                found.push((index + 1, path));
            }
        }
    }
    found
}

/// The paths in a line that begin with `crate::` or `super::`.
fn written_paths(code: &str) -> Vec<&str> {
    let of_a_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(|c| !of_a_path(c))
        .filter(|word| word.starts_with("crate::") || word.starts_with("super::"))
        .collect()
}

/// A path from the crate's root; none when it does not leave the file.
fn resolve(module: &str, in_inline_module: bool, written: &str) -> Option<String> {
    let written = written.trim_end_matches(':');
    if written == "crate" {
        return Some("{…}, several rooms in one use".into());
    }
    if let Some(path) = written.strip_prefix("crate::") {
        return Some(path.into());
    }
    let ups = written.split("::").take_while(|name| *name == "super").count();
    let ups_from_file = ups - usize::from(in_inline_module);
    if ups_from_file == 0 {
        return None;
    }
    let names: Vec<&str> = module.split("::").collect();
    let above = names.get(..names.len().checked_sub(ups_from_file)?)?;
    let rest = written.split("::").skip(ups);
    let path: Vec<&str> = above.iter().copied().chain(rest).collect();
    Some(path.join("::"))
}

/// Every Rust file under `src`, as `src/…`.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root).unwrap().to_path_buf());
            }
        }
    }
    assert!(!files.is_empty(), "no sources under {}", root.display());
    files.sort();
    files
}

fn read(file: &Path) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
