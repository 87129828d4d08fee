//! Holds the house together: which room may know which, and how long a file may be.
//!
//! It reads the sources as text: every `crate::` and `super::` path is resolved to the room it leads to and
//! looked up in the table below.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// What a room may use besides itself. The longest entry that fits a file counts.
///
/// A room without an entry (`cli`, `components`, `lib`, `main`) may use everything; nobody else may use it.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("journal", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    (
        "net",
        &["config", "telemetry", "pipeline::budget", "pipeline::client"],
    ),
    ("pipeline", &["wire", "journal", "config", "telemetry"]),
    ("ottl", &["wire"]),
    ("store", &["wire", "journal"]),
    ("query", &["store"]),
    ("receivers", SEAMS),
    ("processors", SEAMS_AND_LANGUAGE),
    ("connectors", SEAMS_AND_LANGUAGE),
    ("exporters", SEAMS),
    ("exporters::otlp_grpc", OTLP_EXPORTERS),
    ("exporters::otlp_http", OTLP_EXPORTERS),
    (
        "exporters::store",
        &["config", "net", "pipeline", "store", "telemetry", "wire"],
    ),
    ("extensions", SEAMS),
    (
        "extensions::query",
        &["config", "net", "pipeline", "query", "telemetry", "wire"],
    ),
];

/// What every component may use.
const SEAMS: &[&str] = &["config", "net", "pipeline", "telemetry", "wire"];

/// The two OTLP exporters read the same answer.
const OTLP_EXPORTERS: &[&str] = &[
    "config",
    "exporters::otlp_answer",
    "net",
    "pipeline",
    "telemetry",
    "wire",
];

/// What processors and connectors may use.
const SEAMS_AND_LANGUAGE: &[&str] = &[
    "config",
    "journal",
    "net",
    "ottl",
    "pipeline",
    "telemetry",
    "wire",
];

/// Rooms whose folders are components: a component knows itself, never its neighbour.
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

/// A breach is found however the path is written, and reported with its file, its line and the rule.
#[test]
fn breaches_are_found() {
    let found = |file: &str, source: &str| breaches(Path::new(file), source);
    let exporter = "src/exporters/debug/mod.rs";

    let breach = found("src/wire/walk.rs", "//! Why.\nuse crate::net::tls;\n").remove(0);
    assert!(
        breach.contains("src/wire/walk.rs:2: `wire` must not know `net::tls`"),
        "{breach}"
    );

    assert_eq!(found(exporter, "use crate::exporters::nop::Nop;\n").len(), 1);
    assert_eq!(found(exporter, "use super::nop::Nop;\n").len(), 1);
    assert_eq!(found(exporter, "fn f() { crate::cli::run() }\n").len(), 1);
    assert_eq!(found(exporter, "pub use crate::store;\n").len(), 1);
    assert_eq!(
        found(exporter, "use crate::{wire::Traces, store::Store};\n").len(),
        1
    );
    assert_eq!(
        found("src/exporters/debug/write.rs", "use super::super::nop;\n").len(),
        1
    );
    assert_eq!(
        found("src/net/tls.rs", "use crate::pipeline::log::Cursor;\n").len(),
        1
    );
    assert_eq!(
        found("src/exporters/mod.rs", "use crate::receivers::otlp;\n").len(),
        1
    );

    assert_eq!(
        found(
            exporter,
            "use crate::wire::Traces;\nuse crate::exporters::debug::Config;\n"
        )
        .len(),
        0
    );
    assert_eq!(
        found(
            exporter,
            "// crate::cli is elsewhere\nmod tests {\n    use super::*;\n}\n"
        )
        .len(),
        0
    );
    assert_eq!(
        found("src/exporters/debug/write.rs", "use super::Config;\n").len(),
        0
    );
    assert_eq!(
        found("src/exporters/store/mod.rs", "use crate::store::Store;\n").len(),
        0
    );
    assert_eq!(
        found("src/exporters/mod.rs", "use crate::exporters::debug;\n").len(),
        0
    );
    assert_eq!(
        found("src/net/tls.rs", "use crate::pipeline::budget::Budget;\n").len(),
        0
    );
    assert_eq!(found("src/components.rs", "use crate::exporters;\n").len(), 0);
}

/// What in a file breaks the table, one sentence each.
fn breaches(file: &Path, source: &str) -> Vec<String> {
    let module = module_of(file);
    let Some((_, may_use)) = DIRECTIONS
        .iter()
        .filter(|(room, _)| leads_into(&module, room))
        .max_by_key(|(room, _)| room.len())
    else {
        return Vec::new();
    };
    let own = own_room(&module);
    paths(&module, source)
        .into_iter()
        .filter(|(_, path)| !leads_into(path, &own) && !may_use.iter().any(|room| leads_into(path, room)))
        .map(|(line, path)| {
            let allowed = if may_use.is_empty() {
                "nobody".into()
            } else {
                may_use.join(", ")
            };
            let file = file.display();
            format!("{file}:{line}: `{own}` must not know `{path}`; it may know {allowed}")
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
