//! Nodes to typed settings.

use super::super::diagnostic::Diagnostics;
use super::super::types::{ByteSize, GoDuration, Secret, Section};
use super::{Compression, Fake, Queue, load_all};

fn read(text: &str) -> (Option<Fake>, String) {
    let mut diagnostics = Diagnostics::default();
    let node = load_all(&[text], &[], &mut diagnostics).unwrap();
    (node.read::<Fake>(&mut diagnostics), diagnostics.render())
}

fn sound(text: &str) -> Fake {
    let (settings, found) = read(text);
    settings.unwrap_or_else(|| panic!("{found}"))
}

#[test]
fn every_sort_of_key_is_read() {
    // Texts, durations, numbers, booleans, lists, maps, words, sections within sections.
    let read = sound(
        "endpoint: h:1\ntimeout: 1m30s\nworkers: 0x10\nenabled: false\ntoken: t\nheaders: {a: b}\nkeys: [x, y]\n\
         compression: gzip\nqueue: {size: 5, wait: false, share: 1}\ngrpc: {size: 6}",
    );
    let expected = Fake {
        endpoint: "h:1".into(),
        timeout: GoDuration::secs(90),
        workers: 16,
        enabled: false,
        token: Secret("t".into()),
        headers: [("a".to_owned(), Secret("b".into()))].into(),
        keys: vec!["x".into(), "y".into()],
        compression: Compression::Gzip,
        queue: Queue {
            size: Some(5),
            wait: false,
            share: 1.0,
            storage: None,
        },
        grpc: Section::On(Queue {
            size: Some(6),
            ..Queue::default()
        }),
    };
    assert_eq!(read, expected);
}

#[test]
fn nothing_written_leaves_the_default() {
    // A key without a value counts as not written; only a block is switched on by it.
    let read = sound("endpoint:\ntimeout: ~\nworkers:\nenabled:\nheaders:\nkeys:\nqueue:\ngrpc:");
    assert_eq!(
        read,
        Fake {
            grpc: Section::On(Queue::default()),
            ..Fake::default()
        }
    );
    assert_eq!(sound(""), Fake::default());
}

#[test]
fn harmless_differences_of_type_are_taken() {
    // A number is a text where one is wanted, `1e1` a whole number, `a,b` a list, a map's empty value a text.
    let read = sound(
        "headers: {a: 1.10, b: true, c: }\nworkers: 1e1\nkeys: x,y\nqueue: {share: 1}\ntimeout: 1000000",
    );
    let headers =
        [("a", "1.10"), ("b", "true"), ("c", "")].map(|(key, value)| (key.to_owned(), Secret(value.into())));
    assert_eq!(read.headers, headers.into());
    assert_eq!(
        (read.workers, read.keys),
        (10, vec!["x".to_owned(), "y".to_owned()])
    );
    assert_eq!(read.timeout, GoDuration::millis(1));
}

#[test]
fn what_replaces_a_value_is_what_errors_point_at() {
    // After a merge each value keeps the place where it was written, `--set` included.
    let mut diagnostics = Diagnostics::default();
    let node = load_all(
        &["workers: 1\nqueue: {size: 1}", "queue: {size: x}"],
        &["workers=many"],
        &mut diagnostics,
    );
    assert_eq!(node.unwrap().read::<Fake>(&mut diagnostics), None);
    assert_eq!(
        diagnostics.render(),
        "error: `queue.size`: expected a whole number from 0 to 4294967295, found the text `x`\n --> --config yaml:1:15\n  |\n\
         1 | queue: {size: x}\n  |               ^\n\n\
         error: `workers`: expected a whole number from 0 to 65535, found the text `many`\n --> --set:1:9\n  |\n\
         1 | workers=many\n  |         ^^^^\n"
    );
}

#[test]
fn durations_are_those_of_go() {
    // Round trip of what Go writes, and a clear refusal of the rest.
    for (text, shown) in [
        ("0", "0s"),
        ("1h", "1h"),
        ("1h30m", "90m"),
        ("1.5s", "1500ms"),
        ("2us", "2us"),
        ("3µs", "3us"),
        ("+5ns", "5ns"),
    ] {
        assert_eq!(
            GoDuration::parse(text).map(|read| read.to_string()),
            Ok(shown.into()),
            "{text}"
        );
    }
    for text in [
        "", "5", "5 s", "s", "-1s", "1d", "1e3s", ".s", "300y", "+", "1.2.3s", "9999999h",
    ] {
        assert!(GoDuration::parse(text).is_err(), "{text}");
    }
}

#[test]
fn bytes_are_the_collectors() {
    // With the units of its file readers, and without one.
    for (text, expected) in [
        ("1000", Some(1000)),
        ("1kb", Some(1000)),
        ("64 KiB", Some(65536)),
        ("1.5MiB", Some(3 << 19)),
        ("2mb", Some(2_000_000)),
        ("1GiB", Some(1 << 30)),
        ("", None),
        ("1x", None),
        ("MiB", None),
        ("-1", None),
    ] {
        assert_eq!(ByteSize::parse(text).ok().map(|size| size.0), expected, "{text}");
    }
    assert_eq!(
        [1000, 64 << 20, 1 << 30].map(|bytes| ByteSize(bytes).to_string()),
        ["1000", "64MiB", "1GiB"]
    );
}
