//! `docs/configuration.md`: a few words on the language, and every key of every component from its settings type.

use super::factory::{Catalog, Component, Kind};
use super::reference::{Class, KeyDoc, keys};
use super::service::{Patience, Telemetry};

const LANGUAGE: &str = "\
# Configuration

<!-- Generated; after a change of keys: spanway components --markdown > docs/configuration.md -->

Spanway reads the OpenTelemetry Collector's configuration: the sections `receivers`, `processors`, `exporters`,
`connectors`, `extensions` and `service`, components named `type` or `type/name`, and pipelines below
`service.pipelines`. A key of the Collector works as it does there, or has no effect here, which `spanway validate`
lists, or is not supported, which is an error. A key that neither knows is an error too, with the nearest known one.

```yaml
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
exporters:
  otlp_grpc/backend:
    endpoint: ${env:BACKEND:-localhost:5317}
    tls:
      insecure: true
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp_grpc/backend]
```

## Where it comes from

`--config` may be given several times, and later ones are laid over earlier ones: maps merge, lists and single values
are replaced. It takes a path, or one of these:

| argument | what it is |
|---|---|
| `file:path` | a file |
| `env:VARIABLE` | the text in an environment variable |
| `yaml:processors::batch::timeout: 2s` | the text itself; `::` separates keys of the top level |

`--set processors.batch.timeout=2s` sets one value, after all of them. Without `--config`, OTLP is taken on
`localhost:4317` and `localhost:4318`, and what arrives is shown.

A key is written once in each document. Aliases, anchors and the merge key `<<` work.

## References

| written | yields |
|---|---|
| `${env:VARIABLE}`, `${VARIABLE}` | an environment variable; one that is not set yields nothing, with a warning |
| `${env:VARIABLE:-default}` | the default when the variable is not set |
| `${file:path}` | the content of a file |
| `${yaml:text}` | the text, read as YAML |
| `$$` | `$` |

A value that is one reference and nothing else is read as YAML: `${env:PORT}` is a number, `${file:queue.yaml}` may be
a map. Within a longer text a reference yields text. What a reference yields may hold references. Keys are left alone.
What comes from the environment or a file is never repeated in messages.

## Reading the tables

A duration is a number and a unit, as in `200ms`, `5s` or `1m30s`; a bare number counts nanoseconds, as in the Collector.
Bytes are a number, or a number and a unit, as in `64KiB`, `1MiB` or `1mb`.
A secret is never shown, neither by `print-config` nor in messages. `*` in a key stands for a name of your own, or for
an item of a list. A section that is written with nothing in it has its defaults; a key that is written with nothing
behind it counts as not written.

## Other signals

This gateway takes traces. Pipelines named `metrics`, `logs` or `profiles` are an error; with `--traces-only` they are
left out, with all that only they use.
";

const SERVICE: &str = "
## Service

| key | type | meaning |
|---|---|---|
| `service.extensions` | list of components | Extensions that run, in the order in which they start. |
| `service.pipelines.*` | section | A pipeline, named `traces` or `traces/name`. |
| `service.pipelines.*.receivers` | list of components | What feeds it: receivers, and connectors that another pipeline feeds. |
| `service.pipelines.*.processors` | list of components | What its spans go through, in order. |
| `service.pipelines.*.exporters` | list of components | What it feeds: exporters, and connectors that feed another pipeline. |

How long clients and a stop may take, in keys of our own:
";

const TELEMETRY: &str = "
### `service.telemetry`

What the gateway says about itself.
";

/// The whole reference.
pub fn markdown(catalog: &Catalog) -> String {
    let mut out = LANGUAGE.to_owned();
    out += &differing(catalog);
    for kind in Kind::ALL {
        let mut components = catalog.of(kind).peekable();
        if components.peek().is_none() {
            continue;
        }
        let title = kind.section();
        out += &format!(
            "\n## {}{}\n",
            title.get(..1).unwrap_or_default().to_uppercase(),
            title.get(1..).unwrap_or_default()
        );
        for component in components {
            out += &section(component);
        }
    }
    out += SERVICE;
    out += &tables(&keys::<Patience>());
    out += TELEMETRY;
    out += &tables(&keys::<Telemetry>());
    out
}

fn differing(catalog: &Catalog) -> String {
    let rows: Vec<[String; 3]> = catalog
        .iter()
        .flat_map(|component| {
            let name = format!("{} `{}`", component.kind.one(), component.about.name);
            let notes = component.differing_defaults().into_iter();
            notes.map(move |key| [name.clone(), format!("`{}`", key.path), key.note])
        })
        .collect();
    let head = "\n## Defaults that differ from the Collector's\n\n\
                Where a default of the Collector would break a promise, ours differs. A value that is written is honoured.\n";
    match rows.is_empty() {
        true => String::new(),
        false => head.to_owned() + &table(["component", "key", "here"], &rows),
    }
}

fn section(component: &Component) -> String {
    let about = &component.about;
    let aliases: Vec<String> = about.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let aliases = match aliases.is_empty() {
        true => String::new(),
        false => format!(" Also named {}.", aliases.join(", ")),
    };
    let head = format!(
        "\n### `{}`\n\n{}{aliases} Stability: {}.\n",
        about.name,
        about.summary,
        about.stability.as_str()
    );
    let keys = component.keys();
    match keys.is_empty() {
        true => head + "\nIt has no keys.\n",
        false => head + &tables(&keys),
    }
}

/// Keys that work, then keys that do not.
fn tables(keys: &[KeyDoc]) -> String {
    let of = |class: Class| keys.iter().filter(move |key| key.class == class);
    let works: Vec<[String; 4]> = of(Class::Works)
        .map(|key| {
            let default = match key.default.as_str() {
                "" => String::new(),
                default => format!("`{default}`"),
            };
            [
                format!("`{}`", key.path),
                key.what.clone(),
                default,
                key.meaning.clone(),
            ]
        })
        .collect();
    let mut out = String::new();
    if !works.is_empty() {
        out += &table(["key", "type", "default", "meaning"], &works);
    }
    let rest = [
        (Class::NoEffect, "no effect here", "why"),
        (Class::Unsupported, "not supported", "instead"),
    ];
    for (class, title, column) in rest {
        let rows: Vec<[String; 2]> = of(class)
            .map(|key| [format!("`{}`", key.path), key.meaning.clone()])
            .collect();
        if !rows.is_empty() {
            out += &table([title, column], &rows);
        }
    }
    out
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = String::from("\n");
    out += &line(head.iter().map(|&cell| cell.to_owned()).collect());
    out += &format!("|{}\n", "---|".repeat(N));
    for row in rows {
        out += &line(row.iter().map(|cell| cell.replace('|', "\\|")).collect());
    }
    out
}
