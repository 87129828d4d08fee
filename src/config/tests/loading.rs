//! Parse, expand, merge.

use super::super::diagnostic::Diagnostics;
use super::super::node::{Kind, Node, Value};
use super::load_all;

/// The tree as compact text: scalars that are texts stand in quotes.
fn show(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => match scalar.kind {
            Kind::Text => format!("'{}'", scalar.text),
            Kind::Null => "null".into(),
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Float(value) => format!("{value:?}"),
        },
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, node)| format!("{key}: {}", show(node)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn loaded(documents: &[&str], sets: &[&str]) -> (String, String) {
    let mut diagnostics = Diagnostics::default();
    let node = load_all(documents, sets, &mut diagnostics);
    (node.as_ref().map(show).unwrap_or_default(), diagnostics.render())
}

fn value(text: &str) -> String {
    let (tree, found) = loaded(&[&format!("a: {text}")], &[]);
    assert_eq!(found, "");
    tree.strip_prefix("{a: ")
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap()
        .to_owned()
}

fn error(text: &str) -> String {
    let (_, found) = loaded(&[text], &[]);
    found.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn references_expand_to_typed_values_or_to_text() {
    // A reference alone is typed anew; within a text it is text; `$$` is one `$`.
    assert_eq!(value("${env:PORT}"), "4317");
    assert_eq!(value("${PORT}"), "4317");
    assert_eq!(value("'${env:PORT}'"), "4317");
    assert_eq!(value("localhost:${env:PORT}"), "'localhost:4317'");
    assert_eq!(value("${env:LIST}"), "['a', 'b']");
    assert_eq!(value("${env:OTHER}"), "4317");
    assert_eq!(value("${env:NOPE:-5s}"), "'5s'");
    assert_eq!(value("${env:NOPE:-${env:PORT}}"), "4317");
    assert_eq!(value("${NOPE:-true}"), "true");
    assert_eq!(value("${env:EMPTY}"), "null");
    assert_eq!(value("${env:EMPTY:-x}"), "null");
    assert_eq!(value("a${env:EMPTY}b"), "'ab'");
    assert_eq!(value("${env:HASH}"), "'one #two'");
    assert_eq!(value("$${env:PORT} $$ $x"), "'${env:PORT} $ $x'");
    // The first closing brace ends a reference.
    assert_eq!(value("'${yaml:[1, x]}'"), "[1, 'x']");
}

#[test]
fn references_that_cannot_be_followed_are_errors() {
    // Each names the reference; none grows without bound.
    assert_eq!(
        error("a: ${env:1X}"),
        "error: `1X` is not the name of an environment variable"
    );
    assert_eq!(
        error("a: '${http://x}'"),
        "error: `${http://x}`: configuration is not fetched over HTTP"
    );
    assert_eq!(
        error("a: '${vault:x}'"),
        "error: `${vault:x}`: `vault` is not one of `env`, `file`, `yaml`"
    );
    assert_eq!(
        error("a: x${env:LIST}"),
        "error: `${env:LIST}` stands inside of a text and yields a list or map"
    );
    assert_eq!(
        error("a: ${env:LOOP}"),
        "error: references yield references more than 16 deep"
    );
    assert_eq!(
        error("a: ${env:DOUBLE}"),
        "error: references yield references more than 16 deep"
    );
    assert!(error("a: ${file:/no/such/file}").starts_with("error: `${file:/no/such/file}` cannot be read: "));
    assert_eq!(
        error("a: ${env:NOPE}"),
        "warning: the environment variable `NOPE` is not set; its place stays empty"
    );
}

#[test]
fn later_documents_win_and_lists_are_replaced() {
    // Maps merge at any depth; everything else is the later one's; `--set` comes last.
    let (tree, found) = loaded(
        &[
            "a: {x: 1, y: [1, 2]}\nb: text",
            "a: {y: [3], z: {w: 1}}",
            "a::z::v: 2\nb:",
        ],
        &["a.x=7", "c.d=[1, on]", "a::z::w=yes"],
    );
    assert_eq!(found, "");
    assert_eq!(
        tree,
        "{a: {x: 7, y: [3], z: {w: 'yes', v: 2}}, b: null, c: {d: [1, 'on']}}"
    );
}

#[test]
fn what_is_overridden_is_never_looked_up() {
    // Merging comes before expansion, as in the Collector.
    let (tree, found) = loaded(&["a: ${file:/no/such/file}", "a: 1"], &[]);
    assert_eq!((tree.as_str(), found.as_str()), ("{a: 1}", ""));
}

#[test]
fn aliases_and_merge_keys_work_and_cannot_blow_up() {
    // An alias is a copy; `<<` yields to what is written; nine times nine times nine is refused.
    let (tree, found) = loaded(&["base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nagain: *b"], &[]);
    assert_eq!(found, "");
    assert_eq!(
        tree,
        "{base: {x: 1, y: 2}, use: {y: 3, x: 1}, again: {x: 1, y: 2}}"
    );

    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert_eq!(
        error(&bomb),
        "error: more than 100000 values, aliases written out"
    );
    assert!(error(&"[".repeat(10_000)).starts_with("error: this is not valid YAML"));
}

#[test]
fn each_configuration_argument_names_its_kind() {
    // Paths, `file:`, `env:` and `yaml:` are read; anything else says what would be.
    let mut diagnostics = Diagnostics::default();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a: 1").unwrap();
    let path = file.path().to_str().unwrap();
    let configs = [path.to_owned(), format!("file:{path}"), "env:LIST".to_owned()];
    let inputs = super::Inputs {
        configs: &configs[..2],
        sets: &[],
        environment: &super::environment,
    };
    assert_eq!(
        super::load(&inputs, &mut diagnostics).as_ref().map(show),
        Some("{a: 1}".into())
    );
    for (uri, message) in [
        (
            "env:LIST",
            "the top level must be a map with `receivers`, `exporters` and `service`, and is a list",
        ),
        (
            "env:NOPE",
            "--config env:NOPE: the environment variable `NOPE` is not set",
        ),
        (
            "https://x/y",
            "--config https://x/y: configuration is not fetched over HTTP; download it and give its path",
        ),
        (
            "s3:x",
            "--config s3:x: `s3` is not one of `file`, `env`, `yaml`; for a file of that name write `file:s3:x`",
        ),
    ] {
        let mut diagnostics = Diagnostics::default();
        let configs = [uri.to_owned()];
        let inputs = super::Inputs {
            configs: &configs,
            ..inputs
        };
        assert!(super::load(&inputs, &mut diagnostics).is_none());
        assert_eq!(
            diagnostics.iter().next().map(|found| found.message.as_str()),
            Some(message)
        );
    }
}
