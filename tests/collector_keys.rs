//! Every key of the Collector is in one of three classes here, and `data/collector_keys.txt` says in which.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use spanway::components::catalog;
use spanway::config::factory::{Catalog, Kind};
use spanway::config::reference::{Class, KeyDoc, keys};
use spanway::config::service::Telemetry;

const TABLE: &str = include_str!("data/collector_keys.txt");

/// Stands for the key of a component that has none.
const NO_KEYS: &str = "-";

struct Row {
    family: &'static str,
    component: &'static str,
    key: &'static str,
    class: Class,
}

fn rows(table: &'static str) -> Vec<Row> {
    let lines = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [family, component, key, class] = words.as_slice() else {
                panic!("`{line}` is not family, component, key, class");
            };
            let class = match *class {
                "works" => Class::Works,
                "no-effect" => Class::NoEffect,
                "unsupported" => Class::Unsupported,
                other => panic!("`{other}` in `{line}` is not a class"),
            };
            Row {
                family,
                component,
                key,
                class,
            }
        })
        .collect()
}

/// The documented keys of a component; `None` when the build has not got it.
fn documented(row: &Row, catalog: &Catalog) -> Option<Vec<KeyDoc>> {
    if row.family == "service" {
        return Some(keys::<Telemetry>());
    }
    let kind = Kind::ALL.into_iter().find(|kind| kind.one() == row.family);
    let kind = kind.unwrap_or_else(|| panic!("`{}` is not a family", row.family));
    catalog
        .find(kind, row.component)
        .map(|component| component.keys())
}

/// A key works when it is listed itself; it has no effect or is unsupported also when what it stands in is.
fn class_of(key: &str, documented: &[KeyDoc]) -> Option<Class> {
    let rejected = documented.iter().filter(|doc| doc.class != Class::Works);
    let covering = rejected.into_iter().find(|doc| covers(&doc.path, key));
    let listed = documented.iter().find(|doc| doc.path == key);
    covering.or(listed).map(|doc| doc.class)
}

fn covers(path: &str, key: &str) -> bool {
    let mut segments = key.split('.');
    path.split('.')
        .all(|one| segments.next().is_some_and(|other| one == "*" || one == other))
}

#[test]
fn every_key_of_the_collector_is_in_the_class_that_the_table_says() {
    // For the components of this build; a key in no class would be an unknown key to a user.
    let catalog = catalog();
    let wrong: Vec<String> = rows(TABLE)
        .into_iter()
        .filter(|row| row.key != NO_KEYS)
        .filter_map(|row| {
            let found = class_of(row.key, &documented(&row, &catalog)?);
            let place = format!("{} {} {}", row.family, row.component, row.key);
            (found != Some(row.class)).then(|| format!("{place}: {found:?}, the table says {:?}", row.class))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_component_of_the_table_is_in_the_build() {
    // Without this the test above could pass for want of components.
    let catalog = catalog();
    let missing: Vec<String> = rows(TABLE)
        .iter()
        .filter(|row| documented(row, &catalog).is_none())
        .map(|row| format!("{} {}", row.family, row.component))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_class_is_found_by_path_and_by_what_it_stands_in() {
    // The rule that the table is checked by.
    let doc = |path: &str, class| KeyDoc {
        path: path.into(),
        class,
        what: String::new(),
        default: String::new(),
        meaning: String::new(),
    };
    let documented = [
        doc("a", Class::Works),
        doc("a.b", Class::Works),
        doc("tls", Class::Unsupported),
        doc("list.*.x", Class::NoEffect),
    ];
    assert_eq!(class_of("a.b", &documented), Some(Class::Works));
    assert_eq!(class_of("a.c", &documented), None);
    assert_eq!(class_of("tls.ca_file", &documented), Some(Class::Unsupported));
    assert_eq!(class_of("list.0.x", &documented), Some(Class::NoEffect));
    assert_eq!(class_of("list.0.y", &documented), None);
}
