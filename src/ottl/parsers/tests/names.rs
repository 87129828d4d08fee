//! Names of spans, ids, pairs written.

use std::time::Duration;

use crate::ottl::parsers::*;
use crate::wire::ValueView;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;

/// The kind of a span, its attributes, and its name.
type Case = (i32, &'static [(&'static str, &'static str)], Option<&'static str>);

fn name(kind: i32, attributes: &[(&'static str, &'static str)]) -> Option<String> {
    semconv_span_name(kind, |key| {
        let found = attributes.iter().find(|(name, _)| *name == key);
        found.map(|(_, text)| match *text {
            "true" => ValueView::Bool(true),
            text => ValueView::String(text),
        })
    })
}

/// Guarantees: a span's name follows from its kind and its attributes as the semantic conventions say.
#[test]
fn spans_are_named_by_convention() {
    let cases: [Case; 20] = [
        (
            SERVER,
            &[("http.method", "GET"), ("http.route", "/a/{id}")],
            Some("GET /a/{id}"),
        ),
        (
            SERVER,
            &[("http.request.method", "GET"), ("url.template", "/a")],
            Some("GET"),
        ),
        (
            CLIENT,
            &[("http.request.method", "GET"), ("url.template", "/a")],
            Some("GET /a"),
        ),
        (1, &[("http.request.method", "GET")], None),
        (
            SERVER,
            &[("http.request.method", ""), ("rpc.system", "grpc")],
            Some("grpc"),
        ),
        (
            SERVER,
            &[
                ("rpc.system", "grpc"),
                ("rpc.method", "m"),
                ("rpc.grpc.service", "s"),
            ],
            Some("s/m"),
        ),
        (
            CLIENT,
            &[("rpc.system.name", "grpc"), ("rpc.service", "s")],
            Some("s/*"),
        ),
        (CLIENT, &[("rpc.method", "m")], None),
        (
            CLIENT,
            &[("db.system", "mysql"), ("db.query.summary", "SELECT t")],
            Some("SELECT t"),
        ),
        (
            CLIENT,
            &[
                ("db.system", "mysql"),
                ("db.name", "shop"),
                ("db.collection.name", "t"),
            ],
            Some("shop.t"),
        ),
        (
            CLIENT,
            &[
                ("db.system", "m"),
                ("db.operation", "get"),
                ("db.stored_procedure.name", "p"),
            ],
            Some("get p"),
        ),
        (
            CLIENT,
            &[
                ("db.system.name", "m"),
                ("server.address", "h"),
                ("server.port", "1"),
            ],
            Some("h:1"),
        ),
        (CLIENT, &[("db.system.name", "m")], Some("m")),
        (SERVER, &[("db.system.name", "m")], None),
        (PRODUCER, &[("messaging.system", "k")], Some("k")),
        (
            PRODUCER,
            &[
                ("messaging.system", "k"),
                ("messaging.operation", "send"),
                ("messaging.destination", "q"),
            ],
            Some("send q"),
        ),
        (
            PRODUCER,
            &[
                ("messaging.system", "k"),
                ("messaging.destination.temporary", "true"),
            ],
            Some("(temporary)"),
        ),
        (
            PRODUCER,
            &[
                ("messaging.system", "k"),
                ("messaging.destination.anonymous", "true"),
            ],
            Some("(anonymous)"),
        ),
        (
            PRODUCER,
            &[
                ("messaging.system", "k"),
                ("messaging.destination.template", ""),
                ("server.address", "h"),
            ],
            Some("k"),
        ),
        (
            PRODUCER,
            &[("messaging.system", "k"), ("server.address", "h")],
            Some("h"),
        ),
    ];
    for (kind, attributes, expected) in cases {
        assert_eq!(
            name(kind, attributes).as_deref(),
            expected,
            "{kind} {attributes:?}"
        );
    }
}

/// Guarantees: versions from 1.37.0 to 1.43.0 are known, however they are written, and no others.
#[test]
fn versions_have_bounds() {
    for version in ["1.37.0", "v1.37", "1.40", "1.43.0", "1.43.0-rc.1", "1.43.0+build"] {
        assert_eq!(check_semconv_version(version), Ok(()), "{version}");
    }
    for version in [
        "1.36.9",
        "1.37.0-rc.1",
        "1.43.1",
        "1.44",
        "2",
        "1",
        "",
        "x",
        "1.40.0.1",
        "1.40-",
        "1.40-01",
        "1.40+a_b",
        "1..0",
    ] {
        assert!(check_semconv_version(version).is_err(), "{version}");
    }
}

/// Guarantees: ids have the form, the version and the variant of their kind, and time orders those of version 7.
#[test]
fn uuids_have_version_and_variant() {
    assert_eq!(uuid_v4(0), "00000000-0000-4000-8000-000000000000");
    assert_eq!(uuid_v4(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    let at = Duration::from_nanos(0x0123_4567_89ab * 1_000_000 + 0xabc00);
    assert_eq!(uuid_v7(at, u64::MAX), "01234567-89ab-7abc-bfff-ffffffffffff");
    assert!(uuid_v7(at, u64::MAX) < uuid_v7(at + Duration::from_nanos(256), 0));
}

/// Guarantees: what is written as pairs is quoted where it must be, and sorted when asked.
#[test]
fn pairs_are_written_in_order() {
    let pairs = || [("b", "1 2".into()), ("a", "x\"y=".into()), ("c", "".into())].into_iter();
    let delimiters = Delimiters::new(None, None).unwrap();
    assert_eq!(
        key_value_text(pairs(), &delimiters, false),
        "b=\"1 2\" a=\"x\\\"y=\" c="
    );
    assert_eq!(
        key_value_text(pairs(), &delimiters, true),
        "a=\"x\\\"y=\" b=\"1 2\" c="
    );
    let delimiters = Delimiters::new(Some(":"), Some(",")).unwrap();
    assert_eq!(key_value_text(pairs(), &delimiters, false), "b:1 2,a:x\\\"y=,c:");
}
